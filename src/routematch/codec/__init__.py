"""Objects as plain data and back, as JSON or TOML text, with every fault and its place.

>>> from routematch.model import Agent
>>> ana = from_data(loads('{"id": "ana", "skills": {"billing": 0.9}}'), Agent)
>>> to_data(ana)
{'id': 'ana', 'skills': {'billing': 0.9}}
>>> from_data({"id": "ana", "skils": {}, "weight": -1}, Agent)
Traceback (most recent call last):
routematch.errors.InvalidInputError: 2 faults in the input:
  unknown field 'skils'; did you mean 'skills'?
  must be between 0.01 and 100, got -1 @ weight
"""

from routematch.codec.converter import from_data, make_converter, register, to_data
from routematch.codec.fingerprint import canonical, fingerprint
from routematch.codec.input_file import INPUT_SCHEMA, InputFile
from routematch.codec.plain import MAX_DEPTH, Data
from routematch.codec.text import MAX_BYTES, dumps, loads

__all__ = [
    "INPUT_SCHEMA",
    "MAX_BYTES",
    "MAX_DEPTH",
    "Data",
    "InputFile",
    "canonical",
    "dumps",
    "fingerprint",
    "from_data",
    "loads",
    "make_converter",
    "register",
    "to_data",
]

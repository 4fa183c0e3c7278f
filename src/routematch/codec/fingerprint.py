"""One spelling for equal data, and a short name made from it.

>>> canonical({"b": 1.0, "a": [0.5, 2]}) == canonical({"a": [0.5, 2.0], "b": 1})
True
>>> fingerprint({"a": 1})
'sha256:015abd7f5cc57a2d'
"""

from __future__ import annotations

import hashlib
import json

from routematch.codec.plain import check_plain

__all__ = ["canonical", "fingerprint"]


def canonical(data: object) -> bytes:
    """Return the same bytes for equal data, in every process and version.

    Keys are sorted, nothing is indented, floats are written as `repr` does, and whole floats as the equal integer.

    Raises
    ------
    InvalidInputError
        When something in it is no plain data.
    """
    check_plain(data)
    return json.dumps(_whole_as_int(data), sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def fingerprint(data: object) -> str:
    """Return ``"sha256:"`` and the first 16 hexadecimal digits of the hash of the canonical bytes."""
    return f"sha256:{hashlib.sha256(canonical(data)).hexdigest()[:16]}"


def _whole_as_int(data: object) -> object:
    if isinstance(data, float) and data.is_integer():
        return int(data)
    if isinstance(data, dict):
        return {key: _whole_as_int(entry) for key, entry in data.items()}
    if isinstance(data, list | tuple):
        return [_whole_as_int(entry) for entry in data]
    return data

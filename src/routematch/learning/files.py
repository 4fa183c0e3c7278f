"""Estimates as text, to keep, to freeze and to go back to.

>>> from routematch.model import Estimates
>>> known = Estimates(success={"ana": {"billing": 0.8}})
>>> loads(dumps(known)) == known
True
>>> fingerprint(known) == fingerprint(loads(dumps(known)))
True
"""

from __future__ import annotations

from routematch import codec
from routematch.errors import Faults, SchemaVersionError
from routematch.model import Estimates

__all__ = ["ESTIMATES_SCHEMA", "dumps", "estimates_from_data", "estimates_to_data", "fingerprint", "loads"]

#: Name and version of the form.
ESTIMATES_SCHEMA = "routematch/estimates/1"


def estimates_to_data(estimates: Estimates) -> dict[str, codec.Data]:
    """Return estimates as plain data; the first entry names schema and version."""
    data = codec.to_data(estimates)
    assert isinstance(data, dict)
    return {"schema": ESTIMATES_SCHEMA, **data}


def estimates_from_data(data: object) -> Estimates:
    """Make estimates from plain data, in the form of `estimates_to_data`.

    Raises
    ------
    SchemaVersionError
        When it was written in another version of the form.
    InvalidInputError
        When it is no such data; every fault with its place.
    """
    faults = Faults()
    if not isinstance(data, dict):
        faults.add("must be a mapping", given=data)
        faults.raise_if_any()
        return Estimates()
    given = data.get("schema", ESTIMATES_SCHEMA)
    if given != ESTIMATES_SCHEMA:
        message = f"written as {given!r}; this version reads {ESTIMATES_SCHEMA!r}"
        raise SchemaVersionError(message)
    return codec.from_data({name: entry for name, entry in data.items() if name != "schema"}, Estimates)


def dumps(estimates: Estimates) -> str:
    """Write estimates as JSON text; `loads` gives equal ones."""
    return codec.dumps(estimates_to_data(estimates), format="json")


def loads(text: str | bytes) -> Estimates:
    """Read estimates from JSON text.

    Raises
    ------
    SchemaVersionError, InvalidInputError
        As `estimates_from_data`.
    """
    return estimates_from_data(codec.loads(text, format="json"))


def fingerprint(estimates: Estimates) -> str:
    """Return a short name of these very estimates, the same everywhere; what a decision notes down."""
    return codec.fingerprint(estimates_to_data(estimates))

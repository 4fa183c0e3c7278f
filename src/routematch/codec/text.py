"""Plain data as JSON or TOML text: strict where the formats, or their usual readers, are lax.

Refused with their place: NaN and infinities, keys given twice, numbers no float can hold, lone surrogates. Refused
before they cost anything: more than `MAX_BYTES` (of TOML `MAX_TOML_BYTES`), nesting deeper than `MAX_DEPTH`, more than
`MAX_ENTRIES` in one list or mapping.

>>> loads('{"agents": [{"weight": NaN}]}')
Traceback (most recent call last):
routematch.errors.InvalidInputError: must be a finite number, got NaN @ agents[0].weight
>>> print(dumps({"id": "ana", "skills": {"billing": 0.9}}, format="toml"), end="")
id = "ana"
<BLANKLINE>
[skills]
billing = 0.9
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TypeVar, cast

import tomli_w

from routematch.codec.plain import MAX_DEPTH, Data, Repeated, Unreadable, check_plain
from routematch.errors import Fault, Faults, InvalidInputError, LimitExceededError
from routematch.model.checks import is_a

__all__ = ["FORMATS", "MAX_BYTES", "MAX_TOML_BYTES", "dumps", "loads"]

#: Largest text that is read, in bytes (in characters, where it comes decoded).
MAX_BYTES = 64 * 1024 * 1024
#: Largest TOML text: its reader is written in Python and takes many times as long as that of JSON.
MAX_TOML_BYTES = 8 * 1024 * 1024
FORMATS = ("json", "toml")

Choice = TypeVar("Choice")

#: No number with more digits fits a float.
_MOST_DIGITS = 400
_MOST_INDENT = 100


def loads(text: str | bytes, *, format: str = "json") -> Data:  # noqa: A002 - the word users look for
    """Read JSON or TOML text.

    Parameters
    ----------
    text : str or bytes
        Bytes must be UTF-8; a byte order mark is skipped.
    format : str
        ``"json"`` or ``"toml"``. TOML dates come back as `datetime` objects.

    Returns
    -------
    Data
        Dictionaries, lists, text, numbers, booleans and None.

    Raises
    ------
    InvalidInputError
        When the text is no such format, with line and column, or holds what is no plain data, each with its place.
    LimitExceededError
        When it is longer than `MAX_BYTES` (`MAX_TOML_BYTES` for TOML), nested deeper than `MAX_DEPTH`, or has more
        entries than `MAX_ENTRIES` in one list or mapping; in TOML also for keys of many parts and numbers of
        thousands of digits.
    """
    parse = _chosen(format, {"json": _parse_json, "toml": _parse_toml})
    if not is_a(text, str | bytes):
        faults = Faults()
        faults.add("must be text or bytes", place="text", given=text)
        faults.raise_if_any()
    most = MAX_TOML_BYTES if format == "toml" else MAX_BYTES
    if len(text) > most:
        message = f"the text is {len(text):,} long; at most {most:,} are read as {format.upper()}"
        raise LimitExceededError(message)
    decoded = _decoded(text).removeprefix("\ufeff")
    if not decoded.strip():
        raise InvalidInputError("the text is empty")
    if "\0" in decoded:
        raise InvalidInputError("must be text; it holds NUL characters, as binary files and UTF-16 do")
    try:
        data = parse(decoded)
    except RecursionError:
        message = f"the data is nested deeper than {MAX_DEPTH} levels"
        raise LimitExceededError(message) from None
    check_plain(data, dates=format == "toml", limited=True)
    return data


def dumps(data: object, *, format: str = "json", indent: int | None = None) -> str:  # noqa: A002 - as loads
    """Write plain data as JSON or TOML text, in the order of its keys.

    Parameters
    ----------
    data : object
        Plain data, such as `to_data` returns.
    format : str
        ``"json"`` or ``"toml"``. TOML has no None: entries of tables that are None are left out.
    indent : int, optional
        Spaces by which JSON is indented; None writes one line.

    Returns
    -------
    str

    Raises
    ------
    InvalidInputError
        When something in it is no plain data; for TOML also None inside a list, or data that is no mapping.
    LimitExceededError
        When it is nested deeper than `MAX_DEPTH`.
    """
    write = _chosen(format, {"json": _write_json, "toml": _write_toml})
    if indent is not None and (type(indent) is not int or not 0 <= indent <= _MOST_INDENT):
        faults = Faults()
        faults.add(f"must be a whole number from 0 to {_MOST_INDENT}, or None", place="indent", given=indent)
        faults.raise_if_any()
    check_plain(data)
    return write(data, indent)


def _chosen(format_name: str, choices: dict[str, Choice]) -> Choice:
    if not is_a(format_name, str) or format_name not in FORMATS:
        faults = Faults()
        faults.unknown(format_name, known=FORMATS, what="format")
        faults.raise_if_any()
    return choices[format_name]


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text
    if text[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise InvalidInputError("must be UTF-8 text; this begins as UTF-16 does")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"must be UTF-8 text; byte {error.start} (0x{text[error.start]:02x}) is not"
        raise InvalidInputError(message) from None


# --- JSON -------------------------------------------------------------------------------------------------------------


def _parse_json(text: str) -> Data:
    try:
        return cast(
            "Data",
            json.loads(text, object_pairs_hook=_as_mapping, parse_int=_as_whole, parse_constant=_not_finite),
        )
    except json.JSONDecodeError as error:
        fault = Fault(f"is no JSON: {error.msg}", f"line {error.lineno}, column {error.colno}")
        raise InvalidInputError([fault]) from None


def _as_mapping(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    return mapping if len(mapping) == len(pairs) else Repeated(pairs)


def _as_whole(digits: str) -> int | Unreadable:
    return int(digits) if len(digits) < _MOST_DIGITS else Unreadable("must be a number that fits a float", digits)


def _not_finite(token: str) -> Unreadable:
    return Unreadable("must be a finite number", token)


def _write_json(data: object, indent: int | None) -> str:
    return json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False)


# --- TOML -------------------------------------------------------------------------------------------------------------

_TOML_PLACE = re.compile(r" \(at (line \d+, column \d+|end of document)\)$")


#: Text in quotes and comments, closed or not: every character is looked at once.
_TOML_QUOTED = re.compile(
    r'''"""(?:[^"\\]|\\.|"(?!""))*+(?:"{3,5}|\Z)'''
    r"""|'''(?:[^']|'(?!''))*+(?:'{3,5}|\Z)"""
    r"""|"(?:[^"\\\n]|\\.)*+"?|'[^'\n]*+'?|\#[^\n]*+""",
    re.DOTALL,
)
_MOST_DOTS = 64
_MOST_TOML_DIGITS = 4300
_LONG_KEY = re.compile(rf"(?<![\w.-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{_MOST_DOTS + 1}}}")
_LONG_NUMBER = re.compile(
    rf"(?<![\w.-])[+-]?(?:0[xob][0-9A-Fa-f_]{{{_MOST_TOML_DIGITS},}}|[0-9][0-9_.]{{{_MOST_TOML_DIGITS},}})"
)


def _refuse_slow_toml(text: str) -> None:
    """Refuse what costs the reader of TOML the square of its length."""
    bare = _TOML_QUOTED.sub("q", text)
    if _LONG_KEY.search(bare):
        message = f"the data is nested deeper than {MAX_DEPTH} levels: a key has more than {_MOST_DOTS} dots"
        raise LimitExceededError(message)
    if _LONG_NUMBER.search(bare):
        message = f"a number has more than {_MOST_TOML_DIGITS:,} digits"
        raise LimitExceededError(message)


def _parse_toml(text: str) -> Data:
    _refuse_slow_toml(text)
    try:
        return cast("Data", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = _TOML_PLACE.search(message)
        fault = Fault(f"is no TOML: {_TOML_PLACE.sub('', message)}", found[1] if found else "")
        raise InvalidInputError([fault]) from None
    except ValueError:  # int() refuses thousands of digits
        raise InvalidInputError("holds a number that fits no float") from None


def _write_toml(data: object, _: int | None) -> str:
    faults = Faults()
    table = _without_none(faults, "", data)
    if not isinstance(table, dict):
        faults.add("must be a mapping to be written as TOML", given=data)
    faults.raise_if_any()
    return tomli_w.dumps(cast("dict[str, object]", table))


def _without_none(faults: Faults, place: str, data: object) -> object:
    if isinstance(data, dict):
        return {key: _without_none(faults, f"{place}.{key}", entry) for key, entry in data.items() if entry is not None}
    if isinstance(data, list | tuple):
        if None in data:
            faults.add("must not be None: TOML has no such entry of a list", place=place.removeprefix("."))
        return [_without_none(faults, f"{place}[{i}]", entry) for i, entry in enumerate(data)]
    return data

r"""Text from outside, made harmless for a terminal: escape sequences, line breaks and direction marks become visible.

>>> harmless("ana\x1b[31m\n\u202e!")
'ana\\x1b[31m\\n\\u202e!'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

import attrs

__all__ = ["harmless", "harmless_parts"]

Whole = TypeVar("Whole")


def harmless(text: str) -> str:
    """Return text with everything that is not printable escaped as Python would."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def harmless_parts(value: Whole) -> Whole:
    """Return plain data or an attrs value with all text in it made harmless, keys too."""
    return cast("Whole", _harmless(value))


def _harmless(value: object) -> object:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Mapping):
        return {_harmless(key): _harmless(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_harmless(entry) for entry in value)
    kind = type(value)
    if attrs.has(kind):
        return kind(**{field.name: _harmless(getattr(value, field.name)) for field in attrs.fields(kind)})
    return value

"""Conditions as plain data, and the rule that tells a condition from a mapping of skills.

A condition is written as

- ``{"billing": 0.5, "french": 0.8}``: each of the skills at its level;
- ``"billing"``: the skill at any level, but ``"human_only"`` is a human only;
- a list: all of its parts;
- a *condition object*: a mapping that has a key ``skill``, ``attribute``, ``all_of``, ``any_of`` or ``none_of`` whose
  value is not a number. So ``{"skill": 0.5}`` asks for a skill of that name, ``{"skill": "french", "at_least": 0.8}``
  is a condition object.

Inside ``any_of`` and ``none_of`` a mapping with several skills, or a list, could mean each or all of them; neither is
guessed: write one mapping for each skill, or an ``all_of``.

>>> from routematch.codec import from_data, to_data
>>> from routematch.model import Condition, Conversation
>>> asked = Conversation("chat-1", [{"billing": 0.5}]).requires
>>> to_data(from_data({"any_of": ["french", {"spanish": 0.5}], "relax": [{"time": 60, "drop": True}]}, Condition))
{'any_of': [{'skill': 'french'}, {'skill': 'spanish', 'at_least': 0.5}], 'relax': [{'time': 60.0, 'drop': True}]}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cattrs import Converter

from routematch.errors import Fault, Faults, InvalidInputError
from routematch.model import After, AllOf, AnyOf, Attribute, Condition, NoneOf, Requirement, human_only
from routematch.model.checks import in_place, is_number
from routematch.model.requirements import ANYONE, MAX_DEPTH, MAX_PARTS

__all__ = ["CONDITIONS", "condition_from_data", "condition_to_data"]

CONDITIONS = (Requirement, Attribute, AllOf, AnyOf, NoneOf)
HUMAN_ONLY = "human_only"

_GROUPS: dict[str, type[AllOf | AnyOf | NoneOf]] = {"all_of": AllOf, "any_of": AnyOf, "none_of": NoneOf}
_KEY_OF: dict[object, str] = {group: key for key, group in _GROUPS.items()}
#: What each kind of condition object may have beside the key that tells its kind.
_FIELDS = {
    "skill": ("skill", "at_least", "relax"),
    "attribute": ("attribute", "equals", "one_of", "at_least", "at_most", "relax"),
    **{key: (key, "relax") for key in _GROUPS},
}
_KEYS = ", ".join(_FIELDS)


def condition_to_data(condition: Condition, converter: Converter) -> object:
    """Write a condition; an `AllOf` of plain skills in the short form."""
    if isinstance(condition, AllOf) and condition.parts and not condition.relax:
        levels = {part.skill: part.at_least for part in condition.parts if isinstance(part, Requirement)}
        if len(levels) == len(condition.parts) and not condition.steps:
            return levels
    return _object(condition, converter)


def _object(condition: Condition, converter: Converter) -> object:
    if condition == human_only:
        return HUMAN_ONLY
    data: dict[str, Any] = {}
    if isinstance(condition, Requirement):
        data = {"skill": condition.skill, "at_least": condition.at_least or None}
    elif isinstance(condition, Attribute):
        data = {"attribute": condition.name, "equals": condition.equals, "one_of": list(condition.one_of) or None}
        data |= {"at_least": condition.at_least, "at_most": condition.at_most}
    else:
        data = {_KEY_OF[type(condition)]: [_object(part, converter) for part in condition.parts]}
    data["relax"] = converter.unstructure(condition.relax) or None
    return {key: value for key, value in data.items() if value is not None}


def condition_from_data(data: object, wanted: type | None, converter: Converter) -> Condition:
    """Read a condition.

    Parameters
    ----------
    data : object
        In any form that the module describes.
    wanted : type or None
        The one class that is accepted; None accepts all.
    converter : Converter
        Reads the steps of relaxations.

    Raises
    ------
    InvalidInputError
        Listing every fault with its place.
    """
    faults = Faults()
    condition = _Reader(faults, converter).whole("", data, 1)
    if wanted is not None and not faults and not isinstance(condition, wanted):
        faults.add(f"must be a condition of the kind {wanted.__name__}", given=data)
    faults.raise_if_any()
    return condition


class _Reader:
    """Reads nested conditions, counting parts, so that no input costs more than the largest condition allowed."""

    __slots__ = ("converter", "faults", "left")

    def __init__(self, faults: Faults, converter: Converter) -> None:
        self.faults = faults
        self.converter = converter
        self.left = MAX_PARTS

    def whole(self, place: str, data: object, depth: int) -> Condition:
        """Read one condition; a stand-in where it has faults."""
        if isinstance(data, CONDITIONS):
            return data
        if isinstance(data, str):
            return human_only if data == HUMAN_ONLY else self._skill(place, data, 0.0)
        if depth > MAX_DEPTH:
            self.faults.add(f"must not be nested deeper than {MAX_DEPTH} levels", place=place)
            return ANYONE
        if isinstance(data, Mapping):
            kinds = [key for key in _FIELDS if key in data and not is_number(data[key])]
            if kinds:
                return self._object(place, data, kinds, depth)
        elif not isinstance(data, list | tuple):
            message = "must be a condition: a skill's name, a mapping from skills to levels, a list, or a mapping with"
            self.faults.add(f"{message} one of the keys {_KEYS}", place=place, given=data)
            return ANYONE
        return self._made(place, AllOf, self._parts(place, data, depth, AllOf))

    def _object(self, place: str, data: Mapping[str, Any], kinds: list[str], depth: int) -> Condition:
        kind = kinds[0]
        if len(kinds) > 1:
            self.faults.add(f"must have only one of the keys {', '.join(kinds)}", place=place)
            return ANYONE
        for key in data:
            if key not in _FIELDS[kind]:
                self.faults.unknown(key, known=_FIELDS[kind], place=place, what="field")
        rest = {key: data[key] for key in _FIELDS[kind][1:] if key in data}
        if "relax" in rest:
            rest["relax"] = self._relax(in_place(place, "relax"), rest["relax"])
        if kind == "skill":
            return self._made(place, Requirement, data[kind], **rest)
        if kind == "attribute":
            return self._made(place, Attribute, data[kind], **rest)
        group = _GROUPS[kind]
        return self._made(place, group, self._parts(in_place(place, kind), data[kind], depth, group), **rest)

    def _relax(self, place: str, data: object) -> tuple[After, ...]:
        try:
            steps: tuple[After, ...] = self.converter.structure(data, tuple[After, ...])
        except InvalidInputError as error:
            self.faults.extend(error.faults, below=place)
            return ()
        return steps

    def _parts(self, place: str, data: object, depth: int, group: type) -> tuple[Condition, ...]:
        """Read the parts of a group from a list, or from a mapping of skills, each of which is a part."""
        if isinstance(data, Mapping):
            return self._skills(place, data)
        if not isinstance(data, list | tuple):
            self.faults.add("must be a list of conditions, or a mapping from skills to levels", place=place, given=data)
            return ()
        if not self._fits(place, len(data)):
            return ()
        parts: list[Condition] = []
        for position, entry in enumerate(data):
            here = f"{place}[{position}]"
            if self._is_short(entry) and group is not AllOf and len(entry) != 1:
                message = 'could mean each or all of its parts: write one mapping for each skill, or {"all_of": ...}'
                self.faults.add(message, place=here, given=entry)
            elif self._is_short(entry) and isinstance(entry, Mapping):
                parts += self._skills(here, entry)
            else:
                parts.append(self.whole(here, entry, depth + 1))
        return tuple(parts)

    @staticmethod
    def _is_short(entry: Any) -> bool:  # noqa: ANN401 - raw data
        if isinstance(entry, Mapping):
            return not any(key in entry and not is_number(entry[key]) for key in _FIELDS)
        return isinstance(entry, list | tuple)

    def _skills(self, place: str, data: Mapping[Any, object]) -> tuple[Condition, ...]:
        if not self._fits(place, len(data)):
            return ()
        return tuple(self._skill(in_place(place, skill), skill, level) for skill, level in data.items())

    def _skill(self, place: str, skill: object, level: object) -> Condition:
        if not is_number(level):
            message = f"must be a level from 0 to 1 (a condition object has one of the keys {_KEYS})"
            self.faults.add(message, place=place, given=level)
            return ANYONE
        try:
            return Requirement(skill, level)  # type: ignore[arg-type]  # checks what it is given
        except InvalidInputError as error:
            self.faults.extend(fault._replace(place=place) for fault in error.faults)
            return ANYONE

    def _made(self, place: str, cls: Callable[..., Condition], *given: object, **rest: object) -> Condition:
        try:
            return cls(*given, **rest)
        except InvalidInputError as error:
            self.faults.extend(_renamed(error.faults, cls), below=place)
            return ANYONE

    def _fits(self, place: str, parts: int) -> bool:
        before, self.left = self.left, self.left - parts
        if self.left < 0 <= before:
            self.faults.add(f"must have at most {MAX_PARTS} parts", place=place)
        return self.left >= 0


def _renamed(faults: tuple[Fault, ...], cls: object) -> list[Fault]:
    """Say places in the words of the data: the class's `name` and `parts` are keys of their own there."""
    own = {"name": "attribute", "parts": _KEY_OF.get(cls, "parts")}
    return [fault._replace(place=own.get(fault.place, fault.place)) for fault in faults]

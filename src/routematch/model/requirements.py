"""What a conversation asks of an agent: skills at a level, attributes, and their combinations, loosening over time.

A condition is plain data; nothing is parsed or evaluated. `Requirement` asks for a skill, `Attribute` for a property,
`all_of`, `any_of` and `none_of` combine them. Each may be relaxed while the conversation waits:

>>> french = Requirement("french", 0.8, relax=(After(60, at_least=0.4), After(180, drop=True)))
>>> french.at(59.0).at_least, french.at(60.0).at_least, french.at(180.0) is None
(0.8, 0.4, True)
>>> any_of({"french": 0.5}, {"english": 0.5}, human_only).steps
()
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Union

from attrs import evolve, field, frozen

from routematch.errors import Faults, InvalidInputError
from routematch.model.checks import (
    Scalar,
    as_map,
    as_tuple,
    check_name,
    check_number,
    check_scalar,
    in_place,
    is_a,
    is_number,
)
from routematch.model.frozen import FrozenMap
from routematch.model.instants import Duration, as_duration

__all__ = [
    "ANYONE",
    "MAX_DEPTH",
    "MAX_PARTS",
    "After",
    "AllOf",
    "AnyOf",
    "Attribute",
    "Condition",
    "ConditionLike",
    "NoneOf",
    "Requirement",
    "all_of",
    "any_of",
    "as_condition",
    "check_condition",
    "condition_or_error",
    "human_only",
    "none_of",
    "walk",
]

#: Deepest nesting of conditions.
MAX_DEPTH = 32
#: Most skills, attributes and groups in one condition.
MAX_PARTS = 1_000


def _as_wait(value: Duration) -> float:
    return as_duration(value)  # type: ignore[return-value]  # None is refused by the check


@frozen
class After:
    """One step of a relaxation: from this time of waiting on, a lower level is enough, or the part is dropped.

    Attributes
    ----------
    time : float
        Seconds since `arrived_at` (also a `timedelta`); the step applies when the wait is at least this long.
    at_least : float or None
        The lower level that is then enough, in [0, 1]. Only for a `Requirement`.
    drop : bool
        Whether the part no longer counts at all.
    """

    time: float = field(converter=_as_wait)
    at_least: float | None = field(default=None, kw_only=True)
    drop: bool = field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        object.__setattr__(self, "time", check_number(faults, "time", self.time, at_least=0))
        if self.at_least is not None:
            level = check_number(faults, "at_least", self.at_least, at_least=0, at_most=1)
            object.__setattr__(self, "at_least", level)
        if not is_a(self.drop, bool):
            faults.add("must be true or false", place="drop", given=self.drop)
        elif self.drop == (self.at_least is not None):
            faults.add("must either lower at_least or drop, not both and not neither", place="")
        faults.raise_if_any()


def _as_steps(value: After | Iterable[After]) -> tuple[After, ...]:
    steps: tuple[After, ...] = (value,) if isinstance(value, After) else as_tuple(value)
    return steps


def _check_relaxation(faults: Faults, relax: object, at_least: float | None) -> tuple[float, ...]:
    """Check that steps come in order and only ever loosen; return their times."""
    if not isinstance(relax, tuple) or not all(isinstance(step, After) for step in relax):
        faults.add("must be a sequence of After(...)", place="relax", given=relax)
        return ()
    if len(relax) > MAX_PARTS:
        faults.add(f"must have at most {MAX_PARTS} steps, got {len(relax)}", place="relax")
        return ()
    level = at_least
    for position, step in enumerate(relax):
        place = f"relax[{position}]"
        if position and step.time <= relax[position - 1].time:
            faults.add("must come later than the step before it", place=f"{place}.time", given=step.time)
        if position and relax[position - 1].drop:
            faults.add("comes after the part was dropped", place=place)
        if step.at_least is None:
            continue
        if level is None:
            faults.add("only a skill has a level to lower; use drop=True", place=f"{place}.at_least")
        elif step.at_least > level:
            faults.add(
                f"must not be above the level before it ({level:g})", place=f"{place}.at_least", given=step.at_least
            )
        else:
            level = step.at_least
    return tuple(step.time for step in relax)


@frozen(cache_hash=True)
class Requirement:
    """A skill the agent must have at a level.

    An agent who does not list the skill never meets it, not even ``at_least=0``.

    Attributes
    ----------
    skill : str
    at_least : float
        Lowest proficiency that is enough, in [0, 1].
    relax : tuple of After
        How it loosens while the conversation waits; times rise, levels fall. A dropped requirement counts no more,
        a lowered one still counts in value.
    steps : tuple of float
        The times of the relaxation, in seconds of waiting (derived).
    """

    skill: str
    at_least: float = 0.0
    relax: tuple[After, ...] = field(default=(), converter=_as_steps)
    steps: tuple[float, ...] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "skill", self.skill)
        if type(self.at_least) is not float or not 0.0 <= self.at_least <= 1.0:
            level = check_number(faults, "at_least", self.at_least, at_least=0, at_most=1)
            object.__setattr__(self, "at_least", level)
        plain = is_a(self.relax, tuple) and not self.relax
        object.__setattr__(self, "steps", () if plain else _check_relaxation(faults, self.relax, self.at_least))
        faults.raise_if_any()

    def at(self, waited: float) -> Requirement | None:
        """Return the requirement after `waited` seconds, without its relaxation; None when it is dropped."""
        if not self.relax:
            return self
        passed = bisect_right(self.steps, waited)
        if passed and self.relax[passed - 1].drop:
            return None
        level = self.relax[passed - 1].at_least if passed else self.at_least
        return Requirement(self.skill, level if level is not None else self.at_least)

    def __str__(self) -> str:
        """Return ``billing >= 0.5``."""
        return f"{self.skill} >= {self.at_least:g}"


def _as_values(value: Iterable[Scalar]) -> tuple[Scalar, ...]:
    values: tuple[Scalar, ...] = as_tuple(value)
    return values


@frozen(cache_hash=True)
class Attribute:
    """A property the agent must have; agents who do not state it never meet it.

    Attributes
    ----------
    name : str
        Key of `Agent.attributes`, or ``"kind"`` for the agent's kind.
    equals : str, bool, int or float, optional
        The value asked for. An agent whose attribute is a sequence meets it when the sequence contains the value.
    one_of : tuple
        Values of which one is enough.
    at_least, at_most : float, optional
        Limits of a numeric attribute.
    relax : tuple of After
        Steps of waiting after which the part is dropped.
    """

    name: str
    equals: Scalar | None = None
    one_of: tuple[Scalar, ...] = field(default=(), kw_only=True, converter=_as_values)
    at_least: float | None = field(default=None, kw_only=True)
    at_most: float | None = field(default=None, kw_only=True)
    relax: tuple[After, ...] = field(default=(), kw_only=True, converter=_as_steps)
    steps: tuple[float, ...] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "name", self.name)
        store = object.__setattr__
        for limit in ("at_least", "at_most"):
            if getattr(self, limit) is not None:
                store(self, limit, check_number(faults, limit, getattr(self, limit)))
        if self.equals is not None:
            store(self, "equals", check_scalar(faults, "equals", self.equals))
        store(self, "one_of", _checked_values(faults, self.one_of))
        if not faults and self.equals is None and not self.one_of and self.at_least is None and self.at_most is None:
            faults.add("must ask for something: equals, one_of, at_least or at_most")
        store(self, "steps", _check_relaxation(faults, self.relax, None))
        faults.raise_if_any()

    def at(self, waited: float) -> Attribute | None:
        """Return the condition after `waited` seconds; None when it is dropped."""
        if not self.relax:
            return self
        return None if bisect_right(self.steps, waited) else evolve(self, relax=())

    def is_met_by(self, value: object) -> bool:
        """Whether an agent whose attribute has this value (None: does not state it) meets the condition."""
        if value is None:
            return False
        held = value if isinstance(value, tuple) else (value,)
        if self.equals is not None and not any(_same(self.equals, entry) for entry in held):
            return False
        if self.one_of and not any(_same(wanted, entry) for wanted in self.one_of for entry in held):
            return False
        if self.at_least is None and self.at_most is None:
            return True
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def __str__(self) -> str:
        """Return ``site = 'berlin'`` and the like."""
        wishes = []
        if self.equals is not None:
            wishes.append(f"= {self.equals!r}")
        if self.one_of:
            wishes.append(f"one of {', '.join(map(repr, self.one_of))}")
        if self.at_least is not None:
            wishes.append(f">= {self.at_least:g}")
        if self.at_most is not None:
            wishes.append(f"<= {self.at_most:g}")
        return f"{self.name} {' and '.join(wishes)}"


def _checked_values(faults: Faults, values: object) -> tuple[Scalar, ...]:
    if not isinstance(values, tuple):
        faults.add("must be a sequence of values", place="one_of", given=values)
    elif len(values) > MAX_PARTS:
        faults.add(f"must have at most {MAX_PARTS} values, got {len(values)}", place="one_of")
    else:
        return tuple(check_scalar(faults, f"one_of[{position}]", value) for position, value in enumerate(values))
    return ()


def _same(wanted: Scalar, held: object) -> bool:
    return (type(wanted) is type(held) and wanted == held) or (is_number(wanted) and is_number(held) and wanted == held)


@frozen(cache_hash=True)
class _Group:
    """What `AllOf`, `AnyOf` and `NoneOf` share: their parts, and a relaxation that drops them whole."""

    parts: tuple[Condition, ...]
    relax: tuple[After, ...] = field(default=(), kw_only=True, converter=_as_steps)
    steps: tuple[float, ...] = field(init=False, eq=False, repr=False)
    depth: int = field(init=False, eq=False, repr=False)
    size: int = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every part; all faults are raised together."""
        faults = Faults()
        depth, size, times = _measure(faults, self.parts)
        if depth > MAX_DEPTH:
            faults.add(f"must not be nested deeper than {MAX_DEPTH} levels", place="parts")
        if size > MAX_PARTS:
            faults.add(f"must have at most {MAX_PARTS} parts, got {size}", place="parts")
        if not is_a(self.relax, tuple) or self.relax:
            times.update(_check_relaxation(faults, self.relax, None))
        faults.raise_if_any()
        object.__setattr__(self, "steps", tuple(sorted(times)) if times else ())
        object.__setattr__(self, "depth", depth)
        object.__setattr__(self, "size", size)

    def _is_dropped(self, waited: float) -> bool:
        return bool(self.relax) and waited >= self.relax[0].time


@frozen(cache_hash=True)
class AllOf(_Group):
    """Every part must hold."""

    def at(self, waited: float) -> AllOf | None:
        """Return the condition after `waited` seconds; None when it is dropped."""
        if not self.steps:
            return self
        if self._is_dropped(waited):
            return None
        return AllOf(tuple(part for part in _staged(self.parts, waited) if part is not None))

    def __str__(self) -> str:
        """Return the parts joined by *and*."""
        return " and ".join(_bracketed(part) for part in self.parts) if self.parts else "anyone"


@frozen(cache_hash=True)
class AnyOf(_Group):
    """At least one part must hold; its best met part counts in value. A dropped part makes the whole hold."""

    def at(self, waited: float) -> AnyOf | None:
        """Return the condition after `waited` seconds; None when it, or one of its parts, is dropped."""
        if not self.steps:
            return self
        parts = _staged(self.parts, waited)
        if self._is_dropped(waited) or any(part is None for part in parts):
            return None
        return AnyOf(tuple(part for part in parts if part is not None))

    def __str__(self) -> str:
        """Return the parts joined by *or*."""
        return " or ".join(_bracketed(part) for part in self.parts) if self.parts else "nobody"


@frozen(cache_hash=True)
class NoneOf(_Group):
    """No part may hold; counts nothing in value."""

    def at(self, waited: float) -> NoneOf | None:
        """Return the condition after `waited` seconds; None when it is dropped.

        A part inside that is dropped forbids nothing any more. A part that is lowered forbids *more*, since it holds
        for more agents; relax the group itself to loosen it.
        """
        if not self.steps:
            return self
        if self._is_dropped(waited):
            return None
        return NoneOf(tuple(part for part in _staged(self.parts, waited) if part is not None))

    def __str__(self) -> str:
        """Return the parts behind *none of*."""
        return f"none of ({', '.join(map(str, self.parts))})"


Condition = Union[Requirement, Attribute, AllOf, AnyOf, NoneOf]  # noqa: UP007 - the classes above name it before it exists
#: What is taken wherever a condition is asked for: a skill's name asks for the skill at any level, a mapping for each
#: skill at its level, a sequence for all of its parts.
ConditionLike = Union[Condition, str, Mapping[str, float], Sequence["ConditionLike"]]  # noqa: UP007 - names itself
_CONDITIONS = (Requirement, Attribute, AllOf, AnyOf, NoneOf)


def _measure(faults: Faults, parts: object) -> tuple[int, int, set[float]]:
    """Return depth and size of a group with these parts, and the times at which they loosen."""
    depth, size, times = 1, 1, set[float]()
    if not isinstance(parts, tuple):
        faults.add("must be a tuple of conditions", place="parts", given=parts)
        return depth, size, times
    for part in parts:
        if isinstance(part, _Group):
            depth = max(depth, part.depth + 1)
            size += part.size
        elif isinstance(part, Requirement | Attribute):
            size += 1
        else:
            faults.add("must be a sequence of conditions", place="parts", given=parts)
            break
        if part.steps:
            times.update(part.steps)
    return depth, size, times


#: "A human only", in one word.
human_only = Attribute("kind", "human")

#: The condition that everybody meets.
ANYONE = AllOf(())


def _staged(parts: tuple[Condition, ...], waited: float) -> list[Condition | None]:
    return [part.at(waited) for part in parts]


def _bracketed(part: Condition) -> str:
    return f"({part})" if isinstance(part, AllOf | AnyOf) and len(part.parts) > 1 else str(part)


def as_condition(value: ConditionLike) -> Condition:
    """Widen the shorthand for conditions; what is not one is left for the checks to refuse.

    ``{"billing": 0.5}`` asks for each skill at its level, ``"billing"`` for the skill at any level, a sequence for
    all of its parts.

    Raises
    ------
    InvalidInputError
        When a part is no condition, or the nesting exceeds `MAX_DEPTH` or `MAX_PARTS`.
    """
    if isinstance(value, _CONDITIONS):
        return value
    if type(value) is dict and 0 < len(value) <= _FEW and all(type(level) in _PLAIN_LEVELS for level in value.values()):
        return _skills(tuple(value.items()))
    faults = Faults()
    made = _Widening(faults).whole("", value, 1)
    faults.raise_if_any()
    return made


def condition_or_error(value: ConditionLike) -> Condition:
    """Widen the shorthand inside a noun; faults come back as an error object, which the noun reports with its own."""
    try:
        return as_condition(value)
    except InvalidInputError as error:
        return error  # type: ignore[return-value]  # see check_condition


def check_condition(faults: Faults, place: str, value: object) -> None:
    """Refuse what `condition_or_error` could not widen."""
    if isinstance(value, InvalidInputError):
        faults.extend(value.faults, below=place)
    elif not isinstance(value, _CONDITIONS):
        faults.add("must be a condition, or a mapping from skills to levels", place=place, given=value)


_FEW = 16
_PLAIN_LEVELS = (float, int)  # a boolean equals a number, and so would find its cached condition


@lru_cache(maxsize=4096)
def _skills(levels: tuple[tuple[str, float], ...]) -> AllOf:
    """Make the condition of a small mapping once: conversations of one kind ask for the same."""
    faults = Faults()
    parts = _Widening(faults).parts((dict(levels),), 1)
    faults.raise_if_any()
    return AllOf(parts)


class _Widening:
    """Widens shorthand, counting parts: a list may hold itself, and many times."""

    __slots__ = ("faults", "left")

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.left = MAX_PARTS

    def whole(self, place: str, value: object, depth: int) -> Condition:
        """Widen one condition; a placeholder where it has faults."""
        if isinstance(value, _CONDITIONS):
            return value
        if isinstance(value, str):
            return self._skill(place, value, 0.0)
        if not isinstance(value, Mapping | list | tuple):
            self.faults.add(
                "must be a condition, a skill's name or a mapping from skills to levels", place=place, given=value
            )
            return ANYONE
        if depth > MAX_DEPTH:
            self.faults.add(f"must not be nested deeper than {MAX_DEPTH} levels", place=place)
            return ANYONE
        parts = self.parts((value,), depth, place)
        try:
            return ANYONE if self.faults else AllOf(parts)
        except InvalidInputError as error:
            self.faults.extend(error.faults, below=place)
            return ANYONE

    def parts(self, values: Iterable[object], depth: int, place: str = "") -> tuple[Condition, ...]:
        """Widen parts of a group; the entries of a mapping and of a sequence become parts of their own."""
        made: list[Condition] = []
        for position, value in enumerate(values):
            if isinstance(value, Mapping):
                levels = as_map(value)
                if not isinstance(levels, FrozenMap):
                    self.faults.add("must be a mapping that can be read", place=place, given=value)
                    continue
                if not self._fits(place, len(levels)):
                    break
                made += [self._skill(in_place(place, skill), skill, level) for skill, level in levels.items()]
            elif isinstance(value, list | tuple):
                if not self._fits(place, len(value)):
                    break
                made += [self.whole(f"{place}[{inner}]", entry, depth + 1) for inner, entry in enumerate(value)]
            else:
                made.append(self.whole(f"{place}[{position}]", value, depth + 1))
        return tuple(made)

    def _skill(self, place: str, skill: object, level: object) -> Condition:
        try:
            return Requirement(skill, level)  # type: ignore[arg-type]  # checks what it is given
        except InvalidInputError as error:
            self.faults.extend(fault._replace(place=place) for fault in error.faults)
            return ANYONE

    def _fits(self, place: str, parts: int) -> bool:
        before, self.left = self.left, self.left - parts
        if self.left < 0 <= before:
            self.faults.add(f"must have at most {MAX_PARTS} parts", place=place)
        return self.left >= 0


def _widened(values: tuple[ConditionLike, ...]) -> tuple[Condition, ...]:
    faults = Faults()
    parts = _Widening(faults).parts(values, 1)
    faults.raise_if_any()
    return parts


def all_of(*parts: ConditionLike, relax: Iterable[After] = ()) -> AllOf:
    """Ask that every part holds.

    Parameters
    ----------
    *parts : Condition, mapping or str
        Conditions, or shorthand for them: ``"billing"``, or ``{"billing": 0.5, "french": 0.8}``, whose entries are
        parts of their own.
    relax : iterable of After
        Steps of waiting after which the whole is dropped.

    Returns
    -------
    AllOf

    Raises
    ------
    InvalidInputError
        When a part is no condition, or the nesting exceeds `MAX_DEPTH` or `MAX_PARTS`.
    """
    return AllOf(_widened(parts), relax=_as_steps(relax))


def any_of(*parts: ConditionLike, relax: Iterable[After] = ()) -> AnyOf:
    """Ask that at least one part holds; otherwise as `all_of`."""
    return AnyOf(_widened(parts), relax=_as_steps(relax))


def none_of(*parts: ConditionLike, relax: Iterable[After] = ()) -> NoneOf:
    """Ask that no part holds; otherwise as `all_of`."""
    return NoneOf(_widened(parts), relax=_as_steps(relax))


def walk(condition: Condition) -> Iterator[Condition]:
    """Yield a condition and everything inside it, outer before inner."""
    yield condition
    if isinstance(condition, _Group):
        for part in condition.parts:
            yield from walk(part)

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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, Union

from attrs import evolve, field, frozen

from routematch.errors import Faults, InvalidInputError, shorten
from routematch.model.checks import check_name, check_number
from routematch.model.instants import as_duration

__all__ = [
    "ANYONE",
    "MAX_DEPTH",
    "MAX_PARTS",
    "After",
    "AllOf",
    "AnyOf",
    "Attribute",
    "Condition",
    "NoneOf",
    "Requirement",
    "all_of",
    "any_of",
    "as_condition",
    "condition_or_error",
    "human_only",
    "none_of",
    "walk",
]

#: Deepest nesting of conditions.
MAX_DEPTH = 32
#: Most skills, attributes and groups in one condition.
MAX_PARTS = 1_000

Scalar = str | bool | int | float
_Node = TypeVar("_Node", "Requirement", "Attribute", "AllOf", "AnyOf", "NoneOf")


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

    time: float = field(converter=as_duration)  # type: ignore[misc]  # None never leaves the checks
    at_least: float | None = field(default=None, kw_only=True)
    drop: bool = field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        object.__setattr__(self, "time", check_number(faults, "time", self.time, at_least=0))
        if self.at_least is not None:
            level = check_number(faults, "at_least", self.at_least, at_least=0, at_most=1)
            object.__setattr__(self, "at_least", level)
        if not isinstance(self.drop, bool):
            faults.add("must be true or false", place="drop", given=self.drop)
        elif self.drop == (self.at_least is not None):
            faults.add("must either lower at_least or drop, not both and not neither", place="")
        faults.raise_if_any()


def _as_steps(value: object) -> object:
    if isinstance(value, After):
        return (value,)
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else value


def _check_relaxation(faults: Faults, relax: object, at_least: float | None) -> tuple[float, ...]:
    """Check that steps come in order and only ever loosen; return their times."""
    if not isinstance(relax, tuple) or not all(isinstance(step, After) for step in relax):
        faults.add("must be a sequence of After(...)", place="relax", given=relax)
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
    relax: tuple[After, ...] = field(default=(), converter=_as_steps)  # type: ignore[misc]
    steps: tuple[float, ...] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "skill", self.skill)
        if type(self.at_least) is not float or not 0.0 <= self.at_least <= 1.0:
            level = check_number(faults, "at_least", self.at_least, at_least=0, at_most=1)
            object.__setattr__(self, "at_least", level)
        object.__setattr__(self, "steps", _check_relaxation(faults, self.relax, self.at_least) if self.relax else ())
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
    one_of: tuple[Scalar, ...] = field(
        default=(), kw_only=True, converter=lambda value: tuple(value) if isinstance(value, list | set) else value
    )
    at_least: float | None = field(default=None, kw_only=True)
    at_most: float | None = field(default=None, kw_only=True)
    relax: tuple[After, ...] = field(default=(), kw_only=True, converter=_as_steps)  # type: ignore[misc]
    steps: tuple[float, ...] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "name", self.name)
        for limit in ("at_least", "at_most"):
            if getattr(self, limit) is not None:
                object.__setattr__(self, limit, check_number(faults, limit, getattr(self, limit)))
        if not isinstance(self.one_of, tuple):
            faults.add("must be a sequence of values", place="one_of", given=self.one_of)
        elif len(self.one_of) > MAX_PARTS:
            faults.add(f"must have at most {MAX_PARTS} values, got {len(self.one_of)}", place="one_of")
        else:
            for position, value in enumerate(self.one_of):
                if not isinstance(value, Scalar):
                    faults.add("must be text, a number or a boolean", place=f"one_of[{position}]", given=value)
        if self.equals is not None and not isinstance(self.equals, Scalar):
            faults.add("must be text, a number or a boolean", place="equals", given=self.equals)
        if self.equals is None and self.one_of == () and self.at_least is None and self.at_most is None:
            faults.add("must ask for something: equals, one_of, at_least or at_most", place="")
        object.__setattr__(self, "steps", _check_relaxation(faults, self.relax, None))
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


def _same(wanted: Scalar, held: object) -> bool:
    return (type(wanted) is type(held) and wanted == held) or (
        _is_number(wanted) and _is_number(held) and wanted == held
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@frozen(cache_hash=True)
class _Group:
    """What `AllOf`, `AnyOf` and `NoneOf` share: their parts, and a relaxation that drops them whole."""

    parts: tuple[Condition, ...]
    relax: tuple[After, ...] = field(default=(), kw_only=True, converter=_as_steps)  # type: ignore[misc]
    steps: tuple[float, ...] = field(init=False, eq=False, repr=False)
    depth: int = field(init=False, eq=False, repr=False)
    size: int = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every part; all faults are raised together."""
        faults = Faults()
        parts = self.parts
        if not isinstance(parts, tuple) or not all(isinstance(part, _CONDITIONS) for part in parts):
            faults.add("must be a sequence of conditions", place="parts", given=parts)
            parts = ()
        depth = 1 + max((getattr(part, "depth", 0) for part in parts), default=0)
        size = 1 + sum(getattr(part, "size", 1) for part in parts)
        if depth > MAX_DEPTH:
            faults.add(f"must not be nested deeper than {MAX_DEPTH} levels", place="parts")
        if size > MAX_PARTS:
            faults.add(f"must have at most {MAX_PARTS} parts, got {size}", place="parts")
        own = _check_relaxation(faults, self.relax, None) if self.relax else ()
        faults.raise_if_any()
        times = {time for part in parts for time in part.steps}
        object.__setattr__(self, "steps", tuple(sorted(times.union(own))))
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
_CONDITIONS = (Requirement, Attribute, AllOf, AnyOf, NoneOf)


def _staged(parts: tuple[Condition, ...], waited: float) -> list[Condition | None]:
    return [part.at(waited) for part in parts]


def _bracketed(part: Condition) -> str:
    return f"({part})" if isinstance(part, AllOf | AnyOf) and len(part.parts) > 1 else str(part)


def as_condition(value: object) -> object:
    """Widen the shorthand for conditions; what is not one is left for the checks to refuse.

    ``{"billing": 0.5}`` asks for each skill at its level, ``"billing"`` for the skill at any level, a sequence for
    all of its parts.
    """
    if isinstance(value, _CONDITIONS):
        return value
    if isinstance(value, str):
        return Requirement(value)
    if isinstance(value, Mapping | list | tuple):
        return AllOf(_widened((value,)))
    return value


def condition_or_error(value: object) -> object:
    """Widen the shorthand inside a noun; faults come back as an error object, for the noun to report with its others."""
    try:
        return as_condition(value)
    except InvalidInputError as error:
        return error


def _widened(parts: Sequence[object]) -> tuple[Condition, ...]:
    """Widen shorthand; the entries of a mapping and of a sequence become parts of their own."""
    makers: list[tuple[str, Callable[..., object], tuple[object, ...]]] = []
    for position, part in enumerate(parts):
        if isinstance(part, Mapping):
            makers += [(_place(skill), Requirement, (skill, level)) for skill, level in part.items()]
        elif isinstance(part, list | tuple):
            makers += [(f"[{inner}]", as_condition, (entry,)) for inner, entry in enumerate(part)]
        else:
            makers.append((f"[{position}]", as_condition, (part,)))
    return _gather(makers)


def _place(skill: object) -> str:
    return skill if isinstance(skill, str) and len(skill) <= 60 else shorten(skill)


def _gather(made: list[tuple[str, Callable[..., object], tuple[object, ...]]]) -> tuple[Condition, ...]:
    """Make every part, so that the faults of all of them are raised together."""
    faults, parts = Faults(), []
    for place, maker, arguments in made:
        try:
            parts.append(maker(*arguments))
        except InvalidInputError as error:
            faults.extend(error.faults, below=place)
    faults.raise_if_any()
    return tuple(parts)  # type: ignore[arg-type]  # AllOf checks the parts


def all_of(*parts: Condition | Mapping[str, float] | str, relax: Iterable[After] = ()) -> AllOf:
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
    return AllOf(_widened(parts), relax=tuple(relax))


def any_of(*parts: Condition | Mapping[str, float] | str, relax: Iterable[After] = ()) -> AnyOf:
    """Ask that at least one part holds; otherwise as `all_of`."""
    return AnyOf(_widened(parts), relax=tuple(relax))


def none_of(*parts: Condition | Mapping[str, float] | str, relax: Iterable[After] = ()) -> NoneOf:
    """Ask that no part holds; otherwise as `all_of`."""
    return NoneOf(_widened(parts), relax=tuple(relax))


def walk(condition: Condition) -> Iterator[Condition]:
    """Yield a condition and everything inside it, outer before inner."""
    yield condition
    if isinstance(condition, _Group):
        for part in condition.parts:
            yield from walk(part)


#: "A human only", in one word.
human_only = Attribute("kind", "human")

#: The condition that everybody meets.
ANYONE = AllOf(())

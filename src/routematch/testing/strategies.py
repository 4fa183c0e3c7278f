"""Hypothesis strategies that build valid nouns, small and alike enough that conversations and agents do fit.

Nothing is drawn and thrown away: every value is built to be valid. All strategies share one small vocabulary of
skills, channels, queues, labels and ids. Features can be switched off by name, for engines or oracles that do without:

>>> from hypothesis import given, settings
>>> @settings(max_examples=5, database=None)
... @given(rosters(mixed_costs=False), backlogs(relaxed=False))
... def check(agents, waiting):
...     assert all(not agent.capacity.costs for agent in agents)
...     assert all(not conversation.requires.steps for conversation in waiting)
>>> check()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from routematch.errors import MissingExtraError
from routematch.model import (
    After,
    Agent,
    AllOf,
    AnyOf,
    Assignment,
    Attribute,
    Capacity,
    Condition,
    Conversation,
    Estimate,
    Estimates,
    Expectation,
    Held,
    NoneOf,
    Outcome,
    Preference,
    Queue,
    Requirement,
    Shift,
    human_only,
)
from routematch.model.agents import KINDS, LABEL_PREFIX, PRESENCES
from routematch.model.decisions import HELD_REASONS

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import DrawFn, SearchStrategy
except ImportError as error:
    raise MissingExtraError("testing", "routematch.testing.strategies") from error

__all__ = [
    "AGENT_IDS",
    "CHANNELS",
    "LABELS",
    "QUEUES",
    "SITES",
    "SKILLS",
    "agents",
    "assignments",
    "backlogs",
    "capacities",
    "conditions",
    "conversations",
    "estimates",
    "held",
    "instants",
    "levels",
    "outcomes",
    "preferences",
    "queue_lists",
    "queues",
    "relaxations",
    "requirements",
    "rosters",
    "weights",
]

SKILLS = ("billing", "french", "sales", "technical")
CHANNELS = ("chat", "email", "voice")
QUEUES = ("complaints", "support")
LABELS = ("new", "vip")
SITES = ("berlin", "lyon")
#: The ids that `rosters` gives, and that affinities, exclusions and queues of all strategies name.
AGENT_IDS = tuple(f"agent-{number}" for number in range(8))

_CONVERSATION_IDS = tuple(f"conversation-{number}" for number in range(8))

T = TypeVar("T")


def instants(*, earliest: int = 0, latest: int = 100_000) -> SearchStrategy[float]:
    """Build instants: POSIX seconds in quarters, so that sums and differences of a few are exact.

    Parameters
    ----------
    earliest, latest : int
        Limits, in seconds; both can be drawn.
    """
    return st.integers(4 * earliest, 4 * latest).map(lambda quarters: quarters / 4)


def levels() -> SearchStrategy[float]:
    """Build proficiencies and required levels: twentieths from 0 to 1, so that equal ones are frequent."""
    return st.integers(0, 20).map(lambda twentieths: twentieths / 20)


def weights() -> SearchStrategy[float]:
    """Build weights, positive and negative: eighths from -2 to 2, so that sums of a few are exact."""
    return st.integers(-16, 16).map(lambda eighths: eighths / 8)


def _some(names: Sequence[str], *, min_size: int = 0) -> SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), unique=True, min_size=min_size).map(tuple)


def _amounts(names: Sequence[str], amounts: SearchStrategy[T]) -> SearchStrategy[dict[str, T]]:
    return st.dictionaries(st.sampled_from(names), amounts, max_size=len(names))


def _when(wanted: bool, strategy: SearchStrategy[T], otherwise: T) -> SearchStrategy[T]:  # noqa: FBT001 - reads as said
    return strategy if wanted else st.just(otherwise)


# --- conditions -------------------------------------------------------------------------------------------------------


@st.composite
def relaxations(draw: DrawFn, *, from_level: float | None = None) -> tuple[After, ...]:
    """Build the steps of a relaxation: times rise, levels fall, at most the last step drops.

    Parameters
    ----------
    from_level : float, optional
        The level that is lowered; None for parts that have none and can only be dropped.
    """
    return _relaxation(draw, from_level)


def _relaxation(draw: DrawFn, from_level: float | None) -> tuple[After, ...]:
    steps: list[After] = []
    time, level = 0, from_level or 0.0
    for _ in range(draw(st.integers(0, 2)) if from_level is not None else 0):
        time += draw(st.integers(1, 120))
        level = min(level, draw(st.integers(0, 20)) / 20)
        steps.append(After(time, at_least=level))
    if draw(st.booleans()):
        steps.append(After(time + draw(st.integers(1, 120)), drop=True))
    return tuple(steps)


@st.composite
def requirements(draw: DrawFn, *, relaxed: bool = True) -> Requirement:
    """Build a requirement for one skill.

    Parameters
    ----------
    relaxed : bool
        Whether it may loosen while the conversation waits.
    """
    level = draw(st.integers(0, 20)) / 20
    return Requirement(draw(st.sampled_from(SKILLS)), level, _relaxation(draw, level) if relaxed else ())


@st.composite
def _attribute_conditions(draw: DrawFn, *, relaxed: bool = True) -> Attribute:
    relax = _relaxation(draw, None) if relaxed else ()
    asked = draw(st.sampled_from(("site", "sites", "floor", "kind")))
    if asked == "kind":
        return Attribute("kind", draw(st.sampled_from(KINDS)), relax=relax) if relax else human_only
    if asked == "site":
        return Attribute("site", draw(st.sampled_from(SITES)), relax=relax)
    if asked == "sites":
        return Attribute("site", one_of=draw(_some(SITES, min_size=1)), relax=relax)
    return Attribute("floor", at_least=draw(st.integers(0, 3)), at_most=draw(st.integers(3, 5)), relax=relax)


def conditions(
    *, depth: int = 2, relaxed: bool = True, attributes: bool = True, groups: bool = True
) -> SearchStrategy[Condition]:
    """Build conditions: mostly a few skills that must all be there, sometimes nested.

    Parameters
    ----------
    depth : int
        Groups inside groups.
    relaxed : bool
        Whether parts may loosen while the conversation waits.
    attributes : bool
        Whether attributes and kinds of agents are asked for.
    groups : bool
        Whether there is `AnyOf`, `NoneOf`, and groups inside groups; otherwise all is one `AllOf` of skills (and
        attributes).
    """
    parts: SearchStrategy[Condition] = requirements(relaxed=relaxed)
    if attributes:
        parts = st.one_of(parts, _attribute_conditions(relaxed=relaxed))
    if not groups:
        return st.lists(parts, max_size=3).map(lambda made: AllOf(tuple(made)))
    whole = parts
    for _ in range(depth):
        whole = st.one_of(parts, *(_groups(group, whole, relaxed=relaxed) for group in (AllOf, AnyOf, NoneOf)))
    return st.one_of(st.lists(parts, max_size=3).map(lambda made: AllOf(tuple(made))), whole)


def _groups(
    group: Callable[..., Condition], parts: SearchStrategy[Condition], *, relaxed: bool
) -> SearchStrategy[Condition]:
    # An AnyOf without parts holds for nobody: valid, but it would leave most backlogs unserved.
    several = st.lists(parts, min_size=1 if group is AnyOf else 0, max_size=3).map(tuple)
    return st.builds(group, several, relax=_when(relaxed, relaxations(), ()))


# --- agents -----------------------------------------------------------------------------------------------------------


@st.composite
def capacities(
    draw: DrawFn, *, mixed_costs: bool = True, channel_caps: bool = True, label_caps: bool = True
) -> Capacity:
    """Build a capacity of 0 to 4 units.

    Parameters
    ----------
    mixed_costs : bool
        Whether channels may cost differently.
    channel_caps, label_caps : bool
        Whether there may be caps for channels, and for labels.
    """
    costs = st.sampled_from((0.0, 0.5, 1.0, 2.0, 3.0))
    capped = [*(CHANNELS if channel_caps else ()), *(LABELS if label_caps else ())]
    return Capacity(
        draw(st.integers(0, 4)),
        costs=draw(_when(mixed_costs, _amounts(CHANNELS, costs), {})),
        caps=draw(_amounts(capped, st.integers(0, 2))) if capped else {},
    )


def agents(  # noqa: PLR0913 - one switch for each feature
    *,
    identifier: str | None = None,
    mixed_costs: bool = True,
    channel_caps: bool = True,
    label_caps: bool = True,
    presence: bool = True,
    load: bool = True,
    queues: bool = True,
    attributes: bool = True,
    shifts: bool = True,
) -> SearchStrategy[Agent]:
    """Build an agent.

    Parameters
    ----------
    identifier : str, optional
        The id; one of `AGENT_IDS` where None.
    mixed_costs, channel_caps, label_caps : bool
        As in `capacities`.
    presence : bool
        Whether the agent may be away or offline, also by channel.
    load : bool
        Whether the agent may be busy already.
    queues : bool
        Whether the agent may serve only some channels and queues.
    attributes : bool
        Whether the agent may be a bot and have attributes.
    shifts : bool
        Whether the agent may work only at some times.
    """
    allowed = capacities(mixed_costs=mixed_costs, channel_caps=channel_caps, label_caps=label_caps)
    somewhere = st.sampled_from(PRESENCES)
    counted = [*CHANNELS, *(f"{LABEL_PREFIX}{label}" for label in LABELS)]
    return st.builds(
        Agent,
        st.just(identifier) if identifier else st.sampled_from(AGENT_IDS),
        _amounts(SKILLS, levels()),
        capacity=allowed,
        kind=_when(attributes, st.sampled_from(KINDS), "human"),
        presence=_when(presence, st.just("available") | somewhere | _amounts(CHANNELS, somewhere), "available"),
        load=_when(load, st.integers(0, 4).map(float) | _amounts(counted, st.integers(0, 2)), 0.0),
        idle_since=st.none() | instants(),
        channels=_when(queues, st.none() | _some(CHANNELS), None),
        queues=_when(queues, st.none() | _some(QUEUES), None),
        weight=st.sampled_from((0.5, 1.0, 2.0)),
        attributes=_when(attributes, _agent_attributes(), {}),
        version=st.none() | st.integers(0, 9) | st.sampled_from(("a", "b")),
        shifts=_when(shifts, _shifts(), ()),
    )


def _agent_attributes() -> SearchStrategy[dict[str, object]]:
    optional: dict[str, SearchStrategy[object]] = {
        "site": st.sampled_from(SITES) | _some(SITES),
        "floor": st.integers(0, 5),
        "team": st.fixed_dictionaries({"name": st.sampled_from(("a", "b")), "size": st.integers(1, 9)}),
    }
    return st.fixed_dictionaries({}, optional=optional)


def _shifts() -> SearchStrategy[tuple[Shift, ...]]:
    shift = st.builds(lambda start, length: Shift(start, start + length), instants(), instants(earliest=1))
    return st.lists(shift, max_size=2).map(tuple)


def rosters(*, min_size: int = 0, max_size: int = 5, **features: bool) -> SearchStrategy[list[Agent]]:
    """Build agents with distinct ids, in any order.

    Parameters
    ----------
    min_size, max_size : int
        Limits of their number, at most `len(AGENT_IDS)`.
    **features : bool
        Switches of `agents`.
    """
    makers = [agents(identifier=identifier, **features) for identifier in AGENT_IDS[:max_size]]
    return _several(makers, min_size)


def _several(makers: Sequence[SearchStrategy[T]], min_size: int) -> SearchStrategy[list[T]]:
    """Build one value of each of the first few makers, in any order."""
    number = st.integers(min_size, len(makers))
    chosen = number.flatmap(lambda count: st.permutations(makers[:count]))
    return chosen.flatmap(lambda order: st.tuples(*order)).map(list)


# --- conversations ----------------------------------------------------------------------------------------------------


def preferences(*, groups: bool = True) -> SearchStrategy[Preference]:
    """Build a soft wish.

    Parameters
    ----------
    groups : bool
        Whether it may be for more than one plain skill.
    """
    plain = st.sampled_from(SKILLS).map(Requirement)
    return st.builds(Preference, plain | conditions(depth=1) if groups else plain, weights())


def conversations(  # noqa: PLR0913 - one switch for each feature
    *,
    identifier: str | None = None,
    relaxed: bool = True,
    groups: bool = True,
    attributes: bool = True,
    queues: bool = True,
    urgency: bool = True,
    wishes: bool = True,
    exclusions: bool = True,
    labels: bool = True,
) -> SearchStrategy[Conversation]:
    """Build a conversation.

    Parameters
    ----------
    identifier : str, optional
        The id; one of a few where None.
    relaxed, groups, attributes : bool
        As in `conditions`.
    queues : bool
        Whether it may belong to a queue.
    urgency : bool
        Whether it may have a priority, a due time and a value other than 1.
    wishes : bool
        Whether it may have preferences and affinities.
    exclusions : bool
        Whether it may exclude agents.
    labels : bool
        Whether it may have labels.
    """
    return st.builds(
        Conversation,
        st.just(identifier) if identifier else st.sampled_from(_CONVERSATION_IDS),
        conditions(depth=1, relaxed=relaxed, groups=groups, attributes=attributes),
        channel=st.sampled_from(CHANNELS),
        queue=_when(queues, st.none() | st.sampled_from(QUEUES), None),
        customer=st.none() | st.sampled_from(("kim", "lee")),
        priority=_when(urgency, st.integers(-2, 5).map(float), 0.0),
        arrived_at=st.none() | instants(),
        due_at=_when(urgency, st.none() | instants(), None),
        value=_when(urgency, st.sampled_from((0.0, 0.5, 1.0, 3.0)), 1.0),
        prefers=_when(wishes, st.lists(preferences(groups=groups), max_size=2).map(tuple), ()),
        affinity=_when(wishes, _amounts(AGENT_IDS[:4], weights()), {}),
        excludes=_when(exclusions, _some(AGENT_IDS[:4]), ()),
        labels=_when(labels, _some(LABELS), ()),
        attributes=_when(attributes, _amounts(("topic", "language"), st.sampled_from(("a", "b"))), {}),
        version=st.none() | st.integers(0, 9),
    )


def backlogs(*, min_size: int = 0, max_size: int = 6, **features: bool) -> SearchStrategy[list[Conversation]]:
    """Build conversations with distinct ids, in any order.

    Parameters
    ----------
    min_size, max_size : int
        Limits of their number.
    **features : bool
        Switches of `conversations`.
    """
    makers = [conversations(identifier=f"conversation-{number}", **features) for number in range(max_size)]
    return _several(makers, min_size)


def queues(*, identifier: str | None = None) -> SearchStrategy[Queue]:
    """Build a queue, with or without members of its own.

    Parameters
    ----------
    identifier : str, optional
        The id; one of `QUEUES` where None.
    """

    def build(name: str, members: dict[str, str], after: float, requires: Condition, priority: int) -> Queue:
        primary = [member for member, place in members.items() if place == "primary"]
        secondary = [member for member, place in members.items() if place == "secondary"]
        return Queue(
            name, primary=primary, secondary=secondary, secondary_after=after, requires=requires, priority=priority
        )

    return st.builds(
        build,
        st.just(identifier) if identifier else st.sampled_from(QUEUES),
        _amounts(AGENT_IDS[:4], st.sampled_from(("primary", "secondary"))),
        instants(latest=300),
        conditions(depth=1),
        st.integers(-1, 2),
    )


def queue_lists() -> SearchStrategy[list[Queue]]:
    """Build the first few of `QUEUES`, each once, in any order."""
    return _several([queues(identifier=identifier) for identifier in QUEUES], 0)


# --- what is said about them ------------------------------------------------------------------------------------------


@st.composite
def outcomes(draw: DrawFn) -> Outcome:
    """Build the outcome of a conversation."""
    return Outcome(
        draw(st.sampled_from(_CONVERSATION_IDS)),
        draw(st.sampled_from(AGENT_IDS)),
        resolved=draw(st.none() | st.booleans()),
        handle_time=draw(st.none() | instants(latest=3600)),
        satisfaction=draw(st.none() | levels()),
        value=draw(st.none() | weights()),
        reopened=draw(st.booleans()),
        ended_at=draw(st.none() | instants()),
    )


def estimates() -> SearchStrategy[Estimates]:
    """Build estimates of success and handle time for some agents."""
    return st.builds(
        Estimates,
        success=_amounts(AGENT_IDS, _amounts(SKILLS, st.builds(Estimate, levels(), instants(latest=50)))),
        handle_time=_amounts(
            AGENT_IDS, _amounts((*SKILLS, *CHANNELS, "*"), st.builds(Estimate, instants(latest=3600)))
        ),
    )


def assignments() -> SearchStrategy[Assignment]:
    """Build assignments, with the preconditions of their claims."""
    versions = st.none() | st.integers(0, 9) | st.sampled_from(("a", "b"))
    return st.builds(
        Assignment,
        st.sampled_from(("conversation-0", "conversation-1")),
        st.sampled_from(AGENT_IDS),
        worth=levels(),
        value=weights(),
        expect=st.builds(Expectation, versions, versions, instants(latest=4)),
        stage=st.integers(0, 3),
    )


def held() -> SearchStrategy[Held]:
    """Build held conversations with their reasons."""
    return st.builds(
        Held,
        st.sampled_from(("conversation-0", "conversation-1")),
        st.sampled_from(sorted(HELD_REASONS)),
        review_at=st.none() | instants(),
        blocked_by=st.none() | st.sampled_from(("skills", "presence")),
    )

"""A contact centre as data: what comes, who works, for how long.

>>> textbook = Scenario.from_rates(arrival=[0.5, 0.3], service=0.1, patience=0.02, agents=[6, 4], value=1.0)
>>> [kind.name for kind in textbook.conversation_types], len(textbook.roster())
(['type-1', 'type-2'], 10)
>>> Scenario.loads(textbook.dumps()) == textbook
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from attrs import field, frozen
from numpy.typing import ArrayLike

from routematch.errors import Faults
from routematch.model import Agent, Conversation, Queue
from routematch.model.checks import as_tuple, check_instant, check_name, check_number, is_a
from routematch.model.instants import Duration, Instant, as_duration, as_instant
from routematch.simulation.agent_groups import AgentGroup
from routematch.simulation.conversation_types import ConversationType
from routematch.simulation.hours import Hours, as_hours, check_hours, check_zone
from routematch.simulation.present import Present
from routematch.simulation.rates import model_from_rates

if TYPE_CHECKING:
    from routematch.policies import Policy
    from routematch.routing.code import CodePolicy
    from routematch.simulation.calibration_result import Calibration

__all__ = ["SCENARIO_SCHEMA", "Scenario"]

SCENARIO_SCHEMA = "routematch/scenario/1"


def _as_types(value: ConversationType | Iterable[ConversationType]) -> tuple[ConversationType, ...]:
    types: tuple[ConversationType, ...] = (value,) if isinstance(value, ConversationType) else as_tuple(value)
    return types


def _as_groups(value: AgentGroup | Iterable[AgentGroup]) -> tuple[AgentGroup, ...]:
    groups: tuple[AgentGroup, ...] = (value,) if isinstance(value, AgentGroup) else as_tuple(value)
    return groups


def _as_time(value: Duration) -> float:
    return as_duration(value)  # type: ignore[return-value]  # None is refused by the check


def _as_start(value: Instant) -> float:
    return as_instant(value)  # type: ignore[return-value]  # as above


def _as_queues(value: Queue | Iterable[Queue]) -> tuple[Queue, ...]:
    queues: tuple[Queue, ...] = (value,) if isinstance(value, Queue) else as_tuple(value)
    return queues


def _as_initial(value: Present | Iterable[Present]) -> tuple[Present, ...]:
    initial: tuple[Present, ...] = (value,) if isinstance(value, Present) else as_tuple(value)
    return initial


@frozen
class Scenario:
    """Everything a simulation needs but the policy.

    Attributes
    ----------
    conversation_types : tuple of ConversationType
    agent_groups : tuple of AgentGroup
    horizon : float
        Seconds in which conversations arrive (also a `timedelta`); whoever is in by then is still served.
    start_at : float
        Beginning of the run in POSIX seconds (also an aware datetime); calendars count from here.
    warm_up : float
        Seconds from the start whose conversations are left out of all measures (also a `timedelta`).
    waiting_room : int or None
        Most conversations waiting at a time; who comes beyond is refused. None: no limit.
    opening_hours : tuple of WeeklyHours or Shift
        Who comes outside is refused; empty: always open.
    zone : str
        IANA name; weekly hours are of its wall clock.
    queues : tuple of Queue
        As for `route`; where some are declared, types may name only these.
    initial : tuple of Present
        Conversations that are there at the start. They are served with the others and left out of all measures.
    name : str
    seed : int
        Used where `simulate` is given none.
    """

    conversation_types: tuple[ConversationType, ...] = field(converter=_as_types)
    agent_groups: tuple[AgentGroup, ...] = field(converter=_as_groups)
    horizon: float = field(converter=_as_time)
    start_at: float = field(default=0.0, converter=_as_start, kw_only=True)
    warm_up: float = field(default=0.0, converter=_as_time, kw_only=True)
    waiting_room: int | None = field(default=None, kw_only=True)
    opening_hours: tuple[Hours, ...] = field(default=(), converter=as_hours, kw_only=True)
    zone: str = field(default="UTC", kw_only=True)
    queues: tuple[Queue, ...] = field(default=(), converter=_as_queues, kw_only=True)
    initial: tuple[Present, ...] = field(default=(), converter=_as_initial, kw_only=True)
    name: str = field(default="scenario", kw_only=True)
    seed: int = field(default=0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field and every name that points elsewhere; all faults are raised together."""
        faults = Faults()
        store = object.__setattr__
        store(self, "horizon", check_number(faults, "horizon", self.horizon, above=0))
        store(self, "start_at", check_instant(faults, "start_at", self.start_at))
        store(self, "warm_up", check_number(faults, "warm_up", self.warm_up, at_least=0))
        if not faults and self.warm_up >= self.horizon:
            faults.add(f"must be less than the horizon ({self.horizon:g})", place="warm_up", given=self.warm_up)
        for name, whole in (("waiting_room", self.waiting_room), ("seed", self.seed)):
            if (whole is not None or name == "seed") and (isinstance(whole, bool) or not is_a(whole, int) or whole < 0):  # type: ignore[operator]  # an int by then
                faults.add("must be a whole number of at least 0", place=name, given=whole)
        check_hours(faults, "opening_hours", self.opening_hours)
        check_zone(faults, "zone", self.zone)
        check_name(faults, "name", self.name)
        before = len(faults)
        for place, kind in (
            ("conversation_types", ConversationType),
            ("agent_groups", AgentGroup),
            ("queues", Queue),
            ("initial", Present),
        ):
            _check_members(faults, place, getattr(self, place), kind)
        if len(faults) == before:
            self._check_references(faults)
        faults.raise_if_any()

    def _check_references(self, faults: Faults) -> None:
        """Check that what is named elsewhere is there, and nothing is named twice."""
        for place, names in (
            ("conversation_types", [kind.name for kind in self.conversation_types]),
            ("agent_groups", [group.name for group in self.agent_groups]),
            ("queues", [queue.id for queue in self.queues]),
        ):
            _check_distinct(faults, place, names)
        _check_distinct(faults, "agent_groups", [agent.id for agent in self.roster()])
        groups, types = [g.name for g in self.agent_groups], [t.name for t in self.conversation_types]
        queues = [queue.id for queue in self.queues]
        agents = [agent.id for agent in self.roster()] if self.initial else []
        for i, present in enumerate(self.initial):
            where = f"initial[{i}]"
            _check_known(faults, f"{where}.conversation_type", [present.conversation_type], types, "conversation type")
            if present.agent is not None:
                _check_known(faults, f"{where}.agent", [present.agent], agents, "agent")
        for i, kind in enumerate(self.conversation_types):
            place = f"conversation_types[{i}]"
            if queues and kind.queue is not None:
                _check_known(faults, f"{place}.queue", [kind.queue], queues, "queue")
            for name in ("handle_time_by_group", "resolve_probability_by_group"):
                _check_known(faults, f"{place}.{name}", getattr(kind, name), groups, "agent group")
            for j, transfer in enumerate(kind.transfers):
                where = f"{place}.transfers[{j}]"
                _check_known(faults, f"{where}.to", [transfer.to], types, "conversation type")
                _check_known(faults, f"{where}.groups", transfer.groups or (), groups, "agent group")

    def roster(self) -> tuple[Agent, ...]:
        """Return all agents, group by group.

        Returns
        -------
        tuple of Agent
        """
        return tuple(agent for group in self.agent_groups for agent in group.roster())

    @classmethod
    def from_rates(  # noqa: PLR0913 - one argument for each letter of a textbook
        cls,
        arrival: ArrayLike,
        service: ArrayLike,
        patience: ArrayLike | None,
        agents: ArrayLike,
        value: ArrayLike = 1.0,
        eligible: ArrayLike | None = None,
        *,
        horizon: float | None = None,
        warm_up: float = 0.0,
        waiting_room: int | None = None,
        seed: int = 0,
    ) -> Scenario:
        """Return a textbook model: everything exponential, T types and G groups of agents alike.

        Parameters
        ----------
        arrival : float or array_like, shape (T,)
            Arrivals per second.
        service : float or array_like, shape (T,) or (T, G)
            Conversations an agent finishes per second.
        patience : float or array_like, shape (T,), or None
            Rate per second at which waiting customers give up; 0 or None: nobody does.
        agents : int or array_like, shape (G,)
            Size of each group.
        value : float or array_like, shape (T,) or (T, G)
            Of a conversation handled; at least 0. It becomes `ConversationType.value` times proficiencies.
        eligible : array_like of bool, shape (T, G), optional
            Who may take what; None: everybody everything.
        horizon : float, optional
            Seconds; None: long enough for 10,000 arrivals on average.
        warm_up, waiting_room, seed
            As in `Scenario`.

        Returns
        -------
        Scenario
            Types ``type-1``, ... each asking for a skill of its own name, groups ``group-1``, ...
        """
        types, groups, usual = model_from_rates(arrival, service, patience, agents, value, eligible)
        length = usual if horizon is None else horizon
        return cls(types, groups, length, warm_up=warm_up, waiting_room=waiting_room, seed=seed)

    @classmethod
    def from_history(
        cls,
        calls: object,
        agents: Sequence[Agent] | None = None,
        *,
        columns: Mapping[str, str] | None = None,
        zone: str | None = None,
        name: str = "history",
    ) -> Scenario:
        """Learn a scenario from what happened: arrivals, handle times, patience, and who was at work when.

        Parameters
        ----------
        calls : path, table, Ledger, IntervalCounts, History or LearnedHistory
            A log with one row for each conversation, or a table of half-hours; what `learn_history` gave is taken as
            it is.
        agents : sequence of Agent, optional
            Who worked; left out: inferred from who handled what.
        columns : mapping from str to str, optional
            Our name -> the column's, where the names do not say it.
        zone : str, optional
            IANA time zone of the log's clocks; UTC where left out.
        name : str

        Returns
        -------
        Scenario
            Over the same days as the log. What was dropped and assumed is told by `learn_history`.

        Raises
        ------
        InvalidInputError
            When it cannot be read, has no column of arrivals, or nothing in it was handled.
        """
        from routematch.simulation.history import LearnedHistory, learn_history

        learned = (
            calls if isinstance(calls, LearnedHistory) else learn_history(calls, agents, columns=columns, zone=zone)
        )
        return cls(
            learned.conversation_types,
            learned.agent_groups,
            learned.horizon,
            start_at=learned.start_at,
            zone=learned.zone,
            name=name,
        )

    def calibrate(
        self,
        calls: object,
        policy: Policy | CodePolicy | None = None,
        *,
        replications: int = 10,
        seed: int | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> Calibration:
        """Compare simulated with observed: service level, wait, abandonment and occupancy by type and half-hour.

        Parameters
        ----------
        calls : path, table, Ledger, IntervalCounts or History
            What was observed over as long a time.
        policy : Policy or code, optional
            How the place routes; None means `policies.best_match()`.
        replications : int
            At least 2.
        seed : int, optional
            None means that of the scenario.
        columns : mapping from str to str, optional
            As for `from_history`.

        Returns
        -------
        Calibration
            Prints as tables, with misfits in sentences.

        Raises
        ------
        InvalidInputError
            When the log cannot be read, or there are fewer than 2 replications.
        """
        # The simulator stands on scenarios: what runs it is looked up when it is called.
        run: Callable[..., Calibration] = import_module("routematch.simulation.calibration").calibrate
        return run(self, calls, policy, replications=replications, seed=seed, columns=columns)

    def with_training(
        self, agents: int | Sequence[str] = 1, *, skill: str, proficiency: float, group: str | None = None
    ) -> Scenario:
        """Return the scenario with agents trained in a skill.

        Parameters
        ----------
        agents : int or sequence of str
            Their ids, or how many: then those whose training promises most by the prices of the rush hours.
        skill : str
        proficiency : float
            What they reach; who is better already stays so.
        group : str, optional
            Only from this agent group.

        Returns
        -------
        Scenario
            The training itself takes no time here; `experiments.what_if` counts its hours.

        Raises
        ------
        InvalidInputError
            Listing every fault: unknown agents or groups, more agents than can learn it.
        """
        return _changed("with_training", self, agents, skill, proficiency, group)

    def with_concurrency(
        self, channel: str, at_once: int, *, group: str | None = None, slow_down: Sequence[float] | None = None
    ) -> Scenario:
        """Return the scenario with another number of conversations at once.

        Parameters
        ----------
        channel : str
        at_once : int
            Conversations of the channel that each agent who takes it can have; other channels cost what they did.
        group : str, optional
            Only this agent group.
        slow_down : sequence of float, optional
            As `AgentGroup.slow_down`. None keeps that of the group, whose last entry holds beyond: without any, all go
            on as fast as one alone.

        Returns
        -------
        Scenario

        Raises
        ------
        InvalidInputError
            Listing every fault.
        """
        return _changed("with_concurrency", self, channel, at_once, group, slow_down)

    def with_agents(self, group: str, change: int) -> Scenario:
        """Return the scenario with more or fewer agents in a group.

        Parameters
        ----------
        group : str
        change : int
            ``+5`` or ``-2``. Of agents by name the last ones go; new ones are copies of those there, in turn.

        Returns
        -------
        Scenario

        Raises
        ------
        InvalidInputError
            Listing every fault.
        """
        return _changed("with_agents", self, group, change)

    def with_volume(self, factor: float, *, types: str | Sequence[str] | None = None) -> Scenario:
        """Return the scenario with more or fewer conversations at the same times of day.

        Parameters
        ----------
        factor : float
            ``1.1`` for a tenth more.
        types : str or sequence of str, optional
            Only these conversation types.

        Returns
        -------
        Scenario

        Raises
        ------
        InvalidInputError
            Listing every fault.
        """
        return _changed("with_volume", self, factor, types)

    def started_from(
        self, snapshot: Mapping[str, Any], *, type_of: Callable[[Conversation], str] | None = None
    ) -> Scenario:
        """Return the scenario as it goes on from a live router.

        Parameters
        ----------
        snapshot : mapping
            What `Router.snapshot` gives. Conversations that wait, or are offered, wait at the start; active ones are
            with their agents. Those that are scheduled, paused or over are left out; shifts stay the scenario's.
        type_of : callable, optional
            Names the type of a conversation. None: the first type that asks for the same, on the same channel and in
            the same queue.

        Returns
        -------
        Scenario
            Starts at the snapshot's `now`; the horizon keeps its length.

        Raises
        ------
        InvalidInputError
            Listing conversations without a type, and such with agents whom the scenario does not know.
        SchemaVersionError, CorruptRecordError
            When it is no snapshot that this version reads.
        """
        # What reads a router's snapshot stands above the nouns of a scenario: looked up when it is called.
        start: Callable[..., Scenario] = import_module("routematch.simulation.started").started_from
        return start(self, snapshot, type_of)

    def to_data(self) -> dict[str, object]:
        """Return the scenario as plain data, in the form of a scenario file.

        Returns
        -------
        dict
            Starts with ``schema``; fields at their defaults are left out.
        """
        from routematch.codec import to_data

        return {"schema": SCENARIO_SCHEMA, **cast("dict[str, object]", to_data(self))}

    @classmethod
    def from_data(cls, data: object) -> Scenario:
        """Make a scenario from plain data.

        Parameters
        ----------
        data : object
            A mapping in the form of `to_data`.

        Returns
        -------
        Scenario

        Raises
        ------
        InvalidInputError
            Listing every fault with its place.
        """
        from routematch.codec import from_data

        faults = Faults()
        if not isinstance(data, Mapping):
            faults.add("must be a table of fields", given=data)
        elif data.get("schema", SCENARIO_SCHEMA) != SCENARIO_SCHEMA:
            faults.add(f"must be {SCENARIO_SCHEMA!r}", place="schema", given=data["schema"])
        faults.raise_if_any()
        fields = cast("Mapping[str, object]", data)
        return from_data({key: entry for key, entry in fields.items() if key != "schema"}, cls)

    @classmethod
    def loads(cls, text: str | bytes, *, format: str = "toml") -> Scenario:  # noqa: A002 - as codec.loads
        """Read a scenario from TOML or JSON text; raises as `from_data`."""
        from routematch.codec import loads

        return cls.from_data(loads(text, format=format))

    def dumps(self, *, format: str = "toml") -> str:  # noqa: A002 - as codec.dumps
        """Write the scenario as TOML or JSON text; `loads` gives an equal one."""
        from routematch.codec import dumps

        return dumps(self.to_data(), format=format, indent=2 if format == "json" else None)


def _changed(name: str, *arguments: object) -> Scenario:
    # What changes scenarios asks what stands on them who is worth training: looked up when it is called.
    change: Callable[..., Scenario] = getattr(import_module("routematch.simulation.changes"), name)
    return change(*arguments)


def _check_members(faults: Faults, place: str, given: object, kind: type) -> None:
    if not isinstance(given, tuple) or not all(isinstance(entry, kind) for entry in given):
        faults.add(f"must be a sequence of {kind.__name__}(...)", place=place, given=given)


def _check_distinct(faults: Faults, place: str, names: list[str]) -> None:
    seen: dict[str, int] = {}
    for position, name in enumerate(names):
        if name in seen:
            faults.duplicate(name, place=f"{place}[{position}]", first=f"{place}[{seen[name]}]")
        seen.setdefault(name, position)


def _check_known(faults: Faults, place: str, names: Iterable[str], known: list[str], what: str) -> None:
    for name in names:
        if name not in known:
            faults.unknown(name, known=known, place=place, what=what)

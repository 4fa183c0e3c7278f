"""What kinds of conversations come, how often, how long they take, how patient they are, and what becomes of them.

>>> from routematch.distributions import Exponential, PoissonArrivals
>>> billing = ConversationType(
...     "billing",
...     {"billing": 0.3},
...     arrivals=PoissonArrivals(0.05),
...     handle_time=Exponential(240),
...     patience=Exponential(90),
... )
>>> str(billing.requires), billing.handle_time.mean
('billing >= 0.3', 240.0)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from routematch.distributions import ArrivalProcess, Distribution
from routematch.errors import Faults, InvalidInputError
from routematch.model import Condition, Conversation, Preference
from routematch.model.checks import (
    as_amounts,
    as_names,
    as_tuple,
    check_amounts,
    check_name,
    check_names,
    check_number,
    is_a,
)
from routematch.model.frozen import FrozenMap
from routematch.model.instants import as_duration
from routematch.model.requirements import ANYONE, check_condition, condition_or_error
from routematch.simulation.fields import (
    as_arrivals,
    as_law,
    as_laws,
    check_arrivals,
    check_law,
    check_laws,
    check_probabilities,
    check_probability,
)

__all__ = ["Callback", "ConversationType", "Repeat", "Transfer"]


@frozen
class Repeat:
    """An unresolved conversation comes back later, as a new conversation of the same customer.

    Attributes
    ----------
    probability : float
        That the customer of an unresolved conversation comes back.
    delay : Distribution
        Seconds from its end to the next one.
    same_agent : float
        Affinity, in policy units, of the next conversation to the agent who had the last one; 0: to any agent.
    most : int
        Most conversations in one chain, the first one included.
    """

    probability: float
    delay: Distribution = field(converter=as_law)
    same_agent: float = field(default=0.0, kw_only=True)
    most: int = field(default=10, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        object.__setattr__(self, "probability", check_probability(faults, "probability", self.probability))
        check_law(faults, "delay", self.delay)
        object.__setattr__(self, "same_agent", check_number(faults, "same_agent", self.same_agent))
        object.__setattr__(self, "most", int(check_number(faults, "most", self.most, at_least=1, at_most=1000)))
        faults.raise_if_any()


def _as_groups(value: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if value is None else as_names(value)


@frozen
class Transfer:
    """Some conversations go on with somebody else after an agent has had them; also an escalation.

    Attributes
    ----------
    to : str
        Name of the conversation type it goes on as: what that type requires, how long it takes.
    probability : float
        Of being passed on; the probabilities of one type's transfers add up to at most 1.
    groups : tuple of str or None
        Agent groups that pass on; None: all. Where the second line should keep what it gets, leave it out here.
    """

    to: str
    probability: float
    groups: tuple[str, ...] | None = field(default=None, converter=_as_groups, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "to", self.to)
        object.__setattr__(self, "probability", check_probability(faults, "probability", self.probability))
        if self.groups is not None:
            check_names(faults, "groups", self.groups)
        faults.raise_if_any()


@frozen
class Callback:
    """Who still waits after a while may ask to be called back: keeps the place in the queue and gives up no more.

    Attributes
    ----------
    after : float
        Seconds of waiting after which it is offered (also a `timedelta`).
    probability : float
        Of being accepted.
    """

    after: float = field(converter=as_duration)
    probability: float = 1.0

    def __attrs_post_init__(self) -> None:
        """Check both fields; all faults are raised together."""
        faults = Faults()
        object.__setattr__(self, "after", check_number(faults, "after", self.after, at_least=0))
        object.__setattr__(self, "probability", check_probability(faults, "probability", self.probability))
        faults.raise_if_any()


def _as_preferences(value: object) -> object:
    """Widen preferences as `Conversation` does; what it refuses is left for the check."""
    try:
        return Conversation("any", prefers=value).prefers  # type: ignore[arg-type]  # refused where it is none
    except InvalidInputError:
        return value


def _as_transfers(value: Transfer | Iterable[Transfer]) -> tuple[Transfer, ...]:
    transfers: tuple[Transfer, ...] = (value,) if isinstance(value, Transfer) else as_tuple(value)
    return transfers


@frozen
class ConversationType:
    """One kind of conversation.

    Laws and arrival processes are also read from their data, as ``{"law": "exponential", "mean": 300}``.

    Attributes
    ----------
    name : str
    requires : Condition
        As `Conversation.requires`, with all shorthand.
    handle_time : Distribution
        Seconds of an agent of speed 1 with nothing else to do; wrap-up not included.
    handle_time_by_group : mapping from agent group to Distribution
        Where a group differs in more than speed.
    wrap_up : Distribution or None
        Seconds after the conversation in which the agent is not free; None: none.
    patience : Distribution or None
        Seconds a customer waits before giving up; None: for ever.
    arrivals : ArrivalProcess or None
        None where only transfers bring this type.
    channel, queue, labels, prefers, affinity, excludes, priority, value
        As in `Conversation`, the same for all conversations of the type.
    abandonment_cost : float
        What a customer who gives up costs, in policy units; at least 0.
    due_time : float or None
        Seconds after arrival at which it is due (also a `timedelta`).
    resolve_probability : float or None
        That a conversation is resolved; None: the agent's expected achievement (the weakest link among the declared
        proficiencies that count, 1 where nothing is required).
    resolve_probability_by_group : mapping from agent group to float
    repeat : Repeat or None
        What customers of unresolved conversations do.
    transfers : tuple of Transfer
    callback : Callback or None
    bot_first : bool
        Bots have it first; what they do not resolve goes on to humans.
    proactive : bool
        Nobody waits for it (outreach): it is not counted as waiting, and is dropped when not begun by its due
        time, where it has one.
    """

    name: str
    requires: Condition = field(default=ANYONE, converter=condition_or_error)
    handle_time: Distribution = field(kw_only=True, converter=as_law)
    arrivals: ArrivalProcess | None = field(default=None, kw_only=True, converter=as_arrivals)
    patience: Distribution | None = field(default=None, kw_only=True, converter=as_law)
    wrap_up: Distribution | None = field(default=None, kw_only=True, converter=as_law)
    handle_time_by_group: Mapping[str, Distribution] = field(factory=FrozenMap, kw_only=True, converter=as_laws)
    channel: str = field(default="chat", kw_only=True)
    queue: str | None = field(default=None, kw_only=True)
    labels: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)
    prefers: tuple[Preference, ...] = field(default=(), converter=_as_preferences, kw_only=True)
    affinity: Mapping[str, float] = field(factory=FrozenMap, converter=as_amounts, kw_only=True)
    excludes: tuple[str, ...] = field(default=(), converter=as_names, kw_only=True)
    priority: float = field(default=0.0, kw_only=True)
    value: float = field(default=1.0, kw_only=True)
    abandonment_cost: float = field(default=0.0, kw_only=True)
    due_time: float | None = field(default=None, converter=as_duration, kw_only=True)
    resolve_probability: float | None = field(default=None, kw_only=True)
    resolve_probability_by_group: Mapping[str, float] = field(factory=FrozenMap, converter=as_amounts, kw_only=True)
    repeat: Repeat | None = field(default=None, kw_only=True)
    transfers: tuple[Transfer, ...] = field(default=(), converter=_as_transfers, kw_only=True)
    callback: Callback | None = field(default=None, kw_only=True)
    bot_first: bool = field(default=False, kw_only=True)
    proactive: bool = field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "name", self.name)
        check_condition(faults, "requires", self.requires)
        self._check_laws(faults)
        self._check_plain(faults)
        for name, kind in (("repeat", Repeat), ("callback", Callback)):
            if getattr(self, name) is not None and not isinstance(getattr(self, name), kind):
                faults.add(f"must be a {kind.__name__}(...)", place=name, given=getattr(self, name))
        for name in ("bot_first", "proactive"):
            if not isinstance(getattr(self, name), bool):
                faults.add("must be true or false", place=name, given=getattr(self, name))
        if not is_a(self.transfers, tuple) or not all(isinstance(entry, Transfer) for entry in self.transfers):
            faults.add("must be a sequence of Transfer(...)", place="transfers", given=self.transfers)
        elif sum(entry.probability for entry in self.transfers) > 1 + 1e-9:
            faults.add("must have probabilities that add up to at most 1", place="transfers")
        faults.raise_if_any()

    def _check_laws(self, faults: Faults) -> None:
        check_law(faults, "handle_time", self.handle_time, finite=True)
        check_laws(faults, "handle_time_by_group", self.handle_time_by_group)
        check_law(faults, "patience", self.patience, optional=True)
        check_law(faults, "wrap_up", self.wrap_up, finite=True, optional=True)
        check_arrivals(faults, "arrivals", self.arrivals)

    def _check_plain(self, faults: Faults) -> None:
        store = object.__setattr__
        try:  # what a conversation of this type says must be what a conversation can say
            made = self.conversation("any")
            store(self, "priority", made.priority)
            store(self, "value", made.value)
        except InvalidInputError as error:
            faults.extend(fault for fault in error.faults if not fault.place.startswith("requires"))
        cost = check_number(faults, "abandonment_cost", self.abandonment_cost, at_least=0)
        store(self, "abandonment_cost", cost)
        if self.due_time is not None:
            store(self, "due_time", check_number(faults, "due_time", self.due_time, at_least=0))
        if self.resolve_probability is not None:
            probability = check_probability(faults, "resolve_probability", self.resolve_probability)
            store(self, "resolve_probability", probability)
        by_group = check_probabilities(faults, "resolve_probability_by_group", self.resolve_probability_by_group)
        store(self, "resolve_probability_by_group", by_group)
        check_amounts(faults, "affinity", self.affinity)

    def conversation(self, conversation_id: str, *, arrived_at: float | None = None) -> Conversation:
        """Return a conversation of this type, as policies and rules see it.

        Parameters
        ----------
        conversation_id : str
        arrived_at : float, optional
            POSIX seconds; None leaves arrival and due time open.

        Returns
        -------
        Conversation
        """
        due_at = None if self.due_time is None or arrived_at is None else arrived_at + self.due_time
        return Conversation(
            conversation_id,
            self.requires,
            channel=self.channel,
            queue=self.queue,
            labels=self.labels,
            prefers=self.prefers,
            affinity=self.affinity,
            excludes=self.excludes,
            priority=self.priority,
            value=self.value,
            arrived_at=arrived_at,
            due_at=due_at,
        )

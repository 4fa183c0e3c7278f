"""A random machine for routers: days at small desks, played from a seed and judged record by record.

A *scene* is a desk: agents, policy, settings, queues. A machine plays random calls there, sensible and impossible ones,
in order and late, through a `CheckedRouter`; at times a *twin* (a router restored from a snapshot, replayed from the
journal, or deciding without its quick lane) has to do the same. A failure is named by its seed and can be shrunk to the
few calls that matter.

>>> day = play(7, actions=40)
>>> day.desk.events > 40
True
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random
from typing import Any, NamedTuple

from attrs import define, evolve, field, frozen

from routematch import policies
from routematch.errors import RouterStateError, UnknownNameError
from routematch.model import (
    After,
    Agent,
    AnyOf,
    Capacity,
    Condition,
    Conversation,
    Hours,
    Outcome,
    Queue,
    Requirement,
    Shift,
    all_of,
    human_only,
)
from routematch.model import events as records
from routematch.model.events import Dispatched, Event
from routematch.policies import Policy
from routematch.router import (
    HostConversation,
    HostState,
    OfferRules,
    RampIn,
    RateLimit,
    Reserve,
    Router,
    RouterSettings,
)
from routematch.testing.router_oracle import Breach, CheckedRouter, Oracle

__all__ = [
    "TWINS",
    "VERBS",
    "Action",
    "Day",
    "Scene",
    "Tally",
    "play",
    "play_many",
    "random_scene",
    "replay_actions",
    "shrunken",
]

#: Who may do the same besides: see `play`.
TWINS = ("restored", "replayed", "again", "without lane")
_SKILLS = ("billing", "french", "sales")
_CHANNELS = ("chat", "chat", "email", "voice")
_START = 1000.0
_MOST_OPEN = 14


@frozen
class Scene:
    """A desk to play at.

    Attributes
    ----------
    name : str
    agents : tuple of Agent
    given : mapping
        Further arguments of `Router`.
    dispatches : float
        Share of the calls that ask for a decision.
    """

    name: str
    agents: tuple[Agent, ...]
    given: dict[str, Any]
    dispatches: float = 0.1

    def desk(self) -> CheckedRouter:
        """Return a new router of the scene with its oracle."""
        return CheckedRouter(self.agents, **self.given)


class Action(NamedTuple):
    """One call, when and with what: ``handle``, ``dispatch``, ``look``, ``policy``, ``reconcile`` or ``restart``.

    A ``look`` is a dispatch after which `route` is asked about everybody.
    """

    kind: str
    at: float
    what: Any = None


@define
class Tally:
    """What was played: days, calls and records, seconds of processor time, and records by kind."""

    days: int = 0
    events: int = 0
    seconds: float = 0.0
    dispatches: int = 0
    refused: int = 0
    repeated: int = 0
    route_checks: int = 0
    twins: dict[str, int] = field(factory=dict)
    kinds: dict[str, int] = field(factory=dict)

    def add(self, day: Day) -> None:
        """Count one more day."""
        desk = day.desk
        self.days += 1
        self.events += desk.events
        self.dispatches += desk.dispatches
        self.refused += desk.refused
        self.repeated += desk.repeated
        self.route_checks += day.route_checks
        if day.twin is not None:
            self.twins[day.twin] = self.twins.get(day.twin, 0) + 1
        for kind, count in desk.oracle.counts.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + count


# --- desks -----------------------------------------------------------------------------------------------------------


def random_scene(random: Random) -> Scene:
    """Make a small desk: two to five agents, one of several policies, settings of every kind.

    Plain desks, which the quick lane serves, decide after nearly every call; others gather calls, as each decision
    takes milliseconds.
    """
    if random.random() < 0.3:
        return _plain_scene(random)
    policy = _policies()[random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]]
    names = [f"a{number}" for number in range(random.randint(2, 5))]
    mixed = random.random() < 0.35
    agents = tuple(_agent(random, name, mixed=mixed) for name in names)
    given: dict[str, Any] = {"policy": policy, "settings": _settings(random, names), "seed": random.randint(0, 9)}
    if random.random() < 0.5:
        given["offers"] = OfferRules(
            random.choice((5.0, 20.0)),
            repeat_after=random.choice((0.0, 10.0, 60.0)),
            pause_after_missed=random.choice((None, 1, 2, 3)),
            pause_time=random.choice((0.0, 30.0, 300.0)),
        )
    if random.random() < 0.5:
        given["queues"] = _queues(random, names)
    return Scene(policy.name, agents, given)


def _plain_scene(random: Random) -> Scene:
    policy = _policies()[random.choice(("best_match", "longest_idle", "no spread"))]
    agents = tuple(
        evolve(_agent(random, f"a{number}", mixed=False), capacity=Capacity(random.choice((1, 2, 3))), load=0.0)
        for number in range(random.randint(2, 5))
    )
    offers = OfferRules(20.0, repeat_after=0.0) if random.random() < 0.3 else None
    given = {"policy": policy, "offers": offers, "settings": RouterSettings(keep_ended=50, wrap_up_time=3.0)}
    return Scene(f"plain {policy.name}", agents, given, dispatches=0.35)


#: How often each policy is played.
_WEIGHTS = {
    "best_match": 6,
    "longest_idle": 3,
    "no spread": 2,
    "least_loaded": 1,
    "fewest_open": 1,
    "round_robin": 1,
    "random": 1,
    "first_come_first_served": 1,
    "patient": 1,
    "strict": 1,
}


def _policies() -> dict[str, Policy]:
    best = policies.best_match()
    return {
        "best_match": best,
        "longest_idle": policies.longest_idle(),
        "no spread": evolve(best, name="no spread", spread="none"),
        "least_loaded": policies.least_loaded(),
        "fewest_open": policies.fewest_open(),
        "round_robin": policies.round_robin(),
        "random": policies.random(),
        "first_come_first_served": policies.first_come_first_served(),
        "patient": evolve(best, name="patient", option=0.7, max_hold_time=90.0, aging_rate=1 / 600),
        "strict": evolve(best, name="strict", strict_priority=True),
    }


def _agent(random: Random, name: str, *, mixed: bool) -> Agent:
    skills = {skill: random.choice((0.3, 0.5, 0.8, 1.0)) for skill in _SKILLS if random.random() < 0.7}
    costs = {c: random.choice((0.5, 1.0, 2.0)) for c in ("chat", "email", "voice") if random.random() < 0.6}
    caps = {c: random.randint(1, 2) for c in ("chat", "email", "vip") if random.random() < 0.4}
    with_caps = random.random() < 0.25
    units = random.choice((1, 1, 2, 2, 3, 4, 0) if random.random() < 0.2 else (1, 1, 2, 3))
    load: float | dict[str, int] = 0.0
    if random.random() < 0.1:
        load = {"email": 1, "label:vip": 1} if with_caps else 0.5
    presence: str | dict[str, str] = "available"
    if random.random() < 0.15:
        presence = random.choice(("away", "offline", {"chat": "available", "voice": "away"}))
    shifts = [Shift(_START - 100, _START + 700), Shift(_START + 900, _START + 4000)] if random.random() < 0.12 else ()
    return Agent(
        name,
        skills,
        capacity=Capacity(units, costs=costs if mixed else {}, caps=caps if with_caps else {}),
        kind="bot" if random.random() < 0.15 else "human",
        presence=presence,
        load=load,
        idle_since=random.choice((None, 900.0, 950.0)),
        channels=random.choice((None, None, None, ("chat", "email"))),
        queues=random.choice((None, None, None, ("first", "second"))),
        weight=random.choice((1.0, 1.0, 0.5)),
        shifts=shifts,
    )


def _settings(random: Random, names: list[str]) -> RouterSettings:
    given: dict[str, Any] = {"keep_ended": random.choice((0, 3, 20, 200))}
    if random.random() < 0.4:
        given["wrap_up_time"] = random.choice((10.0, {"voice": 30.0, "*": 5.0}))
        given["wrap_up_scope"] = random.choice(("units", "agent"))
    if random.random() < 0.2:
        given["wrap_up_time_of"] = {random.choice(names): random.choice((0.0, 15.0))}
    given["grace_time"] = random.choice((0.0, 30.0, {"chat": 10.0, "voice": 0.0}))
    optional = {
        "shift_margin": (0.1, {"voice": 60.0, "*": 10.0}),
        "batch_time": (0.1, 5.0),
        "rate_limit": (0.12, RateLimit(random.randint(1, 3), 60.0)),
        "ramp_in": (0.12, RampIn(120.0, count=random.randint(1, 2), every=30.0)),
        "interruptible": (0.12, ("email",)),
        "reserves": (0.1, (Reserve(1, priority=2.0, channels=random.choice(((), ("voice",)))),)),
        "continuity": (0.3, random.choice((0.0, 0.6))),
    }
    given |= {name: value for name, (share, value) in optional.items() if random.random() < share}
    return RouterSettings(**given)


def _queues(random: Random, names: list[str]) -> tuple[Queue, ...]:
    members = random.sample(names, random.randint(1, len(names))) if random.random() < 0.3 else []
    return (
        Queue(
            "first",
            length_limit=random.choice((None, 2, 4)),
            wait_limit=random.choice((None, 20.0, 120.0)),
            overflow=random.choice((None, "second", "third")),
            hours=Hours("UTC", {"thu": "00:00-00:40"}) if random.random() < 0.2 else None,
        ),
        Queue("second", overflow=random.choice((None, "first", "third")), length_limit=random.choice((None, 3))),
        Queue(
            "third",
            primary=members[:1],
            secondary=members[1:],
            secondary_after=30.0,
            requires=random.choice(((), {"billing": 0.3})),
            priority=random.choice((0.0, 1.0)),
            wait_limit=random.choice((None, 60.0)),
        ),
    )


# --- what happens ----------------------------------------------------------------------------------------------------


@define(eq=False)
class Day:
    """A scene being played: the next random action is drawn from where things stand."""

    scene: Scene
    random: Random
    desk: CheckedRouter
    twin: str | None = None
    actions: list[Action] = field(factory=list)
    now: float = _START
    born: int = 0
    route_checks: int = 0
    sent: list[Event] = field(factory=list)
    other: Router | None = None

    def step(self) -> None:
        """Draw an action and carry it out."""
        self.carry_out(self.draw())

    def carry_out(self, action: Action) -> None:
        """Carry out an action at the desk, and at the twin."""
        self.actions.append(action)
        self.now = max(self.now, action.at)
        start = len(self.desk.records)
        carry_out(self.desk, action)
        if action.kind == "look":
            self.route_checks += 1
        if self.other is not None:
            self._compare_twin(action, self.desk.records[start:])

    def _compare_twin(self, action: Action, mine: list[Event]) -> None:
        assert self.other is not None
        self._call_twin(action)
        theirs = list(self.other.take_journal())
        if self.twin != "again":  # the others may look at more, and know better why somebody waits
            if _outcome(mine) != _outcome(theirs):
                raise Breach(f"the twin ({self.twin}) does otherwise: {_outcome(theirs)}, not {_outcome(mine)}")
        elif mine != theirs:
            raise Breach(f"the twin ({self.twin}) does otherwise: {theirs}, not {mine}")

    def _call_twin(self, action: Action) -> None:
        other = self.other
        assert other is not None
        if action.kind != "restart":
            call_plainly(other, action)
            other.next_wakeup  # noqa: B018 - asking forgets what no longer holds, as it does at the desk
            return
        self.other = Router.restore(json.loads(CheckedRouter.bytes_of(other)))
        self.other._core.clock = other._core.clock  # noqa: SLF001 - a snapshot knows the last record only
        if self.twin == "without lane":
            self.other._core.decider.without_lane()  # noqa: SLF001 - there is no public way, on purpose

    def bring_twin(self, kind: str) -> None:
        """Let another router do the same from now on."""
        self.twin = kind
        if kind == "restored":
            self.other = self.desk.restored()
        elif kind == "replayed":
            self.other = self.desk.replayed()
        else:
            self.other = Router(self.scene.agents, **self.desk.given)
            if kind == "without lane":
                self.other._core.decider.without_lane()  # noqa: SLF001 - there is no public way, on purpose
            for action in self.actions:
                self._call_twin(action)
        self.other.take_journal()
        self.other._core.clock = self.desk.router._core.clock  # noqa: SLF001 - a snapshot knows the last record only

    def end(self) -> None:
        """Compare what is left at the end of a day."""
        self.desk.replayed()
        self.desk.restored()
        if self.other is not None and self.twin == "again":
            mine, theirs = self.desk.bytes_of(self.desk.router), self.desk.bytes_of(self.other)
            if mine != theirs:
                raise Breach(f"the twin ({self.twin}) ends differently")

    # --- drawing ---------------------------------------------------------------------------------------------------

    def draw(self) -> Action:
        """Return what happens next."""
        random, oracle = self.random, self.desk.oracle
        self._let_time_pass()
        chance = random.random()
        if self.scene.dispatches > chance:
            return Action("dispatch" if random.random() < 0.95 else "look", self.now)
        chance = random.random()
        if chance < 0.03 and self.sent:
            return Action("handle", self.now, random.choice(self.sent[-30:]))
        if chance > 0.997 and not self.scene.name.startswith("plain"):
            chosen = _policies()[random.choice(list(_WEIGHTS))]
            return Action("policy", self.now, chosen)
        if chance > 0.994:
            return Action("reconcile", self.now, _host(random, oracle))
        if chance > 0.992:
            return Action("restart", self.now)
        at = self.now if random.random() < 0.98 else max(self.now - random.choice((1.0, 30.0, 500.0)), 0.0)
        event = self._event(at)
        if random.random() < 0.25:
            event = evolve(event, event_id=f"e{len(self.actions)}")  # type: ignore[misc]  # every event is attrs
            self.sent.append(event)
        return Action("handle", at, event)

    def _let_time_pass(self) -> None:
        random = self.random
        if random.random() < 0.06:
            wakeup = self.desk.router.next_wakeup
            if wakeup is not None and wakeup < self.now + 400:
                self.now = max(self.now, wakeup)
                return
        step = random.choices((0.0, 0.25, 1.0, 3.0, 10.0, 60.0, 400.0), (50, 15, 15, 10, 6, 2, 0.3))[0]
        self.now += step

    def _event(self, at: float) -> Event:
        random, oracle = self.random, self.desk.oracle
        verbs = _VERBS_WHEN_FULL if len(oracle.open) >= _MOST_OPEN else _VERBS
        return VERBS[random.choices(*verbs)[0]](self, at)

    def new_conversation(self, name: str | None = None, queue: str | None = None) -> Conversation:
        """Return a conversation as they come."""
        random = self.random
        if name is None:
            self.born += 1
            name = f"c{self.born}"
        agents = sorted(self.desk.oracle.seats)
        if queue is None and self.desk.oracle.queues and random.random() < 0.7:
            queue = random.choice(("first", "first", "second", "third"))
        return Conversation(
            name,
            _requires(random),
            channel=random.choice(_CHANNELS),
            queue=queue,
            customer=random.choice((None, None, "mia", "noa")),
            priority=random.choice((0, 0, 0, 1, 2)),
            arrived_at=random.choice((None, None, None, self.now - 5.0)),
            due_at=random.choice((None, None, None, self.now + 60.0)),
            value=random.choice((1.0, 1.0, 2.0)),
            affinity={random.choice(agents): 0.5} if agents and random.random() < 0.06 else {},
            excludes=[random.choice(agents)] if agents and random.random() < 0.06 else [],
            labels=["vip"] if random.random() < 0.2 else [],
            prefers={"french": 0.2} if random.random() < 0.1 else {},
        )

    def known(self, *statuses: str) -> str:
        """Return a conversation in one of some statuses, now and then any other."""
        random, oracle = self.random, self.desk.oracle
        if random.random() < 0.06:
            return f"c{random.randint(0, self.born + 1)}"
        fitting = [identifier for identifier, talk in oracle.open.items() if talk.status in statuses]
        return random.choice(fitting) if fitting else f"c{random.randint(0, self.born + 1)}"

    def ended(self) -> str:
        """Return a conversation that is over, if there is any."""
        ended = list(self.desk.oracle.ended)
        return self.random.choice(ended) if ended else "c0"

    def agent(self) -> str:
        """Return an agent, now and then one whom nobody knows."""
        seats = sorted(self.desk.oracle.seats)
        return self.random.choice(seats) if seats and self.random.random() < 0.97 else f"a{self.random.randint(0, 6)}"

    def offer(self) -> str:
        """Return an open offer, now and then another."""
        offers = list(self.desk.oracle.offers)
        if offers and self.random.random() < 0.9:
            return self.random.choice(offers)
        return f"offer-{self.random.randint(1, 9)}"


def _requires(random: Random) -> Condition | dict[str, float]:
    kind = random.random()
    if kind < 0.5:
        return {random.choice(_SKILLS): random.choice((0.3, 0.5))} if random.random() < 0.75 else {}
    if kind < 0.8:
        steps = random.choice(((After(5.0, at_least=0.3),), (After(20.0, at_least=0.4), After(60.0, drop=True))))
        return Requirement(random.choice(_SKILLS), 0.8, steps)
    if kind < 0.9:
        return AnyOf((Requirement("billing", 0.5), Requirement("french", 0.5)))
    return human_only if kind < 0.95 else all_of({"billing": 0.3, "french": 0.3})


def _enqueued(day: Day, at: float) -> Event:
    earliest_at = at + day.random.choice((5.0, 50.0)) if day.random.random() < 0.06 else None
    name = day.known("waiting") if day.random.random() < 0.02 else None
    return records.ConversationEnqueued(day.new_conversation(name), at, earliest_at=earliest_at)


def _updated(day: Day, at: float) -> Event:
    name = day.known("waiting", "offered", "active", "paused", "scheduled")
    talk = day.desk.oracle.open.get(name)
    queue = talk.conversation.queue if talk is not None and day.random.random() < 0.6 else None
    units = day.random.choice((None, None, 0.0, 0.25, 1.5))
    if talk is not None and day.random.random() < 0.5:
        return records.ConversationUpdated(talk.conversation, at, units=units)
    return records.ConversationUpdated(day.new_conversation(name, queue), at, units=units)


def _escalated(day: Day, at: float) -> Event:
    places = (None, "human", "third", "second") if day.desk.oracle.queues else (None, "human")
    name = day.known("waiting", "offered", "active", "paused")
    return records.ConversationEscalated(name, at, to=day.random.choice(places))


def _completed(day: Day, at: float) -> Event:
    name = day.known("active", "active", "paused")
    about = name if day.random.random() < 0.98 else "somebody-else"
    outcome = Outcome(about, "a0", resolved=True) if day.random.random() < 0.3 else None
    return records.ConversationCompleted(name, at, outcome=outcome)


def _agent_updated(day: Day, at: float) -> Event:
    name = f"a{day.random.randint(0, 5)}"
    seat = day.desk.oracle.seats.get(name)
    if seat is not None and day.random.random() < 0.5:
        capacity = evolve(seat.agent.capacity, units=day.random.choice((1, 2, 3)))
        return records.AgentUpdated(evolve(seat.agent, capacity=capacity), at)
    return records.AgentUpdated(_agent(day.random, name, mixed=day.random.random() < 0.3), at)


def _presence(day: Day, at: float) -> Event:
    by_channel = {"chat": "available", "email": "offline"}
    offline = {"chat": "offline", "voice": "offline"}
    states = ("available", "available", "available", "away", "offline", by_channel, offline)
    return records.PresenceChanged(day.agent(), day.random.choice(states), at)


def _paused(day: Day, at: float) -> Event:
    resume_at = day.random.choice((None, at, at + 5.0, at + 60.0))
    return records.ConversationPaused(day.known("active", "waiting", "offered"), at, resume_at=resume_at)


def _wrap_up(day: Day, at: float) -> Event:
    return records.WrapUpStarted(day.agent(), at, ends_at=day.random.choice((None, at, at + 20.0)))


def _transferred(day: Day, at: float) -> Event:
    return records.ConversationTransferred(day.known("active"), at, exclude_agent=day.random.random() < 0.4)


_OPEN = ("waiting", "offered", "active", "paused", "scheduled")
#: How to make each kind of event, how often it comes, and how often where many conversations are open already.
_KINDS: dict[str, tuple[Callable[[Day, float], Event], float, float]] = {
    "enqueue": (_enqueued, 30, 4),
    "complete": (_completed, 18, 26),
    "accept": (lambda day, at: records.OfferAccepted(day.offer(), at), 9, 9),
    "decline": (lambda day, at: records.OfferDeclined(day.offer(), at), 4, 4),
    "update": (_updated, 5, 5),
    "abandon": (lambda day, at: records.ConversationAbandoned(day.known(*_OPEN), at), 4, 12),
    "pause": (_paused, 3, 3),
    "resume": (lambda day, at: records.ConversationResumed(day.known("paused", "scheduled"), at), 3, 3),
    "transfer": (_transferred, 3, 3),
    "escalate": (_escalated, 2.5, 2.5),
    "reopen": (lambda day, at: records.ConversationReopened(day.ended(), at), 2, 0),
    "assign": (lambda day, at: records.AssignedExternally(day.known(*_OPEN), day.agent(), at), 2.5, 2.5),
    "claim_lost": (lambda day, at: records.ClaimLost(day.known("active", "offered"), at), 3, 3),
    "agent": (_agent_updated, 3, 3),
    "remove": (lambda day, at: records.AgentRemoved(day.agent(), at), 0.8, 0.8),
    "presence": (_presence, 9, 9),
    "wrap_up": (_wrap_up, 1.5, 1.5),
    "end_wrap_up": (lambda day, at: records.WrapUpEnded(day.agent(), at), 2, 2),
}
#: What can happen, by name: makes an event from where a day stands.
VERBS: Mapping[str, Callable[[Day, float], Event]] = {verb: make for verb, (make, _, _) in _KINDS.items()}
_VERBS = (list(_KINDS), [often for _, often, _ in _KINDS.values()])
_VERBS_WHEN_FULL = (list(_KINDS), [often for _, _, often in _KINDS.values()])


def _host(random: Random, oracle: Oracle) -> HostState:
    """Return what a host might hold: mostly the same, a little drifted."""
    conversations = {}
    for identifier, talk in oracle.open.items():
        if random.random() < 0.05:
            continue
        status, agent = talk.status, talk.agent
        if status in {"offered", "scheduled"} or random.random() < 0.05:
            status, agent = "waiting", None
        elif random.random() < 0.1 and oracle.seats:
            status, agent = "active", random.choice(sorted(oracle.seats))
        conversations[identifier] = HostConversation(status, agent if status == "active" else None)
    return HostState(conversations, None if random.random() < 0.7 else _host_agents(oracle))


def _host_agents(oracle: Oracle) -> dict[str, str | Agent]:
    return {
        identifier: seat.presence if isinstance(seat.presence, str) else seat.agent
        for identifier, seat in oracle.seats.items()
    }


# --- playing ---------------------------------------------------------------------------------------------------------


def carry_out(desk: CheckedRouter, action: Action) -> None:
    """Carry out an action, judged."""
    if action.kind == "handle":
        desk.handle(action.what, exactly=desk.events % 32 == 0)
    elif action.kind == "dispatch":
        desk.dispatch(action.at)
    elif action.kind == "look":
        desk.dispatch(action.at, route_too=True)
    elif action.kind == "policy":
        desk.set_policy(action.what, action.at)
    elif action.kind == "restart":
        desk.restart()
    else:
        desk.reconcile(action.what, action.at)


def call_plainly(router: Router, action: Action) -> None:
    """Carry out an action at a router without an oracle."""
    if action.kind == "handle":
        try:
            router.handle(action.what)
        except (RouterStateError, UnknownNameError):
            return
    elif action.kind == "policy":
        router.set_policy(action.what, action.at)
    elif action.kind == "reconcile":
        router.reconcile(action.what, action.at)
        router.reconcile(action.what, action.at)
    else:
        router.dispatch(action.at)


def _outcome(journal: Iterable[Event]) -> list[Any]:
    """Return what a journal brought about, whatever steps it took to decide it."""
    found: list[Any] = []
    placed: list[Any] = []
    for record in journal:
        if isinstance(record, Dispatched):
            placed.extend((p.conversation, p.agent, p.expires_at) for p in record.placements)
        else:
            found.append(record)
    return found + sorted(placed)


def play(seed: int, *, actions: int = 300) -> Day:
    """Play one day.

    Parameters
    ----------
    seed : int
        Of the scene and of all that happens.
    actions : int

    Returns
    -------
    Day

    Raises
    ------
    Breach
        When the router breaks a promise; a note names the seed.
    """
    day = _begun(seed)
    try:
        _play_on(day, actions)
    except Exception as error:
        error.add_note(f"day {seed}, policy {day.scene.name}, action {len(day.actions)}: {day.actions[-1:]}")
        raise
    return day


def _begun(seed: int) -> Day:
    random = Random(seed)  # noqa: S311 - seeded chance is wanted
    scene = random_scene(random)
    return Day(scene, random, scene.desk())


def _play_on(day: Day, actions: int) -> None:
    twin = day.random.choice(TWINS) if day.random.random() < 0.25 else None
    comes = day.random.randrange(actions)
    for number in range(actions):
        if twin is not None and number == comes:
            day.bring_twin(twin)
        day.step()
    day.end()


def play_many(seed: int, events: int, *, actions: int = 300, said: Callable[[Tally], None] | None = None) -> Tally:
    """Play days until so many calls and records were judged.

    Parameters
    ----------
    seed : int
        Of the first day; the next have the numbers after it, a million apart for the next seed.
    events, actions : int
    said : callable, optional
        Told about the tally after every hundredth day.
    """
    tally, started = Tally(), time.process_time()
    while tally.events < events:
        tally.add(play(seed * 1_000_000 + tally.days, actions=actions))
        tally.seconds = time.process_time() - started
        if said is not None and tally.days % 100 == 0:
            said(tally)
    return tally


# --- shrinking -------------------------------------------------------------------------------------------------------


def replay_actions(scene: Scene, actions: Iterable[Action]) -> Exception | None:
    """Play given actions on a new desk; return what went wrong, None if nothing did."""
    desk = scene.desk()
    try:
        for action in actions:
            carry_out(desk, action)
        desk.replayed()
        desk.restored()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the finding
        return error
    return None


def shrunken(seed: int, *, actions: int = 300, seconds: float = 60.0) -> tuple[Scene, list[Action], Exception | None]:
    """Return the scene, the fewest calls found that go wrong at the day of a seed, and what goes wrong.

    Only for faults that show without a twin.
    """
    day = _begun(seed)
    scene = day.scene
    try:
        _play_on(day, actions)
    except Exception:  # noqa: BLE001 - whatever goes wrong is the finding
        left = list(day.actions)
    else:
        return scene, [], None
    stop_at = time.monotonic() + seconds
    size = max(len(left) // 2, 1)
    while time.monotonic() < stop_at:
        for shorter in _without_a_part(left, size):
            if replay_actions(scene, shorter) is not None:
                left = shorter
                break
        else:
            if size == 1:
                break
            size //= 2
    return scene, left, replay_actions(scene, left)


def _without_a_part(actions: list[Action], size: int) -> Iterator[list[Action]]:
    for start in range(0, len(actions), size):
        yield actions[:start] + actions[start + size :]


def as_text(scene: Scene, actions: Iterable[Action]) -> str:
    """Return a scene and its actions as text for a report."""
    lines = [json.dumps(scene.name), *(f"{agent}" for agent in scene.agents), f"{scene.given}"]
    return "\n".join([*lines, *(f"{action}" for action in actions)])

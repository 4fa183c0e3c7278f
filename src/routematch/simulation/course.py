"""What each conversation is at the moment: its type, its leg, what it asks for, and how much work it brings."""

from __future__ import annotations

from bisect import bisect_right
from math import inf, nan

from attrs import evolve

from routematch.distributions import Distribution
from routematch.model import Attribute, Conversation, all_of, human_only
from routematch.simulation.day import Day
from routematch.simulation.present import Present
from routematch.simulation.scenario import Scenario
from routematch.simulation.staff import Staff
from routematch.simulation.streams import Streams, luck

__all__ = ["COMING", "HELD", "OVER", "WAITING", "Course"]

#: Where a conversation is: not there yet, waiting, with an agent, or gone.
COMING, WAITING, HELD, OVER = range(4)


class Course:
    """All conversations of a run by number, in growing lists: first those of the day, then those that follow from them.

    A *leg* is the time from one wait to the next: 0 at first, one more with each transfer.
    """

    def __init__(self, scenario: Scenario, staff: Staff, day: Day, streams: Streams) -> None:
        self.types, self._staff, self._day, self._streams = scenario.conversation_types, staff, day, streams
        self._start_at = scenario.start_at
        size = len(day.arrived)
        self.arrived, self.deadline = day.arrived.tolist(), day.deadline.tolist()
        self.kind, self.number = day.kind.tolist(), day.number.tolist()
        self.first_kind = list(self.kind)
        self.leg, self.chain = [0] * size, [1] * size
        self.human = [False] * size
        self.follows = [-1] * size
        self.favourite: dict[int, tuple[int, float]] = {}
        self.left_over: dict[int, float] = {}
        self.state = [COMING] * size
        self.started, self.ended, self.holder = [nan] * size, [nan] * size, [-1] * size
        self.handled, self.wrapped, self.resolved = [0.0] * size, [0.0] * size, [nan] * size
        self.refused = [False] * size
        self.transfers = [0] * size
        self._templates: dict[tuple[object, ...], Conversation] = {}
        self._keys: dict[tuple[str, int], int] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.arrived)

    # --- what it asks for ---------------------------------------------------------------------------------------------

    def template(self, conversation: int) -> Conversation:
        """Return a conversation that asks for the same, with arrival at 0; equal ones are the same object."""
        kind, human = self.kind[conversation], self.human[conversation]
        favourite = self.favourite.get(conversation)
        key = (kind, human, favourite)
        known = self._templates.get(key)
        if known is None:
            known = self._templates[key] = self._made(kind, human=human, favourite=favourite)
        return known

    def _made(self, number: int, *, human: bool, favourite: tuple[int, float] | None) -> Conversation:
        kind = self.types[number]
        made = kind.conversation("any", arrived_at=0.0)
        if kind.bot_first:
            only = human_only if human else Attribute("kind", "bot")
            made = evolve(made, requires=all_of(made.requires, only))
        if favourite is not None:
            agent, affinity = self._staff.roster.ids[favourite[0]], favourite[1]
            made = evolve(made, affinity={**made.affinity, agent: made.affinity.get(agent, 0.0) + affinity})
        return made

    def stage(self, steps: tuple[float, ...], conversation: int, now: float) -> int:
        """Return how many steps of relaxation have passed."""
        return bisect_right(steps, now - self.arrived[conversation]) if steps else 0

    # --- work ---------------------------------------------------------------------------------------------------------

    def work(self, conversation: int, agent: int) -> tuple[float, float]:
        """Return handle time and wrap-up of the current leg with an agent, at speed 1."""
        kind, day = self.kind[conversation], self._day
        law = int(self._staff.law_of[kind, agent])
        if not self.leg[conversation] and conversation < len(day.arrived):
            talk, wrap_up = float(day.talk[law, conversation]), float(day.wrap_up[conversation])
        else:
            own = self.types[kind]
            laws = (own.handle_time, *own.handle_time_by_group.values())
            talk = self.draw(laws[law], "handle_time", conversation)
            wrap_up = 0.0 if own.wrap_up is None else self.draw(own.wrap_up, "wrap_up", conversation)
        return self.left_over.pop(conversation, talk), wrap_up

    def luck(self, purpose: str, conversation: int) -> float:
        """Return the conversation's own luck in [0, 1) for a purpose, at its current leg."""
        kind = self.kind[conversation]
        key = self._keys.get((purpose, kind))
        if key is None:
            key = self._keys[purpose, kind] = self._streams.key(purpose, self.types[kind].name)
        return luck(key, self.number[conversation], self.leg[conversation])

    def draw(self, law: Distribution, purpose: str, conversation: int) -> float:
        """Return a time by the conversation's own luck."""
        return float(law.quantile(self.luck(purpose, conversation)))

    def outcome(self, conversation: int) -> float:
        """Return the luck that decides whether it is resolved."""
        if not self.leg[conversation] and conversation < len(self._day.arrived):
            return float(self._day.outcome[conversation])
        return self.luck("outcome", conversation)

    # --- what becomes of it -------------------------------------------------------------------------------------------

    def pass_on(self, conversation: int, kind: int, now: float, *, human: bool) -> None:
        """Begin the next leg: it waits again, with patience of its own."""
        self.leg[conversation] += 1
        self.transfers[conversation] += 1
        self.kind[conversation], self.human[conversation] = kind, human
        patience = self.types[kind].patience
        self.deadline[conversation] = now + (inf if patience is None else self.draw(patience, "patience", conversation))

    def present(self, kind: int, entry: Present, place: int) -> int:
        """Add a conversation that is there at the start; return its number.

        Its patience, or what is left of its handle time, is drawn given that it has lasted so long already.
        """
        new = self._add(kind, (1 << 50) + place, -entry.waited - entry.elapsed)
        own = self.types[kind]
        if entry.agent is None:
            patience = own.patience
            self.deadline[new] += inf if patience is None else self._beyond(patience, "patience", new, entry.waited)
        else:
            agent = self._staff.roster.index[entry.agent]
            laws = (own.handle_time, *own.handle_time_by_group.values())
            law, done = laws[int(self._staff.law_of[kind, agent])], entry.elapsed * float(self._staff.speed[agent])
            self.left_over[new] = max(self._beyond(law, "handle_time", new, done) - done, 0.0)
        return new

    def _beyond(self, law: Distribution, purpose: str, conversation: int, past: float) -> float:
        """Return a time beyond what has passed, by the conversation's own luck."""
        gone = float(law.cdf(past))
        return max(float(law.quantile(min(gone + self.luck(purpose, conversation) * (1.0 - gone), 1.0))), past)

    def follow(self, conversation: int, at: float, favourite: tuple[int, float] | None) -> int:
        """Add a conversation of the same customer and type, coming later; return its number."""
        kind = self.first_kind[conversation]
        new = self._add(kind, self.number[conversation] + (1 << 40), at)
        self.chain[new], self.follows[new] = self.chain[conversation] + 1, conversation
        patience = self.types[kind].patience
        self.deadline[new] += inf if patience is None else self.draw(patience, "patience", new)
        if favourite is not None:
            self.favourite[new] = favourite
        return new

    def _add(self, kind: int, number: int, arrived: float) -> int:
        """Add a conversation that has not been begun; return its number."""
        new = len(self.arrived)
        for counts, count in (
            (self.kind, kind),
            (self.first_kind, kind),
            (self.number, number),
            (self.leg, 0),
            (self.chain, 1),
            (self.follows, -1),
            (self.state, COMING),
            (self.holder, -1),
            (self.transfers, 0),
        ):
            counts.append(count)
        for marks in (self.human, self.refused):
            marks.append(False)
        for times in (self.started, self.ended, self.resolved):
            times.append(nan)
        for amounts in (self.handled, self.wrapped):
            amounts.append(0.0)
        self.arrived.append(arrived)
        self.deadline.append(arrived)
        return new

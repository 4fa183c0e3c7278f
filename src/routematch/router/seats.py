"""What a router knows of one agent: presence, what it holds, what keeps it, when it was last given something."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from attrs import define, field

from routematch.model import Agent
from routematch.model.agents import LABEL_PREFIX
from routematch.model.frozen import FrozenMap
from routematch.router.settings import RouterSettings
from routematch.state import THOUSANDTHS

__all__ = ["FOREVER", "Seat", "WrapUp"]

#: Until somebody says otherwise; finite, so that it can be written.
FOREVER = sys.float_info.max
#: One wrap-up: when it ends (`FOREVER`: when told), the thousandths it keeps, the channel it came from.
WrapUp = tuple[float, int, str]


@define(eq=False)
class Seat:
    """One agent in a router.

    Attributes
    ----------
    agent : Agent
        As the host gave it last; its `load` is work that the router does not know of.
    presence : str or mapping from channel to str
    running : dict from conversation id to int
        Thousandths of a unit each keeps; 0 while it is interrupted.
    offers : dict from offer id to int
        Thousandths each holds.
    wrap_ups : list of WrapUp
    wrap_up_until : float or None
        The whole agent is kept until then; `FOREVER`: until told otherwise.
    paused_until : float or None
        After missed offers.
    missed : int
        Offers in a row that expired.
    idle_since, assigned_at, back_at : float or None
        When it last finished something, was last given something, and came back.
    recent : list of float
        When it was given something, as far back as rate limits look.
    worked : float
        Unit-seconds of work so far.
    """

    agent: Agent
    presence: str | Mapping[str, str]
    running: dict[str, int] = field(factory=dict)
    offers: dict[str, int] = field(factory=dict)
    wrap_ups: list[WrapUp] = field(factory=list)
    wrap_up_until: float | None = None
    paused_until: float | None = None
    missed: int = 0
    idle_since: float | None = None
    assigned_at: float | None = None
    back_at: float | None = None
    recent: list[float] = field(factory=list)
    worked: float = 0.0

    def __attrs_post_init__(self) -> None:
        """Bring what was read from plain data into shape."""
        self.wrap_ups = [(end, units, channel) for end, units, channel in self.wrap_ups]
        self.running, self.offers, self.recent = dict(self.running), dict(self.offers), list(self.recent)
        if isinstance(self.presence, Mapping):
            self.presence = FrozenMap(self.presence)

    @property
    def id(self) -> str:
        """The agent's id."""
        return self.agent.id

    @property
    def foreign(self) -> int:
        """Thousandths of a unit in use by work that the router does not know of."""
        load = self.agent.load
        if not isinstance(load, Mapping):
            return round(load * THOUSANDTHS)
        running = ((c, n) for c, n in load.items() if not c.startswith(LABEL_PREFIX))
        return sum(self.cost(channel) * count for channel, count in running)

    @property
    def used(self) -> int:
        """Thousandths of a unit in use, wrap-up and open offers included."""
        kept = sum(self.running.values()) + sum(self.offers.values()) + sum(units for _, units, _ in self.wrap_ups)
        return kept + self.foreign if self.agent.load else kept

    @property
    def count(self) -> float:
        """Running conversations and open offers, as spreading counts them."""
        load = self.agent.load
        if isinstance(load, Mapping):
            load = float(sum(n for c, n in load.items() if not c.startswith(LABEL_PREFIX)))
        return load + len(self.running) + len(self.offers)

    @property
    def units(self) -> int:
        """Capacity in thousandths of a unit."""
        return round(self.agent.capacity.units * THOUSANDTHS)

    @property
    def least_cost(self) -> int:
        """What the cheapest conversation costs, in thousandths of a unit; channels that are not named cost a unit."""
        return min([THOUSANDTHS, *(round(cost * THOUSANDTHS) for cost in self.agent.capacity.costs.values())])

    def cost(self, channel: str) -> int:
        """Return what a conversation of a channel costs, in thousandths of a unit."""
        return round(self.agent.capacity.cost(channel) * THOUSANDTHS)

    def is_offline(self) -> bool:
        """Whether the agent is offline on every channel."""
        if isinstance(self.presence, str):
            return self.presence == "offline"
        return all(presence == "offline" for presence in self.presence.values())

    def kept_until(self, now: float, settings: RouterSettings) -> float | None:
        """Return until when nothing new may come (`FOREVER`: until told); None when it may come now."""
        ends = [end for end in (self.paused_until, self.wrap_up_until) if end is not None and end > now]
        limited = self.limited_until(now, settings)
        if limited is not None:
            ends.append(limited)
        return max(ends, default=None)

    def limited_until(self, now: float, settings: RouterSettings) -> float | None:
        """Return until when rate limits let nothing more through; None when something may come now."""
        room, until = self.allowance(now, settings)
        return until if room == 0 else None

    def allowance(self, now: float, settings: RouterSettings) -> tuple[int | None, float | None]:
        """Return how many more conversations rate limits allow now (None: any), and when that changes by itself."""
        room: int | None = None
        until: float | None = None
        for count, time, over_at in self._limits(now, settings):
            inside = [at for at in self.recent if at + time > now]
            left = max(count - len(inside), 0)
            if room is None or left <= room:
                room = left
                oldest = min(sorted(inside)[len(inside) - count] + time, over_at) if left == 0 else None
                until = oldest if until is None or oldest is None else max(until, oldest)
        return room, until

    def _limits(self, now: float, settings: RouterSettings) -> list[tuple[int, float, float]]:
        """Return the limits that stand now: how many, within how long, and when the limit itself is over."""
        limits = []
        if settings.rate_limit is not None:
            limits.append((settings.rate_limit.count, settings.rate_limit.time, FOREVER))
        ramp = settings.ramp_in
        if ramp is not None and self.back_at is not None and now < self.back_at + ramp.time:
            limits.append((ramp.count, ramp.every, self.back_at + ramp.time))
        return limits

    def next_boundary(self, now: float, settings: RouterSettings) -> float | None:
        """Return when a shift begins, ends or comes near its end next."""
        margins = {0.0, *settings.shift_margin.values()}
        edges = [shift.starts_at for shift in self.agent.shifts]
        edges += [shift.ends_at - margin for shift in self.agent.shifts for margin in margins]
        return min((edge for edge in edges if edge > now), default=None)

    def note_given(self, at: float, settings: RouterSettings) -> None:
        """Note that the agent was given something."""
        self.assigned_at = at
        spans = [limit.time for limit in (settings.rate_limit,) if limit is not None]
        spans += [ramp.every for ramp in (settings.ramp_in,) if ramp is not None]
        if spans:
            self.recent = [instant for instant in self.recent if instant + max(spans) > at]
            self.recent.append(at)

"""What comes and who is there, as rates: all that a price is made from.

>>> import numpy as np
>>> work = Workload.of(
...     [Kind("billing", "chat", ("billing",), abandonment_rate=1 / 120)],
...     ["ana", "bo"],
...     arrival_rates=[0.01],
...     value=np.array([[0.9, 0.9]]),
...     handle_time=np.array([[180.0, 180.0]]),
... )
>>> [(pool.name, pool.agents, pool.slots) for pool in work.pools]
[('pool-1', ('ana', 'bo'), 2)]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.model import Requirement
from routematch.model.checks import as_names, check_name, check_number
from routematch.model.requirements import walk
from routematch.prices.pools import pools_of
from routematch.state import RequestClass
from routematch.theory import SkillSystem

__all__ = ["Kind", "Team", "Workload", "kind_key"]

#: Patience assumed where customers never give up, in seconds: a price needs queues that end.
_LONGEST_PATIENCE = 3600.0


def _as_sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(as_names(names)))


@frozen
class Kind:
    """A type of conversation as a price sees it: those of one channel that ask for the same skills.

    Attributes
    ----------
    name, channel : str
    skills : tuple of str
        Sorted; levels do not matter here.
    abandonment_rate : float
        One over the mean patience, per second; 0 where nobody gives up.
    abandonment_cost : float
        What a customer who gives up costs, in policy units.
    holding_cost : float
        Policy units per second of waiting.
    """

    name: str
    channel: str = "chat"
    skills: tuple[str, ...] = field(default=(), converter=_as_sorted)
    abandonment_rate: float = field(default=0.0, kw_only=True)
    abandonment_cost: float = field(default=0.0, kw_only=True)
    holding_cost: float = field(default=0.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "name", self.name)
        for name in ("abandonment_rate", "abandonment_cost", "holding_cost"):
            object.__setattr__(self, name, check_number(faults, name, getattr(self, name), at_least=0))
        faults.raise_if_any()

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What conversations of the type are recognised by."""
        return self.channel, self.skills


def kind_key(request: RequestClass) -> tuple[str, tuple[str, ...]]:
    """Return what tells the type of a request: its channel and the skills it asks for by now."""
    skills = {part.skill for part in walk(request.requires) if isinstance(part, Requirement)}
    return request.channel, tuple(sorted(skills))


@frozen
class Team:
    """A pool of agents.

    Attributes
    ----------
    name : str
    agents : tuple of str
        Ids.
    slots : int
        Conversations they can have at once.
    """

    name: str
    agents: tuple[str, ...] = field(converter=as_names)
    slots: int


@frozen(eq=False)
class Workload:
    """Rates by type and pool. Make one with `Workload.of`.

    Attributes
    ----------
    kinds : tuple of Kind
    pools : tuple of Team
    arrival_rates : ndarray of float64, shape (I,)
        Per second.
    value : ndarray of float64, shape (I, J)
        Mean value of a pair in policy units; 0 where the pool may not take the type.
    handle_time : ndarray of float64, shape (I, J)
        Mean seconds; infinity where the pool may not take the type.
    """

    kinds: tuple[Kind, ...]
    pools: tuple[Team, ...]
    arrival_rates: NDArray[np.float64]
    value: NDArray[np.float64]
    handle_time: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        kinds: Sequence[Kind],
        agents: Sequence[str],
        *,
        arrival_rates: Sequence[float] | NDArray[np.float64],
        value: NDArray[np.float64],
        handle_time: NDArray[np.float64],
        slots: Sequence[int] | None = None,
        pool_size: int = 8,
    ) -> Workload:
        """Put agents into pools and average what they do.

        Parameters
        ----------
        kinds : sequence of Kind, length I
            Those with the same channel and skills count as one.
        agents : sequence of str, length A
        arrival_rates : sequence of float, length I
            Per second.
        value, handle_time : ndarray of float64, shape (I, A)
            Policy units and seconds; NaN where the agent may not take the type.
        slots : sequence of int, optional
            Conversations each agent can have at once; 1 where left out.
        pool_size : int
            Fewest agents of a pool where that is possible.

        Returns
        -------
        Workload

        Raises
        ------
        InvalidInputError
            Listing what does not fit together.
        """
        faults = Faults()
        rates = np.array(arrival_rates, np.float64)
        shape = (len(kinds), len(agents))
        for name, given in (("value", value), ("handle_time", handle_time)):
            if np.shape(given) != shape:
                faults.add(f"must have shape {shape}", place=name, given=np.shape(given))
        if rates.shape != shape[:1] or not (rates >= 0).all() or not np.isfinite(rates).all():
            faults.add(f"must be {shape[0]} rates of at least 0", place="arrival_rates")
        faults.raise_if_any()
        may = ~np.isnan(value) & (handle_time > 0)
        value, handle_time = np.where(may, value, np.nan), np.where(may, handle_time, np.nan)
        kinds, rates, value, handle_time = _merged(kinds, rates, value, handle_time)
        room = np.ones(len(agents), np.int64) if slots is None else np.array(slots, np.int64)
        members = [pool[room[pool] > 0] for pool in pools_of(value, handle_time, size=pool_size)]
        members = [pool for pool in members if len(pool)]
        digits = len(str(len(members)))
        pools = tuple(
            Team(f"pool-{number:0{digits}d}", tuple(agents[a] for a in pool), int(room[pool].sum()))
            for number, pool in enumerate(members, 1)
        )
        shape = (len(kinds), len(members))
        means = np.array([_means(value[:, pool]) for pool in members]).reshape(shape[::-1]).T
        times = np.array([_means(handle_time[:, pool]) for pool in members]).reshape(shape[::-1]).T
        return cls(tuple(kinds), pools, rates, np.nan_to_num(means), np.where(np.isnan(times), np.inf, times))

    @property
    def abandonment_rates(self) -> NDArray[np.float64]:
        """Per second and type; where customers never give up, that of an hour's mean patience is assumed."""
        return np.array([kind.abandonment_rate or 1.0 / _LONGEST_PATIENCE for kind in self.kinds])

    @property
    def abandonment_costs(self) -> NDArray[np.float64]:
        """Policy units by type."""
        return np.array([kind.abandonment_cost for kind in self.kinds])

    @property
    def holding_costs(self) -> NDArray[np.float64]:
        """Policy units per second by type."""
        return np.array([kind.holding_cost for kind in self.kinds])

    @property
    def slots(self) -> NDArray[np.int64]:
        """Conversations that each pool can have at once, shape (J,)."""
        return np.array([pool.slots for pool in self.pools], np.int64)

    @property
    def service_rates(self) -> NDArray[np.float64]:
        """Of one slot, per second, shape (I, J); 0 where the pool may not take the type."""
        return 1.0 / self.handle_time

    @property
    def system(self) -> SkillSystem:
        """The same for exact chains, optimum and fluid bound."""
        return SkillSystem(
            tuple(self.arrival_rates.tolist()),
            tuple(tuple(row) for row in self.service_rates.tolist()),
            tuple(self.slots.tolist()),
            tuple(self.abandonment_rates.tolist()),
        )

    @property
    def nobody_served(self) -> float:
        """Value per second if everybody gives up, at most 0: the zero of the scale on which policies are compared."""
        lost = self.abandonment_costs + self.holding_costs / self.abandonment_rates
        return -float(self.arrival_rates @ lost)


def _merged(
    kinds: Sequence[Kind], rates: NDArray[np.float64], value: NDArray[np.float64], handle_time: NDArray[np.float64]
) -> tuple[Sequence[Kind], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Count types that cannot be told apart as one: rates add up, the first says the rest."""
    first: dict[object, int] = {}
    into = [first.setdefault(kind.key, len(first)) for kind in kinds]
    if len(first) == len(kinds):
        return kinds, rates, value, handle_time
    chosen = [into.index(number) for number in range(len(first))]
    together: NDArray[np.float64] = np.bincount(into, weights=rates, minlength=len(first)).astype(np.float64)
    return [kinds[at] for at in chosen], together, value[chosen], handle_time[chosen]


def _means(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over agents of whom something is known; NaN where there is none."""
    known = ~np.isnan(columns)
    with np.errstate(invalid="ignore"):
        means: NDArray[np.float64] = np.where(known, columns, 0.0).sum(axis=1) / known.sum(axis=1)
    return means

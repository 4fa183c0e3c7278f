"""What agents did when: one row for each stretch of time in which nothing changed for an agent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.state.category import NO_WORD
from routematch.state.columns import column
from routematch.state.ledger_columns import Numbers, codes, fault_rows, numbers

__all__ = ["STATES", "AgentIntervals"]

#: Words behind the codes of `AgentIntervals.state`. An agent who is not signed in has no interval.
STATES = ("free", "busy", "wrap_up", "away")

#: Overlaps up to this many seconds are rounding.
_ROUNDING = 1e-6


@frozen(eq=False)
class AgentIntervals:
    """Stretches of time, one agent and one state each. Make one with `AgentIntervals.of`. Arrays are read-only.

    Attributes
    ----------
    agent : ndarray of int32, shape (I,)
        Codes into the agent names of the ledger.
    agent_group : ndarray of int32, shape (I,)
        Codes into the agent group names of the ledger, -1 unknown.
    state : ndarray of uint8, shape (I,)
        Codes into `STATES`.
    start_at, end_at : ndarray of float64, shape (I,)
    load : ndarray of float32, shape (I,)
        Units in use.
    capacity : ndarray of float32, shape (I,)
        Units there are; NaN unknown.
    """

    agent: NDArray[np.int32]
    agent_group: NDArray[np.int32]
    state: NDArray[np.uint8]
    start_at: NDArray[np.float64]
    end_at: NDArray[np.float64]
    load: NDArray[np.float32]
    capacity: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        *,
        agent: Sequence[int] | NDArray[np.integer],
        state: Sequence[str] | NDArray[np.integer],
        start_at: Numbers,
        end_at: Numbers,
        load: Numbers | None = None,
        capacity: Numbers | None = None,
        agent_group: Sequence[int] | NDArray[np.integer] | None = None,
    ) -> AgentIntervals:
        """Check the columns and put them together.

        Parameters
        ----------
        agent, agent_group : sequence of int
            Codes into the names of the ledger.
        state : sequence of str, or array of codes
            Of `STATES`.
        start_at, end_at : sequence of float
        load, capacity : sequence of float, optional
            Load is 1 while busy or in wrap-up and else 0 where it is left out; capacity is unknown.

        Returns
        -------
        AgentIntervals

        Raises
        ------
        InvalidInputError
            Listing wrong lengths, negative spans, unknown states, and intervals of one agent that overlap.
        """
        faults = Faults()
        start = numbers(faults, "start_at", start_at, None, np.float64)
        size = len(start)
        states = codes(faults, "state", state, size, dtype=np.uint8, names=STATES)
        made = cls(
            agent=codes(faults, "agent", agent, size),
            agent_group=codes(faults, "agent_group", agent_group, size),
            state=states,
            start_at=start,
            end_at=numbers(faults, "end_at", end_at, size, np.float64),
            load=usual_load(states) if load is None else numbers(faults, "load", load, size, np.float32),
            capacity=numbers(faults, "capacity", capacity, size, np.float32),
        )
        if not faults:
            check_intervals(made, faults)
        faults.raise_if_any()
        return made

    def __len__(self) -> int:
        """Return the number of intervals."""
        return len(self.start_at)


def usual_load(state: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return one unit where an agent works, else none."""
    return column(np.isin(state, (STATES.index("busy"), STATES.index("wrap_up"))), np.float32)


def check_intervals(made: AgentIntervals, faults: Faults) -> None:
    """Add what is wrong with the intervals."""
    fault_rows(faults, "agent", made.agent <= NO_WORD, "must be the code of an agent")
    fault_rows(faults, "start_at", ~np.isfinite(made.start_at), "must be a finite instant")
    fault_rows(faults, "end_at", ~(made.end_at >= made.start_at), "must not be before start_at")
    fault_rows(faults, "end_at", ~np.isfinite(made.end_at), "must be a finite instant")
    fault_rows(faults, "load", ~(made.load >= 0), "must be at least 0")
    fault_rows(faults, "capacity", made.capacity < 0, "must be at least 0")
    order = np.lexsort((made.start_at, made.agent))
    same = made.agent[order[1:]] == made.agent[order[:-1]]
    overlaps = np.zeros(len(made), bool)
    overlaps[order[1:]] = same & (made.start_at[order[1:]] < made.end_at[order[:-1]] - _ROUNDING)
    fault_rows(faults, "start_at", overlaps, "must not be before the end of the agent's last interval")

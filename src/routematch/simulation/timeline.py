"""What agents did when, kept on request: one entry for each stretch in which nothing changed for an agent."""

from __future__ import annotations

import numpy as np

from routematch.simulation.staff import Staff
from routematch.state import THOUSANDTHS
from routematch.state.ledger import AgentIntervals

__all__ = ["BUSY", "FREE", "GONE", "WRAPPING", "Timeline"]

FREE, BUSY, WRAPPING, GONE = 0, 1, 2, -1


class Timeline:
    """Stretches of all agents, gathered while a run goes on."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff
        self._now: list[tuple[float, int, float]] = [(0.0, GONE, 0.0)] * len(staff.roster)
        self._rows: list[tuple[int, int, float, float, float]] = []

    def mark(self, agent: int, now: float, state: int, load: float) -> None:
        """Note what an agent does from now on."""
        since, before, carried = self._now[agent]
        if (before, carried) == (state, load):
            return
        if before != GONE and now > since:
            self._rows.append((agent, before, since, now, carried))
        self._now[agent] = now, state, load

    def intervals(self, start_at: float, horizon: float) -> AgentIntervals:
        """Return all stretches, open ones closed at the horizon, in POSIX seconds."""
        for agent, (since, _, _) in enumerate(self._now):
            self.mark(agent, max(horizon, since), GONE, 0.0)
        columns = np.array(sorted(self._rows, key=lambda row: (row[0], row[2]))).reshape(-1, 5)
        who = columns[:, 0].astype(np.int32)
        units = self._staff.roster.units / THOUSANDTHS
        return AgentIntervals.of(
            agent=who,
            agent_group=self._staff.group_of[who],
            state=columns[:, 1].astype(np.uint8),
            start_at=start_at + columns[:, 2],
            end_at=start_at + columns[:, 3],
            load=columns[:, 4],
            capacity=units[who],
        )

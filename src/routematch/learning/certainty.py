"""How sure an estimate is: intervals of what is believed about an agent at a skill.

>>> from routematch.model import Estimates
>>> from routematch.model.evidence import Cell, Evidence
>>> billing = Cell(0.7, 20.0, count=100.0, total=80.0)
>>> known = Estimates(evidence={"success": Evidence("probability", cells={"ana": {"billing": billing}})})
>>> found = interval(known, "ana", "billing")
>>> f"{found.mean:.3f}, with 90 % between {found.low:.3f} and {found.high:.3f}"
'0.783, with 90 % between 0.719 and 0.842'
"""

from __future__ import annotations

import math

from routematch.errors import Faults
from routematch.model import Estimates, Interval
from routematch.model.checks import check_number
from routematch.model.estimates import TABLES
from routematch.model.evidence import Cell, Evidence

__all__ = ["interval", "shape_of"]


def interval(estimates: Estimates, agent: str, skill: str, *, table: str = "success", level: float = 0.9) -> Interval:
    """Return a mean with the interval that holds the true one with a stated probability.

    Parameters
    ----------
    estimates : Estimates
    agent : str
        ``"*"`` is an agent of whom nothing is known.
    skill : str
    table : str
        ``"success"``, ``"handle_time"`` or ``"satisfaction"``.
    level : float
        Between 0 and 1.

    Returns
    -------
    Interval
        In the units of the table: probability, seconds, or share.

    Raises
    ------
    UnknownNameError
        When there is no such table, or history says nothing about the skill.
    """
    from scipy.special import betaincinv, ndtri

    faults = Faults()
    check_number(faults, "level", level, at_least=0, at_most=1)
    if table not in TABLES:
        faults.unknown(table, known=TABLES, place="table")
    evidence = estimates.evidence.get(table)
    cell = evidence.cell(agent, skill) if evidence is not None else None
    if evidence is None or cell is None:
        known = {} if evidence is None else {*evidence.skills, *evidence.cells.get(agent, {})}
        faults.unknown(skill, known=known, place="skill")
    faults.raise_if_any()
    assert evidence is not None
    assert cell is not None
    mean, tail = evidence.mean_of(cell, skill), (1.0 - level) / 2.0
    if evidence.scale == "probability":
        yes, no = shape_of(cell)
        return Interval(mean, float(betaincinv(yes, no, tail)), float(betaincinv(yes, no, 1.0 - tail)))
    reach = -float(ndtri(tail)) * evidence.deviation_of(cell, skill)
    return Interval(mean, _moved(evidence, cell, skill, -reach), _moved(evidence, cell, skill, reach))


def shape_of(cell: Cell) -> tuple[float, float]:
    """Return the two parameters of the Beta law that is believed of a probability."""
    mean = min(max(cell.mean, 1e-9), 1.0 - 1e-9)
    return mean * cell.weight, (1.0 - mean) * cell.weight


def _moved(evidence: Evidence, cell: Cell, skill: str, by: float) -> float:
    """Return what the mean would be at some distance, in the units of the table."""
    if evidence.scale == "log_time":
        noise = evidence.skills[skill].noise if skill in evidence.skills else 0.0
        return math.exp(min(cell.mean + by + noise / 2.0, 34.0))
    return min(max(cell.mean + by, 0.0), 1.0)

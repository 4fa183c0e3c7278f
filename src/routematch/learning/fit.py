"""From past conversations to estimates, in one call.

>>> from routematch.model import Outcome
>>> good = [Outcome(f"a{i}", "ana", resolved=i % 10 > 0, skills=("billing",)) for i in range(60)]
>>> poor = [Outcome(f"b{i}", "bo", resolved=i % 10 > 5, skills=("billing",)) for i in range(60)]
>>> estimates = fit(good + poor)
>>> {agent: round(row["billing"].mean, 2) for agent, row in estimates.success.items()}
{'*': 0.65, 'ana': 0.9, 'bo': 0.41}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from attrs import evolve

from routematch.learning.affinity import Affinity
from routematch.learning.arrivals import Arrivals
from routematch.learning.experience import DAY, Experience
from routematch.learning.hang_ups import HangUps
from routematch.learning.learner import Learner
from routematch.learning.patience import Patience
from routematch.learning.tables import HandleTime, Satisfaction, Success
from routematch.model import Estimates, Outcome
from routematch.state import History, Ledger

__all__ = ["LEARNERS", "fit", "fit_experience"]

#: Every learner by name, in the order in which they learn: later ones look at what earlier ones found.
LEARNERS: dict[str, type[Learner]] = {
    learner.name: learner for learner in (HangUps, Success, HandleTime, Satisfaction, Affinity, Patience, Arrivals)
}


def fit(
    history: Ledger | History | Iterable[Outcome] | object,
    *,
    start: Estimates | None = None,
    learners: Sequence[Learner] | None = None,
    skills: Mapping[str, Sequence[str]] | None = None,
    repeat_time: float = 7 * DAY,
    on_progress: Callable[[int, int], None] | None = None,
) -> Estimates:
    """Learn from past conversations.

    Parameters
    ----------
    history : Ledger, History, iterable of Outcome, or a table
        A table (pandas, polars, Arrow, columns or rows) is read as `state.read_history` does, with its defaults; a
        file is opened with `importers.open_history`.
    start : Estimates, optional
        What is known already: its evidence is added to, its hang-up times are kept, and priors are fitted again.
        ``fit((), start=estimates)`` fits again what came in by `Estimates.update`.
    learners : sequence of Learner, optional
        What to learn, in this order; None: every member of `LEARNERS` with its defaults.
    skills : mapping from conversation type to skills, optional
        What conversations of a type ask for; a type that is not named is a skill itself.
    repeat_time : float
        Seconds within which a conversation that repeats another says that the other did not help.
    on_progress : callable, optional
        Called with the number of learners that are done and the number of all.

    Returns
    -------
    Estimates
        The same for the same outcomes in any order; linear in their number.

    Raises
    ------
    InvalidInputError
        When the history holds something else.
    """
    seen = Experience.of(history, skills=skills, repeat_time=repeat_time)
    chosen = [make() for make in LEARNERS.values()] if learners is None else list(learners)
    return fit_experience(seen, chosen, start or Estimates(), on_progress)


def fit_experience(
    seen: Experience,
    learners: Sequence[Learner],
    known: Estimates,
    on_progress: Callable[[int, int], None] | None = None,
) -> Estimates:
    """Let learners learn, one after the other; as `fit`, from columns."""
    for done, learner in enumerate(learners):
        if on_progress is not None:
            on_progress(done, len(learners))
        known = learner.learn(seen, known)
    if on_progress is not None:
        on_progress(len(learners), len(learners))
    if np.isnan(seen.at).all():
        return known
    latest = float(np.nanmax(seen.at))
    return evolve(known, known_until=latest if known.known_until is None else max(latest, known.known_until))

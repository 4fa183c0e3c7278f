"""How good what was learned is at telling the future, beside guesses that need no learning.

The later part of a history is predicted from the earlier part, and each prediction is scored by what happened: by the
logarithm of the probability given to it, and by the squared distance (Gneiting and Raftery, 2007, Strictly proper
scoring rules, prediction, and estimation). Both are smallest, on average, for who tells the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from attrs import field, frozen

from routematch.errors import Faults
from routematch.learning.experience import DAY, Codes, Experience, Floats
from routematch.learning.fit import fit_experience
from routematch.learning.gather import summed
from routematch.learning.learner import Learner
from routematch.learning.tables import Success
from routematch.model import Estimates, Interval, Outcome
from routematch.model.checks import as_map, check_number
from routematch.state import History, Ledger

__all__ = ["Calibration", "Scores", "predict", "score"]

#: What is compared: the learned chance, one mean for all, the mean of each skill, the mean of each agent.
GUESSES = ("learned", "one mean for all", "mean of the skill", "mean of the agent")
_STEPS = 10
_Z = 1.6448536269514722


@frozen
class Calibration:
    """Predictions of about the same size, and what happened.

    Attributes
    ----------
    predicted, happened : float
        Mean prediction and share that was resolved.
    count : int
    """

    predicted: float
    happened: float
    count: int


@frozen
class Scores:
    """Predictions of later conversations, scored; smaller is better.

    Attributes
    ----------
    count : int
        Conversations that were predicted.
    log_loss, brier : mapping from guess to float
        Means over the conversations.
    log_loss_gain, brier_gain : mapping from guess to Interval
        How much smaller the loss of what was learned is, with 90 % intervals over conversations.
    calibration : tuple of Calibration
        Of what was learned, in tenths of the conversations, by rising prediction.
    has_signal : bool
        Whether agents were found to differ in the earlier part.
    """

    count: int
    log_loss: Mapping[str, float] = field(converter=as_map)
    brier: Mapping[str, float] = field(converter=as_map)
    log_loss_gain: Mapping[str, Interval] = field(converter=as_map)
    brier_gain: Mapping[str, Interval] = field(converter=as_map)
    calibration: tuple[Calibration, ...]
    has_signal: bool

    @property
    def is_better(self) -> bool:
        """Whether agents were found to differ, and knowing it beats every guess, by both scores, beyond chance."""
        gains = [*self.log_loss_gain.values(), *self.brier_gain.values()]
        return self.has_signal and all(gain.low > 0 for gain in gains)

    def __str__(self) -> str:
        """Return the scores as a table."""
        signal = "agents were found to differ" if self.has_signal else "agents were not found to differ"
        lines = [f"{self.count} later conversations; {signal} in the earlier ones"]
        lines.append(f"  {'':<20}{'log-loss':>10}{'learned gains':>31}{'Brier':>10}{'learned gains':>31}")
        for name in self.log_loss:
            row = f"  {name:<20}{self.log_loss[name]:>10.4f}{_shown(self.log_loss_gain.get(name)):>31}"
            lines.append(f"{row}{self.brier[name]:>10.4f}{_shown(self.brier_gain.get(name)):>31}".rstrip())
        pairs = ", ".join(f"{step.predicted:.2f}: {step.happened:.2f}" for step in self.calibration)
        return "\n".join([*lines, f"  predicted: happened  {pairs}"])


def _shown(gain: Interval | None) -> str:
    return "" if gain is None else f"{gain.mean:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"


def score(
    history: Ledger | History | Iterable[Outcome] | object,
    *,
    later: float = 0.3,
    learner: Learner | None = None,
    skills: Mapping[str, Sequence[str]] | None = None,
    repeat_time: float = 7 * DAY,
) -> Scores:
    """Learn from the earlier part of a history and score predictions of the later part.

    Parameters
    ----------
    history, skills, repeat_time
        As for `fit`.
    later : float
        Share of the conversations that is predicted; between 0 and 1. Where instants are unknown, the order given is
        taken as the order of time.
    learner : Learner, optional
        Of success; None: `Success()`.

    Returns
    -------
    Scores

    Raises
    ------
    InvalidInputError
        When either part holds no conversation of which it is known whether it was resolved.
    """
    faults = Faults()
    check_number(faults, "later", later, above=0, at_most=0.99)
    faults.raise_if_any()
    seen = Experience.of(history, skills=skills, repeat_time=repeat_time)
    earlier, rest = seen.select(~np.isnan(seen.success)).split(later)
    if not len(earlier) or not len(rest):
        faults.add("must tell of earlier and later conversations whether they were resolved", place="history")
        faults.raise_if_any()
    known = fit_experience(earlier, [Success() if learner is None else learner], Estimates())
    guesses = {GUESSES[0]: predict(known, rest), **_means(earlier, rest)}
    return _scored(guesses, rest.success, has_signal=known.evidence["success"].has_signal)


def predict(estimates: Estimates, experience: Experience) -> Floats:
    """Return the chance of success of each conversation at the agent who took it, shape (N,): its weakest skill counts.

    Where agents were not found to differ, it is that of the skill; where nothing is known, one half.
    """
    evidence = estimates.evidence.get("success")
    table = np.full((len(experience.agents), len(experience.skills)), 0.5)
    if evidence is not None:
        for s, skill in enumerate(experience.skills):
            prior = evidence.skills.get(skill) or evidence.skills.get("*")
            for a, agent in enumerate(experience.agents):
                cell = evidence.cell(agent, skill) if evidence.has_signal else None
                table[a, s] = cell.mean if cell is not None else 0.5 if prior is None else prior.mean
    chance = np.ones(len(experience))
    np.minimum.at(chance, experience.row, table[experience.agent[experience.row], experience.skill])
    return chance


def _means(earlier: Experience, later: Experience) -> dict[str, Floats]:
    """Return what simple means of the earlier part say of the later one."""
    first = np.zeros(len(later), np.intp), np.zeros(len(earlier), np.intp)
    first[0][later.row[::-1]], first[1][earlier.row[::-1]] = later.skill[::-1], earlier.skill[::-1]
    nobody = np.zeros(len(earlier), np.intp)
    return {
        GUESSES[1]: _mean_by(nobody, earlier.success, 1)[np.zeros(len(later), np.intp)],
        GUESSES[2]: _mean_by(first[1], earlier.success, len(earlier.skills))[first[0]],
        GUESSES[3]: _mean_by(earlier.agent, earlier.success, len(earlier.agents))[later.agent],
    }


def _mean_by(group: Codes, success: Floats, size: int) -> Floats:
    """Return the share that was resolved by group, with half a success and half a failure added."""
    return (summed(group, success, size) + 0.5) / (np.bincount(group, minlength=size) + 1.0)


def _scored(guesses: Mapping[str, Floats], success: Floats, *, has_signal: bool) -> Scores:
    log_loss, brier = {}, {}
    for name, guess in guesses.items():
        chance = np.clip(guess, 1e-6, 1.0 - 1e-6)
        log_loss[name] = -(success * np.log(chance) + (1.0 - success) * np.log1p(-chance))
        brier[name] = (success - chance) ** 2
    learned = guesses[GUESSES[0]]
    order = np.argsort(learned, kind="stable")
    parts = [part for part in np.array_split(order, _STEPS) if len(part)]
    return Scores(
        count=len(success),
        log_loss={name: float(loss.mean()) for name, loss in log_loss.items()},
        brier={name: float(loss.mean()) for name, loss in brier.items()},
        log_loss_gain=_gains(log_loss),
        brier_gain=_gains(brier),
        calibration=tuple(
            Calibration(float(learned[part].mean()), float(success[part].mean()), len(part)) for part in parts
        ),
        has_signal=has_signal,
    )


def _gains(losses: Mapping[str, Floats]) -> dict[str, Interval]:
    own = losses[GUESSES[0]]
    found = {}
    for name in GUESSES[1:]:
        gain = losses[name] - own
        mean, error = float(gain.mean()), float(gain.std() / np.sqrt(len(gain)))
        found[name] = Interval(mean, mean - _Z * error, mean + _Z * error)
    return found

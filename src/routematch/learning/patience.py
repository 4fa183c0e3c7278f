"""How long customers wait before they give up, from those who did and those who were answered first.

Whoever was answered would have waited longer, nobody knows how long; averages over those who gave up, or over those
who waited to the end, are both too short. Hazards count giving up over all time spent waiting, and the share of those
still waiting is Kaplan and Meier's (1958, Nonparametric estimation from incomplete observations).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from routematch.errors import Faults
from routematch.learning.experience import Experience, Floats
from routematch.model import Estimates
from routematch.model.checks import check_number
from routematch.model.evidence import EVERYTHING
from routematch.model.frozen import FrozenMap
from routematch.model.learned import PatienceEstimate

__all__ = ["Patience"]

_NO_WAIT = 1e-3


@frozen
class Patience:
    """Hazards of giving up, constant on steps that hold equally many who gave up.

    Attributes
    ----------
    steps : int
        At most so many.
    least : int
        A type of which fewer gave up is judged with all others only.
    """

    name: ClassVar[str] = "patience"
    steps: int = field(default=8, kw_only=True)
    least: int = field(default=30, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parameters."""
        faults = Faults()
        check_number(faults, "steps", self.steps, at_least=1)
        check_number(faults, "least", self.least, at_least=1)
        faults.raise_if_any()

    def learn(self, history: Experience, known: Estimates) -> Estimates:
        """Return `known` with the patience of a ledger's customers, in place of what was known of them."""
        waits = history.waits
        if waits is None or not waits.gave_up.any():
            return known
        found = {EVERYTHING: self._estimate(waits.waited, waits.gave_up)}
        for code, kind in enumerate(waits.kinds):
            those = waits.kind == code
            if kind != EVERYTHING and waits.gave_up[those].sum() >= self.least:
                found[kind] = self._estimate(waits.waited[those], waits.gave_up[those])
        return evolve(known, patience=FrozenMap({**known.patience, **found}))

    def _estimate(self, waited: Floats, gave_up: NDArray[np.bool_]) -> PatienceEstimate:
        from scipy.special import gammaincinv

        steps = int(min(self.steps, max(gave_up.sum() // 10, 1)))
        cuts = np.quantile(waited[gave_up], np.arange(1, steps) / steps) if steps > 1 else np.empty(0)
        starts = np.unique(np.concatenate([[0.0], cuts[cuts > _NO_WAIT]]))
        ends = np.append(starts[1:], np.inf)
        exposure = np.clip(waited[:, None] - starts, 0.0, ends - starts).sum(axis=0)
        step = np.searchsorted(starts, waited[gave_up], side="right") - 1
        events = np.bincount(step, minlength=len(starts)).astype(np.float64)
        exposure = np.maximum(exposure, _NO_WAIT)
        low = gammaincinv(np.maximum(events, 1e-9), 0.05) / exposure
        high = gammaincinv(events + 1.0, 0.95) / exposure
        return PatienceEstimate(
            starts=tuple(starts.tolist()),
            hazards=tuple((events / exposure).tolist()),
            low=tuple(low.tolist()),
            high=tuple(high.tolist()),
            surviving=tuple(_surviving(waited, gave_up, starts).tolist()),
            given_up=float(gave_up.sum()),
            answered=float((~gave_up).sum()),
        )


def _surviving(waited: Floats, gave_up: NDArray[np.bool_], at: Floats) -> Floats:
    """Return the share whose patience reaches some instants, shape of `at`, after Kaplan and Meier."""
    from scipy.stats import CensoredData, ecdf

    curve = ecdf(CensoredData.right_censored(waited, ~gave_up)).sf
    position = np.searchsorted(curve.quantiles, at, side="left") - 1
    return np.where(position >= 0, curve.probabilities[np.maximum(position, 0)], 1.0)

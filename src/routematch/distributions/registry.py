"""The members of both families by name. A new one is one file here and one line below."""

from __future__ import annotations

from routematch.distributions.batches import BatchArrivals
from routematch.distributions.deterministic import Deterministic
from routematch.distributions.doubly_stochastic import DoublyStochasticArrivals
from routematch.distributions.empirical import Empirical
from routematch.distributions.erlang import Erlang
from routematch.distributions.exponential import Exponential
from routematch.distributions.gamma import Gamma
from routematch.distributions.histogram import Histogram
from routematch.distributions.hyperexponential import Hyperexponential
from routematch.distributions.log_normal import LogNormal
from routematch.distributions.mixture import Mixture
from routematch.distributions.never import Never
from routematch.distributions.piecewise_hazard import PiecewiseHazard
from routematch.distributions.poisson import PoissonArrivals
from routematch.distributions.recorded import RecordedArrivals
from routematch.distributions.shifted import Shifted
from routematch.distributions.truncated import Truncated
from routematch.distributions.uniform import Uniform
from routematch.distributions.varying import VaryingArrivals
from routematch.distributions.weibull import Weibull

__all__ = ["ARRIVAL_PROCESSES", "DISTRIBUTIONS"]

#: Every law by name, in the order of tables.
DISTRIBUTIONS = {
    law.name: law
    for law in (
        Exponential,
        LogNormal,
        Gamma,
        Weibull,
        Erlang,
        Hyperexponential,
        Deterministic,
        Uniform,
        Empirical,
        Histogram,
        PiecewiseHazard,
        Never,
        Mixture,
        Shifted,
        Truncated,
    )
}

#: Every arrival process by name, in the order of tables.
ARRIVAL_PROCESSES = {
    process.name: process
    for process in (PoissonArrivals, VaryingArrivals, DoublyStochasticArrivals, BatchArrivals, RecordedArrivals)
}

"""Laws of durations and arrival processes: drawn by seed, inverted by luck, written in files by name.

Useful alone; knows nothing of agents and conversations. Times are seconds, rates per second.

>>> law = law_from_data({"law": "log_normal", "mean": 300, "cv": 1.2})
>>> round(law.mean), round(float(law.quantile(0.9)))
(300, 644)
"""

from routematch.distributions.arrival_process import ArrivalProcess
from routematch.distributions.batches import BatchArrivals
from routematch.distributions.deterministic import Deterministic
from routematch.distributions.distribution import Distribution
from routematch.distributions.doubly_stochastic import DoublyStochasticArrivals
from routematch.distributions.empirical import Empirical
from routematch.distributions.erlang import Erlang
from routematch.distributions.exponential import Exponential
from routematch.distributions.files import arrivals_from_data, law_from_data, to_data
from routematch.distributions.gamma import Gamma
from routematch.distributions.histogram import Histogram
from routematch.distributions.hyperexponential import Hyperexponential
from routematch.distributions.log_normal import LogNormal
from routematch.distributions.mixture import Mixture
from routematch.distributions.never import Never
from routematch.distributions.piecewise_hazard import PiecewiseHazard
from routematch.distributions.poisson import PoissonArrivals
from routematch.distributions.recorded import RecordedArrivals
from routematch.distributions.registry import ARRIVAL_PROCESSES, DISTRIBUTIONS
from routematch.distributions.shifted import Shifted
from routematch.distributions.truncated import Truncated
from routematch.distributions.uniform import Uniform
from routematch.distributions.varying import VaryingArrivals
from routematch.distributions.weibull import Weibull

__all__ = [
    "ARRIVAL_PROCESSES",
    "DISTRIBUTIONS",
    "ArrivalProcess",
    "BatchArrivals",
    "Deterministic",
    "Distribution",
    "DoublyStochasticArrivals",
    "Empirical",
    "Erlang",
    "Exponential",
    "Gamma",
    "Histogram",
    "Hyperexponential",
    "LogNormal",
    "Mixture",
    "Never",
    "PiecewiseHazard",
    "PoissonArrivals",
    "RecordedArrivals",
    "Shifted",
    "Truncated",
    "Uniform",
    "VaryingArrivals",
    "Weibull",
    "arrivals_from_data",
    "law_from_data",
    "to_data",
]

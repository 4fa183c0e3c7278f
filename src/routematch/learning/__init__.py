"""Learning turns past conversations into `Estimates`. A new learner is one file here and one line in `LEARNERS`."""

from routematch.learning.affinity import Affinity
from routematch.learning.arrivals import Arrivals
from routematch.learning.certainty import interval
from routematch.learning.experience import Experience
from routematch.learning.exploration import propensities, thompson, upper_confidence
from routematch.learning.files import ESTIMATES_SCHEMA, dumps, fingerprint, loads
from routematch.learning.fit import LEARNERS, fit
from routematch.learning.hang_ups import HangUps
from routematch.learning.learner import Learner
from routematch.learning.off_policy import LoggedChoices, OffPolicyValue, off_policy_value
from routematch.learning.overview import Overview
from routematch.learning.patience import Patience
from routematch.learning.scores import Scores, predict, score
from routematch.learning.tables import HandleTime, Satisfaction, Success

__all__ = [
    "ESTIMATES_SCHEMA",
    "LEARNERS",
    "Affinity",
    "Arrivals",
    "Experience",
    "HandleTime",
    "HangUps",
    "Learner",
    "LoggedChoices",
    "OffPolicyValue",
    "Overview",
    "Patience",
    "Satisfaction",
    "Scores",
    "Success",
    "dumps",
    "fingerprint",
    "fit",
    "interval",
    "loads",
    "off_policy_value",
    "predict",
    "propensities",
    "score",
    "thompson",
    "upper_confidence",
]

"""Terms say how *well* an agent would serve a conversation. A new one is one file here and one line in `TERMS`."""

from routematch.terms.achievement import Achievement
from routematch.terms.affinity import Affinity
from routematch.terms.failure import Failure
from routematch.terms.handle_time import HandleTime
from routematch.terms.idle import Idle
from routematch.terms.load import FewestOpen, Load, Spare
from routematch.terms.nearness import Nearness
from routematch.terms.preference import Preferences
from routematch.terms.scarcity import Scarcity
from routematch.terms.served import Served
from routematch.terms.shares import FairShare, GroupShare
from routematch.terms.term import Term
from routematch.terms.urgency import Due, Priority, Waiting
from routematch.terms.versatility import LeastVersatile

__all__ = [
    "TERMS",
    "Achievement",
    "Affinity",
    "Due",
    "Failure",
    "FairShare",
    "FewestOpen",
    "GroupShare",
    "HandleTime",
    "Idle",
    "LeastVersatile",
    "Load",
    "Nearness",
    "Preferences",
    "Priority",
    "Scarcity",
    "Served",
    "Spare",
    "Term",
    "Waiting",
]

#: Every term by name, in the order of tables and explanations.
TERMS = {
    term.name: term
    for term in (
        Achievement,
        Preferences,
        Affinity,
        Served,
        Idle,
        Load,
        Spare,
        FewestOpen,
        FairShare,
        GroupShare,
        Failure,
        HandleTime,
        Scarcity,
        Nearness,
        LeastVersatile,
        Waiting,
        Priority,
        Due,
    )
}

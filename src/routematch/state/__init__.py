"""The border between objects and arrays: rosters, backlogs, the problem of one decision and its trace."""

from routematch.state.backlog import NO_REQUEST, Backlog, RequestClass
from routematch.state.behaviour import Behaviour, Free, Linear, Monotone, Static, Steps, first_change
from routematch.state.problem import Problem, Settings, SparsePairs
from routematch.state.roster import THOUSANDTHS, Declared, Profile, Roster
from routematch.state.trace import Candidates, MemberFault, Trace

__all__ = [
    "NO_REQUEST",
    "THOUSANDTHS",
    "Backlog",
    "Behaviour",
    "Candidates",
    "Declared",
    "Free",
    "Linear",
    "MemberFault",
    "Monotone",
    "Problem",
    "Profile",
    "RequestClass",
    "Roster",
    "Settings",
    "SparsePairs",
    "Static",
    "Steps",
    "Trace",
    "first_change",
]

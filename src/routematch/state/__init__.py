"""The border between objects and arrays: rosters, backlogs, the problem of one decision, its trace, and ledgers."""

from routematch.state.backlog import NO_REQUEST, Backlog, RequestClass
from routematch.state.behaviour import Behaviour, Free, Linear, Monotone, Static, Steps, first_change
from routematch.state.history import History, read_history
from routematch.state.history_intervals import IntervalCounts
from routematch.state.history_report import HistoryReport, Note
from routematch.state.ledger import ENDINGS, STATES, AgentIntervals, Category, Ledger
from routematch.state.problem import Problem, Settings, SparsePairs
from routematch.state.recognition import recognise
from routematch.state.roster import THOUSANDTHS, Declared, Profile, Roster
from routematch.state.trace import Candidates, MemberFault, Trace

__all__ = [
    "ENDINGS",
    "NO_REQUEST",
    "STATES",
    "THOUSANDTHS",
    "AgentIntervals",
    "Backlog",
    "Behaviour",
    "Candidates",
    "Category",
    "Declared",
    "Free",
    "History",
    "HistoryReport",
    "IntervalCounts",
    "Ledger",
    "Linear",
    "MemberFault",
    "Monotone",
    "Note",
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
    "read_history",
    "recognise",
]

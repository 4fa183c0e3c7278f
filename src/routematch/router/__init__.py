"""The one stateful class: events in, plans and offers out."""

from routematch.router.cases import STATUSES
from routematch.router.estimated_wait import WaitEstimate
from routematch.router.journals import Journal, append_journal, read_journal, write_journal
from routematch.router.ledgers import ledger_of, read_ledger
from routematch.router.questions import Candidate, Suggestion
from routematch.router.reconciling import Drift, HostConversation, HostState
from routematch.router.router import Router
from routematch.router.settings import OfferRules, RampIn, RateLimit, Reserve, RouterSettings

__all__ = [
    "STATUSES",
    "Candidate",
    "Drift",
    "HostConversation",
    "HostState",
    "Journal",
    "OfferRules",
    "RampIn",
    "RateLimit",
    "Reserve",
    "Router",
    "RouterSettings",
    "Suggestion",
    "WaitEstimate",
    "append_journal",
    "ledger_of",
    "read_journal",
    "read_ledger",
    "write_journal",
]

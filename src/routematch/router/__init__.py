"""The one stateful class: events in, plans and offers out."""

from routematch.router.cases import STATUSES
from routematch.router.router import Router
from routematch.router.settings import OfferRules, RampIn, RateLimit, Reserve, RouterSettings

__all__ = ["STATUSES", "OfferRules", "RampIn", "RateLimit", "Reserve", "Router", "RouterSettings"]

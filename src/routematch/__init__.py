"""Pair every waiting conversation with the best available agent: jointly, exactly, and with the reason why.

>>> import routematch as rm
>>> agents = [rm.Agent("ana", {"billing": 0.9, "spanish": 0.8}), rm.Agent("bo", {"billing": 0.6}, capacity=2)]
>>> waiting = [
...     rm.Conversation("chat-17", {"billing": 0.5, "spanish": 0.5}),
...     rm.Conversation("chat-18", {"billing": 0.3}),
... ]
>>> rm.route(waiting, agents).pairs()
{'chat-17': 'ana', 'chat-18': 'bo'}

Names load on first use, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routematch import (
        codec,
        distributions,
        errors,
        experiments,
        explain,
        learning,
        metrics,
        model,
        policies,
        prices,
        report,
        router,
        routing,
        rules,
        simulation,
        solvers,
        state,
        terms,
        testing,
        theory,
    )
    from routematch.errors import InvalidInputError, RoutematchError
    from routematch.model import (
        After,
        Agent,
        Assignment,
        Attribute,
        Capacity,
        Conversation,
        Estimate,
        Estimates,
        Held,
        Hours,
        Interval,
        Outcome,
        Preference,
        Queue,
        Requirement,
        Scale,
        Shift,
        all_of,
        any_of,
        human_only,
        none_of,
    )
    from routematch.policies import Policy
    from routematch.router import OfferRules, Router, RouterSettings
    from routematch.routing import Plan, route
    from routematch.simulation import AgentGroup, ConversationType, Result, Scenario, simulate
    from routematch.state import Roster

__version__ = "0.1.0"

__all__ = [
    "After",
    "Agent",
    "AgentGroup",
    "Assignment",
    "Attribute",
    "Capacity",
    "Conversation",
    "ConversationType",
    "Estimate",
    "Estimates",
    "Held",
    "Hours",
    "Interval",
    "InvalidInputError",
    "OfferRules",
    "Outcome",
    "Plan",
    "Policy",
    "Preference",
    "Queue",
    "Requirement",
    "Result",
    "Roster",
    "RoutematchError",
    "Router",
    "RouterSettings",
    "Scale",
    "Scenario",
    "Shift",
    "all_of",
    "any_of",
    "codec",
    "distributions",
    "errors",
    "experiments",
    "explain",
    "human_only",
    "learning",
    "metrics",
    "model",
    "none_of",
    "policies",
    "prices",
    "report",
    "route",
    "router",
    "routing",
    "rules",
    "simulate",
    "simulation",
    "solvers",
    "state",
    "terms",
    "testing",
    "theory",
]

_MODULES = frozenset(
    {
        "codec",
        "distributions",
        "errors",
        "experiments",
        "explain",
        "learning",
        "metrics",
        "model",
        "policies",
        "prices",
        "report",
        "router",
        "routing",
        "rules",
        "simulation",
        "solvers",
        "state",
        "terms",
        "testing",
        "theory",
    }
)
_HOMES = {
    "InvalidInputError": "errors",
    "RoutematchError": "errors",
    "Policy": "policies",
    "OfferRules": "router",
    "Plan": "routing",
    "Router": "router",
    "RouterSettings": "router",
    "route": "routing",
    "Roster": "state",
    "AgentGroup": "simulation",
    "ConversationType": "simulation",
    "Result": "simulation",
    "Scenario": "simulation",
    "simulate": "simulation",
}


def __getattr__(name: str) -> object:
    """Load a public name on first use (PEP 562)."""
    if name not in __all__:
        message = f"module 'routematch' has no attribute {name!r}"
        raise AttributeError(message)
    if name in _MODULES:
        value: object = import_module(f"routematch.{name}")
    else:
        value = getattr(import_module(f"routematch.{_HOMES.get(name, 'model')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "__version__"])

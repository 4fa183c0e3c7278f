"""The decision: `decide` on columns, `route` on objects, `Plan` as the answer."""

from routematch.routing.code import Choice, CodePolicy, View
from routematch.routing.decide import decide
from routematch.routing.plan import Plan
from routematch.routing.stateless import route

__all__ = ["Choice", "CodePolicy", "Plan", "View", "decide", "route"]

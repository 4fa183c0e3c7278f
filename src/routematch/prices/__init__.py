"""Prices say what agents' time is worth *elsewhere*. A new one is one file here and one line in `PRICES`."""

from routematch.prices.count_policies import myopic_counts, state_price_counts
from routematch.prices.fluid_price import FluidPrice, fluid_price
from routematch.prices.no_price import NoPrice
from routematch.prices.price import Price, Quote, TimeWorth, is_price
from routematch.prices.state_price import Pool, StatePrice, state_price
from routematch.prices.workload import Kind, Team, Workload

__all__ = [
    "PRICES",
    "FluidPrice",
    "Kind",
    "NoPrice",
    "Pool",
    "Price",
    "Quote",
    "StatePrice",
    "Team",
    "TimeWorth",
    "Workload",
    "fluid_price",
    "is_price",
    "myopic_counts",
    "state_price",
    "state_price_counts",
]

#: Every price by name.
PRICES = {price.name: price for price in (NoPrice, FluidPrice, StatePrice)}

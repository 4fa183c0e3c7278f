"""What the house converter must know to read and write scenarios: laws, arrival processes, hours."""

from __future__ import annotations

from collections.abc import Mapping

from cattrs import Converter

from routematch.codec import register
from routematch.distributions import ARRIVAL_PROCESSES, DISTRIBUTIONS, to_data
from routematch.model import Shift
from routematch.simulation.hours import WeeklyHours

__all__ = ["register_scenarios"]

_MEMBERS = frozenset((*DISTRIBUTIONS.values(), *ARRIVAL_PROCESSES.values()))


def register_scenarios(converter: Converter) -> None:
    """Teach the house converter laws, arrival processes and hours."""
    converter.register_unstructure_hook_func(lambda kind: kind in _MEMBERS, to_data)

    def read_hours(data: object, _: object) -> object:
        is_shift = isinstance(data, Mapping) and "starts_at" in data
        return converter.structure(data, Shift if is_shift else WeeklyHours)

    converter.register_structure_hook_func(lambda kind: kind == WeeklyHours | Shift, read_hours)


register(register_scenarios)

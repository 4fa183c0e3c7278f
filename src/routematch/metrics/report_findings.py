"""Three findings in sentences: how it went, what differs most, and where it is tight."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from routematch.metrics.comparison import Difference
from routematch.metrics.pooling import Pooled
from routematch.metrics.report_tables import COMPARED, differences
from routematch.report import shown

__all__ = ["all_findings"]

Policies = Mapping[str, Pooled]

_MOST_NAMED = 4


def all_findings(policies: Policies) -> Iterator[str]:
    """Give up to three sentences; what is not known is not spoken of."""
    name, last = list(policies.items())[-1]
    subject = f"Under {name}, " if len(policies) > 1 else ""
    yield from _service(last, subject)
    if len(policies) > 1:
        yield _against_the_first(policies)
    else:
        yield from _weakest_type(last)
    yield from _tightest(last, subject)


def _service(pooled: Pooled, subject: str) -> Iterator[str]:
    arrivals, level = pooled.total("arrivals").mean, pooled.total("service_level")
    if math.isnan(level.mean):
        return
    within = pooled.digests[0].settings.within
    said = f"{subject}{shown(pooled.total_cell('service_level'), 'share')} of {shown(arrivals, 'count')} conversations"
    said += f" were answered within {within:g} s"
    more = []
    wait, left = pooled.total("mean_wait").mean, pooled.total("abandonment").mean
    if not math.isnan(wait):
        more.append(f"the mean wait was {shown(wait, 'seconds')}")
    if left > 0:
        more.append(f"{shown(left, 'share')} were abandoned")
    yield _sentence("; ".join([said, " and ".join(more)]) if more else said)


def _against_the_first(policies: Policies) -> str:
    """Say in which measures the last policy clearly differs from the first."""
    first, name = next(iter(policies)), list(policies)[-1]
    metrics = {metric.name: metric for metric in next(iter(policies.values())).metrics(())}
    better: list[str] = []
    worse: list[str] = []
    compared = differences(policies)
    for metric in COMPARED:
        each: Difference | None = next((each for each in compared.get(metric, ()) if each.name == name), None)
        if each is None or not each.is_significant or not metrics[metric].better:
            continue
        is_better = (each.change.mean > 0) == (metrics[metric].better == "higher")
        change = shown(each.change.mean, metrics[metric].unit, is_difference=True)
        (better if is_better else worse).append(f"{_lowered(metrics[metric].title)} ({change})")
    if not compared:
        return f"{name} and {first} were not run on the same days, so their differences are not tested."
    if not better and not worse:
        return f"No difference between {name} and {first} stands out from chance."
    parts = [f"{word} in {_list(found)}" for word, found in (("better", better), ("worse", worse)) if found]
    return f"Against {first}, {name} is clearly {' and '.join(parts)}."


def _weakest_type(pooled: Pooled) -> Iterator[str]:
    axes = ("conversation_type",)
    if not pooled.has(axes):
        return
    names, levels = pooled.names(axes)[0], pooled.mean(axes, "service_level")
    if np.isnan(levels).sum() > len(levels) - 2:
        return
    worst, best = int(np.nanargmin(levels)), int(np.nanargmax(levels))
    wait = pooled.mean(axes, "average_speed_of_answer")[worst]
    waits = f", answered after {shown(float(wait), 'seconds')} on average" if not math.isnan(wait) else ""
    yield (
        f"{names[worst]} is served worst: {shown(float(levels[worst]), 'share')} in time{waits}; "
        f"{names[best]} best: {shown(float(levels[best]), 'share')}."
    )


def _tightest(pooled: Pooled, subject: str) -> Iterator[str]:
    axes = ("time_of_day",)
    names, occupancy = pooled.names(axes)[0], pooled.mean(axes, "occupancy")
    if not np.isnan(occupancy).all():
        staffed = pooled.mean(axes, "staffed_agents")
        busiest = int(np.nanargmax(np.where(staffed >= np.nanmax(staffed) / 4, occupancy, np.nan)))
        there, load = (pooled.mean(axes, metric)[busiest] for metric in ("staffed_agents", "offered_load"))
        said = f"agents are busiest at {names[busiest]}: occupancy {shown(float(occupancy[busiest]), 'share')}"
        if not math.isnan(there):
            said += f" with {shown(float(there), 'agents')} there"
        if not math.isnan(load):
            said += f" for a load of {shown(float(load), 'agents')}"
        fairness = pooled.total("occupancy_spread").mean
        if not math.isnan(fairness):
            said += f"; the busiest and the least busy agent differ by {shown(fairness, 'share')}"
        yield _sentence(f"{subject}{said}")
        return
    arrivals, levels = pooled.mean(axes, "arrivals"), pooled.mean(axes, "service_level")
    if not np.isnan(levels).all():
        known = np.where(arrivals >= np.nanmax(arrivals) / 4, levels, np.nan)
        worst = int(np.nanargmin(known))
        yield _sentence(
            f"{subject}the hardest time is {names[worst]}: {shown(float(levels[worst]), 'share')} answered in time"
        )


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _lowered(title: str) -> str:
    return f"{title[0].lower()}{title[1:]}"


def _list(words: list[str]) -> str:
    if len(words) > _MOST_NAMED:
        words = [*words[: _MOST_NAMED - 1], f"{len(words) - _MOST_NAMED + 1} further measures"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

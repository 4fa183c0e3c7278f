"""Route the backlog of a real IT help desk, hour by hour, and compare with what really happened.

    python examples/incidents/run.py            eight weeks
    python examples/incidents/run.py --days 2   the first two days

Five weeks of history give a skill matrix (skill_matrix.py) and the people at work (history.py). At every full hour of
the working days that follow, the incidents really open and not yet routed are paired with these people in one call of
`routematch.route` (replay.py). This file counts and prints; README.md says what the numbers mean.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from textwrap import indent

import numpy as np
from numpy.typing import NDArray

import routematch as rm
from history import SERVICE_DESK, Incident, read, working_days
from replay import AT_LEAST, Backlog, Desk, Hour, Routed, backlog, learn, replay, results, routed_in
from skill_matrix import LEAST_EXPERIENCE, PRIOR_COUNT, skill_of

FIRST_DAY, LAST_DAY = date(2016, 4, 4), date(2016, 5, 27)
SHOWN_HOUR = datetime(2016, 4, 5, 15, tzinfo=UTC)
SHOWN_RESOLVERS = ("resolver 113", "resolver 71", "resolver 196")
RESAMPLES = 2_000

Choices = Sequence[str | None]  # one group per incident, None where nobody took it


def main() -> None:
    """Print the whole report."""
    parser = argparse.ArgumentParser(description="Route the backlog of a real IT help desk.")
    parser.add_argument("--days", type=int, default=40, choices=range(2, 41), metavar="2-40", help="default: all 40")
    days = working_days(FIRST_DAY, LAST_DAY)[: parser.parse_args().days]

    incidents = read()
    desk = learn(incidents, FIRST_DAY)
    tell_matrix(desk, incidents)

    arrivals, too_late = backlog(incidents, days)
    hours = list(replay(arrivals, lambda _: desk))
    tell_hour(next(hour for hour in hours if hour.now == SHOWN_HOUR))

    routed = results(arrivals, hours)
    day_of = [hour.date() for hour, new in arrivals.items() for _ in new]
    tell_comparison({"best match": groups(routed), **others(incidents, arrivals, desk, routed)}, routed, day_of)
    tell_room(hours)
    tell_confidence(routed, day_of)
    tell_limits(hours, routed, too_late)


# --- what best match is compared with ---------------------------------------------------------------------------------


def others(
    incidents: Sequence[Incident], arrivals: Backlog, desk: Desk, routed: Sequence[Routed]
) -> dict[str, Choices]:
    """Choose a group for every incident in other ways: by classic rules, without people, and as really happened."""
    history = [incident for incident in incidents if incident.resolved_at.date() < FIRST_DAY]
    those = [entry.incident for entry in routed]
    kind_of, category_of = attrgetter("kind"), attrgetter("category")
    learnt: dict[date, Desk] = {}

    def classic(policy: rm.Policy, at_least: float = AT_LEAST) -> Choices:
        return groups(results(arrivals, replay(arrivals, lambda _: desk, policy, at_least)))

    def as_of_monday(day: date) -> Desk:
        monday = day - timedelta(days=day.weekday())
        return learnt.get(monday) or learnt.setdefault(monday, learn(incidents, monday))

    return {
        "longest idle": classic(rm.policies.longest_idle()),
        "least loaded": classic(rm.policies.least_loaded()),
        "random": classic(rm.policies.random()),
        "longest idle, at least 0.20": classic(rm.policies.longest_idle(), 0.20),
        "best match, learning every Monday": groups(results(arrivals, replay(arrivals, as_of_monday))),
        "highest share, without people": [highest_share(desk, incident) for incident in those],
        "usual group of the kind at the site": usual_group(history, those, skill_of, kind_of, category_of),
        "usual group of the category": usual_group(history, those, category_of),
        "the desk's own first choice": [incident.first_group for incident in those],
        "best match if >= 0.50, else the desk's": [
            entry.group if entry.expected >= 0.5 else entry.incident.first_group for entry in routed
        ],
    }


def groups(routed: Iterable[Routed]) -> Choices:
    """Keep the chosen groups."""
    return [entry.group for entry in routed]


def highest_share(desk: Desk, incident: Incident) -> str:
    """Choose the group of the highest share, whoever is at work and however full."""
    shares = desk.matrix.shares(incident)
    return max((group for group in shares if group != SERVICE_DESK), key=lambda group: (shares[group], group))


def usual_group(
    history: Iterable[Incident], incidents: Iterable[Incident], *keys: Callable[[Incident], str]
) -> Choices:
    """Choose the group that resolved most of the same key, by plain counting; the first known key decides."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for incident in history:
        for key in keys:
            counts[key(incident)][incident.resolving_group] += incident.resolving_group != SERVICE_DESK
    favourite = {name: max(count, key=lambda group: (count[group], group)) for name, count in counts.items()}
    return [next((favourite[key(i)] for key in keys if key(i) in favourite), None) for i in incidents]


# --- what is told -----------------------------------------------------------------------------------------------------


def tell_matrix(desk: Desk, incidents: Sequence[Incident]) -> None:
    """Show what was found in the first weeks, and how thin it is."""
    history = [incident for incident in incidents if incident.resolved_at.date() < FIRST_DAY]
    seen = Counter(map(skill_of, history))
    thin = share(count <= 2 for count in seen.values())
    print(f"""1. The skill matrix found in {len(history):,} incidents resolved before {FIRST_DAY}
   {len(desk.people.group)} resolvers in {len(set(desk.people.group.values()))} groups; {len(seen):,} skills \
(category/subcategory at a site), {thin:.0%} of them seen once or twice.
   So shares are shrunk by {PRIOR_COUNT:g} incidents towards those of kind and site, and a resolver lists a skill only
   after {LEAST_EXPERIENCE} incidents of the category in person. Some proficiencies, often and seldom seen:""")
    for resolver in SHOWN_RESOLVERS:
        tell_resolver(desk, resolver, history)


def tell_resolver(desk: Desk, resolver: str, history: Sequence[Incident]) -> None:
    """Show one resolver's most frequent skill and one of thin evidence."""
    own = [incident for incident in history if incident.resolver == resolver]
    group, levels = desk.people.group[resolver], desk.matrix.skills(resolver, own)
    seen, of_group = (
        Counter(map(skill_of, past)) for past in (history, [i for i in history if i.resolving_group == group])
    )
    frequent = max(levels, key=lambda skill: (of_group[skill], skill))
    thin = max((skill for skill in levels if seen[skill] == 1), key=lambda skill: (levels[skill], skill))
    shown = (f"{skill} {levels[skill]:.2f} ({of_group[skill]} of {seen[skill]})" for skill in (frequent, thin))
    print(f"   {resolver:12} {group}, resolved {len(own):3}: {'; '.join(shown)}")


def tell_hour(hour: Hour) -> None:
    """Show one hour in detail: a pairing and its reasons, and who is held and why."""
    plan, waiting = hour.plan, {incident.id: incident for incident in hour.waiting}
    print(f"\n2. One real hour, {hour.now:%A %Y-%m-%d %H:%M}: {len(waiting)} incidents wait, ", end="")
    print(f"{len(hour.agents)} people seem to be at work; {len(plan.pairs())} paired, {len(plan.held)} held")
    outdone = [routed.incident.id for routed, best in with_best_level(hour) if routed.expected < best]
    for conversation in (*outdone[:1], *list(plan.held)[:1]):  # the first whose best agent went to somebody else
        incident = waiting[conversation]
        print(indent(plan.explain(conversation).text(refusals=1), "   "))
        print(f"     in reality: the desk chose {incident.first_group}, {incident.resolving_group} resolved it")


def tell_comparison(choices: dict[str, Choices], routed: Sequence[Routed], days: Sequence[date]) -> None:
    """Show how often each way chose the group that resolved the incident in the end."""
    print(f"\n3. {len(routed):,} incidents in {len(set(days))} days: is the chosen group the one that resolved it?")
    if len(set(days)) < 10:
        print("   (So few days make the intervals too narrow.)")
    print(f"   {'':38} right   95 % interval   minus best match   taken   moves spared / caused")
    best = rightness(groups(routed), routed)
    for name, chosen in choices.items():
        right = rightness(chosen, routed)
        spared, caused = moves(chosen, routed)
        difference = percent(interval(right - best, days), "+6.1%") if name != "best match" else ""
        print(f"   {name:38}{right.mean():6.1%}  {percent(interval(right, days), '5.1%')}  {difference:16}", end="")
        print(f"  {share(group is not None for group in chosen):6.1%}   <= {spared:5,} / >= {caused:5,}")


def tell_room(hours: Iterable[Hour]) -> None:
    """Show how seldom room was short: where it is not, the joint plan gives everybody their best match."""
    levels = [(routed.expected, best) for hour in hours for routed, best in with_best_level(hour)]
    outdone = sum(level < best for level, best in levels)
    print(
        f"   In {outdone:,} of {len(levels):,} pairs of best match somebody better was at work: full, or needed more."
    )


def tell_confidence(routed: Sequence[Routed], days: Sequence[date]) -> None:
    """Show whether the expected achievement is what is achieved, and where it beats the desk's own choice."""
    print("\n4. Is the expected achievement what is achieved? Best match, by the proficiency of the chosen agent")
    print("   proficiency     incidents   expected   right   the desk's own first choice")
    for low, high in ((0.75, 1.01), (0.5, 0.75), (0.25, 0.5), (0.0, 0.25)):
        part = [entry for entry in routed if entry.group is not None and low <= entry.expected < high]
        expected = sum(entry.expected for entry in part) / max(len(part), 1)
        right, desk = share(entry.is_right for entry in part), share(map(desk_is_right, part))
        print(f"   {low:.2f} to {min(high, 1):.2f}   {len(part):10,}   {expected:8.1%}   {right:5.1%}   {desk:5.1%}")
    gain = np.array([(entry.expected >= 0.5) * (entry.is_right - desk_is_right(entry)) for entry in routed], float)
    print("   The desk's choice replaced wherever best match expects 0.50 or more: ", end="")
    print(f"{100 * gain.mean():+.1f} points, 95 % interval {percent(interval(gain, days), '+.1%')}.")


def tell_limits(hours: Sequence[Hour], routed: Sequence[Routed], too_late: int) -> None:
    """Say what must not be read into the figures."""
    back = share(entry.incident.resolving_group == SERVICE_DESK for entry in routed)
    at_work = share(
        entry.incident.resolving_group in {agent.attributes["group"] for agent in hour.agents}
        for hour in hours
        for entry in routed_in(hour)
    )
    print(f"""
5. What the data cannot tell
   The group at the end is partly a consequence of the first choice: whoever gets an incident may keep it. That favours
   the desk's own choice and does not prove that no other group could have resolved it. Nobody knows how the incidents
   would have gone elsewhere: moves spared is an upper bound (each right choice spares all real moves), moves caused a
   lower one (each wrong choice costs one). {back:.1%} ended at the service desk, which nobody could choose here, and in
   {at_work:.1%} of best match's pairs somebody of the right group seemed to be at work: the rest can only miss.
   The desk's people read the text and heard the caller; the skill matrix knows category, subcategory and site only.
   Who was at work and what fits into a day is inferred from resolutions; elapsed time is no handle time. One person's
   skill cannot be told from the group's: all who know the category have the group's share as proficiency.
   {too_late:,} more incidents were resolved before the next full hour, too early for an hourly batch.""")


def with_best_level(hour: Hour) -> list[tuple[Routed, float]]:
    """Put beside each pair of an hour the highest proficiency of anybody at work."""
    best: Counter[str] = Counter()
    for agent in hour.agents:
        best |= Counter(agent.skills)
    return [(routed, best[skill_of(routed.incident)]) for routed in routed_in(hour)]


# --- figures ----------------------------------------------------------------------------------------------------------


def rightness(choices: Choices, routed: Sequence[Routed]) -> NDArray[np.float64]:
    """Return 1 where the choice is the group that resolved the incident, else 0."""
    return np.array(
        [group == entry.incident.resolving_group for group, entry in zip(choices, routed, strict=True)], float
    )


def desk_is_right(entry: Routed) -> bool:
    """Whether the desk's own first choice was the group that resolved the incident."""
    return entry.incident.first_group == entry.incident.resolving_group


def moves(choices: Choices, routed: Sequence[Routed]) -> tuple[int, int]:
    """Count the re-assignments a choice spares (at most) and causes (at least), against what really happened."""
    spared = caused = 0
    for group, entry in zip(choices, routed, strict=True):
        if desk_is_right(entry):
            caused += group not in (None, entry.incident.resolving_group)
        elif group == entry.incident.resolving_group:
            spared += entry.incident.moves
    return spared, caused


def interval(values: NDArray[np.float64], days: Sequence[date]) -> tuple[float, float]:
    """Give the 95 % bootstrap interval of a mean over incidents; days are drawn whole: they differ."""
    _, day = np.unique(np.array(days, dtype="datetime64[D]"), return_inverse=True)
    sums, counts = np.bincount(day, values), np.bincount(day)
    drawn = np.random.default_rng(0).integers(len(counts), size=(RESAMPLES, len(counts)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), (0.025, 0.975))
    return float(low), float(high)


def percent(limits: tuple[float, float], form: str) -> str:
    """Write an interval."""
    return f"{limits[0]:{form}} to {limits[1]:{form}}"


def share(claims: Iterable[bool]) -> float:
    """Return the share of true claims; 0 when there are none."""
    listed = list(claims)
    return sum(listed) / len(listed) if listed else 0.0


if __name__ == "__main__":
    main()

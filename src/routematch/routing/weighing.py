"""How well each candidate would do, and what it is worth to go on waiting: terms to value and hold."""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from routematch.policies import Policy, Weighted
from routematch.prices import Quote
from routematch.routing.admission import key_of
from routematch.routing.calls import FaultLog, call_pairs, call_value
from routematch.state import NO_REQUEST, Candidates, Problem

__all__ = ["Weighed", "has_pairs", "weigh"]

PRICE = "price"
#: What the loss of a customer who gives up adds to urgency, and what ends a hold that has lasted too long.
LOSS, HELD_LONG = "loss", "held_long"
#: What urgencies are counted from, where the least urgent conversation would fall below no urgency at all.
OFFSET = "offset"

_SILENT = "gave NaN, which makes the pairs it feeds ineligible"


@frozen(eq=False)
class Weighed:
    """Values and holds of one decision; the fields are those of `Trace`."""

    term_names: tuple[str, ...]
    scaled: tuple[bool, ...]
    contributions: NDArray[np.float64]
    sparse: dict[str, dict[tuple[int, int], float]]
    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    value: NDArray[np.float64]
    hold: NDArray[np.float64]
    option: NDArray[np.float64]
    urgency: dict[str, NDArray[np.float64]]


def weigh(problem: Problem, policy: Policy, candidates: Candidates, log: FaultLog) -> Weighed:
    """Ask every term, once per request class, and add up.

    Parameters
    ----------
    problem : Problem
    policy : Policy
    candidates : Candidates
    log : FaultLog

    Returns
    -------
    Weighed
    """
    dense = [entry for entry in policy.terms if entry.term.axes != ("pair",)]
    contributions = [_contribution(entry, problem, candidates, log) for entry in dense]
    names, scaled = [entry.term.name for entry in dense], [bool(entry.term.scaled_by_value) for entry in dense]
    if policy.price:
        names, scaled = [*names, PRICE], [*scaled, False]
        contributions.append(_price(policy.price, problem, candidates))
    quote = None
    if policy.prices is not None:
        quote = policy.prices.quote(problem)
        names, scaled = [*names, policy.prices.name], [*scaled, False]
        contributions.append(-_at_candidates(quote.cost, problem, candidates))
    stacked = np.array(contributions) if contributions else np.zeros((0, len(candidates.columns)))
    starts, columns, value = _by_conversation(problem, candidates, stacked, np.array(scaled, bool))
    sparse = {}
    for entry in policy.terms:
        if entry.term.axes == ("pair",):
            sparse[entry.term.name] = _add_pairs(entry, problem, candidates, log, starts, columns, value)
    _forbid_pairs(problem, candidates, starts, columns, value)
    largest = _isolate_pairs(problem, candidates, starts, columns, value, policy.resolution, log)
    option, urgency, hold = _hold(problem, policy, quote, starts, columns, value, largest, log)
    return Weighed(tuple(names), tuple(scaled), stacked, sparse, starts, columns, value, hold, option, urgency)


def _contribution(entry: Weighted, problem: Problem, candidates: Candidates, log: FaultLog) -> NDArray[np.float64]:
    """Return one term's weighted value at every candidate of every class, shape (N,)."""
    term = entry.term
    agents = candidates.order[candidates.columns]
    where = problem.roster.profile_of[agents] if term.axes == ("request", "profile") else agents
    if term.axes == ("agent",):
        return _without_silence(entry, call_value(term, problem, NO_REQUEST, log)[where], problem, agents, log)
    classes = problem.backlog.classes
    key = key_of(sorted(term.looks_at))
    keys = [key(request) for request in classes]
    rows: dict[object, NDArray[np.float64]] = {}
    for request, own in zip(classes, keys, strict=True):
        if own not in rows:
            rows[own] = call_value(term, problem, request, log)
    values = np.empty(len(where))
    for number, own in enumerate(keys):
        span = slice(candidates.starts[number], candidates.starts[number + 1])
        values[span] = rows[own][where[span]]
    return _without_silence(entry, values, problem, agents, log)


def _without_silence(
    entry: Weighted, values: NDArray[np.float64], problem: Problem, agents: NDArray[np.intp], log: FaultLog
) -> NDArray[np.float64]:
    """Weight a term; where it is no number, say by name whose fault that is."""
    silent = np.isnan(values)
    if silent.any():
        names = [problem.roster.ids[agent] for agent in np.unique(agents[silent])[:50]]
        log.add(entry.term.name, "not_a_number", _SILENT, agents=names)
    return _weighted(entry, values)


def _weighted(entry: Weighted, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight values; minus infinity, which forbids a pair, stays so under any weight."""
    with np.errstate(invalid="ignore"):
        return np.where(values == -np.inf, values, entry.weight * values)


def _price(price: float, problem: Problem, candidates: Candidates) -> NDArray[np.float64]:
    """Return minus what each candidate's handle time costs, shape (N,)."""
    agents = candidates.order[candidates.columns]
    values = np.empty(len(agents))
    for number, request in enumerate(problem.backlog.classes):
        span = slice(candidates.starts[number], candidates.starts[number + 1])
        values[span] = problem.handle_time(request)[agents[span]]
    return -price * values


def _at_candidates(table: NDArray[np.float64], problem: Problem, candidates: Candidates) -> NDArray[np.float64]:
    """Return the entries of a table over classes and agents at each candidate of every class, shape (N,)."""
    number = np.repeat(np.arange(len(problem.backlog.classes)), np.diff(candidates.starts))
    found: NDArray[np.float64] = table[number, candidates.order[candidates.columns]]
    return found


def _by_conversation(
    problem: Problem, candidates: Candidates, contributions: NDArray[np.float64], scaled: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Spread class-wide values over conversations as compressed rows; `Conversation.value` comes in here."""
    class_of = problem.backlog.class_of
    lengths = np.diff(candidates.starts)[class_of] if len(class_of) else np.zeros(0, np.int64)
    starts = np.zeros(len(class_of) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    shift = candidates.starts[:-1][class_of] - starts[:-1] if len(class_of) else np.zeros(0, np.int64)
    source = np.arange(starts[-1]) + np.repeat(shift, lengths)
    plain, multiplied = contributions[~scaled].sum(axis=0), contributions[scaled].sum(axis=0)
    value = plain[source] + multiplied[source] * np.repeat(problem.backlog.value, lengths)
    return starts, candidates.columns[source], value


def _locate(
    starts: NDArray[np.int64], columns: NDArray[np.int32], rows: NDArray[np.intp], wanted: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Return where pairs stand in compressed rows, -1 where they are not stored."""
    found = np.full(len(rows), -1, np.int64)
    for number, (row, column) in enumerate(zip(rows.tolist(), wanted.tolist(), strict=True)):
        start, stop = starts[row], starts[row + 1]
        at = start + columns[start:stop].searchsorted(column)
        if at < stop and columns[at] == column:
            found[number] = at
    return found


def _add_pairs(
    entry: Weighted,
    problem: Problem,
    candidates: Candidates,
    log: FaultLog,
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    value: NDArray[np.float64],
) -> dict[tuple[int, int], float]:
    """Add a term over single pairs to `value`, in place; return its weighted amounts."""
    pairs, lost = call_pairs(entry.term, problem, log)
    if np.isnan(pairs.amounts).any():
        silent = np.isnan(pairs.amounts)
        ids = [problem.backlog.ids[row] for row in np.unique(pairs.rows[silent])[:50]]
        names = [problem.roster.ids[agent] for agent in np.unique(pairs.agents[silent])[:50]]
        log.add(entry.term.name, "not_a_number", _SILENT, conversations=ids, agents=names)
    amounts = _weighted(entry, pairs.amounts)
    at = _locate(starts, columns, pairs.rows, candidates.column_of[pairs.agents])
    np.add.at(value, at[at >= 0], amounts[at >= 0])
    known: dict[tuple[int, int], float] = {}
    for row, agent, amount in zip(pairs.rows.tolist(), pairs.agents.tolist(), amounts.tolist(), strict=True):
        known[row, agent] = known.get((row, agent), 0.0) + amount
    if lost:
        rows, agents = np.array(lost, np.intp).T
        at = _locate(starts, columns, rows, candidates.column_of[agents])
        value[at[at >= 0]] = -np.inf
    return known


def _forbid_pairs(
    problem: Problem,
    candidates: Candidates,
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    value: NDArray[np.float64],
) -> None:
    """Take refused single pairs out of `value`, in place."""
    if candidates.refused_pairs and len(problem.backlog):
        rows, agents = np.array(list(candidates.refused_pairs), np.intp).T
        at = _locate(starts, columns, rows, candidates.column_of[agents])
        value[at[at >= 0]] = -np.inf


def _hold(
    problem: Problem,
    policy: Policy,
    quote: Quote | None,
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    value: NDArray[np.float64],
    largest: float,
    log: FaultLog,
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Return option, weighted urgency by term, and hold; rows without a usable number lose their pairs, in place.

    Where a negative priority would take the least urgent conversation below no urgency at all, it and all that compete
    with it, directly or through others, are counted from there: urgency is never negative, their order stays, and
    those who share no agent with them are untouched.
    """
    size = len(problem.backlog)
    option = _option(problem, policy, quote)
    urgency = _urgency(problem, policy, quote, starts, value, log)
    total = np.sum(list(urgency.values()), axis=0) if urgency else np.zeros(size)
    bad = np.flatnonzero(~(np.abs(total) + policy.option <= largest))
    if len(bad):
        new = bad[[row not in log.rows for row in bad.tolist()]]
        if len(new):
            _log_numbers(problem, log, new, np.zeros(0, np.intp))
        log.rows.update(bad.tolist())
        for row in bad:
            value[starts[row] : starts[row + 1]] = -np.inf
        total = np.where(np.isin(np.arange(size), bad), option, total)
    routable = has_pairs(starts, value)
    if (total[routable] < 0).any():
        least = _least_of_rivals(np.where(routable, total, 0.0), starts, columns, value)
        urgency[OFFSET] = -least
        total = total - least
    return option, urgency, option - total


def _option(problem: Problem, policy: Policy, quote: Quote | None) -> NDArray[np.float64]:
    """Return what each conversation may still get by waiting, shape (C,)."""
    backlog = problem.backlog
    option = np.full(len(backlog), policy.option)
    if quote is not None and len(backlog):
        option = np.maximum(option, quote.option[backlog.class_of])
    if policy.max_hold_time is not None:
        option[backlog.waited >= policy.max_hold_time] = 0.0
    for conversation, prospect in problem.prospects.items():
        awaiting = backlog.index.get(conversation)
        if awaiting is not None:
            option[awaiting] = max(option[awaiting], prospect)
    return option


def _urgency(
    problem: Problem,
    policy: Policy,
    quote: Quote | None,
    starts: NDArray[np.int64],
    value: NDArray[np.float64],
    log: FaultLog,
) -> dict[str, NDArray[np.float64]]:
    """Return what lowers hold, by name; with prices, who has waited too long is served by whoever may."""
    backlog, urgency = problem.backlog, {}
    for entry in policy.urgency:
        urgency[entry.term.name] = _weighted(entry, call_value(entry.term, problem, NO_REQUEST, log))
    if quote is None or not len(backlog):
        return urgency
    if quote.loss.any():
        urgency[LOSS] = quote.loss[backlog.class_of]
    if policy.max_hold_time is not None and (backlog.waited >= policy.max_hold_time).any():
        missing = np.maximum(-_lowest(starts, value) - sum(urgency.values()), 0.0)
        urgency[HELD_LONG] = np.where(backlog.waited >= policy.max_hold_time, missing, 0.0)
    return urgency


def _lowest(starts: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least value of each conversation's pairs, 0 where it has none, shape (C,)."""
    lowest = np.zeros(len(starts) - 1)
    rows = np.repeat(np.arange(len(lowest)), np.diff(starts))
    usable = value > -np.inf
    np.minimum.at(lowest, rows[usable], value[usable])
    return lowest


def _least_of_rivals(
    total: NDArray[np.float64], starts: NDArray[np.int64], columns: NDArray[np.int32], value: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the least urgency, 0 at most, among those a conversation competes with for agents, shape (C,)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = len(total) + int(columns.max(initial=-1)) + 1
    open_pairs = value > -np.inf
    rows = np.repeat(np.arange(len(total)), np.diff(starts))[open_pairs]
    edges = coo_array((np.ones(len(rows), np.int8), (rows, len(total) + columns[open_pairs])), shape=(size, size))
    component = connected_components(edges, directed=False)[1][: len(total)]
    least = np.zeros(int(component.max(initial=-1)) + 1)
    np.minimum.at(least, component, total)
    return np.asarray(least[component], np.float64)


def has_pairs(starts: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which conversations somebody could take.

    Parameters
    ----------
    starts : ndarray of int64, shape (C + 1,)
        Where the pairs of each conversation begin.
    value : ndarray of float64, shape (entries,)
        Minus infinity where a pair is refused.

    Returns
    -------
    ndarray of bool, shape (C,)
    """
    before = np.zeros(len(value) + 1, np.int64)
    np.cumsum(value > -np.inf, out=before[1:])
    return before[starts[1:]] > before[starts[:-1]]


def _isolate_pairs(
    problem: Problem,
    candidates: Candidates,
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    value: NDArray[np.float64],
    resolution: float,
    log: FaultLog,
) -> float:
    """Take pairs out, in place, whose numbers are no numbers or too large for exact sums; return what is too large."""
    largest = 2.0**51 * resolution / max(int(has_pairs(starts, value).sum()), 1)
    bad = np.isnan(value) | (value > largest) | ((value < -largest) & (value > -np.inf))
    if bad.any():
        touched = np.unique(np.repeat(np.arange(len(starts) - 1), np.diff(starts))[bad])
        log.rows.update(touched.tolist())
        if not (log.faults and np.isnan(value[bad]).all()):  # who gave NaN has been named
            _log_numbers(problem, log, touched, np.unique(candidates.order[columns[bad]]))
        value[bad] = -np.inf
    return largest


def _log_numbers(problem: Problem, log: FaultLog, rows: NDArray[np.intp], agents: NDArray[np.intp]) -> None:
    ids, names = problem.backlog.ids, problem.roster.ids
    message = "worth is not a number, or too large for exact sums"
    log.add(
        "worth",
        "not_a_number",
        message,
        conversations=[ids[r] for r in rows[:50]],
        agents=[names[a] for a in agents[:50]],
    )

"""A log of single conversations, made clean: each row is kept, repaired, or dropped and counted.

The order of the steps matters: find rows that are none, read instants, carry times of day past midnight, put clocks
into their zone, settle arrival, answer and end, settle lengths, then find rows given twice. No row ever raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from routematch.state.history_legs import Legs, join_legs
from routematch.state.history_report import Notes
from routematch.state.history_table import Raw
from routematch.state.history_times import (
    CLOCK,
    LOCAL,
    POSIX,
    UNREADABLE,
    Instants,
    durations,
    instants,
    on_clock,
    to_posix,
)
from routematch.state.history_words import flags, named, numbers, outcomes
from routematch.state.ledger import Ledger

__all__ = ["read_calls"]

#: Instants of a conversation in the order in which they come.
_ORDER = ("menu_entered_at", "menu_left_at", "arrived_at", "queued_at", "queue_left_at", "answered_at", "ended_at")
_PAIRS = (("queued_at", "queue_left_at"), ("answered_at", "ended_at"), ("menu_entered_at", "menu_left_at"))
_DURATIONS = ("menu_time", "waited", "handle_time", "talk_time", "customer_hold_time", "wrap_up_time")
_WORDS = ("id", "conversation_type", "channel", "queue", "customer", "agent", "agent_group")

_HALF_DAY, _DAY = 43_200.0, 86_400.0
#: Two clocks of one system may differ by this much.
_CLOCK_ERROR = 60.0
#: No length below this many seconds is absurd, and none within this many deviations of the logarithm.
_ABSURD_FROM, _DEVIATIONS = 7200.0, 5.0

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def read_calls(columns: Mapping[str, Raw], notes: Notes, *, size: int, zone: ZoneInfo | None) -> Ledger:
    """Clean a log and return what is left of it.

    Parameters
    ----------
    columns : mapping from str to Raw
        By our name.
    notes : Notes
        Takes what was done.
    size : int
        Rows of the log.
    zone : ZoneInfo, optional
        Of clocks that name none; None is UTC.

    Returns
    -------
    Ledger
        Its window runs over whole local days.
    """
    draft = _Draft(columns, notes, size)
    draft.drop_rows_that_are_none()
    draft.read_instants(zone)
    draft.read_the_rest()
    draft.settle_arrival()
    draft.settle_answer()
    draft.settle_end()
    draft.settle_lengths()
    draft.note_the_unserved()
    return draft.ledger(zone)


class _Draft:
    """A log while it is cleaned: arrays over all its rows, and which of them are still kept."""

    def __init__(self, columns: Mapping[str, Raw], notes: Notes, size: int) -> None:
        self.columns, self.notes, self.size = columns, notes, size
        self.kept: Mask = np.ones(size, dtype=bool)
        self.at: dict[str, Floats] = {}
        self.unreadable: dict[str, Mask] = {}
        self.length: dict[str, Floats] = {}
        self.words: dict[str, list[str | None]] = {}
        self.outcome: NDArray[np.object_] = np.full(size, None, dtype=object)
        #: Whether the log, like many of tickets, says when things were done but not when anybody began.
        self.tells_no_answers = "ended_at" in columns and not {"answered_at", "waited", "queue_left_at"} & set(columns)
        self.arrived = self.answered = self.ended = self.handle = self.wrap_up = np.full(size, np.nan)

    # --- rows, and what they say --------------------------------------------------------------------------------------

    def drop_rows_that_are_none(self) -> None:
        """Drop blank lines and heads repeated in the middle of a file."""
        texts = {name: raw for name, raw in self.columns.items() if raw.kind == "text"}
        heads, filled = np.zeros(self.size, dtype=int), np.zeros(self.size, dtype=bool)
        for raw in texts.values():
            heads += raw.values == raw.name
            filled |= raw.values != ""
        blank = ~filled if len(texts) == len(self.columns) else np.zeros(self.size, dtype=bool)
        self._drop("an empty row", blank)
        self._drop("the head of the table again", (heads >= min(2, len(texts))) & (heads > 0))

    def read_instants(self, zone: ZoneInfo | None) -> None:
        """Read all instants as POSIX seconds."""
        day = self._days()
        read = {name: instants(self.columns[name]) for name in _ORDER if name in self.columns}
        clocks = {name: times.forms == CLOCK for name, times in read.items()}
        self._forget_midnight_fillers(read)
        read = {name: on_clock(times, day) for name, times in read.items()}
        self._carry_past_midnight(read, clocks)
        if any(times.guessed_order for times in read.values()):
            self.notes.whole("assumed", "days such as 03/04 are written day first")
        self._into_zone(read, zone)
        for name in _ORDER:
            if name not in self.at:
                self.at[name] = np.full(self.size, np.nan)
                self.unreadable[name] = np.zeros(self.size, dtype=bool)

    def _days(self) -> Floats | None:
        if "day" not in self.columns:
            return None
        times = instants(self.columns["day"], is_day=True)
        return np.where(times.forms == LOCAL, np.floor(times.values / _DAY) * _DAY, np.nan)

    def _forget_midnight_fillers(self, read: dict[str, Instants]) -> None:
        """Take 0:00:00 at both ends of a span for "none": that is how many systems fill what did not happen."""
        for first, last in _PAIRS:
            if first in read and last in read:
                one, other = read[first], read[last]
                fillers = (one.forms == CLOCK) & (other.forms == CLOCK) & (one.values == 0) & (other.values == 0)
                for name, times in ((first, one), (last, other)):
                    read[name] = Instants(
                        np.where(fillers, np.nan, times.values), np.where(fillers, 0, times.forms).astype(np.uint8)
                    )

    def _carry_past_midnight(self, read: dict[str, Instants], clocks: Mapping[str, Mask]) -> None:
        """Move times of day that are half a day before an earlier one to the next day."""
        latest = np.full(self.size, -np.inf)
        carried = np.zeros(self.size, dtype=bool)
        for name in (name for name in _ORDER if name in read):
            times = read[name]
            wraps = clocks[name] & (times.values < latest - _HALF_DAY)
            read[name] = Instants(np.where(wraps, times.values + _DAY, times.values), times.forms, times.guessed_order)
            carried |= wraps
            latest = np.fmax(latest, np.where(clocks[name], read[name].values, -np.inf))
        self.notes.rows("repaired", "ran past midnight: later times moved to the next day", carried & self.kept)

    def _into_zone(self, read: Mapping[str, Instants], zone: ZoneInfo | None) -> None:
        local = {name: times.forms == LOCAL for name, times in read.items()}
        if zone is None and any((where & self.kept).any() for where in local.values()):
            self.notes.whole("assumed", "times name no zone: taken as UTC; name it with zone")
        first = next((name for name in _ORDER if name in read and local[name].any()), None)
        second_pass = np.zeros(self.size, dtype=bool)
        if first is not None and zone is not None:
            second_pass = self._second_pass(np.where(local[first], read[first].values, np.nan), zone)
        earliest = np.full(self.size, -np.inf)
        never_shown = np.zeros(self.size, dtype=bool)
        for name, times in read.items():
            shown = np.where(local[name], times.values, np.nan)
            values, twice, never = to_posix(shown, zone, second_pass=second_pass)
            backwards = twice & ~second_pass & (values < earliest)
            values = np.where(backwards, to_posix(shown, zone, second_pass=backwards)[0], values)
            self.at[name] = np.where(times.forms == POSIX, times.values, values)
            self.unreadable[name] = times.forms == UNREADABLE
            earliest = np.fmax(earliest, self.at[name])
            never_shown |= never
        self.notes.rows("assumed", "at an hour that the clocks skipped: taken one hour later", never_shown & self.kept)

    def _second_pass(self, local: Floats, zone: ZoneInfo) -> Mask:
        """Tell which rows of an hour that is shown twice belong to its second time, where the log is in order."""
        _, twice, _ = to_posix(local, zone)
        found = np.zeros(self.size, dtype=bool)
        if not twice.any():
            return found
        steps = np.diff(local[np.isfinite(local) & ~twice & self.kept])
        if steps.size and np.mean(steps >= -_CLOCK_ERROR) < 0.95:
            self.notes.rows(
                "assumed", "in the hour that clocks show twice: taken as the first, as the log is in no order", twice
            )
            return found
        for night in np.unique(local[twice] // _DAY):
            rows = np.flatnonzero(twice & (local // _DAY == night))
            back = local[rows] < np.maximum.accumulate(local[rows]) - 1200.0
            found[rows[np.argmax(back) :]] = back.any()
        self.notes.rows(
            "assumed", "in the hour that clocks show twice: told apart by the order of the rows", twice & self.kept
        )
        return found

    def read_the_rest(self) -> None:
        """Read durations, words and outcomes."""
        for name in _DURATIONS:
            self.length[name] = np.full(self.size, np.nan)
            if name in self.columns:
                values, unreadable = durations(self.columns[name])
                negative = values < 0
                self.notes.rows("unknown", f"{self.columns[name].name} cannot be read", unreadable & self.kept)
                self.notes.rows("repaired", f"{self.columns[name].name} is negative: not used", negative & self.kept)
                self.length[name] = np.where(negative, np.nan, values)
        self.words = {name: named(self.columns[name]) for name in _WORDS if name in self.columns}
        if "outcome" in self.columns:
            self.outcome = np.array([*outcomes(self.columns["outcome"]), None], dtype=object)[:-1]
        self._drop("no conversation, by its outcome", self.outcome == "unreal")

    # --- when ---------------------------------------------------------------------------------------------------------

    def settle_arrival(self) -> None:
        """Take the entry into the queue, else the end of the menu, else the arrival, else what the wait tells."""
        at, length = self.at, self.length
        entered = np.where(
            np.isnan(at["menu_left_at"]), at["menu_entered_at"] + np.nan_to_num(length["menu_time"]), at["menu_left_at"]
        )
        begun = np.where(np.isnan(at["arrived_at"]), entered, at["arrived_at"])
        told = np.where(np.isnan(at["queued_at"]), begun, at["queued_at"])
        self.arrived = np.where(np.isnan(told), at["answered_at"] - length["waited"], told)
        if "queued_at" in self.columns and ({"arrived_at", "menu_entered_at", "menu_left_at"} & set(self.columns)):
            self.notes.whole("assumed", "waiting begins in the queue, not in the menu before it")
        nowhere = np.isnan(self.arrived)
        unreadable = np.logical_or.reduce([self.unreadable[name] for name in _ORDER[:4]])
        self._drop("its arrival cannot be read", nowhere & unreadable)
        self._drop("nothing tells when it arrived", nowhere & ~unreadable)
        self._drop("its date is far from all others", _far(np.where(self.kept, self.arrived, np.nan)))

    def settle_answer(self) -> None:
        """Find when an agent took it, if ever."""
        answered, waited = self.at["answered_at"].copy(), self.length["waited"]
        talked = np.fmax(np.nan_to_num(self.length["talk_time"]), np.nan_to_num(self.length["handle_time"])) > 0
        served = (self.outcome == "completed") | ((self.outcome == None) & talked)  # noqa: E711 - entry by entry
        lost = (self.outcome == "abandoned") | (self.outcome == "refused")
        contradicts = lost & np.isfinite(answered) & talked & self.kept
        self.notes.rows(
            "repaired", "its outcome says never answered, its times say answered: the times hold", contradicts
        )
        answered[lost & ~talked] = np.nan
        if self.tells_no_answers:
            handled = (self.outcome == "completed") | (~lost & self._is_named("agent"))
            worked = np.nan_to_num(np.fmax(self.length["talk_time"], self.length["handle_time"]))
            answered = np.where(handled, np.fmax(self.at["ended_at"] - worked, self.arrived), answered)
        guess = np.where(
            np.isnan(waited),
            np.where(np.isnan(self.at["queue_left_at"]), np.nan, self.at["queue_left_at"]),
            self.arrived + waited,
        )
        derived = served & np.isnan(answered) & np.isfinite(guess)
        answered = np.where(derived, guess, answered)
        early = answered < self.arrived
        slightly = early & (answered >= self.arrived - _CLOCK_ERROR)
        self.notes.rows("repaired", "answered up to a minute before it arrived: taken as at once", slightly & self.kept)
        by_wait = early & ~slightly & (waited >= 0)
        self.notes.rows("repaired", "answered before it arrived: moved by its waiting time", by_wait & self.kept)
        answered = np.where(slightly, self.arrived, np.where(by_wait, self.arrived + waited, answered))
        self._drop("answered before it arrived", early & ~slightly & ~by_wait)
        self._drop("answered, but nothing tells when", served & np.isnan(answered))
        self.answered = answered
        self._drop_absurd_waits()

    def _is_named(self, name: str) -> Mask:
        words = self.words.get(name, [None] * self.size)
        return np.array([word is not None for word in words], dtype=bool)

    def _drop_absurd_waits(self) -> None:
        gone = np.where(np.isnan(self.answered), self._gone(), self.answered)
        waits = np.where(self.kept, gone - self.arrived, np.nan)
        limit = _absurd(waits)
        self._drop(f"waited absurdly long (over {_shown(limit)})", waits > limit)

    def _gone(self) -> Floats:
        """Return when those who were never answered left."""
        left = np.where(np.isnan(self.at["queue_left_at"]), self.at["ended_at"], self.at["queue_left_at"])
        return np.where(np.isnan(left), self.arrived + self.length["waited"], left)

    def settle_end(self) -> None:
        """Find when each was over; what began shortly before the log ends may still be open."""
        served = np.isfinite(self.answered)
        gone = self._gone()
        slightly = ~served & (gone < self.arrived) & (gone >= self.arrived - _CLOCK_ERROR)
        self._drop("left before it arrived", ~served & (gone < self.arrived) & ~slightly)
        gone = np.where(slightly, self.arrived, gone)
        ended = np.where(served, self.at["ended_at"], gone)
        worked = np.fmax(self.length["talk_time"], self.length["handle_time"])
        backwards = served & (ended < self.answered)
        mended = (backwards | (served & np.isnan(ended))) & (worked > 0)
        self.notes.rows("repaired", "ended before it was answered: its length holds", backwards & mended & self.kept)
        ended = np.where(mended, self.answered + worked, ended)
        self._drop("ended before it was answered", backwards & ~mended)
        last = np.nanmax(
            np.where(self.kept, np.fmax(self.arrived, np.fmax(ended, self.answered)), np.nan), initial=-np.inf
        )
        young = self.arrived >= last - _ABSURD_FROM
        claims_open = self.outcome == "open"
        self._drop("nothing tells when it ended", np.isnan(ended) & ~young & ~claims_open)
        self.notes.rows("seen", "still open when the log ends", np.isnan(ended) & self.kept)
        self.ended = ended

    def settle_lengths(self) -> None:
        """Settle how long agents were busy; lengths that cannot be true become unknown."""
        served = np.isfinite(self.answered) & self.kept
        talk = np.where(np.isnan(self.length["talk_time"]), self.ended - self.answered, self.length["talk_time"])
        wrap_up = self.length["wrap_up_time"]
        handle = np.where(
            np.isnan(self.length["handle_time"]), talk + np.nan_to_num(wrap_up), self.length["handle_time"]
        )
        zero = served & (handle == 0)
        if self.tells_no_answers:
            self.notes.whole(
                "assumed", "no column tells when agents began: as long before the end as they worked, if told"
            )
        else:
            self.notes.rows("unknown", "answered and over at once: its length is unknown", zero)
        limit = _absurd(np.where(served, handle, np.nan))
        absurd = served & (handle > limit)
        self.notes.rows(
            "unknown", f"absurdly long (over {_shown(limit)}): its length is unknown, its end as usual", absurd
        )
        usual = float(np.median(handle[served & ~zero & ~absurd])) if (served & ~zero & ~absurd).any() else 0.0
        self.ended = np.where(absurd, self.answered + usual, self.ended)
        self.handle = np.where(served & ~zero & ~absurd, handle, np.nan)
        self.wrap_up = np.where(wrap_up <= self.handle, wrap_up, np.nan)
        self._keep_starts_below_ends()

    def _keep_starts_below_ends(self) -> None:
        """Move ends that rounding put before their starts."""
        self.ended = np.where(np.isnan(self.ended), np.nan, np.fmax(self.ended, np.fmax(self.arrived, self.answered)))

    def note_the_unserved(self) -> None:
        """Note what the log does not say about those who were served."""
        served = np.isfinite(self.answered) & self.kept
        for name in (name for name in _ORDER if name in self.columns):
            self.notes.rows("unknown", f"{self.columns[name].name} cannot be read", self.unreadable[name] & self.kept)
        if "agent" in self.words:
            self.notes.rows("unknown", "answered, but by nobody named", served & ~self._is_named("agent"))
        if "wrap_up_time" not in self.columns and "handle_time" not in self.columns:
            self.notes.whole("assumed", "no wrap-up: the log does not show it, agents may be busier than it says")
        if "conversation_type" not in self.words and "queue" in self.words:
            self.notes.whole("assumed", "the queue is the conversation type")
        at_once = self.kept & ~served & (self.ended - self.arrived < 1.0)
        self.notes.rows("seen", "gone within a second: kept, they make patience short at its start", at_once)

    # --- the result ---------------------------------------------------------------------------------------------------

    def ledger(self, zone: ZoneInfo | None) -> Ledger:
        """Join legs, drop rows given twice, and return what is left."""
        legs = join_legs(self._legs(), self.notes)
        rows = legs.rows
        words = {name: [entries[i] for i in rows.tolist()] for name, entries in self.words.items()}
        if "conversation_type" not in words and "queue" in words:
            words["conversation_type"] = words["queue"]
        ids = words.pop("id", None)
        arrived = self.arrived[rows]
        # Codes of `routematch.state.ledger.ENDINGS`.
        refused = (self.outcome[rows] == "refused") & np.isnan(legs.answered)
        ending = np.where(np.isnan(legs.ended), 0, np.where(np.isfinite(legs.answered), 1, np.where(refused, 3, 2)))
        return Ledger.of(
            arrived_at=arrived,
            answered_at=legs.answered,
            ended_at=legs.ended,
            handle_time=legs.handle,
            wrap_up_time=legs.wrap_up,
            ending=ending.astype(np.uint8),
            transfers=np.fmax(
                legs.transfers, np.clip(np.nan_to_num(self._numbers("transfers")[rows]), 0, 60_000).astype(int)
            ),
            resolved=self._flags("resolved")[rows],
            satisfaction=self._numbers("satisfaction")[rows],
            value=self._numbers("value")[rows],
            due_at=self._due()[rows],
            priority=np.nan_to_num(np.round(self._numbers("priority")[rows])).astype(int),
            ids=None if ids is None else _distinct(ids),
            window=_whole_days(arrived, zone),
            **words,  # type: ignore[arg-type]  # columns of words by their names
        )

    def _legs(self) -> Legs:
        rows = np.flatnonzero(self.kept)
        rows = rows[np.argsort(self.arrived[rows], kind="stable")]
        marks = [self.words[name] for name in ("id", "customer", "agent") if name in self.words]
        keys = [tuple(mark[i] for mark in marks) for i in rows.tolist()]
        ids = [self.words["id"][i] for i in rows.tolist()] if "id" in self.words else None
        return Legs(
            rows=rows,
            ids=ids,
            marks=keys,
            arrived=self.arrived[rows],
            answered=self.answered[rows],
            ended=self.ended[rows],
            handle=self.handle[rows],
            wrap_up=self.wrap_up[rows],
            transfers=np.zeros(rows.size, dtype=int),
        )

    def _numbers(self, name: str) -> Floats:
        return numbers(self.columns[name]) if name in self.columns else np.full(self.size, np.nan)

    def _flags(self, name: str) -> Floats:
        return flags(self.columns[name]) if name in self.columns else np.full(self.size, np.nan)

    def _due(self) -> Floats:
        if "due_at" not in self.columns:
            return np.full(self.size, np.nan)
        times = instants(self.columns["due_at"])
        return np.where((times.forms == POSIX) | (times.forms == LOCAL), times.values, np.nan)

    def _drop(self, what: str, where: Mask) -> None:
        self.notes.rows("dropped", what, where & self.kept)
        self.kept &= ~where


def _absurd(lengths: Floats) -> float:
    """Return the length beyond which nothing is believed; a few absurd ones among many do not move it."""
    known = lengths[np.isfinite(lengths) & (lengths > 0)]
    if not known.size:
        return np.inf
    middle, high = np.log(np.quantile(known, (0.5, 0.95)))
    return max(_ABSURD_FROM, float(np.exp(middle + _DEVIATIONS * (high - middle) / 1.645)))  # 1.645: of a normal law


def _far(instants: Floats) -> Mask:
    """Tell instants that lie two months and twice the usual span away from where nearly all are."""
    known = np.sort(instants[np.isfinite(instants)])
    if not known.size:
        return np.zeros(instants.shape, dtype=bool)
    cut = int(np.ceil(0.05 * (known.size - 1)))
    first, last = float(known[cut]), float(known[known.size - 1 - cut])
    if last < first:
        return np.zeros(instants.shape, dtype=bool)
    margin = max(60.0 * _DAY, 2.0 * (last - first))
    return (instants < first - margin) | (instants > last + margin)


def _shown(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h"


def _distinct(ids: list[str | None]) -> list[str]:
    """Return ids of which none stands twice: those used again are numbered, as 17 and 17 (2)."""
    seen: dict[str, int] = {}
    taken = {identifier for identifier in ids if identifier is not None}
    found = []
    for identifier in ids:
        name = identifier or "?"
        seen[name] = seen.get(name, 0) + 1
        label = name if seen[name] == 1 and identifier is not None else f"{name} ({seen[name]})"
        while seen[name] > 1 and label in taken:
            seen[name] += 1
            label = f"{name} ({seen[name]})"
        found.append(label)
    return found


def _whole_days(arrived: Floats, zone: ZoneInfo | None) -> tuple[float, float]:
    """Return the local midnights around all arrivals."""
    if not arrived.size:
        return (0.0, 0.0)
    where = zone or UTC
    first = datetime.fromtimestamp(float(arrived.min()), where).replace(hour=0, minute=0, second=0, microsecond=0)
    last = datetime.fromtimestamp(float(arrived.max()), where).replace(hour=0, minute=0, second=0, microsecond=0)
    return first.timestamp(), (last + timedelta(days=1)).timestamp()

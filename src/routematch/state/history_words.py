"""What logs write into columns of words: how a call ended, yes and no, nobody.

>>> outcome_of("Caller Hung Up"), outcome_of("AGENT"), outcome_of("PHANTOM"), outcome_of("blue")
('abandoned', 'completed', 'unreal', None)
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from routematch.state.history_table import Raw

__all__ = ["flags", "named", "numbers", "outcome_of", "outcomes"]

#: Beginnings of words, for each way a conversation can end; the first that fits decides.
_OUTCOMES = {
    "unreal": ("phantom", "ghost", "test", "invalid"),
    "abandoned": (
        "aband", "hang", "hung", "caller_hung", "customer_hung", "lost", "renege", "gave_up", "missed", "no_answer",
        "noanswer", "unanswered", "not_answered", "disconnected_in_queue", "left_queue", "drop", "cancel",
    ),
    "refused": ("refus", "reject", "block", "busy", "deflect", "overflow", "closed_hours", "after_hours"),
    "completed": (
        "agent", "answer", "complete", "completi", "handl", "serv", "connect", "resolv", "solved", "close", "done",
        "finish", "transfer", "success", "ended", "normal",
    ),
    "open": ("open", "new", "pending", "waiting", "queued", "in_progress", "active", "assigned"),
}  # fmt: skip
#: Names are cut to this many characters.
_LONGEST = 100
_YES = frozenset({"1", "1.0", "true", "yes", "y", "t", "x"})
_NO = frozenset({"0", "0.0", "false", "no", "n", "f"})
_NOBODY = frozenset({
    "", "-", "--", "?", "na", "n/a", "nan", "null", "none", "nil", "unknown", "no_server", "no_agent", "no agent",
    "nobody",     "unassigned", "not assigned", "no server",
})  # fmt: skip


def outcome_of(text: str) -> str | None:
    """Return ``"completed"``, ``"abandoned"``, ``"refused"``, ``"open"``, ``"unreal"`` (no conversation) or None."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    for outcome, beginnings in _OUTCOMES.items():
        if plain.startswith(beginnings):
            return outcome
    return None


def outcomes(raw: Raw) -> list[str | None]:
    """Return how each row ended; a column named after abandonment holds yes and no."""
    known, place = raw.encoded()
    is_flag = "aband" in raw.name.lower() and {text.lower() for text in known} <= _YES | _NO | _NOBODY
    read = [_flag_outcome(text) if is_flag else outcome_of(text) for text in known]
    return [read[i] for i in place.tolist()]


def _flag_outcome(text: str) -> str | None:
    lower = text.lower()
    return "abandoned" if lower in _YES else "completed" if lower in _NO else None


def named(raw: Raw) -> list[str | None]:
    """Return the words of a column, None where nobody and nothing is named."""
    known, place = raw.encoded()
    read = [None if text.lower() in _NOBODY else _shortened(text) for text in known]
    return [read[i] for i in place.tolist()]


def _shortened(text: str) -> str:
    """Return a name that can be one: no longer than names may be, and text that can be written."""
    return text[:_LONGEST].encode("utf-8", errors="replace").decode()


def flags(raw: Raw) -> NDArray[np.float64]:
    """Return 1 for yes, 0 for no, NaN for anything else; shares stay as they are."""
    known, place = raw.encoded()
    return np.array([_flag(text) for text in known], dtype=np.float64)[place]


def _flag(text: str) -> float:
    lower = text.lower()
    if lower in _YES or lower in _NO:
        return float(lower in _YES)
    value = _number(text)
    return value if 0 <= value <= 1 else np.nan


def numbers(raw: Raw) -> NDArray[np.float64]:
    """Return numbers, NaN for anything else; a percent sign divides by 100."""
    if raw.kind != "text":
        return raw.values.astype(np.float64)
    known, place = raw.encoded()
    return np.array([_number(text) for text in known], dtype=np.float64)[place]


def _number(text: str) -> float:
    share = text.endswith("%")
    plain = text.removesuffix("%").strip()
    plain = plain.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain) else plain.replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return np.nan
    return (value / 100.0 if share else value) if np.isfinite(value) else np.nan

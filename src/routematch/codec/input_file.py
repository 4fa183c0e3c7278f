"""The input file: what waits, who works, by which policy, at what time.

>>> from routematch.codec import from_data, loads
>>> text = '''
... now = 2026-01-31T09:30:00+01:00
... [[agents]]
... id = "ana"
... skills = {billing = 0.9}
... [[conversations]]
... id = "chat-17"
... requires = {billing = 0.5}
... '''
>>> read = from_data(loads(text, format="toml"), InputFile)
>>> read.now, read.agents[0].id, str(read.conversations[0].requires)
(1769848200.0, 'ana', 'billing >= 0.5')
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import field, frozen
from cattrs import Converter

from routematch.codec.converter import register
from routematch.codec.plain import MAX_ENTRIES, MOST_FAULTS, Data
from routematch.errors import Faults, InvalidInputError, LimitExceededError, SchemaVersionError, shorten
from routematch.model import Agent, Conversation, Estimates, Queue
from routematch.model.checks import check_instant
from routematch.model.instants import as_instant

__all__ = ["INPUT_SCHEMA", "InputFile"]

#: Name and version of the form.
INPUT_SCHEMA = "routematch/input/1"

_ANY_VERSION = re.compile(r"routematch/input/\d+")
_WITH_IDS = ("agents", "conversations", "queues")


@frozen
class InputFile:
    """Everything one call of `route` needs.

    Attributes
    ----------
    schema : str
        Name and version of the form; may be left out.
    now : float or None
        POSIX seconds.
    agents : tuple of Agent
    conversations : tuple of Conversation
    queues : tuple of Queue
    policy : str, mapping or None
        The name of a preset, or a policy as plain data; read further by the rung of policies.
    estimates : Estimates or None
    memory : mapping or None
        Plain data, as a plan returned it.
    """

    schema: str = INPUT_SCHEMA
    now: float | None = field(default=None, converter=as_instant, kw_only=True)
    agents: tuple[Agent, ...] = field(default=(), kw_only=True)
    conversations: tuple[Conversation, ...] = field(default=(), kw_only=True)
    queues: tuple[Queue, ...] = field(default=(), kw_only=True)
    policy: str | Mapping[str, Data] | None = field(default=None, kw_only=True)
    estimates: Estimates | None = field(default=None, kw_only=True)
    memory: Mapping[str, Data] | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check what no noun checks; all faults are raised together."""
        faults = Faults()
        if self.schema != INPUT_SCHEMA:
            faults.add(f"must be {INPUT_SCHEMA!r}", place="schema", given=self.schema)
        object.__setattr__(self, "now", check_instant(faults, "now", self.now))
        for name, kinds, message in (
            ("policy", (str, Mapping), "must be the name of a preset, or a mapping"),
            ("memory", (Mapping,), "must be a mapping"),
        ):
            given = getattr(self, name)
            if given is not None and not isinstance(given, kinds):
                faults.add(message, place=name, given=given)
        faults.raise_if_any()


def _register(converter: Converter) -> None:
    read_fields = converter.get_structure_hook(InputFile)

    def read(data: object, cls: type[InputFile]) -> object:
        if isinstance(data, InputFile):
            return data
        if not isinstance(data, Mapping):
            faults = Faults()
            faults.add("must be a mapping with agents and conversations", given=data)
            faults.raise_if_any()
            return None
        _check_version(data.get("schema"))
        for name in _WITH_IDS:
            _check_size(name, data.get(name))
        faults = Faults()
        made = None
        try:
            made = read_fields(data, cls)
        except InvalidInputError as error:
            faults.extend(error.faults)
        for name in _WITH_IDS:
            _check_distinct(faults, name, data.get(name))
        faults.raise_if_any()
        return made

    converter.register_structure_hook(InputFile, read)


def _check_version(schema: object) -> None:
    if isinstance(schema, str) and schema != INPUT_SCHEMA and _ANY_VERSION.fullmatch(schema):
        message = f"the input is written as {shorten(schema)}; this version reads {INPUT_SCHEMA!r}"
        raise SchemaVersionError(message)


def _check_size(name: str, entries: object) -> None:
    if isinstance(entries, list | tuple) and len(entries) > MAX_ENTRIES:
        message = f"{name} has {len(entries):,} entries; at most {MAX_ENTRIES:,} are read"
        raise LimitExceededError(message)


def _check_distinct(faults: Faults, place: str, entries: object) -> None:
    """Report ids given twice, also where other things are wrong with the entries."""
    first: dict[str, int] = {}
    for position, entry in enumerate(entries if isinstance(entries, list | tuple) else ()):
        identifier = entry.get("id") if isinstance(entry, Mapping) else getattr(entry, "id", None)
        if isinstance(identifier, str) and first.setdefault(identifier, position) != position:
            faults.duplicate(identifier, place=f"{place}[{position}].id", first=f"{place}[{first[identifier]}].id")
            if len(faults) >= 2 * MOST_FAULTS:
                message = "and more: the entries after this one were not looked at"
                faults.add(message, place=f"{place}[{position}]", kind="duplicate")
                return


register(_register)

"""A policy is data: rules, weighted terms, a price, a hold, ties. Readable, writable, comparable, tunable.

>>> from routematch.policies import best_match, longest_idle
>>> policy = best_match()
>>> policy.name, policy.fingerprint == best_match().fingerprint
('best_match', True)
>>> policy.with_parameters({"terms.affinity.weight": 2.0}).parameters()["terms.affinity.weight"]
2.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, cast

from attrs import evolve, field, fields, frozen

from routematch.errors import Faults, shorten
from routematch.model.agents import PRESENCES
from routematch.model.checks import (
    as_attributes,
    as_tuple,
    check_attributes,
    check_choice,
    check_name,
    check_number,
    is_a,
)
from routematch.prices import Price, is_price
from routematch.rules import RULES, Rule
from routematch.rules.rule import RULE_AXES, is_rule
from routematch.state import RequestClass, Settings
from routematch.terms import Due, Priority, Term, Waiting
from routematch.terms.term import TERM_AXES, is_term

__all__ = ["MAX_MEMBERS", "POLICY_SCHEMA", "SPREADS", "TIES", "Policy", "Weighted", "all_rules", "usual_urgency"]

POLICY_SCHEMA = "routematch/policy/1"
#: How equals among agents are ordered; the id always comes last.
TIES = ("idle", "load", "unassigned", "rotation", "random")
#: What an agent's k-th further unit is charged for: its load too, only what this plan gives it, or nothing.
SPREADS = ("load", "plan", "none")

#: Most terms, urgency terms or rules of one policy.
MAX_MEMBERS = 1_000
_REQUEST_FIELDS = tuple(entry.name for entry in fields(RequestClass))


@frozen
class Weighted:
    """A term and its weight.

    Attributes
    ----------
    term : Term
    weight : float
        Policy units per unit of the term; finite.
    """

    term: Term
    weight: float = 1.0

    def __attrs_post_init__(self) -> None:
        """Check both fields; all faults are raised together."""
        faults = Faults()
        if not _is_term(self.term):
            faults.add(
                "must be a term (name, axes, looks_at, scaled_by_value, value, behaviour)",
                place="term",
                given=self.term,
            )
        object.__setattr__(self, "weight", check_number(faults, "weight", self.weight))
        faults.raise_if_any()


def all_rules() -> tuple[Rule, ...]:
    """Return every rule of the library, in the usual order."""
    return tuple(rule() for rule in RULES.values())


def usual_urgency() -> tuple[Weighted, ...]:
    """Return waiting, priority and due time, each at weight 1."""
    return Weighted(Waiting()), Weighted(Priority()), Weighted(Due())


def _as_weighted(value: object) -> object:
    """Widen bare terms to weight 1."""
    entries = as_tuple(value)
    if not isinstance(entries, tuple) or len(entries) > MAX_MEMBERS:
        return entries
    return tuple(Weighted(entry) if not isinstance(entry, Weighted) and _is_term(entry) else entry for entry in entries)


def _is_term(entry: Any) -> bool:  # noqa: ANN401 - anything
    try:
        return is_term(entry)
    except Exception:  # noqa: BLE001 - whose attributes raise is none
        return False


def _is_rule(entry: object) -> bool:
    try:
        return is_rule(entry)
    except Exception:  # noqa: BLE001 - as above
        return False


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _as_tiers(value: object) -> object:
    if not isinstance(value, list | tuple):
        return value
    return tuple(tuple(tier) if isinstance(tier, list | tuple) else (tier,) for tier in value)


@frozen
class Policy:
    """How conversations and agents are paired.

    ``value = sum of weighted terms - price * handle_time``; ``hold = option - urgency``; a pair may be used when its
    value is at least its conversation's hold.

    Attributes
    ----------
    name : str
    terms : tuple of Weighted
        Terms of the pair or of the agent; bare terms get weight 1.
    urgency : tuple of Weighted
        Terms of the conversation alone; their sum lowers hold.
    rules : tuple of Rule
        Who may; the first that refuses is named in explanations.
    price : float
        Policy units per second of an agent's time.
    option : float
        What a conversation may still get by waiting, at least 0; needs `max_hold_time` when above 0.
    max_hold_time : float or None
        Seconds of waiting after which `option` counts no more.
    aging_rate : float
        Policy units per second of waiting; at least 0.
    seconds_per_priority : float
        Seconds of waiting that one point of priority stands for; at least 0.
    default_handle_time : float
        Seconds, where nothing is known; above 0.
    tiers : tuple of tuple of str
        Presences that may take conversations; a later tier only gets what earlier ones cannot take.
    strict_priority : bool
        Serve as many as possible of the highest priority, then of the next, whatever the value.
    ties : tuple of str
        Order among equal agents, from `TIES`; the id comes last.
    spread : str
        From `SPREADS`: equal work goes to who has less, by charges of a few steps of the resolution.
    resolution : float
        Step, in policy units, to which values are rounded once.
    prices : Price or None
        What agents' time is worth by type, pool and occupancy, and what waiting is worth; beside the constant `price`.
        Needs `max_hold_time`, after which whoever waits is served by anybody who may.
    verdict : mapping
        What a guard in a simulation said about this policy; plain data, kept, not interpreted.
    """

    name: str
    terms: tuple[Weighted, ...] = field(converter=_as_weighted)
    urgency: tuple[Weighted, ...] = field(factory=usual_urgency, converter=_as_weighted, kw_only=True)
    rules: tuple[Rule, ...] = field(factory=all_rules, converter=_as_tuple, kw_only=True)
    price: float = field(default=0.0, kw_only=True)
    option: float = field(default=0.0, kw_only=True)
    max_hold_time: float | None = field(default=None, kw_only=True)
    aging_rate: float = field(default=1 / 3600, kw_only=True)
    seconds_per_priority: float = field(default=60.0, kw_only=True)
    default_handle_time: float = field(default=300.0, kw_only=True)
    tiers: tuple[tuple[str, ...], ...] = field(default=(("available",),), converter=_as_tiers, kw_only=True)
    strict_priority: bool = field(default=False, kw_only=True)
    ties: tuple[str, ...] = field(default=("idle",), converter=_as_tuple, kw_only=True)
    spread: str = field(default="load", kw_only=True)
    resolution: float = field(default=2.0**-20, kw_only=True)
    prices: Price | None = field(default=None, kw_only=True)
    verdict: Mapping[str, Any] = field(factory=dict, converter=as_attributes, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check every field; all faults are raised together."""
        faults = Faults()
        check_name(faults, "name", self.name)
        _check_members(faults, self)
        limits: dict[str, dict[str, float]] = {
            "price": {},
            "option": {"at_least": 0},
            "aging_rate": {"at_least": 0},
            "seconds_per_priority": {"at_least": 0},
            "default_handle_time": {"above": 0},
            "resolution": {"above": 0, "at_most": 1},
        }
        for name, limit in limits.items():
            object.__setattr__(self, name, check_number(faults, name, getattr(self, name), **limit))
        if self.max_hold_time is not None:
            longest = check_number(faults, "max_hold_time", self.max_hold_time, at_least=0)
            object.__setattr__(self, "max_hold_time", longest)
        elif self.option > 0:
            faults.add("must be given when option is above 0, so that nobody is held for ever", place="max_hold_time")
        if self.prices is not None and not is_price(self.prices):
            faults.add("must be a price, as state_price(...) makes", place="prices", given=self.prices)
        elif self.prices is not None and self.max_hold_time is None:
            faults.add("must be given with prices, so that nobody is held for ever", place="max_hold_time")
        if not isinstance(self.strict_priority, bool):
            faults.add("must be true or false", place="strict_priority", given=self.strict_priority)
        _check_orders(faults, self)
        object.__setattr__(self, "verdict", check_attributes(faults, "verdict", self.verdict))
        faults.raise_if_any()

    @property
    def settings(self) -> Settings:
        """What rules and terms read of the policy."""
        return Settings(self.aging_rate, self.seconds_per_priority, self.default_handle_time, self.tiers)

    @property
    def looks_at(self) -> frozenset[str]:
        """Every field of a request that a rule or term looks at."""
        members: list[Rule | Term] = [*self.rules, *(weighted.term for weighted in (*self.terms, *self.urgency))]
        return frozenset(name for member in members for name in member.looks_at)

    def to_data(self) -> dict[str, Any]:
        """Return the policy as plain data, in the form of a policy file.

        Returns
        -------
        dict
            Starts with ``schema``; rules and terms by name with their parameters.
        """
        data: dict[str, Any] = {"schema": POLICY_SCHEMA, "name": self.name}
        data["terms"] = [_member_data(entry.term, entry.weight) for entry in self.terms]
        data["urgency"] = [_member_data(entry.term, entry.weight) for entry in self.urgency]
        data["rules"] = [_member_data(rule) for rule in self.rules]
        for name in _PLAIN_FIELDS:
            value = getattr(self, name)
            if value is not None and value != {}:
                data[name] = _plain(value)
        if self.prices is not None:
            data["prices"] = _plain(self.prices.to_data())
        return data

    @cached_property
    def fingerprint(self) -> str:
        """The same for policies that are equal as data, whatever their verdict; changes with any parameter."""
        from routematch.codec import fingerprint

        return fingerprint({key: value for key, value in self.to_data().items() if key != "verdict"})

    def parameters(self) -> dict[str, float]:
        """Return every number that can be tuned, by path: ``terms.affinity.weight``, ``aging_rate``."""
        found: dict[str, float] = {}
        for group in ("terms", "urgency"):
            for entry in getattr(self, group):
                found[f"{group}.{entry.term.name}.weight"] = entry.weight
                found.update({f"{group}.{entry.term.name}.{k}": v for k, v in _numbers(entry.term).items()})
        for rule in self.rules:
            found.update({f"rules.{rule.name}.{k}": v for k, v in _numbers(rule).items()})
        found.update({f"prices.{k}": v for k, v in _numbers(self.prices).items()})
        plain = {name: getattr(self, name) for name in _TUNABLE_FIELDS}
        return found | {name: value for name, value in plain.items() if value is not None}

    def with_parameters(self, changes: Mapping[str, float]) -> Policy:
        """Return a policy with some numbers changed, by the paths of `parameters`.

        Raises
        ------
        InvalidInputError
            For unknown paths (`UnknownNameError`) and for values that the fields refuse.
        """
        faults = Faults()
        if not is_a(changes, Mapping):
            faults.add("must be a mapping from paths to numbers", place="changes", given=changes)
            faults.raise_if_any()
        known = {*self.parameters(), *_TUNABLE_FIELDS}
        for path in changes:
            if path not in known:
                faults.unknown(path, known=known, what="parameter")
        faults.raise_if_any()
        changed: dict[str, Any] = {path: value for path, value in changes.items() if "." not in path}
        for group in ("terms", "urgency"):
            changed[group] = tuple(
                _changed(entry, f"{group}.{entry.term.name}.", changes) for entry in getattr(self, group)
            )
        changed["rules"] = tuple(_evolved(rule, f"rules.{rule.name}.", changes) for rule in self.rules)
        changed["prices"] = _evolved(self.prices, "prices.", changes)
        return evolve(self, **changed)

    def compare(self, other: Policy) -> dict[str, tuple[object, object]]:
        """Return what differs, by path: this policy's value and the other's, None where one has none.

        Where both have the same terms or rules in another order, the order is shown by the path of the group.

        Raises
        ------
        InvalidInputError
            When the other is no policy.
        """
        if not is_a(other, Policy):
            faults = Faults()
            faults.add("must be a Policy", place="other", given=other)
            faults.raise_if_any()
        mine, theirs = dict(_flat(self.to_data())), dict(_flat(other.to_data()))
        paths = [*mine, *(path for path in theirs if path not in mine)]
        differing = {p: (mine.get(p), theirs.get(p)) for p in paths if mine.get(p) != theirs.get(p)}
        for group in ("terms", "urgency", "rules"):
            names = [[_name_of(entry) for entry in getattr(policy, group)] for policy in (self, other)]
            if names[0] != names[1] and sorted(names[0]) == sorted(names[1]):
                differing[group] = (names[0], names[1])
        return differing


_TUNABLE_FIELDS = ("price", "option", "max_hold_time", "aging_rate", "seconds_per_priority", "default_handle_time")
_PLAIN_FIELDS = (*_TUNABLE_FIELDS, "tiers", "strict_priority", "ties", "spread", "resolution", "verdict")


def _check_members(faults: Faults, policy: Policy) -> None:
    """Check that rules and terms are such, keep their contract, and stand where their axes belong."""
    for position, rule in enumerate(_listed(faults, "rules", policy.rules, _is_rule, "rules")):
        _check_member(faults, f"rules[{position}]", rule, RULE_AXES)
    for group in ("terms", "urgency"):
        seen: set[str] = set()
        wanted = "terms or Weighted(term, weight)"
        for position, entry in enumerate(_listed(faults, group, getattr(policy, group), _is_weighted, wanted)):
            place = f"{group}[{position}]"
            if not _check_member(faults, place, entry.term, TERM_AXES):
                continue
            of_conversation = entry.term.axes == ("conversation",)
            if of_conversation != (group == "urgency"):
                belongs = "urgency" if of_conversation else "terms"
                faults.add(f"{entry.term.name} belongs in {belongs}", place=place)
            if entry.term.name in seen:
                faults.add(f"{entry.term.name} is given twice", place=place)
            seen.add(entry.term.name)


def _is_weighted(entry: object) -> bool:
    return isinstance(entry, Weighted)


def _listed(faults: Faults, place: str, given: Any, fits: Callable[[object], bool], wanted: str) -> tuple[Any, ...]:  # noqa: ANN401
    """Return the members; a fault and none where it is no sequence of such."""
    if isinstance(given, tuple) and len(given) > MAX_MEMBERS:
        faults.add(f"must have at most {MAX_MEMBERS:,} entries", place=place)
    elif not isinstance(given, tuple) or not all(map(fits, given)):
        faults.add(f"must be a sequence of {wanted}", place=place, given=given)
    else:
        return given
    return ()


def _check_member(faults: Faults, place: str, member: Rule | Term, known: tuple[tuple[str, ...], ...]) -> bool:
    """Check what a rule or term says about itself; return whether nothing is wrong with it."""
    before = len(faults)
    try:
        name, axes, looks_at = member.name, member.axes, member.looks_at
        scaled = member.scaled_by_value if is_term(member) else False
    except Exception as error:  # noqa: BLE001 - somebody's own properties may raise anything
        faults.add(f"cannot be read: {type(error).__name__}", place=place)
        return False
    check_name(faults, f"{place}.name", name)
    if not _is_names(axes) or axes not in known:
        allowed = ", ".join(map(str, known))
        faults.add(f"axes of {_shown(name)} must be one of {allowed}", place=place, given=axes)
    if not _is_names(looks_at):
        message = f"looks_at of {_shown(name)} must be a tuple of fields of RequestClass"
        faults.add(message, place=f"{place}.looks_at", given=looks_at)
    else:
        for entry in looks_at:
            if entry not in _REQUEST_FIELDS:
                faults.unknown(entry, known=_REQUEST_FIELDS, place=f"{place}.looks_at", what="field of RequestClass")
    if not isinstance(scaled, bool):
        faults.add("must be true or false", place=f"{place}.scaled_by_value", given=scaled)
    return len(faults) == before


def _is_names(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(entry, str) for entry in value)


def _shown(name: object) -> str:
    return name if isinstance(name, str) and len(name) <= 60 else shorten(name)


def _check_orders(faults: Faults, policy: Policy) -> None:
    """Check tiers, ties and spread."""
    if not isinstance(policy.tiers, tuple) or not policy.tiers:
        faults.add("must be a sequence of tiers, each a sequence of presences", place="tiers", given=policy.tiers)
    else:
        for position, tier in enumerate(policy.tiers):
            for presence in tier:
                check_choice(faults, f"tiers[{position}]", presence, PRESENCES)
    if not isinstance(policy.ties, tuple):
        faults.add(f"must be a sequence from {', '.join(TIES)}", place="ties", given=policy.ties)
    else:
        for position, tie in enumerate(policy.ties):
            check_choice(faults, f"ties[{position}]", tie, TIES)
    check_choice(faults, "spread", policy.spread, SPREADS)


def _numbers(member: object) -> dict[str, float]:
    return {name: value for name, value in _arguments(member).items() if isinstance(value, float)}


def _arguments(member: object) -> dict[str, Any]:
    """Return the parameters of a rule or term; user-made ones that are no attrs classes have none."""
    if not hasattr(type(member), "__attrs_attrs__"):
        return {}
    return {entry.name: getattr(member, entry.name) for entry in fields(cast("Any", type(member))) if entry.init}


def _member_data(member: Rule | Term, weight: float | None = None) -> dict[str, Any]:
    data: dict[str, Any] = {"name": member.name}
    if weight is not None:
        data["weight"] = weight
    return data | {name: _plain(value) for name, value in _arguments(member).items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - plain data of any shape
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return value if value is None or isinstance(value, str | bool | int | float) else f"<{type(value).__name__}>"


def _changed(entry: Weighted, prefix: str, changes: Mapping[str, float]) -> Weighted:
    weight = changes.get(f"{prefix}weight", entry.weight)
    return Weighted(_evolved(entry.term, prefix, changes), weight)


def _evolved(member: Any, prefix: str, changes: Mapping[str, float]) -> Any:  # noqa: ANN401 - a rule or a term
    names = _numbers(member)
    chosen = {name: changes[prefix + name] for name in names if prefix + name in changes}
    return evolve(member, **chosen) if chosen else member


def _name_of(entry: Weighted | Rule) -> str:
    return entry.term.name if isinstance(entry, Weighted) else entry.name


def _flat(data: Any, path: str = "") -> Iterable[tuple[str, object]]:  # noqa: ANN401 - plain data of any shape
    """Yield every leaf of plain data with its path; members of lists go by their name where they have one."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key != "name" or not path:
                yield from _flat(value, f"{path}.{key}" if path else key)
    elif isinstance(data, list) and data and all(isinstance(entry, Mapping) and "name" in entry for entry in data):
        for entry in data:
            yield f"{path}.{entry['name']}", True
            yield from _flat(entry, f"{path}.{entry['name']}")
    else:
        yield path, data

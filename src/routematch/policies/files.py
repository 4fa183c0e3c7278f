r"""Policies as text: what a policy file in TOML or JSON holds.

>>> policy = loads('preset = "longest_idle"\naging_rate = 0.001')
>>> policy.name, policy.aging_rate
('longest_idle', 0.001)
>>> loads(dumps(policy)) == policy
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from attrs import evolve, fields, has

from routematch.errors import Faults, InvalidInputError
from routematch.policies.policy import MAX_MEMBERS, POLICY_SCHEMA, Policy, Weighted
from routematch.policies.presets import PRESETS
from routematch.prices import PRICES
from routematch.rules import RULES, Rule
from routematch.terms import TERMS, Term

__all__ = ["dumps", "loads", "policy_from_data"]


def loads(
    text: str | bytes,
    *,
    format: str = "toml",  # noqa: A002 - as codec.loads
    members: Iterable[type[Rule | Term]] = (),
) -> Policy:
    """Read a policy from TOML or JSON text.

    Parameters
    ----------
    text : str or bytes
    format : str
        ``"toml"`` or ``"json"``.
    members : iterable of class
        Rules and terms of your own that the text may name.

    Returns
    -------
    Policy

    Raises
    ------
    InvalidInputError
        As `policy_from_data`, and where the text cannot be read.
    """
    from routematch.codec import loads as read  # from the package itself it would be a circle

    return policy_from_data(cast("Any", read(text, format=format)), members=members)


def dumps(policy: Policy, *, format: str = "toml") -> str:  # noqa: A002 - as codec.dumps
    """Write a policy as TOML or JSON text; `loads` gives an equal one.

    Parameters
    ----------
    policy : Policy
        Of members that this library knows by name.
    format : str
        ``"toml"`` or ``"json"``.

    Returns
    -------
    str
    """
    from routematch.codec import dumps as write

    return write(policy.to_data(), format=format, indent=2 if format == "json" else None)


def policy_from_data(data: Mapping[str, Any], *, members: Iterable[type[Rule | Term]] = ()) -> Policy:
    """Make a policy from plain data, in the form of `Policy.to_data`.

    Parameters
    ----------
    data : mapping
        ``name`` and ``terms`` or ``preset`` are needed. With ``preset = "longest_idle"``, all other fields change the
        preset. Rules and terms are names, or mappings with ``name``, ``weight`` and parameters.
    members : iterable of class
        Rules and terms of your own that the data may name.

    Returns
    -------
    Policy

    Raises
    ------
    InvalidInputError
        Listing every fault with its place; `UnknownNameError` where all of them are unknown names.
    """
    faults = Faults()
    if not isinstance(data, Mapping):
        faults.add("must be a table of fields", given=data)
        faults.raise_if_any()
    _check_keys(faults, data)
    values = {key: value for key, value in data.items() if key not in {"schema", "preset"}}
    own = {str(member.name): member for member in members}
    for group in ("terms", "urgency"):
        if group in values:
            values[group] = _members(faults, group, values[group], {**TERMS, **own}, weighted=True)
    if "rules" in values:
        values["rules"] = _members(faults, "rules", values["rules"], {**RULES, **own}, weighted=False)
    if values.get("prices") is not None:
        values["prices"] = _price(faults, values["prices"])
    preset = data.get("preset")
    if preset is not None and (not isinstance(preset, str) or preset not in PRESETS):
        faults.unknown(preset, known=PRESETS, place="preset", what="preset")
    elif preset is None and "terms" not in values:
        faults.add("must be given where there is no preset", place="terms")
    return _made(faults, preset if isinstance(preset, str) and preset in PRESETS else None, values)


def _made(faults: Faults, preset: str | None, values: dict[str, Any]) -> Policy:
    """Make the policy of what is known, so that the faults of its fields are told with all others."""
    known = {key: value for key, value in values.items() if key in {entry.name for entry in fields(Policy)}}
    try:
        base = Policy("unnamed", terms=()) if preset is None else PRESETS[preset]()
        made = evolve(base, **known)
    except InvalidInputError as error:
        faults.extend(error.faults)
    faults.raise_if_any()
    return made


def _check_keys(faults: Faults, data: Mapping[str, Any]) -> None:
    known = {"schema", "preset", *(entry.name for entry in fields(Policy))}
    for key in data:
        if key not in known:
            faults.unknown(key, known=known)
    if data.get("schema", POLICY_SCHEMA) != POLICY_SCHEMA:
        faults.add(f"must be {POLICY_SCHEMA!r}", place="schema", given=data["schema"])


def _price(faults: Faults, given: Any) -> Any:  # noqa: ANN401 - plain data
    """Make a price from its name and its table; None, and a fault, where that cannot be."""
    table = {"name": given} if isinstance(given, str) else given
    if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
        faults.add("must be a name or a table with a name", place="prices", given=given)
        return None
    if table["name"] not in PRICES:
        faults.unknown(table["name"], known=PRICES, place="prices", what="price")
        return None
    member = cast("Any", PRICES[table["name"]])
    arguments = {key: value for key, value in table.items() if key != "name"}
    allowed = {entry.name for entry in fields(member) if entry.init}
    for key in [key for key in arguments if key not in allowed]:
        faults.unknown(key, known=allowed | {"name"}, place=f"prices.{key}", what="parameter")
        del arguments[key]
    try:
        return member(**arguments)
    except InvalidInputError as error:
        faults.extend(error.faults, below="prices")
    except (TypeError, ValueError) as error:
        faults.add(f"is no table of prices: {error}", place="prices")
    return None


def _members(faults: Faults, place: str, entries: Any, known: Mapping[str, Any], *, weighted: bool) -> tuple[Any, ...]:  # noqa: ANN401
    """Make rules or terms from their names and parameters."""
    if not isinstance(entries, list | tuple):
        faults.add("must be a sequence of names or tables", place=place, given=entries)
        return ()
    if len(entries) > MAX_MEMBERS:
        faults.add(f"must have at most {MAX_MEMBERS:,} entries", place=place)
        return ()
    made: list[Any] = []
    for position, entry in enumerate(entries):
        where = f"{place}[{position}]"
        table = {"name": entry} if isinstance(entry, str) else entry
        if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
            faults.add("must be a name or a table with a name", place=where, given=entry)
            continue
        if table["name"] not in known:
            faults.unknown(table["name"], known=known, place=where, what="term" if weighted else "rule")
            continue
        member = known[table["name"]]
        own = {"name", "weight"} if weighted else {"name"}
        arguments = {key: value for key, value in table.items() if key not in own}
        allowed = {entry.name for entry in fields(member) if entry.init} if has(member) else set()
        for key in [key for key in arguments if key not in allowed]:
            faults.unknown(key, known=allowed | own, place=f"{where}.{key}", what="parameter")
            del arguments[key]
        try:
            made_member = member(**arguments)
            made.append(Weighted(made_member, cast("Any", table.get("weight", 1.0))) if weighted else made_member)
        except InvalidInputError as error:
            faults.extend(error.faults, below=where)
    return tuple(made)

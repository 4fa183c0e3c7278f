"""What if: the same place with people trained, more at once, more people or more customers. Always a new scenario.

These stand behind `Scenario.with_training`, `.with_concurrency`, `.with_agents` and `.with_volume`. Nobody is renamed,
so that the same seed gives the same days before and after.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import evolve

from routematch.errors import Faults, InvalidInputError
from routematch.model import Agent, Capacity
from routematch.model.checks import check_number
from routematch.simulation.agent_groups import MAX_SIZE, AgentGroup
from routematch.simulation.changes_arrivals import scaled
from routematch.simulation.changes_load import training_order
from routematch.simulation.fields import check_probability

if TYPE_CHECKING:
    from routematch.simulation.scenario import Scenario

__all__ = ["could_learn", "named", "slots", "with_agents", "with_concurrency", "with_training", "with_volume"]


def with_training(
    scenario: Scenario, agents: int | Sequence[str], skill: str, proficiency: float, group: str | None = None
) -> Scenario:
    """Return the scenario with agents trained; see `Scenario.with_training`."""
    faults = Faults()
    level = check_probability(faults, "proficiency", proficiency)
    if not isinstance(skill, str) or not skill:
        faults.add("must be the name of a skill", place="skill", given=skill)
    _check_group(faults, scenario, group)
    faults.raise_if_any()
    chosen = _chosen(scenario, agents, skill, level, group)

    def trained(agent: Agent) -> Agent:
        if agent.id not in chosen:
            return agent
        return evolve(agent, skills={**agent.skills, skill: max(level, agent.skills.get(skill, 0.0))})

    return _evolved(scenario, trained, chosen, f"{len(chosen)} trained in {skill}")


def could_learn(scenario: Scenario, skill: str, proficiency: float, group: str | None = None) -> tuple[str, ...]:
    """Return the ids of humans who do not have a skill at this level yet, in the order of the roster."""
    return tuple(
        agent.id
        for team in scenario.agent_groups
        if group in {None, team.name}
        for agent in team.roster()
        if agent.kind == "human" and agent.skills.get(skill, -1.0) < proficiency
    )


def _chosen(
    scenario: Scenario, agents: int | Sequence[str], skill: str, proficiency: float, group: str | None
) -> frozenset[str]:
    """Return who is trained: those named, or as many as wanted, the most useful first."""
    faults = Faults()
    if isinstance(agents, int) and not isinstance(agents, bool):
        able = could_learn(scenario, skill, proficiency, group)
        if not 1 <= agents <= len(able):
            faults.add(
                f"must be from 1 to {len(able)}, the agents who do not have {skill} at this level yet",
                place="agents",
                given=agents,
            )
        faults.raise_if_any()
        return frozenset(training_order(scenario, able, skill, proficiency)[:agents])
    names = (agents,) if isinstance(agents, str) else tuple(agents) if isinstance(agents, Iterable) else ()
    if not names or not all(isinstance(name, str) for name in names):
        faults.add("must be a number of agents, or their ids", place="agents", given=agents)
    else:
        _check_members(faults, names, scenario, group)
    faults.raise_if_any()
    return frozenset(names)


def _check_members(faults: Faults, names: Sequence[str], scenario: Scenario, group: str | None) -> None:
    members = [team for team in scenario.agent_groups if group in {None, team.name}]
    known = {agent.id for team in members for agent in team.roster()}
    for place, name in enumerate(names):
        if name not in known:
            faults.unknown(name, known=sorted(known), place=f"agents[{place}]", what="agent")


def with_concurrency(
    scenario: Scenario, channel: str, at_once: int, group: str | None, slow_down: Sequence[float] | None
) -> Scenario:
    """Return the scenario with more conversations at once; see `Scenario.with_concurrency`."""
    faults = Faults()
    wanted = check_number(faults, "at_once", at_once, at_least=1, at_most=1000)
    if wanted != int(wanted):
        faults.add("must be a whole number", place="at_once", given=at_once)
    channels = sorted({kind.channel for kind in scenario.conversation_types})
    if channel not in channels:
        faults.unknown(channel, known=channels, place="channel", what="channel")
    _check_group(faults, scenario, group)
    faults.raise_if_any()

    def changed(team: AgentGroup) -> AgentGroup:
        if group not in {None, team.name} or not any(slots(agent, channel) for agent in team.roster()):
            return team
        pace = team.slow_down if slow_down is None else tuple(slow_down)
        if not team.agents:
            return evolve(team, capacity=_capacity(team.capacity, channel, int(wanted), channels), slow_down=pace)
        agents = [
            evolve(agent, capacity=_capacity(agent.capacity, channel, int(wanted), channels))
            if slots(agent, channel)
            else agent
            for agent in team.agents
        ]
        return evolve(team, agents=agents, slow_down=pace)

    groups = [changed(team) for team in scenario.agent_groups]
    if all(after is before for after, before in zip(groups, scenario.agent_groups, strict=True)):
        faults.add(f"nobody takes {channel} now", place="channel", given=channel)
    faults.raise_if_any()
    return evolve(scenario, agent_groups=groups, name=f"{scenario.name}, {int(wanted)} at once on {channel}")


def slots(agent: Agent, channel: str) -> int:
    """Return how many conversations of a channel an agent can have at once; 0 where it does not serve the channel."""
    if agent.channels is not None and channel not in agent.channels:
        return 0
    capacity = agent.capacity
    cost = capacity.cost(channel)
    by_units = math.inf if cost == 0 else math.floor(capacity.units / cost + 1e-9)
    fits = min(by_units, capacity.caps.get(channel, math.inf))
    return int(min(fits, MAX_SIZE))


def _capacity(capacity: Capacity, channel: str, at_once: int, channels: Sequence[str]) -> Capacity:
    """Return a capacity of one unit for each conversation of a channel; others take the share of it that they took."""
    shares = {name: capacity.cost(name) / capacity.units for name in channels if name != channel}
    costs = {name: math.floor(share * at_once * 1000 + 1e-6) / 1000 for name, share in shares.items()}
    caps = {**capacity.caps, channel: at_once} if channel in capacity.caps else capacity.caps
    return Capacity(at_once, costs={name: cost for name, cost in costs.items() if cost != 1.0}, caps=caps)


def with_agents(scenario: Scenario, group: str, change: int) -> Scenario:
    """Return the scenario with a group larger or smaller; see `Scenario.with_agents`."""
    faults = Faults()
    _check_group(faults, scenario, group)
    if isinstance(change, bool) or not isinstance(change, int) or change == 0:
        faults.add("must be a whole number other than 0", place="change", given=change)
    faults.raise_if_any()
    team = next(team for team in scenario.agent_groups if team.name == group)
    size = len(team.roster())
    if not 0 <= size + change <= MAX_SIZE:
        faults.add(
            f"must leave the group between 0 and {MAX_SIZE:,} agents: it has {size}", place="change", given=change
        )
    if team.agents and size + change == 0:
        faults.add("must leave somebody in a group of agents by name", place="change", given=change)
    faults.raise_if_any()
    if team.agents:
        taken = {agent.id for agent in scenario.roster()}
        larger = evolve(team, agents=_resized(team.agents, size + change, taken))
    else:
        larger = evolve(team, size=size + change)
    groups = [larger if each is team else each for each in scenario.agent_groups]
    return evolve(scenario, agent_groups=groups, name=f"{scenario.name}, {change:+d} {group}")


def _resized(agents: tuple[Agent, ...], size: int, taken: set[str]) -> list[Agent]:
    """Return the first agents, or all and then copies of them in turn under new names."""
    found = list(agents[:size])
    for number in range(len(agents), size):
        like = agents[number % len(agents)]
        name, copy = f"{like.id}+{number // len(agents)}", 0
        while name in taken:
            copy += 1
            name = f"{like.id}+{number // len(agents)}.{copy}"
        taken.add(name)
        found.append(evolve(like, id=name))
    return found


def with_volume(scenario: Scenario, factor: float, types: str | Sequence[str] | None) -> Scenario:
    """Return the scenario with more or fewer conversations; see `Scenario.with_volume`."""
    faults = Faults()
    times = check_number(faults, "factor", factor, above=0, at_most=1e6)
    known = [kind.name for kind in scenario.conversation_types]
    wanted = known if types is None else [types] if isinstance(types, str) else list(types)
    for place, name in enumerate(wanted):
        if name not in known:
            faults.unknown(name, known=known, place=f"types[{place}]", what="conversation type")
    faults.raise_if_any()
    kinds = []
    for place, kind in enumerate(scenario.conversation_types):
        arrivals = kind.arrivals
        if kind.name in wanted and arrivals is not None:
            try:
                arrivals = scaled(arrivals, times)
            except InvalidInputError as error:
                faults.extend(error.faults, below=f"conversation_types[{place}].arrivals")
        kinds.append(evolve(kind, arrivals=arrivals))
    faults.raise_if_any()
    of_what = "" if types is None else f" of {', '.join(wanted)}"
    return evolve(scenario, conversation_types=kinds, name=f"{scenario.name}, {times:g} times the volume{of_what}")


def named(group: AgentGroup) -> AgentGroup:
    """Return a group with its agents by name: the same ids, so that each can be changed on its own."""
    if group.agents:
        return group
    plain = AgentGroup("any")
    return evolve(
        group,
        agents=group.roster(),
        skills={},
        size=1,
        capacity=plain.capacity,
        kind=plain.kind,
        channels=None,
        queues=None,
        weight=plain.weight,
        attributes={},
    )


def _evolved(scenario: Scenario, change: Callable[[Agent], Agent], chosen: frozenset[str], told: str) -> Scenario:
    """Return the scenario with single agents changed; groups without any of them stay as they are."""
    groups = []
    for team in scenario.agent_groups:
        if chosen.isdisjoint(agent.id for agent in team.roster()):
            groups.append(team)
        else:
            by_name = named(team)
            groups.append(evolve(by_name, agents=[change(agent) for agent in by_name.agents]))
    return evolve(scenario, agent_groups=groups, name=f"{scenario.name}, {told}")


def _check_group(faults: Faults, scenario: Scenario, group: str | None) -> None:
    names = [team.name for team in scenario.agent_groups]
    if group is not None and group not in names:
        faults.unknown(group, known=names, place="group", what="agent group")

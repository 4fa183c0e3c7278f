"""The changes people ask about, as data: training, more at once, more people, more customers.

>>> Training(10, "spanish").label, MoreAgents("desk", 5).label, Volume(1.1).label
('train 10 in spanish', '5 more in desk', '10 % more conversations')
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from attrs import evolve, field, frozen

from routematch.errors import Faults
from routematch.model.checks import check_number
from routematch.simulation.changes import could_learn, slots
from routematch.simulation.changes_load import training_order

if TYPE_CHECKING:
    from routematch.simulation import AgentGroup, Scenario

__all__ = ["ASSUMPTIONS", "Change", "Concurrency", "MoreAgents", "Training", "Volume", "candidates"]

#: What is assumed about more conversations at once than were ever seen.
ASSUMPTIONS = ("low", "middle", "high")


@runtime_checkable
class Change(Protocol):
    """Something that could be done, or could happen."""

    @property
    def label(self) -> str:
        """In a few words."""
        ...

    def variants(self, scenario: Scenario) -> dict[str, Scenario]:
        """Return the changed scenario by name; several, in order, where it depends on an assumption."""
        ...


def _as_agents(value: int | str | Iterable[str]) -> int | tuple[str, ...]:
    return value if isinstance(value, int) else (value,) if isinstance(value, str) else tuple(value)


@frozen
class Training:
    """Agents learn a skill.

    Attributes
    ----------
    agents : int or tuple of str
        How many, or who.
    skill : str
    proficiency : float
        What they reach.
    group : str or None
        Only from this agent group.
    hours : float
        That each of them is away for it; what is lost meanwhile counts.
    fee : float
        Paid for each of them, in policy units.
    """

    agents: int | tuple[str, ...] = field(converter=_as_agents)
    skill: str
    proficiency: float = 0.7
    group: str | None = None
    hours: float = field(default=16.0, kw_only=True)
    fee: float = field(default=0.0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check hours and fee; the rest is checked against the scenario."""
        faults = Faults()
        check_number(faults, "hours", self.hours, at_least=0)
        check_number(faults, "fee", self.fee, at_least=0)
        faults.raise_if_any()

    @property
    def label(self) -> str:
        """In a few words."""
        who = self.agents if isinstance(self.agents, int) else len(self.agents)
        return f"train {who} in {self.skill}"

    def variants(self, scenario: Scenario) -> dict[str, Scenario]:
        """Return the scenario with them trained."""
        trained = scenario.with_training(self.agents, skill=self.skill, proficiency=self.proficiency, group=self.group)
        return {self.label: trained}


def candidates(scenario: Scenario, training: Training) -> list[tuple[str, ...]]:
    """Return sets of agents worth trying: the best by price, and the best of each of the most promising groups."""
    if not isinstance(training.agents, int):
        return [training.agents]
    training.variants(scenario)  # says what is wrong with it
    wanted = training.agents
    able = could_learn(scenario, training.skill, training.proficiency, training.group)
    order = training_order(scenario, able, training.skill, training.proficiency)
    found = [tuple(order[:wanted])]
    team_of = {agent.id: team.name for team in scenario.agent_groups for agent in team.roster()}
    for team in dict.fromkeys(team_of[name] for name in order):
        mine = [name for name in order if team_of[name] == team]
        others = [name for name in order if team_of[name] != team]
        found.append(tuple([*mine, *others][:wanted]))
    return list({frozenset(names): names for names in found}.values())


@frozen
class Concurrency:
    """Agents who take a channel have another number of its conversations at once.

    Beyond the levels that a scenario knows the pace of, three answers are given. Low: nothing more gets done than at
    the highest level known. High: each conversation goes on as fast as there. Middle: half way between.

    Attributes
    ----------
    channel : str
    at_once : int
    group : str or None
        Only this agent group.
    """

    channel: str
    at_once: int
    group: str | None = None

    @property
    def label(self) -> str:
        """In a few words."""
        return f"{self.at_once} at once on {self.channel}"

    def variants(self, scenario: Scenario) -> dict[str, Scenario]:
        """Return one scenario where the pace is known, else one for each of `ASSUMPTIONS`."""
        plain = scenario.with_concurrency(self.channel, self.at_once, group=self.group)
        teams = [team for team in scenario.agent_groups if self.group in {None, team.name} and self._room(team)]
        if all(self.at_once <= max(len(team.slow_down), 0 if team.slow_down else self._room(team)) for team in teams):
            return {self.label: plain}
        found = {}
        for assumption in ASSUMPTIONS:
            paces = {team.name: self._paces(team, ASSUMPTIONS.index(assumption) / 2) for team in teams}
            groups = [
                evolve(team, slow_down=paces[team.name]) if team.name in paces else team for team in plain.agent_groups
            ]
            found[f"{assumption}: {self.label}"] = evolve(plain, agent_groups=groups)
        return found

    def _room(self, team: AgentGroup) -> int:
        return max((slots(agent, self.channel) for agent in team.roster()), default=0)

    def _paces(self, team: AgentGroup, share: float) -> tuple[float, ...]:
        known = team.slow_down or (1.0,) * self._room(team)
        level, last = len(known), known[-1]
        beyond = range(level + 1, self.at_once + 1)
        return (*known, *(((1 - share) * level + share * number) * last / number for number in beyond))


@frozen
class MoreAgents:
    """A group becomes larger or smaller.

    Attributes
    ----------
    group : str
    change : int
    """

    group: str
    change: int

    @property
    def label(self) -> str:
        """In a few words."""
        return f"{abs(self.change)} {'more' if self.change > 0 else 'fewer'} in {self.group}"

    def variants(self, scenario: Scenario) -> dict[str, Scenario]:
        """Return the scenario with the group changed."""
        return {self.label: scenario.with_agents(self.group, self.change)}


@frozen
class Volume:
    """More or fewer conversations at the same times of day.

    Attributes
    ----------
    factor : float
    types : tuple of str or None
        Only these conversation types.
    """

    factor: float
    types: tuple[str, ...] | None = None

    @property
    def label(self) -> str:
        """In a few words."""
        change = abs(self.factor - 1.0)
        of_what = f" of {', '.join(self.types)}" if self.types else ""
        return f"{100 * change:g} % {'more' if self.factor > 1 else 'fewer'} conversations{of_what}"

    def variants(self, scenario: Scenario) -> dict[str, Scenario]:
        """Return the scenario with its arrivals scaled."""
        return {self.label: scenario.with_volume(self.factor, types=self.types)}

"""Policies in code: the same objects as for `route`, asked event by event."""

from __future__ import annotations

import numpy as np
import pytest

import routematch as rm
from routematch.distributions import Exponential, PoissonArrivals, RecordedArrivals
from routematch.errors import ContractError
from routematch.policies import longest_idle
from routematch.routing.code import Choice
from routematch.simulation import AgentGroup, ConversationType, Scenario, simulate

DESIGN = Scenario.from_rates(
    [0.12, 0.12], 0.02, 0.005, [4, 4, 3], eligible=[[1, 0, 1], [0, 1, 1]], horizon=4000.0, seed=2
)


class LongestIdle:
    """The idle longest takes who waits longest."""

    def on_arrival(self, view, conversation):
        return next(iter(view.eligible(conversation)), None)

    def on_free(self, view, agent):
        return next(iter(view.waiting_for(agent)), None)


class Threshold(LongestIdle):
    """Generalists help a type only while more than one of them is free, or it has waited 20 seconds."""

    def on_arrival(self, view, conversation):
        generalists = [agent for agent in view.idle if len(view.agent(agent).skills) > 1]
        for agent in view.eligible(conversation):
            if agent not in generalists or len(generalists) > 1:
                return agent
        return None

    def on_free(self, view, agent):
        for conversation in view.waiting_for(agent):
            if len(view.agent(agent).skills) == 1 or view.age(conversation) > 20:
                return conversation
        return None


class MaxWeight(LongestIdle):
    """Serve the type whose queue is longest (Tassiulas and Ephremides 1992)."""

    def on_free(self, view, agent):
        lengths = {group[0]: len(group) for group in view.classes}
        return max(view.waiting_for(agent), key=lambda conversation: lengths[conversation], default=None)


class Idling:
    """Nobody works in the first half hour, whatever waits."""

    def on_arrival(self, view, conversation):
        return None if view.now < 1800 else next(iter(view.eligible(conversation)), None)

    def on_free(self, view, agent):
        return None if view.now < 1800 else next(iter(view.waiting_for(agent)), None)


def test_longest_idle_written_by_a_user_gives_the_same_path_as_the_preset():
    """The same rule in code and as data: the same decisions, bit by bit."""
    mine, preset = (simulate(DESIGN, policy).ledgers[0] for policy in (LongestIdle(), longest_idle()))

    assert mine.answered_at.tobytes() == preset.answered_at.tobytes()
    assert mine.agent.codes.tolist() == preset.agent.codes.tolist()


def test_the_full_loop_gives_code_the_same_path():
    """With several slots and shifts the same code meets the same view in the full loop."""
    groups = [
        AgentGroup(g.name, g.skills, g.size, capacity=2, breaks=(rm.Shift(500, 900),)) for g in DESIGN.agent_groups
    ]
    scenario = Scenario(DESIGN.conversation_types, groups, 3000.0, seed=2)
    mine, preset = (simulate(scenario, policy).ledgers[0] for policy in (LongestIdle(), longest_idle()))

    assert mine.answered_at.tobytes() == preset.answered_at.tobytes()
    assert mine.agent.codes.tolist() == preset.agent.codes.tolist()


@pytest.mark.parametrize("policy", [Threshold(), MaxWeight(), Idling()])
def test_thresholds_max_weight_and_idling_take_a_few_lines(policy):
    """Policies of the literature run as they are written."""
    ledger = simulate(DESIGN, policy).ledgers[0]

    assert (~np.isnan(ledger.answered_at)).sum() > 100


def test_an_idling_policy_idles():
    """Nobody is answered while the policy names nobody."""
    ledger = simulate(DESIGN, Idling()).ledgers[0]

    assert np.nanmin(ledger.answered_at) >= 1800


class OnlyArrivals:
    """One verb: asked for everybody who waits whenever an agent gets room."""

    def on_arrival(self, view, conversation):
        return next(iter(view.eligible(conversation)), None)


class OnlyFree:
    """One verb: asked for everybody with room whenever a conversation arrives."""

    def on_free(self, view, agent):
        return next(iter(view.waiting_for(agent)), None)


@pytest.mark.parametrize("policy", [OnlyArrivals(), OnlyFree()])
def test_one_verb_is_enough(policy):
    """With agents for one type each, either verb alone says what both together would."""
    scenario = Scenario.from_rates([0.1, 0.1], 0.02, 0.01, [5, 5], eligible=np.eye(2), horizon=2000.0)
    mine, preset = (simulate(scenario, each).ledgers[0] for each in (policy, longest_idle()))

    assert mine.answered_at.tobytes() == preset.answered_at.tobytes()
    assert mine.agent.codes.tolist() == preset.agent.codes.tolist()


class Together:
    """All at once, and asked again ten seconds later."""

    def decide(self, view, generator):
        free, pairs = list(view.idle), {}
        for conversation in view.waiting:
            if view.age(conversation) >= 10 and free:
                fits = [agent for agent in view.eligible(conversation) if agent in free]
                if fits:
                    pairs[conversation] = fits[0]
                    free.remove(fits[0])
        return Choice(pairs, wake_at=view.now + 5)


def test_code_that_decides_for_all_at_once_runs_and_is_asked_again():
    """`decide(view, generator)` runs after every event and when it asked to be called."""
    kind = ConversationType("k", arrivals=PoissonArrivals(0.05), handle_time=Exponential(30.0))
    ledger = simulate(Scenario(kind, AgentGroup("g", size=4), 600.0), Together()).ledgers[0]

    assert (ledger.waited >= 10).all()
    assert not np.isnan(ledger.answered_at).any()


class Wrong(LongestIdle):
    """Names an agent who does not fit."""

    def __init__(self, answer):
        self.answer = answer

    def on_arrival(self, view, conversation):
        return self.answer


@pytest.mark.parametrize("answer", ["nobody", "group-2-1", 3])
def test_pairs_that_cannot_be_are_a_broken_contract(answer):
    """Rules and capacity bind code: an unknown agent, one who may not, or no id at all is refused by name."""
    scenario = Scenario.from_rates([0.1], 0.02, None, [1, 1], eligible=[[1, 0]], horizon=300.0)

    with pytest.raises(ContractError, match="Wrong named a pair that cannot be"):
        simulate(scenario, Wrong(answer))


def test_route_understands_the_same_code():
    """What runs in a simulation runs in production: one object for both."""
    agents = [rm.Agent("ana", {"a": 1}), rm.Agent("bo", {"a": 1, "b": 1}, idle_since=-5.0)]
    waiting = [rm.Conversation("one", "b", arrived_at=0.0), rm.Conversation("two", "a", arrived_at=1.0)]

    assert rm.route(waiting, agents, policy=LongestIdle(), now=2.0).pairs() == {"one": "bo", "two": "ana"}
    assert rm.route(waiting, agents, policy=OnlyFree(), now=2.0).pairs() == {"one": "bo", "two": "ana"}


def test_a_policy_that_holds_back_is_asked_again_when_time_alone_changes_its_mind():
    """With an option for at most 40 seconds, a poor match is held that long and no longer, though nothing happens."""
    from attrs import evolve

    from routematch.policies import best_match

    kind = ConversationType("k", {"a": 0}, arrivals=RecordedArrivals((0.0,)), handle_time=Exponential(30.0))
    policy = evolve(best_match(), option=0.5, max_hold_time=40.0, aging_rate=0.0)
    ledger = simulate(Scenario(kind, AgentGroup("g", {"a": 0.2}), 600.0), policy).ledgers[0]

    assert ledger.waited.tolist() == [40.0]

"""The strategies: valid, without rejection, alike enough, and with switches that do switch off."""

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from routematch.model import AllOf, Attribute, Requirement
from routematch.model.requirements import walk
from routematch.testing import strategies as kit

ALL = {
    "agents": kit.agents(),
    "assignments": kit.assignments(),
    "backlogs": kit.backlogs(),
    "capacities": kit.capacities(),
    "conditions": kit.conditions(),
    "conversations": kit.conversations(),
    "estimates": kit.estimates(),
    "held": kit.held(),
    "instants": kit.instants(),
    "levels": kit.levels(),
    "outcomes": kit.outcomes(),
    "preferences": kit.preferences(),
    "queue_lists": kit.queue_lists(),
    "queues": kit.queues(),
    "relaxations": kit.relaxations(from_level=0.5),
    "requirements": kit.requirements(),
    "rosters": kit.rosters(),
    "weights": kit.weights(),
}


def sample(strategy, size):
    """Draw some values; Hypothesis complains where a strategy filters."""
    drawn = []

    @settings(
        max_examples=size,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(strategy)
    def draw(value):
        drawn.append(value)

    draw()
    return drawn


@pytest.fixture(scope="module")
def agents():
    """Draw agents with every feature."""
    return [agent for roster in sample(kit.rosters(), 60) for agent in roster]


@pytest.fixture(scope="module")
def waiting():
    """Draw conversations with every feature."""
    return [conversation for backlog in sample(kit.backlogs(), 60) for conversation in backlog]


@pytest.mark.parametrize("strategy", ALL.values(), ids=ALL)
def test_every_draw_is_valid(strategy):
    """Values are built valid, not drawn and thrown away."""
    assert len(sample(strategy, 20)) >= 10


@settings(max_examples=25)
@given(kit.rosters(), kit.backlogs(), kit.queue_lists())
def test_ids_are_distinct_and_known(agents, waiting, queues):
    """Whatever names an agent names one that a roster can have."""
    for nouns in (agents, waiting, queues):
        assert len({noun.id for noun in nouns}) == len(nouns)
    named = [*(agent.id for agent in agents)]
    named += [name for conversation in waiting for name in (*conversation.excludes, *conversation.affinity)]
    named += [name for queue in queues for name in (*queue.primary, *queue.secondary)]

    assert set(named) <= set(kit.AGENT_IDS)


AGENT_SWITCHES = {
    "mixed_costs": lambda agent: agent.capacity.costs,
    "channel_caps": lambda agent: set(agent.capacity.caps) & set(kit.CHANNELS),
    "label_caps": lambda agent: set(agent.capacity.caps) & set(kit.LABELS),
    "presence": lambda agent: agent.presence != "available",
    "load": lambda agent: agent.load,
    "queues": lambda agent: agent.queues is not None or agent.channels is not None,
    "attributes": lambda agent: agent.attributes or agent.kind != "human",
    "shifts": lambda agent: agent.shifts,
}
CONVERSATION_SWITCHES = {
    "relaxed": lambda asked: asked.requires.steps,
    "groups": lambda asked: any(type(part) not in {AllOf, Requirement, Attribute} for part in walk(asked.requires)),
    "attributes": lambda asked: asked.attributes or any(isinstance(part, Attribute) for part in walk(asked.requires)),
    "queues": lambda asked: asked.queue,
    "urgency": lambda asked: asked.priority or asked.due_at is not None or asked.value != 1,
    "wishes": lambda asked: asked.prefers or asked.affinity,
    "exclusions": lambda asked: asked.excludes,
    "labels": lambda asked: asked.labels,
}


@pytest.mark.parametrize("switch", AGENT_SWITCHES)
def test_features_of_agents_can_be_switched_off(switch, agents):
    """A feature occurs, and with its switch off it never does."""
    occurs = AGENT_SWITCHES[switch]

    assert any(occurs(agent) for agent in agents)
    assert not any(occurs(agent) for roster in sample(kit.rosters(**{switch: False}), 20) for agent in roster)


@pytest.mark.parametrize("switch", CONVERSATION_SWITCHES)
def test_features_of_conversations_can_be_switched_off(switch, waiting):
    """A feature occurs, and with its switch off it never does."""
    occurs = CONVERSATION_SWITCHES[switch]
    without = [asked for backlog in sample(kit.backlogs(**{switch: False}), 20) for asked in backlog]

    assert any(occurs(conversation) for conversation in waiting)
    assert not any(occurs(conversation) for conversation in without)


def skilled_enough(agent, conversation):
    """Whether an agent has the skills of a conversation's outermost requirements."""
    asked = conversation.requires.parts if isinstance(conversation.requires, AllOf) else (conversation.requires,)
    return all(agent.skills.get(part.skill, -1) >= part.at_least for part in asked if isinstance(part, Requirement))


def test_agents_and_conversations_do_fit(agents, waiting):
    """A good part of the pairs fits by skills, and a good part does not."""
    fitting = sum(skilled_enough(agent, conversation) for agent in agents for conversation in waiting)

    assert 0.2 < fitting / (len(agents) * len(waiting)) < 0.8


def test_without_hypothesis_the_extra_is_named():
    """Who lacks the extra is told how to install it; the package around it loads."""
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import routematch.testing\n"
        "from routematch.errors import MissingExtraError\n"
        "try: routematch.testing.strategies\n"
        "except MissingExtraError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)

    assert 'pip install "routematch[testing]"' in done.stdout, done.stderr


def test_unknown_parts_are_attribute_errors():
    """Lazy loading answers an unknown name as any module does."""
    import routematch.testing

    with pytest.raises(AttributeError, match="no_such_part"):
        routematch.testing.no_such_part  # noqa: B018
    assert "strategies" in dir(routematch.testing)

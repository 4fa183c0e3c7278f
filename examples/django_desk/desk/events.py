"""What people do at the desk. Each event changes its rows in one transaction, and marks the domain.

Whoever changes several rows takes conversations before agents and each by id, as the claims do.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from desk.marks import mark_dirty
from desk.models import Agent, Conversation, Domain, Entry, Mark, RoutingMemory


@transaction.atomic
def open_domain(name: str, **settings: object) -> Domain:
    """Begin a domain, with an empty memory and a first mark; from here on it always has one."""
    domain = Domain.objects.create(name=name, **settings)
    RoutingMemory.objects.create(domain=domain)
    Mark.objects.create(domain=domain)
    return domain


@transaction.atomic
def arrive(domain: Domain, requires: Mapping[str, float], *, priority: float = 0) -> Conversation:
    """Let a conversation begin to wait."""
    conversation = Conversation.objects.create(domain=domain, requires=dict(requires), priority=priority)
    mark_dirty(domain.pk)
    return conversation


@transaction.atomic
def set_presence(agent_id: int, presence: str) -> None:
    """Sign an agent in, out, or away. A claim that was decided before loses: the version has changed."""
    Agent.objects.filter(pk=agent_id).update(presence=presence, version=F("version") + 1)
    mark_dirty(Agent.objects.values_list("domain", flat=True).get(pk=agent_id))


@transaction.atomic
def assign_by_hand(conversation_id: int, agent_id: int) -> bool:
    """Give a conversation to an agent, whoever has it now; return False if it is done or the agent is full."""
    conversation = Conversation.objects.select_for_update(no_key=True).get(pk=conversation_id)
    before, done = conversation.holder_id, conversation.status == Conversation.Status.DONE
    list(Agent.objects.select_for_update(no_key=True).filter(pk__in={before, agent_id} - {None}).order_by("pk"))
    if done or before == agent_id:
        return not done
    if not Agent.objects.filter(pk=agent_id, load__lt=F("capacity")).update(load=F("load") + 1):
        return False
    Agent.objects.filter(pk=before).update(load=F("load") - 1)
    _hand_over(conversation, agent_id, Conversation.Status.OPEN, Entry.What.BY_HAND)
    return True


@transaction.atomic
def complete(conversation_id: int) -> bool:
    """End a conversation and free its agent; return False if it is not open."""
    conversation = Conversation.objects.select_for_update(no_key=True).get(pk=conversation_id)
    if conversation.status != Conversation.Status.OPEN:
        return False
    Agent.objects.filter(pk=conversation.holder_id).update(load=F("load") - 1, idle_since=Now())
    _hand_over(conversation, conversation.holder_id, Conversation.Status.DONE, Entry.What.COMPLETED)
    return True


def _hand_over(conversation: Conversation, agent_id: int, status: str, what: str) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(status=status, holder=agent_id, version=F("version") + 1)
    Entry.objects.create(conversation=conversation, agent_id=agent_id, what=what)
    mark_dirty(conversation.domain_id)

"""What the desk keeps: domains, agents, conversations, what is due, and what was done.

The database is the judge of who holds a conversation. Its constraints hold whatever the code above them does.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class Domain(models.Model):
    """Agents and conversations that are matched together. Queues that share agents belong into one."""

    name = models.CharField(max_length=100, unique=True)
    policy = models.CharField(max_length=40, default="best_match")
    relax_after = models.FloatField(null=True, help_text="Seconds of waiting after which half of each level is enough")

    def __str__(self) -> str:
        return str(self.name)


class RoutingMemory(models.Model):
    """What one decision leaves for the next: `Plan.memory`, as JSON.

    A row of its own, so that nobody who saves a domain in the admin writes an old memory back.
    """

    domain = models.OneToOneField(Domain, models.CASCADE, primary_key=True, related_name="memory")
    data = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"memory of {self.domain_id}"


class Agent(models.Model):
    """Somebody who takes conversations."""

    class Presence(models.TextChoices):
        """Where an agent is."""

        AVAILABLE = "available"
        AWAY = "away"
        OFFLINE = "offline"

    domain = models.ForeignKey(Domain, models.CASCADE)
    name = models.CharField(max_length=100)
    skills = models.JSONField(default=dict)
    capacity = models.PositiveIntegerField(default=1)
    load = models.PositiveIntegerField(default=0)
    presence = models.CharField(max_length=10, choices=Presence, default=Presence.OFFLINE)
    idle_since = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0, help_text="Counts changes of skills, capacity, presence; not load")

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(load__lte=F("capacity")), name="never_over_capacity"),)

    def __str__(self) -> str:
        return str(self.name)


class Conversation(models.Model):
    """One thing to be handled."""

    class Status(models.TextChoices):
        """How far it is."""

        WAITING = "waiting"
        OPEN = "open"
        DONE = "done"

    domain = models.ForeignKey(Domain, models.CASCADE)
    requires = models.JSONField(default=dict)
    priority = models.FloatField(default=0)
    arrived_at = models.DateTimeField(db_default=Now())
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    holder = models.ForeignKey(Agent, models.PROTECT, null=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["domain"], condition=Q(status="waiting"), name="waiting_by_domain"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(status="waiting", holder=None) | Q(status__in=["open", "done"], holder__isnull=False),
                name="held_unless_waiting",
            ),
        )

    def __str__(self) -> str:
        return f"conversation {self.pk}"


class Mark(models.Model):
    """The domain has to be routed at this time. Marks are only added and deleted, so nobody waits to set one."""

    domain = models.ForeignKey(Domain, models.CASCADE)
    at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return f"{self.domain_id} at {self.at}"


class Entry(models.Model):
    """A line of the journal: who got what, when, and by whose decision."""

    class What(models.TextChoices):
        """What happened."""

        CLAIMED = "claimed"
        LOST = "lost"
        BY_HAND = "by hand"
        COMPLETED = "completed"

    conversation = models.ForeignKey(Conversation, models.CASCADE)
    agent = models.ForeignKey(Agent, models.CASCADE)
    what = models.CharField(max_length=10, choices=What)
    at = models.DateTimeField(db_default=Now())
    worth = models.FloatField(null=True)
    policy = models.CharField(max_length=64, blank=True, help_text="Fingerprint of the policy that decided")

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.what} {self.agent_id}"

"""The first tables, as `python manage.py makemigrations` wrote them."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Make the tables of the desk."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Agent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("skills", models.JSONField(default=dict)),
                ("capacity", models.PositiveIntegerField(default=1)),
                ("load", models.PositiveIntegerField(default=0)),
                (
                    "presence",
                    models.CharField(
                        choices=[("available", "Available"), ("away", "Away"), ("offline", "Offline")],
                        default="offline",
                        max_length=10,
                    ),
                ),
                ("idle_since", models.DateTimeField(null=True)),
                (
                    "version",
                    models.PositiveIntegerField(
                        default=0, help_text="Counts changes of skills, capacity, presence; not load"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Domain",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                ("policy", models.CharField(default="best_match", max_length=40)),
                (
                    "relax_after",
                    models.FloatField(
                        help_text="Seconds of waiting after which half of each level is enough", null=True
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RoutingMemory",
            fields=[
                (
                    "domain",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="memory",
                        serialize=False,
                        to="desk.domain",
                    ),
                ),
                ("data", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="Conversation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("requires", models.JSONField(default=dict)),
                ("priority", models.FloatField(default=0)),
                ("arrived_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("open", "Open"), ("done", "Done")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=0)),
                ("holder", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="desk.agent")),
                ("domain", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="desk.domain")),
            ],
        ),
        migrations.AddField(
            model_name="agent",
            name="domain",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="desk.domain"),
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("claimed", "Claimed"),
                            ("lost", "Lost"),
                            ("by hand", "By Hand"),
                            ("completed", "Completed"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("worth", models.FloatField(null=True)),
                (
                    "policy",
                    models.CharField(blank=True, help_text="Fingerprint of the policy that decided", max_length=64),
                ),
                ("agent", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="desk.agent")),
                (
                    "conversation",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="desk.conversation"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True)),
                ("domain", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="desk.domain")),
            ],
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(condition=models.Q(("status", "waiting")), fields=["domain"], name="waiting_by_domain"),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("holder", None), ("status", "waiting")),
                    models.Q(("holder__isnull", False), ("status__in", ["open", "done"])),
                    _connector="OR",
                ),
                name="held_unless_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="agent",
            constraint=models.CheckConstraint(
                condition=models.Q(("load__lte", models.F("capacity"))), name="never_over_capacity"
            ),
        ),
    ]

"""The worker: route whatever is due, wait a moment when nothing is. Start as many as you like."""

from __future__ import annotations

import logging
import signal
import threading

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from desk.routing import Run, route_next

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """`python manage.py route_domains`."""

    help = "Route domains as they become due, until stopped"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--poll", type=float, default=0.2, help="seconds between two looks when nothing is due")
        parser.add_argument("--until-idle", action="store_true", help="stop as soon as nothing is due")

    def handle(self, *, poll: float, until_idle: bool, **_options: object) -> None:
        """Work until asked to stop."""
        stopped = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopped.set())
        while not stopped.is_set():
            run = look()
            if run is not None:
                self.stdout.write(f"domain {run.domain}: {run.won} won, {run.lost} lost, again at {run.again_at:%T}")
            elif until_idle:
                return
            else:
                stopped.wait(poll)


def look() -> Run | None:
    """Route a domain that is due; what fails is logged and tried again later, so that the worker goes on."""
    try:
        return route_next()
    except Exception:
        logger.exception("a domain could not be routed")
        close_old_connections()
        return None

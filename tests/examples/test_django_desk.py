"""The Django example on a private PostgreSQL server: claims, marks, memory, and a storm of processes.

Without PostgreSQL's programs, or without Django and psycopg, these tests skip and say so; with the environment variable
ROUTEMATCH_REQUIRE_POSTGRES=1 they fail instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import routematch as rm

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "django_desk"
STORM = Path(__file__).with_name("django_desk_storm.py")
REQUIRED = os.environ.get("ROUTEMATCH_REQUIRE_POSTGRES", "") not in {"", "0"}

#: What must never be: each query returns the rows that break the rule.
RULES = {
    "a worker takes only what waits": """
        SELECT * FROM audit_conversation WHERE who = 'worker' AND new_status = 'open' AND old_status <> 'waiting'""",
    "a conversation has one holder at a time": """
        SELECT later.* FROM desk_entry earlier JOIN desk_entry later USING (conversation_id)
        WHERE later.what = 'claimed' AND earlier.id < later.id AND earlier.what IN ('claimed', 'by hand')""",
    "nobody is over capacity, ever": """
        SELECT * FROM audit_agent WHERE new_load NOT BETWEEN 0 AND capacity""",
    "no worker gives to somebody who is not available": """
        SELECT * FROM audit_agent WHERE who = 'worker' AND new_load > old_load AND presence <> 'available'""",
    "in each transaction, load follows what is held": """
        SELECT tx, agent, sum(change) FROM (
            SELECT tx, id AS agent, new_load - old_load AS change FROM audit_agent
            UNION ALL SELECT tx, new_holder, -1 FROM audit_conversation WHERE new_status = 'open'
            UNION ALL SELECT tx, old_holder, 1 FROM audit_conversation WHERE old_status = 'open'
        ) AS changes GROUP BY tx, agent HAVING sum(change) <> 0""",
    "load is what is held now": """
        SELECT id FROM desk_agent a
        WHERE load <> (SELECT count(*) FROM desk_conversation WHERE holder_id = a.id AND status = 'open')""",
    "what is done stays done": """
        SELECT * FROM audit_conversation WHERE old_status = 'done'""",
}

AUDIT = """
    CREATE TABLE audit_conversation (
        seq bigserial, tx xid8 DEFAULT pg_current_xact_id(), who text DEFAULT current_setting('application_name'),
        id bigint, old_status text, new_status text, old_holder bigint, new_holder bigint);
    CREATE TABLE audit_agent (
        seq bigserial, tx xid8 DEFAULT pg_current_xact_id(), who text DEFAULT current_setting('application_name'),
        id bigint, old_load int, new_load int, capacity int, presence text);
    CREATE FUNCTION audit_conversation() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO audit_conversation (id, old_status, new_status, old_holder, new_holder)
        VALUES (NEW.id, OLD.status, NEW.status, OLD.holder_id, NEW.holder_id); RETURN NULL; END $$;
    CREATE FUNCTION audit_agent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO audit_agent (id, old_load, new_load, capacity, presence)
        VALUES (NEW.id, OLD.load, NEW.load, NEW.capacity, NEW.presence); RETURN NULL; END $$;
    CREATE TRIGGER audit AFTER UPDATE ON desk_conversation FOR EACH ROW EXECUTE FUNCTION audit_conversation();
    CREATE TRIGGER audit AFTER UPDATE ON desk_agent FOR EACH ROW EXECUTE FUNCTION audit_agent();
"""
TABLES = (
    "desk_domain, desk_agent, desk_conversation, desk_mark, desk_entry, desk_routingmemory, "
    "audit_conversation, audit_agent"
)


def missing(what: str) -> None:
    """Skip, or fail where it is required."""
    if REQUIRED:
        pytest.fail(f"{what}, and ROUTEMATCH_REQUIRE_POSTGRES is set")
    pytest.skip(what)


@pytest.fixture(scope="module")
def server():
    """Run a private server for this file; give the variables that lead to it, which are also set here."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        import django  # noqa: F401

        import private_postgres
    except ImportError as error:  # also on Windows, which has no accounts to run the server as
        missing(f"Django, psycopg and a Unix are needed: {error}")
    programs = private_postgres.find_programs()
    if programs is None:
        missing("PostgreSQL's programs initdb and postgres were not found on the path or in /usr/lib/postgresql")
    with private_postgres.private_postgres(programs) as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in {**environment, "DJANGO_SETTINGS_MODULE": "settings"}.items():
            patch.setenv(name, value)
        yield environment
        sys.path.remove(str(EXAMPLE))


@pytest.fixture(scope="module")
def tables(server):
    """Make the tables, and the audit below them that shares no code with the example."""
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(AUDIT)
    yield connection
    connection.close()


@pytest.fixture
def desk(tables):
    """Give the modules of the example and empty tables."""
    with tables.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} RESTART IDENTITY")
    modules = {name: importlib.import_module(f"desk.{name}") for name in ("events", "marks", "models", "routing")}
    yield SimpleNamespace(**modules, **{name: getattr(modules["models"], name) for name in NOUNS})
    tables.close()


NOUNS = ("Agent", "Conversation", "Domain", "Entry", "Mark", "RoutingMemory")


def elsewhere(work, *arguments):
    """Do something on a connection of its own, committed before this returns."""
    from django.db import connection

    def alone():
        try:
            return work(*arguments)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(alone).result(timeout=20)


def rows(query: str) -> list[tuple]:
    """Return what a query finds."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def people(desk, domain, names: str, **settings):
    """Sign in agents who can do everything."""
    plain = {"skills": {"billing": 0.8}, "presence": "available", "capacity": 1}
    return [desk.Agent.objects.create(domain=domain, name=name, **{**plain, **settings}) for name in names.split()]


def run(desk):
    """Route what is due until nothing is; return the runs."""
    return list(iter(desk.routing.route_next, None))


def test_what_waits_is_routed_claimed_and_written_down(desk):
    """A run gives the conversation its holder, raises the load, and leaves a line in the journal with the policy."""
    domain = desk.events.open_domain("support")
    (ana,) = people(desk, domain, "ana")
    chat = desk.events.arrive(domain, {"billing": 0.5})

    assert [(one.won, one.lost) for one in run(desk)] == [(1, 0)]
    chat.refresh_from_db()
    ana.refresh_from_db()
    assert (chat.status, chat.holder, chat.version, ana.load) == ("open", ana, 1, 1)
    (entry,) = desk.Entry.objects.all()
    assert (entry.conversation, entry.agent, entry.what) == (chat, ana, "claimed")
    assert entry.policy == rm.policies.best_match().fingerprint
    assert desk.RoutingMemory.objects.get().data == {"decisions": 1}


@pytest.mark.parametrize("change", ["taken by hand", "signed out", "filled by hand"])
def test_a_claim_that_comes_too_late_is_lost_and_burns_nothing(desk, change):
    """What changed between decision and claim wins; the conversation waits on as before, and the turn is kept."""
    from django.db import transaction

    domain = desk.events.open_domain("support", policy="round_robin")
    ana, bo = people(desk, domain, "ana bo")
    first = desk.events.arrive(domain, {"billing": 0.5})
    urgent = desk.events.arrive(desk.events.open_domain("another"), {})
    with transaction.atomic():
        snapshot = desk.routing.load(domain.pk)
        plan = desk.routing.decide(snapshot)
        assert plan.pairs() == {str(first.pk): str(ana.pk)}
        if change == "taken by hand":
            elsewhere(desk.events.assign_by_hand, first.pk, bo.pk)
        elif change == "signed out":
            elsewhere(desk.events.set_presence, ana.pk, "away")
        else:
            assert elsewhere(desk.events.assign_by_hand, urgent.pk, ana.pk)
        won = desk.routing.claim(plan)
        desk.routing.remember(snapshot, plan, won)

    assert won == []
    arrived_at = first.arrived_at
    first.refresh_from_db()
    expected = ("open", bo) if change == "taken by hand" else ("waiting", None)
    assert (first.status, first.holder, first.arrived_at) == (*expected, arrived_at)
    assert desk.RoutingMemory.objects.get(domain=domain).data == {}
    assert desk.Entry.objects.filter(what="lost").count() == 1
    assert desk.routing.next_time(snapshot.now, plan, lost=1) == snapshot.now


def test_memory_advances_by_what_was_won(desk):
    """Of two round-robin assignments one is lost: who lost keeps the turn."""
    from django.db import transaction

    domain = desk.events.open_domain("support", policy="round_robin")
    ana, bo, _cy = people(desk, domain, "ana bo cy")
    first, second = (desk.events.arrive(domain, {"billing": 0.5}) for _ in range(2))
    with transaction.atomic():
        snapshot = desk.routing.load(domain.pk)
        plan = desk.routing.decide(snapshot)
        assert plan.pairs() == {str(first.pk): str(ana.pk), str(second.pk): str(bo.pk)}
        elsewhere(desk.events.set_presence, bo.pk, "away")
        desk.routing.remember(snapshot, plan, desk.routing.claim(plan))
    desk.events.set_presence(bo.pk, "available")

    run(desk)
    second.refresh_from_db()
    assert second.holder == bo


def test_a_mark_is_set_when_the_change_is_committed_and_only_then(desk):
    """What is rolled back marks nothing; a burst of marks makes one run."""
    from django.db import transaction

    domain = desk.events.open_domain("support")
    people(desk, domain, "ana bo cy")
    run(desk)
    due = desk.Mark.objects.filter(at__lt=datetime.now(UTC) + timedelta(seconds=30))
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        desk.events.arrive(domain, {})
        1 / 0  # noqa: B018
    assert not due.exists()

    with transaction.atomic():
        desk.events.arrive(domain, {})
        assert not due.exists()
    desk.events.arrive(domain, {})
    desk.events.arrive(domain, {})
    assert due.count() == 3
    assert [one.won for one in run(desk)] == [3]
    assert desk.Mark.objects.count() == 1


def test_a_domain_is_routed_by_one_at_a_time(desk):
    """While somebody holds the lock of a domain, others route other domains, and its mark stays."""
    from django.db import transaction

    one, two = (desk.events.open_domain(name) for name in ("one", "two"))
    for domain in (one, two):
        people(desk, domain, "ana")
        desk.events.arrive(domain, {})
    with transaction.atomic():
        assert desk.marks.lock(one.pk)
        assert elsewhere(desk.routing.route_next).domain == two.pk
        assert elsewhere(desk.routing.route_next) is None
    assert [each.domain for each in run(desk)] == [one.pk]


def test_what_is_marked_during_a_run_is_seen_by_the_next(desk, monkeypatch):
    """A conversation that arrives after the rows were read is not forgotten (no lost wake-up)."""
    domain = desk.events.open_domain("support")
    people(desk, domain, "ana", capacity=2)
    desk.events.arrive(domain, {})
    decide, arrived = desk.routing.decide, []

    def decide_while_another_arrives(snapshot):
        if not arrived:
            arrived.append(elsewhere(desk.events.arrive, domain, {}))
        return decide(snapshot)

    monkeypatch.setattr(desk.routing, "decide", decide_while_another_arrives)
    assert [each.won for each in run(desk)] == [1, 1]
    assert desk.Conversation.objects.filter(status="open").count() == 2


def test_a_run_asks_to_be_repeated_when_time_can_change_the_answer(desk):
    """The next mark is at `next_review_at`: here when the requirement relaxes, and then the conversation is served."""
    domain = desk.events.open_domain("support", relax_after=30)
    (ana,) = people(desk, domain, "ana", skills={"billing": 0.3})
    chat = desk.events.arrive(domain, {"billing": 0.5})
    run(desk)
    (mark,) = desk.Mark.objects.all()
    assert abs(mark.at - (chat.arrived_at + timedelta(seconds=30))) < timedelta(milliseconds=1)

    for table in (desk.Conversation, desk.Mark):  # half a minute passes
        for row in table.objects.all():
            name = "arrived_at" if table is desk.Conversation else "at"
            table.objects.filter(pk=row.pk).update(**{name: getattr(row, name) - timedelta(seconds=31)})
    run(desk)
    chat.refresh_from_db()
    assert chat.holder == ana


def test_a_domain_is_looked_at_even_if_a_mark_was_lost(desk):
    """A new domain has a mark, and each run leaves one: a minute ahead at most, and a second at least."""
    desk.events.open_domain("support")
    assert [one.won for one in run(desk)] == [0]
    assert desk.Mark.objects.count() == 1
    now = datetime(2026, 3, 2, tzinfo=UTC)
    for review_at, seconds in ((None, 60), (now.timestamp(), 1), (now.timestamp() + 20, 20), (2e9, 60)):
        plan = SimpleNamespace(next_review_at=review_at)
        assert desk.routing.next_time(now, plan, lost=0) == now + timedelta(seconds=seconds)


def test_what_can_not_be_routed_does_not_stop_the_others(desk, caplog):
    """A row that is no conversation is left out and logged; a domain that fails is put off, and the worker goes on."""
    broken, sound = desk.events.open_domain("broken", policy="magic"), desk.events.open_domain("sound")
    people(desk, sound, "ana")
    desk.events.arrive(broken, {})
    desk.events.arrive(sound, {"billing": 7})
    desk.events.arrive(sound, {"billing": 0.5})
    look = importlib.import_module("desk.management.commands.route_domains").look
    with caplog.at_level(logging.ERROR):
        runs = [look() for _ in range(4)]

    assert [one and (one.domain, one.won) for one in runs] == [None, (sound.pk, 1), None, None]
    assert "left out" in caplog.text
    assert "KeyError: 'magic'" in caplog.text
    assert desk.Mark.objects.filter(domain=broken, at__gt=datetime.now(UTC) + timedelta(seconds=50)).exists()


def test_the_database_refuses_what_no_code_should_do(desk):
    """Constraints stand below the claims: no load over capacity, and no holder of what waits."""
    from django.db import IntegrityError

    domain = desk.events.open_domain("support")
    (ana,) = people(desk, domain, "ana")
    chat = desk.events.arrive(domain, {})
    with pytest.raises(IntegrityError, match="never_over_capacity"):
        desk.Agent.objects.filter(pk=ana.pk).update(load=2)
    with pytest.raises(IntegrityError, match="held_unless_waiting"):
        desk.Conversation.objects.filter(pk=chat.pk).update(holder=ana)


def test_a_manual_assignment_moves_the_load(desk):
    """A colleague's hand-over takes the conversation from whoever has it, and a full agent is refused."""
    domain = desk.events.open_domain("support")
    ana, bo = people(desk, domain, "ana bo")
    one, two = (desk.events.arrive(domain, {}) for _ in range(2))
    assert desk.events.assign_by_hand(one.pk, ana.pk)
    assert desk.events.assign_by_hand(one.pk, bo.pk)
    assert not desk.events.assign_by_hand(two.pk, bo.pk)
    assert list(desk.Agent.objects.order_by("pk").values_list("load", flat=True)) == [0, 1]
    assert desk.events.complete(one.pk)
    assert not desk.events.complete(one.pk)
    assert not desk.events.assign_by_hand(one.pk, ana.pk)
    assert broken_rules() == {}


def test_the_worker_command_routes_and_stops_when_asked(desk):
    """`manage.py route_domains` works until SIGTERM, and with --until-idle until nothing is due."""
    domain = desk.events.open_domain("support")
    people(desk, domain, "ana", capacity=2)
    desk.events.arrive(domain, {})
    command = [sys.executable, "-W", "error", "manage.py", "route_domains"]
    done = subprocess.run(
        [*command, "--until-idle"], cwd=EXAMPLE, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"domain 1: 1 won, 0 lost, again at \d\d:\d\d:\d\d\n", done.stdout)

    worker = subprocess.Popen([*command, "--poll", "0.01"], cwd=EXAMPLE, stdout=subprocess.PIPE)
    desk.events.arrive(domain, {})
    assert worker.stdout.readline().startswith(b"domain 1: 1 won")
    worker.send_signal(signal.SIGTERM)
    assert worker.communicate(timeout=20) == (b"", None)
    assert worker.returncode == 0


def test_migrations_make_the_models(desk):
    """No migration is missing."""
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[str]:
    """Return the Python blocks of a how-to page."""
    found = PYTHON_BLOCK.findall((ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8"))
    assert found
    return found


def module_of(code: str, name: str, patch) -> ModuleType:
    """Make a module of code, to be forgotten at the end of the test."""
    module = ModuleType(name)
    patch.setitem(sys.modules, name, module)
    exec(compile(code, f"<{name}>", "exec", dont_inherit=True), module.__dict__)
    return module


@pytest.mark.parametrize("block", blocks("embed-in-django.md"), ids=lambda block: block.split("\n")[0].strip())
def test_the_page_shows_the_real_code(block):
    """Each block of the Django page stands in the example, letter by letter."""
    files = [path.read_text(encoding="utf-8") for path in EXAMPLE.rglob("*.py")]
    assert any(block in text for text in files)


async def ask(app, method: str, path: str, body: object = None):
    """Send one request to an ASGI application; return status and what was answered."""
    answer = []

    async def receive():
        return {"type": "http.request", "body": b"" if body is None else json.dumps(body).encode()}

    async def send(message):
        answer.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    return answer[0]["status"], json.loads(b"".join(part.get("body", b"") for part in answer[1:]) or b"null")


def test_the_fastapi_page_routes_what_comes_in(desk, monkeypatch):
    """The code of the FastAPI page compiles; where FastAPI is installed, it routes on the same tables."""
    code = "\n".join(blocks("embed-in-fastapi.md"))
    compile(code, "embed-in-fastapi.md", "exec", dont_inherit=True)
    pytest.importorskip("fastapi")
    module = module_of(code, "fastapi_desk", monkeypatch)
    domain = desk.events.open_domain("support")
    (ana,) = people(desk, domain, "ana", presence="offline")

    async def serve():
        async with module.lifespan(module.app):
            asked = {"requires": {"billing": 0.5}}
            status, chat = await ask(module.app, "POST", f"/domains/{domain.pk}/conversations", asked)
            assert status == 200
            _, shown = await ask(module.app, "GET", f"/conversations/{chat['id']}")
            assert (shown["status"], shown["holder_id"]) == ("waiting", None)
            assert (await ask(module.app, "PUT", f"/agents/{ana.pk}/presence", {"presence": "available"}))[0] == 200
            deadline = time.monotonic() + 20
            while shown["status"] == "waiting" and time.monotonic() < deadline:
                await asyncio.sleep(0.02)
                _, shown = await ask(module.app, "GET", f"/conversations/{chat['id']}")
            assert shown["holder_id"] == ana.pk
            assert (await ask(module.app, "PUT", "/agents/99/presence", {"presence": "away"}))[0] == 404

    asyncio.run(serve())
    assert broken_rules() == {}


def test_a_claim_by_the_fastapi_page_can_be_lost(desk, monkeypatch):
    """The page's own claim writes only what still holds, and gives back what it took in vain."""
    pytest.importorskip("fastapi")
    module = module_of("\n".join(blocks("embed-in-fastapi.md")), "fastapi_desk", monkeypatch)
    domain = desk.events.open_domain("support")
    ana, bo = people(desk, domain, "ana bo")
    first, second = (desk.events.arrive(domain, {}) for _ in range(2))
    plan = desk.routing.decide(desk.routing.load(domain.pk))
    desk.events.set_presence(bo.pk, "away")
    with module.database() as db:
        assert [one.agent for one in module.claim(db, plan)] == [str(ana.pk)]
    held = desk.Conversation.objects.filter(pk__in=[first.pk, second.pk], status="open")
    assert [one.holder for one in held] == [ana]
    assert broken_rules() == {}


def test_the_celery_page_routes_after_the_commit(desk, monkeypatch):
    """The code of the Celery page compiles; where Celery is installed, the task routes as soon as an event commits."""
    tasks_code, application = blocks("embed-in-celery.md")
    for code in (tasks_code, application):
        compile(code, "embed-in-celery.md", "exec", dont_inherit=True)
    pytest.importorskip("celery")
    app = module_of(application, "desk.celery", monkeypatch).app
    app.conf.broker_url, app.conf.task_always_eager, app.conf.task_eager_propagates = "memory://", True, True
    tasks = module_of(tasks_code, "desk.tasks", monkeypatch)
    monkeypatch.setattr(desk.events, "mark_dirty", tasks.mark_dirty)
    domain = desk.events.open_domain("support")
    (ana,) = people(desk, domain, "ana")

    chat = desk.events.arrive(domain, {"billing": 0.5})
    chat.refresh_from_db()
    assert chat.holder == ana
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= app.tasks.keys()


def test_the_cost_is_measured(tables):
    """`cost.py` prints a time for each part of a run; here for a small domain on a server of its own."""
    small = ["--agents", "6", "--waiting", "4", "--rounds", "1"]
    done = subprocess.run(
        [sys.executable, "-W", "error", "cost.py", *small],
        cwd=EXAMPLE,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert re.search(r"^\| \*\*whole run\*\*( \| \d+\.\d \(\d+\.\d\)){2} \|$", done.stdout, re.MULTILINE)


def test_the_private_server_ends_with_its_block(server):
    """A private server is gone after its block, with its directory, also when the block fails."""
    import psycopg

    from private_postgres import find_programs, private_postgres

    with contextlib.suppress(ZeroDivisionError), private_postgres(find_programs()) as environment:
        where = {"host": environment["PGHOST"], "user": "desk", "dbname": "desk"}
        psycopg.connect(**where).close()
        1 / 0  # noqa: B018
    assert not Path(where["host"]).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**where)


def broken_rules() -> dict[str, list[tuple]]:
    """Return the rules that were broken, each with the rows that show it."""
    return {rule: found for rule, query in RULES.items() if (found := rows(query))}


@contextlib.contextmanager
def storm(desk, *, conversations: int, bug: str = ""):
    """Set three domains up and let eight workers and two people loose on them; kill the worker that hangs."""
    for name in ("one", "two", "three"):
        domain = desk.events.open_domain(name)
        for number in range(8):
            people(desk, domain, name, skills={"a": 0.5 + number / 20, "bc"[number % 2]: 0.9}, capacity=1 + number % 3)
    launcher = subprocess.Popen(
        [sys.executable, STORM, str(conversations), "8", "2", *bug.split()],
        cwd=EXAMPLE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(EXAMPLE), os.environ.get("PYTHONPATH", "")]),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    guard = threading.Timer(120 + conversations / 5, os.killpg, (launcher.pid, signal.SIGKILL))
    guard.start()
    try:
        said = {}
        while not {"workers", "hangs"} <= said.keys():
            line = launcher.stdout.readline()
            assert line, "the processes of the storm have ended"
            said |= json.loads(line)
        yield SimpleNamespace(**said)
        launcher.communicate(timeout=20)
    finally:
        guard.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(launcher.pid, signal.SIGKILL)
        launcher.wait()
        launcher.stdin.close()
        launcher.stdout.close()


def wait_until(condition, seconds: float = 60) -> bool:
    """Look until the condition holds or the time is over; return whether it holds."""
    deadline = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return held


def has_lock(backend: int) -> bool:
    """Return whether this connection holds the lock of a domain."""
    return bool(rows(f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = {backend}"))


def deadlocks() -> int:
    """Return how many deadlocks the server has seen."""
    return rows("SELECT deadlocks FROM pg_stat_database WHERE datname = 'desk'")[0][0]


STORMS = (
    pytest.param(120, "", id="as it is"),
    pytest.param(120, "without-lock", id="without the lock"),
    pytest.param(600, "", id="long", marks=pytest.mark.slow),
    pytest.param(600, "without-lock", id="long without the lock", marks=pytest.mark.slow),
)


@pytest.mark.parametrize(("total", "bug"), STORMS)
def test_a_storm_breaks_no_rule_and_loses_nothing(desk, total, bug):
    """Eight workers, one killed with lock and claims in hand, people in between: every rule holds, all is served.

    Without the lock the claims alone keep every rule; more of them are lost.
    """
    deadlocks_before = deadlocks()
    with storm(desk, conversations=total, bug=bug) as processes:
        in_hand = desk.Conversation.objects.filter(pk__in=processes.won)
        assert set(in_hand.values_list("status", flat=True)) == {"waiting"}, "its claims are not committed"
        assert bug or has_lock(processes.backend)
        os.kill(processes.hangs, signal.SIGKILL)
        assert wait_until(lambda: not has_lock(processes.backend))
        done = desk.Conversation.objects.filter(status="done")
        assert wait_until(lambda: done.count() == total, seconds=60 + total / 5), (
            f"{done.count()} of {total}: {stuck()}"
        )

    assert broken_rules() == {}
    assert deadlocks() == deadlocks_before
    assert set(desk.Agent.objects.values_list("load", flat=True)) == {0}
    counts = {what: desk.Entry.objects.filter(what=what).count() for what in ("claimed", "lost", "by hand")}
    assert counts["claimed"] > total / 4
    assert counts["by hand"] > 0
    if bug:
        assert counts["lost"] > 0
    print(bug or "as it is", counts)  # noqa: T201 - shown by pytest -rP


def stuck() -> list[tuple]:
    """Say where everything is, for the message of a failure."""
    return rows("SELECT status, count(*) FROM desk_conversation GROUP BY status") + rows(
        "SELECT application_name, state, wait_event_type, left(query, 80) FROM pg_stat_activity WHERE datname = 'desk'"
    )


def test_a_storm_without_the_condition_is_found_out(desk):
    """With the condition of the conditional update gone, the rules see two holders."""
    with storm(desk, conversations=120, bug="without-condition") as processes:
        os.kill(processes.hangs, signal.SIGKILL)
        assert wait_until(lambda: "a conversation has one holder at a time" in broken_rules())

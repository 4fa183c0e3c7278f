"""The commands say what the library says, end with the right status, and never show a traceback."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import routematch
from routematch.cli import main
from routematch.codec import InputFile, dumps, from_data, loads, to_data
from routematch.explain import check_input
from routematch.policies import PRESETS
from routematch.policies import loads as policy_loads
from routematch.testing.cases import random_case

ROOT = Path(__file__).parents[2]
HELPDESK = ROOT / "examples" / "quickstart" / "helpdesk.toml"
SLIPS = ROOT / "examples" / "quickstart" / "slips.json"

TINY = {
    "agents": [{"id": "ana", "skills": {"billing": 0.9}}, {"id": "bo", "skills": {"billing": 0.6}}],
    "conversations": [{"id": "chat-1", "requires": {"billing": 0.5}}, {"id": "chat-2", "requires": "french"}],
}


class Answer:
    """What a command printed, and its exit status."""

    def __init__(self, *arguments: object, stdin: bytes | None = None, monkeypatch: pytest.MonkeyPatch | None = None):
        out, err = io.StringIO(), io.StringIO()
        if monkeypatch is not None and stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.status = main([str(argument) for argument in arguments])
        self.out, self.err = out.getvalue(), err.getvalue()
        assert "Traceback" not in self.out + self.err

    @property
    def data(self):
        """What was printed as JSON."""
        return json.loads(self.out)


@pytest.fixture
def write(tmp_path: Path):
    """Write a file of plain data or text, and return its path."""

    def write_file(content: object, name: str = "input.json") -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write_file


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch):
    """Give every test the same terminal."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")


# --- route ------------------------------------------------------------------------------------------------------------


def expected_plan(path: Path, **options: object):
    """Route an input file by calling the library."""
    given = from_data(loads(path.read_bytes(), format=path.suffix[1:]), InputFile)
    options = {"now": given.now, **options}
    return routematch.route(given.conversations, given.agents, queues=given.queues, **options)


def test_json_is_the_plan_as_data():
    """`route --json` writes what `Plan.to_dict` gives, and nothing else."""
    answer = Answer("route", HELPDESK, "--json")

    assert answer.status == 0
    assert answer.err == ""
    assert answer.data == json.loads(json.dumps(expected_plan(HELPDESK).to_dict()))
    assert answer.data["schema"] == "routematch/plan/1"


def test_table_names_everything_of_the_plan():
    """The table names conversations, agents, worth, reasons, bound, proof, policy and fingerprint."""
    plan, answer = expected_plan(HELPDESK), Answer("route", HELPDESK)

    assert answer.status == 0
    for conversation, agent in plan.pairs().items():
        assert any(line.startswith(conversation) and agent in line for line in answer.out.splitlines())
    for held in plan.held.values():
        assert any(line.startswith(held.conversation) and held.sentence in line for line in answer.out.splitlines())
    assert f"worth {plan.worth:.3f}, bound {plan.bound:.3f}, proven best" in answer.out
    assert f"policy best_match {plan.fingerprint}" in answer.out
    assert "ana would be 0.500 better, but chat-17 needs ana more" in answer.out
    assert "dan is full: 3 of 4 units free, 4 needed" in answer.out


def test_a_file_is_routed_as_its_objects_are(write):
    """Written to a file, any input gives the same plan, explanations and findings as its objects do."""
    for seed in range(20):
        case = random_case(random.Random(seed), mixed_costs=True, overlapping_caps=True)
        given = InputFile(**{**case, "queues": tuple(case["queues"])})
        text = dumps(to_data(given), format=("json", "toml")[seed % 2])
        path = write(text, f"case.{('json', 'toml')[seed % 2]}")
        plan = routematch.route(**case)
        assert Answer("route", path, "--json").data == json.loads(json.dumps(plan.to_dict()))
        assert Answer("route", path).status == 0
        for conversation in case["conversations"]:
            data = Answer("explain", path, conversation.id, "--json").data
            assert data == json.loads(json.dumps(plan.explain(conversation.id).to_dict()))
        findings = check_input(case["conversations"], case["agents"], queues=case["queues"], now=case["now"])
        assert Answer("check", path, "--json").data["findings"] == [finding.to_dict() for finding in findings]


def test_gap_is_told_where_nothing_is_proven():
    """Without proof, the footer says how far the best can be at most."""
    answer = Answer("route", HELPDESK, "--limit", "0")

    assert answer.status == 0
    assert "below the best" in answer.out or "proven best" in answer.out


def test_warnings_and_faults_are_shown(write):
    """What was put right in the input is said under the table."""
    late = {**TINY, "now": 10, "conversations": [{"id": "c", "arrived_at": 20}]}

    assert "warning: conversation c: arrived_at lies after now" in Answer("route", write(late)).out


@pytest.mark.parametrize(("width", "as_list"), [("20", True), ("60", True), ("80", False), ("200", False)])
def test_lines_fit_the_terminal(monkeypatch, width: str, as_list: bool):  # noqa: FBT001
    """No line is wider than the terminal; narrow ones get lists in place of tables."""
    monkeypatch.setenv("COLUMNS", width)
    answer = Answer("route", HELPDESK)

    assert max(map(len, answer.out.splitlines())) <= int(width)
    assert ("conversation  agent" not in answer.out) == as_list


def test_piped_output_has_no_colour_and_no_blanks_at_line_ends():
    """Nothing but text goes to a pipe."""
    for command in (("route", HELPDESK), ("check", SLIPS), ("explain", HELPDESK, "chat-18"), ("policies",)):
        answer = Answer(*command)
        assert "\x1b" not in answer.out
        assert answer.out == "\n".join(line.rstrip() for line in answer.out.splitlines()) + "\n"


@pytest.mark.parametrize("command", ["route", "check", "explain"])
def test_hostile_ids_are_shown_harmlessly(write, command: str):
    """Escape sequences, markup, line breaks and direction marks are shown as text."""
    hostile = "a\x1b[31m\nb\u202e\u200f[red]\x9b[/]c\u2028"
    data = {
        "agents": [{"id": hostile, "skills": {hostile: 1}, "presence": "away"}],
        "conversations": [{"id": hostile, "requires": [hostile]}, {"id": "x", "requires": hostile + "y"}],
    }
    arguments = (hostile,) if command == "explain" else ()
    answer = Answer(command, write(data), *arguments)

    printed = answer.out + answer.err
    assert all(character.isprintable() or character == "\n" for character in printed)
    assert "[red]" in printed
    assert r"\x1b[31m\nb\u202e\u200f[red]\x9b[/]c\u2028" in printed.replace("\n", "").replace(" ", "")


def test_unicode_ids_are_shown_as_they_are(write):
    """Ids in any script stay readable."""
    data = {"agents": [{"id": "Zoë"}], "conversations": [{"id": "чат-1"}, {"id": "会話"}]}
    answer = Answer("route", write(data))

    assert all(name in answer.out for name in ("Zoë", "чат-1", "会話"))


@pytest.mark.parametrize("suffix", ["json", "toml", "txt", ""])
def test_format_is_told_by_suffix_or_content(write, suffix: str):
    """JSON and TOML are read by suffix, and by content where the suffix tells nothing."""
    as_toml = '[[agents]]\nid = "ana"\n[[conversations]]\nid = "c"\n'
    as_json = '\ufeff \n{"agents": [{"id": "ana"}], "conversations": [{"id": "c"}]}'
    for text in [as_toml] * (suffix != "json") + [as_json] * (suffix != "toml"):
        assert Answer("route", write(text, f"input.{suffix}"), "--json").data["assignments"][0]["agent"] == "ana"


@pytest.mark.parametrize(
    "text", [json.dumps(TINY), '[[agents]]\nid = "ana"\nskills = {billing = 0.9}\n[[conversations]]\nid = "chat-1"\n']
)
def test_dash_reads_standard_input(monkeypatch, text: str):
    """``-`` stands for standard input, JSON or TOML."""
    answer = Answer("route", "-", "--json", stdin=text.encode(), monkeypatch=monkeypatch)

    assert {a["conversation"]: a["agent"] for a in answer.data["assignments"]} == {"chat-1": "ana"}


def test_empty_lists_are_an_answer(write):
    """Nobody there and nothing waiting is an answer, not an error."""
    assert Answer("route", write({})).status == 0
    assert Answer("route", write({"conversations": [{"id": "c"}]}), "--json").data["held"][0]["reason"] == "no_agents"


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_is_a_policy(preset: str):
    """Each preset can be named."""
    answer = Answer("route", HELPDESK, "--json", "--policy", preset)

    assert answer.data["policy"] == {"name": preset, "fingerprint": PRESETS[preset]().fingerprint}


def test_policy_file_is_a_policy(write):
    """A policy file, TOML or JSON, is read; also as `routematch policies NAME` prints it."""
    for as_json in ([], ["--json"]):
        printed = Answer("policies", "least_loaded", *as_json).out
        path = write(printed, "policy.json" if as_json else "policy.toml")
        fingerprint = Answer("route", HELPDESK, "--json", "--policy", path).data["policy"]["fingerprint"]
        assert fingerprint == PRESETS["least_loaded"]().fingerprint


def test_policy_of_the_input_file_counts_unless_another_is_named(write):
    """The input file may name a preset or hold a policy; the command line goes before it."""
    path = write({**TINY, "policy": {"preset": "longest_idle", "aging_rate": 0.5}})

    assert Answer("route", path, "--json").data["policy"]["name"] == "longest_idle"
    assert Answer("route", path, "--json", "--policy", "random").data["policy"]["name"] == "random"


CODE = """
from attrs import evolve
from routematch.policies import longest_idle
from routematch.state import Static

print("loading")

class First:
    def on_arrival(self, view, conversation_id):
        print("asked")
        return next(iter(view.eligible(conversation_id)), None)

class Broken:
    def decide(self, view, generator):
        raise ZeroDivisionError("no\\x1bnumber")

class Greedy:
    def decide(self, view, generator):
        return [(name, "nobody") for name in view.waiting]

class NeedsArguments:
    def __init__(self, something):
        pass

def made():
    return longest_idle()

class Own(BaseException):
    pass

class Wordless(Exception):
    def __str__(self):
        raise RuntimeError("no words")

def raising(error):
    class Raising:
        def decide(self, view, generator):
            raise error
    return Raising()

leaves, gives_up, own, wordless = map(raising, (SystemExit(7), GeneratorExit(), Own("mine"), Wordless()))
stops = raising(KeyboardInterrupt())

class Prickly:
    def __getattr__(self, name):
        raise RuntimeError("no attributes")

def unloadable():
    raise GeneratorExit

class Failing:
    name, axes, looks_at = "failing", ("agent",), ()
    def allowed(self, problem, request):
        raise ValueError("never works")
    def behaviour(self, problem):
        return Static()
    def sentence(self, problem, row, agent):
        return "failing"

def part_fails():
    return evolve(longest_idle(), rules=(Failing(),))

number = 7
"""


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put a module of policies into the current folder and return its name."""
    name = "policies_of_a_test"
    (tmp_path / f"{name}.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "leaves_at_import.py").write_text("import sys\nsys.exit(0)\n", encoding="utf-8")
    (tmp_path / "no_python.py").write_text("def (:\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != ""])
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


def test_code_is_a_policy_and_what_it_prints_stays_out_of_the_way(write, code: str):
    """``module:name`` runs code from the current folder; only JSON goes to standard output."""
    answer = Answer("route", write(TINY), "--json", "--policy", f"{code}:First")

    assert answer.data["policy"]["name"] == "First"
    assert "loading" in answer.err
    assert "asked" in answer.err
    assert Answer("route", write(TINY), "--json", "--policy", f"{code}:made").data["policy"]["name"] == "longest_idle"


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("longest_idel", "did you mean 'longest_idle'?"),
        ("no.such.module:Policy", "cannot be loaded: ModuleNotFoundError"),
        ("{code}:missing", "cannot be loaded: AttributeError"),
        ("{code}:number", "must be a Policy, or code with decide, on_arrival or on_free, got 7"),
        ("{code}:NeedsArguments", "cannot be loaded: TypeError"),
        ("{code}:Broken", r"raised ZeroDivisionError: no\x1bnumber (policies_of_a_test.py, line 15)"),
        ("{code}:Greedy", "named pairs that cannot be"),
        ("{code}:leaves", "raised SystemExit: 7 (policies_of_a_test.py"),
        ("{code}:gives_up", "raised GeneratorExit"),
        ("{code}:own", "raised Own: mine"),
        ("{code}:wordless", "raised Wordless: its message cannot be shown"),
        ("{code}:Prickly", "cannot be loaded: RuntimeError: no attributes"),
        ("{code}:unloadable", "cannot be loaded: GeneratorExit"),
        ("leaves_at_import:x", "cannot be loaded: SystemExit"),
        ("no_python:x", "cannot be loaded: SyntaxError"),
        ("missing.toml", "cannot be read: No such file or directory @ --policy missing.toml"),
        (".", "cannot be read: Is a directory @ --policy ."),
        ("", "unknown policy ''"),
        ("bad.toml", "unknown name 'prise'; did you mean 'price'? @ --policy bad.toml"),
        ("list.json", "must be a table of fields"),
    ],
)
def test_wrong_policy_is_a_message(write, code: str, policy: str, words: str):
    """Unknown presets, broken modules and broken files end with status 2 and say what is wrong."""
    write('preset = "random"\nprise = 1', "bad.toml")
    write("[1]", "list.json")
    answer = Answer("route", write(TINY), "--policy", policy.format(code=code))

    assert answer.status == 2
    assert words in answer.err
    assert answer.out == ""


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_failing_part_ends_with_1(write, code: str, as_json: list[str]):
    """A plan that lacks what a plugged-in rule was asked about is shown, but is no success."""
    answer = Answer("route", write(TINY), "--policy", f"{code}:part_fails", *as_json)

    assert "never works" in answer.out
    assert answer.status == 1


def test_code_that_is_interrupted_ends_with_130(write, code: str):
    """Ctrl-C inside somebody's policy is Ctrl-C."""
    assert Answer("route", write(TINY), "--policy", f"{code}:stops").status == 130


def test_an_unexpected_error_is_a_message(monkeypatch):
    """Whatever is raised where nobody expects it ends with status 2 and says what and where."""

    def failing(source: str):
        raise GeneratorExit("gone")

    monkeypatch.setattr("routematch.cli.app.read_input", failing)
    answer = Answer("route", HELPDESK)

    assert answer.status == 2
    assert "stopped by an unexpected error: GeneratorExit: gone (test_commands.py" in answer.err


def test_input_file_runs_no_code(write, code: str):
    """Only the command line can name code to run."""
    answer = Answer("route", write({**TINY, "policy": f"{code}:First"}))

    assert answer.status == 2
    assert "unknown policy" in answer.err
    assert code not in sys.modules


@pytest.mark.parametrize("now", ["1769848200", "2026-01-31T08:30:00Z", "2026-01-31T09:30:00+01:00"])
def test_now_is_seconds_or_a_date_with_its_zone(write, now: str):
    """`--now` takes POSIX seconds and dates with a zone, and goes before the file's."""
    assert Answer("route", write({**TINY, "now": 5}), "--json", "--now", now).data["now"] == 1769848200.0


@pytest.mark.parametrize("now", ["yesterday", "2026-01-31T08:30:00", "nan", "inf", ""])
def test_other_instants_are_refused(write, now: str):
    """A date without a zone, and what is no instant, is refused."""
    answer = Answer("route", write(TINY), "--now", now)

    assert answer.status == 2
    assert "now" in answer.err


def test_seed_and_memory_are_passed_on(write, tmp_path: Path):
    """Rotation goes on from the memory of an earlier plan, also when that plan itself is handed over."""
    data = {"agents": [{"id": name} for name in "abc"], "conversations": [{"id": "c"}]}
    first = Answer("route", write(data), "--json", "--policy", "round_robin", "--seed", "3")
    assert first.data["assignments"][0]["agent"] == "a"
    for memory in (first.data, first.data["memory"]):
        again = Answer(
            "route", write(data), "--json", "--policy", "round_robin", "--memory", write(memory, "memory.json")
        )
        assert again.data["assignments"][0]["agent"] == "b"
        assert again.data["memory"]["decisions"] == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--seed", "-1"], "must be a whole number of at least 0, got -1 @ seed"),
        (["--limit", "-1"], "must be a whole number of at least 0, got -1 @ limit"),
        (["--seed", "x"], "--seed"),
        (["--memory", "missing.json"], "cannot be read"),
        (["--memory", "list.json"], "must be a mapping"),
        (["--memory", "wrong.json"], "must be a whole number of at least 0, got -3 @ memory.decisions"),
        (["--no-such-option"], "no-such-option"),
    ],
)
def test_wrong_options_are_a_message(write, monkeypatch, tmp_path: Path, options: list[str], words: str):
    """Wrong values of options end with status 2 and say what is allowed."""
    monkeypatch.chdir(tmp_path)
    write("[1]", "list.json")
    write('{"decisions": -3}', "wrong.json")
    answer = Answer("route", write(TINY), *options)

    assert answer.status == 2
    assert words in answer.err
    assert answer.out == ""


# --- explain, check, policies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("conversation", ["chat-17", "chat-18", "chat-19", "mail-4", "call-2"])
def test_explain_says_what_the_library_says(conversation: str):
    """`explain` prints the explanation's text, and its data with --json."""
    explanation = expected_plan(HELPDESK).explain(conversation)

    assert Answer("explain", HELPDESK, conversation).out.splitlines() == explanation.text(refusals=20).splitlines()
    assert Answer("explain", HELPDESK, conversation, "--json").data == explanation.to_dict()


def test_explain_suggests_the_conversation_that_was_meant():
    """An unknown conversation ends with status 2 and a near spelling."""
    answer = Answer("explain", HELPDESK, "chat-177")

    assert answer.status == 2
    assert "unknown conversation 'chat-177'; did you mean 'chat-17'?" in answer.err


def test_check_ends_with_the_status_of_what_was_found(write):
    """Status 0 where nothing or only hints are found, 1 where something can never be served, 2 for wrong input."""
    assert Answer("check", HELPDESK).status == 0
    assert Answer("check", HELPDESK).out == "nothing to complain about\n"
    hints = Answer("check", write({**TINY, "conversations": [{"id": "c", "affinity": {"anna": 1}}]}))
    assert hints.status == 0
    assert "0 problems, 1 hint" in hints.out
    problems = Answer("check", SLIPS)
    assert problems.status == 1
    assert "did you mean 'spannish'?" in problems.out
    assert "2 problems, 6 hints" in problems.out
    assert Answer("check", write('{"agents": 1}')).status == 2


def test_check_writes_findings_as_data():
    """`check --json` writes every finding, with the same status."""
    answer = Answer("check", SLIPS, "--json")

    assert answer.status == 1
    assert answer.data["schema"] == "routematch/findings/1"
    assert answer.data["problems"] == 2
    assert {"requirement_never_met", "near_miss", "zero_capacity"} - {f["code"] for f in answer.data["findings"]} == {
        "near_miss"
    }


def test_check_looks_at_the_named_policy(write):
    """Rules that the policy does not have make nothing impossible."""
    lenient = write({"preset": "best_match", "rules": ["room"]}, "lenient.json")

    assert Answer("check", SLIPS, "--json", "--policy", lenient).data["problems"] == 0


def test_policies_are_listed_with_a_line():
    """Every preset has a line."""
    answer = Answer("policies")
    assert [name for name in PRESETS if name not in answer.out] == []
    listed = Answer("policies", "--json").data
    assert [entry["name"] for entry in listed] == list(PRESETS)
    assert all(entry["summary"] and entry["fingerprint"].startswith("sha256:") for entry in listed)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_policy_is_printed_as_a_file(preset: str):
    """A printed policy is read back as the same policy, and its fingerprint is shown."""
    answer = Answer("policies", preset)

    assert policy_loads(answer.out) == PRESETS[preset]()
    assert PRESETS[preset]().fingerprint in answer.out


def test_two_policies_are_compared(write):
    """Every difference is shown by its path, also with a file."""
    path = write('preset = "best_match"\naging_rate = 0.5', "mine.toml")
    answer = Answer("policies", "--compare", "best_match", path)
    assert "aging_rate" in answer.out
    assert "1 difference:" in answer.out
    data = Answer("policies", "best_match", "longest_idle", "--compare", "--json").data
    assert data["differences"]["spread"] == {"first": "load", "second": "plan"}


@pytest.mark.parametrize(
    "arguments", [["no_such"], ["best_match", "random"], ["--compare", "best_match"], ["--compare", "a", "b", "c"]]
)
def test_wrong_use_of_policies_is_a_message(arguments: list[str]):
    """Unknown names and a wrong number of them end with status 2."""
    answer = Answer("policies", *arguments)

    assert answer.status == 2
    assert answer.err.startswith("routematch: ")


# --- wrong input ------------------------------------------------------------------------------------------------------


def test_every_fault_is_listed_with_its_place(write):
    """One message names every fault of a file, each with its place."""
    data = {
        "agents": [{"id": "ana", "capacity": -1}, {"id": "ana", "skils": {}}],
        "conversations": [{"id": "c", "requires": {"billing": 7}, "queue": "x"}],
        "queues": [{"id": "y"}],
    }
    answer = Answer("route", write(data))

    assert answer.status == 2
    assert "faults in the input:" in answer.err
    for place in ("agents[0].capacity", "agents[1].id", "conversations[0].requires.billing"):
        assert f"@ {place}\n" in answer.err
    assert "unknown field 'skils'; did you mean 'skills'?" in answer.err


@pytest.mark.parametrize("command", [["route"], ["check"], ["explain", "c"]])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the text is empty"),
        (b"\x00\x01\x02\xff\xfe", "must be"),
        (b"\xff\xfe{\x00}\x00", "UTF-16"),
        (b"{", "is no JSON"),
        (b"[1, 2]", "must be a mapping with agents and conversations"),
        (b"null", "must be a mapping"),
        (b'{"agents": [{"id": "a", "weight": NaN}]}', "must be a finite number, got NaN @ agents[0].weight"),
        (b'{"schema": "routematch/input/99"}', "routematch/input/99"),
        (b"[" * 100_000, "nested deeper"),
    ],
)
def test_broken_file_is_a_message(write, command: list[str], content: bytes, words: str):
    """Whatever is in a file, a message and status 2 is the worst that comes of it."""
    answer = Answer(command[0], write(content), *command[1:])

    assert answer.status == 2
    assert words in answer.err
    assert answer.err.startswith("routematch: ")
    assert answer.out == ""


def test_files_that_cannot_be_read_are_a_message(tmp_path: Path):
    """A missing file and a directory end with status 2."""
    assert "missing.json: cannot be read: No such file" in Answer("route", tmp_path / "missing.json").err
    answer = Answer("route", tmp_path)
    assert answer.status == 2
    assert "cannot be read: Is a directory" in answer.err
    assert Answer("route", "a\0b").status == 2


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_forbidden_file_is_a_message(write):
    """A file that may not be read ends with status 2."""
    path = write(TINY)
    path.chmod(0)

    assert "Permission denied" in Answer("route", path).err


def test_broken_files_by_the_hundred_give_a_message(write):
    """Random damage to sound files leads to an answer or to status 2 with a message, never to anything else."""
    chance = random.Random(7)
    pieces = [b"[", b"{", b'"', b"\n", b"\0", b"= ", b"nan", b"1e999", b"null", b"-1", b"\x1b[31m", b"\xe2\x80\xae"]
    statuses = set()
    for number in range(150):
        path = (HELPDESK, SLIPS)[number % 2]
        content = bytearray(path.read_bytes())
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(content))
            if chance.random() < 0.3:
                content[at] = chance.randrange(256)
            elif chance.random() < 0.5:
                del content[at : at + chance.randint(1, 20)]
            else:
                content[at:at] = chance.choice(pieces)
        command = chance.choice((["route"], ["route", "--json"], ["check"]))
        answer = Answer(*command, write(bytes(content), f"broken{path.suffix}"))
        statuses.add(answer.status)
        assert all(c.isprintable() or c == "\n" for c in answer.out + answer.err)
        if answer.status == 2:
            assert answer.err.startswith("routematch: ")
            assert answer.out == ""
    assert statuses == {0, 1, 2}


JUNK = [None, True, -1, "", [], {}, [[]], {"a": 1}, "x" * 5000, 10**50, [None], {"": 0}, 0.5, {"preset": []}, "random"]


def test_odd_values_by_the_hundred_give_a_message(write):
    """Any value in any place of a file leads to an answer or to status 2 with a message."""
    chance = random.Random(5)
    sound = {
        **json.loads(SLIPS.read_text(encoding="utf-8")),
        "queues": [{"id": "q", "primary": ["ana"], "secondary": ["bo"], "secondary_after": 30}],
        "policy": {"preset": "best_match", "terms": [{"name": "achievement", "weight": 2}]},
        "memory": {"decisions": 1, "rotation": "ana"},
        "estimates": {"success": {"ana": {"billing": 0.9}}},
    }
    assert Answer("check", write(sound)).status == 1
    for _ in range(200):
        data = json.loads(json.dumps(sound))
        inside: object = data
        while True:
            key = chance.choice(list(inside) if isinstance(inside, dict) else range(len(inside)))
            if not isinstance(inside[key], dict | list) or not inside[key] or chance.random() < 0.3:
                break
            inside = inside[key]
        inside[key] = chance.choice(JUNK)
        answer = Answer(chance.choice(("route", "check")), write(data))
        assert answer.status in {0, 1, 2}
        assert (answer.status == 2) == answer.err.startswith("routematch: ")


# --- the process ------------------------------------------------------------------------------------------------------


def process(*arguments: object, code: str = "", **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    start = ["-c", code] if code else ["-m", "routematch"]
    return subprocess.run(
        [sys.executable, "-W", "error", *start, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        **options,
    )


def test_same_bytes_in_every_process():
    """The same input gives the same bytes, whatever the hash seed, the locale and the time zone."""
    answers = {
        process(
            "route", HELPDESK, "--json", env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone}
        ).stdout
        for seed, locale, zone in (("1", "C", "UTC"), ("2", "C.UTF-8", "Asia/Tokyo"))
    }

    assert len(answers) == 1
    assert json.loads(answers.pop())["is_optimal"] is True


def test_missing_extra_says_how_to_install_it():
    """Without typer or rich, the command line says which pip command installs them, with status 2."""
    for missing in ("typer", "rich.console"):
        code = f"import sys; sys.modules[{missing!r}] = None; from routematch.cli import main; sys.exit(main())"
        done = process("route", HELPDESK, code=code)
        assert done.returncode == 2
        assert done.stderr == 'routematch: the command line needs an optional part: pip install "routematch[cli]"\n'


def test_ascii_terminals_get_escapes():
    """Where the output cannot show a character, it is escaped."""
    done = process(
        "route", "-", input='{"conversations": [{"id": "чат"}]}', env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )

    assert done.returncode == 0
    assert r"\u0447\u0430\u0442" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals and pipes")
def test_reader_that_goes_away_is_no_error(tmp_path: Path):
    """When the reader of a pipe stops reading, nothing is said."""
    many = {"conversations": [{"id": f"c{number}"} for number in range(20_000)]}
    path = tmp_path / "many.json"
    path.write_text(json.dumps(many), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "routematch", "route", str(path), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as started:
        started.stdout.read(10)
        started.stdout.close()
        said = started.stderr.read()
        assert started.wait(timeout=60) == 141
    assert said == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_full_disk_is_a_message(as_json: list[str]):
    """Output that cannot be written ends with status 2 and says why."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "routematch", "route", HELPDESK, *as_json],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )

    assert done.returncode == 2
    assert done.stderr == "routematch: cannot write: No space left on device\n"


def test_closed_streams_are_no_error(monkeypatch, write):
    """Where there is no standard output, input or error at all, nothing breaks."""
    monkeypatch.setattr(sys, "stdin", None)
    assert Answer("route", "-").err == "routematch: standard input: cannot be read: it is closed\n"
    path = write({})
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert main(["route", str(path)]) == 0
    assert main(["route", str(path / "missing")]) == 2
    for stream in (sys.stdout, sys.stderr):
        stream.close()


def test_interruption_ends_with_130(monkeypatch):
    """Ctrl-C ends with status 130 and one word."""

    def interrupted(source: str):
        raise KeyboardInterrupt

    monkeypatch.setattr("routematch.cli.app.read_input", interrupted)
    answer = Answer("route", HELPDESK)

    assert answer.status == 130
    assert answer.err == "routematch: interrupted\n"


def test_help_and_version(monkeypatch):
    """Help and version end with status 0, no command at all with status 2."""
    assert Answer("--help").status == 0
    assert Answer("route", "--help").status == 0
    assert Answer("--version").out.startswith("routematch ")
    assert Answer("no-such-command").status == 2

"""The house converter: one rule for every class, hooks for what has a form of its own."""

import attrs
import pytest

from routematch import codec
from routematch.codec import from_data, make_converter, to_data
from routematch.errors import InvalidInputError, UnknownNameError
from routematch.model import Agent, Assignment, Capacity, Estimate, Estimates, Held, Shift


@attrs.frozen
class Part:
    """A class of another rung, without checks of its own."""

    name: str
    share: float = 0.5
    seen_at: float | None = None
    agents: tuple[Agent, ...] = ()
    by_name: dict[str, Agent] = attrs.field(factory=dict)
    first: Agent | None = None


@attrs.frozen
class Colour:
    """A class that is written in a form of its own."""

    red: int
    green: int


def faults_of(data, cls):
    """Return the faults of data for a class, as (place, message)."""
    with pytest.raises(InvalidInputError) as caught:
        from_data(data, cls)
    return [(fault.place, fault.message) for fault in caught.value.faults]


def test_a_class_needs_no_registration():
    """Fields are read and written by the rule, nested classes too."""
    part = Part("x", 1, 60.0, (Agent("ana"),), {"bo": Agent("bo")}, Agent("cy"))
    data = {
        "name": "x",
        "share": 1,
        "seen_at": 60.0,
        "agents": [{"id": "ana"}],
        "by_name": {"bo": {"id": "bo"}},
        "first": {"id": "cy"},
    }

    assert to_data(part) == data
    assert from_data(data, Part) == part
    assert from_data({"name": "x", "seen_at": "1970-01-01T01:01:00+01:00", "first": None}, Part).seen_at == 60.0


def test_a_class_without_checks_is_checked_for_types():
    """Missing, unknown and mistyped fields are all told, those inside by their path."""
    data = {
        "shares": 1,
        "share": "x",
        "seen_at": True,
        "agents": [{"id": "ana"}, {"id": 5}, 7],
        "by_name": {"bo": {"skills": {"a": 2}}},
        "first": [],
    }

    assert sorted(place for place, _ in faults_of(data, Part)) == [
        "",
        "agents[1].id",
        "agents[2]",
        "by_name.bo.id",
        "by_name.bo.skills.a",
        "first",
        "name",
        "seen_at",
        "share",
    ]
    assert faults_of({"name": "x", "agents": {}, "by_name": []}, Part) == [
        ("agents", "must be a list, got {}"),
        ("by_name", "must be a mapping, got []"),
    ]


def test_nothing_is_converted_silently():
    """Text is no number and a number no text, whatever the field says."""
    assert faults_of({"id": 5}, Agent) == [("id", "must be a string, got 5")]
    assert faults_of({"id": "a", "weight": "2"}, Agent) == [("weight", "must be a number, got '2'")]
    assert faults_of({"conversation": 1, "agent": "a", "worth": "1", "value": 1, "stage": 1.0}, Assignment) == [
        ("conversation", "must be str, got 1"),
        ("worth", "must be float, got '1'"),
        ("stage", "must be int, got 1.0"),
    ]


def test_only_unknown_fields_are_unknown_names():
    """The narrower error is raised when nothing else is wrong."""
    with pytest.raises(UnknownNameError, match=r"here it is called 'presence' @ \[1\]"):
        from_data([{"id": "ana"}, {"id": "bo", "status": "away"}], tuple[Agent, ...])


@pytest.mark.parametrize("data", [None, 5, "ana", [], [{"id": "ana"}]], ids=str)
def test_an_object_is_read_from_a_mapping(data):
    """Anything else is refused by the name of the class."""
    [(place, message)] = faults_of(data, Agent)

    assert place == ""
    assert message.startswith("must be a mapping with the fields of Agent, got ")


def test_objects_pass_as_they_are():
    """Data built in Python may hold finished objects."""
    ana = Agent("ana")

    assert from_data([ana, {"id": "bo"}], tuple[Agent, ...]) == (ana, Agent("bo"))


@pytest.mark.parametrize(
    ("data", "cls", "made"),
    [
        (2, Capacity, Capacity(2)),
        ({"units": 2}, Capacity, Capacity(2)),
        ({}, Capacity, Capacity()),
        (0.5, Estimate, Estimate(0.5)),
        ({"mean": 0.5, "count": 3}, Estimate, Estimate(0.5, 3)),
        ({"success": {"ana": {"a": 0.5}}}, Estimates, Estimates(success={"ana": {"a": 0.5}})),
    ],
    ids=str,
)
def test_plain_numbers_stand_for_what_is_mostly_one(data, cls, made):
    """Capacities and estimates are written as a number or in full."""
    assert from_data(data, cls) == made


def test_faults_of_numbers_that_stand_for_objects_have_the_place_of_the_number():
    """No place is told that the data does not have."""
    agent = {"id": "a", "capacity": -1}
    estimates = {"success": {"ana": {"a": -1, "b": {"mean": "x"}, "c": "y"}}}

    assert [place for place, _ in faults_of(agent, Agent)] == ["capacity"]
    assert [place for place, _ in faults_of(estimates, Estimates)] == [
        "success.ana.a",
        "success.ana.b.mean",
        "success.ana.c",
    ]


INSTANTS = {
    "UTC": ("2026-01-01T00:00:00Z", 1767225600.0),
    "offset": ("2026-01-01T01:30:00.5+01:30", 1767225600.5),
    "seconds": (1767225600, 1767225600.0),
}


@pytest.mark.parametrize(("written", "instant"), INSTANTS.values(), ids=INSTANTS)
def test_instants_are_text_with_an_offset_or_seconds(written, instant):
    """Every `_at` and `idle_since` is read so, in nouns and elsewhere."""
    assert from_data({"id": "a", "idle_since": written}, Agent).idle_since == instant
    assert from_data({"starts_at": written, "ends_at": 2e9}, Shift).starts_at == instant
    assert from_data({"conversation": "c", "reason": "budget", "review_at": written}, Held).review_at == instant


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("2026-01-01T00:00:00", "must state its offset from UTC"),
        ("2026-01-01", "must state its offset from UTC"),
        ("yesterday", "must be an instant: ISO 8601 text"),
        ("", "must be an instant: ISO 8601 text"),
        (True, "must be a number"),
        ([], "must be a number"),
    ],
)
def test_other_instants_are_refused(written, message):
    """A time without its offset could be hours off."""
    [(place, told)] = faults_of({"id": "a", "idle_since": written}, Agent)

    assert place == "idle_since"
    assert message in told


@pytest.mark.parametrize("written", ["2026-01-01T00:00:00", "2026-01-01", "00:00:00"])
def test_local_times_of_toml_are_refused(written):
    """TOML may leave out the offset; we may not."""
    [(place, told)] = faults_of(codec.loads(f"id = 'a'\nidle_since = {written}", format="toml"), Agent)

    assert place == "idle_since"
    assert "offset" in told


def test_a_rung_registers_its_own_forms():
    """A registration teaches a converter both ways; others do not learn it."""

    def colours(converter):
        converter.register_unstructure_hook(Colour, lambda colour: f"{colour.red}/{colour.green}")
        converter.register_structure_hook(Colour, lambda text, _: Colour(*map(int, text.split("/"))))

    taught = make_converter(colours)

    assert taught.unstructure({"a": [Colour(1, 2)]}) == {"a": ["1/2"]}
    assert taught.structure(["1/2"], tuple[Colour, ...]) == (Colour(1, 2),)
    assert to_data(Colour(1, 2)) == {"red": 1, "green": 2}


def test_a_registration_reaches_the_house_converter():
    """`register` teaches `to_data` and `from_data`."""

    @attrs.frozen
    class Own:
        text: str

    codec.register(lambda converter: converter.register_unstructure_hook(Own, lambda own: own.text))

    assert to_data([Own("x")]) == ["x"]


@pytest.mark.parametrize("cls", ["notaclass", None, 5, [], {}])
def test_what_is_no_class_is_refused(cls):
    """`from_data` asks for a class."""
    with pytest.raises(InvalidInputError, match="must be a class"):
        from_data({"id": "ana"}, cls)


def test_what_holds_itself_cannot_be_written():
    """A list or mapping inside itself is refused in words."""
    entries, mapping = [], {}
    entries.append(entries)
    mapping["again"] = mapping
    for endless in (entries, mapping):
        with pytest.raises(InvalidInputError, match="holds itself"):
            to_data(endless)

"""JSON and TOML text: what is refused, how, and where."""

import contextlib
import json
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routematch.codec import MAX_BYTES, MAX_DEPTH, dumps, loads
from routematch.codec.text import MAX_TOML_BYTES
from routematch.errors import InvalidInputError, LimitExceededError, UnknownNameError

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


def told(text, *, format="json"):  # noqa: A002 - as in the library
    """Return the faults of a text."""
    with pytest.raises(InvalidInputError) as caught:
        loads(text, format=format)
    return [(fault.place, fault.message) for fault in caught.value.faults]


#: From 3.13 on, Python points at a comma too many and no longer behind it.
COMMA_PLACE = "line 2, column 8" if sys.version_info >= (3, 13) else "line 3, column 1"

REFUSED = {
    "nothing": (b"", "json", "", "the text is empty"),
    "blanks": (" \n\t", "toml", "", "the text is empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "json", "", "the text is empty"),
    "cut off": ('{"agents": [', "json", "line 1, column 13", "is no JSON: Expecting value"),
    "comma at the end": ('{\n "a": 1,\n}', "json", COMMA_PLACE, "is no JSON"),
    "two values": ("{} {}", "json", "line 1, column 4", "is no JSON: Extra data"),
    "raw control": ('{"a": "\x01"}', "json", "line 1, column 8", "is no JSON: Invalid control character"),
    "toml cut off": ("a = [", "toml", "end of document", "is no TOML"),
    "toml no value": ("a = 1\nb = \n", "toml", "line 2, column 5", "is no TOML: Invalid value"),
    "toml key twice": ("a = 1\na = 2", "toml", "end of document", "is no TOML: Cannot overwrite a value"),
    "NaN": ('{"a": [1, NaN]}', "json", "a[1]", "must be a finite number, got NaN"),
    "-Infinity": ("-Infinity", "json", "", "must be a finite number, got -Infinity"),
    "toml nan": ("[a]\nb = nan", "toml", "a.b", "must be a finite number, got nan"),
    "overflowing float": ('{"a": 1e999}', "json", "a", "must be a finite number, got inf"),
    "key twice": ('{"a": [{"b": 1, "c": 2, "b": 3}]}', "json", "a[0]", "key 'b' is given twice"),
    "long digits": (f'{{"a": {"9" * 5000}}}', "json", "a", "must be a number that fits a float, got 999"),
    "longer digits": ("9" * 400, "json", "", "must be a number that fits a float, got 999"),
    "large number": (str(2**1023), "json", "", "must be a number that fits a float, got an integer of 1024 bits"),
    "surrogate": ('{"a": "\\ud800"}', "json", "a", "lone surrogate"),
    "surrogate key": ('{"\\udfff": {"b": 1}}', "json", "\\udfff", "lone surrogate"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "json", "", "must be UTF-8 text; this begins as UTF-16 does"),
    "UTF-16 without a mark": ('{"a": 1}'.encode("utf-16-le"), "json", "", "holds NUL characters"),
    "latin-1": ('{"a": "\u00e9"}'.encode("latin-1"), "json", "", "must be UTF-8 text; byte 7 (0xe9) is not"),
    "gzip": (b"\x1f\x8b\x08\x00abc", "json", "", "must be UTF-8 text; byte 1 (0x8b) is not"),
    "pickle": (b"\x80\x04\x95", "json", "", "must be UTF-8 text"),
    "NUL": ('{"a": 1}\0', "json", "", "holds NUL characters"),
}


@pytest.mark.parametrize(("text", "format_name", "place", "message"), REFUSED.values(), ids=REFUSED)
def test_bad_text_is_refused_with_its_place(text, format_name, place, message):
    """The one fault says what is wrong and where."""
    [(found, said)] = told(text, format=format_name)

    assert found == place
    assert message in said


def test_all_faults_of_a_text_are_told_in_order():
    """Reading goes on after a value that stands for nothing."""
    text = '{"a": NaN, "b": {"c": 1, "c": 2}, "d": ["\\ud800", -Infinity], "e": 1e999}'

    assert [place for place, _ in told(text)] == ["a", "b", "d[0]", "d[1]", "e"]


BOMBS = {
    "lists": ("[" * 100_000, "json"),
    "closed lists": ("[" * 100_000 + "]" * 100_000, "json"),
    "mappings": ('{"a":' * 100_000, "json"),
    "one list too many": ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "json"),
    "one mapping too many": ('{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1), "json"),
    "toml lists": (f"a = {'[' * 100_000}{']' * 100_000}", "toml"),
    "toml tables": (f"[{'.'.join('a' * 1000)}]", "toml"),
}


@pytest.mark.parametrize(("text", "format_name"), BOMBS.values(), ids=BOMBS)
def test_deep_nesting_is_refused(text, format_name):
    """A few bytes too deep are a limit exceeded, however the reader would fare."""
    with pytest.raises(LimitExceededError, match="nested deeper than 64 levels"):
        loads(text, format=format_name)


def test_the_deepest_allowed_nesting_is_read():
    """The limit itself is allowed, reading and writing."""
    data = loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)

    assert loads(dumps(data)) == data
    with pytest.raises(LimitExceededError):
        dumps([data])


def test_huge_texts_are_refused_unread():
    """Size is looked at before anything else, so that what follows does not matter."""
    with pytest.raises(LimitExceededError, match="67,108,865 long"):
        loads(b"\xff" * (MAX_BYTES + 1))


SLOW = {
    "dotted keys": (".".join("a" * 20_000) + " = 1", "a key has more than 64 dots"),
    "spaced keys": (" . ".join("a" * 20_000) + " = 1", "a key has more than 64 dots"),
    "quoted keys": (".".join(["'a.b'", '"c"'] * 33) + " = 1", "a key has more than 64 dots"),
    "dotted tables": (f"[{'.'.join('a' * 20_000)}]", "a key has more than 64 dots"),
    "dotted inline keys": (f"x = {{{'.'.join('a' * 66)} = 1}}", "a key has more than 64 dots"),
    "binary digits": (f"a = 0b{'1' * 1_000_000}", "a number has more than 4,300 digits"),
    "hexadecimal digits": (f"a = [1, 0x{'f' * 4_301}]", "a number has more than 4,300 digits"),
    "digits": (f"a = -{'9' * 5000}", "a number has more than 4,300 digits"),
    "decimals": (f"a = 0.{'9' * 5000}", "a number has more than 4,300 digits"),
    "long text": (f'a = "{"x" * MAX_TOML_BYTES}"', "at most 8,388,608 are read as TOML"),
    "many entries": (f"a = [{'1,' * 1_000_001}]", "a has 1,000,001 entries; at most 1,000,000 are read"),
}


@pytest.mark.parametrize(("text", "words"), SLOW.values(), ids=SLOW)
def test_toml_that_takes_long_is_refused(text, words):
    """What costs the reader of TOML the square of its length is refused before it is read."""
    with pytest.raises(LimitExceededError, match=words):
        loads(text, format="toml")


def test_dots_and_digits_in_text_are_text():
    """Only keys and numbers are counted, whatever quotes and comments hold."""
    dots, digits = ".".join("a" * 100), "1" * 5000
    text = f"""
# {dots} {digits}
a = "{dots} \\" {digits}"
b = '{dots}'
c = \"\"\"{dots} \\\"" {digits}\"\"\"\"
d = '''{digits}'''
e.f = [1.5, 0x7F]  # '
{".".join("z" * 60)} = 2
"""
    read = loads(text, format="toml")
    assert read["a"] == f'{dots} " {digits}'
    assert read["b"] == dots
    assert read["c"] == f'{dots} "" {digits}"'
    assert read["d"] == digits


@pytest.mark.parametrize(
    "text", ['"' * 500_000, '"' + '\\"' * 500_000, "'" * 500_000, "a " * 500_000, '"""\\' * 200_000]
)
def test_broken_quotes_take_no_longer(text):
    """Quotes that are never closed are looked at once."""
    began = time.process_time()
    with contextlib.suppress(InvalidInputError):
        loads(text, format="toml")
    assert time.process_time() - began < 5


MANY = {
    "lists": f'{{"agents": [{",".join(["[]"] * 1_000_001)}]}}',
    "numbers": f"[{'1,' * 1_000_000}1]",
}


@pytest.mark.parametrize("text", MANY.values(), ids=MANY)
def test_more_entries_than_anybody_has_are_refused(text):
    """A million entries of one list are the most that is read."""
    with pytest.raises(LimitExceededError, match="has 1,000,001 entries; at most 1,000,000 are read"):
        loads(text)


def test_thousands_of_faults_are_enough():
    """The rest is not looked at, and that is said."""
    faults = told(f"[{','.join(['NaN'] * 20_000)}]")
    assert 1_000 < len(faults) < 10_000
    assert faults[-1][1] == "and more: the rest was not looked at"


@pytest.mark.parametrize("text", [None, {}, 5, ["{}"], bytearray(b"{}"), memoryview(b"{}")])
@pytest.mark.parametrize("format_name", ["json", "toml"])
def test_only_text_and_bytes_are_read(text, format_name):
    """Anything else is refused in words."""
    with pytest.raises(InvalidInputError, match="must be text or bytes"):
        loads(text, format=format_name)


@pytest.mark.parametrize("indent", [{}, "x", -1, 1.5, True, 10**9])
def test_indent_is_a_small_whole_number(indent):
    """Anything else is refused in words, whatever the format."""
    for format_name in ("json", "toml"):
        with pytest.raises(InvalidInputError, match="must be a whole number from 0 to 100, or None"):
            dumps({}, format=format_name, indent=indent)


@pytest.mark.parametrize("format_name", [None, [], {}, 5])
def test_formats_are_names(format_name):
    """What is no name is an unknown format."""
    for function in (loads, dumps):
        with pytest.raises(UnknownNameError, match="unknown format"):
            function("{}", format=format_name)


def test_unknown_formats_are_told():
    """The format is a name like any other."""
    with pytest.raises(UnknownNameError, match="did you mean 'json'"):
        loads("{}", format="jason")
    with pytest.raises(UnknownNameError, match="known: json, toml"):
        dumps({}, format="yaml")


def test_byte_order_mark_is_skipped():
    """Files of editors that write one are read."""
    assert loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    assert loads("\ufeffa = 1", format="toml") == {"a": 1}


@given(plain)
def test_json_there_and_back(data):
    """Plain data equals what is read from its text, down to the last digit."""
    assert loads(dumps(data)) == data
    assert json.loads(dumps(data, indent=1)) == data


@given(st.text(max_size=30) | st.binary(max_size=30), st.sampled_from(("json", "toml")))
def test_any_text_is_read_or_refused(text, format_name):
    """Whatever comes in, nothing but the errors of this library comes out."""
    try:
        loads(text, format=format_name)
    except (InvalidInputError, LimitExceededError) as error:
        str(error).encode()


@pytest.mark.parametrize(
    ("data", "format_name", "place"),
    [
        ({"a": [float("nan")]}, "json", "a[0]"),
        ({"a": object()}, "json", "a"),
        ({"a": {1: 2}}, "json", "a[1]"),
        ({"a": 2**1024}, "toml", "a"),
        ({"a": "\ud800"}, "json", "a"),
        ({"a": [1, None]}, "toml", "a"),
        ([1], "toml", ""),
    ],
    ids=["nan", "object", "key no text", "large number", "surrogate", "None in a list", "no table"],
)
def test_what_cannot_be_written_is_told(data, format_name, place):
    """No broken file is ever written."""
    with pytest.raises(InvalidInputError) as caught:
        dumps(data, format=format_name)

    assert [fault.place for fault in caught.value.faults] == [place]


def test_toml_leaves_out_what_it_cannot_say():
    """TOML has no None; in a table that is the same as saying nothing."""
    assert dumps({"a": None, "b": {"c": None}, "d": [{"e": None}]}, format="toml") == "d = [\n    {},\n]\n\n[b]\n"

"""References, names, filters, times: what people type, and what they are told when it is wrong."""

from __future__ import annotations

import math
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import BadInput, printable
from strongroom.domain.filters import All, BadFilter, Either, Not, Range, Text, Word, parse
from strongroom.domain.names import check_name, check_stored_name, derive_name
from strongroom.domain.reference import DigestPrefix, Latest, Reference, Tag
from strongroom.domain.reference import Word as Alias
from strongroom.domain.timestamps import micros, new_id, now, parse_rfc3339, rfc3339

DAY = 86_400_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fraud@v12", Reference("fraud", Tag(12))),
        ("fraud", Reference("fraud", Latest())),
        ("fraud@latest", Reference("fraud", Latest())),
        ("team/fraud@production", Reference("team/fraud", Alias("production"))),
        ("fraud@sha256:9f3a1c00", Reference("fraud", DigestPrefix("9f3a1c00"))),
        ("with space.csv@v1", Reference("with space.csv", Tag(1))),
        ("caf%E9.csv@v1", Reference("caf%E9.csv", Tag(1))),
    ],
)
def test_reference(text, expected):
    assert Reference.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@v1",
        "fraud@",
        "fraud@v0",
        "fraud@v01",
        "fraud@sha256:9f3a",
        "fraud@sha256:XYZ12345",
        "fraud@sha256:" + "0" * 65,
        "a@b@c",
        "a//b@v1",
        "../a@v1",
        "a\nb@v1",
        "fraud@a b",
    ],
)
def test_a_bad_reference_is_refused_with_words(text):
    with pytest.raises(BadInput) as caught:
        Reference.parse(text)
    assert caught.value.hint


@given(st.binary(min_size=1, max_size=40).filter(lambda p: b"\0" not in p and p.strip(b"/.")))
def test_every_file_name_gives_a_name_that_may_be_stored(path):
    name = derive_name(path)
    assert check_stored_name(name) == name
    assert Reference.parse(f"{name}@v3").artifact == name


@given(
    st.sets(
        st.binary(min_size=1, max_size=8).filter(
            lambda p: not set(p) & {0, ord("/")} and p != b"."
        ),
        max_size=8,
    )
)
def test_different_file_names_give_different_names(names):
    assert len({derive_name(n) for n in names}) == len(names)


def test_a_255_byte_name_with_escapes_still_fits():
    name = derive_name(b"\xff" * 255)
    assert len(name.encode()) <= 255 and name != derive_name(b"\xff" * 254)


@pytest.mark.parametrize(
    "name", ["a%b", "a@b", "a\nb", "a\u2028b", "", "/a", "a/", "a//b", "..", "x" * 256]
)
def test_a_typed_name_is_refused(name):
    with pytest.raises(BadInput):
        check_name(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", All(())),
        ("kind:model", Text("kind", "model")),
        ("name:fraud*", Text("name", "fraud*")),
        ("auc>0.8", Range("metric", 0.8, low_open=True, key="auc")),
        ("metric.val/acc>=1e-3", Range("metric", 0.001, key="val/acc")),
        ("param.lr<=0.01", Range("param", high=0.01, key="lr")),
        ("param.opt:adam", Text("param", "adam", "opt")),
        ("size>1GB", Range("size", 1e9, low_open=True)),
        ("size>=1GiB", Range("size", float(2**30))),
        ("created:<7d", Range("created", 100 * DAY - 7 * DAY)),
        ("created:1970-01..1970-02", Range("created", 0, 59 * DAY, high_open=True)),
        ("-kind:log", Not(Text("kind", "log"))),
        ("label:stage=beta", Text("label", "beta", "stage")),
        ("a b or c", All((Word("a"), Either((Word("b"), Word("c")))))),
        ("(a b) or c", Either((All((Word("a"), Word("b"))), Word("c")))),
        ('"two words" -x', All((Word("two words"), Not(Word("x"))))),
        ("order", Word("order")),
    ],
)
def test_filter(text, expected):
    assert parse(text, 100 * DAY) == expected


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("kind:", 5),
        ("a)", 1),
        ("(a", 0),
        ('"abc', 0),
        ("or a", 0),
        ("a or", 4),
        ("size>big", 5),
        ("created:soon", 8),
        ("nosuch:1", 0),
        ("auc>high", 4),
        ("kind>3", 4),
        ("metric.>1", 0),
        ("x kind:model nosuch:1", 13),
        ("created:2026-13", 8),
    ],
)
def test_a_bad_filter_says_which_character(text, position):
    with pytest.raises(BadFilter) as caught:
        parse(text, 0)
    assert caught.value.position == position


@given(
    st.text(st.sampled_from(string.ascii_letters + string.digits + ' ()"-:<>=.*,or_'), max_size=30)
)
def test_any_text_is_a_filter_or_a_bad_filter(text):
    try:
        parse(text, now())
    except BadFilter as error:
        assert 0 <= error.position <= len(text)


def test_times_are_utc_with_microseconds():
    assert rfc3339(0) == "1970-01-01T00:00:00.000000Z"
    at = now()
    assert parse_rfc3339(rfc3339(at)) == at
    assert parse_rfc3339("1970-01-01T01:00:00+01:00") == 0


def test_ids_are_uuid7_and_in_order():
    ids = [new_id() for _ in range(5)]
    assert all(i[14] == "7" and i[19] in "89ab" for i in ids)
    assert [i[:8] for i in ids] == sorted(i[:8] for i in ids)


def test_a_terminal_gets_no_control_characters():
    assert printable("a\x1b[31mred\nb\u202e\udcff") == "a\\x1b[31mred\\nb\\u202e\\udcff"


@pytest.mark.parametrize("seconds", [math.inf, -math.inf, math.nan, 1e300, -1e300, 1.7e12, 10**400])
def test_instants_that_no_calendar_has(seconds):
    """A file may claim any time; it must neither stop a run nor the list of runs."""
    shown = rfc3339(micros(seconds))
    assert shown.endswith("Z") and -(2**63) < micros(seconds) < 2**63
    assert parse_rfc3339(shown) == micros(seconds)
    assert rfc3339(10**30).startswith("9999-12-31") and rfc3339(-(10**30)).startswith("0001-01-01")

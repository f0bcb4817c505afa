"""Whatever is typed or shown in the filter means what it meant, chips or not."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from strongroom.domain.filters import BadFilter, parse
from strongroom.gui.bridge import Bridge
from strongroom.gui.filter_field import FilterField
from strongroom.gui.filter_terms import same

_NOW = 1_764_000_000_000_000
_PIECES = (
    "kind:model", "auc>0.9", "-kind:log", "word", "-word", '"a b"', 'name:"a b"', '-"x:y"', "or",
    "OR", "(", ")", "(word or kind:model)", "-(a b)", "name:or", '"or"', "label:a=b", "--a", "- b",
    'x"y:z"', 'name:"a"b', "created:<7d",
)  # fmt: skip


def readable(text: str) -> bool:
    try:
        parse(text, _NOW)
    except BadFilter:
        return False
    return True


filters = st.lists(st.sampled_from(_PIECES), max_size=6).map(" ".join).filter(readable)


@pytest.fixture(scope="module")
def make(qapp, theme):
    bridge = Bridge(lambda tell: None, lambda: None)
    return lambda: FilterField(theme, bridge)


@pytest.fixture(scope="module")
def theme(qapp):
    from strongroom.gui.theme import Theme

    return Theme(qapp, "light")


@settings(max_examples=150, deadline=None)
@example("- kind:model")
@example("word kind:model or -(a b)")
@given(filters)
def test_a_filter_that_is_shown_means_the_same(make, text):
    field = make()
    field.set_whole(text)
    assert same(text, field.whole(), _NOW)
    if field.chips():
        field._take_into_text(field._chips[0])
        assert same(text, field.whole(), _NOW)


@settings(max_examples=100, deadline=None)
@example("kind:model or name:or auc>0.9")
@example("kind:model or word kind:log")
@given(filters)
def test_a_filter_that_is_typed_means_the_same(make, text):
    field = make()
    for char in text:
        QTest.keyClick(field, char)
    assert same(text, field.whole(), _NOW)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert same(text, field.whole(), _NOW)


def test_what_was_any_of_is_not_so_for_the_next_filter(make):
    field = make()
    field.set_whole("kind:model or kind:log")
    field.clear_all()
    for char in "kind:model auc>0.9 ":
        QTest.keyClick(field, char)
    assert field.whole() == "kind:model auc>0.9"


def test_an_or_that_is_typed_where_any_may_hold_is_not_said_twice(make):
    field = make()
    field.set_whole("kind:model or kind:log")
    for char in "or auc>0.9":
        QTest.keyClick(field, char)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.whole() == "kind:model or kind:log or auc>0.9"

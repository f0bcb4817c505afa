"""Canonical JSON against the published vectors, the library, and random values."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain import canonical
from strongroom.domain.digest import digest_of, text_of

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "canonical.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=[v["what"] for v in VECTORS])
def test_vector(vector):
    value = eval(vector["python"], {"float": float})  # written in this repository
    data = canonical.dumps(value)
    assert data.decode() == vector["canonical"]
    assert text_of(digest_of(data)) == vector["digest"]
    assert same(canonical.loads(data), value)


def same(one, two) -> bool:
    if isinstance(one, float) and isinstance(two, float):
        return (math.isnan(one) and math.isnan(two)) or (
            one == two and math.copysign(1, one) == math.copysign(1, two)
        )
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same(one[k], two[k]) for k in one)
    if isinstance(one, list) and isinstance(two, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    return type(one) is type(two) and one == two


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXT | st.sampled_from(["$int", "$float", "$dict"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read_back_with_its_type(value):
    assert same(canonical.loads(canonical.dumps(value)), value)


@given(VALUES)
def test_equal_values_have_equal_bytes(value):
    again = canonical.loads(canonical.dumps(value))
    assert canonical.dumps(again) == canonical.dumps(value)
    assert canonical.dumps(value) == rfc8785.dumps(canonical.encode(value))


def test_one_and_one_point_zero_differ():
    assert canonical.dumps({"lr": 1}) != canonical.dumps({"lr": 1.0})


def test_a_lone_surrogate_is_written_visibly():
    assert canonical.dumps("caf\udce9") == b'"caf\\\\udce9"'


def test_numbers_outside_json_are_words():
    assert canonical.plain({"a": [math.nan, math.inf, -math.inf, 1.5]}) == {
        "a": ["nan", "inf", "-inf", 1.5]
    }


def test_what_has_no_form_is_refused():
    with pytest.raises(TypeError):
        canonical.dumps({"x": b"bytes"})
    with pytest.raises(TypeError):
        canonical.dumps({1: "x"})

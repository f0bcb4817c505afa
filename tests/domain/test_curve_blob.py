"""Curves as blobs: what goes in comes out, and nothing else is taken for one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.curve_blob import pack, unpack
from strongroom.domain.series import Point, Series

numbers = st.one_of(st.integers(-(2**53), 2**53), st.floats())
points = st.builds(
    Point,
    st.none() | st.integers(0, 2**40) | st.floats(allow_nan=False, allow_infinity=False),
    numbers,
    st.none() | st.floats(0, 2e9),
)


@given(st.lists(points, max_size=40))
def test_a_curve_comes_back_as_it_was(found):
    series = Series.of(found)
    again = unpack(pack(series))
    assert [again.steps.tobytes(), again.values.tobytes(), again.times.tobytes()] == [
        series.steps.tobytes(), series.values.tobytes(), series.times.tobytes()
    ] or not found  # fmt: skip
    assert (again.plain_steps(), again.whole_values) == (series.plain_steps(), series.whole_values)


def test_what_nobody_counted_takes_no_room():
    values = Series.of(Point(None, math.sin(n)) for n in range(1000))
    assert len(pack(values)) < 8 * 1000 + 200
    assert pack(values).index(b"\n") % 8 == 7


@given(st.binary(max_size=60), st.integers(0, 200))
def test_other_bytes_are_refused(junk, cut):
    whole = pack(Series.of([Point(1, 2.5), Point(2, 3.5)]))
    for data in (junk, whole[: min(cut, len(whole) - 1)], whole + b"\0"):
        with pytest.raises((ValueError, LookupError, TypeError)):
            unpack(data)

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.record import series_document, series_summary
from strongroom.domain.series import Point, Series

numbers = st.one_of(
    st.integers(-(2**53), 2**53), st.floats(allow_nan=False), st.just(math.inf), st.just(-math.inf)
)
points = st.builds(
    Point, st.none() | st.integers(0, 10**9), numbers, st.none() | st.floats(1e9, 2e9)
)


@given(st.lists(points, max_size=30))
def test_points_go_in_and_come_out(rows: list[Point]) -> None:
    series = Series.of(rows)
    assert list(series) == rows and len(series) == len(rows)
    assert [series[n] for n in range(len(rows))] == rows
    assert list(series[1:]) == rows[1:]
    assert series == Series.of(rows)
    whole = all(isinstance(p.value, int) for p in rows)
    assert all(isinstance(p.value, int) == whole for p in series)


@given(st.lists(points, max_size=30))
def test_a_document_and_a_summary_say_what_the_points_say(rows: list[Point]) -> None:
    series = {"loss": Series.of(rows)}
    told = series_document(series)["series"]["loss"]
    assert told["steps"] == [p.step for p in rows]
    assert told["times"] == [p.time for p in rows]
    assert told["values"] == [p.value for p in rows]
    summary = series_summary(series)["loss"]
    assert summary["points"] == len(rows)
    assert summary["min"] == min((p.value for p in rows), default=None)
    assert summary["max"] == max((p.value for p in rows), default=None)
    assert summary["last"] == (rows[-1].value if rows else None)


def test_nan_is_no_minimum_and_is_equal_to_itself() -> None:
    series = Series.of([Point(1, math.nan), Point(2, 3.0), Point(None, -1.0)])
    assert series.summary() == {"points": 3, "last": -1.0, "min": -1.0, "max": 3.0}
    assert series == Series.of(list(series)) and hash(series) == hash(Series.of(list(series)))
    assert series != Series.of([Point(1, math.nan)]) and series != "x"
    assert Series.of([Point(0, math.nan)]).summary()["min"] is None


def test_a_whole_number_that_no_double_holds_is_shown_as_the_nearest() -> None:
    assert [p.value for p in Series.of([Point(1, 2**53 + 1), Point(2, 10**400)])] == [
        float(2**53), math.inf,
    ]  # fmt: skip


def test_columns_have_one_length() -> None:
    with pytest.raises(ValueError, match="unequal"):
        Series(array("d", [1.0]), array("d"), array("d", [1.0]))

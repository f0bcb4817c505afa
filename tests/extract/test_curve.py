"""Curves are gathered whole up to a bound, and thinned out so that they look the same beyond it."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.series import Point
from strongroom.extract import curve as curves
from strongroom.extract import read_file
from strongroom.extract.curve import Curve, Curves, Room, reduced, series, thinning
from strongroom.formats.source import source_from_bytes

values = st.floats(-1e300, 1e300) | st.sampled_from([math.nan, math.inf, -math.inf, 3])


@given(st.lists(st.tuples(st.integers(0, 50), values), min_size=1, max_size=200))
def test_points_come_in_step_order_and_the_last_at_the_highest_step_is_final(rows) -> None:
    curve = Curve()
    for step, value in rows:
        curve.add(step, value)
    expected = sorted(rows, key=lambda row: row[0])
    found = list(curve.points())
    assert [p.step for p in found] == [step for step, _ in expected]
    assert [repr(float(p.value)) for p in found] == [repr(float(v)) for _, v in expected]
    assert repr(curve.final) == repr(expected[-1][1]) and not curve.thinned


def test_a_point_without_a_step_keeps_the_order_in_which_points_came() -> None:
    curve = Curve()
    for step in (3, None, 1):
        curve.add(step, 0.5, 7.0 if step == 1 else None)
    assert list(curve.points()) == [Point(3, 0.5), Point(None, 0.5), Point(1, 0.5, 7.0)]


@given(st.lists(values, min_size=1, max_size=3000), st.integers(40, 400))
def test_a_curve_too_long_keeps_its_ends_and_what_stands_out(found: list[float], most: int) -> None:
    curve = Curve(Room(each=most))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(curves, "_SETTLE_AT", 64)
        for step, value in enumerate(found):
            curve.add(step, value)
    kept = curve.points()
    assert len(kept) <= max(most, 64) + 64
    assert kept[0].step == 0 and kept[-1].step == len(found) - 1
    finite = [v for v in found if math.isfinite(v)]
    left = [p.value for p in kept if math.isfinite(p.value)]
    if finite:
        assert (min(left), max(left)) == (min(finite), max(finite))
    assert (len(finite) < len(found)) == any(not math.isfinite(p.value) for p in kept)
    assert all(repr(float(found[int(p.step or 0)])) == repr(float(p.value)) for p in kept)
    assert curve.thinned or len(kept) == len(found)


def test_a_long_curve_is_thinned_out_evenly_and_says_so() -> None:
    curve = Curve(Room(each=10_000))
    noise = random.Random(1)
    for step in range(300_000):
        curve.add(step, noise.random(), 1e9 + step)
    points = curve.points()
    assert all(p.time == 1e9 + p.step for p in points)
    halves = [sum(p.step < 150_000 for p in points), sum(p.step >= 150_000 for p in points)]
    assert 0.5 < halves[0] / halves[1] < 2
    assert "lowest and highest" in thinning({"loss": curve, "acc": curve})[0]


def test_curves_of_one_file_share_room_and_columns() -> None:
    found = Curves()
    for step in range(100):
        found["a"].add(step, 0.1)
        found["b"].add(step, 0.2)
    told = series(found)
    assert told["a"].steps is told["b"].steps and told["a"].times is told["b"].times
    room = Room(each=100, together=400)
    for _ in range(8):
        room.one_more()
    assert room.left == 50


def test_less_is_shown_of_a_long_curve_that_looks_like_it() -> None:
    curve = Curve()
    for step in range(100_000):
        curve.add(step, 900 if step == 31_234 else step % 7)
    few = reduced(curve.points(), 1000)
    assert len(few) <= 1003 and 31_234 in [p.step for p in few]
    assert isinstance(few[0].value, int)


def test_columns_of_a_table_and_its_rows_give_the_same_curves() -> None:
    """Plain columns are taken in one go; a blank, a NaN, or a time makes them go cell by cell."""
    rows = "".join(f"{n},{n / 7!r},{n % 5},{'' if n == 1500 else n / 3!r}\n" for n in range(2500))
    data = ("step,loss,count,gap\n" + rows).encode()
    facts = read_file(source_from_bytes("metrics.csv", data)).facts
    assert list(facts.series["loss"].values) == [n / 7 for n in range(2500)]
    assert list(facts.series["loss"].steps) == list(range(2500))
    assert [p.value for p in facts.series["count"]] == [n % 5 for n in range(2500)]
    assert all(isinstance(p.value, int) for p in facts.series["count"])
    assert len(facts.series["gap"]) == 2499 and 1500 not in facts.series["gap"].steps
    assert facts.metrics == {"loss": 2499 / 7, "count": 4, "gap": 833.0}

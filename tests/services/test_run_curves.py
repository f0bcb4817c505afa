"""Long curves of a run: each kept by itself, read alone, whole after a rebuild and a collection."""

from __future__ import annotations

import math

from strongroom.bootstrap import create_registry, open_registry, rebuild_registry
from strongroom.domain.series import Point, Series
from strongroom.services.runs import RunWriter, empty_document
from strongroom.settings import Settings


def record(registry, run, series):
    desk = registry.desk
    writer = RunWriter(desk)
    draft = writer.keep(run, {**empty_document(run), "status": "finished"}, series)
    with desk.recording(writer.documents) as recorder:
        recorder.write(draft)


def long_curves():
    return {
        f"loss/{n}": Series.of(Point(s, math.cos(s) / (n + 1), None) for s in range(4000))
        for n in range(3)
    } | {"odd": Series.of([Point(1, math.nan), Point(2, -math.inf), Point(3, 7)])}


def test_long_curves_are_read_one_by_one(registry):
    record(registry, "r", long_curves())
    some = registry.run_series("r", ["loss/1", "none"])
    assert list(some) == ["loss/1"] and some["loss/1"].whole == 4000
    assert list(some["loss/1"].values)[:2] == [0.5, math.cos(1) / 2]
    everything = registry.run_series("r")
    assert set(everything) == set(long_curves())
    shown = registry.show_run("r", series=True)["run"]["series"]["odd"]
    assert shown["steps"] == [1, 2, 3] and shown["points"] == 3
    assert math.isnan(shown["values"][0]) and shown["values"][1:] == [-math.inf, 7]


def test_few_points_stay_one_document(registry):
    record(registry, "r", {"acc": Series.of([Point(1, 1), Point(2, 2)])})
    assert list(registry.run_series("r", ["acc"])["acc"].values) == [1.0, 2.0]
    assert registry.run_series("r", []) == {}


def test_a_curve_is_referred_to_and_survives_collection_and_rebuild(place):
    registry = create_registry(place, Settings(), "cli")
    record(registry, "r", long_curves())
    registry.collect()
    assert registry.doctor()["ok"]
    registry.close()
    assert rebuild_registry(place)["problems"] == []
    registry = open_registry(place, Settings(), "cli")
    try:
        assert len(registry.run_series("r", ["loss/2"])["loss/2"].values) == 4000
        assert registry.doctor()["ok"]
    finally:
        registry.close()


def test_very_long_curves_are_handed_over_as_they_look(registry):
    values = [math.sin(s / 500) + (5.0 if s == 61_803 else 0.0) for s in range(100_000)]
    long = Series.of(Point(s, v) for s, v in enumerate(values))
    record(registry, "r", {f"m{n}": long for n in range(4)})
    some = registry.run_series("r", most=20_000)
    for curve in some.values():
        assert curve.whole == 100_000 and 4_000 <= len(curve.values) <= 6_000
        assert max(curve.values) == max(values) and 61_803.0 in curve.steps
    assert len(registry.run_series("r", ["m1"])["m1"].values) == 100_000

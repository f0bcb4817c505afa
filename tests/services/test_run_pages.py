"""What a run's page asks for: whole curves, live ones too, and the end of the log."""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import replace

import pytest

from strongroom.domain.errors import Denied, NotFound
from strongroom.domain.record import seal, series_document
from strongroom.domain.series import Point, Series
from strongroom.extract.curve import reduced
from strongroom.services import access, curves, live_series, run_log
from strongroom.services.add import AddOptions
from strongroom.services.curves import Columns, columns_of
from strongroom.services.runs import RunWriter, empty_document
from tests.services.watched import FAST, write_run

SLOW_END = replace(FAST, idle_end=60.0)


def test_curves_of_a_run_that_goes_on_grow_and_are_sealed_whole(watching, folder, registry):
    w = watching(SLOW_END)
    write_run(folder / "runs/a", [0.9, 0.8], {"lr": 1}, finish=False)
    w.until(lambda: w.runs() and w.runs()[0]["series"].get("loss", {}).get("points") == 2)
    run = w.runs()[0]["id"]
    with open(folder / "runs/a/metrics.csv", "a") as out:
        out.write("3,nan\n4,inf\n5,0.5\n6,0.")  # the last line is only half there
    w.until(lambda: len(registry.run_series(run)["loss"].values) == 5)
    live = registry.run_series(run)["loss"]
    assert list(live.steps) == [1, 2, 3, 4, 5] and live.whole == 5
    assert math.isnan(live.values[2]) and live.values[3] == math.inf and live.values[4] == 0.5
    assert all(math.isnan(t) for t in live.times)
    with open(folder / "runs/a/metrics.csv", "a") as out:
        out.write("25\n")
    registry.finish_run(run)
    w.until(lambda: len(registry.run_series(run)["loss"].values) == 6 and not w.session.runs.active)
    assert list(registry.run_series(run)["loss"].values)[4:] == [0.5, 0.25]
    assert not list(registry.desk.place.live.iterdir())


def test_curves_stay_when_more_is_said_of_their_run(registry, tmp_path):
    writer = RunWriter(registry.desk)
    document = {**empty_document("r"), "status": "finished"}
    draft = writer.keep("r", document, {"loss": Series.of([Point(1, 0.5)])})
    with registry.desk.recording(writer.documents) as recorder:
        recorder.write(draft)
    (tmp_path / "m.bin").write_bytes(b"1")
    registry.add([os.fsencode(tmp_path / "m.bin")], AddOptions(run="r", params={"lr": 1}))
    assert registry.show_run("r")["run"]["params"] == {"lr": 1}
    assert list(registry.run_series("r")["loss"].values) == [0.5]


def test_live_curves_are_bounded_and_keep_what_stands_out():
    points = [Point(n, math.sin(n / 50)) for n in range(50_000)]
    points[31_234] = Point(31_234, 900.0)
    points[40_001] = Point(40_001, math.nan)
    kept = list(reduced(Series.of(points), 2000))
    assert len(kept) <= 2003 and kept[0] == points[0] and kept[-1] == points[-1]
    assert points[31_234] in kept and 40_001 in [p.step for p in kept if p.value != p.value]
    assert [p.step for p in kept] == sorted(p.step for p in kept)
    assert reduced(Series.of(points[:5]), 2000) == Series.of(points[:5])


def test_a_live_file_that_cannot_be_read_is_as_good_as_none(tmp_path):
    kept = {"a/b": columns_of([(1, None, 0.5), (2, 7.0, math.nan)], 9), "empty": Columns()}
    live_series.write(tmp_path, "odd/../id \U0001f600", kept)
    (file,) = tmp_path.iterdir()
    read = live_series.read(tmp_path, "odd/../id \U0001f600")
    assert list(read) == ["a/b", "empty"] and read["a/b"].whole == 9
    assert list(read["a/b"].steps) == [1, 2] and math.isnan(read["a/b"].times[0])
    whole = file.read_bytes()
    for broken in (b"", whole[:40], whole[:-3], b"x" * 100, whole.replace(b"[[", b"{[")):
        file.write_bytes(broken)
        assert live_series.read(tmp_path, "odd/../id \U0001f600") is None
    live_series.forget(tmp_path, "odd/../id \U0001f600")
    live_series.forget(tmp_path, "never there")


def test_a_sealed_series_is_read_piece_by_piece_to_the_same_numbers(monkeypatch):
    monkeypatch.setattr(curves, "_PIECE", 20)
    points = [Point(n, v, None if n % 3 else 1.7e9 + n) for n, v in enumerate(
        [1.0, 0.5, -0.0, math.nan, math.inf, -math.inf, 2**60, 10**400, 1e-300, 3, 0.1] * 5
    )]  # fmt: skip
    series = {
        'odd "],[{}" \\ name': Series.of(points),
        "none": Series(),
        "b": Series.of([Point(None, 1.5)]),
    }
    found = curves.parsed(seal(series_document(series)).data.decode())
    assert found.keys() == series.keys()
    one = found['odd "],[{}" \\ name']
    for point, step, time_, value in zip(points, one.steps, one.times, one.values, strict=True):
        assert step == point.step
        assert math.isnan(time_) if point.time is None else time_ == point.time
        expected = math.inf if point.value == 10**400 else float(point.value)
        assert value == expected or (math.isnan(value) and math.isnan(expected))
    assert math.isnan(found["b"].steps[0]) and len(found["none"].values) == 0


@pytest.mark.parametrize("text", ['{}', '{"series":{"a":{"steps":[1],"times":[],"values":[1]}}}',
                                  '{"series":{"a":{"values":[1]}}}', '{"series":{"a"'])  # fmt: skip
def test_what_is_no_series_is_refused(text):
    with pytest.raises((ValueError, IndexError)):
        curves.parsed(text)


def test_a_run_without_curves_has_none_and_an_unknown_one_is_not_found(registry):
    registry.start_run("bare")
    assert registry.run_series("bare") == {}
    for ask in (registry.run_series, registry.run_log):
        with pytest.raises(NotFound):
            ask("nobody")


def test_curves_and_log_need_the_right_to_find_runs_and_read_versions(registry, monkeypatch):
    registry.start_run("bare")
    monkeypatch.setitem(access.RIGHTS, "owner", access.RIGHTS["owner"] - {"run.find"})
    for ask in (registry.run_series, registry.run_log):
        with pytest.raises(Denied):
            ask("bare")


# ---------------------------------------------------------------------- log


def test_the_log_is_followed_while_the_run_goes_on_and_kept_after(watching, folder, registry):
    w = watching(SLOW_END)
    write_run(folder / "runs/a", [0.9, 0.8], {"lr": 1}, finish=False)
    log = folder / "runs/a/train.log"
    log.write_text("epoch 1\n")
    w.until(lambda: w.runs() and w.runs()[0]["status"] == "running")
    run = w.runs()[0]["id"]
    assert registry.run_log(run) == {
        "text": "epoch 1", "file": "train.log", "ref": None, "cut": False, "reason": ""
    }  # fmt: skip
    with open(log, "a") as out:
        out.writelines(f"epoch {n}\n" for n in range(2, 1001))
    found = registry.run_log(run, lines=3)
    assert found["text"] == "epoch 998\nepoch 999\nepoch 1000" and found["cut"]
    registry.finish_run(run)
    w.until(lambda: "out/runs/train.log" in w.names())
    kept = registry.run_log(run, lines=2)
    assert kept["text"] == "epoch 999\nepoch 1000" and kept["ref"] == "out/runs/train.log@v1"


def test_only_a_regular_file_below_the_runs_folder_is_read(watching, folder, registry, tmp_path):
    w = watching(SLOW_END)
    write_run(folder / "runs/a", [0.9], {"lr": 1}, finish=False)
    (tmp_path / "secret.log").write_text("secret\n")
    (folder / "runs/a/train.log").symlink_to(tmp_path / "secret.log")
    os.mkfifo(folder / "runs/a/stdout.log")
    w.until(lambda: bool(w.runs()))
    found = registry.run_log(w.runs()[0]["id"])
    assert found["text"] == "" and "not written a log" in found["reason"]


def test_a_stored_log_is_read_with_the_rights_of_a_content_read(
    watching, folder, registry, monkeypatch
):
    w = watching()
    write_run(folder / "runs/a", [0.9], {"lr": 1})
    (folder / "runs/a/train.log").write_text("line\n")
    w.until(lambda: w.runs() and w.runs()[0]["status"] == "finished")
    monkeypatch.setitem(access.RIGHTS, "owner", access.RIGHTS["owner"] - {"version.read"})
    found = registry.run_log(w.runs()[0]["id"])
    assert found["text"] == "" and "cannot be read" in found["reason"]


def test_a_run_without_a_log_says_so(registry):
    registry.start_run("bare")
    registry.finish_run("bare")
    assert registry.run_log("bare")["reason"] == "No log of this run was kept."


def test_the_end_of_a_log_is_plain_text_whatever_is_in_it():
    bars = b"\r 10%|#\r 50%|##\r100%|###\n"
    assert run_log.tail(b"\x1b[31mred\x1b[0m\n" + bars + b"\x07bell\0\r\nend", 10) == (
        "red\n100%|###\n\ufffdbell\ufffd\nend", False
    )  # fmt: skip
    assert run_log.tail(b"alf\nwhole\n", 10, cut=True) == ("whole", True)
    assert run_log.tail(b"a\nb\nc\n", 2) == ("b\nc", True)
    assert run_log.tail(b"", 5) == ("", False)
    assert run_log.tail("naïve ✓\n".encode(), 5)[0] == "naïve ✓"
    assert len(run_log.tail(b"\n" * 600_000, 100)[0]) == 99


def test_a_long_curve_is_read_in_reasonable_time(registry):
    """Twenty curves as long as a run keeps them (the window reads them beside its own thread)."""
    series = {f"m{n}": Series.of(Point(s, s * 0.37 + n) for s in range(20_000)) for n in range(20)}
    writer = RunWriter(registry.desk)
    draft = writer.keep("long", {**empty_document("long"), "status": "finished"}, series)
    with registry.desk.recording(writer.documents) as recorder:
        recorder.write(draft)
    began = time.monotonic()
    found = registry.run_series("long")
    assert time.monotonic() - began < 5
    assert len(found) == 20 and list(found["m3"].values)[:2] == [3.0, 3.37]
    assert json.dumps(registry.show_run("long"))

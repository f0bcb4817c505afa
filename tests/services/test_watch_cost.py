"""What watching costs: nothing while nothing happens, however much is there."""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import replace

import pytest

from tests.services.watched import FAST, write_run

CALM = replace(FAST, rescan=3600.0, idle_end=3600.0)


def many_runs(folder, runs=20, files=100):
    for number in range(runs):
        run = folder / "runs" / f"run_{number:02d}"
        write_run(run, [0.5], {"n": number})
        (run / "checkpoints").mkdir()
        for step in range(files):
            (run / "checkpoints" / f"step_{step}.pt").write_bytes(b"%d %d" % (number, step))


def test_an_idle_folder_with_many_live_runs_costs_next_to_nothing(watching, folder):
    many_runs(folder)
    w = watching(CALM)
    w.until(lambda: len(w.session.runs.active) == 20 and w.session.pending == 0, seconds=120)
    w.until(lambda: not any(a.changed for a in w.session.runs.active.values()), seconds=60)
    w.until(lambda: w.session.rest() > 0.1, seconds=5)
    began, rounds = time.process_time(), 200
    for _ in range(rounds):
        w.session.step()
    each = (time.process_time() - began) / rounds
    assert each < 0.002, f"{each * 1000:.2f} ms each: at two rounds a second 0.4 % of a CPU"


def test_many_files_in_runs_are_taken_in_time_that_follows_their_number(watching, folder):
    """Which files wait was asked anew for each group; ten times the files took a hundred times."""
    many_runs(folder, runs=5, files=300)
    w = watching(CALM)
    began = time.process_time()
    w.until(lambda: len(w.session.runs.active) == 5 and w.session.pending == 0, seconds=120)
    assert time.process_time() - began < 20


def test_a_session_says_when_the_next_file_is_due(watching, folder):
    w = watching(replace(CALM, quiet_time=0.4))
    w.idle()
    (folder / "a.bin").write_bytes(b"a")
    w.until(lambda: b"a.bin" in w.session.unsettled())
    assert 0 < w.session.rest() <= 0.4
    began = time.monotonic()
    while not w.names():  # as the command line waits
        w.session.wake.wait(w.session.rest())
        w.session.wake.clear()
        w.session.step()
    assert time.monotonic() - began < 0.4 + 0.5


def test_an_overflow_of_the_kernels_queue_makes_it_look_at_everything(watching, folder):
    w = watching(CALM)
    w.idle()
    source = w.session._events
    source._observer.unschedule_all()  # from here on it hears nothing
    (folder / "missed.bin").write_bytes(b"m")
    for _ in range(5):
        w.session.step()
        time.sleep(0.02)
    assert w.names() == {}
    logging.getLogger("watchdog.observers.inotify").warning("Inotify queue overflowed")
    w.until(lambda: w.names() == {"out/missed.bin": 1}, seconds=10)


def test_a_burst_of_events_makes_it_look_at_everything(watching, folder):
    w = watching(CALM)
    w.idle()
    source = w.session._events
    for number in range(source.MANY):
        source._heard("modified", os.fsencode(folder / f"{number}"), b"", False)
    assert source.take().all


def test_a_folder_that_is_replaced_at_once_is_heard_again(watching, folder):
    w = watching(CALM)
    (folder / "a.bin").write_bytes(b"a")
    w.idle()
    os.rename(folder, folder.with_name("old"))
    folder.mkdir()
    (folder / "b.bin").write_bytes(b"b")
    w.until(lambda: "out/b.bin" in w.names(), seconds=10)
    (folder / "c.bin").write_bytes(b"c")
    w.until(lambda: "out/c.bin" in w.names(), seconds=10)


def test_an_edited_ignore_file_counts_at_once(watching, folder):
    w = watching(CALM)
    w.idle()
    (folder / ".strongroomignore").write_text("*.log\n!keep.log\n")
    (folder / "a.log").write_bytes(b"a")
    (folder / "keep.log").write_bytes(b"k")
    w.until(lambda: w.names() == {"out/keep.log": 1}, seconds=10)
    (folder / ".strongroomignore").write_text("")
    w.until(lambda: "out/a.log" in w.names(), seconds=10)


def test_a_run_with_files_from_the_future_ends(watching, folder):
    write_run(folder / "runs" / "a", [0.5], {"lr": 1})
    for file in (folder / "runs" / "a").iterdir():
        os.utime(file, (4e9, 4e9))
    w = watching()
    w.until(lambda: [r["status"] for r in w.runs()] == ["finished"], seconds=10)


def test_a_run_that_was_over_before_it_was_seen_ends_at_once(watching, folder):
    write_run(folder / "runs" / "a", [0.5], {"lr": 1})
    time.sleep(0.3)
    w = watching(CALM)
    for _ in range(20):
        w.session.step(end_runs=True)
    assert [r["status"] for r in w.runs()] == ["finished"] and not w.session.waits


def test_a_file_that_becomes_a_folder_and_back(watching, folder):
    w = watching(CALM)
    (folder / "x").write_bytes(b"file")
    w.until(lambda: w.names() == {"out/x": 1})
    os.unlink(folder / "x")
    (folder / "x").mkdir()
    (folder / "x" / "y").write_bytes(b"inside")
    w.until(lambda: w.names() == {"out/x": 1, "out/x/y": 1})
    os.unlink(folder / "x" / "y")
    os.rmdir(folder / "x")
    (folder / "x").write_bytes(b"file again")
    w.until(lambda: w.names() == {"out/x": 2, "out/x/y": 1})


def test_live_values_are_shown_less_often_where_reading_takes_long(watching, folder, monkeypatch):
    w = watching(CALM)
    run = folder / "runs" / "a"
    write_run(run, [0.9], {"lr": 0.1}, finish=False)
    w.until(lambda: bool(w.runs()))
    shown = []
    real = w.session.runs.show_live

    def slow(active, seen):
        shown.append(time.monotonic())
        time.sleep(0.3)
        real(active, seen)

    monkeypatch.setattr(w.session.runs, "show_live", slow)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        with open(run / "metrics.csv", "a") as out:
            out.write(f"2,{json.dumps(0.5)}\n")
        w.session.step()
        time.sleep(0.05)
    assert 1 <= len(shown) <= 2


def test_a_failure_of_the_store_does_not_make_it_forget_what_is_due(watching, folder, monkeypatch):
    w = watching(CALM)
    (folder / "a.bin").write_bytes(b"a")
    w.until(lambda: w.session.settling.due(time.monotonic()) == [b"a.bin"])
    with monkeypatch.context() as broken:
        broken.setattr(w.session, "_take", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            w.session.step()
    w.until(lambda: w.names() == {"out/a.bin": 1}, seconds=5)

"""Runs that trainings tell of, when several processes end, crash and lie at once."""

from __future__ import annotations

import os
import time

import pytest

from strongroom.bootstrap import rebuild_registry
from strongroom.domain.errors import Conflict
from strongroom.domain.facts import RunStatus
from strongroom.services import runs, spool, tracking
from tests.conftest import add


def folder_of(registry, run):
    return spool.folder_for(registry.desk.place.live, run)


def shown(registry, run):
    return registry.show_run(run, series=True)["run"]


def test_a_rank_that_logs_on_after_the_first_has_ended_loses_nothing(registry):
    desk = registry.desk
    run = tracking.begin(desk, "job")
    first, second = (spool.Spool(folder_of(registry, run)) for _ in range(2))
    first.write(spool.line({"a": 1.0}, 0, 1.0))
    second.write(spool.line({"b": 1.0}, 0, 1.0) + '{"s": 1, "t": 2.0, "v"')
    first.close()
    tracking.end(desk, run, RunStatus.FINISHED)
    second.write(': {"b": 2.0}}\n' + spool.line({"b": 3.0}, 2, 3.0))
    second.close()
    tracking.end(desk, run, None)
    found = shown(registry, run)
    assert found["series"]["b"]["values"] == [1.0, 2.0, 3.0] and found["metrics"]["b"] == 3.0
    assert found["series"]["a"]["values"] == [1.0] and found["status"] == "finished"
    assert not folder_of(registry, run).exists()


def test_what_was_sealed_is_not_sealed_again_after_a_crash(registry, monkeypatch):
    """The process dies between the commit and clearing away what was logged."""
    desk = registry.desk
    run = tracking.begin(desk, "job")
    one = spool.Spool(folder_of(registry, run))
    one.write(spool.line({"a": 1.0}, 0, 1.0))
    one.close()
    monkeypatch.setattr(spool, "forget", lambda *_: None)
    tracking.end(desk, run, RunStatus.FINISHED)
    monkeypatch.undo()
    entries = registry.last_change()
    tracking.end(desk, run, RunStatus.FINISHED)
    assert registry.last_change() == entries
    assert shown(registry, run)["series"]["a"]["values"] == [1.0]
    assert not folder_of(registry, run).exists()


def test_an_input_that_is_noted_while_the_run_ends_does_not_bring_it_back(
    registry, make_file, monkeypatch
):
    add(registry, make_file("d.csv", b"a\n1\n"), name="data")
    desk = registry.desk
    run = tracking.begin(desk, "job", params={"lr": 1})
    real, meanwhile = runs.sealed_document, []

    def slow(desk, row):
        document = real(desk, row)
        if not meanwhile:
            meanwhile.append(1)
            tracking.end(desk, run, RunStatus.FINISHED)
        return document

    monkeypatch.setattr(runs, "sealed_document", slow)
    tracking.use(desk, run, "data")
    found = shown(registry, run)
    assert found["status"] == "finished" and found["inputs"] == ["data@v1"]


def test_two_that_begin_one_run_at_once(registry, monkeypatch):
    desk = registry.desk
    tracking.begin(desk, "one", "r1")
    monkeypatch.setattr("strongroom.catalog.catalog.run_by_id", lambda *_: None)
    with pytest.raises(Conflict):
        tracking.begin(desk, "two", "r1")
    monkeypatch.undo()
    assert shown(registry, "r1")["name"] == "one"


@pytest.mark.parametrize("at", [float("inf"), float("nan"), 1.7e12, 1.7e18, -5.0, 1e300])
def test_times_that_are_none_do_not_spoil_the_list_of_runs(registry, at):
    """Milliseconds in place of seconds, say; the process is gone before the run is ended."""
    desk = registry.desk
    dead = f"{os.uname().nodename}:4194999:1"
    run = tracking.begin(desk, "job", provenance={"process": dead})
    one = spool.Spool(folder_of(registry, run))
    one.write(spool.line({"a": 1.0}, 0, at))
    one.close()
    assert tracking.look_for_lost(desk) == [run]
    (found,) = registry.list_runs()["runs"]
    assert found["status"] == "lost"
    assert found["started_at"] <= found["ended_at"] <= time.strftime("%Y-12-31")


def test_a_word_of_the_process_itself_is_worth_more_than_that_it_is_gone(registry):
    desk = registry.desk
    dead = f"{os.uname().nodename}:4194999:1"
    run = tracking.begin(desk, "job", provenance={"process": dead})
    tracking.look_for_lost(desk)
    tracking.end(desk, run, None)
    assert shown(registry, run)["status"] == "lost"
    tracking.end(desk, run, RunStatus.FINISHED)
    found = shown(registry, run)
    assert found["status"] == "finished" and "error" not in found["provenance"]
    tracking.end(desk, run, RunStatus.FAILED, "X")
    assert shown(registry, run)["status"] == "finished"


def test_one_run_that_cannot_be_ended_does_not_hide_the_other_lost_ones(registry, monkeypatch):
    desk = registry.desk
    dead = f"{os.uname().nodename}:4194999:1"
    first, second = (tracking.begin(desk, n, provenance={"process": dead}) for n in "ab")
    real = spool.gather

    def broken(folder, *more):
        if folder == folder_of(registry, first):
            raise OSError(5, "no")
        return real(folder, *more)

    monkeypatch.setattr(spool, "gather", broken)
    assert tracking.look_for_lost(desk) == [second]


def test_names_and_values_that_are_no_utf_8_are_the_same_after_a_rebuild(registry, place, reopen):
    """As they come from file names and command lines of another encoding."""
    run = tracking.begin(registry.desk, "r\udcff", params={"p\udcff": "v\udcff", "l": ["\ud800"]})
    before = shown(registry, run)
    assert before["name"] == "r\\udcff" and before["params"]["p\\udcff"] == "v\\udcff"
    registry.close()
    rebuild_registry(place)
    assert reopen().show_run(run, series=True)["run"] == before


def test_what_a_killed_rank_logged_after_the_end_is_taken_in_once_it_is_gone(registry):
    desk = registry.desk
    run = tracking.begin(desk, "job")
    rank = spool.Spool(folder_of(registry, run), run)
    tracking.end(desk, run, RunStatus.FINISHED)
    rank.write(spool.line({"b": 1.0}, 0, 1.0))
    tracking.look_for_lost(desk)
    assert "b" not in shown(registry, run)["series"]  # it may log on
    rank.close()
    tracking.look_for_lost(desk)
    assert shown(registry, run)["series"]["b"]["values"] == [1.0]
    assert not folder_of(registry, run).exists()

"""The worker's loop: jobs from the queue end to end, and what it survives."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest

from strongroom.catalog import jobs
from strongroom.domain.errors import BadInput, Busy, NoSpace, Unreachable
from strongroom.domain.timestamps import now
from strongroom.services.progress import Progress
from strongroom.settings import Settings
from strongroom.worker import loop
from strongroom.worker.loop import Worker


class Told(list):
    """What the worker told, in order."""

    def of(self, kind: str) -> list:
        return [event.data for event in self if event.name == kind]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def worker(registry, told: Told) -> Worker:
    return Worker(registry, Settings(), told.append)


@pytest.fixture
def running(worker: Worker):
    """The worker in its thread, as the window has it."""
    worker.start()
    yield worker
    worker.stop()


def wait_until(true: Callable[[], object], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def state_of(registry, job: int) -> str:
    return registry.job(job)["state"]


def add_job(registry, *paths, **arguments) -> int:
    return registry.enqueue("add", {"paths": [os.fsencode(p).hex() for p in paths], **arguments})


def nothing_half(registry) -> None:
    assert list(registry.desk.store.staging.iterdir()) == []
    referred = {bytes(r[0]) for r in registry.desk.engine.rows("select digest from blobs")}
    assert {s.digest for s in registry.desk.store.scan()} == referred
    assert registry.desk.engine.rows("select * from claims") == []
    assert registry.doctor()["ok"]


# ---------------------------------------------------------------- a job from end to end


def test_an_add_job_makes_the_version_and_tells_how_it_goes(registry, worker, told, make_file):
    path = make_file("model.bin", os.urandom(200_000))
    job = add_job(registry, path, name="churn", kind="model", note="first")
    worker.run_once()
    done = registry.job(job)
    assert (done["state"], done["attempts"]) == ("done", 1)
    (made,) = done["result"]["versions"]
    assert (made["ref"], made["created"]) == ("churn@v1", True)
    shown = registry.show("churn@v1")
    assert (shown["kind"], shown["notes"][0]["text"]) == ("model", "first")
    assert told.of("job.changed")[0]["state"] == "running"
    assert told.of("job.changed")[-1]["state"] == "done"
    worker.round()
    assert "version.committed" in [change["action"] for change in told.of("entry")]
    nothing_half(registry)


def test_verify_and_export_jobs_answer_as_their_commands_do(registry, worker, make_file, tmp_path):
    add_job(registry, make_file("a.txt", b"content"))
    check = registry.enqueue("verify", {"references": ["a.txt@v1"]})
    export = registry.enqueue("export", {"reference": "a.txt", "into": str(tmp_path / "out")})
    worker.run_once()
    assert registry.job(check)["result"]["damaged"] == []
    assert registry.job(export)["result"]["verified"] is True
    assert (tmp_path / "out").read_bytes() == b"content"


def test_jobs_are_done_in_the_order_they_were_asked_for(registry, worker, make_file):
    numbers = [add_job(registry, make_file(f"{n}.txt", b"%d" % n)) for n in range(5)]
    worker.run_once()
    assert {state_of(registry, n) for n in numbers} == {"done"}
    rows = registry.desk.engine.rows(
        "select a.name from versions v join artifacts a on a.id = v.artifact_id order by v.id"
    )
    assert [r[0] for r in rows] == [f"{n}.txt" for n in range(5)]


def test_a_running_worker_takes_up_a_job_that_another_process_asked_for(
    running, registry, reopen, make_file
):
    job = add_job(reopen(), make_file("late.txt"))
    wait_until(lambda: state_of(registry, job) == "done")


# ---------------------------------------------------------------- stopping and cancelling


class Gate:
    """Holds an act in the middle of its work, where it ticks until it is let go or stopped."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Event(), threading.Event()

    def job(self, registry, arguments, progress: Progress):
        self.entered.set()
        while not self.open.is_set():
            progress.tick()
            time.sleep(0.01)
        return {"passed": True}


@pytest.fixture
def gate(monkeypatch) -> Gate:
    gate = Gate()
    monkeypatch.setitem(loop.JOBS, "wait", gate.job)
    return gate


def test_a_cancelled_add_job_leaves_nothing_behind(running, registry, make_file, monkeypatch):
    folder = make_file("many/large.bin", os.urandom(3 << 20)).parent
    for number in range(30):
        make_file(f"many/{number}.bin", os.urandom(70_000))
    started, real = threading.Event(), loop.JOBS["add"]

    def slow_add(registry, arguments, progress):
        tick = progress.tick

        def slow(count=0):
            started.set()
            time.sleep(0.05)
            tick(count)

        progress.tick = slow
        return real(registry, arguments, progress)

    monkeypatch.setitem(loop.JOBS, "add", slow_add)
    job = add_job(registry, folder)
    assert started.wait(20)
    registry.cancel_job(job)
    wait_until(lambda: state_of(registry, job) == "cancelled")
    assert registry.list_artifacts()["artifacts"] == []
    nothing_half(registry)


def test_a_cancelled_job_does_not_keep_others_from_their_turn(running, registry, gate, make_file):
    first = registry.enqueue("wait", {})
    second = add_job(registry, make_file("a.txt"))
    assert gate.entered.wait(20)
    registry.cancel_job(first)
    wait_until(lambda: state_of(registry, second) == "done")
    assert state_of(registry, first) == "cancelled"


def test_a_stopped_worker_puts_its_job_back_and_the_next_one_does_it(registry, gate, told, reopen):
    first = Worker(registry, Settings(), told.append)
    first.start()
    job = registry.enqueue("wait", {})
    assert gate.entered.wait(20)
    first.stop()
    assert state_of(registry, job) == "queued"
    gate.open.set()
    Worker(reopen(), Settings(), told.append).run_once()
    done = registry.job(job)
    assert (done["state"], done["result"]) == ("done", {"passed": True})
    assert done["attempts"] == 1, "being asked to stop is no failed attempt"


def test_a_job_that_begins_just_as_the_worker_is_stopped_does_not_hold_it_up(
    registry, gate, told, monkeypatch
):
    worker = Worker(registry, Settings(), told.append)
    real = jobs.lease

    def lease_and_stop(*arguments):
        leased = real(*arguments)
        worker._stopping.set()  # between the look at the queue and the work
        return leased

    monkeypatch.setattr(jobs, "lease", lease_and_stop)
    job = registry.enqueue("wait", {})
    began = time.monotonic()
    worker.run()
    assert time.monotonic() - began < 5
    assert state_of(registry, job) == "queued"


def test_the_job_of_a_worker_that_was_killed_is_resumed(registry, worker, make_file):
    job = add_job(registry, make_file("a.txt"))
    host = registry.desk.owner.partition(":")[0]
    jobs.lease(registry.desk.engine, f"{host}:999999999:1", now())
    assert state_of(registry, job) == "running"
    worker.run_once()
    assert (state_of(registry, job), registry.job(job)["attempts"]) == ("done", 2)


# ---------------------------------------------------------------- failing


def test_a_job_that_fails_says_why_and_what_to_do(registry, worker, told, tmp_path):
    job = add_job(registry, tmp_path / "nowhere")
    worker.run_once()
    failed = registry.job(job)
    assert failed["state"] == "failed"
    error = failed["result"]["error"]
    assert error["code"] == "not_found" and error["message"] and error["hint"]
    assert str(tmp_path / "nowhere") in error["object"]
    assert told.of("problem") == [error]


@pytest.mark.parametrize("error", [Busy("held", "", "wait"), Unreachable("gone", "", "wait")])
def test_what_may_pass_is_tried_again_with_growing_pauses_and_then_given_up(
    registry, worker, told, monkeypatch, error
):
    def fail(registry, arguments, progress):
        raise error

    monkeypatch.setitem(loop.JOBS, "fail", fail)
    job = registry.enqueue("fail", {})
    clock, pauses = [now()], []
    monkeypatch.setattr(loop, "now", lambda: clock[0])
    for _ in range(20):
        worker.round()
        row = jobs.get(registry.desk.engine, job)
        if row.state == "failed":
            break
        assert (row.state, row.result["error"]["code"]) == ("queued", error.code)
        pauses.append(row.due_at - clock[0])
        worker.round()
        assert jobs.get(registry.desk.engine, job).attempts == row.attempts, "not before it is due"
        clock[0] = row.due_at
    assert row.attempts == jobs.MAX_ATTEMPTS
    assert pauses == sorted(pauses) and pauses[0] < pauses[-1]
    assert told.of("problem")[-1]["code"] == error.code


@pytest.mark.parametrize("error", [BadInput("no"), NoSpace("full")])
def test_what_will_not_pass_by_itself_is_not_tried_again(registry, worker, monkeypatch, error):
    def fail(registry, arguments, progress):
        raise error

    monkeypatch.setitem(loop.JOBS, "fail", fail)
    job = registry.enqueue("fail", {})
    worker.run_once()
    assert (registry.job(job)["state"], registry.job(job)["attempts"]) == ("failed", 1)


def test_a_bug_in_one_job_is_logged_without_its_words_and_the_next_job_is_done(
    registry, worker, monkeypatch, make_file, caplog
):
    def crash(registry, arguments, progress):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setitem(loop.JOBS, "crash", crash)
    bad, unknown = registry.enqueue("crash", {}), registry.enqueue("no such kind", {})
    good = add_job(registry, make_file("a.txt"))
    worker.run_once()
    for job in (bad, unknown):
        error = registry.job(job)["result"]["error"]
        assert (state_of(registry, job), error["code"]) == ("failed", "internal")
        assert "secret detail" not in error["message"]
    assert "ZeroDivisionError" in caplog.text
    assert state_of(registry, good) == "done"


# ---------------------------------------------------------------- a disk or catalog in trouble


@pytest.mark.parametrize("where", ["lease", "finish", "free_dead"])
@pytest.mark.parametrize(
    "error", [NoSpace("the disk is full"), Busy("locked"), Unreachable("disk I/O error")]
)
def test_the_worker_outlives_a_catalog_that_cannot_be_written(
    registry, worker, told, make_file, monkeypatch, where, error
):
    monkeypatch.setattr(loop, "_TROUBLE_PAUSE", 0.05)
    job = add_job(registry, make_file("a.txt"))
    real, trouble = getattr(jobs, where), [3]

    def sometimes(*arguments):
        if trouble[0]:
            trouble[0] -= 1
            raise error
        return real(*arguments)

    monkeypatch.setattr(jobs, where, sometimes)
    monkeypatch.setattr(jobs, "LEASE", 200_000)
    worker.start()
    wait_until(lambda: state_of(registry, job) == "done")
    worker.stop()
    assert trouble == [0]
    assert error.code in [document["code"] for document in told.of("problem")]


def test_a_bug_in_one_watched_folder_does_not_end_the_others(
    registry, worker, told, make_file, monkeypatch, tmp_path
):
    monkeypatch.setattr(loop, "_RETRY_AFTER", 0.2)
    (tmp_path / "bad").mkdir()
    (tmp_path / "good").mkdir()
    for name in ("bad", "good"):
        registry.add_watch(os.fsencode(tmp_path / name), {"mode": "each"})
    real = loop.WatchSession.step

    def step(self, *rest):
        if self.watch.name == "bad":
            raise ZeroDivisionError
        return real(self, *rest)

    monkeypatch.setattr(loop.WatchSession, "step", step)
    worker.timing = loop.Timing(quiet_time=0.1)
    worker.start()
    (tmp_path / "good" / "a.txt").write_bytes(b"x")
    wait_until(lambda: registry.list_artifacts()["artifacts"])
    time.sleep(0.3)
    problems = [p for p in told.of("problem") if p["code"] == "internal"]
    worker.stop()
    assert 1 <= len(problems) <= 4, "told, but not ten times a second"


def test_a_folder_that_another_process_takes_over_is_let_go_and_taken_up_again(
    registry, worker, told, monkeypatch, tmp_path
):
    """Without a thread or a watch of the kernel left over each time."""
    monkeypatch.setattr(loop, "_RETRY_AFTER", 0.0)
    (tmp_path / "shared").mkdir()
    registry.add_watch(os.fsencode(tmp_path / "shared"), {})
    worker.round()
    before = threading.active_count()
    real, busy = loop.WatchSession.step, [5]

    def step(self, *rest):
        if busy[0]:
            busy[0] -= 1
            raise Busy("another process watches this folder")
        return real(self, *rest)

    monkeypatch.setattr(loop.WatchSession, "step", step)
    for _ in range(8):
        worker.round()
    assert threading.active_count() <= before
    states = [s["state"] for s in told.of("watch.state")]
    assert "elsewhere" in states and states[-1] == "live"
    worker.stop()
    worker.run()


def test_news_of_other_processes_reach_the_one_who_listens(registry, worker, told, reopen):
    other = reopen()
    other.start_run("their-run")
    worker.round()
    (change,) = told.of("entry")
    assert (change["action"], change["object"]["id"]) == ("run.recorded", "their-run")
    worker.round()
    assert len(told.of("entry")) == 1


def test_once_leaves_what_never_comes_to_rest(registry, tmp_path, monkeypatch):
    monkeypatch.setattr("strongroom.worker.loop.PATIENCE", 0.5)
    folder = tmp_path / "out"
    folder.mkdir()
    registry.add_watch(os.fsencode(folder), {})
    (folder / "whole.bin").write_bytes(b"w")
    with open(folder / "open.bin", "wb") as still_written:
        still_written.write(b"s")
        still_written.flush()
        Worker(registry, Settings(), lambda event: None).run_once()
    assert [a["name"] for a in registry.list_artifacts()["artifacts"]] == []


def test_once_ends_where_a_watched_folder_is_gone(registry, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    registry.add_watch(os.fsencode(folder), {})
    folder.rmdir()
    Worker(registry, Settings(), lambda event: None).run_once()


def test_an_idle_worker_rests(registry, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    registry.add_watch(os.fsencode(folder), {})
    worker = Worker(registry, Settings(), lambda event: None)
    rounds = []
    real = worker.round
    worker.round = lambda: (rounds.append(1), real())[1]  # type: ignore[method-assign]
    worker.start()
    time.sleep(2)
    worker.stop()
    assert 3 <= len(rounds) <= 20

"""The job queue: who has a job, until when, and what becomes of it when they are gone."""

from __future__ import annotations

import threading

import pytest

from strongroom.catalog import jobs
from strongroom.catalog.engine import Engine

SECOND = 1_000_000


@pytest.fixture
def engine(tmp_path):
    opened = Engine(tmp_path / "catalog.db")
    yield opened
    opened.close()


def test_a_job_keeps_what_it_was_asked_for(engine):
    number = jobs.enqueue(engine, "add", {"paths": ["2f61"], "note": "é"}, now=10)
    job = jobs.get(engine, number)
    assert job is not None
    assert (job.kind, job.arguments) == ("add", {"paths": ["2f61"], "note": "é"})
    assert (job.state, job.attempts, job.created_at, job.cancel) == ("queued", 0, 10, False)
    assert jobs.get(engine, number + 1) is None


def test_jobs_are_leased_oldest_first_and_to_one_owner_only(engine):
    numbers = [jobs.enqueue(engine, "add", {}, now=n) for n in range(3)]
    first = jobs.lease(engine, "a", now=10)
    second = jobs.lease(engine, "b", now=10)
    assert first is not None and second is not None
    assert [first.id, second.id] == numbers[:2]
    assert [jobs.get(engine, n).state for n in numbers] == ["running", "running", "queued"]


def test_many_who_lease_at_once_get_each_job_once(engine):
    numbers = {jobs.enqueue(engine, "add", {}, now=0) for _ in range(40)}
    got: list[int] = []

    def work(owner: str) -> None:
        while (job := jobs.lease(engine, owner, now=1)) is not None:
            got.append(job.id)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(numbers)


def test_a_job_waits_until_it_is_due(engine):
    number = jobs.enqueue(engine, "verify", {}, now=0, due_at=100)
    assert jobs.lease(engine, "a", now=99) is None
    leased = jobs.lease(engine, "a", now=100)
    assert leased is not None and leased.id == number


def test_reports_renew_the_lease_and_silence_loses_it(engine):
    number = jobs.enqueue(engine, "add", {}, now=0)
    jobs.lease(engine, "a", now=0)
    assert jobs.report(engine, number, "a", {"files": 1}, now=20 * SECOND)
    assert jobs.lease(engine, "b", now=jobs.LEASE + 1) is None, "it was renewed"
    taken = jobs.lease(engine, "b", now=20 * SECOND + jobs.LEASE + 1)
    assert taken is not None and taken.id == number
    assert jobs.get(engine, number).progress == {"files": 1}
    assert jobs.get(engine, number).attempts == 2
    # The first owner wakes up: it hears that the job is no longer its own, and changes nothing.
    assert not jobs.report(engine, number, "a", {"files": 9}, now=60 * SECOND)
    jobs.finish(engine, number, "a", "done", {"by": "a"}, now=60 * SECOND)
    jobs.postpone(engine, number, "a", 0, {}, now=60 * SECOND)
    assert jobs.get(engine, number).state == "running"
    assert jobs.report(engine, number, "b", {"files": 2}, now=61 * SECOND)
    jobs.finish(engine, number, "b", "done", {"by": "b"}, now=61 * SECOND)
    job = jobs.get(engine, number)
    assert (job.state, job.result, job.progress) == ("done", {"by": "b"}, {"files": 2})


def test_the_job_of_an_owner_that_died_is_free_at_once(engine):
    number = jobs.enqueue(engine, "add", {}, now=0)
    other = jobs.enqueue(engine, "add", {}, now=0)
    jobs.lease(engine, "dead", now=0)
    jobs.lease(engine, "alive", now=0)
    assert jobs.free_dead(engine, lambda owner: owner == "dead") == 1
    again = jobs.lease(engine, "heir", now=1)
    assert again is not None and again.id == number
    assert jobs.lease(engine, "heir", now=1) is None, f"{other} is still being done"


def test_a_queued_job_that_is_cancelled_is_never_done(engine):
    number = jobs.enqueue(engine, "add", {}, now=0)
    jobs.cancel(engine, number, now=5)
    assert jobs.lease(engine, "a", now=10) is None
    job = jobs.get(engine, number)
    assert (job.state, job.updated_at) == ("cancelled", 5)


def test_a_running_job_hears_that_it_shall_stop(engine):
    number = jobs.enqueue(engine, "add", {}, now=0)
    jobs.lease(engine, "a", now=0)
    jobs.cancel(engine, number, now=1)
    assert jobs.get(engine, number).state == "running"
    assert not jobs.report(engine, number, "a", {}, now=2)


def test_an_ended_job_cannot_be_cancelled(engine):
    number = jobs.enqueue(engine, "add", {}, now=0)
    jobs.lease(engine, "a", now=0)
    jobs.finish(engine, number, "a", "done", {}, now=1)
    jobs.cancel(engine, number, now=2)
    job = jobs.get(engine, number)
    assert (job.state, job.cancel, job.updated_at) == ("done", False, 1)


def test_a_postponed_job_comes_back_when_it_is_due(engine):
    number = jobs.enqueue(engine, "add", {}, now=0)
    jobs.lease(engine, "a", now=0)
    jobs.postpone(engine, number, "a", 50, {"error": {"code": "busy"}}, now=1)
    assert jobs.get(engine, number).result == {"error": {"code": "busy"}}
    assert jobs.lease(engine, "b", now=49) is None
    again = jobs.lease(engine, "b", now=50)
    assert again is not None and again.attempts == 1


def test_a_job_that_was_cancelled_is_not_tried_again_when_it_is_postponed(engine):
    number = jobs.enqueue(engine, "add", {}, now=0)
    jobs.lease(engine, "a", now=0)
    jobs.cancel(engine, number, now=1)
    jobs.postpone(engine, number, "a", 0, {}, now=2)
    assert jobs.get(engine, number).state == "cancelled"
    assert jobs.lease(engine, "b", now=3) is None


def test_a_job_whose_owner_died_after_it_was_cancelled_is_cancelled(engine):
    number = jobs.enqueue(engine, "add", {}, now=0)
    jobs.lease(engine, "dead", now=0)
    jobs.cancel(engine, number, now=1)
    jobs.free_dead(engine, lambda owner: True)
    assert jobs.lease(engine, "heir", now=2) is None
    assert jobs.get(engine, number).state == "cancelled"


def test_a_job_that_kills_whoever_does_it_is_given_up(engine):
    """As a file that makes the process run out of memory would, at every start again."""
    number = jobs.enqueue(engine, "add", {}, now=0)
    after = jobs.enqueue(engine, "verify", {}, now=0)
    for attempt in range(jobs.MAX_ATTEMPTS):
        job = jobs.lease(engine, f"victim{attempt}", now=attempt)
        assert job is not None and job.id == number
        jobs.free_dead(engine, lambda owner: owner.startswith("victim"))
    job = jobs.lease(engine, "survivor", now=100)
    assert job is not None and job.id == after, "others get their turn"
    given_up = jobs.get(engine, number)
    assert given_up.state == "failed"
    assert given_up.result["error"]["code"] == "gave_up"
    assert given_up.result["error"]["message"] and given_up.result["error"]["hint"]


def test_recent_jobs_begin_with_those_in_work(engine):
    numbers = [jobs.enqueue(engine, "add", {}, now=n) for n in range(5)]
    for _ in range(3):
        job = jobs.lease(engine, "a", now=10)
        jobs.finish(engine, job.id, "a", "done", {}, now=11)
    jobs.lease(engine, "a", now=12)
    assert [(j.id, j.state) for j in jobs.recent(engine, limit=4)] == [
        (numbers[4], "queued"),
        (numbers[3], "running"),
        (numbers[2], "done"),
        (numbers[1], "done"),
    ]


def test_jobs_outlive_the_process(engine, tmp_path):
    number = jobs.enqueue(engine, "export", {"reference": "a@v1"}, now=0)
    again = Engine(tmp_path / "catalog.db")
    job = jobs.lease(again, "another", now=1)
    assert job is not None and job.id == number and job.arguments == {"reference": "a@v1"}
    again.close()

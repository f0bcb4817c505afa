"""The job queue: rows with leases, so that work outlives the process that did it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from strongroom.catalog.engine import Engine, Row

LEASE = 30_000_000
MAX_ATTEMPTS = 5
#: Why a job failed that ended its process each time.
GAVE_UP = {
    "code": "gave_up",
    "message": f"the work was begun {MAX_ATTEMPTS} times and each time its process ended",
    "hint": "see the log file; try it with fewer files",
    "object": "",
}
_COLUMNS = (
    "id, kind, arguments, state, progress, result, attempts, due_at, created_at, updated_at, cancel"
)


@dataclass(frozen=True, slots=True)
class Job:
    """`state`: queued, running, done, failed or cancelled. Times in microseconds UTC."""

    id: int
    kind: str
    arguments: dict[str, Any]
    state: str
    progress: dict[str, Any]
    result: dict[str, Any]
    attempts: int
    due_at: int
    created_at: int
    updated_at: int
    cancel: bool


def enqueue(engine: Engine, kind: str, arguments: dict[str, Any], now: int, due_at: int = 0) -> int:
    with engine.writing() as tx:
        return int(
            tx.execute(
                "insert into jobs(kind, arguments, state, progress, result, attempts, due_at,"
                " created_at, updated_at) values (?,?,'queued','{}','{}',0,?,?,?) returning id",
                (kind, json.dumps(arguments), due_at, now, now),
            ).fetchone()[0]
        )


def lease(engine: Engine, owner: str, now: int) -> Job | None:
    """The oldest job that is due, or whose owner has gone silent; it is ours for `LEASE`.

    One whose owners have gone silent again and again is given up: it may be what ended them.
    """
    with engine.quick() as tx:
        tx.execute(
            "update jobs set state='cancelled', updated_at=?, owner=null, lease_until=null"
            " where state='running' and lease_until < ? and cancel=1",
            (now, now),
        )
        tx.execute(
            "update jobs set state='failed', result=?, updated_at=?, owner=null, lease_until=null"
            " where state='running' and lease_until < ? and attempts >= ?",
            (json.dumps({"error": GAVE_UP}), now, now, MAX_ATTEMPTS),
        )
        row = tx.execute(
            f"select {_COLUMNS} from jobs where (state = 'queued' and due_at <= ?)"
            " or (state = 'running' and lease_until < ?) order by id limit 1",
            (now, now),
        ).fetchone()
        if row is None:
            return None
        tx.execute(
            "update jobs set state='running', owner=?, lease_until=?, attempts=attempts+1,"
            " updated_at=? where id=?",
            (owner, now + LEASE, now, row[0]),
        )
    return _job(row)


def report(engine: Engine, job: int, owner: str, progress: dict[str, Any], now: int) -> bool:
    """Notes progress and renews the lease; False when the job shall stop or is no longer ours."""
    with engine.quick() as tx:
        row = tx.execute(
            "update jobs set progress=?, lease_until=?, updated_at=?"
            " where id=? and owner=? and state='running' returning cancel",
            (json.dumps(progress), now + LEASE, now, job, owner),
        ).fetchone()
    return row is not None and not row[0]


def finish(
    engine: Engine, job: int, owner: str, state: str, result: dict[str, Any], now: int
) -> None:
    with engine.writing() as tx:
        tx.execute(
            "update jobs set state=?, result=?, updated_at=?, owner=null, lease_until=null"
            " where id=? and owner=?",
            (state, json.dumps(result), now, job, owner),
        )


def postpone(
    engine: Engine, job: int, owner: str, due_at: int, why: dict[str, Any], now: int
) -> None:
    """Back into the queue, to be tried again at `due_at`; not if it was cancelled meanwhile."""
    with engine.writing() as tx:
        tx.execute(
            "update jobs set state=case cancel when 1 then 'cancelled' else 'queued' end, due_at=?,"
            " result=?, updated_at=?, owner=null, lease_until=null where id=? and owner=?",
            (due_at, json.dumps(why), now, job, owner),
        )


def give_back(engine: Engine, job: int, owner: str, now: int) -> None:
    """Back into the queue as if it had not been begun: its worker was asked to stop."""
    with engine.writing() as tx:
        tx.execute(
            "update jobs set state=case cancel when 1 then 'cancelled' else 'queued' end,"
            " attempts=attempts-1, updated_at=?, owner=null, lease_until=null"
            " where id=? and owner=?",
            (now, job, owner),
        )


def cancel(engine: Engine, job: int, now: int) -> None:
    """A queued job ends at once; a running one at its next report."""
    with engine.writing() as tx:
        tx.execute(
            "update jobs set state='cancelled', updated_at=? where id=? and state='queued'",
            (now, job),
        )
        tx.execute("update jobs set cancel=1 where id=? and state='running'", (job,))


def free_dead(engine: Engine, is_dead: Any) -> int:
    """Ends the leases of owners that `is_dead(owner)` says are gone, so others may go on."""
    owners = [
        r[0]
        for r in engine.rows(
            "select distinct owner from jobs where state='running' and owner is not null"
        )
    ]
    dead = [(o,) for o in owners if is_dead(o)]
    if dead:
        with engine.quick() as tx:
            tx.executemany("update jobs set lease_until=0 where owner=? and state='running'", dead)
    return len(dead)


def recent(engine: Engine, limit: int = 50) -> list[Job]:
    """Jobs in work or queued first, then the newest ended ones."""
    return [
        _job(r)
        for r in engine.rows(
            f"select {_COLUMNS} from jobs"
            " order by state in ('running','queued') desc, id desc limit ?",
            (limit,),
        )
    ]


def get(engine: Engine, job: int) -> Job | None:
    row = engine.row(f"select {_COLUMNS} from jobs where id=?", (job,))
    return _job(row) if row else None


def _job(row: Row) -> Job:
    return Job(  # type: ignore[call-arg]
        row[0],
        row[1],
        json.loads(row[2]),
        row[3],
        json.loads(row[4]),
        json.loads(row[5]),
        *row[6:10],
        bool(row[10]),
    )

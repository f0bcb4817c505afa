"""What only an old catalog knows, taken over into one that was made again, as far as it is read."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from strongroom.catalog.engine import Engine
from strongroom.disk.sqlite import DatabaseError, connect

_PAUSED = "select id from watches where paused = 1"
_JOBS = (
    "select kind, arguments, due_at, created_at from jobs where state in ('queued', 'running')"
    " order by id"
)


def carry_over(old: Path, engine: Engine) -> None:
    """Known damage, pauses of watched folders, and jobs that were waiting."""
    if not old.exists():
        return
    damage = _read(old, "select digest, found_at, reason, place from damage")
    paused, jobs = _read(old, _PAUSED), _read(old, _JOBS)
    with engine.writing() as tx:
        for digest, found_at, reason, place in damage:
            tx.execute(
                "insert or ignore into damage values (?,?,?,?)", (digest, found_at, reason, place)
            )
            tx.execute(
                "delete from storage where blob_id = (select id from blobs where digest = ?)",
                (digest,),
            )
        tx.executemany("update watches set paused = 1 where id = ?", paused)
        tx.executemany(
            "insert into jobs(kind, arguments, state, progress, result, attempts, due_at,"
            " created_at, updated_at) values (?,?,'queued','{}','{}',0,?,?,?)",
            [(*job, job[-1]) for job in jobs],
        )


def _read(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """All rows, or those before SQLite gave up."""
    rows: list[tuple[Any, ...]] = []
    with contextlib.suppress(DatabaseError):
        connection = connect(path, create=False)
        try:
            for row in connection.execute(sql):
                rows.append(row)
        finally:
            connection.close()
    return rows

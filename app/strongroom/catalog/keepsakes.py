"""What only an old catalog knows, taken over into one that was made again, as far as it is read."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
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


def fill_in(old: Path, engine: Engine) -> None:
    """What the old catalog said of versions and runs whose documents cannot be read any more, where
    it said it of just these documents: what could be seen before can be seen after.
    """
    with engine.snapshot() as tx:
        bare = tx.execute(
            "select 'version', cast(v.id as text), a.name, v.n, v.content, v.record"
            " from entries e join versions v on v.seq = e.seq join artifacts a"
            " on a.id = v.artifact_id where e.outcome = 'unreadable'"
            " and e.action = 'version.committed' union all"
            " select 'run', r.id, r.id, 0, r.document, r.series from runs r where r.id in"
            " (select json_extract(object, '$.id') from entries where outcome = 'unreadable'"
            " and action = 'run.recorded')"
        ).fetchall()
    for kind, owner, name, n, first, second in bare if old.exists() else ():
        if kind == "version":
            rows = _read(
                old,
                "select v.id, v.size, v.files, v.document, v.metric, v.metric_value from versions v"
                " join artifacts a on a.id = v.artifact_id where a.name = ? and v.n = ?"
                " and v.content = ? and v.record = ?",
                (name, n, first, second),
            )
            change = (
                "update versions set size = ?, files = ?, document = ?, metric = ?,"
                " metric_value = ? where id = ?"
            )
        else:
            rows = _read(
                old,
                "select id, name, status, layout, started_at, ended_at, text from runs"
                " where id = ? and document is ? and series is ?",
                (name, first, second),
            )
            change = (
                "update runs set name = ?, status = ?, layout = ?, started_at = ?, ended_at = ?,"
                " text = ? where id = ?"
            )
        if not rows or not any(_is_document(value) for value in rows[0]):
            continue
        facts = _read(
            old,
            "select field, key, number, text from facts where owner_type = ? and owner_id = ?",
            (kind, str(rows[0][0])),
        )
        with engine.writing() as tx:
            tx.execute(change, (*rows[0][1:], owner))
            tx.executemany(
                "insert or replace into facts values (?,?,?,?,?,?)",
                [(kind, owner, *fact) for fact in facts],
            )


def _is_document(value: Any) -> bool:
    try:
        return isinstance(value, str) and isinstance(json.loads(value), dict)
    except ValueError:
        return False


def _read(path: Path, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows, or those before SQLite gave up."""
    rows: list[tuple[Any, ...]] = []
    with contextlib.suppress(DatabaseError):
        connection = connect(path, create=False)
        try:
            for row in connection.execute(sql, values):
                rows.append(row)
        finally:
            connection.close()
    return rows

"""Watched folders, what was seen in them, and who holds the lease on what."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from strongroom.catalog.engine import Engine


@dataclass(frozen=True, slots=True)
class Watch:
    """A watched folder. `root` are the path's raw bytes; `created_at` microseconds UTC."""

    id: str
    root: bytes
    name: str
    options: dict[str, Any]
    created_at: int
    paused: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """The last state of a file that was dealt with. `outcome`: kept, skipped or failed."""

    path: bytes
    dev: int
    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int
    digest: bytes | None
    version_id: int | None
    run_id: str | None
    outcome: str
    reason: str


def all_watches(engine: Engine) -> list[Watch]:
    rows = engine.rows(
        "select id, root, name, options, created_at, paused from watches order by created_at"
    )
    return [Watch(r[0], bytes(r[1]), r[2], json.loads(r[3]), r[4], bool(r[5])) for r in rows]


def totals(engine: Engine, watch: Watch) -> tuple[int, int, int | None, int]:
    """Versions that the folder made, their bytes, when the last came; files left out."""
    low, high = f"{watch.name}/", f"{watch.name}0"  # "0" follows "/": all names below the watch's
    row = engine.row(
        "select count(*), coalesce(sum(v.size), 0), max(v.created_at) from artifacts a"
        " join versions v on v.artifact_id = a.id where a.name = ? or (a.name > ? and a.name < ?)",
        (watch.name, low, high),
    )
    skipped = engine.row(
        "select count(*) from seen where watch_id = ? and outcome = 'skipped'", (watch.id,)
    )
    assert row is not None and skipped is not None
    return row[0], row[1], row[2], skipped[0]


def skipped(engine: Engine, watch: str, limit: int) -> list[tuple[bytes, str]]:
    """`(path, reason)` of files that were not taken."""
    rows = engine.rows(
        "select path, reason from seen where watch_id = ? and outcome = 'skipped' limit ?",
        (watch, limit),
    )
    return [(bytes(path), reason) for path, reason in rows]


def set_paused(engine: Engine, watch: str, paused: bool) -> None:
    with engine.writing() as tx:
        tx.execute("update watches set paused=? where id=?", (int(paused), watch))


def seen_in(engine: Engine, watch: str) -> dict[bytes, Seen]:
    rows = engine.rows(
        "select path, dev, ino, size, mtime_ns, ctime_ns, digest, version_id, run_id, outcome,"
        " reason from seen where watch_id=?",
        (watch,),
    )
    return {
        bytes(r[0]): Seen(  # type: ignore[call-arg]
            bytes(r[0]), *r[1:6], bytes(r[6]) if r[6] else None, *r[7:]
        )
        for r in rows
    }


def write_seen(tx: Any, watch: str, items: Iterable[Seen]) -> None:
    tx.executemany(
        "insert into seen values (?,?,?,?,?,?,?,?,?,?,?,?) on conflict(watch_id, path) do update"
        " set dev=excluded.dev, ino=excluded.ino, size=excluded.size, mtime_ns=excluded.mtime_ns,"
        " ctime_ns=excluded.ctime_ns, digest=excluded.digest, version_id=excluded.version_id,"
        " run_id=excluded.run_id, outcome=excluded.outcome, reason=excluded.reason",
        [
            (
                watch,
                s.path,
                s.dev,
                s.ino,
                s.size,
                s.mtime_ns,
                s.ctime_ns,
                s.digest,
                s.version_id,
                s.run_id,
                s.outcome,
                s.reason,
            )
            for s in items
        ],
    )


def forget_seen(engine: Engine, watch: str, paths: Iterable[bytes]) -> None:
    rows = [(watch, p) for p in paths]
    if rows:
        with engine.quick() as tx:
            tx.executemany("delete from seen where watch_id=? and path=?", rows)


def take_lease(
    engine: Engine, key: str, owner: str, now: int, until: int, is_dead: Callable[[str], bool]
) -> str | None:
    """Takes or renews the lease; None on success, else who holds it."""
    with engine.quick() as tx:
        row = tx.execute("select owner, until from leases where key=?", (key,)).fetchone()
        if row is not None and row[0] != owner and row[1] > now and not is_dead(row[0]):
            return str(row[0])
        tx.execute(
            "insert into leases values (?,?,?) on conflict(key) do update set owner=?, until=?",
            (key, owner, until, owner, until),
        )
    return None


def drop_lease(engine: Engine, key: str, owner: str) -> None:
    with engine.quick() as tx:
        tx.execute("delete from leases where key=? and owner=?", (key, owner))


def lease_holder(engine: Engine, key: str, now: int) -> str | None:
    row = engine.row("select owner from leases where key=? and until > ?", (key, now))
    return row[0] if row else None

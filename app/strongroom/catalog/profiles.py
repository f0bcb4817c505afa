"""What files are deeply made of, by blob: tensors by their digests, columns by their statistics.

All of it is derived from stored bytes and can be made again: it is no journal fact.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.catalog.engine import Engine

Document = dict[str, Any]
Tx = Any


@dataclass(frozen=True, slots=True)
class TensorRow:
    """One tensor of a blob. `digest` is of dtype, shape and bytes; `size` counts bytes.

    `telling`: equal bytes are evidence of a common origin (neither constant nor tiny nor a mask).
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    size: int
    telling: bool
    digest: bytes


def waiting(engine: Engine, limit: int = 100) -> list[int]:
    """Versions that nobody has looked into yet, the oldest first."""
    rows = engine.rows("select version_id from waiting order by version_id limit ?", (limit,))
    return [row[0] for row in rows]


def count_waiting(engine: Engine) -> int:
    row = engine.row("select count(*) from waiting")
    return int(row[0]) if row else 0


def looked_into(tx: Tx, version: int) -> None:
    tx.execute("delete from waiting where version_id = ?", (version,))


def files_of(engine: Engine, version: int, limit: int) -> list[tuple[bytes, bytes, int]]:
    """`(path, digest, size)` of the first `limit` files of a version."""
    rows = engine.rows(
        "select f.path, b.digest, b.size from version_pages vp join page_files f on"
        " f.page_id = vp.page_id join blobs b on b.id = f.blob_id where vp.version_id = ?"
        " order by vp.position, f.path limit ?",
        (version, limit),
    )
    return [(bytes(path), bytes(digest), size) for path, digest, size in rows]


def profile(engine: Engine, digest: bytes) -> Document | None:
    """What is known of the blob; None: nobody has looked yet."""
    row = engine.row(
        "select p.document from profiles p join blobs b on b.id = p.blob_id where b.digest = ?",
        (digest,),
    )
    return json.loads(row[0]) if row else None


def tensors(engine: Engine, digest: bytes) -> list[TensorRow]:
    """The tensors of a blob, in the order of the file."""
    rows = engine.rows(
        "select t.name, t.dtype, t.shape, t.size, t.telling, t.digest from tensors t join blobs b"
        " on b.id = t.blob_id where b.digest = ? order by t.position",
        (digest,),
    )
    return [
        TensorRow(name, dtype, tuple(json.loads(shape)), size, bool(telling), bytes(own))
        for name, dtype, shape, size, telling, own in rows
    ]


def write_profile(
    engine: Engine, digest: bytes, document: Document, found: Sequence[TensorRow] = ()
) -> None:
    """Keeps what was found out; what is known of the blob already stays."""
    with engine.quick() as tx:
        row = tx.execute("select id from blobs where digest = ?", (digest,)).fetchone()
        if row is None:  # it went while it was read
            return
        new = tx.execute(
            "insert or ignore into profiles values (?,?)", (row[0], json.dumps(document))
        ).rowcount
        if new:
            tx.executemany(
                "insert into tensors values (?,?,?,?,?,?,?,?)",
                [
                    (row[0], n, t.name, t.dtype, json.dumps(t.shape), t.size, t.telling, t.digest)
                    for n, t in enumerate(found)
                ],
            )


def sharing_tensors(engine: Engine, version: int, most: int = 1000) -> list[tuple[int, int, int]]:
    """`(other version, shared telling tensors, their bytes)`, the largest share first.

    Only versions committed before; tensors that over `most` blobs have are no evidence.
    """
    rows = engine.rows(
        "with mine as (select distinct t.digest, t.size from version_pages vp"
        " join page_files f on f.page_id = vp.page_id join tensors t on t.blob_id = f.blob_id"
        " where vp.version_id = ?1 and t.telling = 1),"
        " rare as (select m.digest, m.size from mine m where (select count(*) from (select 1 from"
        " tensors t where t.digest = m.digest limit ?2)) < ?2)"
        " select ovp.version_id, count(distinct r.digest), sum(distinct_size) from"
        " (select distinct r.digest, r.size as distinct_size, t.blob_id from rare r join tensors t"
        "  on t.digest = r.digest) r join page_files f on f.blob_id = r.blob_id"
        " join version_pages ovp on ovp.page_id = f.page_id"
        " where ovp.version_id < ?1 group by ovp.version_id order by 3 desc, 1 desc limit 50",
        (version, most),
    )
    return [(row[0], row[1], row[2]) for row in rows]


def telling_size(engine: Engine, version: int) -> tuple[int, int]:
    """How many telling tensors a version has, and their bytes."""
    row = engine.row(
        "select count(*), coalesce(sum(size), 0) from (select distinct t.digest, t.size from"
        " version_pages vp join page_files f on f.page_id = vp.page_id join tensors t on"
        " t.blob_id = f.blob_id where vp.version_id = ? and t.telling = 1)",
        (version,),
    )
    return (row[0], row[1]) if row else (0, 0)


def tables_before(engine: Engine, version: int, limit: int = 2000) -> list[tuple[int, bytes]]:
    """`(version, digest)` of the tables committed before, the newest first."""
    rows = engine.rows(
        "select vp.version_id, b.digest from profiles p join page_files f on"
        " f.blob_id = p.blob_id join version_pages vp on vp.page_id = f.page_id"
        " join blobs b on b.id = p.blob_id"
        " where p.document ->> '$.kind' = 'table' and vp.version_id < ?"
        " order by vp.version_id desc limit ?",
        (version, limit),
    )
    return [(row[0], bytes(row[1])) for row in rows]

"""Claims and condemnation: how ingest and collection share the store without losing a blob."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from strongroom.catalog.engine import Engine

#: A claim whose owner has not been heard of for this long is void (microseconds).
CLAIM_LIFE = 15 * 60 * 1_000_000

#: That something needs the blob `b`: a version by its pages and documents, or a run. Pages that
#: hang on no version (of an add that is under way, or was ended by a crash) need nothing.
REFERRED = (
    "(exists(select 1 from page_files p join version_pages vp on vp.page_id = p.page_id"
    " where p.blob_id = b.id) or exists(select 1 from documents d where d.blob_id = b.id and"
    " (d.owner_type <> 'page' or exists(select 1 from version_pages vp where vp.page_id ="
    " cast(d.owner_id as integer)))))"
)
_UNCLAIMED = (
    "not exists(select 1 from claims c join owners o on o.owner = c.owner"
    " where c.digest = b.digest and o.heartbeat > ?)"
)


def claim(
    engine: Engine, owner: str, digests: Iterable[bytes], now: int, renew: bool = False
) -> bool:
    """Commits the claims and revives what was condemned, before anyone looks into the store.

    With `renew` the owner has claims already; False if they ran out, for then collection may have
    deleted what they were for.
    """
    rows = [(d, owner) for d in digests]
    with engine.quick() as tx:
        if renew and not _beat(tx, owner, now):
            return False
        tx.execute(
            "insert into owners values (?,?) on conflict(owner) do update set heartbeat=?",
            (owner, now, now),
        )
        tx.executemany("insert or ignore into claims values (?,?)", rows)
        if tx.execute("select 1 from blobs where condemned_at is not null limit 1").fetchone():
            tx.executemany(
                "update blobs set condemned_at = null where digest = ?"
                " and condemned_at is not null",
                [(d,) for d, _ in rows],
            )
    return True


def heartbeat(engine: Engine, owner: str, now: int) -> bool:
    """Says that the owner is still at work; False if its claims ran out."""
    with engine.quick() as tx:
        return _beat(tx, owner, now)


def _beat(tx: Any, owner: str, now: int) -> bool:
    changed = tx.execute("update owners set heartbeat = ? where owner = ?", (now, owner))
    return bool(changed.rowcount)


def alive(tx: Any, owner: str, now: int) -> bool:
    """Whether the owner's claims still hold; to be asked inside the version's transaction."""
    row = tx.execute("select heartbeat from owners where owner = ?", (owner,)).fetchone()
    return row is not None and row[0] > now - CLAIM_LIFE


def release(engine: Engine, owner: str) -> None:
    with engine.quick() as tx:
        tx.execute("delete from claims where owner = ?", (owner,))
        tx.execute("delete from owners where owner = ?", (owner,))


def unneeded(engine: Engine, digests: Sequence[bytes], owner: str) -> list[bytes]:
    """Those that nothing refers to and nobody but `owner` claims, not even one long silent.

    Writes nothing.
    """
    found = []
    with engine.snapshot() as tx:
        for digest in digests:
            row = tx.execute(
                f"select exists(select 1 from blobs b where b.digest = ?1 and"
                f" {REFERRED}) or exists(select 1 from claims c where c.digest = ?1"
                " and c.owner <> ?2)",
                (digest, owner),
            ).fetchone()
            if not row[0]:
                found.append(digest)
    return found


def claimed_by(engine: Engine, owner: str, after: bytes, limit: int) -> list[bytes]:
    """What the owner claims, in the order of digests, page by page."""
    rows = engine.rows(
        "select digest from claims where digest > ? and owner = ? order by digest limit ?",
        (after, owner, limit),
    )
    return [bytes(digest) for (digest,) in rows]


def forget(engine: Engine, digests: Sequence[bytes]) -> None:
    """Takes blobs out of the catalog that are gone from the store and that nothing refers to."""
    with engine.writing() as tx:
        for digest in digests:
            row = tx.execute("select id from blobs where digest = ?", (digest,)).fetchone()
            if row is not None:
                _delete(tx, row[0], digest)


def _delete(tx: Any, blob: int, digest: bytes) -> None:
    """Deletes an unreferenced blob's rows, and loose pages that list it or are it."""
    pages = tx.execute(
        "select page_id from page_files where blob_id = ? union select id from pages where"
        " digest = ?",
        (blob, digest),
    ).fetchall()
    for (page,) in pages:
        tx.execute("delete from documents where owner_type='page' and owner_id=?", (str(page),))
        tx.execute("delete from page_files where page_id = ?", (page,))
        tx.execute("delete from pages where id = ?", (page,))
    for table in ("storage", "tensors", "profiles"):
        tx.execute(f"delete from {table} where blob_id = ?", (blob,))
    tx.execute("delete from blobs where id = ?", (blob,))


def condemn(engine: Engine, digests: Sequence[tuple[bytes, int]], now: int) -> int:
    """Marks those of `(digest, size)` that nothing refers to or claims; how many are new.

    One that the catalog does not know is taken in condemned or not at all: what was seen in the
    store may be gone by now.
    """
    alive, marked = now - CLAIM_LIFE, 0
    with engine.writing() as tx:
        for digest, size in digests:
            marked += tx.execute(
                "insert or ignore into blobs(digest, size, condemned_at) select b.digest, ?, ? from"
                f" (select ? as digest) b where {_UNCLAIMED}",
                (size, now, digest, alive),
            ).rowcount
            marked += tx.execute(
                "update blobs as b set condemned_at = ? where digest = ? and condemned_at is null"
                f" and not {REFERRED} and {_UNCLAIMED}",
                (now, digest, alive),
            ).rowcount
    return marked


def condemned(engine: Engine, before: int, limit: int) -> list[tuple[bytes, int]]:
    """`(digest, size)` of blobs condemned before the instant `before`."""
    rows = engine.rows(
        "select digest, size from blobs where condemned_at <= ? order by condemned_at limit ?",
        (before, limit),
    )
    return [(bytes(d), size) for d, size in rows]


def forget_condemned(engine: Engine, digests: Sequence[bytes], now: int) -> list[bytes]:
    """Takes still-condemned blobs out of the catalog; those that may be deleted come back."""
    gone = []
    with engine.writing() as tx:
        for digest in digests:
            row = tx.execute(
                f"select id from blobs b where digest = ? and condemned_at is not null"
                f" and not {REFERRED} and {_UNCLAIMED}",
                (digest, now - CLAIM_LIFE),
            ).fetchone()
            if row is None:
                tx.execute("update blobs set condemned_at = null where digest = ?", (digest,))
                continue
            _delete(tx, row[0], digest)
            gone.append(digest)
        tx.execute(
            "delete from claims where owner in (select owner from owners where heartbeat <= ?)",
            (now - CLAIM_LIFE,),
        )
        tx.execute("delete from owners where heartbeat <= ?", (now - CLAIM_LIFE,))
    return gone

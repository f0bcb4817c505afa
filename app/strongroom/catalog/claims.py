"""Claims and condemnation: how ingest and collection share the store without losing a blob."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from strongroom.catalog.engine import Engine

#: A claim whose owner has not been heard of for this long is void (microseconds).
CLAIM_LIFE = 15 * 60 * 1_000_000

_UNREFERENCED = (
    "not exists(select 1 from page_files p where p.blob_id = b.id)"
    " and not exists(select 1 from documents d where d.blob_id = b.id)"
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
                f"select exists(select 1 from blobs b where b.digest = ?1 and not"
                f" ({_UNREFERENCED})) or exists(select 1 from claims c where c.digest = ?1"
                " and c.owner <> ?2)",
                (digest, owner),
            ).fetchone()
            if not row[0]:
                found.append(digest)
    return found


def forget(engine: Engine, owner: str, digests: Sequence[bytes]) -> None:
    """Ends the owner's claims, and takes blobs out of the catalog that are gone from the store."""
    with engine.writing() as tx:
        for digest in digests:
            tx.execute(
                "delete from storage where blob_id = (select id from blobs where digest = ?)",
                (digest,),
            )
            tx.execute("delete from blobs where digest = ?", (digest,))
        tx.execute("delete from claims where owner = ?", (owner,))
        tx.execute("delete from owners where owner = ?", (owner,))


def condemn(engine: Engine, digests: Sequence[tuple[bytes, int]], now: int) -> int:
    """Marks those of `(digest, size)` that nothing refers to or claims; how many are new."""
    with engine.writing() as tx:
        tx.executemany("insert or ignore into blobs(digest, size) values (?,?)", digests)
        marked = 0
        for digest, _ in digests:
            marked += tx.execute(
                f"update blobs as b set condemned_at = ? where digest = ? and condemned_at is null"
                f" and {_UNREFERENCED} and {_UNCLAIMED}",
                (now, digest, now - CLAIM_LIFE),
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
                f" and {_UNREFERENCED} and {_UNCLAIMED}",
                (digest, now - CLAIM_LIFE),
            ).fetchone()
            if row is None:
                tx.execute("update blobs set condemned_at = null where digest = ?", (digest,))
                continue
            tx.execute("delete from storage where blob_id = ?", row)
            tx.execute("delete from blobs where id = ?", row)
            gone.append(digest)
        tx.execute(
            "delete from claims where owner in (select owner from owners where heartbeat <= ?)",
            (now - CLAIM_LIFE,),
        )
        tx.execute("delete from owners where heartbeat <= ?", (now - CLAIM_LIFE,))
    return gone

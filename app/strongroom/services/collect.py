"""Collection: bytes that nothing refers to are condemned, waited for, checked again, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from strongroom.catalog import blobs, claims
from strongroom.domain.errors import Damaged
from strongroom.domain.timestamps import now
from strongroom.services.access import act
from strongroom.services.desk import Desk

#: How long a condemned blob stays, in microseconds: time enough for anyone to claim it.
GRACE = 24 * 3600 * 1_000_000
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collection did; `waiting` are condemned blobs inside their grace time."""

    condemned: int
    deleted: int
    freed_bytes: int
    waiting: int


@act("registry.collect")
def collect(desk: Desk, grace: int = GRACE, dry_run: bool = False) -> Collected:
    """Condemns unreferenced blobs and deletes those whose grace time is over.

    Raises `Damaged`, and deletes nothing, while a document of a committed version cannot be read,
    or entries are lost that nobody has given up: what they refer to is not known then.
    """
    if _is_something_unread(desk):
        raise Damaged(
            "nothing is deleted while a version's own documents, or its entry, cannot be read",
            str(desk.place.root),
            "run `strongroom doctor`, which names them, and `strongroom verify --all --repair`",
        )
    marked = 0
    if not dry_run:
        scan = ((s.digest, s.size) for s in desk.store.scan())
        while batch := list(islice(scan, _BATCH)):
            marked += claims.condemn(desk.engine, batch, now())
    due = claims.condemned(desk.engine, now() - grace, 1 << 30)
    waiting = len(claims.condemned(desk.engine, now() + 1, 1 << 30)) - len(due)
    if dry_run:
        return Collected(0, len(due), sum(size for _, size in due), waiting)
    deleted, freed = _delete(desk, due)
    return Collected(marked, deleted, freed, waiting)


def take_back(desk: Desk, owner: str) -> None:
    """Deletes what the act with these claims stored and nobody needs, and ends the claims.

    The bytes go before the rows: unlinking needs no room, which a full disk may not have.
    """
    last = b""
    if _is_something_unread(desk):  # what it refers to may be among it
        claims.release(desk.engine, owner)
        return
    while claimed := claims.claimed_by(desk.engine, owner, last, _BATCH):
        last = claimed[-1]
        with desk.store.collection():
            gone = claims.unneeded(desk.engine, claimed, owner)
            if gone:
                desk.store.remove(gone)
                claims.forget(desk.engine, gone)
    claims.release(desk.engine, owner)


def _is_something_unread(desk: Desk) -> bool:
    with desk.engine.snapshot() as tx:
        if blobs.has_unread(tx):
            return True
        if not blobs.has_lost(tx):
            return False
    from strongroom.services.journal import lost_entries

    return bool(lost_entries(desk.engine) - lost_entries(desk.engine, accepted=True))


def _delete(desk: Desk, blobs: Sequence[tuple[bytes, int]]) -> tuple[int, int]:
    sizes, deleted, freed = dict(blobs), 0, 0
    digests = list(sizes)
    for start in range(0, len(digests), _BATCH):
        with desk.store.collection():
            gone = claims.forget_condemned(desk.engine, digests[start : start + _BATCH], now())
            desk.store.remove(gone)
        deleted += len(gone)
        freed += sum(sizes[d] for d in gone)
    return deleted, freed

"""The catalog made again from journal and store, and put in the old one's place."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from strongroom.audit.entry import BadEntry, parse, seal
from strongroom.audit.segments import Segments
from strongroom.catalog import blobs, catalog, keepsakes, likeness
from strongroom.catalog.engine import Engine, refuse_newer
from strongroom.catalog.history import Chain, History
from strongroom.catalog.replay import forgive_superseded, restore
from strongroom.disk.durable import sync_folder, told
from strongroom.disk.temporary import new_folder
from strongroom.domain.entry import Draft, Entry
from strongroom.domain.errors import Conflict
from strongroom.domain.ranges import Ranges
from strongroom.domain.timestamps import new_id, now
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.services.journal import gathered, lost_entries
from strongroom.services.progress import Progress, quiet
from strongroom.services.views import Document
from strongroom.store.folder import FolderStore
from strongroom.store.place import Place, remove_database

_BATCH = 500
#: How often two catalogs are compared while others write.
_LOOKS = 3
#: So many of the entries that would be left out are named.
_NAMED = 5
#: What a rebuild cannot bring back, because it is kept nowhere else.
NOT_RESTORED = ("what watched folders were last seen to hold (they are compared afresh)",)


def rebuild(
    place: Place,
    store: FolderStore,
    actor: str,
    progress: Progress | None = None,
    accept_loss: bool = False,
) -> Document:
    """Makes the catalog again from all that tells of it, and puts it in the old one's place.

    The caller holds the registry alone. The journal is completed first, the old catalog is kept.
    `{"entries", "problems", "lost", "kept", "not_restored"}`: what could not be made again, ranges
    of entries that nothing tells any more, and files that were set aside. Raises `Conflict` where
    a newer Strongroom made the catalog, or entries of one source contradict those of another and
    would be left out (with `accept_loss` they are).
    """
    progress = progress or quiet()
    refuse_newer(place.catalog)
    fresh = place.fresh_catalog
    with told("making the catalog again", fresh):
        remove_database(fresh)
        kept, swapping = _keep(place), False
        try:
            segments = Segments(place.journal)
            with gathered(place, segments) as (history, chain):
                if not accept_loss:
                    _refuse_loss(place, chain)
                aside = segments.rewrite(history.lines())
                problems, lost = _make(
                    fresh, place, store, history, chain, actor, accept_loss, progress
                )
            swapping = True
            _swap(place.catalog, fresh)
        except BaseException:
            with contextlib.suppress(OSError):
                remove_database(fresh)
                if not swapping:  # else what was in the old one's log is there alone
                    remove_database(kept)
            raise
    return {
        "entries": chain.entries,
        "problems": problems,
        "lost": [list(one) for one in lost],
        "kept": [str(path) for path in (*aside, *([kept] if kept.exists() else []))],
        "not_restored": list(NOT_RESTORED),
    }


def _refuse_loss(place: Place, chain: Chain) -> None:
    left_out = [(source, entries) for source, entries in chain.left_out.items() if entries]
    if not left_out:
        return
    named = "; ".join(
        f"{len(entries)} of the {source}: {', '.join(entries[:_NAMED])}"
        + (" and more" if len(entries) > _NAMED else "")
        for source, entries in left_out
    )
    raise Conflict(
        f"journal and catalog contradict each other, and entries would be left out ({named})",
        str(place.root),
        "put back the journal or catalog that was exchanged, or say --accept-loss: what is left"
        " out is kept in a file beside",
    )


def _give_up_accepted(engine: Engine, chain: Chain) -> None:
    """What entries say of versions that are lost, where somebody said to go on without them."""
    if chain.lost and not Ranges(chain.lost) - lost_entries(engine, accepted=True):
        with engine.writing() as tx:
            tx.execute(
                "update entries set outcome = 'lost' where outcome = 'unreadable'"
                " and action not in ('version.committed', 'run.recorded')"
            )


def _make(
    fresh: Path,
    place: Place,
    store: FolderStore,
    history: History,
    chain: Chain,
    actor: str,
    accepted: bool,
    progress: Progress,
) -> tuple[list[str], list[tuple[int, int]]]:
    """Fills the new catalog; what could not be made again and the entries lost come back."""
    engine = Engine(fresh)
    try:
        problems = _replay_all(
            engine, (parse(line) for _, line in history.lines()), store, progress
        )
        lost = _note_losses(engine, chain, store, actor, accepted)
        _give_up_accepted(engine, chain)
        scan = store.scan()
        while batch := list(islice(scan, 5000)):
            with engine.writing() as tx:
                rows = [(s.digest, s.form, s.place) for s in batch]
                blobs.write_first_storage(tx, store.name, rows)
            progress.tick()
        keepsakes.carry_over(place.catalog, engine)
        keepsakes.fill_in(place.catalog, engine)
        with engine.writing() as tx:
            tx.execute("pragma optimize")
        engine.rows("pragma wal_checkpoint(truncate)")
    finally:
        engine.close()
    return problems, lost


def _replay_all(
    engine: Engine, entries: Iterator[Entry], store: FolderStore, progress: Progress
) -> list[str]:
    documents, problems = StoredDocuments(store), dict[int, str]()
    while batch := list(islice(entries, _BATCH)):
        with engine.writing() as tx:
            for entry in batch:
                problems[entry.seq] = restore(tx, entry, documents)
        problems = {seq: text for seq, text in problems.items() if text}
        progress.tick()
    with engine.writing() as tx:
        forgiven = forgive_superseded(tx) if problems else set()
    return [text for seq, text in problems.items() if seq not in forgiven]


def difference(desk: Desk, progress: Progress) -> str:
    """What the catalog says otherwise than one made anew from its entries; "" for nothing.

    The other is made in a temporary folder of the registry, and goes again.
    """
    with told("comparing the catalog", desk.store.staging), new_folder(desk.store.staging) as room:
        other = Engine(room / "catalog.db")
        try:
            for _ in range(_LOOKS):
                upto = catalog.last_seq(desk.engine)
                entries = _entries_of(desk.engine, catalog.last_seq(other), upto)
                if _replay_all(other, entries, desk.store, progress):
                    return ""  # documents are damaged, which other checks tell
                found = likeness.difference(desk.engine, other)
                if not found or catalog.last_seq(desk.engine) == upto:
                    return found
        finally:
            other.close()
    return ""  # others went on all the time


def _entries_of(engine: Engine, after: int, upto: int) -> Iterator[Entry]:
    while lines := catalog.lines_after(engine, after):
        for seq, line in lines:
            if seq > upto:
                return
            with contextlib.suppress(BadEntry):  # `journal.check` tells of it
                yield parse(line)
        after = lines[-1][0]


def _note_losses(
    engine: Engine, chain: Chain, store: FolderStore, actor: str, accepted: bool
) -> list[tuple[int, int]]:
    """Writes an entry of what is lost, so that no tag of it is given again and nobody wonders."""
    new = Ranges(chain.lost) - lost_entries(engine)
    if not new and not (accepted and chain.lost):
        return chain.lost
    with engine.writing() as tx:
        seq, prev, at = catalog.head(tx)
        entry = seal(
            Draft(
                "registry.rebuilt",
                {"type": "registry"},
                {
                    "lost": len(new),
                    "lost_entries": [list(one) for one in chain.lost],
                    "accepted": accepted,
                },
            ),
            max(seq, chain.lost[-1][1]) + 1,
            max(now(), at),
            actor,
            "cli",
            new_id(),
            prev,
        )
        restore(tx, entry, StoredDocuments(store))
    return chain.lost


def _keep(place: Place) -> Path:
    """A copy of the catalog as it is, with its log: reading it may change both."""
    kept = place.root / f"catalog.db.before-rebuild.{time.time_ns()}"
    for suffix in ("-wal", ""):
        old = Path(f"{place.catalog}{suffix}")
        if old.exists() and (old.stat().st_size or not suffix):
            shutil.copyfile(old, f"{kept}{suffix}")
            with open(f"{kept}{suffix}", "rb+") as copy:
                os.fsync(copy.fileno())
    return kept


def _swap(current: Path, fresh: Path) -> None:
    """Puts the new catalog in the old one's place, in one step. The journal tells all that was in
    the old one's log, which must not be there when the new one is.
    """
    with open(fresh, "rb+") as made:
        os.fsync(made.fileno())
    for suffix in ("-wal", "-shm"):
        current.with_name(current.name + suffix).unlink(missing_ok=True)
    sync_folder(current.parent)
    os.replace(fresh, current)
    sync_folder(current.parent)
    remove_database(fresh)

"""Health: is everything where it should be, and the catalog made again from store and journal."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from strongroom.audit.segments import Segments
from strongroom.catalog import catalog
from strongroom.catalog.engine import Engine, refuse_newer
from strongroom.catalog.replay import replay
from strongroom.catalog.schema import VERSION
from strongroom.disk.durable import sync_folder, told
from strongroom.domain.digest import text_of
from strongroom.domain.errors import Damaged, StrongroomError
from strongroom.domain.timestamps import now
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.services.progress import Progress, quiet
from strongroom.services.views import Document
from strongroom.store.folder import FolderStore
from strongroom.store.place import Place

_BATCH = 500
#: Seconds that a line of the journal may take to follow its commit.
_PATIENCE = 5.0
#: What a rebuild cannot bring back, because it is kept nowhere else.
NOT_RESTORED = (
    "pauses of watched folders",
    "what watched folders were last seen to hold (they are compared afresh)",
    "jobs that were waiting",
)


@act("registry.check")
def check(desk: Desk, fix: bool = False, progress: Progress | None = None) -> Document:
    """`{"ok", "checks": [{"name", "ok", "detail"}]}`; with `fix` mends what can be mended."""
    progress = progress or quiet()
    checks: list[Document] = []

    def run(name: str, examine: Callable[[], str]) -> None:
        try:
            checks.append({"name": name, "ok": True, "detail": examine()})
        except StrongroomError as error:
            checks.append({"name": name, "ok": False, "detail": str(error)})
        progress.tick()

    run("catalog", lambda: _catalog(desk))
    run("journal", lambda: _journal(desk, fix))
    run("store", lambda: _store(desk, fix))
    run("damage", lambda: _damage(desk))
    run("space", lambda: _space(desk.place.root))
    run("clock", lambda: _clock(desk))
    run("staging", lambda: _staging(desk, fix))
    return {"ok": all(c["ok"] for c in checks), "checks": checks}


def _catalog(desk: Desk) -> str:
    problems = desk.engine.check()
    if problems:
        raise Damaged("SQLite finds it damaged", problems[0], "run `strongroom doctor --rebuild`")
    return f"sound, schema {VERSION}"


def _journal(desk: Desk, fix: bool) -> str:
    last, count = "", 0
    for entry in desk.segments.entries():
        last, count = entry.hash, count + 1
    seq = _settled(desk, count)
    if count < seq and fix:
        desk.segments.catch_up(lambda n: catalog.lines_after(desk.engine, n), seq)
        return f"{seq} entries; the last {seq - count} were written out again"
    if count < seq:
        raise Damaged(
            f"the catalog ends at entry {seq}, the segments at {count}",
            str(desk.place.journal),
            "run `strongroom doctor --fix`",
        )
    if count and catalog.entry_hash(desk.engine, count) != last:
        raise Damaged(
            f"the catalog and the segments differ at entry {count}",
            str(desk.place.journal),
            "restore the journal's folder from a copy",
        )
    return f"{count} entries, chain whole"


def _settled(desk: Desk, count: int) -> int:
    """The last entry that must be in the segments, `count` of which were read.

    Others go on meanwhile: a line follows its commit by the time of an fsync.
    """
    until = time.monotonic() + _PATIENCE
    while (seq := catalog.last_seq(desk.engine)) > count:
        if desk.segments.last_seq() >= seq:
            return count
        if time.monotonic() > until:
            return seq
        time.sleep(0.01)
    return count


def _store(desk: Desk, fix: bool) -> str:
    """Whether each blob that is referred to lies in the store with its size."""
    last, missing, total, misplaced = 0, [], 0, []
    while True:
        with desk.store.no_collection():
            rows = catalog.blobs_after(desk.engine, last)
            here = desk.store.locate_all([d for _, d, _ in rows])
        if not rows:
            break
        last = rows[-1][0]
        total += len(rows)
        missing += [d for _, d, size in rows if d not in here or here[d].size != size]
        known = catalog.known_blobs(desk.engine, list(here))
        misplaced += [s for d, s in here.items() if d not in known]
    if misplaced and fix:
        with desk.engine.writing() as tx:
            catalog.write_storage(
                tx, desk.store.name, [(s.digest, s.form, s.place) for s in misplaced]
            )
    if missing:
        known_damage = {digest for digest, _, _ in catalog.damaged_blobs(desk.engine)}
        with desk.engine.writing() as tx:
            for digest in set(missing) - known_damage:
                catalog.write_damage(tx, digest, now(), "the stored file is gone", "")
        raise Damaged(
            f"{len(missing)} of {total} stored files are gone or cut",
            text_of(missing[0]),
            "run `strongroom verify --repair`",
        )
    return f"{total} stored files are in place"


def _damage(desk: Desk) -> str:
    found = catalog.damaged_blobs(desk.engine)
    if found:
        digest, reason, _ = found[0]
        raise Damaged(
            f"{len(found)} stored files are known to be damaged ({reason})",
            text_of(digest),
            "run `strongroom verify --repair`",
        )
    return "none known"


def _space(root: Path) -> str:
    free = shutil.disk_usage(root).free
    if free < 64 << 20:
        raise StrongroomError("the disk is nearly full", f"{free >> 20} MiB free", "free space")
    return f"{free / (1 << 30):.1f} GiB free"


def _clock(desk: Desk) -> str:
    with desk.engine.snapshot() as tx:
        _, _, at = catalog.head(tx)
    ahead = (at - now()) / 1e6
    if ahead > 60:
        raise StrongroomError(
            f"the clock is {ahead:.0f} s behind the journal's last entry",
            "",
            "set the computer's clock",
        )
    return "not behind the journal"


def _staging(desk: Desk, fix: bool) -> str:
    left = list(desk.store.staging.glob("*.tmp"))
    removed = desk.store.clear_staging() if fix else 0
    return f"{removed} left-over files removed" if fix else f"{len(left)} files in work"


def rebuild(place: Place, store: FolderStore, progress: Progress | None = None) -> Document:
    """Makes the catalog again from journal and store, and puts it in the old one's place.

    The caller holds the registry alone. The old file is kept beside it. Raises `Damaged` where
    the journal itself is broken, and `Conflict` where a newer Strongroom made the catalog: this
    one does not know all that it would have to put into it.
    """
    progress = progress or quiet()
    refuse_newer(place.catalog)
    fresh = place.root / "catalog.rebuilt.db"
    problems: list[str] = []
    with told("making the catalog again", fresh):
        _remove_database(fresh)
        try:
            count = _make(fresh, place, store, problems, progress)
            _swap(place.catalog, fresh)
        except BaseException:
            with contextlib.suppress(OSError):
                _remove_database(fresh)
            raise
    return {"entries": count, "problems": problems, "not_restored": list(NOT_RESTORED)}


def _make(
    fresh: Path, place: Place, store: FolderStore, problems: list[str], progress: Progress
) -> int:
    engine = Engine(fresh)
    try:
        count = _replay_all(engine, Segments(place.journal), store, problems, progress)
        scan = store.scan()
        while batch := list(islice(scan, 5000)):
            with engine.writing() as tx:
                catalog.write_storage(tx, store.name, [(s.digest, s.form, s.place) for s in batch])
            progress.tick()
        with engine.writing() as tx:
            tx.execute("pragma optimize")
        engine.rows("pragma wal_checkpoint(truncate)")
    finally:
        engine.close()
    return count


def _replay_all(
    engine: Engine,
    segments: Segments,
    store: FolderStore,
    problems: list[str],
    progress: Progress,
) -> int:
    documents = StoredDocuments(store)
    entries, count = segments.entries(), 0
    while batch := list(islice(entries, _BATCH)):
        with engine.writing() as tx:
            for entry in batch:
                tx.execute("savepoint entry")
                try:
                    replay(tx, entry, documents)
                except (Damaged, KeyError, ValueError) as error:
                    tx.execute("rollback to entry")
                    problems.append(f"entry {entry.seq} ({entry.action}): {error}")
                    replay(tx, _as_failed(entry), documents)
                tx.execute("release entry")
                count += 1
        progress.tick()
    return count


def _as_failed(entry: Any) -> Any:
    """The entry as a bare line of the journal: kept, without the effect it can no longer have."""
    from dataclasses import replace

    return replace(entry, outcome="unreadable")


def _swap(current: Path, fresh: Path) -> None:
    """Puts the new catalog in the old one's place; on an error the old one is there again."""
    kept = current.with_name(f"{current.name}.before-rebuild")
    _remove_database(kept)
    moved: list[tuple[Path, Path]] = []
    try:
        for suffix in ("", "-wal", "-shm"):
            old = current.with_name(current.name + suffix)
            if old.exists():
                os.replace(old, kept.with_name(kept.name + suffix))
                moved.append((old, kept.with_name(kept.name + suffix)))
        os.replace(fresh, current)
    except OSError:
        for old, aside in moved:
            os.replace(aside, old)
        raise
    _remove_database(fresh)
    sync_folder(current.parent)


def _remove_database(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)

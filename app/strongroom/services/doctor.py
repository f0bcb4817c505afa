"""Health: is everything where it should be, and what of it can be mended without a choice."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

from strongroom.catalog import blobs, catalog, likeness
from strongroom.catalog.schema import VERSION
from strongroom.domain.digest import text_of
from strongroom.domain.errors import Conflict, Damaged, StrongroomError
from strongroom.domain.timestamps import now
from strongroom.services import damage, journal, rebuild
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.progress import Progress, quiet
from strongroom.services.views import Document
from strongroom.store.folder import Stored
from strongroom.store.place import write_marker

#: Up to so many entries, and files of versions, the catalog is compared as a whole with one that
#: is made anew.
COMPARED = 50_000


@act("registry.check")
def check(desk: Desk, fix: bool = False, progress: Progress | None = None) -> Document:
    """`{"ok", "checks": [{"name", "ok", "detail"}]}`; with `fix` mends what can be mended."""
    if fix:
        desk.engine.check_writable()
    progress = progress or quiet()
    checks: list[Document] = []

    def run(name: str, examine: Callable[[], str]) -> None:
        try:
            checks.append({"name": name, "ok": True, "detail": examine()})
        except StrongroomError as error:
            checks.append({"name": name, "ok": False, "detail": str(error)})
        progress.tick()

    run("registry", lambda: _identity(desk, fix))
    run("catalog", lambda: _catalog(desk))
    run("journal", lambda: _journal(desk, fix))
    run("facts", lambda: _facts(desk, progress))
    run("shelves", lambda: _shelves(desk, fix))
    run("store", lambda: _store(desk, fix))
    run("documents", lambda: _documents(desk))
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
    mended = journal.mend(desk) if fix else ""
    return mended or journal.check(desk)


def _facts(desk: Desk, progress: Progress) -> str:
    """Whether the catalog says what the journal's entries make: a flipped bit in its pages changes
    what is said of a version, and SQLite does not notice.
    """
    stray = likeness.stray_versions(desk.engine)
    wrong = f"{stray[0]} is not what was committed" if stray else ""
    few = likeness.size(desk.engine) <= COMPARED
    if not wrong and few:
        wrong = rebuild.difference(desk, progress)
    if wrong:
        raise Damaged(
            f"the catalog says other things than the journal ({wrong})",
            str(desk.place.catalog),
            "run `strongroom doctor --rebuild`",
        )
    return "as the journal says" if few else "every version is as the journal says"


def _identity(desk: Desk, fix: bool) -> str:
    """Whether registry.json, journal and catalog are those of one registry."""
    told = journal.told_id(desk.place.root)
    if not told or told == desk.place.registry_id:
        return desk.place.registry_id
    if fix and catalog.first_object_id(desk.engine) == told:
        with contextlib.suppress(OSError):
            write_marker(desk.place.root, told)
            return f"registry.json was written again for {told}"
    raise Damaged(
        f"registry.json names registry {desk.place.registry_id}, the journal {told}",
        str(desk.place.root),
        "run `strongroom doctor --fix`",
    )


def _shelves(desk: Desk, fix: bool) -> str:
    broken = damage.broken_shelves(desk)
    if broken and fix:
        done = damage.mend_shelves(desk, broken)
        return "; ".join(
            f"shelf {n} was set aside, {rows} of its rows were saved" for n, rows in done
        )
    if broken:
        number, why = next(iter(broken.items()))
        raise Damaged(
            f"{len(broken)} shelves are damaged ({why})",
            str(desk.store.shelves.path(number)),
            "run `strongroom verify --all --repair`",
        )
    return f"{len(desk.store.shelves.numbers())} sound"


def _store(desk: Desk, fix: bool) -> str:
    """Whether each blob that is referred to lies in the store with its size."""
    last, missing, total, misplaced, elsewhere = 0, [], 0, [], []
    while True:
        with desk.store.no_collection():
            rows = blobs.blobs_after(desk.engine, last)
            here = desk.store.locate_all([d for _, d, _ in rows])
        if not rows:
            break
        last = rows[-1][0]
        total += len(rows)
        missing += [d for _, d, n in rows if d not in here or (n and here[d].size != n)]
        known = desk.store.known([d for _, d, _ in rows])
        misplaced += [s for d, s in here.items() if not _is_at(known.get(d), s)]
        elsewhere += [d for d in known if d in here and not _is_at(known[d], here[d])]
    damaged = {digest for digest, _, _ in blobs.damaged_blobs(desk.engine)}
    misplaced = [s for s in misplaced if s.digest not in damaged]
    if misplaced and fix:
        with desk.engine.writing() as tx:
            blobs.write_storage(
                tx, desk.store.name, [(s.digest, s.form, s.place) for s in misplaced]
            )
    if missing:
        with contextlib.suppress(Conflict), desk.engine.writing() as tx:
            for digest in set(missing) - damaged:
                blobs.write_damage(tx, digest, now(), "the stored file is gone", "")
        raise Damaged(
            f"{len(missing)} of {total} stored files are gone or cut",
            text_of(missing[0]),
            "run `strongroom verify --all --repair`, with --from FOLDER if you have a copy",
        )
    if elsewhere and not fix:
        raise Damaged(
            f"{len(elsewhere)} stored files lie elsewhere than the catalog says",
            text_of(elsewhere[0]),
            "run `strongroom doctor --fix`",
        )
    return f"{total} stored files are in place"


def _is_at(known: Stored | None, found: Stored) -> bool:
    if known is None or known.form != found.form:
        return False
    return known.form == "plain" or known.place == found.place


def _documents(desk: Desk) -> str:
    """Whether all that the journal names could be read."""
    wrong = damage.complete_unread(desk)
    if wrong:
        raise Damaged(
            f"what {len(wrong)} entries name cannot be read ({wrong[0]})",
            str(desk.place.root),
            "run `strongroom verify --all --repair`, with --from FOLDER if you have a copy",
        )
    return "all could be read"


def _damage(desk: Desk) -> str:
    blobs.forget_needless_damage(desk.engine)
    found = blobs.damaged_blobs(desk.engine)
    if found:
        digest, reason, _ = found[0]
        raise Damaged(
            f"{len(found)} stored files are known to be damaged ({reason})",
            text_of(digest),
            "run `strongroom verify --all --repair`, with --from FOLDER if you have a copy",
        )
    return "none known"


def _space(root: Path) -> str:
    free = shutil.disk_usage(root).free
    if free < 64 << 20:
        raise StrongroomError("the disk is nearly full", f"{free >> 20} MiB free", "free space")
    return f"{free / (1 << 30):.1f} GiB free"


def _clock(desk: Desk) -> str:
    """A clock that ran ahead once is told of and no fault: order comes from the entries' numbers,
    and time goes on when the clock has caught up.
    """
    with desk.engine.snapshot() as tx:
        _, _, at = catalog.head(tx)
    ahead = (at - now()) / 1e6
    if ahead > 60:
        return (
            f"the journal's last entry is {ahead:.0f} s ahead of this clock; entries keep that time"
            " until the clock has passed it. Set the clock if it is behind"
        )
    return "not behind the journal"


def _staging(desk: Desk, fix: bool) -> str:
    left = list(desk.store.staging.glob("*.tmp"))
    removed = desk.store.clear_left_over() if fix else 0
    return f"{removed} left-over files removed" if fix else f"{len(left)} files in work"

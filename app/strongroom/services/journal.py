"""Journal and catalog hold the same entries: whichever is sound mends the other.

The catalog commits first and the segments follow; either may come back damaged, cut or old. What
both lack is looked for in the raw pages of the catalog and in the catalogs that were kept.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from strongroom.audit.entry import BadEntry, parse
from strongroom.audit.segments import Segments
from strongroom.catalog import blobs, catalog
from strongroom.catalog.engine import Engine
from strongroom.catalog.history import Chain, History, carved_lines, lines_in
from strongroom.catalog.replay import forgive_superseded, restore
from strongroom.disk.durable import told
from strongroom.disk.temporary import new_folder
from strongroom.domain.entry import GENESIS, Entry
from strongroom.domain.errors import Damaged, NoSpace, StrongroomError, Unreachable
from strongroom.domain.ranges import Ranges
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.store.place import Place

log = logging.getLogger(__name__)
#: Seconds that a line of the journal may take to follow its commit.
_PATIENCE = 5.0
_BATCH = 500
_REBUILD = "run `strongroom doctor --rebuild`"


def agree(desk: Desk) -> None:
    """At every opening: what a crash, or a copy put back, left different is made equal.

    Raises `Damaged` where the two are not of one history, or entries can be read in neither. That
    the journal cannot be written to just now stops nobody from reading.
    """

    def line_of(seq: int) -> bytes | None:
        return catalog.line_at(desk.engine, seq)

    written, whole = desk.segments.end(line_of)
    known = catalog.last_seq(desk.engine)  # after it: others go on, and the catalog goes first
    if written > known:
        _take_over(desk, known, written)
    elif known > written or not whole:
        try:
            desk.write_journal(known)
        except (NoSpace, Unreachable) as error:
            log.warning("the journal will be completed later: %s", error)


def _take_over(desk: Desk, known: int, written: int) -> None:
    """Applies the entries that only the journal has: the catalog is an older copy, or lost its
    log.
    """
    if not known:
        raise Damaged("the catalog is empty", str(desk.place.catalog), _REBUILD)
    if desk.engine.read_only:
        return
    head = catalog.entry_hash(desk.engine, known) or GENESIS
    documents = StoredDocuments(desk.store)
    with desk.engine.writing() as tx:
        if catalog.head(tx)[0] != known:
            return  # another process did it
        try:
            for entry in desk.segments.entries(known, head, lost_entries(desk.engine)):
                restore(tx, entry, documents)
            forgive_superseded(tx)
        except Damaged as error:
            raise Damaged(
                f"the catalog ends at entry {known}, the journal at {written}, and it does not"
                f" follow ({error.what})",
                str(desk.place.catalog),
                _REBUILD,
            ) from error
    _note_places(desk)
    log.warning("entries %s to %s were taken over from the journal", known + 1, written)


def _note_places(desk: Desk) -> None:
    """Notes where blobs lie of which nobody knows it, as far as they are found."""
    missing = blobs.without_place(desk.engine)
    damaged = {digest for digest, _, _ in blobs.damaged_blobs(desk.engine)} if missing else set()
    for start in range(0, len(missing), _BATCH):
        here = desk.store.locate_all(missing[start : start + _BATCH])
        with desk.engine.writing() as tx:
            rows = [(d, s.form, s.place) for d, s in here.items() if d not in damaged]
            blobs.write_storage(tx, desk.store.name, rows)


def lost_entries(engine: Engine, accepted: bool = False) -> Ranges:
    """Numbers of entries that are lost for good, as later entries tell; `accepted`: of those only
    that somebody has said to go on without.
    """
    told = _sound(catalog.lines_of_action(engine, "registry.rebuilt"))
    return Ranges(
        pair
        for entry in told
        if entry.details.get("accepted") or not accepted
        for pair in entry.details.get("lost_entries", ())
    )


def check(desk: Desk) -> str:
    """Whether segments and catalog tell the same, each whole by its hashes; raises `Damaged`."""
    lost, given = lost_entries(desk.engine), desk.segments.told_last()
    count, last, lines = 0, 0, _lines(desk.engine)
    for entry in desk.segments.entries(lost=lost):
        seq, line = next(lines, (0, b""))
        if seq and (seq, line) != (entry.seq, entry.line):
            raise Damaged(
                f"the catalog's line of entry {entry.seq} is not the journal's",
                str(desk.place.catalog),
                _FIX,
            )
        count, last = count + 1, entry.seq
    behind = _settled(desk, last)
    if behind > last:
        raise Damaged(
            f"the catalog ends at entry {behind}, the segments at {last}",
            str(desk.place.journal),
            _FIX,
        )
    if given > last:
        raise Damaged(
            f"{given} entries were written, {last} are there", str(desk.place.journal), _FIX
        )
    unaccepted = lost - lost_entries(desk.engine, accepted=True)
    if unaccepted:
        raise Damaged(
            f"{len(unaccepted)} entries are lost for good, the first is number"
            f" {unaccepted.pairs[0][0]}",
            str(desk.place.journal),
            "restore the registry from a copy, or run `strongroom doctor --rebuild --accept-loss`"
            " to go on without them",
        )
    return f"{count} entries, chain whole" + (f" but for {len(lost)} lost ones" if lost else "")


def _lines(engine: Engine) -> Iterator[tuple[int, bytes]]:
    last = 0
    while rows := catalog.lines_after(engine, last):
        last = rows[-1][0]
        yield from rows


def _settled(desk: Desk, last: int) -> int:
    """The last entry that must be in the segments, which were read up to number `last`.

    Others go on meanwhile: a line follows its commit by the time of an fsync.
    """
    until = time.monotonic() + _PATIENCE
    while (seq := catalog.last_seq(desk.engine)) > last:
        if desk.segments.last_seq() >= seq:
            return last
        if time.monotonic() > until:
            return seq
        time.sleep(0.01)
    return last


def mend(desk: Desk) -> str:
    """Makes segments and catalog equal where one of them is damaged; "" where nothing was to do.

    Raises `Damaged` where neither has an entry, or they contradict each other: then only
    `doctor --rebuild` can choose.
    """
    try:
        check(desk)
        return ""
    except Damaged as error:
        wrong = error
    lost = lost_entries(desk.engine)
    with gathered(desk.place, desk.segments) as (history, chain):
        if Ranges(chain.lost) - lost or chain.left_out:
            raise Damaged(wrong.what, wrong.thing, _REBUILD)
        mended = catalog.correct_lines(desk.engine, _entries(history))
        if catalog.last_seq(desk.engine) < chain.last:
            raise Damaged(wrong.what, wrong.thing, _REBUILD)
        kept = desk.segments.rewrite(history.lines())
    desk.write_journal(catalog.last_seq(desk.engine))  # what others committed meanwhile
    check(desk)
    return f"{len(kept)} segments and {mended} lines of the catalog were written again"


def _entries(history: History) -> Iterator[Entry]:
    return (parse(line) for _, line in history.lines())


@contextlib.contextmanager
def gathered(place: Place, segments: Segments) -> Iterator[tuple[History, Chain]]:
    """All entries that anything still tells, and the chain they make."""
    with (
        told("gathering the journal", place.staging),
        new_folder(place.staging) as room,
        contextlib.closing(History(room / "history.db")) as history,
    ):
        history.take("journal", (one.entry for one in segments.salvage() if one.entry))
        history.take("catalog", _sound(lines_in(place.catalog)))
        ident, last = place.registry_id, segments.told_last()
        chain = history.chain(ident, last)
        if chain.lost:
            history.take("catalog", _sound(carved_lines(place.catalog)))
            for path in place.earlier_catalogs():
                history.take("earlier", _sound(lines_in(path, untouched=True)))
                history.take("earlier", _sound(carved_lines(path)))
            chain = history.chain(ident, last)
        chain.left_out.pop("earlier", None)
        yield history, chain


def _sound(lines: Iterable[bytes]) -> Iterator[Entry]:
    for line in lines:
        with contextlib.suppress(BadEntry):
            yield parse(line)


def told_id(root: Path) -> str:
    """The registry's id as its journal or its catalog tells it; "" where neither does."""
    found: list[str] = []
    with contextlib.suppress(StrongroomError, OSError):
        found += _ids(one.entry for one in Segments(root / "journal").salvage() if one.entry)
    if not found and (root / "catalog.db").exists():
        found += _ids(_sound(lines_in(root / "catalog.db", untouched=True)))
        found += [] if found else _ids(_sound(carved_lines(root / "catalog.db")))
    return found[0] if found else ""


def _ids(entries: Iterable[Entry]) -> list[str]:
    for entry in entries:
        if entry.seq == 1 and entry.action == "registry.created":
            return [str(entry.object["id"])]
    return []


_FIX = "run `strongroom doctor --fix`"

"""Damaged content: kept aside, remembered, told of; and mended where sound bytes are found."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping

from strongroom.audit.entry import parse
from strongroom.catalog import blobs
from strongroom.catalog.replay import complete, unread
from strongroom.domain.errors import Damaged, StrongroomError
from strongroom.domain.timestamps import now
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.services.views import source_path
from strongroom.store.folder import Found, Stored
from strongroom.store.intake import take
from strongroom.store.shelf import salvage


def found(desk: Desk, digest: bytes, error: Damaged, title: str) -> Damaged:
    """Puts the damaged bytes aside and notes it; the error for the user comes back."""
    if note(desk, digest, error) is None:
        return Damaged(
            f"its content was damaged and has just been mended ({error.what})",
            f"{title} in {error.thing}",
            "try it again",
        )
    return Damaged(
        f"its content is damaged ({error.what})",
        f"{title} in {error.thing}",
        "run `strongroom verify --repair`, with --from FOLDER if you have a copy",
    )


def note(desk: Desk, digest: bytes, error: Damaged) -> Damaged | None:
    """Looks at the bytes once more, puts wrong ones aside and remembers the damage; None where
    they are sound after all. A registry that cannot be written to only reports.
    """
    with contextlib.suppress(StrongroomError):
        if desk.store.quarantine(digest) == Found.SOUND:
            if desk.store.known([digest]).get(digest) is None:
                mended(desk, digest)
            return None
    with contextlib.suppress(StrongroomError), desk.engine.writing() as tx:
        blobs.write_damage(tx, digest, now(), error.what, error.thing)
    return error


def mended(desk: Desk, digest: bytes) -> None:
    """Forgets the damage of a blob that was found sound."""
    stored = desk.store.locate(digest)
    with desk.engine.writing() as tx:
        blobs.clear_damage(tx, digest)
        if stored is not None:
            _place(desk, tx, stored)


def placed(desk: Desk, stored: Iterable[Stored]) -> None:
    """Notes where blobs lie now, sound ones: what was said of damage of theirs is over."""
    with desk.engine.writing() as tx:
        for one in stored:
            blobs.clear_damage(tx, one.digest)
            _place(desk, tx, one)


def _place(desk: Desk, tx: object, stored: Stored) -> None:
    blobs.write_storage(tx, desk.store.name, [(stored.digest, stored.form, stored.place)])


def repair(
    desk: Desk, digest: bytes, size: int, below: list[bytes], salvaged: Mapping[bytes, bytes] = {}
) -> str | None:
    """Looks for sound bytes where the blob was taken from, in the folders `below`, in what was
    put aside and among the rows `salvaged` from damaged shelves.

    Where they came from comes back, or None if there are none. What is stored is only ever
    replaced by sound bytes, never removed before.
    """
    if digest in salvaged:
        (stored,) = desk.store.put_all([(digest, salvaged[digest])])
        _replace_elsewhere(desk, stored)
        return "a damaged shelf"
    for path in _candidates(desk, digest, size, below):
        try:
            taken = take(path, desk.store.staging)
        except StrongroomError:
            continue
        if taken.digest != digest:
            taken.discard()
            continue
        try:
            (stored,) = desk.store.keep([taken])
        finally:
            taken.discard()
        _replace_elsewhere(desk, stored)
        return os.fsdecode(path)
    return None


def _replace_elsewhere(desk: Desk, stored: Stored) -> None:
    """Notes the new place first, so that nobody looks at the wrong copies that go then."""
    placed(desk, [stored])
    with desk.store.collection():
        desk.store.drop_others(stored)


def mend_shelves(desk: Desk, numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Sets damaged shelves aside, their readable rows put on another one: `(shelf, rows)`."""
    done = []
    for number in numbers:
        stored = desk.store.mend_shelf(number)
        placed(desk, stored)
        done.append((number, len(stored)))
    return done


def broken_shelves(desk: Desk, wholly: bool = False) -> dict[int, str]:
    """`{number: what is wrong}` of shelves that SQLite finds damaged; `wholly`: indexes too."""
    shelves = desk.store.shelves
    found = {number: shelves.problem(number, wholly) for number in shelves.numbers()}
    found |= dict.fromkeys(shelves.without_database(), "only the log of the shelf is left")
    return {number: why for number, why in found.items() if why}


def salvaged(desk: Desk, wanted: Collection[bytes]) -> dict[bytes, bytes]:
    """Those of the wanted blobs that stand, sound, in the pages of any shelf, also of one that was
    set aside: what SQLite does not find any more is read from there.
    """
    found: dict[bytes, bytes] = {}
    if not wanted:
        return found
    shelves = desk.store.shelves
    paths = [shelves.path(number) for number in shelves.numbers()]
    paths += [
        p for p in desk.store.quarantine_folder.glob("shelf-*") if not p.name.endswith("-wal")
    ]
    for path in paths:
        for digest, data in salvage(path):
            if digest in wanted:
                found[digest] = data
    return found


def complete_unread(desk: Desk) -> list[str]:
    """Brings back what entries say whose documents could not be read, where they can be now;
    what is still wrong comes back.
    """
    with desk.engine.snapshot() as tx:
        if not blobs.has_unread(tx):
            return []
    documents, wrong = StoredDocuments(desk.store), []
    with desk.engine.writing() as tx:
        for _, line in unread(tx):
            problem = complete(tx, parse(line), documents)
            if problem:
                wrong.append(problem)
    return wrong


def _candidates(desk: Desk, digest: bytes, size: int, below: list[bytes]) -> Iterator[bytes]:
    for version, path in blobs.files_holding(desk.engine, digest):
        source = source_path(version)
        if source:
            yield from _of_size((os.path.join(source, path), source), size)
    for root in below:
        if os.path.isfile(root):
            yield from _of_size((root,), size)
        for folder, _, names in os.walk(root):
            yield from _of_size((os.path.join(folder, n) for n in names), size)
    quarantine = os.fsencode(desk.store.quarantine_folder)
    for name in os.listdir(quarantine):
        if name.startswith(digest.hex().encode()):  # moved aside by a read error that has gone
            yield from _of_size((os.path.join(quarantine, name),), size)


def _of_size(paths: Iterable[bytes], size: int) -> Iterator[bytes]:
    """`size` 0: unknown."""
    for path in paths:
        try:
            if os.path.isfile(path) and size in (0, os.path.getsize(path)):
                yield path
        except OSError:
            continue

"""Damaged content: kept aside, remembered, told of; and mended where sound bytes are found."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping

from strongroom.audit.entry import BadEntry, parse
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
    if desk.engine.read_only:
        return error
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
    if stored is not None:
        placed(desk, [stored])


def placed(desk: Desk, stored: Iterable[Stored]) -> None:
    """Notes where blobs lie now, sound ones: what was said of damage of theirs is over."""
    with desk.engine.writing() as tx:
        for one in stored:
            blobs.clear_damage(tx, one.digest)
            blobs.write_storage(tx, desk.store.name, [(one.digest, one.form, one.place)])


def repair(
    desk: Desk, digest: bytes, size: int, below: list[bytes], aside: Mapping[bytes, list[bytes]]
) -> str | None:
    """Looks for sound bytes where the blob was taken from, in the folders `below`, and in the files
    `aside` that were moved aside.

    Where they came from comes back, or None if there are none. What is stored is only ever
    replaced by sound bytes, never removed before.
    """
    for path in _candidates(desk, digest, size, below, aside):
        try:
            taken = take(path, desk.store.staging)
        except StrongroomError:
            continue
        if taken.digest != digest:
            taken.discard()
            continue
        try:
            with desk.store.no_collection():
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
    desk.engine.check_writable()  # nothing moves that could not be noted
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


def repair_from_shelves(desk: Desk, wanted: set[bytes]) -> list[bytes]:
    """Mends those of the wanted small blobs that stand, sound, in the pages of any shelf, also of
    one that was set aside: what SQLite does not find any more is read from there.
    """
    left, done = set(wanted), list[bytes]()
    shelves = desk.store.shelves
    for path in (*map(shelves.path, shelves.numbers()), *shelves.set_aside_files()):
        for digest, data in salvage(path) if left else ():
            if digest in left:
                with desk.store.no_collection():
                    (stored,) = desk.store.put_all([(digest, data)])
                _replace_elsewhere(desk, stored)
                left.discard(digest)
                done.append(digest)
    return done


def moved_aside(desk: Desk) -> dict[bytes, list[bytes]]:
    """Files in quarantine by the digest that they were stored under."""
    found: dict[bytes, list[bytes]] = {}
    folder = os.fsencode(desk.store.quarantine_folder)
    for name in os.listdir(folder):
        with contextlib.suppress(ValueError):
            digest = bytes.fromhex(name.partition(b".")[0].decode("ascii", "replace"))
            found.setdefault(digest, []).append(os.path.join(folder, name))
    return found


def complete_unread(desk: Desk) -> list[str]:
    """Brings back what entries say whose documents could not be read, where they can be now;
    what is still wrong comes back.
    """
    with desk.engine.snapshot() as tx:
        if desk.engine.read_only or not blobs.has_unread(tx):
            return []
    documents, wrong = StoredDocuments(desk.store), []
    with desk.engine.writing() as tx:
        for seq, line in unread(tx):
            try:
                problem = complete(tx, parse(line), documents)
            except BadEntry as error:  # which the check of the journal tells too
                problem = f"entry {seq}: {error}"
            if problem:
                wrong.append(problem)
    return wrong


def _candidates(
    desk: Desk, digest: bytes, size: int, below: list[bytes], aside: Mapping[bytes, list[bytes]]
) -> Iterator[bytes]:
    for version, path in blobs.files_holding(desk.engine, digest):
        source = source_path(version)
        if source:
            yield from _of_size((os.path.join(source, path), source), size)
    for root in below:
        if os.path.isfile(root):
            yield from _of_size((root,), size)
        for folder, _, names in os.walk(root):
            yield from _of_size((os.path.join(folder, n) for n in names), size)
    yield from _of_size(aside.get(digest, ()), size)  # by a read error that has gone


def _of_size(paths: Iterable[bytes], size: int) -> Iterator[bytes]:
    """`size` 0: unknown."""
    for path in paths:
        try:
            if os.path.isfile(path) and size in (0, os.path.getsize(path)):
                yield path
        except OSError:
            continue

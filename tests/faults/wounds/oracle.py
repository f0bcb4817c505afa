"""What must still be there after wounds, found out without the product's help.

Of everything it is said whether it is `sure`ly there: then the product has to serve it in the end.
What only a luckier or more stubborn search would find counts as lost and is not demanded, unless
`STRONGROOM_WOUNDS_STRICT` is set: then bytes that lie whole anywhere in a damaged database count.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.wounds.truth import Line, Truth, Version

#: Damaged names of tables come in messages that are no UTF-8, damaged lengths want much memory.
_UNREADABLE = (sqlite3.Error, UnicodeDecodeError, MemoryError)
STRICT = bool(os.environ.get("STRONGROOM_WOUNDS_STRICT"))


@dataclass(frozen=True, slots=True)
class Left:
    """Digests of sound blobs, numbers of readable journal entries, and whether anything still
    says which registry this is. Some blobs lie only in a shelf's write-ahead log that SQLite
    itself does not take for whole: opening the shelf as usual is enough to lose those.
    """

    blobs: frozenset[str]
    only_in_logs: frozenset[str]
    entries: frozenset[int]
    is_named: bool

    def is_sure(self, version: Version) -> bool:
        needs = {*version.files.values(), *version.documents}
        return self.is_named and version.entry in self.entries and needs <= self.blobs

    def is_in_logs(self, version: Version) -> bool:
        return not self.only_in_logs.isdisjoint({*version.files.values(), *version.documents})


def what_is_left(place: Path, truth: Truth) -> Left:
    """Looks at the wounded registry in `place`, which is not changed by it."""
    entries, blobs, in_logs = set(_lines(place, truth)), _objects(place, truth), set[str]()
    for shelf in _databases(place / "shelves"):
        found = _readable(shelf, truth)
        found |= _carved(shelf, truth, found)
        blobs |= found
        in_logs |= _carved(Path(f"{shelf}-wal"), truth, found)
    sources = _in_sources(truth, entries, blobs | in_logs)
    in_logs -= blobs | sources
    blobs |= in_logs | sources
    named = _is_named(place, truth, entries)
    return Left(frozenset(blobs), frozenset(in_logs), frozenset(entries), named)


def _is_named(place: Path, truth: Truth, entries: set[int]) -> bool:
    """False too where the marker asks for something that a later Strongroom may know."""
    try:
        marker = json.loads((place / "registry.json").read_bytes())
        name, number, features = marker["id"], marker["format"], marker["features"]
    except (OSError, ValueError, KeyError, TypeError):
        return 1 in entries  # the journal's first entry has the name
    if (number, features) != (1, ["shelves"]):
        return False
    return name == truth.facts["id"] or 1 in entries


def _in_sources(truth: Truth, entries: set[int], blobs: set[str]) -> set[str]:
    """Files that lie where a version's readable entry and manifest say that they came from."""
    found = set()
    for version in truth.versions.values():
        if version.entry in entries and version.documents <= blobs:
            source = Path(truth.lines[version.entry].details["source"]["path"])
            for path, digest in version.files.items():
                if {source, source / path} & set(truth.sources.get(digest, ())):
                    found.add(digest)
    return found


def _databases(folder: Path) -> list[Path]:
    """The databases in `folder`, those too of which only the log is left."""
    names = {p.name.removesuffix("-wal") for p in folder.glob("*.db*") if ".db-shm" not in p.name}
    return [folder / name for name in sorted(names)]


def _objects(place: Path, truth: Truth) -> set[str]:
    found = set()
    for path in place.glob("objects/*/*"):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest in truth.blobs and digest == path.parent.name + path.name:
            found.add(digest)
    return found


def _readable(shelf: Path, truth: Truth) -> set[str]:
    """What SQLite still reads from the shelf and its log."""
    found: set[str] = set()
    with _opened(shelf) as connection:
        for digest in truth.blobs:
            with contextlib.suppress(*_UNREADABLE):
                row = connection.execute(
                    "select data from blobs where digest = ?", (bytes.fromhex(digest),)
                ).fetchone()
                if row is not None and row[0] == truth.blobs[digest]:
                    found.add(digest)
        for number in range(1, len(truth.blobs) * 2):
            with contextlib.suppress(*_UNREADABLE):
                row = connection.execute(
                    "select digest, data from blobs where id = ?", (number,)
                ).fetchone()
                if row is not None and isinstance(row[0], bytes):
                    digest = row[0].hex()
                    if digest in truth.blobs and row[1] == truth.blobs[digest]:
                        found.add(digest)
    return found


def _carved(file: Path, truth: Truth, known: set[str]) -> set[str]:
    """Those that are not `known` already whose row lies whole in the raw file."""
    raw = file.read_bytes() if file.exists() else b""
    found = set()
    for digest, data in truth.blobs.items():
        row = bytes.fromhex(digest) + data
        if digest not in known and (
            _record_head(len(data)) + row in raw or (STRICT and row in raw)
        ):
            found.add(digest)
    return found


def _record_head(size: int) -> bytes:
    """How SQLite begins the record of a row `(id, digest, data)`: the head's own size, then one
    number a column (null for the id, a blob of 32 bytes, a blob of `size` bytes).
    """
    kind = 12 + 2 * size
    parts = [kind & 0x7F]
    while kind := kind >> 7:
        parts.append(kind & 0x7F | 0x80)
    last = bytes(reversed(parts))
    return bytes([3 + len(last), 0, 12 + 2 * 32]) + last


def _lines(place: Path, truth: Truth) -> Iterator[int]:
    by_data = {line.data: line.seq for line in truth.lines.values()}
    for path in place.glob("journal/*.jsonl"):
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n") and line[:-1] in by_data:
                yield by_data[line[:-1]]
    yield from _in_catalog(place / "catalog.db", truth.lines.values())


def _in_catalog(catalog: Path, lines: Iterable[Line]) -> Iterator[int]:
    with _opened(catalog) as connection:
        for line in lines:
            with contextlib.suppress(*_UNREADABLE):
                row = connection.execute(
                    "select line from entries where seq = ?", (line.seq,)
                ).fetchone()
                if row is not None and row[0] == line.data:
                    yield line.seq
    if STRICT:
        files = [p for p in (catalog, Path(f"{catalog}-wal")) if p.exists()]
        raw = b"".join(p.read_bytes() for p in files)
        yield from (line.seq for line in lines if line.data in raw)


@contextlib.contextmanager
def _opened(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a copy of the database and its log; to nothing where it is gone."""
    with tempfile.TemporaryDirectory(dir=_room()) as folder:
        copy = Path(folder) / "copy.db"
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{database}{suffix}", f"{copy}{suffix}")
        connection = sqlite3.connect(copy)
        try:
            yield connection
        finally:
            connection.close()


def _room() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def undetectable(truth: Truth, left: Left) -> bool:
    """Whether just the newest entries are gone, and everywhere: then nothing says so."""
    return left.entries == frozenset(range(1, len(left.entries) + 1)) != frozenset(truth.lines)

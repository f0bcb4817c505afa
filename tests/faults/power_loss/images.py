"""What a disk may hold when power is lost before operation k of a log, from strict to kind.

A log is taken apart once: what it did to names (as entries of folders, whatever their own names
are), what it did to the data of each file, and when each of them was synced. A model is a function
of that, of k and of chance, whose answer is a `Disk`. `strict` is all that POSIX promises, and
`journaled` is close to what ext4 and XFS do; the others lie between them, each with its own malice.
"""

from __future__ import annotations

import bisect
import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.power_loss.recording import Op, Recording

PAGE = 4096
SECTOR = 512
ROOT = 0
EXCHANGE = 2
#: SQLite's shared memory: made anew by whoever opens the database first.
_NOT_KEPT = ("-shm",)
#: What differs between folders of one sort: objects/ab, .strongroom-0123456789ab.part
_VARYING = re.compile(r"[0-9a-f]{2,}|\d+")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a folder that now means another file, or nothing."""

    folder: int
    name: str
    file: int | None


@dataclass(frozen=True, slots=True)
class Naming:
    """One operation on names: op number, kind, and what it changed."""

    at: int
    kind: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Writing:
    """One operation on a file's data: op number, kind (W, T or Z), where and what."""

    at: int
    kind: str
    offset: int
    data: bytes = b""


@dataclass
class Disk:
    """A state: what each folder's names mean, and the bytes of each file."""

    folders: dict[int, dict[str, int]] = field(default_factory=dict)
    contents: dict[int, bytes] = field(default_factory=dict)

    def tree(self) -> dict[str, bytes | None]:
        """All that can be found from the root, by path; None for a folder."""
        found: dict[str, bytes | None] = {}
        for path, file in self._walk():
            found[path] = None if file in self.folders else self.contents[file]
        return found

    def write(self, place: Path) -> None:
        """Makes it, below the new folder `place`."""
        written: dict[int, str] = {}
        place.mkdir()
        start = os.fspath(place)
        for path, file in self._walk():
            full = f"{start}/{path}"
            if file in self.folders:
                os.mkdir(full)
            elif file in written:
                os.link(written[file], full)
            else:
                written[file] = full
                data = self.contents[file]
                with open(full, "xb", buffering=0) as out:
                    rest = data.rstrip(b"\0") if data[-PAGE:].count(0) == PAGE else data
                    out.write(rest)
                    out.truncate(len(data))

    def _walk(self) -> Iterator[tuple[str, int]]:
        seen = {ROOT}
        waiting = [("", ROOT)]
        while waiting:
            prefix, folder = waiting.pop()
            for name, file in sorted(self.folders.get(folder, {}).items()):
                if name.endswith(_NOT_KEPT):
                    continue
                if file in self.folders:
                    if file in seen:
                        continue  # a folder has one name, even when it was just being moved
                    seen.add(file)
                    waiting.append((f"{prefix}{name}/", file))
                yield prefix + name, file


class Log:
    """A log, taken apart. Files and folders go by numbers of their own, for inodes come again."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self.length = len(ops)
        self.namings: list[Naming] = []
        self.writings: dict[int, list[Writing]] = {}
        self.is_folder = {ROOT}
        self.all_syncs: list[int] = []
        #: Syncs, answers and what moves names, by what they are and where: `instants` takes each
        #: sort as often, however many there are of it.
        self.telling: dict[str, list[int]] = {}
        self._syncs: dict[int, list[int]] = {}
        self._live: dict[int, dict[str, int]] = {ROOT: {}}
        self._numbers: dict[int, int] = {}
        self._next = ROOT + 1
        self._known: dict[tuple[int, int], bytes] = {}
        for at, op in enumerate(ops):
            self._take(at, op)

    # ------------------------------------------------------------ what models ask

    def last_sync(self, file: int, before: int) -> int:
        """Ops below this number are safe for the file (its data) or folder (its names)."""
        latest = 0
        for syncs in (self._syncs.get(file, []), self.all_syncs):
            place = bisect.bisect_left(syncs, before)
            latest = max(latest, syncs[place - 1] if place else 0)
        return latest

    def last_sync_of_any(self, before: int) -> int:
        return max(self.last_sync(file, before) for file in [ROOT, *self._syncs])

    def done(self, file: int, before: int) -> int:
        """How many of a file's writings had been made before an op."""
        return bisect.bisect_left(self.writings.get(file, []), before, key=lambda w: w.at)

    def content(self, file: int, count: int) -> bytes:
        """A file's bytes after its first `count` writings, in order."""
        known = self._known.get((file, count))
        if known is None:
            data = bytearray()
            for writing in self.writings.get(file, [])[:count]:
                apply(data, writing)
            known = self._known[file, count] = bytes(data)
            if len(self._known) > 400:
                self._known.pop(next(iter(self._known)))
        return known

    def names(self, allowed: Callable[[Naming, Entry], bool], before: int) -> Disk:
        """The folders after every entry that `allowed` lets through, in order."""
        disk = Disk({folder: {} for folder in self.is_folder})
        for naming in self.namings:
            if naming.at >= before:
                break
            for entry in naming.entries:
                if allowed(naming, entry):
                    set_entry(disk.folders, entry)
        return disk

    def filled(self, disk: Disk, content: Callable[[int], bytes]) -> Disk:
        """`disk` with the bytes of those files that it names."""
        files = {f for names in disk.folders.values() for f in names.values()}
        disk.contents = {f: content(f) for f in sorted(files - self.is_folder)}
        return disk

    # ------------------------------------------------------------ taking apart

    def _take(self, at: int, op: Op) -> None:
        if op.kind in "SRULOA":
            folder, name = os.path.split(op.target or op.path)
            sort = f"{op.kind} {_VARYING.sub('#', folder)} {os.path.splitext(name)[1]}"
            self.telling.setdefault(sort, []).append(at)
        if op.kind in "CD":
            new = self._number(op.inode, fresh=True)
            if op.kind == "D":
                self.is_folder.add(new)
                self._live[new] = {}
            self._name(at, op.kind, [self._entry(op.path, new)])
        elif op.kind == "U":
            self._name(at, "U", [self._entry(op.path, None)])
        elif op.kind == "L":
            self._name(at, "L", [self._entry(op.target, self._number(op.inode))])
        elif op.kind == "R":
            self._rename(at, op)
        elif op.kind in "WTZ":
            file = self._number(op.inode)
            writing = Writing(at, op.kind, op.offset, op.data)
            self.writings.setdefault(file, []).append(writing)
        elif op.kind == "S":
            file = ROOT if op.path == "" else self._number(op.inode)
            self._syncs.setdefault(file, []).append(at)
        elif op.kind == "A":
            self.all_syncs.append(at)

    def _rename(self, at: int, op: Op) -> None:
        old, new = self._entry(op.path, None), self._entry(op.target, None)
        moved = self._live[old.folder][old.name]
        replaced = self._live[new.folder].get(new.name)
        if moved == replaced:
            return  # two names of one file: nothing happens
        target = Entry(new.folder, new.name, moved)
        source = Entry(old.folder, old.name, replaced if op.offset == EXCHANGE else None)
        self._name(at, "X" if op.offset == EXCHANGE else "R", [target, source])

    def _name(self, at: int, kind: str, entries: list[Entry]) -> None:
        self.namings.append(Naming(at, kind, tuple(entries)))
        for entry in entries:
            set_entry(self._live, entry)

    def _entry(self, path: str, file: int | None) -> Entry:
        *parents, name = path.split("/")
        folder = ROOT
        for parent in parents:
            folder = self._live[folder][parent]
        return Entry(folder, name, file)

    def _number(self, inode: int, fresh: bool = False) -> int:
        if fresh:
            self._numbers[inode] = self._next
            self._next += 1
        return self._numbers[inode]


def set_entry(folders: dict[int, dict[str, int]], entry: Entry) -> None:
    if entry.file is None:
        folders[entry.folder].pop(entry.name, None)
    else:
        folders[entry.folder][entry.name] = entry.file


def apply(data: bytearray, writing: Writing) -> None:
    """One writing on a file's bytes."""
    if writing.kind == "T":
        del data[writing.offset :]
    if writing.offset > len(data):
        data.extend(bytes(writing.offset - len(data)))
    if writing.kind == "W":
        data[writing.offset : writing.offset + len(writing.data)] = writing.data


# ---------------------------------------------------------------- models

Model = Callable[[Log, int, random.Random], Disk]


def strict(log: Log, k: int, rng: random.Random) -> Disk:
    """Just what was synced: data by its file, names by their folder."""

    def synced(naming: Naming, entry: Entry) -> bool:
        return naming.at < log.last_sync(entry.folder, k)

    return log.filled(log.names(synced, k), lambda file: _synced(log, file, k))


def lazy(log: Log, k: int, rng: random.Random) -> Disk:
    """As strict, but any of the unlinks and renames may have reached the disk, or half have: of a
    moved file the old name may be there still.
    """
    disk = log.names(lambda n, e: n.at < log.last_sync(e.folder, k), k)
    share = rng.choice((0.1, 0.5, 0.9))
    for naming in log.namings:
        if naming.at >= k:
            break
        late = [e for e in naming.entries if naming.at >= log.last_sync(e.folder, k)]
        if naming.kind not in "URX" or not late or rng.random() >= share:
            continue
        if naming.kind == "R" and rng.random() < 0.5:
            late = late[:1]
        for entry in late:
            set_entry(disk.folders, entry)
    return log.filled(disk, lambda file: _synced(log, file, k))


def journaled(log: Log, k: int, rng: random.Random) -> Disk:
    """All metadata up to some op j in order, and j is after every sync, of whatever file; of data
    that was not synced any mixture of pages (ext4 with data=ordered, and worse).
    """
    j = rng.choice((k, rng.randint(log.last_sync_of_any(k), k)))
    share = _share(rng)
    disk = log.names(lambda naming, entry: naming.at < j, k)
    return log.filled(disk, lambda file: _ordered(log, file, j, k, rng, share))


def reordered(log: Log, k: int, rng: random.Random) -> Disk:
    """Names of each folder up to a point of its own; data pages and sizes each old or new."""
    share, upto = _share(rng), {}
    for folder in sorted(log.is_folder):
        least = log.last_sync(folder, k)
        upto[folder] = rng.choice((least, k, rng.randint(least, k)))
    disk = log.names(lambda naming, entry: naming.at < upto[entry.folder], k)
    return log.filled(disk, lambda file: _mixed(log, file, k, rng, share))


def eager(log: Log, k: int, rng: random.Random) -> Disk:
    """Everything, but of each file the last write that was not synced is torn."""
    disk = log.names(lambda naming, entry: True, k)
    return log.filled(disk, lambda file: _torn(log, file, k, rng))


MODELS: dict[str, Model] = {
    "strict": strict,
    "journaled": journaled,
    "reordered": reordered,
    "eager": eager,
    "lazy": lazy,
}


def _synced(log: Log, file: int, k: int) -> bytes:
    return log.content(file, log.done(file, log.last_sync(file, k)))


def _share(rng: random.Random) -> float:
    """How many of the pages are new for sure (below zero: old): a few that are not like the others
    are harder to notice than many.
    """
    return rng.choice((-0.9, 0.0, 0.5, 0.9, 0.99))


def _mixed(log: Log, file: int, k: int, rng: random.Random, share: float) -> bytes:
    safe, done = log.done(file, log.last_sync(file, k)), log.done(file, k)
    old = log.content(file, safe)
    if safe == done:
        return old
    pages = _Pages(old)
    for writing in log.writings[file][safe:done]:
        pages.take(writing)
    size = len(pages.data) if rng.random() < max(share, 0.5) else len(old)
    return pages.chosen(size, rng, share)


def _ordered(log: Log, file: int, j: int, k: int, rng: random.Random, share: float) -> bytes:
    """Truncations before j are done, and none after it; a file may have grown by a part of what
    was appended before j."""
    safe, metadata, done = (log.done(file, at) for at in (log.last_sync(file, k), j, k))
    metadata = max(safe, metadata)
    old = log.content(file, safe)
    if safe == done:
        return old
    writings, pages, size = log.writings[file], _Pages(old), len(old)
    grown = rng.choice((metadata, rng.randint(safe, metadata)))
    for number, writing in enumerate(writings[safe:metadata], safe):
        pages.take(writing, keeps_cut=False)
        if writing.kind == "T" and writing.offset < size:
            size = writing.offset
        elif number < grown:
            size = max(size, writing.offset + len(writing.data))
    there = len(pages.data)  # blocks that are the file's; others come with metadata alone
    for writing in writings[metadata:done]:
        if writing.kind == "T":
            there = min(there, writing.offset)
        elif writing.kind == "W" and writing.offset < there:
            part = writing.data[: there - writing.offset]
            pages.take(Writing(writing.at, "W", writing.offset, part))
    return pages.chosen(size, rng, share)


def _torn(log: Log, file: int, k: int, rng: random.Random) -> bytes:
    safe, done = log.done(file, log.last_sync(file, k)), log.done(file, k)
    writings = log.writings.get(file, [])
    last = next((n for n in range(done - 1, safe - 1, -1) if writings[n].kind == "W"), None)
    if last is None:
        return log.content(file, done)
    writing = writings[last]
    end = writing.offset + len(writing.data)
    cuts = range(writing.offset // SECTOR + 1, (end - 1) // SECTOR + 1)
    cut = rng.choice([writing.offset, *(c * SECTOR for c in cuts)])
    data = bytearray(log.content(file, last))
    kept = Writing(writing.at, "W", writing.offset, writing.data[: cut - writing.offset])
    if kept.data:
        apply(data, kept)
    if rng.random() < 0.5 and len(data) < end:  # its size was written, its bytes were not
        data.extend(bytes(end - len(data)))
    for later in writings[last + 1 : done]:
        apply(data, later)
    return bytes(data)


class _Pages:
    """The states that each page of a file was in since the file was synced."""

    def __init__(self, old: bytes) -> None:
        self.old = old
        self.data = bytearray(old)
        self.states: dict[int, list[bytes]] = {}

    def take(self, writing: Writing, keeps_cut: bool = True) -> None:
        """One more writing; with `keeps_cut` what a truncation cut off may come back."""
        before = len(self.data)
        apply(self.data, writing)
        if writing.kind == "W":
            touched = range(writing.offset, writing.offset + len(writing.data))
        else:
            touched = range(min(before, writing.offset), max(before, writing.offset))
        if not len(touched):
            return
        for page in range(touched.start // PAGE, (touched.stop - 1) // PAGE + 1):
            states = self.states.setdefault(page, [_page(self.old, page)])
            if writing.kind == "T" and not keeps_cut and page * PAGE >= writing.offset:
                states.clear()
            states.append(_page(self.data, page))

    def chosen(self, size: int, rng: random.Random, share: float) -> bytes:
        out = bytearray(self.old[:size])
        out.extend(bytes(size - len(out)))
        for page, states in sorted(self.states.items()):
            start = page * PAGE
            sure = rng.random() < abs(share)
            state = states[-1 if share > 0 else 0] if sure else rng.choice(states)
            if start < size:
                out[start : start + PAGE] = state[: size - start]
        return bytes(out)


def _page(data: bytes | bytearray, page: int) -> bytes:
    return bytes(data[page * PAGE : (page + 1) * PAGE]).ljust(PAGE, b"\0")


# ---------------------------------------------------------------- choosing instants


def instants(recording: Recording, log: Log, count: int, rng: random.Random) -> list[int]:
    """`count` numbers of ops before which power is lost: mostly beside syncs, renames and answers.

    What was just there (see `Recorder.change`) came about long before, not while power was lost.
    """
    changes = [step for step in recording.steps if not step.arguments]
    first, chosen = recording.since + 1, set[int]()
    sorts = [[at for at in ats if at >= first] for _, ats in sorted(log.telling.items())]
    sorts = [ats for ats in sorts if ats]
    for _ in range(20 * count):
        k = rng.randint(first, log.length)
        if sorts and rng.random() < 0.8:
            k = rng.choice(rng.choice(sorts)) + rng.choice((0, 0, 1))
        inside = [step.end for step in changes if step.begin < k < step.end]
        chosen.add(inside[0] if inside else k)
        if len(chosen) == count:
            break
    return sorted(chosen)


def image(log: Log, model: str, seed: int, k: int) -> Disk:
    """The one image that these make, always the same."""
    return MODELS[model](log, k, random.Random(f"{model} {seed} {k}"))

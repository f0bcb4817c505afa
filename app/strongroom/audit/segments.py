"""Segment files: the journal as append-only lines beside the objects.

`journal/000000000001.jsonl` is named by its first entry's number. The catalog commits first, then
the lines follow in order under a lock, whoever's they are, and are fsynced: so one fsync serves
every process that waits, and a crash between the two is made good at the next append.

A power cut in the middle of an append may leave any of its pages on the disk. The file `.lock`
therefore says, after each fsync, how far the newest segment is known to be durable; what lies
behind that, and the last line in any case, is checked before anything is appended to it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zlib import crc32

from strongroom.audit.entry import BadEntry, parse
from strongroom.disk.durable import FULL, explained, sync_folder, told, write_file
from strongroom.disk.reserve import release
from strongroom.domain.entry import GENESIS, Entry
from strongroom.domain.errors import Damaged, StrongroomError
from strongroom.domain.ranges import Ranges

SEGMENT_BYTES = 16 << 20
_STEP = 8 << 10
_DIGITS = 12
#: How an entry's line begins; two lines whose break was lost are told apart by it.
_BEGINS = b'{"action":'

#: The catalog's line of an entry by its number; None where it has none.
LineOf = Callable[[int], bytes | None]


class Line(NamedTuple):
    """A line as it is found: an entry that is whole by its own hash, or why it is none."""

    path: Path
    number: int
    entry: Entry | None
    why: str = ""


class _End(NamedTuple):
    """Where the sound part of the journal ends: after entry `seq`, at `keep` bytes of `path`."""

    path: Path | None
    keep: int
    size: int
    seq: int


class Segments:
    """The journal's files in one folder; any number of processes may append."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes

    def files(self) -> list[Path]:
        found = self.folder.glob("*.jsonl")
        return sorted(p for p in found if p.stem.isdigit() and len(p.stem) == _DIGITS)

    def catch_up(
        self,
        fetch: Callable[[int], Sequence[tuple[int, bytes]]],
        upto: int,
        line_of: LineOf = lambda seq: None,
    ) -> None:
        """Appends what `fetch(last)` gives (entries after number `last`, in order), durably.

        Returns at once when entry `upto` is on disk already. On a full disk the registry's reserve
        is used up first. Raises `NoSpace`, `Unreachable`; no half line is left then, if the disk
        lets us. `Damaged` where what is on disk contradicts `line_of`.
        """
        with told("writing the journal", self.folder), self._lock() as lock:
            last, current = self._settled(line_of, lock, upto)
            while last < upto and (lines := fetch(last)):
                try:
                    current = self._append(current, lines, lock)
                except OSError as error:
                    if error.errno not in FULL or not release(self.folder / "segment"):
                        raise
                    last, current = self._settled(line_of, lock, upto)
                    continue  # once more, while there is some of the reserve left
                last = lines[-1][0]

    def _append(self, current: Path | None, lines: Sequence[tuple[int, bytes]], lock: int) -> Path:
        if current is None or current.stat().st_size >= self._segment_bytes:
            current = self.folder / f"{lines[0][0]:0{_DIGITS}d}.jsonl"
            current.touch()
            sync_folder(self.folder)
        before = current.stat().st_size
        try:
            with open(current, "ab") as out:
                out.write(b"".join(line + b"\n" for _, line in lines))
                out.flush()
                os.fsync(out.fileno())
        except OSError:
            # A failed fsync must not be believed later: what it may have lost is written anew.
            with contextlib.suppress(OSError):
                os.truncate(current, before)
            raise
        _mark(lock, current, lines[-1][0])
        return current

    def last_seq(self, line_of: LineOf = lambda seq: None) -> int:
        """The number of the last whole entry on disk; 0 for an empty journal. Writes nothing.

        Raises `Damaged` where it is another one than the catalog's.
        """
        return self.end(line_of)[0]

    def end(self, line_of: LineOf) -> tuple[int, bool]:
        """As `last_seq`, and whether nothing stands behind that entry."""
        with told("reading the journal", self.folder):
            end = self._end(self.files(), line_of, self._marked())
            return end.seq, end.keep == end.size

    def told_last(self) -> int:
        """The last number that was given as the mark tells it; 0 where there is none."""
        return self._marked().seq

    def entries(
        self, after: int = 0, prev: str = GENESIS, lost: Ranges = Ranges()
    ) -> Iterator[Entry]:
        """Entries behind number `after`, whose hash is `prev`, in order with their chain checked;
        raises `Damaged` at the first break that is not of entries known as `lost`.

        A torn last line, which a crash may leave, is not an entry.
        """
        seq, files = after, self.files()
        while len(files) > 1 and int(files[1].stem) <= after + 1:
            files.pop(0)
        for path in files:
            for number, line in enumerate(_lines(path), 1):
                if not line.endswith(b"\n") and path == files[-1]:
                    return
                try:
                    entry = parse(line)
                except BadEntry as error:
                    raise Damaged(f"line {number}: {error}", str(path), _HINT) from error
                if entry.seq <= after:
                    continue
                gone = Ranges([(seq + 1, entry.seq - 1)])
                follows = not gone - lost if gone else entry.prev == prev
                if entry.seq <= seq or not follows:
                    raise Damaged(
                        f"line {number}: entry {entry.seq} does not follow entry {seq}",
                        str(path),
                        _HINT,
                    )
                seq, prev = entry.seq, entry.hash
                yield entry

    def salvage(self) -> Iterator[Line]:
        """Every line of every segment, whatever state they are in; a torn last line is none."""
        files = self.files()
        for path in files:
            try:
                for number, line in enumerate(_lines(path), 1):
                    if not line.endswith(b"\n") and path == files[-1]:
                        with contextlib.suppress(BadEntry):  # only its break is missing
                            yield Line(path, number, parse(line))
                        continue
                    yield from _parts(path, number, line)
            except StrongroomError as error:
                yield Line(path, 0, None, str(error))

    def rewrite(self, lines: Iterable[tuple[int, bytes]]) -> list[Path]:
        """Makes the segments hold just these entries, each file at once and durably.

        What was in a file that changes, or in one that is not needed, is kept beside it under
        another name; those come back.
        """
        with told("writing the journal", self.folder), self._lock() as lock:
            kept, written, ends = [], set(), 0
            for path, data, last in self._files_of(lines):
                ends = last
                written.add(path)
                if path.exists() and path.read_bytes() == data:
                    continue
                if path.exists():
                    kept.append(_copy_aside(path))
                write_file(path, data)
            for path in self.files():
                if path not in written:
                    kept.append(_aside(path))
                    os.replace(path, kept[-1])
            sync_folder(self.folder)
            files = self.files()
            if files:
                _mark(lock, files[-1], ends)
            return kept

    def _files_of(self, lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[Path, bytes, int]]:
        """How the entries are spread over files, as they are now, as far as that is to be seen:
        `(file, content, its last entry)`.
        """
        starts = {int(p.stem) for p in self.files()}
        begin, last, parts, size = 0, 0, list[bytes](), 0
        for seq, line in lines:
            if parts and (seq in starts or size >= self._segment_bytes):
                yield self.folder / f"{begin:0{_DIGITS}d}.jsonl", b"".join(parts), last
                parts, size = [], 0
            if not parts:
                begin = seq
            parts += [line, b"\n"]
            size, last = size + len(line) + 1, seq
        if parts:
            yield self.folder / f"{begin:0{_DIGITS}d}.jsonl", b"".join(parts), last

    # ------------------------------------------------------------------ the end of the journal

    def _settled(self, line_of: LineOf, lock: int, known: int) -> tuple[int, Path | None]:
        """Cuts the newest segment back to its sound part; the last entry there and the segment.

        The caller holds the lock. Raises `Damaged` where cutting would lose an entry that the
        catalog, whose last one is number `known`, cannot give again.
        """
        while True:
            end = self._end(self.files(), line_of, _read_mark(lock))
            if end.path is None:
                return 0, None
            if end.keep < end.size:
                self._cut(end, known)
                _mark(lock, end.path, end.seq)
            if end.keep:
                return end.seq, end.path
            end.path.unlink()  # named, then crashed before its first line

    def _cut(self, end: _End, known: int) -> None:
        assert end.path is not None
        with open(end.path, "r+b") as out:
            out.seek(end.keep)
            rest = out.read()
            more = any(
                one.entry is not None and one.entry.seq > known
                for line in rest.splitlines(keepends=True)
                for one in _parts(end.path, 0, line)
            )
            if more or (end.seq > known and b"\n" in rest):
                raise Damaged(
                    f"a line after entry {end.seq} cannot be read, and the catalog lacks it",
                    str(end.path),
                    "run `strongroom doctor --rebuild`",
                )
            if end.seq == known and b"\n" in rest:  # nobody's entries, but somebody wrote them
                _copy_aside(end.path)
            out.truncate(end.keep)
            os.fsync(out.fileno())

    def _end(self, files: list[Path], line_of: LineOf, mark: _Mark) -> _End:
        """The sound end of the newest segment: behind the mark each line must be an entry, follow
        the one before, and be the catalog's where the catalog has it.
        """
        if not files:
            return _End(None, 0, 0, 0)
        path = files[-1]
        with open(path, "rb") as lines:
            size = lines.seek(0, os.SEEK_END)
            if not size and len(files) > 1:
                before = self._end(files[:-1], line_of, mark)
                return _End(path, 0, 0, before.seq)
            start = 0
            if mark.name == path.name and mark.size <= size:
                start = min(mark.size, _end_of_last_line(lines, max(size - 1, 0)))
            lines.seek(start)
            good, seq, broken = _sound(path, lines.read(), start, line_of)
            if not broken:
                return _End(path, size, size, seq)
            while not good and start:  # none of them is sound: back to one that is
                until, start = start, _end_of_last_line(lines, start - 1)
                lines.seek(start)
                good, seq, _ = _sound(path, lines.read(until - start), start, line_of)
            return _End(path, start + good, size, seq)

    def _marked(self) -> _Mark:
        try:
            fd = os.open(self.folder / ".lock", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return _Mark()
        try:
            return _read_mark(fd)
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[int]:
        fd = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield fd
        finally:
            os.close(fd)


def _sound(path: Path, region: bytes, start: int, line_of: LineOf) -> tuple[int, int, bool]:
    """`(bytes, last entry, whether something is wrong behind them)` of the lines of `region`,
    which begins at byte `start` of the segment. Raises `Damaged` for another history's entry.
    """
    seq = int(path.stem) - 1 if not start else None
    good = 0
    for line in region.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            return good, seq or 0, True
        want = line_of(seq + 1) if seq is not None else None
        if want is None or want != line[:-1]:
            try:
                entry = parse(line)
            except BadEntry:
                return good, seq or 0, True
            want = line_of(entry.seq)
            if seq is not None and entry.seq != seq + 1 and want != line[:-1]:
                return good, seq, True
            if want is not None and want != line[:-1] and _is_entry(want):
                raise Damaged(
                    f"entry {entry.seq} is another one than the catalog's: journal and catalog do"
                    " not belong together",
                    str(path),
                    "put back the one that was exchanged, or run `strongroom doctor --rebuild`",
                )
            seq = entry.seq
        else:
            assert seq is not None
            seq += 1
        good += len(line)
    return good, seq or 0, False


def _is_entry(line: bytes) -> bool:
    try:
        parse(line)
    except BadEntry:
        return False
    return True


def _parts(path: Path, number: int, line: bytes) -> Iterator[Line]:
    """What a line holds: one entry, or some whose breaks between them were lost, or none."""
    try:
        yield Line(path, number, parse(line))
        return
    except BadEntry as error:
        why = str(error)
    begins = [0]
    while (at := line.find(_BEGINS, begins[-1] + 1)) > 0:
        begins.append(at)
    found = False
    for begin, end in zip(begins, [*begins[1:], len(line)], strict=True):
        piece = line[begin:end]
        with contextlib.suppress(BadEntry):
            yield Line(path, number, parse(piece[: piece.rfind(b"}") + 1]))
            found = True
    if not found or len(begins) > 1:
        yield Line(path, number, None, why)


class _Mark(NamedTuple):
    """The segment `name` is durable up to `size` bytes, which end with entry `seq`."""

    name: str = ""
    size: int = 0
    seq: int = 0


def _mark(lock: int, path: Path, seq: int) -> None:
    """Notes how far the newest segment is durable. Not synced: it may only lag behind."""
    with contextlib.suppress(OSError):
        said = f"{path.name} {path.stat().st_size:>20} {seq:>20}".encode()
        os.pwrite(lock, b"%b %08x\n" % (said, crc32(said)), 0)


def _read_mark(lock: int) -> _Mark:
    """An empty one where there is none yet, or none that can be read."""
    try:
        said, _, check = os.pread(lock, 200, 0).partition(b"\n")[0].rpartition(b" ")
        name, size, seq = said.split()
        if int(check, 16) != crc32(said):
            return _Mark()
        return _Mark(name.decode(), int(size), int(seq))
    except ValueError:
        return _Mark()


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{time.time_ns()}.aside")


def _copy_aside(path: Path) -> Path:
    kept = _aside(path)
    write_file(kept, path.read_bytes())
    return kept


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with open(path, "rb") as lines:
            yield from lines
    except OSError as error:
        raise explained(error, "reading the journal", path) from error


def _end_of_last_line(stream: BinaryIO, size: int) -> int:
    """Where the last line that ends within the first `size` bytes ends; 0 if none does."""
    end = size
    while end > 0:
        start = max(0, end - _STEP)
        stream.seek(start)
        cut = stream.read(end - start).rfind(b"\n")
        if cut >= 0:
            return start + cut + 1
        end = start
    return 0


_HINT = "run `strongroom doctor --fix`"

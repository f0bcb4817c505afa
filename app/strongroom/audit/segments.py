"""Segment files: the journal as append-only lines beside the objects.

`journal/000000000001.jsonl` is named by its first entry's number. The catalog commits first, then
the lines follow in order under a lock, whoever's they are, and are fsynced: so one fsync serves
every process that waits, and a crash between the two is made good at the next append.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from strongroom.audit.entry import BadEntry, parse
from strongroom.disk.durable import FULL, sync_folder, told
from strongroom.disk.reserve import release
from strongroom.domain.entry import GENESIS, Entry
from strongroom.domain.errors import Damaged

SEGMENT_BYTES = 16 << 20
_STEP = 8 << 10


class Segments:
    """The journal's files in one folder; any number of processes may append."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes

    def files(self) -> list[Path]:
        return sorted(p for p in self.folder.glob("*.jsonl") if p.stem.isdigit())

    def catch_up(self, fetch: Callable[[int], Sequence[tuple[int, bytes]]], upto: int) -> None:
        """Appends what `fetch(last)` gives (entries after number `last`, in order), durably.

        Returns at once when entry `upto` is on disk already. On a full disk the registry's reserve
        is used up first. Raises `NoSpace`, `Unreachable`; no half line is left then, if the disk
        lets us.
        """
        with told("writing the journal", self.folder), self._lock():
            current = self._mended_tail()
            last = self._last_seq(current)
            if last >= upto:
                return
            while lines := fetch(last):
                try:
                    current = self._append(current, lines)
                except OSError as error:
                    if error.errno not in FULL or not release(self.folder / "segment"):
                        raise
                    current = self._append(self._mended_tail(), lines)
                last = lines[-1][0]

    def _append(self, current: Path | None, lines: Sequence[tuple[int, bytes]]) -> Path:
        if current is None or current.stat().st_size >= self._segment_bytes:
            current = self.folder / f"{lines[0][0]:012d}.jsonl"
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
        return current

    def last_seq(self) -> int:
        """The number of the last whole entry on disk; 0 for an empty journal."""
        with told("reading the journal", self.folder), self._lock():
            return self._last_seq(self._mended_tail())

    def entries(self) -> Iterator[Entry]:
        """All entries in order with their chain checked; raises `Damaged` at the first break.

        A torn last line, which a crash may leave, is not an entry.
        """
        prev, seq = GENESIS, 0
        files = self.files()
        for path in files:
            for number, line in enumerate(_lines(path), 1):
                if not line.endswith(b"\n") and path == files[-1]:
                    return
                try:
                    entry = parse(line)
                except BadEntry as error:
                    raise Damaged(f"line {number}: {error}", str(path), _HINT) from error
                if entry.seq != seq + 1 or entry.prev != prev:
                    raise Damaged(
                        f"line {number}: entry {entry.seq} does not follow entry {seq}",
                        str(path),
                        _HINT,
                    )
                seq, prev = entry.seq, entry.hash
                yield entry

    def _mended_tail(self) -> Path | None:
        """The newest segment, its torn last line (of a crash) cut off."""
        files = self.files()
        if not files:
            return None
        path = files[-1]
        with open(path, "r+b") as out:
            size = out.seek(0, os.SEEK_END)
            keep = _end_of_last_line(out, size)
            if keep < size:
                out.truncate(keep)
                os.fsync(out.fileno())
                size = keep
        if size == 0:  # named, then crashed before its first line
            path.unlink()
            return self._mended_tail()
        return path

    def _last_seq(self, current: Path | None) -> int:
        if current is None:
            return 0
        with open(current, "rb") as lines:
            size = lines.seek(0, os.SEEK_END)
            start = _end_of_last_line(lines, size - 1)
            lines.seek(start)
            tail = lines.read(size - start)
        try:
            return parse(tail).seq
        except BadEntry as error:
            raise Damaged(f"the last line: {error}", str(current), _HINT) from error

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with open(self.folder / ".lock", "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _lines(path: Path) -> Iterator[bytes]:
    with told("reading the journal", path), open(path, "rb") as lines:
        yield from lines


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


_HINT = "restore the journal's folder from a copy"

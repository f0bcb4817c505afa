"""Rows of a damaged SQLite file, read straight from its pages where SQLite gives up.

Nothing of the file's structure is believed: wherever the bytes look like the head of a record, it
is decoded with its overflow pages, from the database and from its write-ahead log. The caller
knows by a digest of its own whether what comes out is a row or noise.
Format: https://www.sqlite.org/fileformat2.html (records §2.1, cells §1.6, overflow §1.7, log §4.1).
"""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

_MAGIC = b"SQLite format 3\0"
_PAGE = 4096
_LOG_HEAD, _FRAME_HEAD = 32, 24
_FIXED = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}

Buffer = bytes | mmap.mmap


def records(
    path: Path, begins: Sequence[int], columns: int, log_only: bool = False
) -> Iterator[list[bytes]]:
    """Raw values of what may be records of `columns` values whose first serial types are `begins`.

    A record that was written more than once, or was deleted since, may come more than once.
    `log_only`: of those that begin in the write-ahead log.
    """
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(_mapped(path))
        log = stack.enter_context(_mapped(Path(f"{path}-wal")))
        pages = _Pages(database, log)
        pattern = bytes(begins)
        for buffer, start in pages.in_log() if log_only else pages.all():
            end = start + pages.size
            at = buffer.find(pattern, start + 1, end)
            while at >= 0:
                for newest in (True, False) if log else (False,):
                    values = _record(pages, buffer, at - 1, start, columns, newest)
                    if values is not None:
                        yield values
                at = buffer.find(pattern, at + 1, end)


def frames_behind(path: Path, known: int) -> bool:
    """Whether the log of a database holds more frames of its last writing than the `known` that
    SQLite reads: then one of them is damaged, or what a killed process wrote was not committed.
    """
    with _mapped(Path(f"{path}-wal")) as log:
        if len(log) <= _LOG_HEAD:
            return False
        size, _ = _page_size(b"", log)
        start = _LOG_HEAD + known * (size + _FRAME_HEAD)
        frame = log[start : start + _FRAME_HEAD]
        # §4.1: a frame belongs to the log's last writing if it has the salts of the log's head.
        return len(frame) == _FRAME_HEAD and (not known or frame[8:16] == log[16:24])


class _Pages:
    """The pages of a database and of its log, by number."""

    def __init__(self, database: Buffer, log: Buffer) -> None:
        self.database, self.log = database, log
        self.size, reserved = _page_size(database, log)
        self.usable = self.size - reserved
        self._frames: dict[int, int] = {}
        step = self.size + _FRAME_HEAD
        for start in range(_LOG_HEAD, len(log) - step + 1, step):
            number = int.from_bytes(log[start : start + 4], "big")
            self._frames[number] = start + _FRAME_HEAD  # the last frame of a page is its newest

    def all(self) -> Iterator[tuple[Buffer, int]]:
        """`(buffer, offset)` of every page, older copies in the log included."""
        for start in range(0, len(self.database), self.size):
            yield self.database, start
        yield from self.in_log()

    def in_log(self) -> Iterator[tuple[Buffer, int]]:
        """`(buffer, offset)` of every page in the log; of a cut log the last one is not whole."""
        step = self.size + _FRAME_HEAD
        for start in range(_LOG_HEAD + _FRAME_HEAD, len(self.log), step):
            yield self.log, start

    def page(self, number: int, newest: bool) -> bytes:
        """Empty where there is no such page."""
        if newest and number in self._frames:
            start = self._frames[number]
            return self.log[start : start + self.usable]
        start = (number - 1) * self.size
        return self.database[start : start + self.usable] if number > 0 else b""


def _record(
    pages: _Pages, buffer: Buffer, at: int, page: int, columns: int, newest: bool
) -> list[bytes] | None:
    """The record whose head may begin at `at`, in the page that begins at `page`."""
    head_size = buffer[at]
    if head_size < columns + 1 or head_size > 127 or at + head_size > page + pages.usable:
        return None
    head, sizes, position = buffer[at : at + head_size], list[int](), 1
    while position < head_size and len(sizes) <= columns:
        kind, position = _varint(head, position)
        if kind in (10, 11):
            return None
        sizes.append(_FIXED[kind] if kind < 10 else (kind - 12) // 2)
    if position != head_size or len(sizes) != columns:
        return None
    total = head_size + sum(sizes)
    if total > len(pages.database) + len(pages.log):
        return None
    local = _local(total, pages.usable)
    here = buffer[at : min(at + local, page + pages.usable)]
    if len(here) < local:
        return None
    payload = bytearray(here)
    if total > local:
        following = int.from_bytes(buffer[at + local : at + local + 4], "big")
        while len(payload) < total:
            rest = pages.page(following, newest)
            if len(rest) < 4:
                return None
            following = int.from_bytes(rest[:4], "big")
            payload += rest[4 : 4 + total - len(payload)]
    values, position = [], head_size
    for size in sizes:
        values.append(bytes(payload[position : position + size]))
        position += size
    return values


def _local(total: int, usable: int) -> int:
    """How much of a table leaf's payload of `total` bytes lies in the cell itself (§1.6)."""
    most = usable - 35
    if total <= most:
        return total
    least = (usable - 12) * 32 // 255 - 23
    kept = least + (total - least) % (usable - 4)
    return kept if kept <= most else least


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count in range(9):
        if at >= len(data):
            return 0, at + 1  # runs out of the head, which the caller notices
        byte = data[at]
        at += 1
        if count == 8:
            return value << 8 | byte, at
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at


def _page_size(database: Buffer, log: Buffer) -> tuple[int, int]:
    """`(page size, reserved bytes of each)`; our own where the head does not tell."""
    if database[:16] == _MAGIC:
        size, reserved = int.from_bytes(database[16:18], "big"), database[20]
        size = 65536 if size == 1 else size
        if 512 <= size <= 65536 and not size & (size - 1) and reserved < 64:
            return size, reserved
    if len(log) >= _LOG_HEAD:
        size = int.from_bytes(log[8:12], "big")
        if 512 <= size <= 65536 and not size & (size - 1):
            return size, 0
    return _PAGE, 0


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[Buffer]:
    """The file's bytes, empty where it is not there; raises `OSError`."""
    try:
        file = open(path, "rb")  # noqa: SIM115 (closed below)
    except FileNotFoundError:
        yield b""
        return
    with file:
        if not os.fstat(file.fileno()).st_size:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield mapped

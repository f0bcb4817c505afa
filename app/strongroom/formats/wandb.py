"""W&B's run-ID.wandb: records of one run, as they were logged, in the frames of a LevelDB log.

Frames: https://github.com/google/leveldb/blob/main/doc/log_format.md, behind a header of seven
bytes; records: wandb/proto/wandb_internal.proto of https://github.com/wandb/wandb.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from strongroom.formats.source import Source, Unreadable

_MAGIC = b":W&B"
_HEADER = 7
_BLOCK = 32 << 10
_MAX_RECORD = 64 << 20
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


class End(NamedTuple):
    """Why reading ended before the end of the file; empty if it did not."""

    why: str = ""


def plausible(head: bytes) -> bool:
    return head.startswith(_MAGIC)


def records(source: Source) -> Iterator[bytes | End]:
    """Each record's bytes; the last item is an `End`. Checksums are not looked at: what is stored
    was hashed already. Raises `Unreadable` for a file that is none.
    """
    if not plausible(source.head):
        raise Unreadable("it has no W&B header")
    with source.open() as stream:
        stream.seek(_HEADER)
        at, parts, size = _HEADER, list[bytes](), 0
        while True:
            left = _BLOCK - at % _BLOCK
            if left < 7:  # too short for a frame: padding
                stream.seek(left, 1)
                at += left
                continue
            head = stream.read(7)
            if not head:
                yield End("its last record is cut off" if parts else "")
                return
            length, kind = int.from_bytes(head[4:6], "little"), head[6:7]
            if len(head) < 7 or length > left - 7 or kind not in (b"\1", b"\2", b"\3", b"\4"):
                yield End(f"the frame at byte {at} is damaged")
                return
            data = stream.read(length)
            if len(data) < length:
                yield End(f"the frame at byte {at} is cut off")
                return
            at += 7 + length
            if kind[0] in (_FULL, _FIRST):
                parts, size = [], 0
            parts.append(data)
            size += length
            if size > _MAX_RECORD:
                parts = []
            elif kind[0] in (_FULL, _LAST):
                yield b"".join(parts)
                parts, size = [], 0

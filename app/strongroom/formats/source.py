"""A file to be read: its name, its first bytes, and a seekable stream, wherever the bytes lie."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

#: How much of a file is looked at to tell what it is.
HEAD_BYTES = 64 * 1024


class Unreadable(Exception):
    """The file is not what it claims to be, is cut off, or exceeds a bound.

    The message is a sentence for the user ("the header says 4 GiB but the file has 80 bytes").
    """


@dataclass(frozen=True, slots=True)
class Source:
    """One file. `path` is relative to its version or run folder, `/`-separated.

    Non-UTF-8 bytes of a name come as surrogate escapes. `file` is where it lies on disk, for
    libraries that must open it themselves; None where it is in memory.
    """

    path: str
    size: int
    head: bytes
    open: Callable[[], BinaryIO]
    file: bytes | None = None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def read(self, limit: int) -> bytes:
        """The whole file; `Unreadable` if it is larger than `limit` bytes."""
        if self.size > limit:
            raise Unreadable(f"{self.size} bytes are more than the {limit} read for this format")
        with self.open() as stream:
            return stream.read(limit + 1)[:limit]


def source_from_bytes(path: str, data: bytes) -> Source:
    return Source(path, len(data), data[:HEAD_BYTES], lambda: io.BytesIO(data))


def source_from_file(path: str, file: str | bytes | os.PathLike[str]) -> Source:
    """A source over a regular file on disk; raises `OSError`."""
    size = os.stat(file).st_size
    with open(file, "rb") as stream:
        head = stream.read(HEAD_BYTES)
    return Source(path, size, head, lambda: open(file, "rb"), os.fsencode(file))

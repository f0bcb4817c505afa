"""ZIP archives, listed and read member by member within limits; nothing is written to disk.

Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

from strongroom.formats.source import Source, Unreadable

#: A longer directory of members is refused: it alone would take hundreds of MiB in memory.
_MAX_DIRECTORY = 8 << 20
MAX_MEMBERS = 100_000
#: Bytes of a member's local header in front of its name.
_LOCAL = 30


@dataclass(frozen=True, slots=True)
class Member:
    """`size` is what the archive claims; only reading shows what is there."""

    name: str
    size: int
    packed: int
    encrypted: bool


class _Bounded:
    """A stream that refuses reads beyond the bound, which zipfile does for the whole directory."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.seek = stream.seek
        self.tell = stream.tell

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size > _MAX_DIRECTORY:
            raise Unreadable(f"its directory has more than {_MAX_DIRECTORY} bytes")
        return self.stream.read(_MAX_DIRECTORY if size < 0 else size)


_ERRORS = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, RuntimeError,
    ValueError, EOFError, OSError, KeyError, IndexError, OverflowError, AttributeError,
)  # fmt: skip


class Archive:
    """An open ZIP file; use as a context manager. Raises `Unreadable` throughout."""

    def __init__(self, source: Source) -> None:
        self._stream = source.open()
        try:
            file: Any = _Bounded(self._stream)
            self._zip = zipfile.ZipFile(file)
            infos = self._zip.infolist()
        except _ERRORS as why:
            self._stream.close()
            raise Unreadable("it is no readable ZIP archive: it is cut off or damaged") from why
        except BaseException:
            self._stream.close()
            raise
        if len(infos) > MAX_MEMBERS:
            self.close()
            raise Unreadable(f"the archive has more than {MAX_MEMBERS} members")
        self.members = tuple(
            Member(i.filename, i.file_size, i.compress_size, bool(i.flag_bits & 1)) for i in infos
        )

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._zip.close()
        self._stream.close()

    def start(self, name: str, size: int) -> bytes:
        """The member's first bytes, at most so many."""
        try:
            info = self._zip.getinfo(name)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                return b""
            with self._zip.open(info) as member:
                return member.read(size)
        except _ERRORS as why:
            raise Unreadable(f"{name} in the archive is damaged") from why

    def place(self, name: str) -> tuple[int, int] | None:
        """Offset and size of a member that lies unpacked in the file, so that it can be read in
        parts; None for one that is packed or encrypted.
        """
        try:
            info = self._zip.getinfo(name)
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
                return None
            self._stream.seek(info.header_offset)
            local = self._stream.read(_LOCAL)
        except _ERRORS as why:
            raise Unreadable(f"{name} in the archive is damaged") from why
        if len(local) < _LOCAL or not local.startswith(b"PK\x03\x04"):
            raise Unreadable(f"{name} in the archive is damaged")
        behind = int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
        return info.header_offset + _LOCAL + behind, info.file_size

    def read(self, name: str, limit: int) -> bytes:
        """The member's bytes; `Unreadable` if unpacking gives more than `limit` of them."""
        try:
            info = self._zip.getinfo(name)
            if info.file_size > limit:
                raise Unreadable(
                    f"{name} would unpack to {info.file_size} bytes, more than the {limit} read"
                )
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # bzip2 and LZMA members are unpacked without a bound by the standard library
                raise Unreadable(f"{name} is packed with a method that is not read here")
            with self._zip.open(info) as member:
                data = member.read(limit + 1)
        except _ERRORS as why:
            raise Unreadable(f"{name} in the archive is damaged") from why
        if len(data) > limit:
            raise Unreadable(f"{name} unpacks to more than the {limit} bytes read")
        return data

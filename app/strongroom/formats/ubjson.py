"""Universal Binary JSON, of which long vectors of numbers are counted and not kept.

Format: https://ubjson.org; XGBoost writes it with strongly typed vectors (`[$type#count`).
"""

from __future__ import annotations

import struct
from typing import Any

from strongroom.formats.source import Source, Unreadable

#: Numbers by their mark: struct code and size. UBJSON is big-endian.
_NUMBERS = {
    b"i": (">b", 1), b"U": (">B", 1), b"I": (">h", 2), b"l": (">i", 4), b"L": (">q", 8),
    b"d": (">f", 4), b"D": (">d", 8),
}  # fmt: skip
_WORDS = {b"Z": None, b"N": None, b"T": True, b"F": False}
_MAX_DEPTH = 64
_MAX_VALUES = 2_000_000
_MAX_TEXT = 16 << 20
_KEPT = 1000


class Vector:
    """A typed vector that was passed over."""

    def __init__(self, count: int) -> None:
        self.count = count


class _Reader:
    def __init__(self, source: Source) -> None:
        self._stream = source.open()
        self._left = source.size
        self._values = 0

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def take(self, size: int) -> bytes:
        if not 0 <= size <= self._left:
            raise Unreadable("its UBJSON is cut off")
        self._left -= size
        data = self._stream.read(size)
        if len(data) < size:
            raise Unreadable("its UBJSON is cut off")
        return data

    def skip(self, size: int) -> None:
        if not 0 <= size <= self._left:
            raise Unreadable("its UBJSON is cut off")
        self._left -= size
        self._stream.seek(size, 1)

    def count(self, mark: bytes | None = None) -> int:
        mark = mark or self.take(1)
        code, size = _NUMBERS.get(mark, ("", 0))
        if not code or mark in (b"d", b"D"):
            raise Unreadable("its UBJSON has a length that is no number")
        value = int(struct.unpack(code, self.take(size))[0])
        if value < 0:
            raise Unreadable("its UBJSON has a negative length")
        return value

    def text(self, mark: bytes | None = None) -> str:
        size = self.count(mark)
        if size > _MAX_TEXT:
            raise Unreadable(f"its UBJSON has a text of {size} bytes")
        return self.take(size).decode("utf-8", "replace")

    def value(self, mark: bytes, depth: int) -> Any:
        self._values += 1
        if depth > _MAX_DEPTH or self._values > _MAX_VALUES:
            raise Unreadable("its UBJSON is nested too deep or has too many values")
        if mark in _NUMBERS:
            code, size = _NUMBERS[mark]
            return struct.unpack(code, self.take(size))[0]
        if mark in _WORDS:
            return _WORDS[mark]
        if mark == b"C":
            return self.take(1).decode("latin-1")
        if mark in (b"S", b"H"):
            return self.text()
        if mark == b"{":
            return self.mapping(depth)
        if mark == b"[":
            return self.sequence(depth)
        raise Unreadable("its UBJSON has a mark that is not in use")

    def mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (mark := self._mark()) != b"}":
            name = self.text(mark)
            found[name] = self.value(self._mark(), depth + 1)
        return found

    def sequence(self, depth: int) -> Any:
        mark = self._mark()
        kind = b""
        if mark == b"$":
            kind, mark = self.take(1), self._mark()
        if mark == b"#":
            count = self.count()
            if kind in _NUMBERS and count > _KEPT:
                self.skip(count * _NUMBERS[kind][1])
                return Vector(count)
            return [self.value(kind or self._mark(), depth + 1) for _ in range(count)]
        if kind:
            raise Unreadable("its UBJSON has a typed vector without a count")
        found = []
        while mark != b"]":
            found.append(self.value(mark, depth + 1))
            mark = self._mark()
        return found

    def _mark(self) -> bytes:
        mark = self.take(1)
        while mark == b"N":
            mark = self.take(1)
        return mark


def read_ubjson(source: Source) -> Any:
    """The document; raises `Unreadable`."""
    with _Reader(source) as reader:
        return reader.value(reader._mark(), 0)

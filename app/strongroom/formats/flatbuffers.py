"""FlatBuffers, read without a schema compiler: tables whose fields are asked for by their place.

Format: https://flatbuffers.dev/internals/. Every offset is checked against the buffer.
"""

from __future__ import annotations

from strongroom.formats.source import Unreadable

_MAX_VECTOR = 1_000_000


class Table:
    """One table; a field that is not there is None, 0 or empty."""

    __slots__ = ("_at", "_data", "_fields")

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        fields = at - _int(data, at, 4, signed=True)
        size = _int(data, fields, 2)
        self._fields = [_int(data, fields + 4 + 2 * n, 2) for n in range((size - 4) // 2)]

    def has(self, field: int) -> bool:
        return self._place(field) is not None

    def number(self, field: int, size: int, default: int = 0) -> int:
        """A scalar of so many bytes, signed."""
        place = self._place(field)
        return default if place is None else _int(self._data, place, size, signed=True)

    def text(self, field: int, limit: int = 1 << 20) -> str:
        place = self._place(field)
        return "" if place is None else _text(self._data, place, limit)

    def table(self, field: int) -> Table | None:
        place = self._place(field)
        return None if place is None else Table(self._data, _target(self._data, place))

    def tables(self, field: int) -> list[Table]:
        return [Table(self._data, _target(self._data, at)) for at in self._items(field, 4)]

    def texts(self, field: int, limit: int = 1 << 20) -> list[str]:
        return [_text(self._data, at, limit) for at in self._items(field, 4)]

    def length(self, field: int) -> int:
        place = self._place(field)
        return 0 if place is None else _int(self._data, _target(self._data, place), 4)

    def _items(self, field: int, size: int) -> list[int]:
        place = self._place(field)
        if place is None:
            return []
        start = _target(self._data, place)
        count = _int(self._data, start, 4)
        if count > _MAX_VECTOR or start + 4 + size * count > len(self._data):
            raise Unreadable("its FlatBuffers vector is longer than the file")
        return [start + 4 + size * n for n in range(count)]

    def _place(self, field: int) -> int | None:
        offset = self._fields[field] if field < len(self._fields) else 0
        return self._at + offset if offset else None


def root(data: bytes) -> Table:
    """Raises `Unreadable`, as all of a table's methods do, for what leads out of the buffer."""
    return Table(data, _int(data, 0, 4))


def _int(data: bytes, at: int, size: int, signed: bool = False) -> int:
    if at < 0 or at + size > len(data):
        raise Unreadable("its FlatBuffers are damaged")
    return int.from_bytes(data[at : at + size], "little", signed=signed)


def _target(data: bytes, at: int) -> int:
    return at + _int(data, at, 4)


def _text(data: bytes, at: int, limit: int) -> str:
    start = _target(data, at)
    size = _int(data, start, 4)
    if start + 4 + size > len(data):
        raise Unreadable("its FlatBuffers are damaged")
    return data[start + 4 : start + 4 + min(size, limit)].decode("utf-8", "replace")

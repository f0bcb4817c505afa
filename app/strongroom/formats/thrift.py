"""Thrift compact protocol, read without a schema.

Format: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

import struct
from typing import Any

from strongroom.formats.source import Unreadable

_MAX_DEPTH = 24
_MAX_VALUES = 1_000_000


class _Compact:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.values = 0

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise Unreadable("the metadata is cut off")
        self.at += 1
        return self.data[self.at - 1]

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise Unreadable("the metadata is cut off")
        self.at += size
        return self.data[self.at - size : self.at]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise Unreadable("a number of the metadata is longer than 64 bits")

    def zigzag(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def value(self, kind: int, depth: int) -> Any:
        self.values += 1
        if self.values > _MAX_VALUES:
            raise Unreadable(f"the metadata has more than {_MAX_VALUES} values")
        if depth > _MAX_DEPTH:
            raise Unreadable("the metadata is nested too deep")
        if kind in (1, 2):  # inside lists a bool takes a byte; as a field its type is the value
            return self.byte() == 1
        if kind == 3:
            return int.from_bytes(self.take(1), "little", signed=True)
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 7:
            return struct.unpack("<d", self.take(8))[0]
        if kind == 8:
            return self.take(self.varint())
        if kind in (9, 10):
            return self.sequence(depth)
        if kind == 11:
            return self.mapping(depth)
        if kind == 12:
            return self.struct(depth)
        raise Unreadable(f"type {kind} of the metadata is unknown")

    def sequence(self, depth: int) -> list[Any]:
        head = self.byte()
        size, kind = head >> 4, head & 15
        if size == 15:
            size = self.varint()
        if size > len(self.data):
            raise Unreadable("a list of the metadata is longer than the file")
        return [self.value(kind, depth + 1) for _ in range(size)]

    def mapping(self, depth: int) -> list[tuple[Any, Any]]:
        size = self.varint()
        if size == 0:
            return []
        if size > len(self.data):
            raise Unreadable("a map of the metadata is longer than the file")
        kinds = self.byte()
        return [
            (self.value(kinds >> 4, depth + 1), self.value(kinds & 15, depth + 1))
            for _ in range(size)
        ]

    def struct(self, depth: int, last: int | None = None) -> dict[int, Any]:
        found: dict[int, Any] = {}
        number = 0
        while True:
            head = self.byte()
            if head == 0:
                return found
            kind = head & 15
            number = number + (head >> 4) if head >> 4 else self.zigzag()
            if last is not None and number > last:
                return found
            found[number] = kind == 1 if kind in (1, 2) else self.value(kind, depth + 1)


def read_struct(data: bytes, last: int | None = None) -> dict[int, Any]:
    """The struct at the start of `data` as {field number: value}; text comes as bytes.

    With `last` reading ends before the first field of a higher number.
    Raises `Unreadable` for cut-off or oversized (1,000,000 values, 24 levels) metadata.
    """
    return _Compact(data).struct(0, last)

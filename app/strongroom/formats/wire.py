"""Protocol Buffers wire format, read without a schema.

Format: https://protobuf.dev/programming-guides/encoding/. A message is a row of fields; each is a
number, a wire type and a value. Large payloads stay in the file until somebody asks for them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from strongroom.formats.source import Unreadable

VARINT, FIXED64, LEN, FIXED32 = 0, 1, 2, 5
_LARGEST_FIELD_NUMBER = (1 << 29) - 1


class Field(NamedTuple):
    """`value` is the unsigned number of VARINT and FIXED*; LEN lies at `start`, `size`."""

    number: int
    wire: int
    value: int
    start: int
    size: int


class Budget:
    """How many fields a whole read may still look at, over all nested messages."""

    def __init__(self, fields: int) -> None:
        self.left = fields

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Unreadable("it has more fields than are read for this format")


def signed(value: int) -> int:
    """A varint as the int64 it stands for."""
    return value - (1 << 64) if value >= 1 << 63 else value


def float32(value: int) -> float:
    return float(struct.unpack("<f", struct.pack("<I", value))[0])


def float64(value: int) -> float:
    return float(struct.unpack("<d", struct.pack("<Q", value))[0])


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= end:
            raise Unreadable("a number is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift > 63:
            raise Unreadable("a number is longer than 64 bits")


def _field(data: bytes, at: int, end: int, base: int, limit: int) -> tuple[Field, int]:
    key, at = _varint(data, at, end)
    number, wire = key >> 3, key & 7
    if not 0 < number <= _LARGEST_FIELD_NUMBER:
        raise Unreadable(f"field number {number} is not allowed")
    if wire == VARINT:
        value, at = _varint(data, at, end)
        return Field(number, wire, value, 0, 0), at
    if wire == LEN:
        size, at = _varint(data, at, end)
        if base + at + size > limit:
            raise Unreadable("a field is longer than the message that holds it")
        return Field(number, wire, 0, base + at, size), at + size
    width = {FIXED64: 8, FIXED32: 4}.get(wire)
    if width is None:
        raise Unreadable(f"wire type {wire} is not in use")
    if at + width > end:
        raise Unreadable("a number is cut off")
    return Field(number, wire, int.from_bytes(data[at : at + width], "little"), 0, 0), at + width


def fields(data: bytes, start: int = 0, size: int | None = None) -> Iterator[Field]:
    """The fields of a message in memory; raises `Unreadable`."""
    end = len(data) if size is None else start + size
    at = start
    while at < end:
        field, at = _field(data, at, end, 0, end)
        yield field


def stream_fields(stream: BinaryIO, start: int, size: int, budget: Budget) -> Iterator[Field]:
    """The fields of a message that lies in `stream`; payloads are skipped, not read."""
    at, end = start, start + size
    while at < end:
        budget.spend()
        stream.seek(at)
        piece = stream.read(min(24, end - at))
        if not piece:
            raise Unreadable("the file ends inside a message")
        field, used = _field(piece, 0, len(piece), at, end)
        yield field
        at += used


def payload(stream: BinaryIO, field: Field, limit: int) -> bytes:
    """The bytes of a LEN field, at most `limit` of them; raises `Unreadable`."""
    if field.wire != LEN:
        raise Unreadable(f"field {field.number} has an unexpected type")
    if field.size > limit:
        raise Unreadable(f"field {field.number} has {field.size} bytes, more than the {limit} read")
    stream.seek(field.start)
    data = stream.read(field.size)
    if len(data) < field.size:
        raise Unreadable("the file is cut off")
    return data

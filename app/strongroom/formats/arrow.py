"""Arrow IPC files and streams (and Feather 2): schema and count of rows, without the data.

Format: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
with the tables of format/Schema.fbs, Message.fbs and File.fbs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from strongroom.formats import flatbuffers
from strongroom.formats.flatbuffers import Table
from strongroom.formats.source import Source, Unreadable

_FILE = b"ARROW1\0\0"
_CONTINUED = 0xFFFFFFFF
_MAX_METADATA = 64 << 20
_MAX_MESSAGES = 5_000_000
_SCHEMA, _ROWS = 1, 3
#: The type union of Schema.fbs, by number.
_TYPES = (
    "", "null", "int", "float", "binary", "string", "bool", "decimal", "date", "time", "timestamp",
    "interval", "list", "struct", "union", "fixed_size_binary", "fixed_size_list", "map",
    "duration", "large_binary", "large_string", "large_list", "run_end_encoded", "binary_view",
    "string_view", "list_view", "large_list_view",
)  # fmt: skip
_FLOATS = ("float16", "float32", "float64")


@dataclass(frozen=True, slots=True)
class Layout:
    """`columns` are `(name, type, nullable)`; `rows` None where a message is damaged or cut off."""

    columns: tuple[tuple[str, str, bool], ...]
    rows: int | None
    batches: int
    metadata: dict[str, str]


def plausible(source: Source) -> bool:
    return source.head.startswith(_FILE) or (
        source.head.startswith(b"\xff\xff\xff\xff")
        and source.name.lower().endswith((".arrow", ".feather", ".arrows"))
    )


def read_layout(source: Source) -> Layout:
    """Raises `Unreadable` if there is no schema. Bodies are skipped, so this reads little."""
    with source.open() as stream:
        at = 8 if source.head.startswith(_FILE) else 0
        schema: Table | None = None
        rows: int | None = 0
        batches = 0
        for _ in range(_MAX_MESSAGES):
            try:
                message, at = _message(stream, at, source.size)
            except Unreadable:
                if schema is None:
                    raise
                rows = None
                break
            if message is None:
                break
            header = message.table(2)
            kind = message.number(1, 1)
            if kind == _SCHEMA and header is not None:
                schema = header
            elif kind == _ROWS and header is not None and rows is not None:
                rows += max(0, header.number(0, 8))
                batches += 1
    if schema is None:
        raise Unreadable("it has no Arrow schema")
    pairs = {one.text(0, 500): one.text(1, 4096) for one in schema.tables(2)}
    return Layout(tuple(map(_column, schema.tables(1))), rows, batches, pairs)


def _message(stream: BinaryIO, at: int, size: int) -> tuple[Table | None, int]:
    """The message at `at` and where the next one begins; None at the end of the stream."""
    stream.seek(at)
    head = stream.read(8)
    if len(head) < 4 or int.from_bytes(head[:4], "little") != _CONTINUED:
        return None, at
    length = int.from_bytes(head[4:8], "little")
    if length == 0:
        return None, at
    if length > _MAX_METADATA or at + 8 + length > size:
        raise Unreadable("its Arrow metadata is cut off")
    message = flatbuffers.root(stream.read(length))
    body = message.number(3, 8)
    if body < 0 or at + 8 + length + body > size:
        raise Unreadable("its Arrow rows are cut off")
    return message, at + 8 + length + body


def _column(field: Table) -> tuple[str, str, bool]:
    number = field.number(2, 1)
    kind = _TYPES[number] if 0 <= number < len(_TYPES) else "unknown"
    described = field.table(3)
    if kind == "int" and described is not None:
        kind = f"{'' if described.number(1, 1) else 'u'}int{described.number(0, 4)}"
    elif kind == "float" and described is not None:
        precision = described.number(0, 2)
        kind = _FLOATS[precision] if 0 <= precision < 3 else "float"
    if field.table(4) is not None:
        kind = f"dictionary of {kind}"
    return field.text(0, 1000), kind, bool(field.number(1, 1))

"""Parquet footer: rows, columns and types without the data.

Format: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from strongroom.formats.source import Source, Unreadable
from strongroom.formats.thrift import read_struct

_MAX_FOOTER = 32 << 20
_MAX_WHOLE = 1 << 20
_PHYSICAL = ("boolean", "int32", "int64", "int96", "float", "double", "bytes", "fixed bytes")
_CONVERTED = {
    0: "string", 1: "map", 3: "list", 4: "enum", 5: "decimal", 6: "date", 7: "time", 8: "time",
    9: "timestamp", 10: "timestamp", 11: "uint8", 12: "uint16", 13: "uint32", 14: "uint64",
    15: "int8", 16: "int16", 17: "int32", 18: "int64", 19: "json", 20: "bson", 21: "interval",
}  # fmt: skip
_NUMBERS = {1: "<i", 2: "<q", 4: "<f", 5: "<d"}
_AS_STORED = {
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double",
}  # fmt: skip
_LOGICAL = {
    1: "string", 2: "map", 3: "list", 4: "enum", 5: "decimal", 6: "date", 7: "time",
    8: "timestamp", 11: "null", 12: "json", 13: "bson", 14: "uuid", 15: "float16",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A leaf column; `name` is dotted where it is nested, `type` the logical or physical type.

    `nulls`, `low` and `high` are of all rows, by the footer's statistics: None where these do not
    tell it, or are of a type that is stored otherwise than it is meant.
    """

    name: str
    type: str
    nullable: bool
    nulls: int | None = None
    low: int | float | str | None = None
    high: int | float | str | None = None


@dataclass(frozen=True, slots=True)
class Footer:
    """`row_groups` None, and nothing in `created_by` and `metadata`, where the footer is large."""

    rows: int
    columns: tuple[Column, ...]
    row_groups: int | None
    created_by: str
    metadata: Mapping[str, str]


def read_footer(source: Source) -> Footer:
    """The footer; raises `Unreadable` if it is cut off, encrypted or over 32 MiB."""
    if source.size < 12 or source.head[:4] not in (b"PAR1", b"PARE"):
        raise Unreadable("it has no Parquet header")
    with source.open() as stream:
        stream.seek(source.size - 8)
        tail = stream.read(8)
        if tail[4:] == b"PARE":
            raise Unreadable("its footer is encrypted")
        if tail[4:] != b"PAR1":
            raise Unreadable("it has no Parquet footer: it is cut off or still being written")
        size = int.from_bytes(tail[:4], "little")
        if size > min(source.size - 12, _MAX_FOOTER):
            raise Unreadable(f"its footer claims {size} bytes")
        stream.seek(source.size - 8 - size)
        raw = stream.read(size)
    # of a wide table with many row groups only the schema and the count of rows are read
    meta = read_struct(raw, last=None if size <= _MAX_WHOLE else 3)
    schema, rows = meta.get(2), meta.get(3)
    if not isinstance(schema, list) or not isinstance(rows, int):
        raise Unreadable("its footer has no schema")
    groups = meta.get(4)
    pairs = meta.get(5) if isinstance(meta.get(5), list) else []
    return Footer(
        rows,
        tuple(_with_statistics(_columns(schema), groups)),
        len(groups) if isinstance(groups, list) else None,
        _text(meta.get(6)),
        {
            _text(pair.get(1)): _text(pair.get(2))
            for pair in pairs or []
            if isinstance(pair, dict) and len(pair.get(2) or b"") <= 4096
        },
    )


def _columns(schema: list[Any]) -> list[Column]:
    """Leaves of the schema tree, which is stored depth first with a child count per node."""
    found: list[Column] = []
    open_nodes: list[list[Any]] = []  # [name, children left]
    for place, node in enumerate(schema):
        if not isinstance(node, dict):
            raise Unreadable("its schema is damaged")
        children = node.get(5) or 0
        if not isinstance(children, int):
            raise Unreadable("its schema is damaged")
        name = _text(node.get(4))
        if place == 0:
            open_nodes.append(["", children])
            continue
        if not open_nodes:
            raise Unreadable("its schema is damaged")
        open_nodes[-1][1] -= 1
        path = [part for part, _ in open_nodes if part] + [name]
        if children:
            if len(open_nodes) > 32:
                raise Unreadable("its schema is nested too deep")
            open_nodes.append([name, children])
        else:
            found.append(Column(".".join(path), _type(node), node.get(3) != 0))
        while open_nodes and open_nodes[-1][1] <= 0:
            open_nodes.pop()
    return found


def _with_statistics(columns: list[Column], groups: Any) -> list[Column]:
    """The columns with what the statistics of all row groups together say."""
    if not isinstance(groups, list) or not groups:
        return columns
    by_column: list[list[dict[int, Any]]] = [[] for _ in columns]
    physical: list[int | None] = [None] * len(columns)
    for group in groups:
        chunks = group.get(1) if isinstance(group, dict) else None
        if not isinstance(chunks, list) or len(chunks) != len(columns):
            return columns
        for place, chunk in enumerate(chunks):
            meta = chunk.get(3) if isinstance(chunk, dict) else None
            meta = meta if isinstance(meta, dict) else {}
            found = meta.get(12)
            by_column[place].append(found if isinstance(found, dict) else {})
            physical[place] = meta.get(1)
    return [
        _told(column, kind, statistics)
        for column, kind, statistics in zip(columns, physical, by_column, strict=True)
    ]


def _told(column: Column, physical: int | None, groups: list[dict[int, Any]]) -> Column:
    """Statistics: max is field 5 (1 in old files), min 6 (2), null_count 3."""
    nulls = [group.get(3) for group in groups]
    lows: list[Any] = [_value(column.type, physical, g.get(6, g.get(2))) for g in groups]
    highs: list[Any] = [_value(column.type, physical, g.get(5, g.get(1))) for g in groups]
    known = all(type(value) in (int, float, str) for value in (*lows, *highs))
    return replace(
        column,
        nulls=sum(n for n in nulls if n) if all(isinstance(n, int) for n in nulls) else None,
        low=min(lows) if known else None,
        high=max(highs) if known else None,
    )


def _value(kind: str, physical: int | None, raw: Any) -> int | float | str | None:
    if not isinstance(raw, bytes):
        return None
    if kind in ("string", "enum") and physical == 6:
        return raw[:200].decode("utf-8", "replace")
    code = _NUMBERS.get(physical or 0)
    if code is None or len(raw) != struct.calcsize(code) or kind not in _AS_STORED:
        return None
    if kind.startswith("uint"):
        code = code.upper()
    number: int | float = struct.unpack(code, raw)[0]
    return number if number == number else None


def _type(node: dict[int, Any]) -> str:
    logical = node.get(10)
    if isinstance(logical, dict):
        for number, kind in logical.items():
            if number in _LOGICAL:
                return _LOGICAL[number]
            if number == 10 and isinstance(kind, dict):  # INTEGER {bitWidth, isSigned}
                return f"{'int' if kind.get(2) else 'uint'}{kind.get(1)}"
    if node.get(6) in _CONVERTED:
        return _CONVERTED[node[6]]
    physical = node.get(1)
    if isinstance(physical, int) and 0 <= physical < len(_PHYSICAL):
        return _PHYSICAL[physical]
    return "unknown"


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""

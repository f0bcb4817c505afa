"""Tables: the first rows of delimited text and JSON lines; of Parquet the schema."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

from strongroom.domain.quantities import size_text
from strongroom.formats import table as delimited
from strongroom.formats.parquet import read_footer
from strongroom.formats.source import Source, Unreadable
from strongroom.formats.text import is_text, lines
from strongroom.services.previews.request import Request

ROWS = 1000
COLUMNS = 200
#: Characters of one cell.
CELL = 300
#: Rows of a larger file are not counted.
_COUNTED = 256 << 20
_LONGEST_LINE = 1 << 20


def claims(source: Source) -> bool:
    return _reader(source) is not None


def show(source: Source, request: Request) -> dict[str, Any]:
    reader = _reader(source)
    assert reader is not None
    return reader(source)


def table(
    columns: Sequence[tuple[str, str]],
    rows: list[list[str]],
    total: int | None,
    reason: str = "",
) -> dict[str, Any]:
    """The answer of every kind that shows rows; `total` None: nobody counted them."""
    width = min(len(columns), COLUMNS)
    if len(columns) > width:
        reason = "; ".join(r for r in (reason, f"{width} of {len(columns)} columns") if r)
    return {
        "kind": "table",
        "columns": [{"name": name[:CELL], "type": kind} for name, kind in columns[:width]],
        "rows": [(cells + [""] * width)[:width] for cells in rows],
        "total": total,
        "reason": reason,
    }


def _reader(source: Source) -> Callable[[Source], dict[str, Any]] | None:
    name = source.name.lower()
    if source.head[:4] in (b"PAR1", b"PARE"):
        return _parquet
    if not is_text(source.head) or not source.size:
        return None
    if name.endswith((".csv", ".tsv")):
        return _delimited
    if name.endswith((".jsonl", ".ndjson")):
        return _json_lines
    return None


def _delimited(source: Source) -> dict[str, Any]:
    shape = delimited.sniff(source)
    # a row more than is shown, so that a short file's end is known without counting
    found = list(itertools.islice(delimited.rows(source, shape), ROWS + 1))
    rows = [[_cut(cell) for cell in cells] for cells in found[:ROWS]]
    total: int | None = len(found)
    if len(found) > ROWS:
        total = delimited.count_rows(source, shape) if source.size <= _COUNTED else None
    reason = "" if shape.headed else "the file names no columns"
    return table([(name, "text") for name in shape.columns], rows, total, reason)


def _json_lines(source: Source) -> dict[str, Any]:
    """Columns are the keys in the order in which they first come."""
    records: list[dict[str, Any]] = []
    columns: dict[str, None] = {}
    torn = seen = 0
    budget = 64 << 20
    for line in lines(source.open(), source.head, _LONGEST_LINE, budget):
        if not line.strip():
            continue
        seen += 1
        if seen > ROWS:
            break
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            torn += 1
            continue
        record = value if isinstance(value, dict) else {"value": value}
        records.append(record)
        for key in itertools.islice(record, COLUMNS):
            if len(columns) <= COLUMNS:
                columns[str(key)] = None
    if not records:
        raise Unreadable("none of its first lines is JSON")
    names = list(columns)
    rows = [[_json_cell(record[n]) if n in record else "" for n in names] for record in records]
    reason = f"{torn} of its first {min(seen, ROWS)} lines are not JSON" if torn else ""
    return table([(n, "text") for n in names], rows, len(rows) if seen <= ROWS else None, reason)


def _parquet(source: Source) -> dict[str, Any]:
    footer = read_footer(source)
    rows = [[c.name[:CELL], c.type, "yes" if c.nullable else "no"] for c in footer.columns[:ROWS]]
    groups = f" in {footer.row_groups} row groups" if footer.row_groups else ""
    reason = (
        f"a Parquet file of {size_text(source.size)} with {footer.rows:,} rows{groups}: "
        "its columns are shown, its rows are not read here"
    )
    columns = [("Column", "text"), ("Type", "text"), ("May be empty", "text")]
    return table(columns, rows, len(footer.columns), reason)


def _json_cell(value: Any) -> str:
    if isinstance(value, str):
        return _cut(value)
    if value is None:
        return ""
    try:
        return _cut(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        return "…"


def _cut(text: str) -> str:
    """One line of the cell; what is no printable character is shown as one that is not."""
    shown = text if len(text) <= CELL else text[: CELL - 1] + "…"
    return "".join(
        c if c.isprintable() else " " if c in "\t\r\n" else "\N{REPLACEMENT CHARACTER}"
        for c in shown
    )

"""Profiles of CSV, TSV and JSON Lines files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, BinaryIO

from strongroom.extract import cells
from strongroom.extract.conventions import base
from strongroom.extract.profile_table import MAX_COLUMNS, Table
from strongroom.formats.document import read_json
from strongroom.formats.source import Source, Unreadable
from strongroom.formats.table import rows, sniff
from strongroom.formats.text import is_text, lines

#: Cells that are in memory at a time.
_CELLS = 200_000
_EVERYTHING = 1 << 62
_LONGEST_LINE = 4 << 20
_BATCH_CHARACTERS = 16 << 20
_TABLES = (".csv", ".tsv", ".tab")
_RECORDS = (".jsonl", ".ndjson", ".jsonlines")

Tick = Callable[[int], None]


def fits(source: Source) -> bool:
    return base(source.path).endswith((*_TABLES, *_RECORDS)) and is_text(source.head)


def profile(source: Source, tick: Tick) -> dict[str, Any]:
    told = _Place(source)
    if base(source.path).endswith(_TABLES):
        return _table(told, tick)
    return _records(told, tick)


class _Place:
    """A source that knows how far it is read."""

    def __init__(self, source: Source) -> None:
        self._streams: list[BinaryIO] = []
        self.source = dataclasses.replace(source, open=self._open)
        self._inner = source

    def _open(self) -> BinaryIO:
        self._streams.append(self._inner.open())
        return self._streams[-1]

    def done(self) -> int:
        stream = self._streams[-1]
        return self.source.size if stream.closed else stream.tell()


def _table(place: _Place, tick: Tick) -> dict[str, Any]:
    shape = sniff(place.source)
    width = len(shape.columns)
    names = shape.columns[: MAX_COLUMNS + 1]
    table, why = Table(), ""
    whole = rows(place.source, shape, _EVERYTHING)
    try:
        while batch := list(islice(whole, max(100, _CELLS // width))):
            even = [
                row if len(row) == width else (row + [""] * (width - len(row)))[:width]
                for row in batch
            ]
            columns = zip(*even, strict=True)
            found = {
                name: cells.of_texts(column, shape.decimal_comma)
                for name, column in zip(names, columns, strict=False)
            }
            table.add(len(batch), found)
            tick(place.done())
    except Unreadable as problem:
        why = f"only the first {table.rows} rows are described: {problem}"
    if not table.rows:  # the header alone is a table too
        table.add(0, {name: cells.of_texts(()) for name in names})
    return table.document(why)


def _records(place: _Place, tick: Tick) -> dict[str, Any]:
    table, why, damaged = Table(), "", 0
    source = place.source
    all_lines = lines(source.open(), source.head, _LONGEST_LINE, _EVERYTHING)
    try:
        for batch in _batches(all_lines):
            records = []
            for line in batch:
                try:
                    record = read_json(line.encode("utf-8", "replace"))
                except Unreadable:
                    damaged += line.endswith("\n")  # a last one without an end is still written
                    continue
                records.append(record if isinstance(record, dict) else {"value": record})
            if records:
                table.add(len(records), _by_column(records))
            tick(place.done())
    except Unreadable as problem:
        why = f"only the first {table.rows} rows are described: {problem}"
    if not table.rows:
        raise Unreadable("it has no whole line of JSON")
    if damaged:
        why = f"{damaged} lines are no JSON" + (f"; {why}" if why else "")
    return table.document(why)


def _batches(all_lines: Iterator[str]) -> Iterator[list[str]]:
    """Lines that say something, so many that they are 16 MiB of text at most."""
    batch: list[str] = []
    size = 0
    for line in all_lines:
        if line.isspace():
            continue
        batch.append(line)
        size += len(line)
        if size >= _BATCH_CHARACTERS or len(batch) >= _CELLS // 10:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _by_column(records: list[dict[str, Any]]) -> dict[str, cells.Cells]:
    names = dict.fromkeys(name for record in records for name in record)
    return {
        name: cells.of_values([_plain(record.get(name)) for record in records])
        for name in islice(names, MAX_COLUMNS + 1)
    }


def _plain(value: Any) -> Any:
    """Lists and objects as the text of their JSON."""
    return json.dumps(value, sort_keys=True) if isinstance(value, (list, dict)) else value

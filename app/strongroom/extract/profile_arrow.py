"""Profiles of Parquet and Arrow IPC files: by pyarrow where it is installed, else by their footers.

pyarrow is an optional extra (`parquet`). It works on one thread, and within a bounded heap.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from strongroom.extract import cells
from strongroom.extract.profile_table import MAX_COLUMNS, Table
from strongroom.formats.arrow import read_layout
from strongroom.formats.parquet import read_footer
from strongroom.formats.source import Source, Unreadable
from strongroom.formats.table import unique

_ROWS = 1 << 15
_CELLS = 400_000
_BUFFER = 1 << 20
#: Decoded bytes of rows that are in memory at a time, about.
_BATCH_BYTES = 24 << 20
_ZEROS = re.compile(r"(?:\.0+|(\.[0-9]*?[1-9])0+)(?=Z?\Z)")
_IPC_FILE = b"ARROW1"
_IPC_STREAM = b"\xff\xff\xff\xff"

Tick = Callable[[int], None]


def fits(source: Source) -> bool:
    return source.head.startswith((b"PAR1", _IPC_FILE)) or (
        source.head.startswith(_IPC_STREAM) and source.name.lower().endswith((".arrow", ".feather"))
    )


def profile(source: Source, tick: Tick) -> dict[str, Any]:
    try:
        arrow = _arrow()
    except ImportError:
        return by_footer(source)
    try:
        return _by_data(arrow, source, tick)
    except (arrow.ArrowException, OSError, ValueError, KeyError) as problem:
        raise Unreadable(f"Arrow cannot read it: {str(problem)[:200]}") from None


def _arrow() -> Any:
    # Its own heap would take address space by the gigabyte, which the limited child has not.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    import pyarrow

    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    return pyarrow


def _by_data(arrow: Any, source: Source, tick: Tick) -> dict[str, Any]:
    table = Table()
    with source.open() as stream:
        schema, batches = _opened(arrow, source, stream)
        names = dict(zip(schema.names, unique(schema.names), strict=False))
        for field in schema:
            table.declare(names[field.name], str(field.type)[:100], _says_little(arrow, field.type))
        for batch, done in batches:
            found = {
                names[name]: _cells(arrow, column)
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
                if not _says_little(arrow, column.type)
            }
            table.add(batch.num_rows, found)
            tick(done)
    return table.document()


def _opened(arrow: Any, source: Source, stream: Any) -> tuple[Any, Iterator[tuple[Any, int]]]:
    """The schema, and the rows piece by piece with how many bytes are done."""
    if source.head.startswith(b"PAR1"):
        import pyarrow.parquet

        parquet = pyarrow.parquet.ParquetFile(stream, pre_buffer=False, buffer_size=_BUFFER)
        return parquet.schema_arrow, _parquet_rows(arrow, source, parquet)
    options = arrow.ipc.IpcReadOptions(use_threads=False)
    if source.head.startswith(_IPC_FILE):
        reader = arrow.ipc.open_file(stream, options=options)
        batches = (reader.get_batch(n) for n in range(reader.num_record_batches))
    else:
        reader = arrow.ipc.open_stream(stream, options=options)
        batches = iter(reader)
    return reader.schema, (
        (batch.slice(start, _ROWS), stream.tell())
        for batch in batches
        for start in range(0, batch.num_rows, _ROWS)
    )


def _parquet_rows(arrow: Any, source: Source, parquet: Any) -> Iterator[tuple[Any, int]]:
    meta = parquet.metadata
    wanted = [f.name for f in parquet.schema_arrow if not _says_little(arrow, f.type)]
    wanted = wanted[: MAX_COLUMNS + 1]
    size = sum(meta.row_group(n).total_byte_size for n in range(meta.num_row_groups))
    by_size = _BATCH_BYTES * meta.num_rows // max(1, size)
    rows = max(64, min(_ROWS, _CELLS // max(1, len(wanted)), by_size))
    seen = 0
    for batch in parquet.iter_batches(batch_size=rows, columns=wanted, use_threads=False):
        seen += batch.num_rows
        yield batch, source.size * seen // max(1, meta.num_rows)


def _says_little(arrow: Any, kind: Any) -> bool:
    """Pictures, vectors and the like are named, but not looked into."""
    types = arrow.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        types.is_nested(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
        or isinstance(kind, arrow.BaseExtensionType)
    )


def _cells(arrow: Any, column: Any) -> cells.Cells:
    types, kind = arrow.types, column.type
    if types.is_null(kind):
        return cells.of_values([None] * len(column))
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        whole = types.is_integer(kind)
        numbers = column.cast(arrow.float64(), safe=False).to_numpy(zero_copy_only=False)
        return cells.of_numbers(numbers.astype(np.float64, copy=False), whole)
    coded = column if types.is_dictionary(kind) else column.dictionary_encode()
    words = coded.dictionary
    if not types.is_boolean(words.type):
        words = words.cast(arrow.string())
    different = [*words.to_pylist(), None]
    if types.is_temporal(coded.dictionary.type):  # however fine the clock, a time is one text
        different = [_ZEROS.sub(r"\1", word) if word else word for word in different]
    places = coded.indices.cast(arrow.int64()).fill_null(len(different) - 1)
    return cells.of_places(different, places.to_numpy(zero_copy_only=False))


def by_footer(source: Source) -> dict[str, Any]:
    """What the statistics of a Parquet footer tell, or the schema of an Arrow file."""
    why = "pyarrow is not installed, so only what the file says of itself is known"
    if not source.head.startswith(b"PAR1"):
        layout = read_layout(source)
        columns = [
            {"name": name, "type": kind, "nulls": None, "distinct": None}
            for name, kind, _ in layout.columns[:MAX_COLUMNS]
        ]
        return {"kind": "table", "rows": layout.rows, "columns": columns, "row_sketch": None,
                "partial": True, "why": why}  # fmt: skip
    footer = read_footer(source)
    return {
        "kind": "table",
        "rows": footer.rows,
        "columns": [
            {
                "name": column.name,
                "type": column.type,
                "nulls": column.nulls,
                "distinct": None,
                "min": column.low,
                "max": column.high,
            }
            for column in footer.columns[:MAX_COLUMNS]
        ],
        "row_sketch": None,
        "partial": True,
        "why": why,
    }

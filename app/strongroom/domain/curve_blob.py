"""One long curve as a blob of its own, so that it can be read without the others of its run.

A line of canonical JSON, filled up with blanks to a multiple of eight bytes, says what follows:
`{"columns":["steps","times","values"],"points":N,"schema":"strongroom.curve/1","whole":[…]}`.
Then the columns come in this order, each N little-endian IEEE 754 doubles. A column that is not
named is unknown throughout (NaN); `whole` names the columns whose numbers were all integers.
"""

from __future__ import annotations

import json
import math
import sys
from array import array

from strongroom.domain.canonical import dumps
from strongroom.domain.series import Series, doubles

SCHEMA = "strongroom.curve/1"
_COLUMNS = ("steps", "times", "values")
_LONGEST_HEAD = 1 << 12


def pack(series: Series) -> bytes:
    found = {name: getattr(series, name) for name in _COLUMNS}
    known = {name: c for name, c in found.items() if name == "values" or not _unknown(c)}
    whole = [
        name
        for name, is_whole in (("steps", series.whole_steps), ("values", series.whole_values))
        if is_whole and name in known
    ]
    head = dumps({"schema": SCHEMA, "points": len(series), "columns": list(known), "whole": whole})
    padding = b" " * (-(len(head) + 1) % 8)
    return b"".join((head, padding, b"\n", *map(_little, known.values())))


def unpack(data: bytes) -> Series:
    """Raises `ValueError` for what `pack` does not give."""
    end = data.find(b"\n", 0, _LONGEST_HEAD)
    head = json.loads(data[: max(end, 0)] or b"null")
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        raise ValueError(f"not a {SCHEMA}")
    points, names = head["points"], head["columns"]
    if not isinstance(points, int) or len(data) != end + 1 + 8 * points * len(names):
        raise ValueError("a curve of another length than it says")
    columns: dict[str, array[float]] = {}
    view = memoryview(data)
    for place, name in enumerate(names):
        start = end + 1 + 8 * points * place
        columns[name] = _native(view[start : start + 8 * points])
    unknown = doubles([math.nan]) * points
    return Series(
        columns.get("steps", unknown),
        columns.get("times", unknown),
        columns["values"],
        "steps" in head["whole"],
        "values" in head["whole"],
    )


def _unknown(column: array[float]) -> bool:
    return not any(value == value for value in column)


def _little(column: array[float]) -> bytes:
    if sys.byteorder == "little":
        return column.tobytes()
    turned = doubles(column)
    turned.byteswap()
    return turned.tobytes()


def _native(data: memoryview) -> array[float]:
    column = doubles()
    column.frombytes(data)
    if sys.byteorder != "little":
        column.byteswap()
    return column

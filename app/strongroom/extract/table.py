"""CSV and TSV: a metric history where rows count steps, else a dataset with rows and columns."""

from __future__ import annotations

from itertools import islice
from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.domain.series import doubles, is_whole
from strongroom.extract.conventions import (
    base,
    is_counter,
    is_time,
    metric_table,
    step_name,
)
from strongroom.extract.curve import Curves, finals, series, thinning
from strongroom.extract.reader import Reader
from strongroom.formats.number import is_blank, parse_number
from strongroom.formats.source import Source, Unreadable, source_from_bytes
from strongroom.formats.table import MAX_CHARACTERS, Shape, count_rows, rows, sniff
from strongroom.formats.text import is_text

_SUFFIXES = (".csv", ".tsv", ".tab")
#: More columns than this are features, not metrics.
_MAX_METRICS = 1000
_MAX_COLUMNS = 20_000
#: Of a longer history only the beginning is read, and the reader says so.
_MAX_HISTORY = 1 << 30
#: Rows that are looked at by column.
_PIECE = 1000
_DIGITS = frozenset("0123456789-+,")
_PLAIN_NUMBERS = _DIGITS | set(".eE")
_TYPED_ROWS = 1000
_TYPED_CELLS = 200_000


def fits(source: Source) -> bool:
    return base(source.path).endswith(_SUFFIXES) and is_text(source.head)


def read(source: Source) -> Facts:
    shape = sniff(source)
    if _counts_steps(source, shape):
        return _history(source, shape)
    return _dataset(source, shape)


def _counts_steps(source: Source, shape: Shape) -> bool:
    """A metric history has a step column first or a telling name, and numbers throughout."""
    if len(shape.columns) > _MAX_METRICS or not shape.headed:
        return False
    if not is_counter(shape.columns[0]) and not metric_table(source.path):
        return False
    seen = 0
    try:
        for cells in rows(_head_only(source), shape):
            seen += 1
            if not _numeric(cells, shape):
                return False
            if seen >= 50:
                break
    except Unreadable:
        return seen > 0
    return seen > 0 or metric_table(source.path) or is_counter(shape.columns[0])


def _numeric(cells: list[str], shape: Shape) -> bool:
    """Whether most cells of a row that says something are numbers (a date or a note is allowed)."""
    said = [c for c in cells if not is_blank(c)]
    numbers = sum(parse_number(c, shape.decimal_comma) is not None for c in said)
    return 2 * numbers >= len(said)


def _head_only(source: Source) -> Source:
    """The first whole lines, enough to tell what the rest is."""
    if source.size <= len(source.head):
        return source
    cut = source.head.rfind(b"\n") + 1
    return source_from_bytes(source.path, source.head[:cut])


def _history(source: Source, shape: Shape) -> Facts:
    counter = step_name(shape.columns)
    at = shape.columns.index(counter) if counter else -1
    clock = next((n for n, c in enumerate(shape.columns) if is_time(c)), -1)
    watched = [
        (n, name)
        for n, name in enumerate(shape.columns)
        if n not in (at, clock) and not is_counter(name) and not is_time(name)
    ]
    curves = Curves()
    count = 0
    warnings: list[str] = []
    try:
        whole = rows(source, shape, _MAX_HISTORY)
        while piece := list(islice(whole, _PIECE)):
            _gather(piece, count, curves, watched, at, clock, shape)
            count += len(piece)
    except Unreadable as why:
        warnings.append(f"Only the first {count} rows are read: {why}.")
    if source.size > _MAX_HISTORY:
        warnings.append(f"Only the first {_MAX_HISTORY >> 20} MiB are read.")
    if not count and not warnings:
        warnings.append("It has no rows yet.")
    about: dict[str, Any] = {"rows": count, "columns": list(shape.columns)}
    return Facts(
        kind=Kind.METRICS,
        format="csv",
        metrics=finals(curves),
        series=series(curves),
        about=about,
        warnings=(*warnings, *thinning(curves)),
    )


def _gather(
    piece: list[list[str]],
    first: int,
    curves: Curves,
    watched: list[tuple[int, str]],
    at: int,
    clock: int,
    shape: Shape,
) -> None:
    """Some rows, of which the first is `first`; by column where all its cells are numbers."""
    width = len(shape.columns)
    steps = list(range(first, first + len(piece))) if at < 0 else _steps(piece, at, shape)
    if clock < 0 and steps is not None and all(len(cells) == width for cells in piece):
        columns = list(zip(*piece, strict=True))
        watched = [
            (n, name)
            for n, name in watched
            if not _extended(curves, name, steps, columns[n], shape)
        ]
    if not watched:
        return
    for place, cells in enumerate(piece, first):
        step = _step(cells, at, shape) if at >= 0 else place
        time = _time(cells, clock, shape)
        for n, name in watched:
            if n < len(cells) and cells[n]:
                value = parse_number(cells[n], shape.decimal_comma)
                if value is not None:
                    curves[name].add(step, value, time)


def _steps(piece: list[list[str]], at: int, shape: Shape) -> list[int] | None:
    """Whole steps that do not fall, else None."""
    found: list[int] = []
    for cells in piece:
        step = _step(cells, at, shape)
        if not isinstance(step, int) or not is_whole(step) or (found and step < found[-1]):
            return None
        found.append(step)
    return found


def _extended(
    curves: Curves, name: str, steps: list[int], cells: tuple[str, ...], shape: Shape
) -> bool:
    """Whether all cells were plain numbers of one kind, and are points of the curve now."""
    text = ",".join(cells)
    if shape.decimal_comma or not _PLAIN_NUMBERS.issuperset(text):
        return False
    whole = _DIGITS.issuperset(text)
    try:
        values = doubles(map(float, cells))
    except ValueError:
        return False
    if whole and not -1e15 < min(values) <= max(values) < 1e15:
        return False
    last = parse_number(cells[-1])
    if last is None:
        return False
    curves[name].extend(steps, values, whole, last)
    return True


def _step(cells: list[str], at: int, shape: Shape) -> int | float | None:
    value = parse_number(cells[at], shape.decimal_comma) if at < len(cells) else None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if value == value else None


def _time(cells: list[str], clock: int, shape: Shape) -> float | None:
    """Only Unix times: seconds since the start are no point in time."""
    if not 0 <= clock < len(cells):
        return None
    value = parse_number(cells[clock], shape.decimal_comma)
    return float(value) if value is not None and 1e9 < value < 1e11 else None


def _dataset(source: Source, shape: Shape) -> Facts:
    types: list[str] = [""] * len(shape.columns)
    typed = max(20, min(_TYPED_ROWS, _TYPED_CELLS // len(types)))
    count = 0
    warnings: list[str] = []
    try:
        counted = count_rows(source, shape)
        for cells in rows(source, shape):
            if count < typed:
                for n, cell in enumerate(cells[: len(types)]):
                    types[n] = _wider(types[n], cell, shape)
            elif counted is not None:
                break
            count += 1
        if counted is None and source.size > MAX_CHARACTERS:
            warnings.append(f"Only the first {MAX_CHARACTERS >> 20} MiB are counted.")
        count = count if counted is None else counted
    except Unreadable as why:
        warnings.append(f"Only the first {count} rows are counted: {why}.")
    about: dict[str, Any] = {
        "rows": count,
        "columns": [
            {"name": name, "type": kind or "empty"}
            for name, kind in zip(shape.columns, types, strict=True)
        ][:_MAX_COLUMNS],
        "delimiter": shape.delimiter,
        "encoding": shape.encoding,
        "header": shape.headed,
    }
    return Facts(kind=Kind.DATASET, format="csv", about=about, warnings=tuple(warnings))


def _wider(known: str, cell: str, shape: Shape) -> str:
    """The type that holds both what was seen so far and this cell."""
    if known == "text" or not cell.strip():
        return known
    value = parse_number(cell, shape.decimal_comma)
    if value is None:
        if is_blank(cell):
            return known
        found = "bool" if cell.strip().lower() in ("true", "false") else "text"
        return found if known in ("", found) else "text"
    found = "int" if isinstance(value, int) else "float"
    if known in ("", found):
        return found
    return "float" if {known, found} == {"int", "float"} else "text"


reader = Reader("table", 1, fits, read)

"""JSON Lines: a metric history where objects count steps, else a dataset of records."""

from __future__ import annotations

from typing import Any

from strongroom.domain.facts import Facts, Kind, Number
from strongroom.extract.conventions import base, is_counter, is_time, metrics_like, step_name
from strongroom.extract.curve import Curves, finals, series, thinning
from strongroom.extract.reader import Reader
from strongroom.formats.document import read_json
from strongroom.formats.number import is_number, parse_number
from strongroom.formats.source import Source, Unreadable
from strongroom.formats.text import lines

_LONGEST_LINE = 4 << 20
_MAX_CHARACTERS = 1 << 30
_PARSED_LINES = 200_000
_MAX_NAMES = 5000


def fits(source: Source) -> bool:
    return base(source.path).endswith((".jsonl", ".ndjson", ".jsonlines"))


def read(source: Source) -> Facts:
    """Of a dataset lines behind the first 200,000 are counted only."""
    columns: dict[str, None] = {}
    curves = Curves()
    count = damaged = 0
    warnings: list[str] = []
    torn = counts_only = False
    try:
        for line in lines(source.open(), source.head, _LONGEST_LINE, _MAX_CHARACTERS):
            if not line.strip():
                continue
            if count == _PARSED_LINES:
                counts_only = not _is_history(source, columns, curves)
            if not counts_only:
                try:
                    record = read_json(line.encode("utf-8", "replace"))
                except Unreadable:
                    torn = not line.endswith("\n")
                    damaged += not torn
                    continue
                if isinstance(record, dict):
                    add_record(record, count, curves)
                    for name in list(record)[:_MAX_NAMES]:
                        if len(columns) < _MAX_NAMES:
                            columns.setdefault(str(name))
            count += 1
    except Unreadable as why:
        warnings.append(f"Only the first {count} lines are read: {why}.")
    if damaged:
        warnings.append(f"{damaged} lines are not JSON and are left out.")
    if not count:
        raise Unreadable("it has no whole line of JSON")
    about: dict[str, Any] = {"rows": count, "columns": [{"name": c, "type": ""} for c in columns]}
    if not _is_history(source, columns, curves):
        return Facts(Kind.DATASET, "jsonl", about=about, warnings=tuple(warnings))
    return Facts(
        kind=Kind.METRICS,
        format="jsonl",
        metrics=finals(curves),
        series=series(curves),
        about=about,
        warnings=(*warnings, *thinning(curves)),
    )


def _is_history(source: Source, columns: dict[str, None], curves: Curves) -> bool:
    counts = metrics_like(source.path) or step_name(list(columns)) is not None
    return bool(curves) and counts


def add_record(record: dict[str, Any], place: int, curves: Curves) -> None:
    """The numbers of one logged object at its step, or at its place where it names none."""
    counter = step_name(list(record))
    step = record.get(counter) if counter else place
    at = step if is_number(step) and step == step else None
    for name, value in record.items():
        if is_counter(name) or is_time(name):
            continue
        number = as_number(value)
        if number is not None and (name in curves or len(curves) < _MAX_NAMES):
            curves[name].add(at, number)


def as_number(value: Any) -> Number | None:
    """A metric's value: a number, or one of the words for NaN and the infinities."""
    if is_number(value):
        return value  # type: ignore[no-any-return]
    if isinstance(value, str) and value.strip().lower().strip("+-") in ("nan", "inf", "infinity"):
        return parse_number(value)
    return None


reader = Reader("jsonl", 1, fits, read)

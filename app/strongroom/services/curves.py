"""Whole curves of a run as columns of plain numbers, of one that has ended or still goes on."""

from __future__ import annotations

import json
import math
import re
import time
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from strongroom.catalog import catalog
from strongroom.domain.errors import Damaged, NotFound
from strongroom.domain.facts import RunStatus
from strongroom.services.access import act
from strongroom.services.desk import Desk

#: Characters decoded in one go, and seconds of rest after it. Decoding holds the interpreter, and
#: whoever waits for it (the window, at each thing it paints) would wait for milliseconds each time.
_PIECE = 1 << 14
_REST = 0.0002
_COLUMNS = ("steps", "times", "values")
_START = re.compile(r'"series":\{')


def _doubles() -> array[float]:
    return array("d")


@dataclass(frozen=True, slots=True)
class Columns:
    """One curve, point by point: doubles; NaN where a point has no step or no time.

    `steps` count whatever the training counts, `times` are Unix seconds. `whole` is how many
    points there are; a run that is going on hands over fewer, which look the same when drawn.
    """

    steps: array[float] = field(default_factory=_doubles)
    times: array[float] = field(default_factory=_doubles)
    values: array[float] = field(default_factory=_doubles)
    whole: int = 0


Curves = dict[str, Columns]


@act("run.find")
def run_series(desk: Desk, run: str) -> Curves:
    """Every curve of the run by name; raises `NotFound`, and `Damaged` for stored ones that are."""
    from strongroom.services import live_series

    row = catalog.run_by_id(desk.engine, run)
    if row is None:
        raise NotFound("there is no such run", run, "see `strongroom run list`")
    if row.status == RunStatus.RUNNING:  # of one that was ended from elsewhere they may be left
        found = live_series.read(desk.place.live, run)
        if found is not None:
            return found
    if row.series is None:
        return {}
    text = b"".join(desk.store.chunks(row.series)).decode()
    try:
        return parsed(text)
    except (ValueError, IndexError) as error:
        raise Damaged(
            "the run's curves cannot be read", run, "run `strongroom verify --repair`"
        ) from error


def columns_of(points: Iterable[tuple[Any, Any, Any]], whole: int) -> Columns:
    """Of `(step, time, value)`; None is NaN."""
    made = Columns(whole=whole)
    for step, at, value in points:
        made.steps.append(_double(step))
        made.times.append(_double(at))
        made.values.append(_double(value))
    return made


def parsed(text: str) -> Curves:
    """The curves of a sealed series document (`domain/record.py`), decoded piece by piece.

    Its form is canonical, so it is known where each column begins: no other white space, keys in
    order, and within a column no bracket and no comma but between its numbers. Raises
    `ValueError` or `IndexError` for anything else.
    """
    start = _START.search(text)
    if start is None:
        raise ValueError("no series")
    at, curves, names = start.end(), Curves(), json.JSONDecoder()
    while text[at] != "}":
        at += text[at] == ","
        name, at = names.raw_decode(text, at)
        found: dict[str, array[float]] = {}
        if text[at : at + 2] != ":{":
            raise ValueError("no columns")
        at += 2
        for column in _COLUMNS:
            opening = f'"{column}":['
            at += text[at] == ","
            if not text.startswith(opening, at):
                raise ValueError(f"no column {column}")
            at += len(opening)
            end = text.index("]", at)
            found[column] = _column(text, at, end)
            at = end + 1
        if text[at] != "}" or len({len(c) for c in found.values()}) > 1:
            raise ValueError("columns of unequal length")
        at += 1
        curves[name] = Columns(**found, whole=len(found["values"]))
    return curves


def _column(text: str, at: int, end: int) -> array[float]:
    made = _doubles()
    while at < end:
        cut = text.find(",", at + _PIECE, end)
        cut = end if cut < 0 else cut
        piece = json.loads(f"[{text[at:cut]}]")
        try:
            made.extend(array("d", piece))
        except (TypeError, OverflowError):
            made.extend(map(_double, piece))
        at = cut + 1
        time.sleep(_REST)
    return made


def _double(value: Any) -> float:
    """As close as a double comes; the escapes of canonical JSON are read too."""
    if value is None:
        return math.nan
    if isinstance(value, dict):
        (value,) = value.values()
    try:
        return float(value)
    except OverflowError:
        return math.inf if int(value) > 0 else -math.inf

"""Whole curves of a run as columns of plain numbers, of one that has ended or still goes on."""

from __future__ import annotations

import functools
import json
import math
import re
import time
from array import array
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from strongroom.catalog import catalog
from strongroom.domain import curve_blob
from strongroom.domain.digest import parse_digest
from strongroom.domain.errors import Damaged, NotFound
from strongroom.domain.facts import RunStatus
from strongroom.domain.record import INDEX_SCHEMA, SERIES_SCHEMA, Document, is_index, parse_document
from strongroom.domain.series import Series
from strongroom.extract.curve import reduced
from strongroom.services.access import act
from strongroom.services.desk import Desk

#: Characters decoded in one go, and seconds of rest after it. Decoding holds the interpreter, and
#: whoever waits for it (the window, at each thing it paints) would wait for milliseconds each time.
_PIECE = 1 << 14
_REST = 0.0002
#: No curve is drawn with fewer points than this, if it has them.
_FEWEST = 2000
_COLUMNS = ("steps", "times", "values")
#: What a column of integers never holds: a dot, an exponent, or the escape of a float.
_FRACTION = re.compile(r"[.eE{]")
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
def run_series(
    desk: Desk, run: str, names: Collection[str] | None = None, most: int | None = None
) -> Curves:
    """Curves of the run by name, all or those of these `names`; one that it has not is left out.

    With `most` all of them together have about so many points, which look the same when drawn; one
    is read after the other, so that no more than that is in memory.

    Raises `NotFound`, and `Damaged` for stored ones that are.
    """
    from strongroom.services import live_series

    row = catalog.run_by_id(desk.engine, run)
    if row is None:
        raise NotFound("there is no such run", run, "see `strongroom run list`")
    if row.status == RunStatus.RUNNING:  # of one that was ended from elsewhere they may be left
        found = live_series.read(desk.place.live, run)
        if found is not None:
            return found if names is None else {n: c for n, c in found.items() if n in names}
    if row.series is None:
        return {}
    try:
        return {
            name: Columns(one.steps, one.times, one.values, whole)
            for name, (one, whole) in _sealed(desk, row.series, names, most).items()
        }
    except (ValueError, LookupError, TypeError) as error:
        raise Damaged(
            "the run's curves cannot be read", run, "run `strongroom verify --repair`"
        ) from error


def sealed_series(
    desk: Desk, digest: bytes, names: Collection[str] | None = None
) -> dict[str, Series]:
    """The curves of a series document, all or those of these names; each is read by itself where
    they are blobs. Raises `Damaged`, and `ValueError`, `LookupError` or `TypeError` for a document
    that is none.
    """
    return {name: one for name, (one, _) in _sealed(desk, digest, names, None).items()}


def _sealed(
    desk: Desk, digest: bytes, names: Collection[str] | None, most: int | None
) -> dict[str, tuple[Series, int]]:
    """Curves, each with how many points there are of it."""
    data = b"".join(desk.store.chunks(digest))
    found: dict[str, Callable[[], Series]] = {}
    if is_index(data):
        for name, curve in parse_document(data, INDEX_SCHEMA)["curves"].items():
            found[name] = functools.partial(_stored, desk, curve["blob"])
    else:
        for name, one in parsed(data.decode()).items():
            found[name] = functools.partial(_same, one)
    wanted = [name for name in found if names is None or name in names]
    each = max(_FEWEST, most // max(1, len(wanted))) if most is not None else None
    read: dict[str, tuple[Series, int]] = {}
    for name in wanted:
        whole = found[name]()
        read[name] = whole if each is None else reduced(whole, each), len(whole)
    return read


def _stored(desk: Desk, blob: str) -> Series:
    return curve_blob.unpack(desk.store.read(parse_digest(blob)))


def _same(series: Series) -> Series:
    return series


def plain_series(desk: Desk, digest: bytes) -> Document:
    """The whole curves as plain numbers: `{name: {"steps", "times", "values"}}`."""
    data = b"".join(desk.store.chunks(digest))
    if not is_index(data):
        columns: Document = parse_document(data, SERIES_SCHEMA)["series"]
        return columns
    return {
        name: {
            "steps": one.plain_steps(),
            "times": one.plain_times(),
            "values": one.plain_values(),
        }
        for name, one in sealed_series(desk, digest).items()
    }


def columns_of(points: Iterable[tuple[Any, Any, Any]], whole: int) -> Columns:
    """Of `(step, time, value)`; None is NaN."""
    made = Columns(whole=whole)
    for step, at, value in points:
        made.steps.append(_double(step))
        made.times.append(_double(at))
        made.values.append(_double(value))
    return made


def parsed(text: str) -> dict[str, Series]:
    """The curves of a sealed series document (`domain/record.py`), decoded piece by piece.

    Its form is canonical, so it is known where each column begins: no other white space, keys in
    order, and within a column no bracket and no comma but between its numbers. Raises
    `ValueError` or `IndexError` for anything else.
    """
    start = _START.search(text)
    if start is None:
        raise ValueError("no series")
    at, names = start.end(), json.JSONDecoder()
    curves: dict[str, Series] = {}
    while text[at] != "}":
        at += text[at] == ","
        name, at = names.raw_decode(text, at)
        found: dict[str, array[float]] = {}
        whole: dict[str, bool] = {}
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
            whole[column] = not _FRACTION.search(text, at, end)
            at = end + 1
        if text[at] != "}" or len({len(c) for c in found.values()}) > 1:
            raise ValueError("columns of unequal length")
        at += 1
        curves[name] = Series(**found, whole_steps=whole["steps"], whole_values=whole["values"])
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

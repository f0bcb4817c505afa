"""Many runs as numbers on axes: which parameters and metrics there are, and where each run lies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.domain.key_metric import key_metric
from strongroom.domain.metrics import direction
from strongroom.gui import wording

#: A word axis with more values than this says nothing; so many axes are shown unasked.
_MOST_WORDS = 12
PARAMS, METRICS = 5, 3


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter or metric. `words`: the values of one that is no number, in their order;
    `better`: higher or lower, where that is known.
    """

    name: str
    is_metric: bool
    low: float
    high: float
    words: tuple[str, ...] = ()
    better: str | None = None

    def text(self, share: float) -> str:
        """What stands at a place of the axis, 0 at its foot and 1 at its head."""
        if self.words:
            return self.words[
                min(len(self.words) - 1, max(0, round(share * (len(self.words) - 1))))
            ]
        return wording.number_text(float(f"{self.low + share * (self.high - self.low):.4g}"))


@dataclass(frozen=True, slots=True)
class Row:
    """One run. `places` by axis: 0 to 1, None where it has no such value; `texts` as is read."""

    id: str
    name: str
    status: str
    places: tuple[float | None, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Frame:
    """`axes` are all there are, the telling ones first; `shown` so many of them at first."""

    axes: tuple[Axis, ...] = ()
    rows: tuple[Row, ...] = ()
    shown: tuple[str, ...] = ()

    def at(self, name: str) -> int:
        """The place of an axis; -1 where there is none of this name."""
        return next((n for n, axis in enumerate(self.axes) if axis.name == name), -1)


Brushes = Mapping[str, tuple[float, float]]


def frame(runs: Sequence[Mapping[str, Any]], decided: Mapping[str, str]) -> Frame:
    """Of documents of runs. What is the same in all of them is no axis."""
    axes: list[tuple[Axis, list[float | None], list[str]]] = []
    for is_metric, field in ((False, "params"), (True, "metrics")):
        names = dict.fromkeys(name for run in runs for name in run[field])
        for name in names:
            values = [run[field].get(name) for run in runs]
            made = _axis(name, is_metric, values, decided)
            if made is not None:
                axes.append(made)
    axes.sort(key=lambda one: -sum(place is not None for place in one[1]))
    rows = tuple(
        Row(
            run["id"],
            run["name"],
            run["status"],
            tuple(places[n] for _, places, _ in axes),
            tuple(texts[n] for _, _, texts in axes),
        )
        for n, run in enumerate(runs)
    )
    found = tuple(axis for axis, _, _ in axes)
    return Frame(found, rows, _first(found))


def _first(axes: Sequence[Axis]) -> tuple[str, ...]:
    params = [axis.name for axis in axes if not axis.is_metric][:PARAMS]
    metrics = {axis.name: 0.0 for axis in axes if axis.is_metric}
    chosen: list[str] = []
    while metrics and len(chosen) < METRICS:
        best = key_metric(metrics)
        assert best is not None
        chosen.append(best[0])
        del metrics[best[0]]
    return (*params, *reversed(chosen))  # the most telling at the right end


def _axis(
    name: str, is_metric: bool, values: list[Any], decided: Mapping[str, str]
) -> tuple[Axis, list[float | None], list[str]] | None:
    known = [value for value in values if value is not None]
    numbers = [number for value in known if (number := _number(value)) is not None]
    if numbers and len(numbers) == len(known):
        finite = [number for number in numbers if math.isfinite(number)]
        if not finite or min(finite) == max(finite):
            return None
        low, high = min(finite), max(finite)
        places = [_place(value, low, high) for value in values]
        texts = ["–" if value is None else wording.number_text(value) for value in values]
        better = direction(name, decided) if is_metric else None
        return Axis(name, is_metric, low, high, better=better), places, texts
    words = sorted({wording.value_text(value, 40) for value in known})
    if is_metric or not 2 <= len(words) <= _MOST_WORDS:
        return None
    texts = ["–" if value is None else wording.value_text(value, 40) for value in values]
    places = [
        None if value is None else words.index(text) / (len(words) - 1)
        for value, text in zip(values, texts, strict=True)
    ]
    return Axis(name, is_metric, 0.0, 1.0, tuple(words)), places, texts


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value in ("nan", "inf", "-inf"):
        return float(value)
    if not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _place(value: Any, low: float, high: float) -> float | None:
    number = _number(value)
    if number is None or number != number:
        return None
    return min(1.0, max(0.0, (number - low) / (high - low)))


def inside(found: Frame, brushes: Brushes) -> list[int]:
    """Rows that lie within every brush; where a run has no value it lies in none."""
    ranges = [(found.at(name), low, high) for name, (low, high) in brushes.items()]
    return [
        n
        for n, row in enumerate(found.rows)
        if all(
            at < 0 or ((place := row.places[at]) is not None and low <= place <= high)
            for at, low, high in ranges
        )
    ]

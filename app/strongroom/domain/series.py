"""A metric over time in columns of doubles: eight bytes a number, whatever a curve's length."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

#: Whole numbers up to here are the same as doubles.
_EXACT = float(1 << 53)


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric. `step` None: nothing is counted; `time`: Unix seconds or None."""

    step: int | float | None
    value: int | float
    time: float | None = None


def doubles(numbers: Iterable[float] = ()) -> array[float]:
    return array("d", numbers)


def double(value: Any) -> float:
    """A number as a double: None is NaN, an int that no double reaches is an infinity."""
    if value is None:
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


@dataclass(frozen=True, slots=True, eq=False)
class Series(Sequence[Point]):
    """One curve, point by point: columns of one length, NaN where a point has no step or time.

    `steps` count whatever the training counts, `times` are Unix seconds. `whole_steps` and
    `whole_values` tell that every number of the column was a whole one and is shown as such.
    Columns may be shared between curves, so nobody writes into them.
    """

    steps: array[float] = field(default_factory=doubles)
    times: array[float] = field(default_factory=doubles)
    values: array[float] = field(default_factory=doubles)
    whole_steps: bool = False
    whole_values: bool = False

    def __post_init__(self) -> None:
        if not len(self.steps) == len(self.times) == len(self.values):
            raise ValueError("columns of unequal length")

    @classmethod
    def of(cls, points: Iterable[Point]) -> Series:
        rows = list(points)
        return cls(
            doubles(double(p.step) for p in rows),
            doubles(double(p.time) for p in rows),
            doubles(double(p.value) for p in rows),
            all(p.step is None or is_whole(p.step) for p in rows),
            all(is_whole(p.value) for p in rows),
        )

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, at: int) -> Point: ...
    @overload
    def __getitem__(self, at: slice) -> Series: ...
    def __getitem__(self, at: int | slice) -> Point | Series:
        if isinstance(at, slice):
            return Series(
                self.steps[at], self.times[at], self.values[at], self.whole_steps, self.whole_values
            )
        return _point(self, self.steps[at], self.values[at], self.times[at])

    def __iter__(self) -> Iterator[Point]:
        for step, value, time in zip(self.steps, self.values, self.times, strict=True):
            yield _point(self, step, value, time)

    def __eq__(self, other: object) -> bool:
        """Number by number, where NaN is NaN."""
        if not isinstance(other, Series):
            return NotImplemented
        return all(
            mine.tobytes() == theirs.tobytes()
            for mine, theirs in (
                (self.steps, other.steps),
                (self.times, other.times),
                (self.values, other.values),
            )
        ) and (self.whole_steps, self.whole_values) == (other.whole_steps, other.whole_values)

    def __hash__(self) -> int:
        return hash((len(self), self.values[:1].tobytes(), self.values[-1:].tobytes()))

    def followed_by(self, more: Series) -> Series:
        """Both, one after the other."""
        return Series(
            self.steps + more.steps,
            self.times + more.times,
            self.values + more.values,
            self.whole_steps and more.whole_steps,
            self.whole_values and more.whole_values,
        )

    def plain_steps(self) -> list[int | float | None]:
        return _plain(self.steps, self.whole_steps)

    def plain_times(self) -> list[int | float | None]:
        return _plain(self.times, False)

    def plain_values(self) -> list[int | float]:
        return list(map(int, self.values)) if self.whole_values else self.values.tolist()

    def summary(self) -> dict[str, Any]:
        """`{points, last, min, max}`; NaN counts as a point but is no minimum or maximum."""
        values = self.values
        low: float | None
        high: float | None
        if values and math.isfinite(sum(values)):  # then none of them is NaN
            low, high = min(values), max(values)
        else:
            low = min((v for v in values if v == v), default=None)
            high = max((v for v in values if v == v), default=None)
        shown = {"last": values[-1] if values else None, "min": low, "max": high}
        if self.whole_values:
            shown = {name: None if v is None else int(v) for name, v in shown.items()}
        return {"points": len(values), **shown}


def is_whole(value: Any) -> bool:
    """Whether this is an int that a double holds exactly."""
    return isinstance(value, int) and -_EXACT <= value <= _EXACT


def _point(series: Series, step: float, value: float, time: float) -> Point:
    return Point(
        (int(step) if series.whole_steps else step) if step == step else None,
        int(value) if series.whole_values else value,
        time if time == time else None,
    )


def _plain(column: array[float], whole: bool) -> list[int | float | None]:
    if whole:
        return [int(v) if v == v else None for v in column]
    return [v if v == v else None for v in column]

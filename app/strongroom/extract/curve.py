"""A metric's points gathered in bounded memory, and the final value that they end in."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite, nan

from strongroom.domain.facts import Number
from strongroom.domain.series import Series, double, doubles, is_whole

#: Points kept of one metric, and of all metrics of one file together (up to 24 bytes each). Of
#: more, the lowest and the highest of each stretch stay, and the first and the last of all.
MAX_POINTS = 1_000_000
MAX_TOGETHER = 20_000_000
_SETTLE_AT = 1 << 15


class Room:
    """How many points each of the curves that share it may have."""

    def __init__(self, each: int = MAX_POINTS, together: int = MAX_TOGETHER) -> None:
        self._each, self._together, self._curves = each, together, 0
        self.left = each

    def one_more(self) -> None:
        self._curves += 1
        self.left = max(16, min(self._each, self._together // self._curves))


class Curve:
    """Points in the order they come; `final` is the one at the highest step."""

    def __init__(self, room: Room | None = None) -> None:
        self._room = room or Room()
        self._room.one_more()
        self._kept = _Columns()
        self._fresh = _Columns()  # came last, not thinned out yet
        self._stretch = 1  # with thinning: so many points that came are two of those kept
        self._counted = self._whole_steps = self._whole_values = True
        self._final: Number | None = None
        self._final_step: int | float | None = None

    def add(self, step: int | float | None, value: Number, time: float | None = None) -> None:
        before = self._final_step
        if self._final is None or step is None or before is None or not step < before:
            self._final, self._final_step = value, step
        if step is None or step != step:
            self._counted, step = False, nan
        elif type(step) is not int or not is_whole(step):
            self._whole_steps, step = False, double(step)
        if type(value) is not float:
            self._whole_values = self._whole_values and is_whole(value)
            value = double(value)
        else:
            self._whole_values = False
        fresh = self._fresh
        fresh.steps.append(step)
        fresh.values.append(value)
        if time is not None:
            fresh.set_time(time)
        if len(fresh.values) >= _SETTLE_AT:
            self._settle()

    def extend(
        self, steps: Sequence[int], values: Sequence[float], whole: bool, last: Number
    ) -> None:
        """Many points without a time at once: steps that do not fall, and whether all values are
        whole numbers; `last` is the last of them as it was.
        """
        if self._final is None or self._final_step is None or not steps[-1] < self._final_step:
            self._final, self._final_step = last, steps[-1]
        self._whole_values = self._whole_values and whole
        self._fresh.steps.extend(steps)
        self._fresh.values.extend(values)
        if len(self._fresh.values) >= _SETTLE_AT:
            self._settle()

    @property
    def final(self) -> Number:
        if self._final is None:
            raise ValueError("a curve without points has no final value")
        return self._final

    @property
    def thinned(self) -> bool:
        return self._stretch > 1

    def points(self) -> Series:
        """In step order; points of one step keep the order in which they came."""
        self._settle()
        kept = self._kept
        steps, values, times = kept.steps, kept.values, kept.whole_times()
        if self._counted and (order := step_order(steps)) is not None:
            steps, values, times = (doubles(c[n] for n in order) for c in (steps, values, times))
        return Series(steps, times, values, self._whole_steps, self._whole_values)

    def _settle(self) -> None:
        fresh, self._fresh = self._fresh, _Columns()
        if self._stretch > 1:
            fresh = fresh.taken(standing_out(fresh.values, self._stretch))
        self._kept.append(fresh)
        while len(self._kept.values) > self._room.left:
            self._stretch = 4 if self._stretch == 1 else 2 * self._stretch
            self._kept = self._kept.taken(standing_out(self._kept.values, 4))


class _Columns:
    """Steps, values and, from the first time on that is known, times; NaN for what is not."""

    def __init__(self) -> None:
        self.steps, self.values = doubles(), doubles()
        self.times: array[float] | None = None

    def set_time(self, time: float) -> None:
        """Of the last point."""
        if self.times is None:
            self.times = doubles()
        self.times.extend(_nans(len(self.values) - 1 - len(self.times)))
        self.times.append(time)

    def whole_times(self) -> array[float]:
        if self.times is None:
            return _nans(len(self.values))
        self.times.extend(_nans(len(self.values) - len(self.times)))
        return self.times

    def append(self, other: _Columns) -> None:
        if self.times is not None or other.times is not None:
            self.times = self.whole_times()
            self.times.extend(other.whole_times())
        self.steps.extend(other.steps)
        self.values.extend(other.values)

    def taken(self, places: list[int]) -> _Columns:
        made = _Columns()
        made.steps = doubles(map(self.steps.__getitem__, places))
        made.values = doubles(map(self.values.__getitem__, places))
        if self.times is not None:
            made.times = doubles(map(self.whole_times().__getitem__, places))
        return made


def _nans(count: int) -> array[float]:
    return doubles([nan]) * count


def step_order(steps: array[float]) -> list[int] | None:
    """Where the points belong so that their steps rise; None where they do."""
    before = steps[0] if steps else 0.0
    for step in steps:
        if step < before:
            return sorted(range(len(steps)), key=steps.__getitem__)
        before = step
    return None


def standing_out(values: Sequence[float], stretch: int) -> list[int]:
    """Which points stand for all when drawn, in order.

    First and last, the lowest and the highest of each stretch of so many points, and one that is
    no finite number for each stretch that has some.
    """
    if not values:
        return []
    kept = {0, len(values) - 1}
    for start in range(0, len(values), stretch):
        piece = values[start : start + stretch]
        if isfinite(sum(piece)):
            kept.add(start + piece.index(min(piece)))
            kept.add(start + piece.index(max(piece)))
            continue
        sound = [v for v in piece if isfinite(v)]
        if sound:
            kept.add(start + piece.index(min(sound)))
            kept.add(start + piece.index(max(sound)))
        if len(sound) < len(piece):
            kept.add(next(start + n for n, v in enumerate(piece) if not isfinite(v)))
    return sorted(kept)


def reduced(series: Series, most: int) -> Series:
    """About `most` of the points, in order, that look like all of them when drawn."""
    if len(series) <= most:
        return series
    places = standing_out(series.values, -(-2 * len(series) // max(2, most)))
    steps, times, values = (
        doubles(map(column.__getitem__, places))
        for column in (series.steps, series.times, series.values)
    )
    return Series(steps, times, values, series.whole_steps, series.whole_values)


class Curves(dict[str, Curve]):
    """The curves of one file by name; they share their room."""

    def __init__(self) -> None:
        super().__init__()
        self._room = Room()

    def __missing__(self, name: str) -> Curve:
        curve = self[name] = Curve(self._room)
        return curve


def finals(curves: Mapping[str, Curve]) -> dict[str, Number]:
    return {name: curve.final for name, curve in curves.items()}


def series(curves: Mapping[str, Curve]) -> dict[str, Series]:
    """The points of each; what two curves have in common is there once."""
    return shared({name: curve.points() for name, curve in curves.items()})


def shared(curves: Mapping[str, Series]) -> dict[str, Series]:
    """The same curves, with one column for those that have the same steps, or no times."""
    seen: dict[bytes, array[float]] = {}
    found = {}
    for name, one in curves.items():
        steps, times = (
            seen.setdefault(_digest(column), column) for column in (one.steps, one.times)
        )
        found[name] = Series(steps, times, one.values, one.whole_steps, one.whole_values)
    return found


def thinning(curves: Mapping[str, Curve]) -> tuple[str, ...]:
    """The sentence that says so if not every point of every curve was kept."""
    names = [name for name, curve in curves.items() if curve.thinned]
    if not names:
        return ()
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return (
        f"The curve {names[0]}{more} has more points than are kept;"
        " the lowest and highest of each stretch stay.",
    )


def counted(values: Iterable[Number]) -> Curve:
    """A curve over a plain list, with its place in the list as the step."""
    curve = Curve()
    for step, value in enumerate(values):
        curve.add(step, value)
    return curve


def _digest(column: array[float]) -> bytes:
    return hashlib.sha256(column).digest()

"""A metric's points gathered in bounded memory, and the final value that they end in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from strongroom.domain.facts import Number, Point

#: Points kept of one metric; more are thinned out evenly, the last one always stays.
MAX_POINTS = 20_000


class Curve:
    """Points in the order they come; `final` is the one at the highest step."""

    def __init__(self) -> None:
        self._kept: list[Point] = []
        self._stride = 1
        self._count = 0
        self._final: Number | None = None
        self._final_step: int | float | None = None
        self._last: tuple[int | float | None, Number, float | None] | None = None

    def add(self, step: int | float | None, value: Number, time: float | None = None) -> None:
        self._last = step, value, time
        if self._final is None or _not_before(step, self._final_step):
            self._final, self._final_step = value, step
        if self._count % self._stride == 0:
            self._kept.append(Point(step, value, time))
            if len(self._kept) > 2 * MAX_POINTS:
                self._kept = self._kept[::2]
                self._stride *= 2
        self._count += 1

    @property
    def final(self) -> Number:
        if self._final is None:
            raise ValueError("a curve without points has no final value")
        return self._final

    def points(self) -> tuple[Point, ...]:
        """In step order; points of one step keep the order in which they came."""
        found = list(self._kept)
        if self._last is not None and (self._count - 1) % self._stride:
            found.append(Point(*self._last))
        if all(p.step is not None and p.step == p.step for p in found):
            found.sort(key=lambda p: p.step or 0)
        return tuple(found)


def _not_before(step: int | float | None, other: int | float | None) -> bool:
    return step is None or other is None or not step < other


def finals(curves: Mapping[str, Curve]) -> dict[str, Number]:
    return {name: curve.final for name, curve in curves.items()}


def series(curves: Mapping[str, Curve]) -> dict[str, tuple[Point, ...]]:
    return {name: curve.points() for name, curve in curves.items()}


def reduced(points: Sequence[Point], most: int) -> list[Point]:
    """About `most` of the points, in order, that look like all of them when drawn.

    First and last, the lowest and the highest of each stretch, and one that is no finite number
    for each stretch that has some.
    """
    if len(points) <= most:
        return list(points)
    stretches = max(1, most // 2)
    kept = {0, len(points) - 1}
    for stretch in range(stretches):
        start = stretch * len(points) // stretches
        end = (stretch + 1) * len(points) // stretches
        values = [p.value for p in points[start:end]]
        sound = [v for v in values if isfinite(v)]
        if sound:
            kept.add(start + values.index(min(sound)))
            kept.add(start + values.index(max(sound)))
        if len(sound) < len(values):
            kept.add(next(start + i for i, v in enumerate(values) if not isfinite(v)))
    return [points[at] for at in sorted(kept)]


def counted(values: Iterable[Number]) -> Curve:
    """A curve over a plain list, with its place in the list as the step."""
    curve = Curve()
    for step, value in enumerate(values):
        curve.add(step, value)
    return curve

"""Curves as arrays to draw: grouped by metric, smoothed, and thinned to what a screen can show.

Needs numpy, so only those that have a curve in hand import it; what is done here for a whole run
belongs on a reading thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strongroom.services.curves import Columns, Curves

Doubles = NDArray[np.float64]
#: Words that say which data a metric was measured on, in the order that a legend has them.
_SETS = {
    "train": 0, "training": 0, "learn": 0, "val": 1, "valid": 1, "validation": 1, "eval": 1,
    "test": 2,
}  # fmt: skip
_WORDS = re.compile(r"[^/_. -]+")
#: Below this a weight of smoothing adds nothing that can be seen.
_FAINT = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One curve in the order of its steps. `steps` may be plain counting where the training
    counts nothing; `elapsed`: seconds since the run's first point, None where no times are known.
    `whole`: points that the run has, of which these may be a selection.
    """

    name: str
    steps: Doubles
    elapsed: Doubles | None
    values: Doubles
    whole: int

    def x(self, by_time: bool) -> Doubles | None:
        return self.elapsed if by_time else self.steps

    @property
    def last(self) -> float:
        return float(self.values[-1]) if len(self.values) else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """What one plot shows: a metric as it was measured on one or several sets of data."""

    title: str
    traces: tuple[Trace, ...]


def grouped(curves: Curves) -> tuple[Group, ...]:
    """All curves of a run as plots, in the order of their titles, losses first."""
    started = _first_time(curves.values())
    found: dict[str, list[Trace]] = {}
    for name, columns in curves.items():
        if len(columns.values):
            found.setdefault(metric_of(name), []).append(_trace(name, columns, started))
    groups = [
        Group(title, tuple(sorted(traces, key=lambda t: (_set_of(t.name), t.name))))
        for title, traces in found.items()
    ]
    return tuple(sorted(groups, key=lambda g: ("loss" not in g.title.lower(), g.title.lower())))


def metric_of(name: str) -> str:
    """The metric's name without the set it was measured on: `loss` of `val_loss`, `eval/loss`."""
    parts = _WORDS.findall(name)
    gaps = _WORDS.split(name)[1:]
    kept = [(word, gap) for word, gap in zip(parts, gaps, strict=True) if not _is_set(word)]
    if not kept:
        return name
    return "".join(word + gap for word, gap in kept).strip("/_. -") or name


def _is_set(word: str) -> bool:
    return word.lower() in _SETS


def _set_of(name: str) -> int:
    """Plain `loss` stands where training does: that is what frameworks mean by it."""
    return max((_SETS[w.lower()] for w in _WORDS.findall(name) if _is_set(w)), default=0)


def _first_time(columns: Iterable[Columns]) -> float:
    firsts = [
        float(np.nanmin(times))
        for c in columns
        if len(times := np.frombuffer(c.times)) and not np.isnan(times).all()
    ]
    return min(firsts, default=0.0)


def trace_of(name: str, columns: Columns) -> Trace:
    """One curve alone; its time begins with its first point."""
    return _trace(name, columns, _first_time([columns]))


def _trace(name: str, columns: Columns, started: float) -> Trace:
    steps, times = np.array(columns.steps), np.array(columns.times)
    values = np.array(columns.values)
    if not np.isfinite(steps).all():
        steps = np.arange(len(values), dtype=np.float64)
    elapsed = times - started if np.isfinite(times).all() else None
    if (np.diff(steps) < 0).any():
        order = np.argsort(steps, kind="stable")
        steps, values = steps[order], values[order]
        elapsed = elapsed[order] if elapsed is not None else None
    if elapsed is not None and (np.diff(elapsed) < 0).any():
        elapsed = np.maximum.accumulate(elapsed)  # a clock that was set back
    return Trace(name, steps, elapsed, values, columns.whole)


def smoothed(values: Doubles, weight: float) -> Doubles:
    """The running mean in which each earlier value counts `weight` times the one after it.

    Begins unbiased (the first value is itself); values that are no finite number stay as they
    are and count nothing. Doubles its reach at each pass, so it costs the logarithm of it.
    """
    if weight <= 0:
        return values
    sound = np.isfinite(values)
    total, count = np.where(sound, values, 0.0), sound.astype(np.float64)
    reach, factor = 1, weight
    while reach < len(values) and factor > _FAINT:
        total[reach:] = total[reach:] + factor * total[:-reach]
        count[reach:] = count[reach:] + factor * count[:-reach]
        reach, factor = 2 * reach, factor * factor
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sound, total / count, values)


def thinned(x: Doubles, y: Doubles, columns: int) -> tuple[Doubles, Doubles]:
    """At most `2 * columns` points that draw the same picture: the lowest and the highest of each
    stretch. NaN (a gap) stays only where a whole stretch has nothing else.
    """
    if len(y) <= 4 * columns:
        return x, y
    starts = np.arange(0, len(y), -(-len(y) // columns))
    sound = np.isfinite(y)
    low = np.minimum.reduceat(np.where(sound, y, np.inf), starts)
    high = np.maximum.reduceat(np.where(sound, y, -np.inf), starts)
    empty = ~np.isfinite(low)
    low[empty] = high[empty] = np.nan
    return np.repeat(x[starts], 2), np.column_stack((low, high)).ravel()


def seen(x: Doubles, y: Doubles, left: float, right: float) -> tuple[Doubles, Doubles]:
    """The points from `left` to `right` and one beyond on either side."""
    begin = max(0, int(np.searchsorted(x, left)) - 1)
    end = min(len(x), int(np.searchsorted(x, right, side="right")) + 1)
    return x[begin:end], y[begin:end]


def drawable(values: Doubles, log: bool) -> Doubles:
    """What has a place in the plot; the rest is NaN. With `log` the decimal logarithm."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if log:
            return np.where(np.isfinite(values) & (values > 0), np.log10(values), np.nan)
        return np.where(np.isfinite(values), values, np.nan)


def odd_points(x: Doubles, y: Doubles, values: Doubles, most: int = 300) -> tuple[Doubles, Doubles]:
    """Where marks for NaN and infinite values stand: at the height of the value before."""
    at = np.flatnonzero(~np.isfinite(values))
    if len(at) == 0:
        return x[:0], y[:0]
    if len(at) > most:
        at = at[:: -(-len(at) // most)]
    sound = np.flatnonzero(np.isfinite(y))
    if len(sound) == 0:
        return x[at], np.zeros(len(at))
    before = np.clip(np.searchsorted(sound, at, side="right") - 1, 0, None)
    return x[at], y[sound[before]]


def lone_points(y: Doubles, most: int = 300) -> NDArray[np.intp]:
    """Where a point that can be drawn has no such neighbour: no line would show it."""
    sound = np.isfinite(y)
    beside = np.zeros(len(y), dtype=bool)
    beside[1:] |= sound[:-1]
    beside[:-1] |= sound[1:]
    return np.flatnonzero(sound & ~beside)[:most]


def odd_count(trace: Trace) -> int:
    """How many points are NaN or infinite."""
    return int(np.count_nonzero(~np.isfinite(trace.values)))


def span(arrays: Sequence[Doubles]) -> tuple[float, float] | None:
    """Lowest and highest finite value of all; None where there is none."""
    sound = [a[np.isfinite(a)] for a in arrays]
    sound = [a for a in sound if len(a)]
    if not sound:
        return None
    return min(float(a.min()) for a in sound), max(float(a.max()) for a in sound)


def nearest(x: Doubles, wanted: float) -> int | None:
    """The index of the point nearest to `wanted`; of several with one x the last."""
    if len(x) == 0:
        return None
    after = int(np.searchsorted(x, wanted, side="right"))
    if after == 0:
        return 0
    if after == len(x) or wanted - x[after - 1] <= x[after] - wanted:
        return after - 1
    return after


def all_x(groups: Sequence[Group], by_time: bool) -> Doubles:
    """Every x at which a curve has a point, once, in order."""
    found = [x for g in groups for t in g.traces if (x := t.x(by_time)) is not None]
    return np.unique(np.concatenate(found)) if found else np.empty(0)

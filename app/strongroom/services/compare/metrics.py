"""Metrics: by how much each moved, and whether that is for the better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from strongroom.domain.metrics import HIGHER, direction
from strongroom.services.compare import rows
from strongroom.services.compare.section import Section
from strongroom.services.compare.subject import Subject, Tick
from strongroom.services.desk import Desk
from strongroom.services.metric_directions import directions
from strongroom.services.views import Document

BETTER_A, BETTER_B, SAME, UNKNOWN = "a", "b", "same", "unknown"


def compare(desk: Desk, a: Subject, b: Subject, tick: Tick) -> list[Document]:
    """`[{"name", "a", "b", "delta", "better"}]` of all metrics; None where one has no value."""
    ways = directions(desk)
    of_a, of_b = a.values("metrics"), b.values("metrics")
    return [
        {
            "name": name,
            "a": of_a.get(name),
            "b": of_b.get(name),
            "delta": delta(of_a.get(name), of_b.get(name)),
            "better": better(of_a.get(name), of_b.get(name), way_of(name, ways)),
        }
        for name in sorted(of_a.keys() | of_b.keys())
    ]


def differs(section: list[Document]) -> bool:
    return any(one["better"] != SAME for one in section)


def table(desk: Desk, subjects: Sequence[Subject], baseline: int, tick: Tick) -> Document | None:
    """Rows as of `rows.side_by_side`, further with `direction` (or None), `deltas` (of the
    baseline None), `better` (a: the baseline, b: the subject) and `best`: who has the best value.
    """
    found = [s.values("metrics") for s in subjects]
    if not any(found):
        return None
    ways = directions(desk)
    lines = rows.side_by_side(found, baseline, equal=rows.alike_numbers)
    for line in lines:
        values, way = line["values"], way_of(line["name"], ways)
        base = values[baseline]
        line["direction"] = way
        line["deltas"] = [None if i == baseline else delta(base, v) for i, v in enumerate(values)]
        line["better"] = [
            None if i == baseline else better(base, v, way) for i, v in enumerate(values)
        ]
        line["best"] = _best(values, way)
    return rows.counted(lines)


def way_of(name: str, ways: Mapping[str, str]) -> str | None:
    return ways.get(name) or direction(name)


def delta(a: Any, b: Any) -> float | None:
    """What was added; None where either has no value. Of what is not finite it is NaN or an
    infinity, but equal values have none: 0.
    """
    if not _is_number(a) or not _is_number(b):
        return None
    if rows.alike_numbers(a, b):
        return 0
    try:
        return b - a  # type: ignore[no-any-return]
    except OverflowError:
        return math.inf if b > a else -math.inf


def better(a: Any, b: Any, way: str | None) -> str:
    if not _is_number(a) or not _is_number(b):
        return SAME if rows.alike(a, b) else UNKNOWN
    if rows.alike_numbers(a, b):
        return SAME
    if way is None or math.isnan(a) or math.isnan(b):
        return UNKNOWN
    return BETTER_B if (b > a) == (way == HIGHER) else BETTER_A


def _best(values: Sequence[Any], way: str | None) -> list[int]:
    """Who has the best value, if some have a worse one."""
    known = [(v, i) for i, v in enumerate(values) if _is_number(v) and not math.isnan(v)]
    if way is None or len({v for v, _ in known}) < 2:
        return []
    wanted = (max if way == HIGHER else min)(v for v, _ in known)
    return [i for v, i in known if v == wanted]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


section = Section("metrics", compare, differs, table)

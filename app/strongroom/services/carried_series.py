"""Curves on their way from the reading child: a head of plain JSON, and columns as they are.

What several curves have in common (their steps, or that no time is known) is carried once.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from strongroom.domain.series import Series, doubles

_MAX_CURVES = 100_000


def packed(runs: Sequence[Mapping[str, Series]]) -> tuple[dict[str, Any], list[array[float]]]:
    """The head, and the columns that follow it in this order, in this machine's byte order.

    `{"lengths": [points …], "runs": [{curve: [steps, times, values, whole steps, whole values]}]}`
    where each column is told by its place among the lengths.
    """
    places: dict[int, int] = {}
    columns: list[array[float]] = []
    told: list[dict[str, list[Any]]] = []
    for series in runs:
        curves: dict[str, list[Any]] = {}
        for name, one in series.items():
            where: list[Any] = []
            for column in (one.steps, one.times, one.values):
                if id(column) not in places:
                    places[id(column)] = len(columns)
                    columns.append(column)
                where.append(places[id(column)])
            curves[name] = [*where, one.whole_steps, one.whole_values]
        told.append(curves)
    return {"lengths": [len(column) for column in columns], "runs": told}, columns


def unpacked(head: Mapping[str, Any], data: bytearray) -> list[dict[str, Series]]:
    """The curves of each run again; raises `ValueError` for what `packed` does not give.

    `data` is used up on the way, so that no number is in memory twice.
    """
    try:
        lengths, runs = list(head["lengths"]), [dict(curves) for curves in head["runs"]]
        if sum(map(len, runs)) > _MAX_CURVES:
            raise ValueError("more curves than are kept")
        if 8 * sum(lengths) != len(data) or min(lengths, default=0) < 0:
            raise ValueError("curves of another size than they say")
        columns = []
        for length in reversed(lengths):
            start = len(data) - 8 * length
            column = doubles()
            column.frombytes(data[start:])
            del data[start:]
            columns.append(column)
        columns.reverse()
        return [
            {
                name: Series(
                    columns[steps], columns[times], columns[values], bool(by_step), bool(by_value)
                )
                for name, (steps, times, values, by_step, by_value) in curves.items()
            }
            for curves in runs
        ]
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError("not curves") from error

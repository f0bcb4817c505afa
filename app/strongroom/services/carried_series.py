"""Curves on their way from the reading child: a head of plain JSON, and columns as they are.

What several curves have in common (their steps, or that no time is known) is carried once.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

from strongroom.domain.series import Series, doubles

_MAX_CURVES = 100_000


def packed(series: Mapping[str, Series]) -> tuple[dict[str, Any], list[array[float]]]:
    """The head, and the columns that follow it in this order, in this machine's byte order.

    `{"lengths": [points …], "curves": {name: [steps, times, values, whole steps, whole values]}}`
    where each column is told by its place among the lengths.
    """
    places: dict[int, int] = {}
    columns: list[array[float]] = []
    curves: dict[str, list[Any]] = {}
    for name, one in series.items():
        told: list[Any] = []
        for column in (one.steps, one.times, one.values):
            if id(column) not in places:
                places[id(column)] = len(columns)
                columns.append(column)
            told.append(places[id(column)])
        curves[name] = [*told, one.whole_steps, one.whole_values]
    return {"lengths": [len(column) for column in columns], "curves": curves}, columns


def unpacked(head: Mapping[str, Any], data: bytearray) -> dict[str, Series]:
    """The curves again; raises `ValueError` for what `packed` does not give.

    `data` is used up on the way, so that no number is in memory twice.
    """
    try:
        lengths, curves = list(head["lengths"]), dict(head["curves"])
        if (
            len(curves) > _MAX_CURVES
            or 8 * sum(lengths) != len(data)
            or min(lengths, default=0) < 0
        ):
            raise ValueError("curves of another size than they say")
        columns = []
        for length in reversed(lengths):
            start = len(data) - 8 * length
            column = doubles()
            column.frombytes(data[start:])
            del data[start:]
            columns.append(column)
        columns.reverse()
        return {
            name: Series(
                columns[steps], columns[times], columns[values], bool(by_step), bool(by_value)
            )
            for name, (steps, times, values, by_step, by_value) in curves.items()
        }
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError("not curves") from error

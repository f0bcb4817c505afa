"""Metrics: values, which way is better, the change against the baseline, the best one bold."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from strongroom.domain.errors import printable
from strongroom.gui.compare.grid import Cell, Column, Grid, Names
from strongroom.gui.compare.sections.wording import ABSENT, DOWN, EQUAL, UP, signed
from strongroom.gui.wording import number_text

_TONES = {"b": "green", "a": "red", "same": "grey", "unknown": "grey"}
_WORDS = {"b": "better", "a": "worse", "same": "equal", "unknown": "changed"}


def grids(document: dict[str, Any], names: Names, only: bool) -> Sequence[Grid]:
    rows = [r for r in document["rows"] if not (only and r["same"])]
    columns = [Column("Metric", mono=False), Column("Better", 84, mono=False)]
    for at, name in enumerate(names.short):
        base = at == names.baseline
        columns.append(Column(f"{name} baseline" if base else name, 112 if base else 148, True))
    return [
        Grid(
            tuple(columns),
            tuple(_row(r, names) for r in rows),
            caption="green better, red worse, best bold",
            same=len(document["rows"]) - len(rows),
        )
    ]


def _row(line: dict[str, Any], names: Names) -> tuple[Cell, ...]:
    way = line["direction"]
    arrow = {"higher": UP, "lower": DOWN}.get(way, "")
    better = Cell(f"{arrow} {way}" if way else "not known", faint=True)
    cells = [Cell(printable(line["name"])), better]
    return (*cells, *map(functools.partial(_value, line, names), range(len(names.short))))


def _value(line: dict[str, Any], names: Names, at: int) -> Cell:
    value, judged = line["values"][at], line["better"][at]
    if line["states"][at] in ("absent", "removed"):
        return ABSENT
    bold, text = at in line["best"], number_text(value)
    change = line["deltas"][at]
    if at == names.baseline:
        return Cell(text, bold=bold, faint=not bold)
    if change is None:
        return Cell(text, "new", "grey", bold=bold)
    if judged == "same":
        return Cell(text, EQUAL, "grey", bold=bold, tip="equal")
    arrow = UP if change > 0 else DOWN if change < 0 else ""
    return Cell(
        text, f"{arrow}{signed(change, value)}", _TONES[judged], bold=bold, tip=_WORDS[judged]
    )  # fmt: skip

"""Curves in numbers: the last value of each; whole curves are plotted above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.domain.errors import printable
from strongroom.gui.compare.grid import Cell, Column, Grid, Names
from strongroom.gui.compare.sections.wording import ABSENT
from strongroom.gui.wording import count_text, number_text


def grids(document: dict[str, Any], names: Names, only: bool) -> Sequence[Grid]:
    rows = [r for r in document["rows"] if not (only and r["same"])]
    columns = (Column("Last value of", mono=False), *(Column(n, 104, True) for n in names.short))
    lines = tuple(
        (Cell(printable(r["name"])), *(_cell(v) for v in r["values"])) for r in rows
    )  # fmt: skip
    return [Grid(columns, lines, same=len(document["rows"]) - len(rows))]


def _cell(value: dict[str, Any] | None) -> Cell:
    if value is None or value["last"] is None:
        return ABSENT
    ends = [number_text(value[k]) if value[k] is not None else "none" for k in ("min", "max")]
    tip = f"{count_text(value['points'])} points, lowest {ends[0]}, highest {ends[1]}"
    return Cell(number_text(value["last"]), tip=tip)

"""Names with values, as parameters and provenance are: what differs from the baseline is tinted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.domain.errors import printable
from strongroom.gui.compare.grid import Cell, Column, Grid, Names
from strongroom.gui.compare.sections.wording import ABSENT, value_text


def grids_of(title: str, document: dict[str, Any], names: Names, only: bool) -> Sequence[Grid]:
    rows = [r for r in document["rows"] if not (only and r["same"])]
    columns = (Column(title), *(Column(name, 96) for name in names.short))
    return [
        Grid(
            columns,
            tuple(
                (Cell(printable(r["name"]), tip=printable(r["name"])), *_cells(r, names))
                for r in rows
            ),
            same=len(document["rows"]) - len(rows),
        )
    ]


def parameters(document: dict[str, Any], names: Names, only: bool) -> Sequence[Grid]:
    return grids_of("Parameter", document, names, only)


def environment(document: dict[str, Any], names: Names, only: bool) -> Sequence[Grid]:
    return grids_of("What", document, names, only)


def _cells(line: dict[str, Any], names: Names) -> list[Cell]:
    return [
        _cell(value, state, at == names.baseline)
        for at, (value, state) in enumerate(zip(line["values"], line["states"], strict=True))
    ]


def _cell(value: Any, state: str, base: bool) -> Cell:
    if state == "absent":
        return ABSENT
    if state == "removed":
        return Cell("removed", tone="red", chip=True)
    text = value_text(value)
    tip = str(value) if len(text) > 14 or isinstance(value, float) else ""
    if state == "added":
        return Cell(f"+ {text}", tone="green", chip=True, tip=tip or "added")
    if state == "changed":
        return Cell(text, tone="amber", chip=True, tip=tip or "changed")
    return Cell(text, faint=base, tip=tip)

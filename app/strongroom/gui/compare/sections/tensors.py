"""Tensors: the relative L2 change of each against the baseline as a bar and a number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from strongroom.domain.errors import printable
from strongroom.gui.compare.grid import Cell, Column, Grid, Names
from strongroom.gui.compare.sections.wording import ABSENT, share_text
from strongroom.gui.wording import count_text, number_text

#: From this relative change on a layer stands out.
_LARGE = 0.3


def grids(document: dict[str, Any], names: Names, only: bool) -> Sequence[Grid]:
    rows = [r for r in document["rows"] if not (only and r["same"])]
    largest = max((_relative(p) for r in rows for p in r["pairs"] if p), default=0.0) or 1.0
    left_out = document["left_out"]
    notes = [*map(printable, document["warnings"])]
    if left_out:
        notes.append(f"{count_text(left_out)} further tensors are not listed")
    columns = [Column("Layer"), Column("Shape", 84)]
    columns += [Column(f"{names.base} → {names.short[at]}", 132) for at in names.others]
    return [
        Grid(
            tuple(columns),
            tuple(_row(r, names, largest) for r in rows),
            caption="relative L2 change",
            same=document["total"] - document["differ"] if only else 0,
            notes=tuple(notes),
        )
    ]


def _row(line: dict[str, Any], names: Names, largest: float) -> tuple[Cell, ...]:
    name = printable(line["name"])
    shape = "×".join(map(str, line["shape"])) or "scalar"
    cells = [_cell(line["states"][at], line["pairs"][at], largest) for at in names.others]
    return (Cell(name, tip=name), Cell(shape, faint=True, tip=line["dtype"]), *cells)


def _cell(state: str, pair: dict[str, Any] | None, largest: float) -> Cell:
    if state == "absent":
        return ABSENT
    if state == "added":
        return Cell("+ added", tone="green", chip=True)
    if state == "removed":
        return Cell("removed", tone="red", chip=True)
    if pair is None:
        return Cell("=", faint=True, tip="equal bit for bit")
    was = pair.get("was")
    if pair["relative_l2"] is None:
        old = f"{was['dtype']} {'×'.join(map(str, was['shape']))}" if was else "its type"
        text = "other shape" if was else "not measured"
        return Cell(text, tone="amber", chip=True, tip=f"before: {old}")
    relative = _relative(pair)
    share = min(1.0, relative / largest) if math.isfinite(pair["relative_l2"]) else 1.0
    tone = "orange" if relative >= _LARGE else "indigo"
    tip = (
        f"largest change {number_text(pair['max_abs'])},"
        f" {share_text(pair['changed_share'])} of the elements changed"
    )
    if was:
        tip += f"; before {was['dtype']}, now {pair['dtype']}"
    return Cell(share_text(pair["relative_l2"]), tone=tone, share=share, tip=tip)


def _relative(pair: dict[str, Any]) -> float:
    found = pair["relative_l2"]
    return found if found is not None and math.isfinite(found) else 0.0

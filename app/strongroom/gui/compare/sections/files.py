"""Files: size and the beginning of the digest, what differs tinted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.domain.errors import printable
from strongroom.domain.quantities import size_text
from strongroom.gui.compare.grid import Cell, Column, Grid, Names
from strongroom.gui.compare.sections.wording import ABSENT
from strongroom.gui.wording import count_text, short_digest


def grids(document: dict[str, Any], names: Names, only: bool) -> Sequence[Grid]:
    rows = [r for r in document["rows"] if not (only and r["same"])]
    left_out = document["left_out"]
    notes = (f"{count_text(left_out)} further rows are not listed",) if left_out else ()
    return [
        Grid(
            (Column("Path"), *(Column(name, 96) for name in names.short)),
            tuple(
                (
                    Cell(printable(r["name"]), tip=printable(r["name"])),
                    *(_cell(v, s) for v, s in zip(r["values"], r["states"], strict=True)),
                )
                for r in rows
            ),
            same=document["total"] - document["differ"] if only else 0,
            notes=notes,
        )
    ]


def _cell(value: Any, state: str) -> Cell:
    if state == "absent":
        return ABSENT
    if state == "removed":
        return Cell("removed", tone="red", chip=True)
    text = f"{size_text(value['size'])} {short_digest(value['sha256'])}"
    if state == "added":
        return Cell(f"+ {text}", tone="green", chip=True, tip=value["sha256"])
    if state == "changed":
        return Cell(text, tone="amber", chip=True, tip=value["sha256"])
    return Cell(text, faint=True, tip=value["sha256"])

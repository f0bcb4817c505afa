"""Configuration and texts as unified diffs, one table a pair of files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.domain.errors import printable
from strongroom.gui.compare.grid import Cell, Column, Grid, Names

_TONES = {"+": "green", "-": "red", "@": "blue"}
_WORDS = {"added": "only in {}", "removed": "not in {}"}


def grids(document: dict[str, Any], names: Names, only: bool) -> Sequence[Grid]:
    made: list[Grid] = []
    same: list[str] = []
    for line in document["rows"]:
        path = printable(line["name"])
        if line["same"]:
            same.append(path)
            continue
        for at in names.others:
            state, diff = line["states"][at], line["diffs"][at]
            title = f"{path}: {names.base} → {names.short[at]}"
            if diff is not None:
                made.append(_lines(title, diff))
            elif state in _WORDS:
                words = _WORDS[state].format(names.short[at])
                made.append(Grid((), (), title=title, caption=words))
    if same:
        shown = () if only else tuple((Cell(path, faint=True),) for path in same)
        made.append(Grid((Column("Equal"),) if shown else (), shown, same=len(same) if only else 0))
    if document["full"]:
        made.append(Grid((), (), notes=("Only the first hundred texts of each are compared.",)))
    return made


def _lines(title: str, diff: dict[str, Any]) -> Grid:
    rows = tuple(
        (
            Cell(
                printable(text) if sign == "@" else f"{sign} {_visible(text)}",
                tone=_TONES.get(sign, ""),
                chip=sign in "+-",
            ),
        )
        for sign, text in diff["lines"]
    )
    notes = (diff["reason"],) if diff["reason"] else ()
    return Grid((Column("", code=True),) if rows else (), rows, title=title, notes=notes)


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text.replace("\t", "    "))

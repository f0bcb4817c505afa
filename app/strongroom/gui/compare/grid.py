"""A table of a comparison in words: what the page paints, a report prints, and a copy holds."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Cell:
    """`text`, and `note` behind it in `tone`. `chip`: the text stands on the tone's fill. `share`
    (0 to 1) is a bar in front of the text. `heat` (0 to 1) is how strongly the cell is filled with
    the tone. `bars` are two histograms over each other, as heights from 0 to 1: the baseline's in
    grey, then one in the tone. `tip` tells more, in a tooltip and when it is read out.
    """

    text: str = ""
    note: str = ""
    tone: str = ""
    chip: bool = False
    bold: bool = False
    faint: bool = False
    share: float | None = None
    heat: float | None = None
    bars: tuple[tuple[float, ...], ...] = ()
    tip: str = ""

    @property
    def plain(self) -> str:
        return f"{self.text} {self.note}".strip() if self.note else self.text


@dataclass(frozen=True, slots=True)
class Column:
    """`width`: pixels that it has at least where there is room. `mono`: numbers, paths and values;
    `code`: lines of a text.
    """

    title: str
    width: int = 0
    right: bool = False
    mono: bool = True
    code: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a bar that shows how many of each sort there are."""

    word: str
    count: int
    tone: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart: points (x, y) from 0 to 1."""

    name: str
    tone: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over the unit square; `diagonal`: that of chance is drawn too."""

    across: str
    up: str
    lines: tuple[Line, ...]
    diagonal: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """`title` and `caption` above it, then the `chart`; `same`: rows that are not there because
    they are equal.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    caption: str = ""
    parts: tuple[Part, ...] = ()
    same: int = 0
    notes: tuple[str, ...] = ()
    chart: Chart | None = None

    def markdown(self) -> str:
        """A table in GitHub's Markdown; what would end a cell is escaped."""
        lines = [
            [c.title for c in self.columns],
            ["---:" if c.right else "---" for c in self.columns],
            *([cell.plain for cell in row] for row in self.rows),
        ]
        return "\n".join("| " + " | ".join(map(_escaped, line)) + " |" for line in lines) + "\n"

    def csv(self) -> str:
        """RFC 4180; what a spreadsheet would take for a formula is kept from being one."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow([c.title for c in self.columns])
        writer.writerows([_harmless(cell.plain) for cell in row] for row in self.rows)
        return out.getvalue()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _harmless(text: str) -> str:
    """Numbers with a sign stay; other texts that begin a formula get an apostrophe in front."""
    if text[:1] in ("=", "@", "\t", "\r"):
        return "'" + text
    if text[:1] in "+-" and text[1:2] and not (text[1].isdigit() or text[1] in ".in"):
        return "'" + text
    return text


@dataclass(frozen=True, slots=True)
class Names:
    """How the subjects are called in columns, and which of them is the baseline."""

    short: tuple[str, ...]
    baseline: int

    @property
    def others(self) -> list[int]:
        return [at for at in range(len(self.short)) if at != self.baseline]

    @property
    def base(self) -> str:
        return self.short[self.baseline]


#: A section's document into what is shown; `only`: without rows that are equal.
Grids = Callable[[dict[str, Any], Names, bool], Sequence[Grid]]

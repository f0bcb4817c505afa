"""The comparison as one file: no script, no network, the numbers of the page. HTML, or PDF.

Whatever files say is escaped; the page forbids itself to load anything.
"""

from __future__ import annotations

import html
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from strongroom import __version__
from strongroom.disk.durable import told
from strongroom.gui.compare import drawings
from strongroom.gui.compare.drawings import HOTTEST, TONES
from strongroom.gui.compare.grid import Cell, Column, Grid, Names
from strongroom.gui.compare.subjects import Subject

if TYPE_CHECKING:
    from strongroom.services.curves import Columns

_STYLE = """
body { font: 14px/1.5 Inter, system-ui, sans-serif; color: #1A1F2B; background: #F6F7F9;
       margin: 0 auto; max-width: 1100px; padding: 24px; }
h1 { font-size: 22px; } h2 { font-size: 16px; margin: 0 0 2px; } h3 { font-size: 13px; }
section { background: #fff; border: 1px solid #E3E6EC; border-radius: 8px; padding: 14px 16px;
          margin: 14px 0; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: 8px; }
th { text-align: left; color: #525B6D; font-weight: 500; font-size: 12px; }
th, td { padding: 4px 8px; border-bottom: 1px solid #EEF0F4; vertical-align: top; }
td.mono, .mono { font: 12px/1.6 "JetBrains Mono", ui-monospace, monospace; }
.right { text-align: right; } td.right { white-space: nowrap; } h3 .about { font-weight: 400; }
.bold { font-weight: 600; } .faint, .about { color: #606A7C; }
.chip { border-radius: 4px; padding: 0 6px; } .note { margin-left: 8px; }
.code td { border: 0; white-space: pre-wrap; padding: 0 8px; }
.bar { display: inline-block; width: 56px; height: 6px; border-radius: 3px; background: #F1F3F7;
       margin-right: 8px; vertical-align: middle; }
.bar span { display: block; height: 6px; border-radius: 3px; }
footer { color: #606A7C; font-size: 12px; }
"""


@dataclass(frozen=True, slots=True)
class Section:
    """`state`: how many rows differ, or why there are none."""

    title: str
    grids: tuple[Grid, ...]
    state: str


@dataclass(frozen=True, slots=True)
class Content:
    """`curve`: name, columns by subject, and smoothing in percent of the plot that is shown."""

    subjects: tuple[Subject, ...]
    names: Names
    sections: tuple[Section, ...]
    curve: tuple[str, Sequence[Columns | None], int] | None
    only: bool

    @property
    def title(self) -> str:
        return "Comparison of " + ", ".join(s.title for s in self.subjects)


def write(content: Content, path: str) -> int:
    """Writes the report, as PDF where the path says so; its size comes back. Raises
    `StrongroomError`, and then leaves nothing.
    """
    if path.lower().endswith(".pdf"):
        from strongroom.gui.compare import report_pdf

        data = report_pdf.pages(content)
    else:
        data = page(content).encode("utf-8", "replace")
    temporary = f"{path}.{secrets.token_hex(4)}.part"
    with told("writing the report", path):
        try:
            with open(temporary, "xb") as out:
                out.write(data)
            os.replace(temporary, path)
        except BaseException:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise
    return len(data)


def page(content: Content) -> str:
    title = content.title
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_text(title)}</h1>",
        _subjects(content),
    ]
    for section in content.sections:
        parts.append(f"<section><h2>{_text(section.title)}</h2>")
        parts.append(f'<div class="about">{_text(section.state)}</div>')
        if section.title == "Curves" and content.curve is not None:
            parts.append(_plot(content))
        parts += map(_grid, section.grids)
        parts.append("</section>")
    parts.append(f"<footer>{_text(footer(content, datetime.now(UTC)))}</footer>")
    return "\n".join([*parts, "</body></html>"]) + "\n"


def footer(content: Content, at: datetime) -> str:
    hidden = "; rows that are equal are left out" if content.only else ""
    return f"Written by Strongroom {__version__} at {at:%Y-%m-%d %H:%M UTC}{hidden}."


def subject_rows(content: Content) -> list[list[str]]:
    """What is compared: name in the tables, reference, run, time, whether it is the baseline."""
    return [
        [content.names.short[at], subject.ref, subject.run_name, subject.at,
         "baseline" if at == content.names.baseline else ""]
        for at, subject in enumerate(content.subjects)
    ]  # fmt: skip


def _subjects(content: Content) -> str:
    rows = [
        "<tr>" + "".join(f'<td class="mono">{_text(c)}</td>' for c in cells) + "</tr>"
        for cells in subject_rows(content)
    ]
    head = "".join(f"<th>{t}</th>" for t in ("Here", "Reference", "Run", "Created", ""))
    return f"<section><table><tr>{head}</tr>{''.join(rows)}</table></section>"


def _grid(grid: Grid) -> str:
    parts = []
    if grid.caption and not grid.title:
        parts.append(f'<div class="about">{_text(grid.caption)}</div>')
    elif grid.title:
        about = f' <span class="about">{_text(grid.caption)}</span>' if grid.caption else ""
        parts.append(f'<h3><span class="mono">{_text(grid.title)}</span>{about}</h3>')
    if grid.parts:
        counts = ", ".join(f"{p.word} {p.count}" for p in grid.parts if p.count)
        parts.append(f'<div class="about">{_text(counts)}</div>')
    if grid.chart is not None:
        parts.append(drawings.chart(grid.chart))
    if grid.rows:
        code = ' class="code"' if any(c.code for c in grid.columns) else ""
        head = "".join(_head(c) for c in grid.columns)
        parts.append(f"<table{code}><thead><tr>{head}</tr></thead><tbody>")
        for row in grid.rows:
            cells = zip(row, grid.columns, strict=True)
            parts.append("<tr>" + "".join(_cell(c, column) for c, column in cells) + "</tr>")
        parts.append("</tbody></table>")
    parts += [f'<div class="about">{_text(note)}</div>' for note in grid.notes]
    return "\n".join(parts)


def _head(column: Column) -> str:
    return f"<th{' class=right' if column.right else ''}>{_text(column.title)}</th>"


def _cell(cell: Cell, column: Column) -> str:
    classes = [
        word
        for word, holds in (
            ("mono", column.mono), ("right", column.right), ("bold", cell.bold),
            ("faint", cell.faint),
        )
        if holds
    ]  # fmt: skip
    inside = _text(cell.text)
    tone = TONES.get(cell.tone)
    if cell.chip and tone:
        inside = f'<span class="chip" style="color:{tone[0]};background:{tone[1]}">{inside}</span>'
    if cell.share is not None:
        solid = (tone or TONES["indigo"])[2]
        width = round(100 * max(0.0, min(1.0, cell.share)))
        fill = f'<span style="width:{width}%;background:{solid}"></span>'
        inside = f'<span class="bar">{fill}</span>{inside}'
    if cell.bars:
        inside = drawings.bars(cell) + inside
    if cell.note:
        colour = (tone or TONES["grey"])[0]
        inside += f'<span class="note" style="color:{colour}">{_text(cell.note)}</span>'
    tip = f' title="{_text(cell.tip)}"' if cell.tip else ""
    heat = f' style="background:{_heat(cell)}"' if cell.heat is not None else ""
    return f'<td class="{" ".join(classes)}"{tip}{heat}>{inside}</td>'


def _heat(cell: Cell) -> str:
    solid = TONES.get(cell.tone, TONES["indigo"])[2]
    share = HOTTEST * max(0.0, min(1.0, cell.heat or 0.0))
    return solid + f"{round(255 * share):02X}"


def _text(text: str) -> str:
    return html.escape(text.encode("utf-8", "replace").decode())


def _plot(content: Content) -> str:
    assert content.curve is not None
    drawn = drawings.curves(*content.curve, content.names)
    if drawn is None:
        return '<div class="about">None of its values is finite.</div>'
    legend = "".join(
        f'<span style="color:{colour}">&#9644;</span> {_text(name)} &nbsp; '
        for name, colour in drawn.legend
    )
    return f'<div class="mono">{_text(drawn.title)} &nbsp; {legend}</div>{drawn.svg}'

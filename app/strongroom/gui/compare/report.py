"""The comparison as one HTML file: no script, no network, the numbers of the page.

Whatever files say is escaped; the page forbids itself to load anything.
"""

from __future__ import annotations

import html
import math
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from strongroom import __version__
from strongroom.disk.durable import told
from strongroom.gui.compare.grid import Cell, Chart, Column, Grid, Names
from strongroom.gui.compare.subjects import Subject
from strongroom.gui.compare.tones import tones
from strongroom.gui.wording import number_text

if TYPE_CHECKING:
    from strongroom.services.curves import Columns

#: Colours of tones on white and of their tints: text, fill, solid.
_TONES = {
    "grey": ("#525B6D", "#EFF1F5", "#98A1B2"), "green": ("#17744A", "#E5F5EC", "#2F9E63"),
    "blue": ("#0A629F", "#E3F1FB", "#1C86CE"), "amber": ("#8A5300", "#FFF3DB", "#E29A17"),
    "red": ("#B42331", "#FDECEC", "#D9404C"), "indigo": ("#3350C8", "#EDF1FE", "#3B5BDB"),
    "teal": ("#0B6B6B", "#E1F4F3", "#12908E"), "violet": ("#6A3DB0", "#F2ECFB", "#8557CF"),
    "orange": ("#97470A", "#FDEEE2", "#DB7120"),
}  # fmt: skip
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
.right { text-align: right; } .bold { font-weight: 600; } .faint, .about { color: #606A7C; }
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


def write(content: Content, path: str) -> int:
    """Writes the report; raises `StrongroomError`, and then leaves nothing. Its size comes back."""
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
    title = "Comparison of " + ", ".join(s.title for s in content.subjects)
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
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
    hidden = "; rows that are equal are left out" if content.only else ""
    parts.append(f"<footer>Written by Strongroom {_text(__version__)} at {at}{hidden}.</footer>")
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _subjects(content: Content) -> str:
    rows = []
    for at, subject in enumerate(content.subjects):
        base = "baseline" if at == content.names.baseline else ""
        cells = [content.names.short[at], subject.ref, subject.run_name, subject.at, base]
        rows.append("<tr>" + "".join(f'<td class="mono">{_text(c)}</td>' for c in cells) + "</tr>")
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
        parts.append(_chart(grid.chart))
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
    tone = _TONES.get(cell.tone)
    if cell.chip and tone:
        inside = f'<span class="chip" style="color:{tone[0]};background:{tone[1]}">{inside}</span>'
    if cell.share is not None:
        solid = (tone or _TONES["indigo"])[2]
        width = round(100 * max(0.0, min(1.0, cell.share)))
        fill = f'<span style="width:{width}%;background:{solid}"></span>'
        inside = f'<span class="bar">{fill}</span>{inside}'
    if cell.bars:
        inside = _bars(cell) + inside
    if cell.note:
        colour = (tone or _TONES["grey"])[0]
        inside += f'<span class="note" style="color:{colour}">{_text(cell.note)}</span>'
    tip = f' title="{_text(cell.tip)}"' if cell.tip else ""
    heat = f' style="background:{_heat(cell)}"' if cell.heat is not None else ""
    return f'<td class="{" ".join(classes)}"{tip}{heat}>{inside}</td>'


def _heat(cell: Cell) -> str:
    solid = _TONES.get(cell.tone, _TONES["indigo"])[2]
    share = 0.42 * max(0.0, min(1.0, cell.heat or 0.0))
    return solid + f"{round(255 * share):02X}"


def _bars(cell: Cell) -> str:
    """A small histogram over the baseline's."""
    parts = []
    for at, heights in enumerate(cell.bars):
        colour = _TONES.get(cell.tone if at else "grey", _TONES["indigo"])[2]
        step = 52 / max(1, len(heights))
        wide = max(1.0, step - 0.6)
        boxes = "".join(
            f"M{n * step:.2f} 20h{wide:.2f}v{-20 * height:.2f}h{-wide:.2f}z"
            for n, height in enumerate(heights)
            if height > 0
        )
        opacity = "0.62" if at else "0.5"
        parts.append(f'<path d="{boxes}" fill="{colour}" fill-opacity="{opacity}"/>')
    return (
        '<svg viewBox="0 0 52 20" width="52" height="20" role="img" aria-label="histogram">'
        f"{''.join(parts)}</svg>"
    )


def _text(text: str) -> str:
    return html.escape(text.encode("utf-8", "replace").decode())


def _chart(chart: Chart) -> str:
    """Lines over the unit square."""
    size, left, below = 240, 44, 36
    parts = [
        f'<svg viewBox="0 0 560 {size + below + 8}" width="560" role="img" '
        f'aria-label="{_text(chart.up)} by {_text(chart.across)}" font-size="11" '
        'font-family="monospace">'
    ]
    for n in range(6):
        x, y = left + n * size / 5, 8 + size - n * size / 5
        parts.append(
            f'<line x1="{left}" x2="{left + size}" y1="{y}" y2="{y}" stroke="#EEF0F4"/>'
            f'<text x="{left - 6}" y="{y + 4}" text-anchor="end" fill="#606A7C">{n / 5:.1f}</text>'
            f'<text x="{x}" y="{size + 22}" text-anchor="middle" fill="#606A7C">{n / 5:.1f}</text>'
        )
    if chart.diagonal:
        parts.append(
            f'<line x1="{left}" y1="{size + 8}" x2="{left + size}" y2="8" stroke="#C9CFDA" '
            'stroke-dasharray="4 4"/>'
        )
    for at, line in enumerate(chart.lines):
        colour = _TONES[line.tone][2]
        points = " ".join(
            f"{left + x * size:.1f},{8 + size - y * size:.1f}" for x, y in line.points
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
            f'<text x="{left + size + 20}" y="{22 + 18 * at}" fill="{colour}">'
            f"{_text(line.name)}</text>"
        )
    words = f"{_text(chart.up)} by {_text(chart.across)}"
    parts.append(f'<text x="{left}" y="{size + 38}" fill="#606A7C">{words}</text></svg>')
    return "".join(parts)


# ---------------------------------------------------------------------- the plot

_WIDE, _HIGH, _LEFT, _BELOW = 1040, 320, 62, 24
_COLUMNS = 900


def _plot(content: Content) -> str:
    """Lines as drawn on the page: thinned to lowest and highest, smoothed as there."""
    from strongroom.gui.compare import overlay
    from strongroom.gui.runs import traces

    assert content.curve is not None
    name, curves, smoothing = content.curve
    group = overlay.group(name, curves, None, content.names)
    lines = [
        (t.steps, traces.drawable(traces.smoothed(t.values, smoothing / 100), False))
        for t in group.traces
    ]
    across = traces.span([x for x, _ in lines])
    up = traces.span([y for _, y in lines])
    if across is None or up is None:
        return '<div class="about">None of its values is finite.</div>'
    colours = [_TONES[t][2] for t in tones(len(lines), content.names.baseline)]
    parts = [
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" width="100%" role="img" '
        f'aria-label="{_text(name)} by step" font-size="11" font-family="monospace">'
    ]
    for value in _ticks(*up):
        y = _at(value, up, _HIGH - _BELOW, 8)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDE}" y1="{y:.1f}" y2="{y:.1f}" stroke="#EEF0F4"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#606A7C">'
            f"{_text(number_text(value))}</text>"
        )
    for value in _ticks(*across):
        x = _at(value, across, _LEFT, _WIDE - 8)
        anchor = "end" if x > _WIDE - 40 else "middle"
        parts.append(
            f'<text x="{x:.1f}" y="{_HIGH - 6}" text-anchor="{anchor}" fill="#606A7C">'
            f"{_text(number_text(value))}</text>"
        )
    for (steps, values), colour in zip(lines, colours, strict=True):
        thin = traces.thinned(steps, values, _COLUMNS)
        points: list[str] = []
        for one, other in zip(thin[0].tolist(), thin[1].tolist(), strict=True):
            if math.isfinite(other):
                mark = "L" if points and points[-1] else "M"
                points.append(
                    f"{mark}{_at(one, across, _LEFT, _WIDE - 8):.1f} "
                    f"{_at(other, up, _HIGH - _BELOW, 8):.1f}"
                )
            else:
                points.append("")
        path = "".join(points)
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    parts.append("</svg>")
    legend = "".join(
        f'<span style="color:{colour}">&#9644;</span> {_text(t.name)} &nbsp; '
        for t, colour in zip(group.traces, colours, strict=True)
    )
    smooth = f", smoothing {smoothing / 100:.2f}" if smoothing else ""
    return (
        f'<div class="mono">{_text(name)} by step{smooth} &nbsp; {legend}</div>{"".join(parts)}'
    )  # fmt: skip


def _at(value: float, ends: tuple[float, float], first: float, last: float) -> float:
    low, high = ends
    share = (value - low) / (high - low) if high > low else 0.5
    return first + share * (last - first)


def _ticks(low: float, high: float) -> list[float]:
    """About five round values from low to high."""
    if not high > low:
        return [low]
    rough = (high - low) / 5
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * n for n in (1, 2, 5, 10) if size * n >= rough)
    first = math.ceil(low / step)
    count = math.floor(high / step) - first + 1
    return [round(step * (first + n), 12) for n in range(max(0, min(count, 20)))]

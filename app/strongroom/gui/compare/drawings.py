"""Drawings of a report as SVG: small histograms, charts over the unit square, learning curves."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strongroom.gui.compare.grid import Cell, Chart, Names
from strongroom.gui.compare.tones import tones
from strongroom.gui.wording import number_text

if TYPE_CHECKING:
    from strongroom.services.curves import Columns

#: Colours of tones on white and of their tints: text, fill, solid.
TONES = {
    "grey": ("#525B6D", "#EFF1F5", "#98A1B2"), "green": ("#17744A", "#E5F5EC", "#2F9E63"),
    "blue": ("#0A629F", "#E3F1FB", "#1C86CE"), "amber": ("#8A5300", "#FFF3DB", "#E29A17"),
    "red": ("#B42331", "#FDECEC", "#D9404C"), "indigo": ("#3350C8", "#EDF1FE", "#3B5BDB"),
    "teal": ("#0B6B6B", "#E1F4F3", "#12908E"), "violet": ("#6A3DB0", "#F2ECFB", "#8557CF"),
    "orange": ("#97470A", "#FDEEE2", "#DB7120"),
}  # fmt: skip
#: How strong the fullest heat of a cell is.
HOTTEST = 0.42
#: Width and height of a small histogram, of a chart, and of curves.
BARS, CHART, CURVES = (52, 20), (560, 284), (1040, 320)
_NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'


@dataclass(frozen=True, slots=True)
class Curves:
    """`legend`: names and colours of the lines."""

    title: str
    svg: str
    legend: tuple[tuple[str, str], ...]


def bars(cell: Cell) -> str:
    """A small histogram over the baseline's."""
    parts = []
    for at, heights in enumerate(cell.bars):
        if not any(heights):
            continue
        colour = TONES.get(cell.tone if at else "grey", TONES["indigo"])[2]
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
        f'<svg {_NAMESPACE} viewBox="0 0 52 20" width="52" height="20" role="img" '
        'aria-label="histogram">'
        f"{''.join(parts)}</svg>"
    )


def chart(chart: Chart) -> str:
    """Lines over the unit square."""
    size, left, below = 240, 44, 36
    parts = [
        f'<svg {_NAMESPACE} viewBox="0 0 560 {size + below + 8}" width="560" role="img" '
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
        colour = TONES[line.tone][2]
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


(_WIDE, _HIGH), _LEFT, _BELOW = CURVES, 62, 24
_COLUMNS = 900


def curves(
    name: str, columns: Sequence[Columns | None], smoothing: int, names: Names
) -> Curves | None:
    """Lines as drawn on the page: thinned to lowest and highest, smoothed (in percent) as there;
    None where nothing is finite.
    """
    from strongroom.gui.compare import overlay
    from strongroom.gui.runs import traces

    group = overlay.group(name, columns, None, names)
    lines = [
        (t.steps, traces.drawable(traces.smoothed(t.values, smoothing / 100), False))
        for t in group.traces
    ]
    across = traces.span([x for x, _ in lines])
    up = traces.span([y for _, y in lines])
    if across is None or up is None:
        return None
    colours = [TONES[t][2] for t in tones(len(lines), names.baseline)]
    parts = [
        f'<svg {_NAMESPACE} viewBox="0 0 {_WIDE} {_HIGH}" width="100%" role="img" '
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
    smooth = f", smoothing {smoothing / 100:.2f}" if smoothing else ""
    legend = tuple((t.name, colour) for t, colour in zip(group.traces, colours, strict=True))
    return Curves(f"{name} by step{smooth}", "".join(parts), legend)


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


def _text(text: str) -> str:
    return html.escape(text.encode("utf-8", "replace").decode())

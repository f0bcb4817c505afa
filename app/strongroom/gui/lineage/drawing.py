"""What the canvas paints under its cards, and what stands for them from far away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from strongroom.gui.lineage.cards import State, card_rect, look_of
from strongroom.gui.lineage.graph import Node
from strongroom.gui.lineage.lines import Line, pen_for
from strongroom.gui.theme import Theme

#: Distance of the dots on the ground, and below which zoom they are left out.
_DOTS, _DOTS_FROM = 32, 0.5
#: Straight lines off the way to what is selected, and on it.
FarLines = tuple[list[QLineF], list[QLineF]]


def draw_ground(painter: QPainter, area: QRect, zoom: float, corner: QPointF, theme: Theme) -> None:
    painter.fillRect(area, QColor(theme.colours.window))
    if zoom < _DOTS_FROM:
        return
    step = _DOTS * zoom
    left, top = -(corner.x() * zoom) % step, -(corner.y() * zoom) % step
    painter.setPen(QPen(QColor(theme.colours.line), 1.6))
    painter.drawPoints(
        [
            QPointF(left + x * step, top + y * step)
            for x in range(int(area.width() / step) + 1)
            for y in range(int(area.height() / step) + 1)
        ]
    )


def draw_lines(
    painter: QPainter, drawn: Iterable[Line], near: Collection[str], seen: QRectF, theme: Theme
) -> None:
    """Edges in sight; those on the way to what is selected over the others, in the accent."""
    visible = [line for line in drawn if line.box.intersects(seen)]
    for on_way in (False, True):
        colour = theme.colours.accent if on_way else theme.tone("grey").solid
        for line in visible:
            edge = line.edge
            if (edge.start in near and edge.end in near) != on_way:
                continue
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(pen_for(edge.basis, colour, 1.9 if on_way else 1.5))
            painter.drawPath(line.path)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
            painter.drawPolygon(line.arrow)


def far_lines(drawn: Iterable[Line], near: Collection[str]) -> FarLines:
    """All edges as straight lines, made once for many frames."""
    found: FarLines = ([], [])
    for line in drawn:
        on_way = line.edge.start in near and line.edge.end in near
        found[on_way].append(QLineF(line.start, line.end))
    return found


def draw_far_lines(painter: QPainter, found: FarLines, theme: Theme) -> None:
    colours = theme.tone("grey").solid, theme.colours.accent
    for lines, colour, width in zip(found, colours, (0.0, 1.4), strict=True):
        pen = QPen(QColor(colour), width)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawLines(lines)


def draw_blocks(
    painter: QPainter, far: Sequence[tuple[QPointF, Node, State]], theme: Theme
) -> None:
    """Coloured blocks in place of cards, all of one colour at once."""
    by_colour: defaultdict[tuple[str, float], list[QRectF]] = defaultdict(list)
    rings: list[tuple[QRectF, str]] = []
    for middle, node, state in far:
        tone = "red" if state.affected else look_of(node).tone
        strength = 0.25 if state.faded else 1.0 if state.selected or state.hit else 0.7
        by_colour[tone, strength].append(card_rect(middle))
        if state.selected or state.hit:
            ring = theme.colours.accent if state.selected else theme.tone("amber").solid
            rings.append((card_rect(middle).adjusted(-12, -12, 12, 12), ring))
    painter.setPen(Qt.PenStyle.NoPen)
    for (tone, strength), places in by_colour.items():
        colour = QColor(theme.tone(tone).solid)
        colour.setAlphaF(strength)
        painter.setBrush(colour)
        painter.drawRects(places)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for place, ring in rings:
        painter.setPen(QPen(QColor(ring), 10))
        painter.drawRect(place)

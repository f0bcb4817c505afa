"""How edges run: from a card's right to the next one's left, and how they are drawn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath, QPen, QPolygonF

from strongroom.gui.lineage.graph import Edge, Graph
from strongroom.gui.lineage.layout import CARD, PITCH, Placed

STYLES = {
    "declared": Qt.PenStyle.SolidLine,
    "observed": Qt.PenStyle.DashLine,
    "inferred": Qt.PenStyle.DotLine,
}
_ARROW = 7.0
#: Height of a card's side over which the ends of its edges are spread.
_SPREAD = 46.0


@dataclass(frozen=True, slots=True)
class Line:
    """An edge as it is drawn, and its two ends."""

    edge: Edge
    path: QPainterPath
    arrow: QPolygonF
    box: QRectF
    start: QPointF
    end: QPointF

    def distance(self, point: QPointF) -> float:
        """From a point of the scene to the edge, nearly."""
        along = [self.path.pointAtPercent(n / 24) for n in range(25)]
        return min(_to_stretch(a, b, point) for a, b in pairwise(along))


def pen_for(basis: str, colour: str, width: float = 1.6) -> QPen:
    pen = QPen(colour)
    pen.setWidthF(width)
    pen.setStyle(STYLES[basis])
    if basis == "inferred":
        pen.setDashPattern([1.6, 2.2])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)  # round dots take four times as long
    elif basis == "observed":
        pen.setDashPattern([4.5, 3.2])
    return pen


def path_data(path: QPainterPath) -> str:
    """The path as SVG has it."""
    parts, at = [], 0
    while at < path.elementCount():
        element = path.elementAt(at)
        x, y = element.x, element.y
        if element.isCurveTo():
            more = [path.elementAt(at + n) for n in (1, 2)]
            rest = " ".join(f"{m.x:.1f} {m.y:.1f}" for m in more)
            parts.append(f"C{x:.1f} {y:.1f} {rest}")
            at += 3
        else:
            parts.append(f"{'M' if element.isMoveTo() else 'L'}{x:.1f} {y:.1f}")
            at += 1
    return "".join(parts)


def lines(graph: Graph, placed: Placed) -> list[Line]:
    """All edges; those that meet at a card are spread over its side in the order they come."""
    arriving: defaultdict[str, list[Edge]] = defaultdict(list)
    leaving: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in graph.edges:
        arriving[edge.end].append(edge)
        leaving[edge.start].append(edge)
    at = placed.positions
    into: dict[int, float] = {}
    out_of: dict[int, float] = {}
    for ends, others, place in ((arriving, "start", into), (leaving, "end", out_of)):
        for met in ends.values():
            met.sort(key=lambda e: (at[getattr(e, others)][1], e.basis))
            step = min(12.0, _SPREAD / max(1, len(met) - 1))
            for number, edge in enumerate(met):
                place[id(edge)] = (number - (len(met) - 1) / 2) * step
    return [_line(e, placed, out_of[id(e)], into[id(e)]) for e in graph.edges]


def _line(edge: Edge, placed: Placed, leaves: float, arrives: float) -> Line:
    (x0, y0), (x1, y1) = placed.positions[edge.start], placed.positions[edge.end]
    start = QPointF(x0 + CARD[0] / 2, y0 + leaves)
    end = QPointF(x1 - CARD[0] / 2 - _ARROW, y1 + arrives)
    path = QPainterPath(start)
    for x, y in placed.routes.get((edge.start, edge.end), ()):
        _bend(path, QPointF(x - CARD[0] / 2, y))
        path.lineTo(x + CARD[0] / 2, y)
    _bend(path, end)
    arrow = QPolygonF(
        [
            QPointF(end.x() + _ARROW, end.y()),
            QPointF(end.x(), end.y() - 4.2),
            QPointF(end.x(), end.y() + 4.2),
        ]
    )
    box = path.boundingRect().adjusted(-6, -6, 6 + _ARROW, 6)
    return Line(edge, path, arrow, box, start, end)


def _to_stretch(first: QPointF, last: QPointF, point: QPointF) -> float:
    way, off = last - first, point - first
    length = QPointF.dotProduct(way, way)
    share = max(0.0, min(1.0, QPointF.dotProduct(way, off) / length)) if length else 0.0
    rest = off - way * share
    return float(QPointF.dotProduct(rest, rest) ** 0.5)


def _bend(path: QPainterPath, to: QPointF) -> None:
    """On to `to`, level at both ends; where it leads back, in a wider curve."""
    start = path.currentPosition()
    reach = (to.x() - start.x()) / 2
    if reach < 20:
        reach = min(PITCH[0], 40 + abs(to.y() - start.y()) / 2)
    path.cubicTo(start.x() + reach, start.y(), to.x() - reach, to.y(), to.x(), to.y())

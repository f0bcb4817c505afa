"""A small chart of a comparison: lines over the unit square, with their names."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from strongroom.gui.compare.grid import Chart
from strongroom.gui.paint import draw_text
from strongroom.gui.theme import Theme, font, mono

_HEIGHT, _LEFT, _RIGHT, _TOP, _BELOW = 250, 62, 150, 10, 38
_WIDEST = 460


class ChartView(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.chart: Chart | None = None
        self.setFixedHeight(_HEIGHT)
        theme.changed.connect(self.update)

    def show_chart(self, chart: Chart | None) -> None:
        self.chart = chart
        self.setVisible(chart is not None)
        if chart is not None:
            self.setAccessibleName(f"{chart.up} by {chart.across}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.chart is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_chart(painter, QRectF(self.rect()), self.chart, self._theme)
        painter.end()


def paint_chart(painter: QPainter, area: QRectF, chart: Chart, theme: Theme) -> None:
    c = theme.colours
    inside = area.adjusted(_LEFT, _TOP, -_RIGHT, -_BELOW)
    inside.setWidth(min(inside.width(), _WIDEST))
    left, top = round(inside.left()), round(inside.top())
    right, bottom = round(inside.right()), round(inside.bottom())
    for n in range(6):
        y, x = round(bottom - n * inside.height() / 5), round(left + n * inside.width() / 5)
        painter.setPen(QPen(QColor(c.line2), 1))
        painter.drawLine(left, y, right, y)
        text = f"{n / 5:.1f}"
        draw_text(painter, QRect(left - 50, y - 9, 42, 18), text, mono(11), c.text3, right=True)
        draw_text(painter, QRect(x - 10, bottom + 3, 40, 18), text, mono(11), c.text3)
    across = f"{chart.up} by {chart.across}"
    draw_text(painter, QRect(left, bottom + 18, 400, 18), across, font(12), c.text2)
    if chart.diagonal:
        painter.setPen(QPen(QColor(c.line3), 1, Qt.PenStyle.DashLine))
        painter.drawLine(left, bottom, right, top)
    for at, line in enumerate(chart.lines):
        colour = QColor(theme.tone(line.tone).solid)
        painter.setPen(QPen(colour, 1.6))
        painter.drawPolyline(
            QPolygonF(
                [
                    QPointF(left + x * inside.width(), bottom - y * inside.height())
                    for x, y in line.points
                ]
            )
        )
        y = top + 20 * at
        painter.drawLine(right + 16, y + 9, right + 32, y + 9)
        draw_text(painter, QRect(right + 40, y, _RIGHT - 44, 18), line.name, mono(11), c.text2)

"""A scatter of the runs over two axes; a rectangle keeps a range of both."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from strongroom.gui.runs.many.frame import Frame
from strongroom.gui.theme import Theme, font, mono

_LEFT, _TOP, _RIGHT, _BOTTOM = 62, 14, 16, 40


class Scatter(QWidget):
    """`brushed(x range, y range)`, None where the rectangle was given up; `pointed(row)`,
    `pressed(row)`: the run under the mouse, -1 for none.
    """

    brushed = Signal(object, object)
    pointed = Signal(int)
    pressed = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setMouseTracking(True)
        self.setMinimumSize(220, 200)
        self.setAccessibleName("Scatter of the runs")
        self.setToolTip("Drag a rectangle to keep what is in it; a double click gives it up")
        self._frame, self._x, self._y = Frame(), -1, -1
        self._inside: Sequence[int] = ()
        self._marked: set[int] = set()
        self._start: QPointF | None = None
        self._end: QPointF | None = None
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(340, 320)

    def show_frame(self, frame: Frame, x: str, y: str, inside: Sequence[int]) -> None:
        self._frame, self._x, self._y, self._inside = frame, frame.at(x), frame.at(y), inside
        self.setAccessibleDescription(f"{y} over {x}, {len(inside)} runs")
        self.update()

    def mark(self, rows: set[int]) -> None:
        if rows != self._marked:
            self._marked = rows
            self.update()

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_LEFT, _TOP, -_RIGHT, -_BOTTOM)

    def _point(self, row: int) -> QPointF | None:
        places, area = self._frame.rows[row].places, self._area()
        x, y = places[self._x], places[self._y]
        if x is None or y is None:
            return None
        return QPointF(area.left() + x * area.width(), area.bottom() - y * area.height())

    def _row_at(self, at: QPointF) -> int:
        best, found = 9.0, -1
        for row in self._inside if self._x >= 0 and self._y >= 0 else ():
            point = self._point(row)
            if point is not None and (point - at).manhattanLength() < best:
                best, found = (point - at).manhattanLength(), row
        return found

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c, area = self._theme.colours, self._area()
        painter.fillRect(self.rect(), QColor(c.panel))
        if self._x < 0 or self._y < 0:
            painter.end()
            return
        painter.setPen(QPen(QColor(c.line), 1))
        for share in (0.0, 0.5, 1.0):
            y = area.bottom() - share * area.height()
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        self._draw_texts(painter, area)
        inside = set(self._inside)
        faint, full = QColor(c.line3), QColor(c.accent)
        full.setAlphaF(0.75)
        painter.setPen(Qt.PenStyle.NoPen)
        for row in range(len(self._frame.rows)):
            point = self._point(row)
            if point is not None:
                painter.setBrush(full if row in inside else faint)
                painter.drawEllipse(point, 3.5, 3.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(c.text), 1.8))
        for row in self._marked & inside:
            point = self._point(row)
            if point is not None:
                painter.drawEllipse(point, 6.0, 6.0)
        if self._start is not None and self._end is not None:
            painter.setPen(QPen(QColor(c.accent), 1.2, Qt.PenStyle.DashLine))
            painter.drawRect(QRectF(self._start, self._end).normalized())
        painter.end()

    def _draw_texts(self, painter: QPainter, area: QRectF) -> None:
        c = self._theme.colours
        x_axis, y_axis = self._frame.axes[self._x], self._frame.axes[self._y]
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        metrics = QFontMetrics(mono(11))
        painter.setFont(mono(11))
        painter.setPen(QColor(c.text3))
        for share in (0.0, 1.0):
            y = area.bottom() - share * area.height()
            shown = metrics.elidedText(y_axis.text(share), Qt.TextElideMode.ElideRight, _LEFT - 10)
            painter.drawText(QRectF(0, y - 8, _LEFT - 6, 16), right, shown)
        for share, flag in ((0.0, Qt.AlignmentFlag.AlignLeft), (1.0, Qt.AlignmentFlag.AlignRight)):
            row = QRectF(area.left(), area.bottom() + 3, area.width(), 15)
            half = int(area.width() / 2) - 4
            shown = metrics.elidedText(x_axis.text(share), Qt.TextElideMode.ElideRight, half)
            painter.drawText(row, flag, shown)
        painter.setFont(font(12, 600))
        painter.setPen(QColor(c.text))
        foot = QRectF(area.left(), area.bottom() + 19, area.width(), 18)
        titles, middle = QFontMetrics(font(12, 600)), Qt.TextElideMode.ElideMiddle
        title = titles.elidedText(x_axis.name, middle, int(foot.width()))
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, title)
        painter.save()
        painter.translate(12, area.center().y())
        painter.rotate(-90)
        side = QRectF(-area.height() / 2, -9, area.height(), 18)
        title = titles.elidedText(y_axis.name, middle, int(side.width()))
        painter.drawText(side, Qt.AlignmentFlag.AlignCenter, title)
        painter.restore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position())
        if row >= 0:
            self.pressed.emit(row)
        self._start, self._end = event.position(), None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._start is None or not event.buttons():
            self.pointed.emit(self._row_at(event.position()))
            return
        self._end = event.position()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        start, end, self._start, self._end = self._start, self._end, None, None
        self.update()
        area = self._area()
        if start is None or end is None or (end - start).manhattanLength() < 8:
            return
        box = QRectF(start, end).normalized().intersected(area)
        if box.isEmpty():
            return
        self.brushed.emit(
            ((box.left() - area.left()) / area.width(), (box.right() - area.left()) / area.width()),
            (
                (area.bottom() - box.bottom()) / area.height(),
                (area.bottom() - box.top()) / area.height(),
            ),
        )

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._start = None
        self.brushed.emit(None, None)

    def leaveEvent(self, event: object) -> None:
        self.pointed.emit(-1)

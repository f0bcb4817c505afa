"""Parallel coordinates: a line a run, from axis to axis; dragging along an axis keeps a range."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QWidget

from strongroom.gui.runs.many.frame import Brushes, Frame
from strongroom.gui.theme import Theme, font, mono

_SIDE = 70
#: Room for the words of an axis, over it and below; where axes are close every second one's stand
#: a row of words further out.
_HEAD, _FOOT, _CLOSE = 34, 30, 74
_GRAB = 14
#: Below the foot of an axis lie the runs without a value.
_NONE = 12
#: Lines of more runs than this are drawn without smoothing, which would take too long.
_MOST_SMOOTH = 200


class Parallel(QWidget):
    """`brushed(name, range or None)`: a range of an axis was chosen, 0 to 1, or given up;
    `pointed(row)`: the run under the mouse, -1 for none; `pressed(row)`.
    """

    brushed = Signal(str, object)
    pointed = Signal(int)
    pressed = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setMouseTracking(True)
        self.setMinimumHeight(220)
        self.setAccessibleName("Parallel coordinates of the runs")
        self.setToolTip("Drag along an axis to keep a range; a double click gives it up")
        self._frame = Frame()
        self._names: tuple[str, ...] = ()
        self._brushes: Brushes = {}
        self._inside: Sequence[int] = ()
        self._marked: set[int] = set()
        self._dragged: tuple[int, float] | None = None
        self._below: QPixmap | None = None
        theme.changed.connect(self._draw_anew)

    def sizeHint(self) -> QSize:
        return QSize(600, 320)

    def show_frame(
        self, frame: Frame, names: Sequence[str], brushes: Brushes, inside: Sequence[int]
    ) -> None:
        self._frame, self._names = frame, tuple(n for n in names if frame.at(n) >= 0)
        self._brushes, self._inside = brushes, inside
        self.setAccessibleDescription(
            f"{len(inside)} of {len(frame.rows)} runs, axes {', '.join(self._names)}"
        )
        self._draw_anew()

    def _draw_anew(self) -> None:
        self._below = None
        self.update()

    def mark(self, rows: set[int]) -> None:
        """Rows whose lines stand out."""
        if rows != self._marked:
            self._marked = rows
            self.update()

    # ------------------------------------------------------------------ places

    def _x(self, at: int) -> float:
        room = self.width() - 2 * _SIDE
        return _SIDE + (room * at / (len(self._names) - 1) if len(self._names) > 1 else room / 2)

    @property
    def _apart(self) -> float:
        return (self.width() - 2 * _SIDE) / max(1, len(self._names) - 1)

    def _ends(self) -> tuple[int, int]:
        """Head and foot of the axes."""
        rows = 1 if self._apart < _CLOSE else 0
        return _HEAD * (1 + rows), self.height() - _FOOT - 15 * rows

    def _y(self, place: float | None) -> float:
        top, foot = self._ends()
        return foot + _NONE if place is None else top + (foot - top) * (1 - place)

    def _place(self, y: float) -> float:
        top, foot = self._ends()
        return min(1.0, max(0.0, 1 - (y - top) / max(1, foot - top)))

    def _axis_at(self, x: float) -> int:
        return next((n for n in range(len(self._names)) if abs(self._x(n) - x) <= _GRAB), -1)

    def _row_at(self, point: QPointF) -> int:
        """The run whose line passes next to the point, within a few pixels."""
        best, found = 6.0, -1
        for n in range(len(self._names) - 1):
            left, right = self._x(n), self._x(n + 1)
            if not left <= point.x() <= right:
                continue
            share = (point.x() - left) / max(1.0, right - left)
            first, second = (self._frame.at(self._names[n + k]) for k in (0, 1))
            for row in self._inside:
                places = self._frame.rows[row].places
                y = self._y(places[first]) * (1 - share) + self._y(places[second]) * share
                if abs(y - point.y()) < best:
                    best, found = abs(y - point.y()), row
        return found

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        if self._below is None or self._below.size() != self.size() * ratio:
            self._below = self._drawn_rows(ratio)
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._below)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marked = QPen(QColor(self._theme.colours.accent), 2.4)
        self._draw_rows(painter, self._marked & set(self._inside), marked)
        for n in range(len(self._names)):
            self._draw_axis(painter, n)
        painter.end()

    def _drawn_rows(self, ratio: float) -> QPixmap:
        """All rows that are not marked: kept while the mouse goes over them."""
        made = QPixmap(self.size() * ratio)
        made.setDevicePixelRatio(ratio)
        c = self._theme.colours
        made.fill(QColor(c.panel))
        painter = QPainter(made)
        smooth = len(self._frame.rows) <= _MOST_SMOOTH
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
        inside = set(self._inside)
        faint = _mixed(QColor(c.panel), QColor(c.line3), 0.5)
        if len(inside) < len(self._frame.rows):
            self._draw_rows(painter, set(range(len(self._frame.rows))) - inside, QPen(faint, 1))
        self._draw_kept(painter, inside)
        painter.end()
        return made

    def _draw_kept(self, painter: QPainter, inside: set[int]) -> None:
        """By the last axis, from grey for the worst to the accent for the best."""
        last = self._frame.at(self._names[-1]) if self._names else -1
        if last < 0:
            return
        lower = self._frame.axes[last].better == "lower"
        bands: dict[int, set[int]] = {}
        for row in inside:
            place = self._frame.rows[row].places[last]
            good = 0.0 if place is None else 1 - place if lower else place
            bands.setdefault(round(good * 7), set()).add(row)
        start, end = QColor(self._theme.tone("grey").solid), QColor(self._theme.colours.accent)
        ground = QColor(self._theme.colours.panel)  # what shines through takes eight times as long
        for band in sorted(bands):
            share = band / 7
            strong = 0.35 + 0.5 * share
            pen = QPen(_mixed(ground, _mixed(start, end, share), strong), 1)
            self._draw_rows(painter, bands[band], pen)

    def _draw_rows(self, painter: QPainter, rows: set[int], pen: QPen) -> None:
        axes = [(self._frame.at(name), self._x(n)) for n, name in enumerate(self._names)]
        (top, foot), none = self._ends(), self._y(None)
        painter.setPen(pen)
        for row in rows:  # one path of them all would be far slower: its strokes are united
            places = self._frame.rows[row].places
            heights = ((x, places[at]) for at, x in axes)
            painter.drawPolyline(
                [QPointF(x, none if at is None else foot - at * (foot - top)) for x, at in heights]
            )

    def _draw_axis(self, painter: QPainter, n: int) -> None:
        c, name = self._theme.colours, self._names[n]
        axis = self._frame.axes[self._frame.at(name)]
        x = self._x(n)
        painter.setPen(QPen(QColor(c.text3), 1.2))
        painter.drawLine(QPointF(x, self._y(1.0)), QPointF(x, self._y(0.0)))
        if name in self._brushes:
            low, high = self._brushes[name]
            band = QRectF(x - 6, self._y(high), 12, max(3.0, self._y(low) - self._y(high)))
            tint = QColor(c.accent)
            tint.setAlphaF(0.25)
            painter.setBrush(tint)
            painter.setPen(QPen(QColor(c.accent), 1.4))
            painter.drawRoundedRect(band, 3, 3)
        top, foot = self._ends()
        close = self._apart < _CLOSE
        further = 1 if close and n % 2 else 0
        room = self._apart * (2 if close else 1) - 8
        arrow = {"higher": " ↑", "lower": " ↓"}.get(axis.better or "", "")
        head = top - _HEAD * (1 + further)
        self._text(painter, x, head + 2, 16, name + arrow, font(12, 600), c.text, room)
        self._text(painter, x, head + 17, 15, axis.text(1.0), mono(11), c.text3, room)
        low = foot + _NONE + 2 + 15 * further
        self._text(painter, x, low, 15, axis.text(0.0), mono(11), c.text3, room)

    def _text(
        self, painter: QPainter, x: float, top: float, height: float, text: str, face: QFont,
        colour: str, room: float,
    ) -> None:  # fmt: skip
        painter.setFont(face)
        painter.setPen(QColor(colour))
        width = min(2.0 * _SIDE, room)
        metrics = QFontMetrics(face)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, int(width))
        area = QRectF(x - width / 2, top, width, height)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, shown)

    # ------------------------------------------------------------------ mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self._axis_at(event.position().x())
        if at >= 0:
            self._dragged = at, self._place(event.position().y())
        else:
            row = self._row_at(event.position())
            if row >= 0:
                self.pressed.emit(row)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is None:
            over = self._axis_at(event.position().x()) >= 0
            self.setCursor(Qt.CursorShape.SizeVerCursor if over else Qt.CursorShape.ArrowCursor)
            self.pointed.emit(-1 if over else self._row_at(event.position()))
            return
        at, start = self._dragged
        now = self._place(event.position().y())
        if abs(now - start) > 0.01:
            self.brushed.emit(self._names[at], (min(start, now), max(start, now)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self._axis_at(event.position().x())
        if at >= 0:
            self.brushed.emit(self._names[at], None)

    def leaveEvent(self, event: object) -> None:
        self.pointed.emit(-1)


def _mixed(first: QColor, second: QColor, share: float) -> QColor:
    """From the first at 0 to the second at 1."""
    parts = (
        getattr(first, part)() * (1 - share) + getattr(second, part)() * share
        for part in ("redF", "greenF", "blueF")
    )
    return QColor.fromRgbF(*parts)

"""The small map: the whole graph as blocks, and a frame round what is in sight."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame

from strongroom.gui.lineage import cards
from strongroom.gui.lineage.canvas import Canvas
from strongroom.gui.theme import Theme

SIZE = (164, 124)
_PAD = 10


class SmallMap(QFrame):
    """Pressing or dragging in it moves the canvas; it is a mouse's thing, keys have their own."""

    def __init__(self, canvas: Canvas, theme: Theme) -> None:
        super().__init__(canvas)
        self.setProperty("look", "card")
        self.setFixedSize(*SIZE)
        self.setAccessibleName("Small map of the graph")
        self.setToolTip("Press to go there")
        self._canvas, self._theme = canvas, theme
        canvas.view.moved.connect(self.update)
        theme.changed.connect(self.update)

    def _scale(self) -> tuple[float, QPointF]:
        """Zoom of the map, and the scene's point at its top left."""
        box = self._canvas.bounds()
        room = QRectF(self.rect()).adjusted(_PAD, _PAD, -_PAD, -_PAD)
        zoom = min(room.width() / box.width(), room.height() / box.height(), 0.2)
        middle = box.center()
        return zoom, middle - QPointF(self.width(), self.height()) / 2 / zoom

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        zoom, corner = self._scale()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        canvas = self._canvas
        wide, high = max(2.0, 170 * zoom), max(1.5, 78 * zoom)
        painter.setPen(Qt.PenStyle.NoPen)
        by_tone: dict[str, list[QRectF]] = {}
        for name, node in canvas.graph.nodes.items():
            at = (canvas.middle_of(name) - corner) * zoom
            place = QRectF(at.x() - wide / 2, at.y() - high / 2, wide, high)
            tone = "red" if name in canvas.affected else cards.look_of(node).tone
            by_tone.setdefault(tone, []).append(place)
        for tone, places in by_tone.items():
            colour = QColor(self._theme.tone(tone).solid)
            colour.setAlphaF(0.6)
            painter.setBrush(colour)
            painter.drawRects(places)
        seen = canvas.view.in_sight()
        frame = QRectF((seen.topLeft() - corner) * zoom, (seen.bottomRight() - corner) * zoom)
        frame = frame.intersected(QRectF(self.rect()).adjusted(3, 3, -3, -3))
        painter.setBrush(QColor(self._theme.colours.accent_soft + ""))
        painter.setOpacity(0.35)
        painter.drawRect(frame)
        painter.setOpacity(1.0)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self._theme.colours.accent), 1.4))
        painter.drawRoundedRect(frame, 3, 3)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())

    def _go(self, at: QPointF) -> None:
        zoom, corner = self._scale()
        self._canvas.view.look_at(corner + at / zoom)

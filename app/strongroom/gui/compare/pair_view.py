"""Two pictures in one place: a slider between them, one through the other, or their difference."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from strongroom.gui.compare.pictures import Pair
from strongroom.gui.paint import draw_text
from strongroom.gui.theme import Theme, font

SLIDER, ONION, DIFFERENCE = "slider", "onion", "difference"
MODES = ((SLIDER, "Slider"), (ONION, "Onion skin"), (DIFFERENCE, "Difference"))
_EDGE, _STEP, _LEAP = 12, 1, 10


class PairView(QWidget):
    """`moved(percent)`: where the slider stands, or how much of the second is seen;
    `mode_wanted(mode)`, `step_wanted(by)`: another pair.

    Keys: Left and Right move (with Shift further), 1 to 3 choose the mode, Up and Down the pair.
    """

    moved = Signal(int)
    mode_wanted = Signal(str)
    step_wanted = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.pair: Pair | None = None
        self.mode, self.percent, self.words = SLIDER, 50, ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Two pictures")
        theme.changed.connect(self.update)

    def show_pair(self, pair: Pair | None, words: str = "") -> None:
        """`words` stand in the place of a pair that is not there."""
        self.pair, self.words = pair, words
        self._look()

    def set_mode(self, mode: str) -> None:
        self.mode = mode
        self._look()

    def set_percent(self, percent: int) -> None:
        percent = max(0, min(100, percent))
        if percent != self.percent:
            self.percent = percent
            self.moved.emit(percent)
            self.update()

    def _look(self) -> None:
        moves = self.mode == SLIDER and self._has_both
        self.setCursor(Qt.CursorShape.SplitHCursor if moves else Qt.CursorShape.ArrowCursor)
        self.update()

    @property
    def _has_both(self) -> bool:
        return self.pair is not None and self.pair.difference is not None

    # ------------------------------------------------------------------ painting

    def canvas(self) -> QRectF:
        """Where the pictures are: as large as there is room, never enlarged beyond four times."""
        room = QRectF(self.rect()).adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
        if self.pair is None or self.pair.size.isEmpty():
            return room
        size = self.pair.size
        scale = min(4.0, room.width() / size.width(), room.height() / size.height())
        wide, high = size.width() * scale, size.height() * scale
        return QRectF(
            room.center().x() - wide / 2, room.center().y() - high / 2, wide, high
        )  # fmt: skip

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        c = self._theme.colours
        painter.fillRect(self.rect(), QColor(c.sunken))
        if self.pair is None:
            area = self.rect().adjusted(16, 0, -16, 0)
            draw_text(painter, area, self.words, font(12), c.text2)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            self._paint_pair(painter, self.pair)
        if self.hasFocus():
            painter.setPen(QPen(QColor(c.accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_pair(self, painter: QPainter, pair: Pair) -> None:
        area = self.canvas()
        if self.mode == DIFFERENCE and pair.difference is not None:
            painter.drawImage(area, pair.difference.image)
            return
        if not self._has_both:
            self._draw(painter, pair.first or pair.second, area)
            return
        self._draw(painter, pair.first, area)
        if self.mode == ONION:
            painter.setOpacity(self.percent / 100)
            self._draw(painter, pair.second, area)
            painter.setOpacity(1.0)
            return
        x = area.left() + area.width() * self.percent / 100
        right = QRectF(x, area.top(), area.right() - x, area.height())
        painter.save()
        painter.setClipRect(right)
        painter.fillRect(right, QColor(self._theme.colours.sunken))
        self._draw(painter, pair.second, area)
        painter.restore()
        painter.setPen(QPen(QColor(self._theme.colours.accent), 2))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _draw(self, painter: QPainter, image: QImage | None, area: QRectF) -> None:
        """From the upper left corner of the canvas, which a smaller one does not fill."""
        if image is None or self.pair is None:
            return
        scale = area.width() / self.pair.size.width()
        painter.drawImage(
            QRectF(area.topLeft(), image.size().toSizeF() * scale), image, QRectF(image.rect())
        )

    # ------------------------------------------------------------------ mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._drag(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._drag(event)

    def _drag(self, event: QMouseEvent) -> None:
        area = self.canvas()
        if self.mode != DIFFERENCE and self._has_both and area.width() > 0:
            self.set_percent(round(100 * (event.position().x() - area.left()) / area.width()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        size = _LEAP if far else _STEP
        key = Qt.Key(event.key())
        moves = {Qt.Key.Key_Left: -size, Qt.Key.Key_Right: size}
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        modes = {Qt.Key.Key_1: 0, Qt.Key.Key_2: 1, Qt.Key.Key_3: 2}
        if key in moves:
            self.set_percent(self.percent + moves[key])
        elif key in steps:
            self.step_wanted.emit(steps[key])
        elif key in modes:
            self.mode_wanted.emit(MODES[modes[key]][0])
        else:
            super().keyPressEvent(event)


def fitted(image: QImage, area: QRect) -> QRectF:
    """Where a picture lies in the middle of an area, never enlarged."""
    scale = min(1.0, area.width() / image.width(), area.height() / image.height())
    wide, high = image.width() * scale, image.height() * scale
    centre = QRectF(area).center()
    return QRectF(centre.x() - wide / 2, centre.y() - high / 2, wide, high)

"""Names with values as small chips, painted in as many lines as they need."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QRectF, QSize
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from strongroom.gui.paint import draw_text
from strongroom.gui.theme import Theme, mono
from strongroom.gui.tips import tip

_HEIGHT, _PAD, _GAP = 22, 7, 6


class Chips(QWidget):
    def __init__(self, theme: Theme, pairs: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._theme, self._pairs = theme, list(pairs)
        self._metrics = QFontMetrics(mono(11))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(", ".join(f"{name} {value}" for name, value in pairs))
        theme.changed.connect(self.update)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        places = self._places(width)
        return places[-1].bottom() + 1 if places else 0

    def sizeHint(self) -> QSize:
        return QSize(200, self.heightForWidth(max(200, self.width())))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, _HEIGHT)

    def _places(self, width: int) -> list[QRect]:
        places, x, y = [], 0, 0
        for name, value in self._pairs:
            wide = self._metrics.horizontalAdvance(f"{name} {value}") + 2 * _PAD + 2
            wide = min(wide, width)
            if x and x + wide > width:
                x, y = 0, y + _HEIGHT + _GAP
            places.append(QRect(x, y, wide, _HEIGHT))
            x += wide + _GAP
        return places

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tone, colours = self._theme.tone("grey"), self._theme.colours
        for (name, value), place in zip(self._pairs, self._places(self.width()), strict=True):
            painter.setPen(QPen(QColor(tone.edge), 1))
            painter.setBrush(QColor(tone.fill))
            painter.drawRoundedRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
            inner = place.adjusted(_PAD, 0, -_PAD, 0)
            used = draw_text(painter, inner, f"{name} ", mono(11), colours.text2)
            rest = inner.adjusted(used, 0, 2, 0)
            draw_text(painter, rest, value, mono(11), colours.text)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            for (name, value), place in zip(self._pairs, self._places(self.width()), strict=True):
                if place.contains(event.pos()):
                    QToolTip.showText(event.globalPos(), tip(f"{name} = {value}"), self)
                    return True
            QToolTip.hideText()
            return True
        return super().event(event)

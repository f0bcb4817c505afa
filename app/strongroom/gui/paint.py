"""Drawing pills, texts and placeholders by hand: for rows, which have no widget each."""

from __future__ import annotations

import functools

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QWidget

from strongroom.gui import icons
from strongroom.gui.theme import PILL, Theme, font
from strongroom.gui.wording import Look

_PAD, _ICON, _GAP = 8, 13, 5
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
#: Texts whose fit is remembered.
_KEPT = 8000


def pill_width(look: Look, fnt: QFont | None = None) -> int:
    metrics = QFontMetrics(fnt or font(12, 500))
    return 2 * _PAD + _ICON + _GAP + metrics.horizontalAdvance(look.word)


def draw_pill(
    painter: QPainter, area: QRect, look: Look, theme: Theme, square: bool = False
) -> None:
    """A pill at the left of `area`, in its middle: icon, word and tint. `square`: a kind's chip."""
    tone, fnt = theme.tone(look.tone), font(12, 500)
    width = min(pill_width(look, fnt), area.width())
    rect = QRectF(area.x() + 0.5, area.center().y() - PILL / 2 + 1, width - 1, PILL - 1)
    radius = 4.0 if square else PILL / 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(tone.edge), 1))
    painter.setBrush(QColor(tone.fill))
    painter.drawRoundedRect(rect, radius, radius)
    at = QPointF(rect.x() + _PAD - 1, rect.center().y() - _ICON / 2)
    ratio = painter.device().devicePixelRatioF()
    painter.drawPixmap(at, icons.pixmap(look.icon, tone.text, _ICON, ratio))
    left = round(rect.x()) + _PAD + _ICON + _GAP - 1
    inner = QRect(left, area.y(), round(rect.right()) - left - 3, area.height())
    draw_text(painter, inner, look.word, fnt, tone.text)
    painter.restore()


def draw_text(
    painter: QPainter,
    area: QRect,
    text: str,
    fnt: QFont,
    colour: str,
    right: bool = False,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> int:
    """One line in the middle of `area`; how wide it came out comes back."""
    shown, width = _fitted(text, fnt.key(), area.width(), elide, fnt)
    painter.setFont(fnt)
    painter.setPen(_colour(colour))
    painter.drawText(area, _RIGHT if right else _LEFT, shown)
    return width


class _Fitted:
    """What fits of a text, kept: rows are painted far more often than their texts change."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int, Qt.TextElideMode], tuple[str, int]] = {}
        self._metrics: dict[str, QFontMetrics] = {}

    def __call__(
        self, text: str, font_key: str, width: int, elide: Qt.TextElideMode, fnt: QFont
    ) -> tuple[str, int]:
        wanted = text, font_key, width, elide
        found = self._known.get(wanted)
        if found is None:
            metrics = self._metrics.get(font_key)
            if metrics is None:
                metrics = self._metrics[font_key] = QFontMetrics(fnt)
            shown = metrics.elidedText(text, elide, width)
            if len(self._known) > _KEPT:
                self._known.clear()
            found = self._known[wanted] = shown, metrics.horizontalAdvance(shown)
        return found


_fitted = _Fitted()


@functools.lru_cache(maxsize=256)
def _colour(name: str) -> QColor:
    return QColor(name)


def draw_placeholder(painter: QPainter, area: QRect, share: float, theme: Theme) -> None:
    """A grey bar where a text will be."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.colours.line))
    bar = QRectF(area.x(), area.center().y() - 4, area.width() * share, 9)
    painter.drawRoundedRect(bar, 4.5, 4.5)
    painter.restore()


class Pill(QWidget):
    """A pill as a widget, for where there is only one."""

    def __init__(self, theme: Theme, look: Look, square: bool = False) -> None:
        super().__init__()
        self._theme, self._look, self._square = theme, look, square
        self.setFixedSize(pill_width(look) + 1, PILL + 2)
        self.setAccessibleName(look.word)
        theme.changed.connect(self.update)

    def set_look(self, look: Look) -> None:
        """Another state."""
        self._look = look
        self.setFixedSize(pill_width(look) + 1, PILL + 2)
        self.setAccessibleName(look.word)
        self.update()

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        draw_pill(painter, self.rect(), self._look, self._theme, self._square)
        painter.end()


class Dot(QWidget):
    """A state's dot; the word stands beside it."""

    def __init__(self, theme: Theme, tone: str) -> None:
        super().__init__()
        self._theme, self.tone = theme, tone
        self.setFixedSize(8, 8)
        theme.changed.connect(self.update)

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.tone(self.tone).solid))
        painter.drawEllipse(QRectF(1, 1, 6, 6))
        painter.end()

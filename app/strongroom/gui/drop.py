"""What the window shows while files are dragged over it."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from strongroom.gui import icons
from strongroom.gui.paint import draw_text
from strongroom.gui.theme import Theme, font
from strongroom.gui.wording import plural, sentence


def local_paths(data: QMimeData) -> list[str]:
    """The files that are dragged or pasted, if they lie on this computer."""
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile() and url.toLocalFile()]


class DropVeil(QWidget):
    """Lies over the page; sidebar, top bar and strip stay as they are."""

    def __init__(self, over: QWidget, theme: Theme) -> None:
        super().__init__(over)
        self._over, self._theme, self._count = over, theme, 0
        self._why_not = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def open(self, count: int, why_not: str = "") -> None:
        """`why_not`: nothing can be added now."""
        self._count, self._why_not = count, why_not
        self.setGeometry(self._over.rect())
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        c = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(c.window)
        veil.setAlpha(215)
        painter.fillRect(self.rect(), veil)
        edge = QRectF(self.rect()).adjusted(7, 7, -7, -7)
        painter.setPen(QPen(QColor(c.accent), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(edge, 12, 12)
        middle = self.rect().center()
        title = sentence(self._why_not) or "Drop to add"
        about = (
            "Nothing can be added to it."
            if self._why_not
            else f"{plural(self._count, 'item')}. You see first what would be made; nothing is"
            " stored until you press Add."
        )
        painter.setFont(font(13))
        wide = min(painter.fontMetrics().horizontalAdvance(about) + 64, self.width() - 56)
        card = QRectF(middle.x() - wide / 2, middle.y() - 88, wide, 152)
        painter.setPen(QPen(QColor(c.accent_line), 1))
        painter.setBrush(QColor(c.accent_soft))
        painter.drawRoundedRect(card, 8, 8)
        ratio = painter.device().devicePixelRatioF()
        pixmap = icons.pixmap("import", c.accent_text, 36, ratio)
        painter.drawPixmap(middle.x() - 18, middle.y() - 64, pixmap)
        lines = (
            (title, font(18, 650), c.accent_text, -14),
            (about, font(13), c.text2, 16),
        )
        for text, fnt, colour, offset in lines:
            painter.setFont(fnt)
            width = painter.fontMetrics().horizontalAdvance(text)
            area = QRect(middle.x() - width // 2, middle.y() + offset, width + 4, 26)
            draw_text(painter, area, text, fnt, colour)
        painter.end()

"""A card that opens above a part of the strip and goes when one presses elsewhere."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QWidget

_EDGE = 8


class Popup(QFrame):
    def __init__(self, parent: QWidget, width: int) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._window = parent.window()
        self.setProperty("look", "card")
        self.setFixedWidth(width)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def show_above(self, point: QPoint) -> None:
        """With its foot at `point` (global), inside the window's left and right edge."""
        self.adjustSize()
        screen = self._window.frameGeometry()
        left = min(point.x(), screen.right() - self.width() - _EDGE)
        self.move(max(screen.left() + _EDGE, left), point.y() - self.height() - 6)
        self.show()

"""The filter: what is typed is read at once; a wrong one says where, and the list stays."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from strongroom.domain.filters import BadFilter, parse
from strongroom.gui import icons
from strongroom.gui.pieces import label
from strongroom.gui.theme import Theme, font

_SETTLE_MS = 120


class FilterField(QLineEdit):
    """`settled` brings each filter that can be read, once typing pauses."""

    settled = Signal(str)
    left = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFont(font())
        self.setPlaceholderText("Filter: a name, kind:model, auc>0.9, created:<7d …")
        self.setAccessibleName("Filter")
        self.setClearButtonEnabled(True)
        self._glass = self.addAction(
            icons.icon("list-filter", theme.colours.text2), QLineEdit.ActionPosition.LeadingPosition
        )
        theme.changed.connect(self._draw_icon)
        self.reason = label("", "bad", font(12))
        self.reason.hide()
        self._timer = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._timer.timeout.connect(self._tell)
        self.textChanged.connect(self._read)
        self.returnPressed.connect(self._tell)

    def _draw_icon(self) -> None:
        self._glass.setIcon(icons.icon("list-filter", self._theme.colours.text2))

    def attach_reason(self, parent: QWidget) -> None:
        """Where the reason of a wrong filter floats, below the field."""
        self.reason.setParent(parent)
        self.reason.setStyleSheet("padding: 4px 8px;")

    def _read(self, text: str) -> None:
        try:
            parse(text, int(time.time() * 1e6))
        except BadFilter as error:
            self._timer.stop()
            self._mark(f"{error.what[:1].upper()}{error.what[1:]}")
            return
        self._mark("")
        self._timer.start()

    def _mark(self, reason: str) -> None:
        wrong = bool(reason)
        if self.property("wrong") != wrong:
            self.setProperty("wrong", wrong)
            self.style().unpolish(self)
            self.style().polish(self)
        self.setToolTip(reason)
        self.reason.setText(reason)
        self.reason.setVisible(wrong)
        parent = self.reason.parentWidget()
        if wrong and parent is not None:
            tone = self._theme.tone("red")
            self.reason.setStyleSheet(
                f"padding: 5px 9px; background: {tone.fill}; border: 1px solid {tone.edge};"
                f" border-radius: 6px; color: {tone.text};"
            )
            self.reason.adjustSize()
            self.reason.move(self.mapTo(parent, self.rect().bottomLeft()))
            self.reason.raise_()

    def _tell(self) -> None:
        self._timer.stop()
        if not self.property("wrong"):
            self.settled.emit(self.text().strip())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if self.text():
                self.clear()
                self._tell()
            else:
                self.left.emit()
        elif event.key() == Qt.Key.Key_Down:
            self.left.emit()
        else:
            super().keyPressEvent(event)

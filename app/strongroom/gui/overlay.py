"""Sheets over the page: the rest of the window waits, Esc closes, the keyboard stays inside."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsDropShadowEffect, QWidget
from shiboken6 import isValid

from strongroom.gui import tabbing
from strongroom.gui.pieces import IconButton, column, frame, label, row
from strongroom.gui.theme import Theme, font

_EDGE = 32


class Sheet(QFrame):
    """What an overlay shows. `closed` asks the overlay to take it away."""

    closed = Signal()

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self.setProperty("look", "sheet")
        self.wanted = width, height
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def first_focus(self) -> QWidget:
        """What has the keyboard when the sheet opens."""
        return self

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()  # a press inside is not one beside

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round inside the sheet."""
        tabbing.step([self], forward)
        return True

    def leave(self) -> None:
        """Esc, or a press beside the sheet: nothing was decided."""
        self.closed.emit()

    def put_away(self) -> None:
        """It is about to be deleted."""


class ReadingSheet(Sheet):
    """A title, a way to close, and something to read."""

    def __init__(
        self, theme: Theme, title: str, size: tuple[int, int], content: QWidget, beside: str = ""
    ) -> None:
        super().__init__(*size)
        self._content = content
        layout = column(1, 12, 1, 12)
        head = row(20, 0, 12, 8)
        head.addWidget(label(title, fnt=font(15, 650)))
        head.addStretch(1)
        head.addWidget(label(beside, "caption", font(12)))
        head.addWidget(IconButton(theme, "x", "Close (Esc)", self.leave))
        layout.addLayout(head)
        layout.addWidget(frame("rule"))
        layout.addWidget(content, 1)
        self.setLayout(layout)

    def first_focus(self) -> QWidget:
        return self._content


class Overlay(QWidget):
    """One per window, above everything. `changed` tells whether a sheet is open."""

    changed = Signal(bool)

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme, self._under = theme, parent
        self.sheet: Sheet | None = None
        self._before: QWidget | None = None
        self.hide()
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.activated.connect(self._leave)
        parent.installEventFilter(self)
        QApplication.instance().focusChanged.connect(self._keep_focus)  # type: ignore[union-attr]

    def open(self, sheet: Sheet) -> None:
        """Shows a sheet in place of one that is open."""
        if self.sheet is not None:
            self.sheet.leave()  # so that it gives up what it has begun
            self.close_sheet()
        self._before = QApplication.focusWidget()
        self.sheet = sheet
        sheet.setParent(self)
        sheet.closed.connect(self.close_sheet)
        shadow = QGraphicsDropShadowEffect(sheet)
        shadow.setBlurRadius(40)
        shadow.setOffset(0, 8)
        shadow.setColor(QColor(0, 0, 0, 150 if self._theme.dark else 70))
        sheet.setGraphicsEffect(shadow)
        self._place()
        self.show()
        self.raise_()
        sheet.show()
        sheet.first_focus().setFocus(Qt.FocusReason.OtherFocusReason)
        self.changed.emit(True)

    def close_sheet(self) -> None:
        sheet, self.sheet = self.sheet, None
        if sheet is None:
            return
        self.hide()
        sheet.hide()
        sheet.put_away()
        sheet.deleteLater()
        if self._before is not None and isValid(self._before):  # it may be gone meanwhile
            self._before.setFocus()
        self._before = None
        self.changed.emit(False)

    def _place(self) -> None:
        self.setGeometry(self._under.rect())
        if self.sheet is None:
            return
        width = min(self.sheet.wanted[0], self.width() - 2 * _EDGE)
        height = min(self.sheet.wanted[1], self.height() - 2 * _EDGE)
        self.sheet.setGeometry(
            (self.width() - width) // 2, max(_EDGE, (self.height() - height) // 3), width, height
        )

    def _keep_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        if self.sheet is None or new is None or new.window() is not self.window():
            return
        if new is not self.sheet and not self.sheet.isAncestorOf(new):
            self.sheet.first_focus().setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._leave()

    def _leave(self) -> None:
        if self.sheet is not None:
            self.sheet.leave()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.colours.veil))
        painter.end()

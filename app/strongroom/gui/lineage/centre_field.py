"""The field in the top bar: what the graph is centred on, and a search that walks through hits."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit

from strongroom.gui.pieces import Icon, label, row
from strongroom.gui.theme import Theme, font, mono


class CentreField(QFrame):
    """`sought(text)`: what is looked for; `walk(step)`: to the next hit or the one before;
    `left`: the keyboard goes on to the graph.
    """

    sought = Signal(str)
    walk = Signal(int)
    left = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("centre")
        self._theme = theme
        layout = row(10, 0, 8, 0, spacing=8)
        layout.addWidget(Icon(theme, "locate-fixed", "text2", 15))
        layout.addWidget(label("Centred on", "second", font(12)))
        self._centre = label("", "", mono(12))
        self._centre.setObjectName("chip")
        self._centre.setMaximumWidth(340)
        self._centre.setFixedHeight(22)
        layout.addWidget(self._centre)
        self.edit = _Search()
        self.edit.setProperty("look", "bare")
        self.edit.setPlaceholderText("Find a node in the graph…")
        self.edit.setAccessibleName("Find a node in the graph")
        layout.addWidget(self.edit, 1)
        self._count = label("", "caption", font(12))
        layout.addWidget(self._count)
        self.setLayout(layout)
        self.setFocusProxy(self.edit)
        self.edit.textChanged.connect(self.sought)
        self.edit.walk.connect(self.walk)
        self.edit.left.connect(self.left)
        theme.changed.connect(self._draw)
        self._draw()

    def _draw(self) -> None:
        c = self._theme.colours
        self.setStyleSheet(
            f"#centre {{ background: {c.panel}; border: 1px solid {c.line3}; border-radius: 6px; }}"
            f"#chip {{ color: {c.accent_text}; background: {c.accent_soft};"
            f" border: 1px solid {c.accent_line}; border-radius: 4px; padding: 1px 6px; }}"
        )

    def show_centre(self, text: str) -> None:
        shown = self._centre.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, 320)
        self._centre.setText(shown)
        self._centre.setToolTip(text if shown != text else "")
        self._centre.setVisible(bool(text))

    def show_hits(self, at: int, count: int) -> None:
        """`2 of 5`; `at` counts from 0, below it none is gone to yet."""
        if not self.edit.text():
            self._count.setText("")
        elif not count:
            self._count.setText("no match")
        else:
            self._count.setText(f"{at + 1} of {count}" if at >= 0 else f"{count} found")


class _Search(QLineEdit):
    walk = Signal(int)
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, back = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.walk.emit(-1 if back else 1)
        elif key == Qt.Key.Key_Down:
            self.left.emit()
        elif key == Qt.Key.Key_Escape:
            self.clear()
            self.left.emit()
        else:
            super().keyPressEvent(event)

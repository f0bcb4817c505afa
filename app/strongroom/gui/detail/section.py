"""A part of the panel that draws itself anew only when what it shows has changed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from strongroom.gui.detail.reading import Reading
from strongroom.gui.pieces import Elided, column, label, row, selectable
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.tips import tip

KEY_WIDTH = 84


class Section(QWidget):
    """A caption, words beside it, and a body. Subclasses say which facts they show, and fill."""

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        self._theme = theme
        self._facts: Any = None
        layout = column(0, 0, 0, 12, spacing=6)
        self.head = row(spacing=8)
        self.head.setContentsMargins(0, 2, 0, 0)
        self.caption = label(title, "caption", font(11, 600))
        self.beside = label("", "caption", font(12))
        self.head.addWidget(self.caption)
        self.head.addStretch(1)
        self.head.addWidget(self.beside)
        layout.addLayout(self.head)
        self.body = column(spacing=6)
        layout.addLayout(self.body)
        self.setLayout(layout)
        self.hide()

    def facts(self, reading: Reading) -> Any:
        """All that the section shows, comparable; nothing: the section is not there."""
        raise NotImplementedError

    def fill(self, facts: Any) -> None:
        """Puts widgets into the empty `body`."""
        raise NotImplementedError

    def show_of(self, reading: Reading) -> None:
        facts = self.facts(reading)
        if facts != self._facts:
            self._facts = facts
            self.redraw()
        self.setVisible(self.is_there(facts))

    def is_there(self, facts: Any) -> bool:
        return bool(facts)

    def redraw(self) -> None:
        """Fills the body again; what had the keyboard has it again if it is still there."""
        focus = self.focusWidget()
        name = focus.accessibleName() if focus is not None and focus.hasFocus() else ""
        empty(self.body)
        if self.is_there(self._facts):
            self.fill(self._facts)
        if name:
            for one in self.findChildren(QWidget):
                if one.accessibleName() == name and not one.isHidden():
                    one.setFocus()
                    return


def empty(layout: Any) -> None:
    while item := layout.takeAt(0):
        if item.widget():
            item.widget().hide()
            item.widget().deleteLater()
        elif item.layout():
            empty(item.layout())
            item.layout().deleteLater()


def pair(name: str) -> QHBoxLayout:
    """A line that begins with what it is about."""
    line = row(spacing=8)
    key = label("", "second", font(12))
    key.setFixedWidth(KEY_WIDTH)
    key.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    shown = key.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, KEY_WIDTH)
    key.setText(shown)
    key.setToolTip(tip(name) if shown != name else "")
    line.addWidget(key)
    return line


def value_line(
    body: QVBoxLayout, name: str, text: str, look: str = "", in_mono: bool = True
) -> None:
    line = pair(name)
    line.addWidget(Elided(text, look, mono() if in_mono else font(12)), 1)
    body.addLayout(line)


def words(text: str, look: str = "", size: int = 12) -> QLabel:
    made = selectable(label(text, look, font(size)))
    made.setWordWrap(True)
    return made

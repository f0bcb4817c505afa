"""A small sheet that asks for one line of text."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QLineEdit, QWidget

from strongroom.gui.overlay import Sheet
from strongroom.gui.pieces import Button, Elided, IconButton, column, label, row
from strongroom.gui.theme import Theme, font, mono


class NameSheet(Sheet):
    """`done(text)` hears what was typed, if it was not empty."""

    def __init__(
        self,
        theme: Theme,
        title: str,
        about: str,
        text: str,
        verb: str,
        done: Callable[[str], object],
    ) -> None:
        super().__init__(440, 190)
        self._done = done
        layout = column(20, 14, 20, 16, spacing=10)
        head = row()
        head.addWidget(label(title, fnt=font(15, 650)))
        head.addStretch(1)
        head.addWidget(IconButton(theme, "x", "Close (Esc)", self.leave))
        layout.addLayout(head)
        layout.addWidget(Elided(about, "second", mono()))
        self.field = QLineEdit(text)
        self.field.setAccessibleName(title)
        self.field.selectAll()
        self.field.returnPressed.connect(self._finish)
        layout.addWidget(self.field)
        layout.addStretch(1)
        buttons = row(spacing=10)
        buttons.addStretch(1)
        buttons.addWidget(Button(theme, "Cancel", "", "", self.leave))
        self.ok = Button(theme, verb, "", "primary", self._finish)
        buttons.addWidget(self.ok)
        layout.addLayout(buttons)
        self.setLayout(layout)

    def first_focus(self) -> QWidget:
        return self.field

    def _finish(self) -> None:
        text = self.field.text().strip()
        if text:
            self.closed.emit()
            self._done(text)

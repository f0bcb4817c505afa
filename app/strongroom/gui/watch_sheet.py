"""How a folder shall be watched, asked once before it is."""

from __future__ import annotations

import os
from typing import Any

from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from strongroom.domain.errors import StrongroomError, printable
from strongroom.domain.names import derive_name
from strongroom.gui.bridge import Bridge
from strongroom.gui.overlay import Sheet
from strongroom.gui.pieces import (
    Button,
    Choice,
    Elided,
    Icon,
    IconButton,
    column,
    frame,
    label,
    row,
)
from strongroom.gui.theme import Theme, font, mono

_MODES = (
    ("auto", "Group files by run, every other file by itself"),
    ("each", "Every file by itself"),
    ("whole", "The folder as one artifact"),
)
_KEEP = (("all", "Every checkpoint"), ("best-last", "The best and the last checkpoint of a run"))


class WatchSheet(Sheet):
    def __init__(self, bridge: Bridge, theme: Theme, root: bytes) -> None:
        super().__init__(560, 400)
        self._bridge, self._theme, self._root = bridge, theme, os.path.abspath(root)
        layout = column(1, 14, 1, 12)
        head = row(20, 0, 12, 12, spacing=12)
        head.addWidget(Icon(theme, "folder-sync", "accent_text", 20))
        words = column(spacing=2)
        words.addWidget(label("Watch a folder", fnt=font(15, 650)))
        words.addWidget(Elided(printable(os.fsdecode(self._root)), "second", mono()))
        head.addLayout(words, 1)
        head.addWidget(IconButton(theme, "x", "Close (Esc)", self.leave))
        layout.addLayout(head)
        layout.addWidget(frame("rule"))
        inside = column(20, 14, 20, 8, spacing=10)
        self.name = QLineEdit(derive_name(os.path.basename(self._root) or b"root"))
        self.mode = Choice(theme, _MODES)
        self.keep = Choice(theme, _KEEP)
        self.polling = QCheckBox("It is a network drive: look every few seconds")
        for title, field in (
            ("Names begin with", self.name),
            ("What belongs together", self.mode),
            ("Of checkpoints, keep", self.keep),
        ):
            line = row(spacing=12)
            caption = label(title, "second")
            caption.setFixedWidth(150)
            caption.setBuddy(field)
            field.setAccessibleName(title)
            line.addWidget(caption)
            line.addWidget(field, 1)
            inside.addLayout(line)
        inside.addWidget(self.polling)
        line = row(spacing=8)
        line.addWidget(Icon(theme, "info", "text3", 14))
        line.addWidget(
            label("Watching never moves, renames or changes your files.", "caption", font(12)), 1
        )
        inside.addLayout(line)
        self.wrong = label("", "bad", font(12))
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        inside.addWidget(self.wrong)
        inside.addStretch(1)
        layout.addLayout(inside, 1)
        buttons = row(20, 4, 20, 0, spacing=10)
        buttons.addStretch(1)
        buttons.addWidget(Button(theme, "Cancel", "", "", self.leave))
        self.watch_button = Button(theme, "Watch folder", "folder-sync", "primary", self._watch)
        buttons.addWidget(self.watch_button)
        layout.addLayout(buttons)
        self.setLayout(layout)
        self.mode.currentIndexChanged.connect(
            lambda _: self.keep.setEnabled(self.mode.currentData() == "auto")
        )
        self.name.returnPressed.connect(self._watch)

    def first_focus(self) -> QWidget:
        return self.watch_button

    def _watch(self) -> None:
        options: dict[str, Any] = {
            "name": self.name.text().strip() or None,
            "mode": self.mode.currentData(),
            "keep": self.keep.currentData(),
            "polling": self.polling.isChecked(),
        }
        root = self._root
        self.watch_button.setEnabled(False)
        self._bridge.ask(
            lambda registry: registry.add_watch(root, options),
            lambda _: self.closed.emit(),
            self._explain,
        )

    def _explain(self, error: StrongroomError) -> None:
        self.watch_button.setEnabled(True)
        self.wrong.setText(f"{error.what[:1].upper()}{error.what[1:]}: {error.hint}")
        self.wrong.show()

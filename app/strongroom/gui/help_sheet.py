"""The in-app help and the list of keys."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QGridLayout, QScrollArea, QTextBrowser, QWidget

from strongroom import __version__
from strongroom.gui.commands import Command
from strongroom.gui.overlay import Sheet
from strongroom.gui.pieces import IconButton, column, frame, label, row
from strongroom.gui.resources import resources
from strongroom.gui.theme import Theme, font
from strongroom.settings import described

#: Keys that belong to the list itself and no command.
_LIST_KEYS = (
    ("Up  Down", "Move in the list"),
    ("Space", "Select or deselect the row"),
    ("Shift Up  Shift Down", "Select several rows"),
    ("Enter", "Show the version in the panel"),
    ("Home  End", "First and last row"),
    ("Esc", "Clear selection or filter, close a sheet"),
)


class HelpSheet(Sheet):
    def __init__(self, theme: Theme) -> None:
        super().__init__(780, 620)
        layout = column(1, 12, 1, 12)
        head = row(20, 0, 12, 8)
        head.addWidget(label("Help", fnt=font(15, 650)))
        head.addStretch(1)
        head.addWidget(label(f"Strongroom {__version__}", "caption", font(12)))
        head.addWidget(IconButton(theme, "x", "Close (Esc)", self.leave))
        layout.addLayout(head)
        layout.addWidget(frame("rule"))
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.anchorClicked.connect(_open)
        self.text.setFont(font(13))
        help_file = resources() / "help" / "help.md"
        self.text.setMarkdown(help_file.read_text("utf-8").replace("{settings}", described()))
        layout.addWidget(self.text, 1)
        self.setLayout(layout)

    def first_focus(self) -> QWidget:
        return self.text


class KeysSheet(Sheet):
    def __init__(self, theme: Theme, commands: list[Command]) -> None:
        super().__init__(520, 520)
        layout = column(1, 12, 1, 12)
        head = row(20, 0, 12, 8)
        head.addWidget(label("Keys", fnt=font(15, 650)))
        head.addStretch(1)
        head.addWidget(IconButton(theme, "x", "Close (Esc)", self.leave))
        layout.addLayout(head)
        layout.addWidget(frame("rule"))
        area, inside, grid = QScrollArea(), QWidget(), QGridLayout()
        grid.setContentsMargins(20, 12, 20, 12)
        grid.setVerticalSpacing(8)
        lines = [("  ".join(c.keys), c.title) for c in commands if c.keys] + list(_LIST_KEYS)
        for at, (keys, what) in enumerate(lines):
            grid.addWidget(label(what), at, 0)
            grid.addWidget(label(keys, "key", font(11, 500)), at, 1)
        grid.setColumnStretch(0, 1)
        grid.setRowStretch(len(lines), 1)
        inside.setLayout(grid)
        area.setWidget(inside)
        area.setWidgetResizable(True)
        layout.addWidget(area, 1)
        self.setLayout(layout)
        self.area = area

    def first_focus(self) -> QWidget:
        return self.area


def _open(url: QUrl) -> None:
    if url.scheme() in ("https", "http"):
        QDesktopServices.openUrl(url)

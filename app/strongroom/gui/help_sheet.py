"""The in-app help and the list of keys."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QTextBrowser

from strongroom import __version__
from strongroom.gui.commands import Command
from strongroom.gui.overlay import ReadingSheet
from strongroom.gui.pieces import column, label, row, scrolled
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
    ("Alt Left  Alt Right", "Previous and next file, while one is shown"),
    ("Ctrl F", "Find in the file that is shown"),
    ("Esc", "Clear selection or filter, close a sheet"),
)


class HelpSheet(ReadingSheet):
    def __init__(self, theme: Theme) -> None:
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.anchorClicked.connect(_open)
        self.text.setFont(font(13))
        help_file = resources() / "help" / "help.md"
        self.text.setMarkdown(help_file.read_text("utf-8").replace("{settings}", described()))
        _space(self.text.document())
        super().__init__(theme, "Help", (780, 620), self.text, f"Strongroom {__version__}")


class KeysSheet(ReadingSheet):
    def __init__(self, theme: Theme, commands: list[Command]) -> None:
        lines = [("  ".join(c.keys), c.title) for c in commands if c.keys] + list(_LIST_KEYS)
        grid = column(20, 12, 20, 12, spacing=8)
        for keys, what in lines:
            line = row(spacing=12)
            line.addWidget(label(what), 1)
            line.addWidget(label(keys, "key", font(11, 500)))
            grid.addLayout(line)
        grid.addStretch(1)
        super().__init__(theme, "Keys", (520, 520), scrolled(grid))


def _space(document: QTextDocument) -> None:
    """Headings in the window's sizes, with room above; lines and lists a little apart."""
    cursor, block = QTextCursor(document), document.begin()
    while block.isValid():
        level, form = block.blockFormat().headingLevel(), block.blockFormat()
        form.setTopMargin(18 if level > 1 else 0 if level else 4)
        form.setBottomMargin(6 if level else 4)
        cursor.setPosition(block.position())
        cursor.setBlockFormat(form)
        if level:
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            shape = QTextCharFormat()
            shape.setFont(font(18 if level == 1 else 15, 650))
            cursor.mergeCharFormat(shape)
        block = block.next()


def _open(url: QUrl) -> None:
    if url.scheme() in ("https", "http"):
        QDesktopServices.openUrl(url)

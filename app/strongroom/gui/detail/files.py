"""The files of a version: each can be looked at, exported and named elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QMenu, QWidget

from strongroom.domain.quantities import size_text
from strongroom.gui import icons, wording
from strongroom.gui.detail.listing import Items, Listing
from strongroom.gui.detail.reading import Reading
from strongroom.gui.file_looks import look_of_name, path_of
from strongroom.gui.menus import menu_of
from strongroom.gui.paint import draw_text
from strongroom.gui.pieces import column, copy_text, label, row
from strongroom.gui.theme import MARGIN, Theme, font, mono

File = Mapping[str, Any]
_ICON = 14


class Files(QWidget):
    """`preview(at)`: the file to look at; `export_file(path)`."""

    preview = Signal(int)
    export_file = Signal(object)  # a text of Qt would lose bytes that are no UTF-8

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.list = Listing(theme, Items(wording.path_text, _about), "Files", self._paint)
        self.list.opened.connect(self.preview)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self.summary = label("", "caption", font(12))
        self.more = label("", "caption", font(12))
        head = row(MARGIN, 10, MARGIN, 6)
        head.addWidget(self.summary)
        layout = column()
        layout.addLayout(head)
        layout.addWidget(self.list, 1)
        rest = row(MARGIN, 6, MARGIN, 8)
        rest.addWidget(self.more)
        layout.addLayout(rest)
        self.setLayout(layout)

    def show_of(self, reading: Reading) -> None:
        version = reading.version
        files = version["manifest"]["files"]
        self.list.put(list(files))
        count = wording.plural(version["files"], "file")
        self.summary.setText(f"{count}, {size_text(version['size'])}")
        rest = version["files"] - len(files)
        self.more.setVisible(rest > 0)
        self.more.setText(f"and {wording.plural(rest, 'more file')}: export it to see all")

    def menu_for(self, at: int) -> QMenu:
        """What can be done with one file."""
        file = self.list.items.items[at]
        entries: list[tuple[str, str, Any] | None] = [
            ("Preview", "eye", lambda: self.preview.emit(at)),
            ("Export file…", "download", lambda: self.export_file.emit(path_of(file))),
            None,
            ("Copy path", "copy", lambda: copy_text(wording.path_text(file))),
            ("Copy sha256", "fingerprint", lambda: copy_text(file["sha256"])),
        ]
        return menu_of(self, entries, self._theme)

    def _open_menu(self, at: QPoint) -> None:
        index = self.list.indexAt(at)
        if not index.isValid():
            index = self.list.currentIndex()
        if index.isValid():
            self.menu_for(index.row()).exec(self.list.viewport().mapToGlobal(at))

    def _paint(self, painter: QPainter, area: QRect, file: File) -> None:
        colours = self._theme.colours
        look = look_of_name(wording.path_text(file))
        ratio = painter.device().devicePixelRatioF()
        drawn = icons.pixmap(look.icon, self._theme.tone(look.tone).text, _ICON, ratio)
        painter.drawPixmap(QPointF(area.x(), area.center().y() - _ICON / 2 + 1), drawn)
        size = size_text(file["size"])
        wide = QFontMetrics(mono(11)).horizontalAdvance(size)
        draw_text(painter, area, size, mono(11), colours.text2, right=True)
        middle = Qt.TextElideMode.ElideMiddle
        path = area.adjusted(_ICON + 8, 0, -wide - 12, 0)
        draw_text(painter, path, wording.path_text(file), mono(), colours.text, elide=middle)


def _about(file: File) -> str:
    look = look_of_name(wording.path_text(file))
    bytes_text = f"{wording.count_text(file['size'])} bytes"
    return f"{wording.path_text(file)}\n{look.word}, {bytes_text}\nsha256 {file['sha256']}"

"""All versions of the artifact, the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QWidget

from strongroom.domain.quantities import size_text
from strongroom.gui import wording
from strongroom.gui.detail.listing import Items, Listing
from strongroom.gui.detail.reading import HISTORY, Reading
from strongroom.gui.library.columns import reference
from strongroom.gui.paint import draw_text
from strongroom.gui.pieces import column, label, row
from strongroom.gui.theme import MARGIN, Theme, font, mono

Version = Mapping[str, Any]
_TAG, _DIGEST, _SIZE = 96, 76, 76


class History(QWidget):
    show_version = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._shown = theme, ""
        self.list = Listing(theme, Items(reference, _about), "Versions of it", self._paint)
        self.list.opened.connect(self._open)
        self.more = label("", "caption", font(12))
        layout = column(0, 8, 0, 0)
        layout.addWidget(self.list, 1)
        rest = row(MARGIN, 6, MARGIN, 8)
        rest.addWidget(self.more)
        layout.addLayout(rest)
        self.setLayout(layout)

    def show_of(self, reading: Reading) -> None:
        self._shown = reading.version["tag"]
        self.list.put(list(reading.history))
        self.list.viewport().update()
        self.more.setVisible(len(reading.history) >= HISTORY)
        self.more.setText("Older versions are in the list: filter it by the name")

    def _open(self, at: int) -> None:
        version = self.list.items.items[at]
        if version["tag"] != self._shown:
            self.show_version.emit(reference(version))

    def _paint(self, painter: QPainter, area: QRect, version: Version) -> None:
        colours = self._theme.colours
        here = version["tag"] == self._shown
        tag = QRect(area.x(), area.y(), _TAG, area.height())
        colour = colours.text if here else colours.accent_text
        used = draw_text(painter, tag, version["tag"], font(13, 600 if here else 500), colour)
        if here:
            beside = tag.adjusted(used + 6, 0, 0, 0)
            draw_text(painter, beside, "shown", font(11), colours.text3)
        digest = QRect(tag.right(), area.y(), _DIGEST, area.height())
        draw_text(
            painter, digest, wording.short_digest(version["content_digest"]), mono(), colours.text3
        )
        draw_text(painter, area, size_text(version["size"]), mono(11), colours.text2, right=True)
        age = area.adjusted(0, 0, -_SIZE, 0)
        room = age.right() - digest.right()
        text = wording.ago(version["created_at"])
        if QFontMetrics(font(12)).horizontalAdvance(text) <= room:
            draw_text(painter, age, text, font(12), colours.text3, right=True)


def _about(version: Version) -> str:
    return (
        f"{reference(version)}, created {wording.exact(version['created_at'])} by {version['by']}, "
        f"{size_text(version['size'])}"
    )

"""A bar that stays: something about the whole registry that holds until it is mended."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame

from strongroom.gui.pieces import Icon, label, row
from strongroom.gui.theme import Theme


class Banner(QFrame):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("look", "banner")
        line = row(16, 7, 16, 7, spacing=10)
        self._icon = Icon(theme, "lock", "amber")
        self.words = label("")
        self.words.setWordWrap(True)
        line.addWidget(self._icon)
        line.addWidget(self.words, 1)
        self.setLayout(line)
        self.hide()

    def show_words(self, icon: str, text: str) -> None:
        """With no text nothing stands there."""
        if text:
            self._icon.set_icon(icon, "amber")
            self.words.setText(text)
        self.setVisible(bool(text))

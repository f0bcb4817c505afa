"""The page while there are not two to compare: places to fill, and how."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from strongroom.gui.pieces import Button, Icon, column, label, row
from strongroom.gui.theme import Theme, font


class Slots(QFrame):
    """`pick`: something is to be chosen from all there is."""

    pick = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("look", "ground")
        whole = column(40, 30, 40, 30, spacing=18)
        whole.addStretch(2)
        self.title = label("", fnt=font(18, 650))
        self.title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        whole.addWidget(self.title)
        self._about = label(
            "Two to eight versions or runs stand beside each other: metrics, curves, parameters,"
            " tensors, data, configuration and files.",
            "second",
        )
        self._about.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._about.setWordWrap(True)
        whole.addWidget(self._about)
        line = row(spacing=16)
        line.addStretch(1)
        self.buttons: list[Button] = []
        self._slots = [self._slot(theme, words) for words in ("The first", "The second")]
        for slot in self._slots:
            line.addWidget(slot)
        line.addStretch(1)
        whole.addLayout(line)
        hint = label(
            "Or select rows in the Library and press C. A run is added from the list of Runs, by C"
            " too.",
            "caption",
            font(12),
        )
        hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        hint.setWordWrap(True)
        whole.addWidget(hint)
        whole.addStretch(3)
        self.setLayout(whole)
        self.show_count(0)

    def _slot(self, theme: Theme, words: str) -> QWidget:
        slot = QFrame()
        slot.setProperty("look", "slot")
        slot.setFixedSize(290, 150)
        inside = column(16, 16, 16, 16, spacing=8)
        inside.addStretch(1)
        icon = Icon(theme, "git-compare", "text3", 24)
        inside.addWidget(icon, 0, Qt.AlignmentFlag.AlignHCenter)
        what = label(f"{words}: drop it here, or pick it", "second", font(12))
        what.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        inside.addWidget(what)
        button = Button(theme, "Pick…", "search", "", self.pick.emit, 14)
        button.setAccessibleName(f"Pick {words.lower()} version or run")
        self.buttons.append(button)
        inside.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addStretch(1)
        slot.setLayout(inside)
        return slot

    def show_count(self, count: int) -> None:
        """How many there are already."""
        self.title.setText("One more to compare" if count else "Nothing to compare yet")
        self._slots[0].setVisible(count == 0)

    def first_button(self) -> Button:
        return next((b for b in self.buttons if b.isVisible()), self.buttons[-1])

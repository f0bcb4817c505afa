"""Everything, or one section: tabs with the number of rows that differ."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QLabel, QWidget

from strongroom.gui.compare.sections import View
from strongroom.gui.pieces import Tab, label, row
from strongroom.gui.theme import font
from strongroom.gui.wording import count_text

EVERYTHING = ""


class SectionTabs(QWidget):
    """`chosen(name)`: a section's, or `EVERYTHING`."""

    chosen = Signal(str)

    def __init__(self, views: Sequence[View]) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self.tabs: dict[str, Tab] = {}
        self._counts: dict[str, QLabel] = {}
        layout = row(spacing=5)
        for name, title in [(EVERYTHING, "Everything"), *((v.name, v.title) for v in views)]:
            tab, count = Tab(title), label("", "count", font(11, 500))
            count.setAlignment(Qt.AlignmentFlag.AlignCenter)
            count.hide()
            tab.clicked.connect(lambda _, n=name: self.choose(n))
            self._group.addButton(tab)
            self.tabs[name], self._counts[name] = tab, count
            layout.addWidget(tab)
            layout.addWidget(count)
            layout.addSpacing(7)
        layout.addStretch(1)
        self.setLayout(layout)
        self.name = EVERYTHING
        self.tabs[EVERYTHING].setChecked(True)

    def choose(self, name: str) -> None:
        if name not in self.tabs:
            return
        self.tabs[name].setChecked(True)
        if name != self.name:
            self.name = name
            self.chosen.emit(name)

    def step(self, by: int) -> None:
        names = [n for n, tab in self.tabs.items() if not tab.isHidden() or n == self.name]
        self.choose(names[(names.index(self.name) + by) % len(names)])

    def offer(self, name: str, offered: bool) -> None:
        """Whether there is a tab for the section; the chosen one stays."""
        self.tabs[name].setVisible(offered or name == self.name)

    def show_count(self, name: str, differ: int | None) -> None:
        count = self._counts[name]
        count.setText(count_text(differ or 0))
        count.setVisible(bool(differ))
        self.tabs[name].setAccessibleName(
            f"{self.tabs[name].text()}, {differ} differ" if differ else self.tabs[name].text()
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        self.step(step)
        self.tabs[self.name].setFocus()

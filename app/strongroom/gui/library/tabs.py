"""Kinds as tabs with counts."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QLabel, QWidget

from strongroom.gui.pieces import Tab, label, row
from strongroom.gui.theme import font
from strongroom.gui.wording import PLURALS, count_text


class KindTabs(QWidget):
    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self._tabs: dict[str | None, Tab] = {}
        self._counts: dict[str | None, QLabel] = {}
        layout = row(spacing=6)
        for number, (kind, title) in enumerate([(None, "All"), *PLURALS.items()]):
            tab, count = Tab(title), label("", "count", font(11, 500))
            count.setMinimumWidth(28)  # two figures or one: what is beside stays
            count.setAlignment(Qt.AlignmentFlag.AlignCenter)
            tab.clicked.connect(lambda _, k=kind: self.choose(k))
            self._group.addButton(tab, number)
            self._tabs[kind], self._counts[kind] = tab, count
            layout.addWidget(tab)
            layout.addWidget(count)
            layout.addSpacing(8)
        layout.addStretch(1)
        self.setLayout(layout)
        self._tabs[None].setChecked(True)
        self.kind: str | None = None

    def choose(self, kind: str | None) -> None:
        self._tabs[kind].setChecked(True)
        if kind != self.kind:
            self.kind = kind
            self.chosen.emit(kind)

    def show_kind(self, kind: str | None) -> None:
        """Marks a tab without telling anyone."""
        self.kind = kind
        self._tabs[kind].setChecked(True)

    def show_counts(self, counts: dict[str, int]) -> None:
        for kind, shown in self._counts.items():
            count = sum(counts.values()) if kind is None else counts.get(kind, 0)
            shown.setText(count_text(count))
            # Files of no kind are rare; an empty tab for them would only be in the way.
            if kind == "other":
                visible = count > 0 or self.kind == "other"
                shown.setVisible(visible)
                self._tabs[kind].setVisible(visible)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        kinds = [k for k, tab in self._tabs.items() if not tab.isHidden()]
        kind = kinds[(kinds.index(self.kind) + step) % len(kinds)]
        self.choose(kind)
        self._tabs[kind].setFocus()

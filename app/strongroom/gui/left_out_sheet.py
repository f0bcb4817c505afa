"""The files of a watched folder that are not taken, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QScrollArea, QWidget

from strongroom.gui.overlay import Sheet
from strongroom.gui.pieces import Elided, IconButton, column, frame, label, row
from strongroom.gui.theme import Theme, font, mono


class LeftOutSheet(Sheet):
    def __init__(self, theme: Theme, watch: Mapping[str, Any], left: Mapping[str, str]) -> None:
        super().__init__(640, 460)
        layout = column(1, 12, 1, 12)
        head = row(20, 0, 12, 8)
        head.addWidget(label(f"Left out of {watch['name']}", fnt=font(15, 650)))
        head.addStretch(1)
        head.addWidget(IconButton(theme, "x", "Close (Esc)", self.leave))
        layout.addLayout(head)
        layout.addWidget(frame("rule"))
        area, inside = QScrollArea(), QWidget()
        lines = column(20, 12, 20, 12, spacing=10)
        for path, why in left.items():
            one = column(spacing=1)
            one.addWidget(Elided(path, "", mono()))
            one.addWidget(Elided(why, "second", font(12)))
            lines.addLayout(one)
        lines.addStretch(1)
        inside.setLayout(lines)
        area.setWidget(inside)
        area.setWidgetResizable(True)
        layout.addWidget(area, 1)
        self.setLayout(layout)
        self.area = area

    def first_focus(self) -> QWidget:
        return self.area

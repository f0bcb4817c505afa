"""The files of a watched folder that are not taken, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gui.overlay import ReadingSheet
from strongroom.gui.pieces import Elided, column, scrolled
from strongroom.gui.theme import Theme, font, mono


class LeftOutSheet(ReadingSheet):
    def __init__(self, theme: Theme, watch: Mapping[str, Any], left: Mapping[str, str]) -> None:
        lines = column(20, 12, 20, 12, spacing=10)
        for path, why in left.items():
            one = column(spacing=1)
            one.addWidget(Elided(path, "", mono()))
            one.addWidget(Elided(why, "second", font(12)))
            lines.addLayout(one)
        lines.addStretch(1)
        super().__init__(theme, f"Left out of {watch['name']}", (640, 460), scrolled(lines))

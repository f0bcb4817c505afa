"""The row over the canvas: which way, how far, which kinds."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton

from strongroom.gui import icons
from strongroom.gui.lineage.cards import RUN
from strongroom.gui.pieces import Choice, IconButton, frame, row
from strongroom.gui.theme import FIELD, MARGIN, Theme, font
from strongroom.gui.wording import KINDS, Look, count_text

WAYS = (("both", "Both ways"), ("up", "Ancestors"), ("down", "Descendants"))
DEPTHS = (("1", "1 step"), ("2", "2 steps"), ("4", "4 steps"), ("8", "8 steps"), ("", "All steps"))
DEPTH = "4"
_WORDS = {
    "dataset": "Datasets", "config": "Configs", "run": "Runs", "model": "Models",
    "metrics": "Metrics", "log": "Logs", "other": "Other",
}  # fmt: skip
#: Kinds that can be hidden.
KINDS_SHOWN = frozenset(_WORDS)
_LOOKS: dict[str, Look] = {**KINDS, "run": RUN}


class Toolbar(QFrame):
    """`asked`: another way or depth; `filtered`: kinds were hidden or shown; `panel_wanted`: the
    button that stands for the hidden panel.
    """

    panel_wanted = Signal()
    asked = Signal()
    filtered = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("look", "page")
        self.setFixedHeight(46)
        self._theme = theme
        layout = row(MARGIN, 0, MARGIN, 0, spacing=4)
        self._ways = QButtonGroup(self)
        self._way_buttons: dict[str, QPushButton] = {}
        track, inside = frame("track"), row(2, 2, 2, 2, spacing=2)
        for value, text in WAYS:
            button = QPushButton(text)
            button.setProperty("look", "segment")
            button.setCheckable(True)
            width = QFontMetrics(font(13, 600)).horizontalAdvance(text)
            button.setMinimumWidth(width + 26)
            self._ways.addButton(button)
            self._way_buttons[value] = button
            inside.addWidget(button)
        track.setLayout(inside)
        track.setFixedHeight(FIELD)
        layout.addWidget(track)
        self._way_buttons["both"].setChecked(True)
        layout.addSpacing(8)
        self._depth = Choice(theme, DEPTHS)
        self._depth.setAccessibleName("How many steps")
        self._depth.setMinimumWidth(100)
        self.choose_steps(DEPTH)
        layout.addWidget(self._depth)
        layout.addSpacing(8)
        self._kinds: dict[str, QPushButton] = {}
        for kind in _WORDS:
            button = QPushButton()
            button.setProperty("look", "toggle")
            button.setCheckable(True)
            button.setChecked(True)
            button.toggled.connect(lambda _: self._draw())
            button.clicked.connect(lambda _=False: self.filtered.emit())
            button.hide()
            self._kinds[kind] = button
            layout.addWidget(button)
        layout.addStretch(1)
        self.panel = IconButton(
            theme, "panel-right", "Show the panel (Ctrl I)", self.panel_wanted.emit
        )
        self.panel.hide()
        layout.addWidget(self.panel)
        self.setLayout(layout)
        self._counts: Mapping[str, int] = {}
        self._short = False
        self._ways.buttonClicked.connect(lambda _: self.asked.emit())
        self._depth.activated.connect(lambda _: self.asked.emit())
        theme.changed.connect(self._draw)

    @property
    def way(self) -> str:
        return next(v for v, b in self._way_buttons.items() if b.isChecked())

    def choose_way(self, way: str) -> None:
        if way in self._way_buttons:
            self._way_buttons[way].setChecked(True)

    @property
    def steps(self) -> int | None:
        """How many steps at most; None: all."""
        value = self._depth.currentData()
        return int(value) if value else None

    def choose_steps(self, value: str) -> None:
        at = self._depth.findData(value)
        self._depth.setCurrentIndex(at if at >= 0 else self._depth.findData(DEPTH))

    @property
    def kinds(self) -> set[str]:
        """Kinds that are shown; those without a button are."""
        return {kind for kind, button in self._kinds.items() if button.isChecked()}

    def show_all_kinds(self) -> None:
        for button in self._kinds.values():
            button.setChecked(True)

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """How many nodes of each kind there are; kinds that there are none of have no button."""
        self._counts = counts
        for kind, button in self._kinds.items():
            button.setVisible(bool(counts.get(kind)))
        self._shorten()
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._shorten()

    def _shorten(self) -> None:
        """Where the words have no room the kinds' icons stand alone."""
        metrics = QFontMetrics(font(12, 600))
        shown = [f"{_WORDS[k]} {n}" for k, n in self._counts.items() if n and k in _WORDS]
        words = sum(metrics.horizontalAdvance(text) + 38 for text in shown)
        taken = sum(b.minimumWidth() + 4 for b in self._way_buttons.values()) + 170
        short = taken + words > self.width() - 2 * MARGIN
        if short != self._short:
            self._short = short
            self._draw()

    def _draw(self) -> None:
        c = self._theme.colours
        for kind, button in self._kinds.items():
            count, shown = self._counts.get(kind, 0), button.isChecked()
            colour = self._theme.tone(_LOOKS[kind].tone).text if shown else c.text3
            eye = _LOOKS[kind].icon if self._short and shown else "eye" if shown else "eye-off"
            button.setIcon(icons.icon(eye, colour, 14))
            number = count_text(count)
            button.setText(number if self._short else f"{_WORDS[kind]} {number}")
            what = f"{'Hide' if shown else 'Show'} {_WORDS[kind].lower()}"
            button.setToolTip(what)
            button.setAccessibleName(f"{what}, {number}")
            button.setCursor(Qt.CursorShape.PointingHandCursor)

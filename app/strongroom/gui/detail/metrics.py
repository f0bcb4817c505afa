"""Metrics, each with its change against the version before."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QMenu

from strongroom.domain.metrics import HIGHER, LOWER, Change, change, direction
from strongroom.gui import wording
from strongroom.gui.detail.reading import Reading
from strongroom.gui.detail.section import Section
from strongroom.gui.menus import passing_menu
from strongroom.gui.pieces import Button, Elided, Icon, label, row, selectable
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.tips import tip

#: Metrics that are shown before one asks for all, and in all.
_FIRST, _MOST = 16, 300
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class MetricsSection(Section):
    """`directed(name, direction)`: somebody says which way it is better; None: as its name says."""

    directed = Signal(str, object)

    def __init__(self, theme: Theme, title: str = "METRICS") -> None:
        super().__init__(theme, title)
        self._all = False
        self._directions: Mapping[str, str] = {}

    def facts(self, reading: Reading) -> Any:
        before = reading.before
        return self.against(
            reading.version["metrics"],
            before["metrics"] if before else {},
            before["tag"] if before else "",
            reading.directions,
        )

    def against(
        self,
        metrics: Mapping[str, Any],
        before: Mapping[str, Any],
        tag: str,
        directions: Mapping[str, str],
    ) -> tuple[str, list[tuple[str, Any, Any]], Mapping[str, str]] | None:
        rows = [(name, value, before.get(name)) for name, value in sorted(metrics.items())]
        compared = any(old is not None for _, _, old in rows)
        return (tag if compared else "", rows, directions) if rows else None

    def fill(self, facts: Any) -> None:
        tag, rows, self._directions = facts
        self.beside.setText(f"vs {tag}" if tag else "")
        self.beside.setToolTip("The change against the version before" if tag else "")
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 1)
        for at, (name, value, before) in enumerate(rows[: _MOST if self._all else _FIRST]):
            title = Elided(name, "", font(13))
            title.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            title.customContextMenuRequested.connect(
                lambda where, n=name, t=title: self.direction_menu(n).exec(t.mapToGlobal(where))
            )
            grid.addWidget(title, at, 0)
            number = selectable(label(wording.number_text(value), "", mono()))
            number.setAlignment(_RIGHT)
            number.setToolTip(tip(str(value)))
            grid.addWidget(number, at, 1)
            if tag and (moved := change(name, before, value, self._directions)) is not None:
                self._show_change(grid, at, name, before, moved, tag)
        self.body.addLayout(grid)
        if len(rows) > _FIRST:
            text = "Show fewer" if self._all else f"All {wording.count_text(len(rows))}"
            line = row()
            line.addWidget(Button(self._theme, text, "", "inline", self._toggle))
            line.addStretch(1)
            self.body.addLayout(line)

    def _show_change(
        self, grid: QGridLayout, at: int, name: str, before: Any, moved: Change, tag: str
    ) -> None:
        look = {True: "better", False: "worse", None: "caption"}[moved.better]
        icon = "equal" if not moved.by else "arrow-up" if moved.by > 0 else "arrow-down"
        colour = {True: "green", False: "red", None: "text3"}[moved.better]
        grid.addWidget(Icon(self._theme, icon, colour, 13), at, 2)
        shown: QLabel = label(_signed(moved.by) if moved.by else "", look, mono())
        shown.setAlignment(_RIGHT)
        way = direction(name, self._directions)
        judged = {True: "better", False: "worse", None: ""}[moved.better]
        known = f"{way} is better" if way else "which way is better is not known"
        text = f"{wording.number_text(before)} in {tag}; {known}"
        shown.setToolTip(tip(f"{judged}: {text}" if judged else text))
        shown.setAccessibleName(f"{name} {_signed(moved.by)} {judged}".strip())
        grid.addWidget(shown, at, 3)

    def direction_menu(self, name: str) -> QMenu:
        """Which way the metric is better, for this registry."""
        now = direction(name, self._directions)
        menu = passing_menu(self)
        for text, wanted in (("Higher is better", HIGHER), ("Lower is better", LOWER)):
            action = menu.addAction(text, functools.partial(self.directed.emit, name, wanted))
            action.setCheckable(True)
            action.setChecked(now == wanted)
        if name in self._directions:
            menu.addAction("As its name says", lambda: self.directed.emit(name, None))
        return menu

    def _toggle(self) -> None:
        self._all = not self._all
        self.redraw()


class RunMetricsSection(MetricsSection):
    """What the run says beyond what the version's own files say."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "METRICS OF THE RUN")

    def facts(self, reading: Reading) -> Any:
        run, version = reading.run, reading.version
        if run is None or run["metrics"] == version["metrics"]:
            return None
        before = reading.before
        same_run = before is not None and before["run"] == version["run"]
        return self.against(
            run["metrics"],
            {} if same_run else reading.before_run_metrics,
            before["tag"] if before else "",
            reading.directions,
        )


def _signed(by: float) -> str:
    """`+0.0053`, `−1.2`: with the same digits as the values beside it."""
    text = wording.number_text(abs(by))
    return f"+{text}" if by > 0 else f"\N{MINUS SIGN}{text}"

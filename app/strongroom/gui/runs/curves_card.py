"""All curves of a run: a grid of plots under one set of controls, one enlarged, or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QGridLayout,
    QSlider,
    QWidget,
)

from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.pieces import Button, Choice, column, frame, label, row
from strongroom.gui.runs.plot_card import PlotCard
from strongroom.gui.runs.values_table import ValuesTable
from strongroom.gui.theme import PLOT_LARGE, PLOT_NARROWEST, Theme, font, mono
from strongroom.gui.wording import count_text, number_text

if TYPE_CHECKING:
    from strongroom.gui.runs.traces import Group

_GAP = 12
#: Cards made before anything is shown, and in each turn of the window's loop after that.
_AT_FIRST, _AT_ONCE = 6, 3
#: From this width on the controls stand beside the title.
_ONE_LINE = 760


class CurvesCard(QFrame):
    """`looked_at(card)`: one plot was enlarged, so that all of its points are wanted."""

    looked_at = Signal(object)

    def __init__(self, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self._bridge, self._theme = bridge, theme
        self.groups: tuple[Group, ...] = ()
        self._run = ""
        self.cards: list[PlotCard] = []
        self._large: PlotCard | None = None
        self._waiting: list[PlotCard] = []
        self._table_ticket: Ticket | None = None
        self._columns = 0
        layout = column(spacing=10)
        layout.addWidget(self._controls())
        self.nothing = label("", "caption", font(12))
        self.nothing.setWordWrap(True)
        layout.addWidget(self.nothing)
        self._grid_holder = QWidget()
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        self._grid_holder.setLayout(self._grid)
        self.table = ValuesTable(theme)
        self.table.setFixedHeight(PLOT_LARGE)
        well = frame("card")
        inside = column(1, 1, 1, 1)
        inside.addWidget(self.table)
        well.setLayout(inside)
        self._well = well
        layout.addWidget(self._grid_holder)
        layout.addWidget(well)
        well.hide()
        self.setLayout(layout)
        self._draw_next = QTimer(self, singleShot=True, interval=0)
        self._draw_next.timeout.connect(self._draw_one)
        self._placed = 0
        self._place_next = QTimer(self, singleShot=True, interval=0)
        self._place_next.timeout.connect(lambda: self._place_some())
        self.forget("")

    # ------------------------------------------------------------------ controls

    def _controls(self) -> QWidget:
        bar = frame("plain")
        self._lines = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(8)
        line = row(spacing=10)
        line.addWidget(label("Curves", fnt=font(13, 600)))
        self.count = label("", "caption", font(12))
        line.addWidget(self.count)
        self.at = label("", "second", mono())
        line.addWidget(self.at)
        line.addStretch(1)
        self.back = Button(self._theme, "All curves", "minimize-2", "ghost", self.shrink, 14)
        self.back.setToolTip("Show all curves again (Esc)")
        self.fit_button = Button(self._theme, "Fit", "", "ghost", self.fit)
        self.fit_button.setToolTip("Show all of each curve again (0)")
        line.addWidget(self.back)
        line.addWidget(self.fit_button)
        self._lines.addLayout(line, 1)
        self._tools = frame("plain")
        line = row(spacing=10)
        self.axis = Choice(self._theme, [("step", "By step"), ("time", "By time")])
        self.axis.setAccessibleName("Horizontal axis")
        self.axis.setFixedWidth(104)
        self.axis.currentIndexChanged.connect(self._apply)
        self.scale = Choice(self._theme, [("linear", "Linear scale"), ("log", "Log scale")])
        self.scale.setAccessibleName("Vertical scale")
        self.scale.setFixedWidth(124)
        self.scale.currentIndexChanged.connect(self._apply)
        line.addWidget(self.axis)
        line.addWidget(self.scale)
        line.addWidget(label("Smoothing", "second", font(12)))
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, 99)
        self.smoothing.setFixedWidth(92)
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setPageStep(10)
        self.smoothing.valueChanged.connect(self._apply)
        line.addWidget(self.smoothing)
        self.amount = label("0.00", "", mono())
        line.addWidget(self.amount)
        self.table_button = Button(
            self._theme, "Table", "table-2", "ghost", self.toggle_table, size=14
        )
        self.table_button.setCheckable(True)
        self.table_button.setToolTip("The values as a table, or the plots again (T)")
        line.addWidget(self.table_button)
        self._tools.setLayout(line)
        self._lines.addWidget(self._tools)
        bar.setLayout(self._lines)
        return bar

    @property
    def by_time(self) -> bool:
        return bool(self.axis.currentData() == "time")

    @property
    def log(self) -> bool:
        return bool(self.scale.currentData() == "log")

    @property
    def shows_table(self) -> bool:
        return not self._well.isHidden()

    def _apply(self) -> None:
        weight = self.smoothing.value() / 100
        self.amount.setText(f"{weight:.2f}")
        for card in self.cards:
            card.set_options(self.by_time, self.log, weight)
        self._point_at(None)
        if self.shows_table:
            self._fill_table()

    # ------------------------------------------------------------------ what is shown

    def forget(self, run: str) -> None:
        """Another run: its curves are not there yet."""
        self._run = run
        self.groups = ()
        self._waiting.clear()
        self._place_next.stop()
        self.shrink()
        for card in self.cards:
            card.hide()
        self._grid_holder.hide()
        self._well.hide()
        self.table_button.setChecked(False)
        self.count.setText("")
        self._say("Reading the curves…")

    def show_groups(self, groups: tuple[Group, ...], running: bool) -> None:
        self.groups = groups
        if not groups:
            self._say(
                "No curve yet. Its files say nothing step by step so far."
                if running
                else "This run has no curves: none of its files says a metric step by step."
            )
            return
        self.nothing.hide()
        self._tools.show()
        self.fit_button.show()
        if not self.shows_table:
            self._grid_holder.show()
        self.count.setText(count_text(sum(len(g.traces) for g in groups)))
        timed = any(t.elapsed is not None for g in groups for t in g.traces)
        if not timed and self.by_time:
            self.axis.setCurrentIndex(0)
        self.axis.setEnabled(timed)
        self.axis.setToolTip("" if timed else "The run's files do not tell when each step was")
        for card in self.cards[len(groups) :]:
            card.group = None
        self._placed = 0
        self._place_some(max(_AT_FIRST, len(self.cards)))
        if self.shows_table:
            self._fill_table()

    def _place_some(self, most: int = _AT_ONCE) -> None:
        """Puts groups into cards; what is below the window's edge is not waited for."""
        end = min(len(self.groups), self._placed + most)
        while len(self.cards) < end:
            self._add_card()
        for at in range(self._placed, end):
            self.cards[at].show_group(self.groups[at])
            self.cards[at].set_options(self.by_time, self.log, self.smoothing.value() / 100)
        self._placed = end
        self._arrange()
        if self.is_placing:
            self._place_next.start()

    @property
    def is_placing(self) -> bool:
        """Whether there are groups that have no card yet."""
        return self._placed < len(self.groups)

    def fail(self, why: str) -> None:
        self.groups = ()
        self._grid_holder.hide()
        self._say(why)

    def _say(self, why: str) -> None:
        self.nothing.setText(why)
        self.nothing.show()
        for tool in (self._tools, self.fit_button, self.back):
            tool.hide()

    def _add_card(self) -> None:
        card = PlotCard(self._theme)
        card.in_sight.connect(self._wait)
        card.pointed.connect(self._point_at)
        card.enlarge.connect(self.enlarge)
        self.cards.append(card)

    # ------------------------------------------------------------------ the grid

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        one_line = self.width() >= _ONE_LINE
        self._lines.setDirection(
            QBoxLayout.Direction.LeftToRight if one_line else QBoxLayout.Direction.TopToBottom
        )
        self._arrange()

    def _arrange(self) -> None:
        """As many plots in a row as have room; all of them, or the one enlarged."""
        columns = max(1, min(3, (self.width() + _GAP) // (PLOT_NARROWEST + _GAP)))
        shown = [c for c in self.cards if c.group is not None]
        if self._large is not None:
            shown, columns = [self._large], 1
        for card in self.cards:
            if card not in shown:
                card.hide()
        for at, card in enumerate(shown):
            self._grid.addWidget(card, at // columns, at % columns)
            card.show()
        for at in range(3):
            self._grid.setColumnStretch(at, 1 if at < columns else 0)
        self._columns = columns

    def enlarge(self, card: PlotCard) -> None:
        """One plot alone; once more brings all back."""
        if self._large is card:
            self.shrink()
            return
        self._large = card
        self.looked_at.emit(card)
        card.set_large(True)
        self.back.show()
        self._arrange()
        card.setFocus()

    def shrink(self) -> None:
        card, self._large = self._large, None
        self.back.hide()
        if card is not None:
            card.set_large(False)
            self._arrange()
            card.setFocus()

    @property
    def enlarged(self) -> PlotCard | None:
        return self._large

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._large is not None:
            self.shrink()
        elif event.key() == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)

    def fit(self) -> None:
        for card in self.cards:
            card.fit()

    # ------------------------------------------------------------------ drawing one after another

    def _wait(self, card: PlotCard) -> None:
        """Each turn of the window's loop draws one plot, so that none of them is waited for."""
        if card not in self._waiting:
            self._waiting.append(card)
        if not self._draw_next.isActive():
            self._draw_next.start()

    def _draw_one(self) -> None:
        while self._waiting:
            card = self._waiting.pop(0)
            if card.stale and card.isVisible():
                card.bring_up_to_date()
                break
        if self._waiting:
            self._draw_next.start()

    def _point_at(self, x: float | None) -> None:
        """One crosshair over all plots."""
        from math import isfinite

        for card in self.cards:
            if card.group is not None:
                card.point_at(x)
        if x is None or not isfinite(x):
            self.at.setText("")
        elif self.by_time:
            from strongroom.gui.runs.plot import elapsed_text

            self.at.setText(f"at {elapsed_text(x)}")
        else:
            self.at.setText(f"step {number_text(round(x))}")

    # ------------------------------------------------------------------ the table

    def toggle_table(self) -> None:
        if not self.groups:
            self.table_button.setChecked(False)
            return
        table = not self.shows_table
        self.table_button.setChecked(table)
        self._well.setVisible(table)
        self._grid_holder.setVisible(not table)
        if table:
            self._fill_table()
            self.table.setFocus()

    def _fill_table(self) -> None:
        from strongroom.gui.runs import traces

        groups, by_time = self.groups, self.by_time
        shown = [t for g in groups for t in g.traces]
        if self._table_ticket is not None:
            self._table_ticket.cancel()
        self._table_ticket = self._bridge.ask(
            lambda _: traces.all_x(groups, by_time),
            lambda x: self.table.values.show(x, shown, by_time),
        )

    # ------------------------------------------------------------------ remembering

    def remember(self, memory: QSettings) -> None:
        memory.setValue("runs/smoothing", self.smoothing.value())
        memory.setValue("runs/scale", self.scale.currentData())

    def recall(self, memory: QSettings) -> None:
        self.smoothing.setValue(int(str(memory.value("runs/smoothing", 0))))
        self.scale.setCurrentIndex(max(0, self.scale.findData(memory.value("runs/scale"))))

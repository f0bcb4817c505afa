"""Many runs at once: parallel coordinates, a scatter and a table that know of each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPoint, QSettings, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QSplitter, QStackedWidget, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.pieces import Button, Choice, Notice, column, frame, label, row
from strongroom.gui.runs.many.frame import Frame, inside
from strongroom.gui.runs.many.frame import frame as made_frame
from strongroom.gui.runs.many.parallel import Parallel
from strongroom.gui.runs.many.scatter import Scatter
from strongroom.gui.runs.many.table import ManyTable
from strongroom.gui.theme import MARGIN, Theme, font
from strongroom.gui.wording import count_text
from strongroom.services.registry import Registry

#: Runs that are read; of more the newest.
MOST = 1000
_MOST_COMPARED = 8


@dataclass(frozen=True)
class _Read:
    frame: Frame
    more: bool


class ManyRuns(QWidget):
    """`opened(run id)`: one was opened; `compare(run ids)`: those selected shall be compared."""

    opened = Signal(str)
    compare = Signal(object)

    def __init__(self, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self._bridge, self._theme = bridge, theme
        self._ticket: Ticket | None = None
        self.frame = Frame()
        self.names: tuple[str, ...] = ()
        self.brushes: dict[str, tuple[float, float]] = {}
        self._hidden: set[str] = set()
        self._added: set[str] = set()
        self._more = self._is_old = False
        self._text = ""
        self.parallel, self.scatter = Parallel(theme), Scatter(theme)
        self.table = ManyTable()
        self._few = Notice(
            theme, "chart-scatter", "indigo", "Too little to lay side by side",
            "Two runs or more that differ in a parameter or a metric are drawn here.",
        )  # fmt: skip
        self._failure = Notice(theme, "unplug", "red", "", "")
        self._build()
        self._connect()

    def _build(self) -> None:
        top = frame("page")
        bar = row(MARGIN, 8, MARGIN, 8, spacing=8)
        self.words = label("", "second", font(12))
        self._clear = Button(self._theme, "All runs", "undo-2", "ghost", self.clear)
        self._clear.setToolTip("Give up all ranges")
        self._axes = Button(self._theme, "Axes", "sliders-horizontal", "", self._open_axes)
        self._compare = Button(
            self._theme, "Compare", "git-compare", "", lambda: self.compare.emit(self._selected())
        )
        bar.addWidget(self.words)
        bar.addWidget(self._clear)
        bar.addStretch(1)
        self._x, self._y = Choice(self._theme, ()), Choice(self._theme, ())
        for choice, words in ((self._y, "Scatter"), (self._x, "over")):
            bar.addWidget(label(words, "second", font(12)))
            choice.setMinimumWidth(110)
            choice.setMaximumWidth(170)
            choice.setAccessibleName(f"{words} axis of the scatter")
            bar.addWidget(choice)
        bar.addWidget(self._axes)
        bar.addWidget(self._compare)
        top.setLayout(bar)
        plots = QSplitter(Qt.Orientation.Horizontal)
        plots.setHandleWidth(1)
        plots.setChildrenCollapsible(False)
        plots.addWidget(self.parallel)
        plots.addWidget(self.scatter)
        plots.setStretchFactor(0, 3)
        plots.setStretchFactor(1, 1)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.setHandleWidth(1)
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(plots)
        self.split.addWidget(self.table)
        self.split.setSizes([360, 300])
        whole = QWidget()
        inside_ = column()
        inside_.addWidget(top)
        inside_.addWidget(frame("rule"))
        inside_.addWidget(self.split, 1)
        whole.setLayout(inside_)
        self._pages = QStackedWidget()
        for page in (whole, self._few, self._failure):
            self._pages.addWidget(page)
        layout = column()
        layout.addWidget(self._pages)
        self.setLayout(layout)
        self._whole = whole

    def _connect(self) -> None:
        self.parallel.brushed.connect(self.brush)
        self.scatter.brushed.connect(self._brush_both)
        for plot in (self.parallel, self.scatter):
            plot.pointed.connect(self._point)
            plot.pressed.connect(lambda at: self.table.select({at}))
        self.table.chosen.connect(self._mark)
        self.table.opened.connect(lambda at: self.opened.emit(self.frame.rows[at].id))
        compare = QShortcut(QKeySequence("C"), self.table)
        compare.setContext(Qt.ShortcutContext.WidgetShortcut)
        compare.activated.connect(self._compare.click)
        self._x.activated.connect(lambda _: self._draw())
        self._y.activated.connect(lambda _: self._draw())

    # ------------------------------------------------------------------ reading

    def show_of(self, text: str) -> None:
        """The runs that match the filter."""
        self._text, self._is_old = text, False
        if self._ticket is not None:
            self._ticket.cancel()

        def question(registry: Registry) -> _Read:
            runs: list[Mapping[str, Any]] = []
            cursor: str | None = None
            while len(runs) < MOST:
                page = registry.list_runs(text, min(MOST, 200), cursor)
                runs += page["runs"]
                cursor = page["next"]
                if cursor is None:
                    break
            return _Read(made_frame(runs[:MOST], registry.metric_directions()), cursor is not None)

        self._ticket = self._bridge.ask(question, self._show, self._explain, slow=True)

    def refresh(self) -> None:
        """Something about a run is new; a reading under way is not broken off for it."""
        if self._ticket is not None and self._ticket.open:
            self._is_old = True
        else:
            self.show_of(self._text)

    def _show(self, read: _Read) -> None:
        self.frame, self._more = read.frame, read.more
        enough = len(self.frame.rows) > 1 and len(self.frame.axes) > 1
        self._pages.setCurrentWidget(self._whole if enough else self._few)
        self.names = self._ordered({*self.frame.shown, *self._added} - self._hidden)
        self.brushes = {n: r for n, r in self.brushes.items() if self.frame.at(n) >= 0}
        metrics = [a.name for a in self.frame.axes if a.is_metric]
        for choice, first in ((self._x, 0), (self._y, -1)):
            before = choice.currentData()
            names = [axis.name for axis in self.frame.axes]
            if names == [choice.itemText(n) for n in range(choice.count())]:
                continue  # it may just be open
            choice.clear()
            for name in names:
                choice.addItem(name, name)
            wanted = before or (self.names[first] if self.names else "")
            at = choice.findData(wanted)
            choice.setCurrentIndex(max(0, at))
        if not self._y.currentData() and metrics:
            self._y.setCurrentIndex(self._y.findData(metrics[0]))
        self._draw()
        if self._is_old:
            self.show_of(self._text)

    def _explain(self, error: StrongroomError) -> None:
        self._failure.explain(error)
        self._pages.setCurrentWidget(self._failure)

    # ------------------------------------------------------------------ brushing

    def brush(self, name: str, range_: tuple[float, float] | None) -> None:
        """Keeps a range of one axis, or gives it up."""
        if range_ is None:
            self.brushes.pop(name, None)
        else:
            self.brushes[name] = range_
        self._draw()

    def _brush_both(self, x: tuple[float, float] | None, y: tuple[float, float] | None) -> None:
        for choice, range_ in ((self._x, x), (self._y, y)):
            name = choice.currentData()
            if range_ is None:
                self.brushes.pop(name, None)
            else:
                self.brushes[name] = range_
        self._draw()

    def clear(self) -> None:
        self.brushes.clear()
        self._draw()

    def _draw(self) -> None:
        kept = inside(self.frame, self.brushes)
        self.parallel.show_frame(self.frame, self.names, dict(self.brushes), kept)
        self.scatter.show_frame(
            self.frame, self._x.currentData() or "", self._y.currentData() or "", kept
        )
        self.table.show_frame(self.frame, self.names, kept)
        count = count_text(len(self.frame.rows))
        newest = "newest " if self._more else ""
        self.words.setText(
            f"{count_text(len(kept))} of the {newest}{count} runs"
            if len(kept) < len(self.frame.rows)
            else f"The {newest}{count} runs"
        )
        self._clear.setVisible(bool(self.brushes))
        self._mark(self.table.selected())

    def _point(self, at: int) -> None:
        chosen = set(self.table.selected())
        marked = chosen | ({at} if at >= 0 else set())
        self.parallel.mark(marked)
        self.scatter.mark(marked)

    def _mark(self, rows: Sequence[int]) -> None:
        marked = set(rows)
        self.parallel.mark(marked)
        self.scatter.mark(marked)
        fit = 2 <= len(marked) <= _MOST_COMPARED
        self._compare.setEnabled(fit)
        self._compare.setToolTip(
            "Set the selected runs against each other (C)"
            if fit
            else f"Select two to {_MOST_COMPARED} runs in the table first"
        )

    def _selected(self) -> list[str]:
        return [self.frame.rows[at].id for at in self.table.selected()]

    # ------------------------------------------------------------------ axes

    def axes_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for axis in self.frame.axes[:60]:
            action = menu.addAction(axis.name)
            action.setCheckable(True)
            action.setChecked(axis.name in self.names)
            action.toggled.connect(lambda on, name=axis.name: self.show_axis(name, on))
        return menu

    def _open_axes(self) -> None:
        self.axes_menu().exec(self._axes.mapToGlobal(QPoint(0, self._axes.height() + 4)))

    def show_axis(self, name: str, on: bool) -> None:
        """One axis more or less; metrics stay at the right."""
        here, there = (self._added, self._hidden) if on else (self._hidden, self._added)
        here.add(name)
        there.discard(name)
        self.names = self._ordered({*self.names, name} if on else set(self.names) - {name})
        if not on:
            self.brushes.pop(name, None)
        self._draw()

    def _ordered(self, chosen: set[str]) -> tuple[str, ...]:
        order = {n: at for at, n in enumerate(self.frame.shown)}
        axes = [a for a in self.frame.axes if a.name in chosen]
        axes.sort(key=lambda a: (a.is_metric, order.get(a.name, len(order))))
        return tuple(a.name for a in axes)

    # ------------------------------------------------------------------ memory

    def remember(self, memory: QSettings) -> None:
        memory.setValue("runs/many/hidden", "\n".join(sorted(self._hidden)))
        memory.setValue("runs/many/added", "\n".join(sorted(self._added)))
        memory.setValue("runs/many/split", self.split.saveState())

    def recall(self, memory: QSettings) -> None:
        for field, into in (("hidden", self._hidden), ("added", self._added)):
            names = str(memory.value(f"runs/many/{field}") or "")
            into.update(set(names.split("\n")) - {""})
        state = memory.value("runs/many/split")
        if state is not None:
            self.split.restoreState(state)

"""Learning curves of all subjects over each other: one metric at a time, read when it is chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QSlider, QWidget

from strongroom.domain.errors import StrongroomError, printable
from strongroom.domain.key_metric import key_metric
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.compare.section_card import SectionCard
from strongroom.gui.compare.sections import View
from strongroom.gui.compare.tones import tones
from strongroom.gui.pieces import Button, Choice, column, label, row
from strongroom.gui.runs.plot_card import PlotCard
from strongroom.gui.runs.strokes import subject_stroke
from strongroom.gui.runs.values_table import ValuesTable
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.wording import number_text, sentence
from strongroom.services.registry import Document, Registry

if TYPE_CHECKING:
    from strongroom.gui.runs.traces import Group, Trace
    from strongroom.services.curves import Columns

_EPOCH = "epoch"
_HEIGHT, _TALL, _LEGEND = 300, 460, 280
_ONE_LINE = 560


class CurvesCard(SectionCard):
    def __init__(self, bridge: Bridge, theme: Theme, view: View) -> None:
        super().__init__(theme, view)
        self._bridge = bridge
        self._ticket: Ticket | None = None
        self._drawing: Ticket | None = None
        self._read: tuple[str, list[Columns | None], list[Columns | None]] | None = None
        self._tones: tuple[str, ...] = ()
        self._wanted_metric = ""
        self.group: Group | None = None
        self._draw = QTimer(self, singleShot=True, interval=0)
        self._draw.timeout.connect(self._draw_plot)
        self.plot = self._make_plot()
        self._holder = QWidget()
        whole = column(0, 6, 0, 0)
        whole.addLayout(self._controls())
        whole.addSpacing(6)
        whole.addWidget(self.plot)
        self.table = ValuesTable(theme)
        self.table.setFixedHeight(_HEIGHT)
        self.table.hide()
        whole.addWidget(self.table)
        self.trouble = label("", "bad", font(12))
        self.trouble.setContentsMargins(14, 4, 14, 10)
        self.trouble.setWordWrap(True)
        self.trouble.hide()
        whole.addWidget(self.trouble)
        self._holder.setLayout(whole)
        self._inside.insertWidget(3, self._holder)
        self._holder.hide()

    # ------------------------------------------------------------------ controls

    def _controls(self) -> QBoxLayout:
        self._lines = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._lines.setContentsMargins(14, 0, 14, 0)
        self._lines.setSpacing(8)
        self.chooser = Choice(self._theme, [])
        self.chooser.setAccessibleName("Curve")
        self.chooser.setMinimumWidth(130)
        self.chooser.setFont(mono())
        self.chooser.currentIndexChanged.connect(self._choose_metric)
        self.chooser.hide()
        self.beside.addWidget(self.chooser)
        self.axis = Choice(self._theme, [("step", "By step"), ("time", "By time")])
        self.axis.setAccessibleName("Horizontal axis")
        self.axis.setFixedWidth(108)
        self.axis.currentIndexChanged.connect(self._show_read)
        self.scale = Choice(self._theme, [("linear", "Linear scale"), ("log", "Log scale")])
        self.scale.setAccessibleName("Vertical scale")
        self.scale.setFixedWidth(124)
        self.scale.currentIndexChanged.connect(self._apply)
        left, right = row(spacing=8), row(spacing=8)
        left.addWidget(self.axis)
        left.addWidget(self.scale)
        left.addStretch(1)
        right.addWidget(label("Smoothing", "second", font(12)))
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, 99)
        self.smoothing.setFixedWidth(84)
        self.smoothing.setPageStep(10)
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.valueChanged.connect(self._apply)
        right.addWidget(self.smoothing)
        self.amount = label("0.00", "", mono())
        right.addWidget(self.amount)
        fit = Button(self._theme, "Fit", "", "ghost", lambda: self.plot.fit())
        fit.setToolTip("Show all of each curve again")
        right.addWidget(fit)
        self.table_button = Button(
            self._theme, "Table", "table-2", "ghost", self.toggle_table, size=14
        )
        self.table_button.setCheckable(True)
        self.table_button.setToolTip("The values as a table, or the plot again (T)")
        right.addWidget(self.table_button)
        self._lines.addLayout(left, 1)
        right.addStretch(1)
        self._lines.addLayout(right)
        return self._lines

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        one_line = self.width() >= _ONE_LINE
        self._lines.setDirection(
            QBoxLayout.Direction.LeftToRight if one_line else QBoxLayout.Direction.TopToBottom
        )

    @property
    def by(self) -> str:
        return str(self.axis.currentData() or "step")

    def _apply(self) -> None:
        weight = self.smoothing.value() / 100
        self.amount.setText(f"{weight:.2f}")
        self.plot.set_options(self.by == "time", self.scale.currentData() == "log", weight)

    # ------------------------------------------------------------------ what is shown

    def wait(self) -> None:
        super().wait()
        self.chooser.hide()
        self._read, self.group = None, None
        for ticket in (self._ticket, self._drawing):
            if ticket is not None:
                ticket.cancel()

    def _fill(self) -> None:
        super()._fill()
        document = self.document
        assert document is not None
        self.chooser.setVisible(document["rows"] is not None)
        if document["rows"] is None:
            return
        self._holder.show()
        for block in self.blocks:
            block.setVisible(block.isVisibleTo(self) and self._alone)
        if not self._alone:
            self._words.hide()
        self.plot.set_height(_TALL if self._alone else _HEIGHT)
        wanted = tones(len(self._names.short), self._names.baseline)
        if wanted != self._tones:
            self._tones = wanted
            self.plot.set_stroke(subject_stroke(wanted))
        self._offer_metrics(document)

    def _show_only(self, *parts: QWidget | None) -> None:
        super()._show_only(*parts)
        if hasattr(self, "_holder"):  # the base hides while it is made
            self._holder.hide()

    def _make_plot(self) -> PlotCard:
        plot = PlotCard(self._theme)
        plot.setProperty("look", "bare-plot")
        plot.setAccessibleName("Plot of the curves")
        for part in (plot.button, plot.title):
            part.hide()  # the chooser above has the name
        plot.legend.setMaximumWidth(_LEGEND)
        plot.set_height(_HEIGHT)
        plot.in_sight.connect(lambda _: self._draw.start())
        plot.pointed.connect(self._point_at)
        return plot

    def _point_at(self, x: float | None) -> None:
        self.plot.point_at(x)
        if x is None or not math.isfinite(x):
            self.caption.setText("")
        elif self.by == "time":
            from strongroom.gui.runs.plot import elapsed_text

            self.caption.setText(f"at {elapsed_text(x)}")
        else:
            self.caption.setText(f"{self.by} {number_text(round(x, 3))}")

    def _draw_plot(self) -> None:
        if self.plot.stale:
            self.plot.bring_up_to_date()

    def _offer_metrics(self, document: Document) -> None:
        """Those that most have come first: what only one has compares with nothing."""
        rows = [r for r in document["rows"] if r["name"] != _EPOCH or len(document["rows"]) == 1]
        count = {r["name"]: sum(v is not None for v in r["values"]) for r in rows}
        names = sorted(count, key=lambda n: (-count[n], n.lower()))
        before = self._wanted_metric
        self.chooser.blockSignals(True)
        self.chooser.clear()
        for name in names:
            self.chooser.addItem(printable(name), name)
        most = [n for n in names if count[n] == count[names[0]]]
        found = key_metric({n: 0.0 for n in most})
        chosen = before if before in count else found[0] if found else names[0]
        self.chooser.setCurrentIndex(names.index(chosen))
        self.chooser.blockSignals(False)
        self._choose_metric()

    def _choose_metric(self) -> None:
        name, document = self.chooser.currentData(), self.document
        if name is None or document is None:
            return
        if self._read is not None and self._read[0] == name:
            self._show_read()
            return
        self._wanted_metric = name
        if self._ticket is not None:
            self._ticket.cancel()
        runs = list(document["runs"])
        self._ticket = self._bridge.ask(
            lambda registry: _read_curves(registry, runs, name),
            lambda answer: self._keep(name, *answer),
            self._explain,
            slow=True,
        )

    def _keep(self, name: str, curves: list[Columns | None], epochs: list[Columns | None]) -> None:
        self._read = name, curves, epochs
        self.trouble.hide()
        known = [self.axis.itemData(i) for i in range(self.axis.count())]
        if any(epochs) and _EPOCH not in known:
            self.axis.addItem("By epoch", _EPOCH)
        elif not any(epochs) and _EPOCH in known:
            self.axis.removeItem(known.index(_EPOCH))
        self._show_read()

    def _explain(self, error: StrongroomError) -> None:
        self.trouble.setText(sentence(str(error)))
        self.trouble.show()

    def _show_read(self) -> None:
        if self._read is None:
            return
        from strongroom.gui.compare import overlay

        name, curves, epochs = self._read
        by, names = self.by, self._names

        def show(group: Group) -> None:
            self.group = group
            if self.plot.plot is not None:
                self.plot.plot.fits = True  # other curves, so the zoom of the last ones ends
            self._apply()
            self.plot.show_group(group)
            if self.table_button.isChecked():
                self._fill_table()

        if self._drawing is not None:
            self._drawing.cancel()
        self._drawing = self._bridge.ask(
            lambda _: overlay.group(name, curves, epochs if by == _EPOCH else None, names), show
        )

    # ------------------------------------------------------------------ the table

    def toggle_table(self) -> None:
        table = self.table.isHidden() and self.group is not None
        self.table_button.setChecked(table)
        self.table.setVisible(table)
        self.plot.setVisible(not table)
        if table:
            self._fill_table()
            self.table.setFocus()

    def _fill_table(self) -> None:
        from strongroom.gui.runs import traces

        group, by_time = self.group, self.by == "time"
        if group is None:
            return
        shown: list[Trace] = list(group.traces)
        self._bridge.ask(
            lambda _: traces.all_x([group], by_time),
            lambda x: self.table.values.show(x, shown, by_time),
        )

    # ------------------------------------------------------------------ for the report, remembering

    def read_curve(self) -> tuple[str, Sequence[Any], int] | None:
        """Name, columns by subject and smoothing of what is shown."""
        if self._read is None:
            return None
        name, curves, _ = self._read
        return name, curves, self.smoothing.value()

    def remember(self, memory: QSettings) -> None:
        memory.setValue("compare/smoothing", self.smoothing.value())
        memory.setValue("compare/scale", self.scale.currentData())
        memory.setValue("compare/curve", self._wanted_metric)

    def recall(self, memory: QSettings) -> None:
        self.smoothing.setValue(int(str(memory.value("compare/smoothing", 0))))
        self.scale.setCurrentIndex(max(0, self.scale.findData(memory.value("compare/scale"))))
        self._wanted_metric = str(memory.value("compare/curve") or "")


def _read_curves(
    registry: Registry, runs: Sequence[str | None], name: str
) -> tuple[list[Columns | None], list[Columns | None]]:
    """The curve of each run, and what it says of epochs; versions of one run share theirs."""
    wanted = {name, _EPOCH}
    by_run = {run: registry.run_series(run, wanted) for run in dict.fromkeys(runs) if run}
    curves = [by_run[run].get(name) if run else None for run in runs]
    return curves, [by_run[run].get(_EPOCH) if run else None for run in runs]

"""The page of one run: head, curves, metrics, parameters, what it read and made, its log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QWidget

from strongroom.domain.errors import StrongroomError, printable
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.pieces import Icon, Notice, column, label, row
from strongroom.gui.runs import wording
from strongroom.gui.runs.curves_card import CurvesCard
from strongroom.gui.runs.links import LinksCard
from strongroom.gui.runs.log_card import LogCard
from strongroom.gui.runs.pairs import PairsCard
from strongroom.gui.runs.plot_card import PlotCard
from strongroom.gui.runs.run_head import RunHead
from strongroom.gui.runs.wording import Run
from strongroom.gui.theme import MARGIN, Theme, font
from strongroom.services.registry import Document, Registry

if TYPE_CHECKING:
    from strongroom.gui.runs.traces import Group

_TICK_MS = 1000
_LOG_LINES = 500
_WARNINGS = 8
_GAP = 14
#: Points of all curves together that the plots are drawn from; one enlarged has all of its own.
_POINTS = 1_000_000
_ENDLESS = re.compile(r"(\S{40})(?=\S)")


class RunView(QFrame):
    """`show_version(reference)`, `show_versions(run id)`: a link was followed."""

    show_version = Signal(str)
    show_versions = Signal(str)

    def __init__(self, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self.setProperty("look", "ground")
        self._bridge, self._theme = bridge, theme
        self.run: Run | None = None
        self._drawn: Any = None
        self._facts_ticket: Ticket | None = None
        self._series_ticket: Ticket | None = None
        self._again = False
        self._warned: list[str] | None = None
        self.head = RunHead(theme)
        self.curves = CurvesCard(bridge, theme)
        self.curves.looked_at.connect(self._read_whole)
        self.metrics = PairsCard(theme, "Metrics", "No metric has been recorded.", numbers=True)
        self.params = PairsCard(theme, "Parameters", "No parameter has been recorded.")
        self.inputs = LinksCard(
            "Inputs", "Nothing that it read is in this registry, or its files do not name it."
        )
        self.outputs = LinksCard("Outputs", "It has made no version yet.")
        self.origin = PairsCard(theme, "Where it comes from", "")
        self.log = LogCard(theme)
        self._stack = QStackedWidget()
        self._nothing = Notice(
            theme,
            "mouse-pointer-2",
            "grey",
            "No run selected",
            "Select a run to see its curves, parameters, versions and log.",
        )
        self._failure = Notice(theme, "triangle-alert", "red", "", "")
        self._scroll = self._content()
        for page in (self._nothing, self._scroll, self._failure):
            self._stack.addWidget(page)
        layout = column()
        layout.addWidget(self._stack)
        self.setLayout(layout)
        self.head.show_versions.connect(self.show_versions)
        self.inputs.list.followed.connect(self.show_version)
        self.outputs.list.followed.connect(self.show_version)
        self._clock = QTimer(self, interval=_TICK_MS)
        self._clock.timeout.connect(self.head.tick)

    def _content(self) -> QScrollArea:
        inside = column(MARGIN, MARGIN, MARGIN, MARGIN, spacing=_GAP)
        inside.addWidget(self.head)
        self._warnings = QWidget()
        self._warning_lines = column(spacing=6)
        self._warnings.setLayout(self._warning_lines)
        inside.addWidget(self._warnings)
        inside.addWidget(self.curves)
        inside.addLayout(_beside(self.metrics, self.params))
        inside.addLayout(_beside(self.inputs, self.outputs))
        inside.addWidget(self.log)
        inside.addWidget(self.origin)
        inside.addStretch(1)
        # Filled all over and known to be: then scrolling moves what is painted already instead of
        # painting every plot in sight anew.
        ground = _Ground(self._theme)
        ground.setLayout(inside)
        area = QScrollArea()
        area.setWidget(ground)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return area

    # ------------------------------------------------------------------ what is shown

    def show_of(self, run: Run | None) -> None:
        """A run of the list: what the list knows at once, the rest when it is read."""
        if run is None:
            self._drop()
            self.run = None
            self._stack.setCurrentWidget(self._nothing)
            self._tick_if_needed()
            return
        other = self.run is None or self.run["id"] != run["id"]
        if other:
            self._drop()
            self._drawn = None
            self.curves.forget(run["id"])
            self.log.forget()
            self._scroll.verticalScrollBar().setValue(0)
        self._fill(run)
        self._stack.setCurrentWidget(self._scroll)
        self.refresh()

    def refresh(self) -> None:
        """Reads the shown run again; once more afterwards if it is just being read."""
        if self.run is None:
            return
        if self._facts_ticket is not None and self._facts_ticket.open:
            self._again = True
            return
        self._again = False
        wanted = self.run["id"]

        def facts(registry: Registry) -> tuple[Document, Document]:
            return registry.show_run(wanted)["run"], registry.run_log(wanted, _LOG_LINES)

        self._facts_ticket = self._bridge.ask(facts, self._show_facts, self._explain)
        if self._drawn is None:
            self._read_series(self.run)

    def _drop(self) -> None:
        for ticket in (self._facts_ticket, self._series_ticket):
            if ticket is not None:
                ticket.cancel()
        self._again = False

    def _show_facts(self, answer: tuple[Document, Document]) -> None:
        run, log = answer
        self._fill(run)
        self.log.show_log(log)
        if _state_of(run) != self._drawn:
            self._read_series(run)
        if self._again:
            self.refresh()

    def _read_series(self, run: Run) -> None:
        if self._series_ticket is not None and self._series_ticket.open:
            return  # what changed meanwhile is seen at the next event, or when it is there
        wanted, running = run["id"], wording.is_running(run)
        drawn = _state_of(run)

        def read(registry: Registry) -> tuple[Group, ...]:
            curves = registry.run_series(wanted, most=_POINTS)
            if not curves:
                return ()
            # With it comes numpy, which takes its time to load. Not pyqtgraph: it makes classes of
            # Qt's its own as it loads, and the window's thread uses these meanwhile.
            from strongroom.gui.runs import traces

            return traces.grouped(curves)

        def show(groups: tuple[Group, ...]) -> None:
            self._drawn = drawn
            self.curves.show_groups(groups, running)
            if self.run is not None and _state_of(self.run) != drawn:
                self._read_series(self.run)

        def fail(error: StrongroomError) -> None:
            self._drawn = drawn
            self.curves.fail(f"The curves cannot be read: {error.what}.")

        self._series_ticket = self._bridge.ask(read, show, fail)

    def _read_whole(self, card: PlotCard) -> None:
        """All points of what is looked at closely, where the plots show a selection."""
        group, run = card.group, self.run
        if group is None or run is None or wording.is_running(run):
            return
        if all(trace.whole <= len(trace.values) for trace in group.traces):
            return
        wanted, names = run["id"], [trace.name for trace in group.traces]

        def read(registry: Registry) -> tuple[Group, ...]:
            from strongroom.gui.runs import traces

            return traces.grouped(registry.run_series(wanted, names))

        def show(groups: tuple[Group, ...]) -> None:
            if self.run is not None and self.run["id"] == wanted and card.group is group and groups:
                card.show_group(groups[0])

        self._bridge.ask(read, show, lambda error: None)

    def _fill(self, run: Run) -> None:
        self.run = run
        self.head.show_run(run)
        self.metrics.show_pairs(run["metrics"])
        self.params.show_pairs(run["params"])
        self.inputs.show_links(run["inputs"])
        self.outputs.show_links(run["outputs"])
        origin = wording.provenance_facts(run["provenance"])
        self.origin.show_pairs(origin)
        self.origin.setVisible(bool(origin))
        self._show_warnings(run["warnings"])
        self._tick_if_needed()

    def _show_warnings(self, warnings: list[str]) -> None:
        shown = [*warnings[:_WARNINGS]]
        if len(warnings) > _WARNINGS:
            shown.append(f"and {len(warnings) - _WARNINGS} more")
        lines = self._warning_lines
        if self._warned == shown:
            return
        self._warned = shown
        while lines.count():
            item = lines.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        for text in shown:
            lines.addWidget(_warning(self._theme, text))
        self._warnings.setVisible(bool(shown))

    def _explain(self, error: StrongroomError) -> None:
        self._failure.explain(error)
        self._stack.setCurrentWidget(self._failure)

    # ------------------------------------------------------------------ in and out of sight

    def entered(self) -> None:
        self._tick_if_needed()
        self.refresh()

    def left(self) -> None:
        self._clock.stop()

    def _tick_if_needed(self) -> None:
        if self.run is not None and wording.is_running(self.run) and self.isVisible():
            if not self._clock.isActive():
                self._clock.start()
        else:
            self._clock.stop()

    def first_focus(self) -> QWidget:
        return self.head.versions


class _Ground(QWidget):
    """What the cards lie on."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(self._theme.colours.window))
        painter.end()


def _state_of(run: Run) -> Any:
    """What the curves depend on: the same again needs no reading."""
    return run["status"], [(n, s["points"], str(s["last"])) for n, s in run["series"].items()]


def _beside(left: QWidget, right: QWidget) -> QHBoxLayout:
    line = row(spacing=_GAP)
    line.addWidget(left, 1)
    line.addWidget(right, 1)
    return line


def _warning(theme: Theme, text: str) -> QFrame:
    box = QFrame()
    box.setProperty("look", "warning")
    line = row(10, 6, 10, 6, spacing=8)
    line.addWidget(Icon(theme, "triangle-alert", "amber", 14), 0, Qt.AlignmentFlag.AlignTop)
    # A word without an end is cut, not waited for: it would make the whole page as wide.
    words = label(_ENDLESS.sub("\\1\N{ZERO WIDTH SPACE}", printable(text)), fnt=font(12))
    words.setWordWrap(True)
    line.addWidget(words, 1)
    box.setLayout(line)
    return box

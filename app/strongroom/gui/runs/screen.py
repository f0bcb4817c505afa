"""The Runs screen: which trainings go on and which have ended, and the page of one of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QPoint, QRect, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QFrame, QMenu, QSplitter, QStackedWidget, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.domain.event import Event
from strongroom.gui.bridge import Bridge
from strongroom.gui.commands import Command
from strongroom.gui.filter_field import FilterField
from strongroom.gui.menus import menu_of
from strongroom.gui.paint import draw_placeholder
from strongroom.gui.pieces import Button, Notice, column, frame, label, row
from strongroom.gui.runs.many.page import ManyRuns
from strongroom.gui.runs.model import RunsModel
from strongroom.gui.runs.run_list import RunList
from strongroom.gui.runs.run_view import RunView
from strongroom.gui.screen import Screen
from strongroom.gui.theme import MARGIN, RUN_LIST, RUN_ROW, Theme, font
from strongroom.gui.wording import count_text, plural

_REFRESH_MS = 400
_CLOCK_MS = 1000


class RunsScreen(Screen):
    """`show_version(reference)`: an input or output was followed; `show_run_versions(run id)`: all
    that a run made is wanted; `watch_folder`: the first step where there is no run yet;
    `compare_run(run id)`: it shall be compared; `compare_runs(ids)`: these and no others;
    `show_lineage(run id)`: its graph is wanted.
    """

    title = "Runs"
    icon = "circle-play"
    show_version = Signal(str)
    show_run_versions = Signal(str)
    watch_folder = Signal()
    compare_run = Signal(str)
    compare_runs = Signal(object)
    show_lineage = Signal(str)

    def __init__(self, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._in_sight = self._dirty = False
        self._touched: set[str] = set()
        self._wanted: str | None = None
        hint = "Filter: a name, status:running, metric.auc>0.8 …"
        self.filter = FilterField(theme, bridge, hint)
        self.filter.setAccessibleName("Filter runs")
        self.middle = self.filter
        watch = Button(theme, "Watch a folder", "folder-plus", "primary", self.watch_folder.emit)
        watch.setToolTip("Watch the folder that trainings write to (Ctrl Shift W)")
        self.actions_at_top = [watch]
        self.model = RunsModel(bridge, self)
        self.list = RunList(self.model, theme)
        self.view = RunView(bridge, theme)
        self._empty = self._empty_notice()
        self._error = Notice(theme, "unplug", "red", "", "")
        self._error.add_button(Button(theme, "Try again", "refresh-cw", "", self.model.reload))
        self._no_match = self._no_match_notice()
        self.many = ManyRuns(bridge, theme)
        self._right = QStackedWidget()
        self._right.addWidget(self.view)
        self._right.addWidget(self.many)
        self._splitter = QSplitter()
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(1)
        self._splitter.addWidget(self._left_side())
        self._splitter.addWidget(self._right)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setSizes([RUN_LIST, 900])
        self._pages = QStackedWidget()
        for page in (self._splitter, self._empty, self._error):
            self._pages.addWidget(page)
        layout = column()
        layout.addWidget(self._pages)
        self.setLayout(layout)
        self._connect()

    def _connect(self) -> None:
        self.filter.settled.connect(self._filter)
        self.filter.left.connect(self.list.setFocus)
        self.model.loaded.connect(self._after_load)
        self.model.failed.connect(self._explain)
        self.list.chosen.connect(self._choose)
        self.list.opened.connect(lambda: self.view.first_focus().setFocus())
        self.many.opened.connect(self._open_of_many)
        self.many.compare.connect(self.compare_runs)
        self.view.show_version.connect(self.show_version)
        self.view.show_versions.connect(self.show_run_versions)
        self._refresh_timer = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refresh_timer.timeout.connect(self._refresh)
        self._clock = QTimer(self, interval=_CLOCK_MS)  # ages and times grow
        self._clock.timeout.connect(self.list.viewport().update)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        compare = QShortcut(QKeySequence("C"), self.list)
        compare.setContext(Qt.ShortcutContext.WidgetShortcut)
        compare.activated.connect(self._compare)
        lineage = QShortcut(QKeySequence("L"), self.list)
        lineage.setContext(Qt.ShortcutContext.WidgetShortcut)
        lineage.activated.connect(self._show_lineage)
        many = QShortcut(QKeySequence("O"), self)
        many.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        many.activated.connect(self.toggle_many)
        table = QShortcut(QKeySequence("T"), self)
        table.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        table.activated.connect(self.view.curves.toggle_table)

    # ------------------------------------------------------------------ parts

    def _left_side(self) -> QWidget:
        side = frame("page")
        side.setMinimumWidth(280)
        layout = column()
        self._lists = QStackedWidget()
        self._reading = _Reading(self._theme)
        for page in (self._reading, self.list, self._no_match):
            self._lists.addWidget(page)
        layout.addWidget(self._lists, 1)
        footer = frame("footer")
        footer.setFixedHeight(30)
        line = row(MARGIN, 0, MARGIN, 0, spacing=12)
        self.words = label("Reading…", "second", font(12))
        line.addWidget(self.words)
        line.addStretch(1)
        self.many_button = Button(
            self._theme, "Side by side", "chart-scatter", "strip", self.toggle_many, size=14
        )
        self.many_button.setCheckable(True)
        self.many_button.setToolTip("All runs of the list on axes, as a scatter and a table (O)")
        line.addWidget(self.many_button)
        footer.setLayout(line)
        layout.addWidget(footer)
        side.setLayout(layout)
        return side

    def _empty_notice(self) -> Notice:
        notice = Notice(
            self._theme,
            "circle-play",
            "indigo",
            "No run yet",
            "A run is one training: its parameters, curves while they grow, its log, and the"
            " versions it made. Watch the folder that your trainings write to, and each of them"
            " appears here by itself.",
        )
        notice.add_button(
            Button(self._theme, "Watch a folder…", "folder-sync", "primary", self.watch_folder.emit)
        )
        return notice

    def _no_match_notice(self) -> Notice:
        notice = Notice(
            self._theme,
            "search-x",
            "indigo",
            "No run matches",
            "Check the spelling, or make the filter wider: a * stands for anything.",
        )
        notice.add_button(Button(self._theme, "Clear filter", "x", "", self._clear_filter))
        return notice

    # ------------------------------------------------------------------ screen

    def ready(self) -> None:
        self.model.reload()

    def entered(self) -> None:
        self._in_sight = True
        self._clock.start()
        if self._dirty:
            self._refresh()
        else:
            self.view.entered()

    def left(self) -> None:
        self._in_sight = False
        self._clock.stop()
        self._refresh_timer.stop()
        self.view.left()

    def happened(self, event: Event) -> None:
        if event.name == "run.changed":
            self._touch(event.data["id"])
        elif event.name == "entry" and event.data["object"].get("type") == "run":
            self._touch(event.data["object"]["id"])

    def first_focus(self) -> QWidget:
        if self._pages.currentWidget() is self._empty:
            return self._empty.findChild(Button) or self
        return self.list if self._lists.currentWidget() is self.list else self.filter

    def panes(self) -> Sequence[QWidget]:
        if self._pages.currentWidget() is not self._splitter:
            return [self.first_focus()]
        if self._right.currentWidget() is self.many:
            return [self.filter, self.list, self.many.table]
        return [self.filter, self.list, self.view.first_focus()]

    def commands(self) -> list[Command]:
        def without_run() -> str:
            return "" if self.view.run is not None else "No run is selected"

        def without_curves() -> str:
            return without_run() or ("" if self.view.curves.groups else "The run has no curves")

        curves = self.view.curves
        return [
            Command(
                "Curves as a table, or as plots (T)",
                "table-2",
                curves.toggle_table,
                why_not=without_curves,
                group="Runs",
            ),
            Command(
                "Show all of each curve", "chart-spline", curves.fit, (), without_curves,
                group="Runs",
            ),
            Command(
                "Show the versions of the run", "library", self._show_versions, (), without_run,
                group="Runs",
            ),
            Command(
                "Add the run to the comparison (C)", "git-compare", self._compare, (), without_run,
                group="Runs",
            ),
            Command("Runs side by side (O)", "chart-scatter", self.toggle_many, group="Runs"),
            Command(
                "Show the run's lineage (L)", "workflow", self._show_lineage, (), without_run,
                group="Runs",
            ),
            Command(
                "Copy the run's id", "copy", self.view.head.copy_id, (), without_run, group="Runs"
            ),
            Command(
                "Go to the end of the log", "arrow-down", self.view.log.go_to_end, (), without_run,
                group="Runs",
            ),
            Command(
                "Show running trainings only", "loader-circle", self.show_running, group="Runs"
            ),
        ]  # fmt: skip

    def remember(self, memory: QSettings) -> None:
        memory.setValue("runs/splitter", self._splitter.saveState())
        self.many.remember(memory)
        self.view.curves.remember(memory)

    def recall(self, memory: QSettings) -> None:
        state = memory.value("runs/splitter")
        if isinstance(state, QByteArray):
            self._splitter.restoreState(state)
        self.view.curves.recall(memory)
        self.many.recall(memory)

    # ------------------------------------------------------------------ what others ask

    def show_run(self, run: str) -> None:
        """Selects a run, whatever the filter hides or the list has not read yet."""
        self._wanted = None
        if not self.list.select(run):
            self._wanted = run
            self.filter.setText(f"run:{run}" if " " not in run else f'run:"{run}"')

    def toggle_many(self) -> None:
        """The runs of the list side by side, or the one that is selected."""
        to_many = self._right.currentWidget() is self.view
        self._right.setCurrentWidget(self.many if to_many else self.view)
        self.many_button.setChecked(to_many)
        if to_many:
            self.many.show_of(self.model.text)
            self.many.table.setFocus()
        else:
            self.list.setFocus()

    def _open_of_many(self, run: str) -> None:
        self.toggle_many()
        self.show_run(run)

    def show_running(self) -> None:
        self.filter.setText("status:running")

    # ------------------------------------------------------------------ news

    def _touch(self, run: str) -> None:
        """Not restarted while it waits: a steady stream must not put it off for ever."""
        self._touched.add(run)
        self._dirty = True
        if self._in_sight and not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def _refresh(self) -> None:
        touched, self._touched, self._dirty = self._touched, set(), False
        self.model.look_again(touched)
        if self._right.currentWidget() is self.many:
            self.many.refresh()
        if self.view.run is not None and self.view.run["id"] in touched:
            self.view.refresh()
        elif self._in_sight:
            self.view.entered()

    def _filter(self, text: str) -> None:
        if text != self.model.text:
            self.model.show(text)
            if self._right.currentWidget() is self.many:
                self.many.show_of(text)

    def _compare(self) -> None:
        if self.view.run is not None:
            self.compare_run.emit(self.view.run["id"])

    def _show_lineage(self) -> None:
        if self.view.run is not None:
            self.show_lineage.emit(self.view.run["id"])

    def _open_menu(self, at: QPoint) -> None:
        if self.list.indexAt(at).isValid():
            self.run_menu().exec(self.list.viewport().mapToGlobal(at))

    def run_menu(self) -> QMenu:
        """What can be done to the selected run."""
        entries = [
            ("Add to the comparison", "git-compare", self._compare),
            ("Show its lineage", "workflow", self._show_lineage),
            ("Show its versions", "library", self._show_versions),
            ("Copy its id", "copy", self.view.head.copy_id),
        ]
        return menu_of(self, list(entries), self._theme)

    def _clear_filter(self) -> None:
        self.filter.clear_all()
        self.list.setFocus()

    def _show_versions(self) -> None:
        if self.view.run is not None:
            self.show_run_versions.emit(self.view.run["id"])

    # ------------------------------------------------------------------ showing

    def _choose(self, run: object) -> None:
        if run is not None and self._right.currentWidget() is self.many and self.list.hasFocus():
            self.toggle_many()
        self.view.show_of(run)  # type: ignore[arg-type]

    def _after_load(self) -> None:
        nothing = self.model.rowCount() == 0
        if nothing and not self.model.text:
            self._pages.setCurrentWidget(self._empty)
            return
        self._pages.setCurrentWidget(self._splitter)
        self._lists.setCurrentWidget(self._no_match if nothing else self.list)
        if not nothing and not self.list.currentIndex().isValid():
            self.list.select_row(0)
        if self._wanted is not None and self.list.select(self._wanted):
            self._wanted = None
        self._count()

    def _count(self) -> None:
        count, running = self.model.rowCount(), self.model.running
        runs = plural(count, "run") if self.model.is_complete else f"{count_text(count)}+ runs"
        matching = (" matches" if count == 1 else " match") if self.model.text else ""
        going = f" · {count_text(running)} running" if running else ""
        self.words.setText(f"{runs}{matching}{going}")

    def _explain(self, error: StrongroomError) -> None:
        self._error.explain(error)
        self._pages.setCurrentWidget(self._error)


class _Reading(QFrame):
    """Grey rows while the first page is on its way."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("look", "page")
        self._theme = theme

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for number in range(self.height() // RUN_ROW):
            top, width = number * RUN_ROW, self.width() - 2 * MARGIN
            for at, share in ((12, (0.6, 0.5, 0.7)[number % 3]), (34, 0.4)):
                draw_placeholder(painter, QRect(MARGIN, top + at, width, 10), share, self._theme)
        painter.end()

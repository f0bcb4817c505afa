"""The window: sidebar, top bar, screens and strip, and what each of them asks of the others."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, cast

from PySide6.QtCore import QPoint, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QResizeEvent,
)
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QWidget

from strongroom.domain.errors import BadInput, StrongroomError
from strongroom.domain.event import Event
from strongroom.gui import registries, saved_filters, tabbing
from strongroom.gui.acts import Acts
from strongroom.gui.banner import Banner
from strongroom.gui.bridge import Bridge
from strongroom.gui.command_palette import CommandPalette
from strongroom.gui.command_table import command_table
from strongroom.gui.commands import Command, install
from strongroom.gui.compare.comparing import Comparing
from strongroom.gui.compare.drop_target import ReferenceDrop
from strongroom.gui.compare.screen import CompareScreen
from strongroom.gui.drag_out import DragOut
from strongroom.gui.drop import DropVeil, local_paths
from strongroom.gui.fault_bar import FaultBar
from strongroom.gui.filter_terms import named
from strongroom.gui.help_sheet import HelpSheet, KeysSheet
from strongroom.gui.jobs import Job, JobsPopup
from strongroom.gui.leaving import Leaving
from strongroom.gui.library.model import Counts
from strongroom.gui.library.page import Mend
from strongroom.gui.library.screen import LibraryScreen
from strongroom.gui.library.welcome import Welcome
from strongroom.gui.lineage.screen import LineageScreen
from strongroom.gui.overlay import Overlay
from strongroom.gui.pieces import column, row
from strongroom.gui.problems import Problems, ProblemsPopup
from strongroom.gui.runs.screen import RunsScreen
from strongroom.gui.screen import Screen
from strongroom.gui.settings.screen import SettingsScreen
from strongroom.gui.sidebar import Sidebar
from strongroom.gui.strip import Strip
from strongroom.gui.theme import SIDEBAR_SHRINKS, SMALLEST, Theme
from strongroom.gui.top_bar import TopBar
from strongroom.gui.undo import Undo
from strongroom.gui.watches import Watches
from strongroom.gui.watching.screen import WatchScreen
from strongroom.gui.window_menus import WindowMenus
from strongroom.gui.wording import count_text, sentence
from strongroom.settings import Settings

#: After the first rows stand, until what is not needed at once is made.
_SETTLED_MS = 60
_STATUS_MS = 500
_STATUS_EVERY_MS = 15_000
_REBUILDING = "From what is stored and the journal; nothing is lost by it"
_LEAVING_OUT = "What contradicts the rest is left out, and kept in a file beside"
_MAKING = "An empty one; if yours lies on a drive that is not there now, bring that back instead"
#: Jobs that have ended and are still told of, the newest.
_JOBS_KEPT = 50


class Window(QMainWindow):
    """`registry_wanted(place)`: another registry is to be opened in its stead;
    `new_registry_wanted(place)`: one that is made first. `started`: nothing is left to be made.
    """

    registry_wanted = Signal(str)
    new_registry_wanted = Signal(str)
    started = Signal()

    def __init__(
        self,
        bridge: Bridge,
        theme: Theme,
        memory: QSettings,
        place: str,
        actor: str,
        logs: str,
        settings: Settings | None = None,
    ) -> None:
        super().__init__()
        self._bridge, self._theme, self.memory = bridge, theme, memory
        self.place, self.settings = place, settings or Settings()
        self._jobs: dict[int, Job] = {}
        self.read_only = self.is_closed = self._is_ready = self._plots_loaded = False
        self.setWindowTitle("Strongroom")
        self.setMinimumSize(*SMALLEST)
        self.resize(1440, 900)
        self.setAcceptDrops(True)
        self.problems = Problems(self)
        self.screens: list[Screen] = []
        self._build(place, actor)
        self.acts = Acts(self, bridge, theme, self.overlay, self.library, place, logs)
        self.drag_out = DragOut(self.page.table, bridge, self.strip.announce)
        self.watches = Watches(self, bridge, theme, self.overlay, self.undo)
        self.leaving = Leaving(self, bridge, theme, self.overlay, self.settings)
        self.menus = WindowMenus(self, theme)
        self.comparing = Comparing(self, bridge)
        self._add_screens()
        self.commands = command_table(self)
        self._actions = install(self.commands, self, self.page.table)
        self._connect()
        self._recall()
        self._show(self.library)

    # ------------------------------------------------------------------ building

    def _build(self, place: str, actor: str) -> None:
        whole = QWidget()
        layout = row()
        self.sidebar = Sidebar(self._theme, place, actor)
        layout.addWidget(self.sidebar)
        right = column()
        self.top_bar = TopBar(self._theme, self.show_palette)
        right.addWidget(self.top_bar)
        self.fault = FaultBar(self._theme)
        self.undo = Undo(self.fault)
        right.addWidget(self.fault)
        self.banner = Banner(self._theme)
        right.addWidget(self.banner)
        self._stack = QStackedWidget()
        right.addWidget(self._stack, 1)
        self.strip = Strip(self._theme)
        right.addWidget(self.strip)
        layout.addLayout(right, 1)
        whole.setLayout(layout)
        self.setCentralWidget(whole)
        self._whole = whole
        welcome = Welcome(
            self._theme,
            watch=lambda: self.acts.watch_folder(),
            add=lambda: self.acts.add_files(),
            sample=lambda: self.acts.run_sample(),
        )
        self.library = LibraryScreen(
            self._bridge, self._theme, welcome, lambda: self.acts.add_files()
        )
        self.page, self.detail, self.filter = (
            self.library.page,
            self.library.detail,
            self.library.filter,
        )
        self.overlay = Overlay(whole, self._theme)
        self.veil = DropVeil(self._stack, self._theme)
        self.filter.attach_reason(whole)

    def _add_screens(self) -> None:
        """The Library is there at once; the others are made when they are wanted, or else when
        the first rows stand.
        """
        self._factories: dict[str, Callable[[], Screen]] = {
            LineageScreen.title: self._make_lineage,
            CompareScreen.title: self._make_compare,
            RunsScreen.title: self._make_runs,
            WatchScreen.title: self._make_watching,
            SettingsScreen.title: self._make_settings,
        }
        self.sidebar.add_screen(LibraryScreen.title, LibraryScreen.icon, "")
        self.sidebar.add_screen(LineageScreen.title, LineageScreen.icon, "")
        self.sidebar.add_screen(CompareScreen.title, CompareScreen.icon, "")
        self.sidebar.add_screen(RunsScreen.title, RunsScreen.icon, "")
        self.sidebar.add_screen(WatchScreen.title, WatchScreen.icon, "sources")
        self.sidebar.add_screen(SettingsScreen.title, SettingsScreen.icon, "foot")
        ReferenceDrop(
            self.sidebar.nav[CompareScreen.title],
            lambda references: self.compare_screen.add(*references),
            lambda: self.go_to(CompareScreen.title),
        )
        self._writing_buttons: list[QWidget] = []
        self._add(self.library, self.library.actions_at_top[-1])
        self._let_write(self.sidebar.add_button)

    def _add(self, screen: Screen, writes: QWidget | None = None) -> None:
        """`writes`: its button that adds something to the registry."""
        self.screens.append(screen)
        self._stack.addWidget(screen)
        self.top_bar.add(screen)
        if writes is not None:
            self._let_write(writes)

    def _let_write(self, button: QWidget) -> None:
        button.setProperty("hint", button.toolTip())
        self._writing_buttons.append(button)

    def _make_lineage(self) -> LineageScreen:
        screen = LineageScreen(self._bridge, self._theme, self.acts.choose_new_file)
        screen.show_version.connect(self.show_version)
        screen.show_run.connect(self.show_run)
        screen.sheet_wanted.connect(self.overlay.open)
        screen.said.connect(self._say)
        screen.compare.connect(lambda refs: self.compare_screen.add(*refs))
        self._add(screen)
        return screen

    def _say(self, text: str, take_back: Callable[[], object] | None) -> None:
        """Something was done; where it can be taken back, that is offered."""
        if take_back is not None:
            self.undo.offer(text, take_back)
        else:
            self.strip.announce(text)

    def _make_compare(self) -> CompareScreen:
        screen = CompareScreen(self._bridge, self._theme, self.overlay, self.undo)
        screen.show_version.connect(self.show_version)
        screen.show_run.connect(self.show_run)
        screen.say.connect(self.strip.announce)
        screen.wanted.connect(lambda: self.go_to(CompareScreen.title))
        screen.counted.connect(lambda n: self.sidebar.show_count(CompareScreen.title, str(n or "")))
        self._add(screen)
        return screen

    def _make_runs(self) -> RunsScreen:
        screen = RunsScreen(self._bridge, self._theme)
        screen.show_version.connect(self.show_version)
        screen.show_run_versions.connect(lambda run: self.set_filter(f'run:"{run}"'))
        screen.watch_folder.connect(self.acts.watch_folder)
        screen.compare_runs.connect(self._compare_runs)
        screen.show_lineage.connect(lambda run: self.show_lineage(f"run:{run}"))
        screen.compare_run.connect(lambda run: self.compare_screen.add_run(run))
        screen.filter.attach_reason(self._whole)
        self._add(screen, screen.actions_at_top[-1])
        return screen

    def _make_watching(self) -> WatchScreen:
        screen = WatchScreen(
            self._bridge, self._theme, self.settings, self.watches, self.acts.watch_folder
        )
        screen.show_version.connect(self.show_version)
        self._add(screen, screen.actions_at_top[-1])
        return screen

    def _make_settings(self) -> SettingsScreen:
        screen = SettingsScreen(self._bridge, self._theme, self.settings, self.place)
        screen.saved.connect(self._apply)
        self._add(screen)
        return screen

    def screen_of(self, title: str) -> Screen:
        """The screen of this title, made if it was not wanted before."""
        found = next((s for s in self.screens if s.title == title), None)
        if found is None:
            found = self._factories[title]()
            found.recall(self.memory)
            self._allow_writing()
            if self._is_ready:
                found.ready()
        return found

    @property
    def lineage_screen(self) -> LineageScreen:
        return cast(LineageScreen, self.screen_of(LineageScreen.title))

    @property
    def runs_screen(self) -> RunsScreen:
        return cast(RunsScreen, self.screen_of(RunsScreen.title))

    @property
    def compare_screen(self) -> CompareScreen:
        return cast(CompareScreen, self.screen_of(CompareScreen.title))

    @property
    def watch_screen(self) -> WatchScreen:
        return cast(WatchScreen, self.screen_of(WatchScreen.title))

    @property
    def settings_screen(self) -> SettingsScreen:
        return cast(SettingsScreen, self.screen_of(SettingsScreen.title))

    def _finish_start(self) -> None:
        """What would make someone wait later is made ready now, a piece a turn."""
        missing = [t for t in self._factories if all(s.title != t for s in self.screens)]
        if missing:
            self.screen_of(missing[0])
            self._starting.start()
        elif not self._plots_loaded:
            self._plots_loaded = True
            self._bridge.ask_anyway(_load_numbers, self._end_start)

    def _end_start(self, _: object) -> None:
        _load_plots()
        self.started.emit()

    def _connect(self) -> None:
        self._starting = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._starting.timeout.connect(self._finish_start)
        self.page.model.loaded.connect(self._starting.start)
        self.page.counted.connect(self._show_counts)
        self.page.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.page.table.customContextMenuRequested.connect(self.menus.open_row_menu)
        self.filter.menu_wanted.connect(lambda at: self.menus.saved_filters_menu().exec(at))
        self.detail.export.connect(self.acts.export)
        self.detail.verify.connect(lambda ref: self.acts.verify([ref]))
        self.detail.repair.connect(self.acts.repair)
        self.detail.export_file.connect(self.acts.export_file)
        self.detail.filter_run.connect(self.show_run)
        self.detail.lineage_wanted.connect(self.show_lineage)
        self.detail.sheet_wanted.connect(self.overlay.open)
        self.sidebar.add_watch.connect(self.acts.watch_folder)
        self.sidebar.show_screen.connect(self.go_to)
        self.sidebar.show_watch.connect(self._show_watch)
        self.sidebar.watch_menu.connect(lambda w, at: self.watches.menu_for(w).exec(at))
        self.sidebar.switch.connect(lambda at: self.menus.registries_menu().exec(at))
        self.sidebar.more.connect(self.menus.open_more_menu)
        self.watches.show_versions.connect(self._show_versions_of)
        self.watches.changed.connect(self._show_watches)
        self.strip.cancel.connect(self.acts.cancel_job)
        self.strip.pause_watch.connect(lambda watch: self.watches.pause(watch, True))
        self.strip.show_jobs.connect(self._show_jobs)
        self.strip.show_watching.connect(self._show_watching)
        self.strip.show_problems.connect(self._show_problems)
        self.problems.changed.connect(self.strip.show_problem_count)
        self.overlay.changed.connect(self._let_keys_rest)
        self._bridge.ready.connect(self._ready)
        self._bridge.failed.connect(self._cannot_open)
        self._bridge.happened.connect(self._happened)
        self._bridge.problem.connect(self._explain)
        self._status = QTimer(self, singleShot=True, interval=_STATUS_MS)
        self._status.timeout.connect(self._ask_status)
        self._status_clock = QTimer(self, interval=_STATUS_EVERY_MS)
        self._status_clock.timeout.connect(self._ask_status)

    # ------------------------------------------------------------------ the registry

    def _ready(self) -> None:
        registries.remember(self.memory, self.place)
        self.is_closed, self._is_ready = False, True
        self._allow_writing()
        for screen in self.screens:
            screen.ready()
        self.watches.ask()
        self._ask_status()
        self._status_clock.start()
        self._bridge.ask(lambda registry: registry.list_jobs(), self._know_jobs)

    def _cannot_open(self, error: StrongroomError) -> None:
        mend: Mend | None = None
        if error.code == "damaged" and "--rebuild" in error.hint:
            mend = Mend("Make the catalog again", _REBUILDING, self._bridge.rebuild)
        elif "--accept-loss" in error.hint:
            mend = Mend("Make it again without them", _LEAVING_OUT, self._bridge.rebuild_without)
        elif error.code == "not_found":
            mend = Mend("Make a registry here", _MAKING, self._make_here)
        self.is_closed = True
        self._allow_writing()
        self.go_to(self.library.title)
        self.page.show_error(error, self._bridge.start, mend)

    def _make_here(self) -> None:
        self.new_registry_wanted.emit(self.place)

    def _apply(self, settings: Settings) -> None:
        """What was saved holds at once, where it can."""
        self.settings = settings
        self._theme.choose(settings["appearance.theme"])
        self.leaving.choose(settings["window.closing"])
        self.watch_screen.show_settings(settings)
        self._bridge.apply(settings)

    def show_settings(self, settings: Settings) -> None:
        """They were changed elsewhere than on their screen."""
        self.settings = settings
        for screen in self.screens:
            if isinstance(screen, SettingsScreen):
                screen.show_settings(settings)

    def _ask_status(self) -> None:
        self._bridge.ask(lambda registry: registry.status(), self._show_status)

    def _show_status(self, status: Mapping[str, Any]) -> None:
        reserve = int(self.settings["limits.reserve"]) << 20
        full = status["free"] < reserve
        self.strip.show_status(status, full)
        self.problems.show_status(status, full)
        self.read_only = bool(status["read_only"])
        self.banner.show_words(
            "lock",
            "This registry can only be read: a newer Strongroom has used it. Everything can be"
            " looked at, exported and verified; install the newer one to add to it."
            if self.read_only
            else "",
        )
        self._allow_writing()

    def _allow_writing(self) -> None:
        why_not = self.why_no_writing()
        for button in self._writing_buttons:
            button.setEnabled(not why_not)
            button.setToolTip(sentence(why_not) or button.property("hint"))

    def why_no_writing(self) -> str:
        """Why nothing can be added now, or ""."""
        if self.is_closed:
            return "no registry is open"
        return "this registry can only be read" if self.read_only else ""

    def _show_watches(self, watches: list[dict[str, Any]], left_out: dict[str, int]) -> None:
        self.sidebar.show_watches(watches, left_out)
        self.sidebar.show_count(WatchScreen.title, str(len(watches) or ""))
        self.strip.show_watches(watches)
        self.problems.show_watches(watches)

    def _know_jobs(self, jobs: list[dict[str, Any]]) -> None:
        self._jobs = {job["id"]: job for job in jobs}
        for job in reversed(jobs):
            if job["state"] in ("queued", "running"):
                self.strip.show_job(job)

    def _keep_job(self, job: Job) -> None:
        self._jobs[job["id"]] = job
        ended = [i for i, j in self._jobs.items() if j["state"] not in ("queued", "running")]
        for number in sorted(ended)[:-_JOBS_KEPT]:
            del self._jobs[number]

    def _happened(self, event: Event) -> None:
        for screen in self.screens:
            screen.happened(event)
        self.watches.happened(event)
        self.problems.happened(event)
        self.leaving.happened(event)
        if event.name == "entry":
            if not self._status.isActive():
                self._status.start()
        elif event.name == "watch.progress":
            self.strip.show_taking(event.data)
        elif event.name == "job.changed":
            self._keep_job(event.data)
            self.strip.show_job(event.data)
            self._status.start()
        elif event.name == "problem":
            self.fault.explain_document(event.data)

    def _explain(self, error: StrongroomError) -> None:
        self.fault.explain(error)
        self.problems.note(error.document())

    def _show_counts(self, counts: Counts) -> None:
        self.sidebar.show_count(self.library.title, count_text(counts.everything))
        focus = self.focusWidget()
        unused = focus is None or not focus.isVisible() or self.sidebar.isAncestorOf(focus)
        if unused and self.overlay.sheet is None and self.current is self.library:
            self.library.first_focus().setFocus()  # where a person would go on

    # ------------------------------------------------------------------ moving about

    @property
    def current(self) -> Screen:
        return self._stack.currentWidget()  # type: ignore[return-value]

    def go_to(self, title: str) -> None:
        """Shows a screen and gives it the keyboard."""
        screen = self.screen_of(title)
        if screen is not self.current:
            self._show(screen)
        screen.take_keyboard()

    def _show(self, screen: Screen) -> None:
        before = self.current
        if before is not screen:
            before.left()
        self._stack.setCurrentWidget(screen)
        self.top_bar.show_screen(screen)
        self.sidebar.show_current(screen.title)
        screen.entered()

    def show_lineage(self, name: str) -> None:
        """The graph around a version or `run:ID`."""
        self.lineage_screen.show_of(name)
        self.go_to(LineageScreen.title)

    def show_selected_lineage(self) -> None:
        chosen = self.acts.selected_references()
        if chosen:
            self.show_lineage(chosen[0])

    def focus_filter(self) -> None:
        if self.current.middle is None:
            self._show(self.library)
        field = self.current.middle
        assert field is not None
        field.setFocus()
        if hasattr(field, "selectAll"):
            field.selectAll()

    def set_filter(self, text: str) -> None:
        """Shows the Library with this filter."""
        if self.current is not self.library:
            self._show(self.library)
        self.library.set_filter(text)

    def next_pane(self, step: int = 1) -> None:
        panes: list[QWidget] = [self.sidebar.nav[self.current.title], *self.current.panes()]
        focus = self.focusWidget()
        at = next(
            (i for i, p in enumerate(panes) if focus and (p is focus or p.isAncestorOf(focus))),
            -1 if step > 0 else 0,
        )
        following = panes[(at + step) % len(panes)]
        if following is self.detail:
            self.detail.focus_first()
        else:
            following.setFocus()

    def focusNextPrevChild(self, forward: bool) -> bool:
        tabbing.step((self.sidebar, self.top_bar, self.fault, self.current, self.strip), forward)
        return True

    def _show_versions_of(self, watch: dict[str, Any]) -> None:
        self.set_filter(named(watch["name"], below=True))

    def show_palette(self) -> None:
        commands = [c for c in self.commands if c.title != "Commands"]
        commands += [command for screen in self.screens for command in screen.commands()]
        commands += [
            Command(f"Filter: {name}", "bookmark", functools.partial(self.set_filter, text))
            for name, text in saved_filters.saved(self.memory).items()
        ]
        palette = CommandPalette(
            self._bridge, self._theme, commands, self.show_version, self.show_run
        )
        self.overlay.open(palette)

    def show_keys(self) -> None:
        self.overlay.open(KeysSheet(self._theme, self.commands))

    def show_help(self) -> None:
        self.overlay.open(HelpSheet(self._theme))

    def show_version(self, reference: str) -> None:
        """Shows the artifact's versions in the Library, and this one in the panel."""
        if self.current is not self.library:
            self._show(self.library)
        self.library.set_filter(named(reference.rpartition("@")[0] or reference))
        self.library.show_reference(reference)

    def show_run(self, run: str) -> None:
        """Shows a run on its screen."""
        self.go_to(RunsScreen.title)
        self.runs_screen.show_run(run)

    def _compare_runs(self, runs: list[str]) -> None:
        if self.compare_screen.compare([f"run:{run}" for run in runs]):
            self.go_to(CompareScreen.title)

    # ------------------------------------------------------------------ the strip's parts

    def _show_jobs(self, at: QPoint) -> None:
        jobs = sorted(
            self._jobs.values(),
            key=lambda j: (j["state"] in ("queued", "running"), j["id"]),
            reverse=True,
        )
        popup = JobsPopup(self._theme, self, jobs, self.strip.cancel.emit)
        popup.show_above(at)

    def _show_problems(self, at: QPoint) -> None:
        popup = ProblemsPopup(self._theme, self, self.problems)
        popup.show_above(at)

    def _show_watching(self) -> None:
        self.go_to(WatchScreen.title)

    def _show_watch(self, watch: dict[str, Any]) -> None:
        self.watch_screen.choose(watch["id"])
        self.go_to(WatchScreen.title)

    def _let_keys_rest(self, sheet_open: bool) -> None:
        for action in self._actions:
            action.setEnabled(not sheet_open)

    # ------------------------------------------------------------------ dropping and pasting

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        paths = local_paths(event.mimeData())
        if paths and event.source() is None:  # what is dragged out of here is here already
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.veil.open(len(paths), self.why_no_writing())

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.veil.hide()
        paths = local_paths(event.mimeData())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if self.why_no_writing():
            self.fault.explain(BadInput(self.why_no_writing(), "", "nothing was added"))
            return
        self.acts.take_dropped(paths, to_watch=isinstance(self.current, WatchScreen))

    def paste(self) -> None:
        self.acts.look_at(local_paths(QGuiApplication.clipboard().mimeData()))

    def why_no_paste(self) -> str:
        if self.why_no_writing():
            return self.why_no_writing()
        data = QGuiApplication.clipboard().mimeData()
        return "" if data is not None and local_paths(data) else "no files were copied"

    # ------------------------------------------------------------------ size, memory, end

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.sidebar.set_narrow(self.width() < SIDEBAR_SHRINKS)
        self.library.place_panel()

    def _recall(self) -> None:
        geometry = self.memory.value("window/geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)
        for screen in self.screens:
            screen.recall(self.memory)
        folder = self.memory.value("window/folder")
        self.acts.last_folder = str(folder or self.acts.last_folder)

    def remember(self) -> None:
        self.memory.setValue("window/geometry", self.saveGeometry())
        self.memory.setValue("window/folder", self.acts.last_folder)
        self.memory.setValue("window/screen", self.current.title)
        for screen in self.screens:
            screen.remember(self.memory)
        self.memory.sync()

    def retire(self) -> Callable[[], None]:
        """Goes without a word to its bridge: another window takes its place. What comes back
        removes the copies that were dragged out, after the bridge has stopped, in any thread.
        """
        self._bridge.happened.disconnect(self._happened)
        self._end()
        self.hide()
        self.deleteLater()
        return self.drag_out.clearing()

    def _end(self) -> None:
        """Nothing of it goes on by itself any more."""
        self.leaving.end()
        self.drag_out.stop()
        for timer in self.findChildren(QTimer):
            timer.stop()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.leaving.may_close():
            event.ignore()
            return
        self.remember()
        self.hide()  # at once: the worker may need a moment to put its work down
        self._end()
        self._bridge.stop()
        self.drag_out.clear()
        super().closeEvent(event)


def _load_numbers() -> None:
    """What plots stand on takes its time to load, and may do so in a reading thread."""
    import numpy  # noqa: F401


def _load_plots() -> None:
    """The rest changes classes of Qt, and so loads here: now, not when the first curve is shown."""
    import strongroom.gui.runs.plot  # noqa: F401

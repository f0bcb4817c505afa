"""The window: sidebar, top bar, page, panel and strip, and what each of them asks of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QPoint, QSettings, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMainWindow, QMenu, QSplitter, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.domain.event import Event
from strongroom.gui.acts import Acts
from strongroom.gui.bridge import Bridge
from strongroom.gui.command_palette import CommandPalette
from strongroom.gui.commands import Command, install
from strongroom.gui.detail import DetailPanel
from strongroom.gui.drag_out import DragOut
from strongroom.gui.drop import DropVeil
from strongroom.gui.fault_bar import FaultBar
from strongroom.gui.filter_field import FilterField
from strongroom.gui.help_sheet import HelpSheet, KeysSheet
from strongroom.gui.jobs import Job, JobsPopup
from strongroom.gui.library.model import Counts
from strongroom.gui.library.page import LibraryPage
from strongroom.gui.library.welcome import Welcome
from strongroom.gui.menus import menu_of_commands
from strongroom.gui.overlay import Overlay
from strongroom.gui.pieces import Button, column, frame, label, row
from strongroom.gui.sidebar import Sidebar
from strongroom.gui.strip import Strip
from strongroom.gui.theme import (
    DETAIL,
    PANEL_FLOATS,
    SIDEBAR,
    SIDEBAR_SHRINKS,
    SMALLEST,
    TOP_BAR,
    Theme,
    font,
)
from strongroom.gui.watches import Watches

Version = Mapping[str, Any]
_STATUS_MS = 500
_STATUS_EVERY_MS = 15_000


class Window(QMainWindow):
    def __init__(
        self, bridge: Bridge, theme: Theme, memory: QSettings, place: str, actor: str, logs: str
    ) -> None:
        super().__init__()
        self._bridge, self._theme, self._memory = bridge, theme, memory
        self._jobs: dict[int, Job] = {}
        self._panel_wanted, self._anything = True, False
        self.setWindowTitle("Strongroom")
        self.setMinimumSize(*SMALLEST)
        self.resize(1440, 900)
        self.setAcceptDrops(True)
        self._build(place, actor)
        self.acts = Acts(self, bridge, theme, self.overlay, self.page, self.detail, place, logs)
        self.drag_out = DragOut(self.page.table, bridge, self.strip.announce)
        self.watches = Watches(self, bridge, theme, self.overlay, self.fault)
        self._commands = self._command_table()
        self._actions = install(self._commands, self, self.page.table)
        self._connect()
        self._recall()

    # ------------------------------------------------------------------ building

    def _build(self, place: str, actor: str) -> None:
        whole = QWidget()
        layout = row()
        self.sidebar = Sidebar(self._theme, place, actor)
        layout.addWidget(self.sidebar)
        right = column()
        right.addWidget(self._top_bar())
        self.fault = FaultBar(self._theme)
        right.addWidget(self.fault)
        welcome = Welcome(
            self._theme,
            watch=lambda: self.acts.watch_folder(),
            add=lambda: self.acts.add_files(),
            sample=lambda: self.acts.run_sample(),
        )
        self.page = LibraryPage(self._bridge, self._theme, welcome)
        self.detail = DetailPanel(self._bridge, self._theme)
        self.detail.setMinimumWidth(300)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.page)
        self.splitter.addWidget(self.detail)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        right.addWidget(self.splitter, 1)
        self.strip = Strip(self._theme)
        right.addWidget(self.strip)
        layout.addLayout(right, 1)
        whole.setLayout(layout)
        self.setCentralWidget(whole)
        self.overlay = Overlay(whole, self._theme)
        self.veil = DropVeil(whole, self._theme)
        self.filter.attach_reason(whole)

    def _top_bar(self) -> QFrame:
        bar = frame("topbar")
        bar.setFixedHeight(TOP_BAR)
        layout: QHBoxLayout = row(16, 0, 16, 0, spacing=10)
        layout.addWidget(label("Library", fnt=font(17, 650)))
        layout.addSpacing(8)
        self.filter = FilterField(self._theme)
        layout.addWidget(self.filter, 1)
        self.commands_button = Button(
            self._theme, "Commands", "command", "", self.show_palette, size=15
        )
        self.commands_button.setToolTip("Every command and artifact (Ctrl K)")
        layout.addWidget(self.commands_button)
        self.add_button = Button(
            self._theme, "Add files", "plus", "primary", lambda: self.acts.add_files()
        )
        self.add_button.setToolTip("Add files (Ctrl O), or drop them anywhere")
        layout.addWidget(self.add_button)
        bar.setLayout(layout)
        return bar

    def _command_table(self) -> list[Command]:
        def without_version() -> str:
            return "" if self.detail.shown else "select a version first"

        def without_sound_version() -> str:
            version = self.acts.selected()
            if version is None:
                return "select a version first"
            return "its content is damaged" if version.get("damaged") else ""

        def appearance(choice: str) -> Any:
            return lambda: self.acts.choose_theme(choice)

        return [
            Command("Add files…", "plus", self.acts.add_files, ("Ctrl O",)),
            Command("Add a folder…", "folder-plus", self.acts.add_folder, ("Ctrl Shift O",)),
            Command("Watch a folder…", "folder-sync", self.acts.watch_folder, ("Ctrl Shift W",)),
            Command("Filter the list", "list-filter", self.focus_filter, ("/", "Ctrl F")),
            Command("Commands", "command", self.show_palette, ("Ctrl K",)),
            Command("Library", "library", self.focus_list, ("Ctrl 1",)),
            Command("Next pane", "panel-right", self.next_pane, ("F6",)),
            Command("Read the list again", "refresh-cw", self.page.reload, ("F5",)),
            Command("Show or hide the panel", "panel-right", self.toggle_panel, ("Ctrl I",)),
            Command(
                "Copy the digest", "copy", self.acts.copy_digest, ("Ctrl Shift C",), without_version
            ),
            Command(
                "Copy the reference", "copy", self.acts.copy_reference, ("Ctrl C",),
                without_version, in_list=True,
            ),
            Command(
                "Show in folder", "folder-open", self.acts.show_in_folder, (), without_version
            ),
            Command(
                "Export the version…", "download", self.acts.export_selected, ("E",),
                without_sound_version, in_list=True,
            ),
            Command(
                "Verify what is selected", "shield-check", self.acts.verify_selected, ("V",),
                without_version, in_list=True,
            ),
            Command("Verify everything", "shield-check", self.acts.verify_everything),
            Command("Show the newest", "arrow-up", self.page.show_news, ("Ctrl Home",)),
            Command("Run the sample project", "play", self.acts.run_sample),
            Command("Appearance: as the system", "eye", appearance("system")),
            Command("Appearance: light", "eye", appearance("light")),
            Command("Appearance: dark", "eye", appearance("dark")),
            Command("Keys", "info", self.show_keys, ("?",)),
            Command("Help", "info", self.show_help, ("F1",)),
            Command("Open the log folder", "scroll-text", self.acts.open_logs),
            Command("Quit", "x", self.close, ("Ctrl Q",)),
        ]  # fmt: skip

    def _connect(self) -> None:
        self.filter.settled.connect(self.page.filter)
        self.filter.left.connect(self.focus_list)
        self.page.clear_filter.connect(lambda: self.set_filter(""))
        self.page.chosen.connect(self.detail.show_of)
        self.page.opened.connect(self._open_version)
        self.page.counted.connect(self._show_counts)
        self.page.counted.connect(self._settle_focus)
        self.page.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.page.table.customContextMenuRequested.connect(self._open_row_menu)
        self.detail.export.connect(self.acts.export)
        self.detail.verify.connect(lambda ref: self.acts.verify([ref]))
        self.detail.repair.connect(self.acts.repair)
        self.detail.hide_wanted.connect(self.toggle_panel)
        self.detail.show_version.connect(self._show_reference)
        self.detail.export_file.connect(self.acts.export_file)
        self.detail.sheet_wanted.connect(self.overlay.open)
        self.detail.filter_run.connect(lambda r: self.set_filter(f'run:"{r}"'))
        self.sidebar.add_watch.connect(self.acts.watch_folder)
        self.sidebar.show_library.connect(self.show_library)
        self.sidebar.show_watch.connect(self._show_versions_of)
        self.sidebar.watch_menu.connect(lambda w, at: self.watches.menu_for(w).exec(at))
        self.watches.show_versions.connect(self._show_versions_of)
        self.watches.changed.connect(self._show_watches)
        self.sidebar.more.connect(self._open_more_menu)
        self.strip.cancel.connect(
            lambda job: self._bridge.ask(lambda registry: registry.cancel_job(job))
        )
        self.strip.pause_watch.connect(lambda watch: self.watches.pause(watch, True))
        self.strip.show_jobs.connect(self._show_jobs)
        self.strip.show_watching.connect(self._show_watching)
        self.overlay.changed.connect(self._let_keys_rest)
        self._bridge.ready.connect(self._ready)
        self._bridge.failed.connect(self._cannot_open)
        self._bridge.happened.connect(self._happened)
        self._bridge.problem.connect(self.fault.explain)
        self._status = QTimer(self, singleShot=True, interval=_STATUS_MS)
        self._status.timeout.connect(self._ask_status)
        self._status_clock = QTimer(self, interval=_STATUS_EVERY_MS)
        self._status_clock.timeout.connect(self._ask_status)

    # ------------------------------------------------------------------ the registry

    def _ready(self) -> None:
        self.page.reload()
        self.watches.ask()
        self._ask_status()
        self._status_clock.start()
        self._bridge.ask(lambda registry: registry.list_jobs(), self._know_jobs)

    def _cannot_open(self, error: StrongroomError) -> None:
        lost = error.code == "damaged" and "doctor --rebuild" in error.hint
        self.page.show_error(error, self._bridge.start, self._bridge.rebuild if lost else None)

    def _ask_status(self) -> None:
        self._bridge.ask(lambda registry: registry.status(), self.strip.show_status)

    def _show_watches(self, watches: list[dict[str, Any]], left_out: dict[str, int]) -> None:
        self.sidebar.show_watches(watches, left_out)
        self.strip.show_watches(watches)

    def _know_jobs(self, jobs: list[dict[str, Any]]) -> None:
        self._jobs = {job["id"]: job for job in jobs}
        for job in reversed(jobs):
            if job["state"] in ("queued", "running"):
                self.strip.show_job(job)

    def _happened(self, event: Event) -> None:
        for one in (self.page, self.detail, self.watches):
            one.happened(event)
        if event.name == "entry":
            if not self._status.isActive():
                self._status.start()
        elif event.name == "watch.progress":
            self.strip.show_taking(event.data)
        elif event.name == "job.changed":
            self._jobs[event.data["id"]] = event.data
            self.strip.show_job(event.data)
            self._status.start()
        elif event.name == "problem":
            self.fault.explain_document(event.data)

    def _show_counts(self, counts: Counts) -> None:
        self._anything = counts.everything > 0
        self.sidebar.show_count(counts.everything)
        self._place_panel()

    def _settle_focus(self, counts: Counts) -> None:
        """A new list: the keyboard goes where a person would go on, unless it is in use."""
        focus = self.focusWidget()
        unused = focus is None or not focus.isVisible() or focus is self.sidebar.library
        if unused and self.overlay.sheet is None:
            (self.page.table if self._anything else self.page.first_button).setFocus()

    # ------------------------------------------------------------------ moving about

    def focus_filter(self) -> None:
        self.filter.setFocus()
        self.filter.selectAll()

    def show_library(self) -> None:
        self.set_filter("")
        self.focus_list()

    def focus_list(self) -> None:
        """The keyboard goes to the list, and with no row selected to its first."""
        table = self.page.table
        if not table.selectionModel().hasSelection() and self.page.model.rowCount():
            table.select_row(max(0, table.currentIndex().row()))
        table.setFocus()

    def next_pane(self) -> None:
        panes: list[QWidget] = [self.sidebar.library, self.filter, self.page.table]
        if self.detail.isVisible():
            panes.append(self.detail)
        focus = self.focusWidget()
        at = next(
            (i for i, p in enumerate(panes) if focus and (p is focus or p.isAncestorOf(focus))), -1
        )
        following = panes[(at + 1) % len(panes)]
        if following is self.detail:
            self.detail.focus_first()
        else:
            following.setFocus()

    def _show_versions_of(self, watch: dict[str, Any]) -> None:
        self.set_filter(f'name:"{watch["name"]}/*"')

    def set_filter(self, text: str) -> None:
        self.filter.setText(text)
        self.page.filter(text)

    def toggle_panel(self) -> None:
        self._show_panel(not self.detail.isVisible())

    def _show_panel(self, wanted: bool) -> None:
        self._panel_wanted = wanted
        self._place_panel()

    def _place_panel(self) -> None:
        """Beside the page, or over it where the window is small; with nothing to show nowhere."""
        floats = self.width() < PANEL_FLOATS
        if floats and self.detail.parent() is self.splitter:
            self._panel_wanted = False  # it would cover what it belongs to
            self.detail.setParent(self.centralWidget())
        elif not floats and self.detail.parent() is not self.splitter:
            self.splitter.addWidget(self.detail)
            self._panel_wanted = True
        self.detail.setVisible(self._panel_wanted and self._anything)
        if floats:
            area = self.splitter.geometry()
            width = min(DETAIL, area.width())
            self.detail.setGeometry(area.right() - width + 1, area.y(), width, area.height())
            self.detail.raise_()

    def show_palette(self) -> None:
        commands = [c for c in self._commands if c.title != "Commands"]
        self.overlay.open(CommandPalette(self._bridge, self._theme, commands, self._open_artifact))

    def show_keys(self) -> None:
        self.overlay.open(KeysSheet(self._theme, self._commands))

    def show_help(self) -> None:
        self.overlay.open(HelpSheet(self._theme))

    def _open_artifact(self, name: str) -> None:
        self.set_filter(f'name:"{name}"')
        self._show_reference(name)

    def _show_reference(self, wanted: str) -> None:
        if not self.page.select(wanted):
            self.detail.show_reference(wanted)
        self._reveal_panel()

    def _open_version(self, version: Version) -> None:
        self._reveal_panel()
        self.detail.focus_first()

    def _reveal_panel(self) -> None:
        self._show_panel(True)

    def _selected(self) -> Version | None:
        chosen = self.page.table.selected_versions()
        return chosen[0] if chosen else self.detail.version

    # ------------------------------------------------------------------ menus

    def row_menu(self) -> QMenu:
        """What can be done to the selected rows."""
        titles = (
            "Export the version…",
            "Verify what is selected",
            "Copy the digest",
            "Copy the reference",
            "Show in folder",
        )
        menu = menu_of_commands(self, titles, self._commands, self._theme)
        version = self.acts.selected()
        if version is not None:
            name, run_id = version["name"], version["run"]
            menu.addSeparator()
            menu.addAction("Show all versions of it", lambda: self.set_filter(f'name:"{name}"'))
            if run_id:
                menu.addAction("Show all of its run", lambda: self.set_filter(f'run:"{run_id}"'))
        return menu

    def _open_row_menu(self, at: QPoint) -> None:
        table = self.page.table
        if table.indexAt(at).isValid():
            self.row_menu().exec(table.viewport().mapToGlobal(at))

    def _open_more_menu(self, at: QPoint) -> None:
        titles = ("Appearance: as the system", "Appearance: light", "Appearance: dark", None,
                  "Keys", "Help", "Open the log folder", None, "Verify everything",
                  "Run the sample project", None, "Quit")  # fmt: skip
        menu = menu_of_commands(self, titles, self._commands, self._theme)
        menu.exec(at - QPoint(0, menu.sizeHint().height()))

    def _show_jobs(self, at: QPoint) -> None:
        jobs = sorted(
            self._jobs.values(),
            key=lambda j: (j["state"] in ("queued", "running"), j["id"]),
            reverse=True,
        )
        popup = JobsPopup(self._theme, self, jobs, self.strip.cancel.emit)
        popup.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        popup.show_above(at)

    def _show_watching(self) -> None:
        if self.watches.any:
            self.sidebar.focus_sources()
        else:
            self.acts.watch_folder()

    def _let_keys_rest(self, sheet_open: bool) -> None:
        for action in self._actions:
            action.setEnabled(not sheet_open)

    # ------------------------------------------------------------------ dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        paths = _local_paths(event.mimeData())
        if paths and event.source() is None:  # what was dragged out of here is here already
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.veil.open(len(paths))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.veil.hide()
        paths = _local_paths(event.mimeData())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.acts.look_at(paths)

    # ------------------------------------------------------------------ size and memory

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.sidebar.set_narrow(self.width() < SIDEBAR_SHRINKS)
        self._place_panel()

    def _recall(self) -> None:
        geometry = self._memory.value("window/geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)
        split = self._memory.value("window/split")
        if split is None or not self.splitter.restoreState(split):
            self.splitter.setSizes([self.width() - DETAIL - SIDEBAR, DETAIL])
        narrow = self.width() < PANEL_FLOATS
        wanted = self._memory.value("window/panel", "false" if narrow else "true")
        self._panel_wanted = wanted in (True, "true")
        self.page.recall(self._memory)
        folder = self._memory.value("window/folder")
        self.acts.last_folder = str(folder or self.acts.last_folder)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._memory.setValue("window/geometry", self.saveGeometry())
        self._memory.setValue("window/split", self.splitter.saveState())
        self._memory.setValue("window/panel", self._panel_wanted)
        self._memory.setValue("window/folder", self.acts.last_folder)
        self.page.remember(self._memory)
        self._memory.sync()
        self.hide()  # at once: the worker may need a moment to put its work down
        self.drag_out.stop()
        self._bridge.stop()
        self.drag_out.clear()
        super().closeEvent(event)


def _local_paths(data: Any) -> list[str]:
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile() and url.toLocalFile()]

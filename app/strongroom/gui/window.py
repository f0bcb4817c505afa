"""The window: sidebar, top bar, page, panel and strip, and what each of them asks of the others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QPoint, QProcess, QSettings, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMainWindow, QSplitter, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.domain.event import Event
from strongroom.gui import dialogs
from strongroom.gui.add_sheet import AddSheet
from strongroom.gui.bridge import Bridge
from strongroom.gui.command_palette import CommandPalette
from strongroom.gui.commands import Command, install, run
from strongroom.gui.detail import DetailPanel
from strongroom.gui.drop import DropVeil
from strongroom.gui.fault_bar import FaultBar
from strongroom.gui.filter_field import FilterField
from strongroom.gui.help_sheet import HelpSheet, KeysSheet
from strongroom.gui.jobs import Job, JobsPopup
from strongroom.gui.left_out_sheet import LeftOutSheet
from strongroom.gui.library.columns import reference
from strongroom.gui.library.page import LibraryPage
from strongroom.gui.library.welcome import Welcome
from strongroom.gui.overlay import Overlay
from strongroom.gui.pieces import Button, column, copy_text, frame, label, row
from strongroom.gui.sample import sample_folder, sample_runs
from strongroom.gui.sidebar import Sidebar, menu_of
from strongroom.gui.strip import Strip
from strongroom.gui.theme import (
    DETAIL,
    PANEL_FLOATS,
    SIDEBAR_SHRINKS,
    SMALLEST,
    TOP_BAR,
    Theme,
    font,
)
from strongroom.gui.watch_sheet import WatchSheet
from strongroom.services.registry import Registry
from strongroom.settings import save

Version = Mapping[str, Any]
_STATUS_MS = 500
_STATUS_EVERY_MS = 15_000
#: Watched folders remember at most so many files that were left out.
_LEFT_OUT = 500


class Window(QMainWindow):
    def __init__(
        self, bridge: Bridge, theme: Theme, memory: QSettings, place: str, actor: str, logs: str
    ) -> None:
        super().__init__()
        self._bridge, self._theme, self._memory = bridge, theme, memory
        self._place, self._logs = place, logs
        self._watches: dict[str, dict[str, Any]] = {}
        self._states: dict[str, dict[str, Any]] = {}
        self._left_out: dict[str, dict[str, str]] = {}
        self._jobs: dict[int, Job] = {}
        self._samples: list[QProcess] = []
        self._last_folder = str(memory.value("window/folder", os.path.expanduser("~")))
        self.setWindowTitle("Strongroom")
        self.setMinimumSize(*SMALLEST)
        self.resize(1440, 900)
        self.setAcceptDrops(True)
        self._build(actor)
        self._commands = self._command_table()
        self._actions = install(self._commands, self, self.page.table)
        self._connect()
        self._recall()

    # ------------------------------------------------------------------ building

    def _build(self, actor: str) -> None:
        whole = QWidget()
        layout = row()
        self.sidebar = Sidebar(self._theme, self._place, actor)
        layout.addWidget(self.sidebar)
        right = column()
        right.addWidget(self._top_bar())
        self.fault = FaultBar(self._theme)
        right.addWidget(self.fault)
        welcome = Welcome(self._theme, self.watch_folder, self.add_files, self.run_sample)
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
        self._panel_wanted = True

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
        self.add_button = Button(self._theme, "Add files", "plus", "primary", self.add_files)
        self.add_button.setToolTip("Add files (Ctrl O), or drop them anywhere")
        layout.addWidget(self.add_button)
        bar.setLayout(layout)
        return bar

    def _command_table(self) -> list[Command]:
        def without_version() -> str:
            return "" if self.detail.shown else "select a version first"

        def without_sound_version() -> str:
            version = self._selected()
            if version is None:
                return "select a version first"
            return "its content is damaged" if version.get("damaged") else ""

        def appearance(choice: str) -> Any:
            return lambda: self.choose_theme(choice)

        return [
            Command("Add files…", "plus", self.add_files, ("Ctrl O",)),
            Command("Add a folder…", "folder-plus", self.add_folder, ("Ctrl Shift O",)),
            Command("Watch a folder…", "folder-sync", self.watch_folder, ("Ctrl Shift W",)),
            Command("Filter the list", "list-filter", self.focus_filter, ("/", "Ctrl F")),
            Command("Commands", "command", self.show_palette, ("Ctrl K",)),
            Command("Library", "library", self.focus_list, ("Ctrl 1",)),
            Command("Next pane", "panel-right", self.next_pane, ("F6",)),
            Command("Read the list again", "refresh-cw", self.page.reload, ("F5",)),
            Command("Show or hide the panel", "panel-right", self.toggle_panel, ("Ctrl I",)),
            Command(
                "Copy the digest", "copy", self.copy_digest, ("Ctrl Shift C",), without_version
            ),
            Command(
                "Copy the reference", "copy", self.copy_reference, ("Ctrl C",), without_version,
                in_list=True,
            ),
            Command(
                "Export the version…", "download", self.export_selected, ("E",),
                without_sound_version, in_list=True,
            ),
            Command(
                "Verify what is selected", "shield-check", self.verify_selected, ("V",),
                without_version, in_list=True,
            ),
            Command("Verify everything", "shield-check", self.verify_everything),
            Command("Show the newest", "arrow-up", self.page.show_news, ("Ctrl Home",)),
            Command("Run the sample project", "play", self.run_sample),
            Command("Appearance: as the system", "eye", appearance("system")),
            Command("Appearance: light", "eye", appearance("light")),
            Command("Appearance: dark", "eye", appearance("dark")),
            Command("Keys", "info", self.show_keys, ("?",)),
            Command("Help", "info", self.show_help, ("F1",)),
            Command("Open the log folder", "scroll-text", self.open_logs),
            Command("Quit", "x", self.close, ("Ctrl Q",)),
        ]  # fmt: skip

    def _connect(self) -> None:
        self.filter.settled.connect(self.page.filter)
        self.filter.left.connect(self.focus_list)
        self.page.clear_filter.connect(lambda: self.set_filter(""))
        self.page.chosen.connect(self.detail.show_of)
        self.page.opened.connect(self._open_version)
        self.page.counted.connect(self._show_counts)
        self.page.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.page.table.customContextMenuRequested.connect(self._row_menu)
        self.detail.export.connect(self.export)
        self.detail.verify.connect(lambda ref: self.verify([ref]))
        self.detail.hide_wanted.connect(self.toggle_panel)
        self.detail.show_version.connect(self._show_reference)
        self.detail.filter_run.connect(lambda r: self.set_filter(f'run:"{r}"'))
        self.sidebar.add_watch.connect(self.watch_folder)
        self.sidebar.show_library.connect(self.show_library)
        self.sidebar.show_watch.connect(lambda w: self.set_filter(f'name:"{w["name"]}/*"'))
        self.sidebar.watch_menu.connect(self._watch_menu)
        self.sidebar.more.connect(self._more_menu)
        self.strip.cancel.connect(
            lambda job: self._bridge.ask(lambda registry: registry.cancel_job(job))
        )
        self.strip.pause_watch.connect(lambda watch: self._bridge.pause(watch, True))
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
        self._ask_watches()
        self._ask_status()
        self._status_clock.start()
        self._bridge.ask(lambda registry: registry.list_jobs(), self._know_jobs)

    def _cannot_open(self, error: StrongroomError) -> None:
        self.page.show_error(error, self._bridge.start)

    def _ask_status(self) -> None:
        self._bridge.ask(lambda registry: registry.status(), self.strip.show_status)

    def _ask_watches(self) -> None:
        self._bridge.ask(lambda registry: registry.list_watches(), self._know_watches)

    def _know_watches(self, answer: dict[str, Any]) -> None:
        self._watches = {w["id"]: w for w in answer["watches"]}
        self._states = {k: v for k, v in self._states.items() if k in self._watches}
        self._draw_watches()

    def _draw_watches(self) -> None:
        shown = [
            {**watch, **self._told(watch)}
            for watch in sorted(self._watches.values(), key=lambda w: w["name"])
        ]
        counts = {watch: len(files) for watch, files in self._left_out.items()}
        self.sidebar.show_watches(shown, counts)
        self.strip.show_watches(shown)

    def _told(self, watch: dict[str, Any]) -> dict[str, Any]:
        """What the worker said last of a folder stands over what the catalog says."""
        told = self._states.get(watch["id"], {})
        if watch["paused"]:
            return {"state": "paused"}
        return {k: told[k] for k in ("state", "detail") if k in told}

    def _know_jobs(self, jobs: list[dict[str, Any]]) -> None:
        self._jobs = {job["id"]: job for job in jobs}
        for job in reversed(jobs):
            if job["state"] in ("queued", "running"):
                self.strip.show_job(job)

    def _happened(self, event: Event) -> None:
        self.page.happened(event)
        self.detail.happened(event)
        data = event.data
        if event.name == "entry":
            if not self._status.isActive():
                self._status.start()
            if data["object"].get("type") == "watch":
                self._ask_watches()
        elif event.name == "watch.state":
            self._states[data["id"]] = dict(data)
            if data["id"] in self._watches and data["state"] != "paused":
                self._draw_watches()
            else:
                self._ask_watches()
        elif event.name == "watch.ignored":
            files = self._left_out.setdefault(data["id"], {})
            if len(files) < _LEFT_OUT:
                files[data["path"]] = data["reason"]
            self._draw_watches()
        elif event.name == "watch.progress":
            self.strip.show_taking(data)
        elif event.name == "job.changed":
            self._jobs[data["id"]] = data
            self.strip.show_job(data)
            self._status.start()
        elif event.name == "problem":
            self.fault.explain_document(data)

    def _show_counts(self, counts: Any) -> None:
        self.sidebar.show_count(counts.everything)
        self.detail.setVisible(self._panel_wanted and counts.everything > 0)

    # ------------------------------------------------------------------ acts

    def add_files(self) -> None:
        self.look_at(dialogs.choose_files(self, self._last_folder))

    def add_folder(self) -> None:
        folder = dialogs.choose_folder(self, "Add a folder", self._last_folder)
        self.look_at([folder] if folder else [])

    def look_at(self, paths: list[str]) -> None:
        """Opens the sheet that shows what would be added."""
        if not paths:
            return
        self._last_folder = os.path.dirname(paths[0])
        raw = [os.fsencode(path) for path in paths]
        self.overlay.open(AddSheet(self._bridge, self._theme, raw, self.ask_to_watch))

    def watch_folder(self) -> None:
        folder = dialogs.choose_folder(self, "Watch a folder", self._last_folder)
        if folder:
            self._last_folder = os.path.dirname(folder)
            self.ask_to_watch(os.fsencode(folder))

    def ask_to_watch(self, root: bytes) -> None:
        self.overlay.open(WatchSheet(self._bridge, self._theme, root))

    def run_sample(self) -> None:
        """A small training writes into a folder that is watched from now on."""
        folder = sample_folder(self._place)

        def prepare(registry: Registry) -> None:
            folder.mkdir(parents=True, exist_ok=True)
            registry.add_watch(os.fsencode(folder), {"name": "sample"})

        def begin(_: None) -> None:
            for arguments in sample_runs(folder):
                process = QProcess(self)
                process.finished.connect(self._next_sample)
                process.setProgram(arguments[0])
                process.setArguments(arguments[1:])
                self._samples.append(process)
            self._next_sample()

        self._bridge.ask(prepare, begin)

    def _next_sample(self) -> None:
        waiting = [p for p in self._samples if p.state() == QProcess.ProcessState.NotRunning]
        if waiting and len(waiting) == len(self._samples):
            process = self._samples.pop(0)
            process.setParent(self)
            process.start()

    def export_selected(self) -> None:
        version = self._selected()
        if version is not None:
            self.export(version)

    def export(self, version: Version) -> None:
        folder = dialogs.choose_folder(self, "Export into", self._last_folder)
        if not folder:
            return
        self._last_folder = folder
        base = version["name"].rpartition("/")[2]
        stem, dot, suffix = base.rpartition(".")
        name = f"{stem}-{version['tag']}.{suffix}" if dot and stem else f"{base}-{version['tag']}"
        self._bridge.enqueue(
            "export", {"reference": reference(version), "into": os.path.join(folder, name)}
        )

    def verify_selected(self) -> None:
        self.verify(self.page.selected_references() or [self.detail.shown or ""])

    def verify(self, references: list[str]) -> None:
        self._bridge.enqueue("verify", {"references": [r for r in references if r]})

    def verify_everything(self) -> None:
        self._bridge.enqueue("verify", {"references": []})

    def copy_digest(self) -> None:
        version = self._selected()
        if version is not None:
            copy_text(version["content_digest"])

    def copy_reference(self) -> None:
        copy_text("\n".join(self.page.selected_references() or [self.detail.shown or ""]))

    def open_logs(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._logs))

    def choose_theme(self, choice: str) -> None:
        self._theme.choose(choice)
        self._bridge.ask(lambda registry: save("appearance.theme", choice))

    # ------------------------------------------------------------------ moving about

    def focus_filter(self) -> None:
        self.filter.setFocus()
        self.filter.selectAll()

    def show_library(self) -> None:
        self.set_filter("")
        self.focus_list()

    def focus_list(self) -> None:
        table = self.page.table
        table.setFocus()
        if not table.currentIndex().isValid() and self.page.model.rowCount():
            table.setCurrentIndex(self.page.model.index(0, 0))

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

    def set_filter(self, text: str) -> None:
        self.filter.setText(text)
        self.page.filter(text)

    def toggle_panel(self) -> None:
        self._panel_wanted = not self.detail.isVisible()
        self.detail.setVisible(self._panel_wanted)

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
        self._panel_wanted = True
        self.detail.show()

    def _selected(self) -> Version | None:
        chosen = self.page.table.selected_versions()
        return chosen[0] if chosen else self.detail.version

    # ------------------------------------------------------------------ menus

    def _row_menu(self, at: QPoint) -> None:
        table = self.page.table
        if not table.indexAt(at).isValid():
            return
        titles = ("Export the version…", "Verify what is selected", "Copy the digest",
                  "Copy the reference")  # fmt: skip
        by_title = {c.title: c for c in self._commands}
        menu = menu_of(
            self,
            [(t, by_title[t].icon, lambda c=by_title[t]: run(c)) for t in titles],
            self._theme,
        )
        for action, title in zip(menu.actions(), titles, strict=True):
            why_not = by_title[title].why_not()
            action.setEnabled(not why_not)
            action.setToolTip(why_not)
            if by_title[title].keys:
                action.setText(f"{title}\t{by_title[title].keys[0]}")
        version = self._selected()
        if version is not None:
            menu.addSeparator()
            name = version["name"]
            menu.addAction("Show all versions of it", lambda: self.set_filter(f'name:"{name}"'))
            if version["run"]:
                run_id = version["run"]
                menu.addAction("Show all of its run", lambda: self.set_filter(f'run:"{run_id}"'))
        menu.exec(table.viewport().mapToGlobal(at))

    def _watch_menu(self, watch: dict[str, Any], at: QPoint) -> None:
        self.menu_for_watch(watch).exec(at)

    def menu_for_watch(self, watch: dict[str, Any]) -> Any:
        paused = watch["paused"]
        root, left = os.fsencode(watch["path"]), self._left_out.get(watch["id"], {})
        entries: list[Any] = [
            (
                "Go on watching" if paused else "Pause",
                "play" if paused else "pause",
                lambda: self._pause(watch["id"], not paused),
            ),
            ("Show its versions", "library", lambda: self.sidebar.show_watch.emit(watch)),
            (
                "Open the folder",
                "folder-open",
                lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(watch["path"])),
            ),
        ]
        if left:
            title = f"What was left out ({len(left)})…"
            entries.append(
                (
                    title,
                    "eye-off",
                    lambda: self.overlay.open(LeftOutSheet(self._theme, watch, left)),
                )
            )
        entries += [
            None,
            (
                "Stop watching",
                "x",
                lambda: self._bridge.ask(
                    lambda registry: registry.remove_watch(root), lambda _: self._stopped(watch)
                ),
            ),
        ]
        return menu_of(self, entries, self._theme)

    def _pause(self, watch: str, paused: bool) -> None:
        self._bridge.pause(watch, paused)
        self._states.pop(watch, None)
        QTimer.singleShot(200, self._ask_watches)

    def _stopped(self, watch: dict[str, Any]) -> None:
        """What it made stays; for ten seconds the folder can be taken up again."""
        self._left_out.pop(watch["id"], None)
        root = os.fsencode(watch["path"])
        options = {**watch["options"], "name": watch["name"]}
        self._ask_watches()
        self.fault.offer(
            f"{watch['name']} is no longer watched. What it made stays.",
            "Undo",
            lambda: self._bridge.ask(
                lambda registry: registry.add_watch(root, options), lambda _: self._ask_watches()
            ),
        )

    def _more_menu(self, at: QPoint) -> None:
        wanted = ("Appearance: as the system", "Appearance: light", "Appearance: dark", None,
                  "Keys", "Help", "Open the log folder", None, "Verify everything",
                  "Run the sample project", None, "Quit")  # fmt: skip
        by_title = {c.title: c for c in self._commands}
        entries = [
            None if t is None else (t, by_title[t].icon, lambda c=by_title[t]: run(c))
            for t in wanted
        ]
        menu = menu_of(self, entries, self._theme)
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
        if not self._watches:
            self.watch_folder()
            return
        self.sidebar.focus_sources()

    def _let_keys_rest(self, sheet_open: bool) -> None:
        for action in self._actions:
            action.setEnabled(not sheet_open)

    # ------------------------------------------------------------------ dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        paths = _local_paths(event.mimeData())
        if paths:
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
        self.look_at(paths)

    # ------------------------------------------------------------------ size and memory

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.sidebar.set_narrow(self.width() < SIDEBAR_SHRINKS)

    def _recall(self) -> None:
        geometry = self._memory.value("window/geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)
        split = self._memory.value("window/split")
        if split is None or not self.splitter.restoreState(split):
            self.splitter.setSizes([self.width() - DETAIL - 208, DETAIL])
        narrow = self.width() < PANEL_FLOATS
        wanted = self._memory.value("window/panel", "false" if narrow else "true")
        self._panel_wanted = wanted in (True, "true")
        self.detail.setVisible(False)
        self.page.recall(self._memory)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._memory.setValue("window/geometry", self.saveGeometry())
        self._memory.setValue("window/split", self.splitter.saveState())
        self._memory.setValue("window/panel", self._panel_wanted)
        self._memory.setValue("window/folder", self._last_folder)
        self.page.remember(self._memory)
        self._memory.sync()
        self.hide()  # at once: the worker may need a moment to put its work down
        self._bridge.stop()
        super().closeEvent(event)


def _local_paths(data: Any) -> list[str]:
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile() and url.toLocalFile()]

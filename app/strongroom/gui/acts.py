"""What a person can do to versions and folders: looked at, added, watched, exported, verified."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QProcess, QUrl
from PySide6.QtGui import QDesktopServices

from strongroom.domain.errors import BadInput, NotFound, printable
from strongroom.gui import desktop, dialogs, registries
from strongroom.gui.add_sheet import AddSheet
from strongroom.gui.bridge import Bridge
from strongroom.gui.detail.reading import folder_of
from strongroom.gui.file_looks import export_name
from strongroom.gui.library.columns import reference
from strongroom.gui.library.screen import LibraryScreen
from strongroom.gui.overlay import Overlay
from strongroom.gui.pieces import copy_text
from strongroom.gui.sample import sample_folder, sample_runs
from strongroom.gui.theme import Theme
from strongroom.gui.watching.sheet import WatchSheet
from strongroom.services.registry import Registry
from strongroom.settings import Settings, load, save

if TYPE_CHECKING:
    from strongroom.gui.window import Window

Version = Mapping[str, Any]


class Acts(QObject):
    """`last_folder` is where the next dialog begins."""

    def __init__(
        self,
        window: Window,
        bridge: Bridge,
        theme: Theme,
        overlay: Overlay,
        library: LibraryScreen,
        place: str,
        logs: str,
    ) -> None:
        super().__init__(window)
        self._window, self._bridge, self._theme, self._overlay = window, bridge, theme, overlay
        self._library = library
        self._place, self._logs = place, logs
        self._samples: list[QProcess] = []
        self.last_folder = os.path.expanduser("~")

    def selected(self) -> Version | None:
        return self._library.selected()

    def selected_references(self) -> list[str]:
        """Of all selected rows, else of the version in the panel."""
        shown = self._library.detail.shown
        return self._library.page.selected_references() or ([shown] if shown else [])

    def add_files(self) -> None:
        self.look_at(dialogs.choose_files(self._window, self.last_folder))

    def add_folder(self) -> None:
        folder = dialogs.choose_folder(self._window, "Add a folder", self.last_folder)
        self.look_at([folder] if folder else [])

    def look_at(self, paths: list[str]) -> None:
        """Opens the sheet that shows what would be added."""
        if not paths:
            return
        self.last_folder = os.path.dirname(paths[0])
        raw = [os.fsencode(path) for path in paths]
        self._overlay.open(AddSheet(self._bridge, self._theme, raw, self.ask_to_watch))

    def take_dropped(self, paths: list[str], to_watch: bool) -> None:
        """What was let go over the window: a folder on the watched ones is to be watched."""

        def decide(is_folder: bool) -> None:
            if is_folder:
                self.ask_to_watch(os.fsencode(paths[0]))
            else:
                self.look_at(paths)

        if to_watch and len(paths) == 1:
            self._bridge.ask(lambda registry: os.path.isdir(paths[0]), decide)
        else:
            self.look_at(paths)

    def watch_folder(self) -> None:
        folder = dialogs.choose_folder(self._window, "Watch a folder", self.last_folder)
        if folder:
            self.last_folder = os.path.dirname(folder)
            self.ask_to_watch(os.fsencode(folder))

    def ask_to_watch(self, root: bytes) -> None:
        self._overlay.open(WatchSheet(self._bridge, self._theme, root))

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
                process.finished.connect(process.deleteLater)
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

    def choose_new_file(self, title: str, name: str) -> str:
        """Where a new file shall be, "" for nowhere; the folder is remembered."""
        plain = name.replace("/", "-").replace(":", "-")
        chosen = dialogs.choose_new_file(self._window, title, os.path.join(self.last_folder, plain))
        if chosen:
            self.last_folder = os.path.dirname(chosen)
        return chosen

    def export_selected(self) -> None:
        version = self.selected()
        if version is not None:
            self.export(version)

    def export(self, version: Version) -> None:
        folder = dialogs.choose_folder(self._window, "Export into", self.last_folder)
        if not folder:
            return
        self.last_folder = folder
        into = os.path.join(folder, export_name(version))
        self._bridge.enqueue("export", {"reference": reference(version), "into": into})

    def export_file(self, version: Version, path: str) -> None:
        """Writes one file of a version into a folder, under its own name."""
        folder = dialogs.choose_folder(self._window, "Export the file into", self.last_folder)
        if not folder:
            return
        self.last_folder = folder
        name = path.rpartition("/")[2]
        self._bridge.enqueue(
            "export",
            {
                "reference": reference(version),
                "file": path,
                "title": f"{printable(name)} of {reference(version)}",
                "into": os.path.join(folder, name),
            },
        )

    def verify_selected(self) -> None:
        self.verify(self.selected_references())

    def verify(self, references: list[str]) -> None:
        self._bridge.enqueue("verify", {"references": references})

    def repair(self, wanted: str) -> None:
        """Verifies and mends what is damaged from where it was taken."""
        self._bridge.enqueue("verify", {"references": [wanted], "repair": True})

    def verify_everything(self) -> None:
        self._bridge.enqueue("verify", {"references": []})

    def copy_digest(self) -> None:
        version = self.selected()
        if version is not None:
            copy_text(version["content_digest"])

    def copy_reference(self) -> None:
        copy_text("\n".join(self.selected_references()))

    def cancel_job(self, job: int) -> None:
        self._bridge.ask(lambda registry: registry.cancel_job(job))

    def open_registry(self) -> None:
        """Another registry in place of this one."""
        folder = dialogs.choose_folder(self._window, "Open a registry", self.last_folder)
        if not folder:
            return

        def decide(is_one: bool) -> None:
            if is_one:
                self._window.registry_wanted.emit(folder)
            else:
                self._window.fault.explain(
                    BadInput("there is no registry in it", folder, "choose a folder that holds"
                             " one, or make a new registry")
                )  # fmt: skip

        self._bridge.ask_anyway(lambda: registries.is_registry(folder), decide)

    def make_registry(self) -> None:
        folder = dialogs.choose_folder(self._window, "An empty folder", self.last_folder)
        if not folder:
            return

        def decide(wrong: str) -> None:
            if wrong:
                self._window.fault.explain(BadInput("no registry can be made there", folder, wrong))
            else:
                self._window.new_registry_wanted.emit(folder)

        self._bridge.ask_anyway(lambda: registries.may_become_registry(folder), decide)

    def show_in_folder(self) -> None:
        """Opens the folder that the selected version was taken from, if it is still there."""
        version = self.selected()
        if version is None:
            return
        wanted = reference(version)

        def show(found: tuple[str | None, str]) -> None:
            folder, why = found
            if folder:
                desktop.open_folder(folder)
            else:
                self._bridge.problem.emit(NotFound(why, wanted, "export a copy of it"))

        self._bridge.ask(lambda registry: folder_of(registry.show(wanted, files=0)["source"]), show)

    def open_logs(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._logs))

    def choose_theme(self, choice: str) -> None:
        self._theme.choose(choice)

        def keep() -> Settings:
            save("appearance.theme", choice)
            return load()

        self._bridge.ask_anyway(keep, self._window.show_settings)

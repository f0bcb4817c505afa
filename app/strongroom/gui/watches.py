"""What is watched and how it goes; paused, taken up again and ended from a menu."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QMenu, QWidget

from strongroom.domain.errors import NotFound
from strongroom.domain.event import Event
from strongroom.gui import desktop
from strongroom.gui.bridge import Bridge
from strongroom.gui.menus import menu_of
from strongroom.gui.overlay import Overlay
from strongroom.gui.theme import Theme
from strongroom.gui.undo import Undo
from strongroom.gui.watching.left_out_sheet import LeftOutSheet
from strongroom.gui.watching.sheet import WatchSheet

Watch = dict[str, Any]
#: Of each folder at most so many files that were left out are remembered.
_LEFT_OUT = 500
_SOON_MS = 200
_KNOWN = 60


class Watches(QObject):
    """`changed(watches, left out by id)` is to be shown, `activity(watch id)`: what goes on in it
    has changed, `show_versions(watch)` was asked for. `shown`: all folders, by name.
    """

    changed = Signal(object, object)
    activity = Signal(str)
    show_versions = Signal(object)

    def __init__(
        self, window: QWidget, bridge: Bridge, theme: Theme, overlay: Overlay, undo: Undo
    ) -> None:
        super().__init__(window)
        self._window, self._bridge, self._theme = window, bridge, theme
        self._overlay, self._undo = overlay, undo
        self._watches: dict[str, Watch] = {}
        self._states: dict[str, dict[str, Any]] = {}
        self._left_out: dict[str, dict[str, str]] = {}
        self._waiting: dict[str, dict[str, Any]] = {}
        self._taking: dict[str, dict[str, Any]] = {}
        self._known: dict[str, deque[dict[str, Any]]] = {}
        self.shown: list[Watch] = []
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self.ask)

    @property
    def any(self) -> bool:
        return bool(self._watches)

    def ask(self) -> None:
        self._bridge.ask(lambda registry: registry.list_watches(), self._know)

    def happened(self, event: Event) -> None:
        data = event.data
        if event.name == "entry" and data["object"].get("type") == "watch":
            self._soon.start()
        elif event.name == "watch.state":
            self._states[data["id"]] = dict(data)
            if data["id"] in self._watches and data["state"] != "paused":
                self._draw()
            else:
                self._soon.start()
        elif event.name == "watch.ignored":
            files = self._left_out.setdefault(data["id"], {})
            if len(files) < _LEFT_OUT:
                files[data["path"]] = data["reason"]
                self._draw()
        elif event.name == "watch.waiting":
            self._waiting[data["id"]] = dict(data)
            self.activity.emit(data["id"])
        elif event.name == "watch.progress":
            over = data["bytes"] >= data["total_bytes"] and data["files"] >= data["total_files"]
            if over:
                self._taking.pop(data["id"], None)
            else:
                self._taking[data["id"]] = dict(data)
            self.activity.emit(data["id"])
        elif event.name == "version.known" and data.get("watch"):
            kept = self._known.setdefault(data["watch"], deque(maxlen=_KNOWN))
            kept.append({"at": time.time(), "version": data["version"]})
            self.activity.emit(data["watch"])

    def waiting(self, watch: str) -> dict[str, Any] | None:
        """What the worker said last of files that are not taken yet."""
        return self._waiting.get(watch)

    def taking(self, watch: str) -> dict[str, Any] | None:
        """How far taking is, while something is taken."""
        return self._taking.get(watch)

    def known(self, watch: str) -> list[dict[str, Any]]:
        """`{"at", "version"}` of files whose content was there already, since the window opened."""
        return list(self._known.get(watch, ()))

    def left_out(self, watch: str) -> dict[str, str]:
        """Path → why, of files that were passed over since the window opened."""
        return self._left_out.get(watch, {})

    def busy(self, watch: str) -> int:
        """How many files are in progress."""
        waiting = self._waiting.get(watch, {})
        return int(waiting.get("settling_count", 0)) + int(waiting.get("live_count", 0))

    def menu_for(self, watch: Watch) -> QMenu:
        paused = watch["paused"]
        left = self._left_out.get(watch["id"], {})
        entries: list[Any] = [
            (
                "Go on watching" if paused else "Pause",
                "play" if paused else "pause",
                lambda: self.pause(watch["id"], not paused),
            ),
            ("Show its versions", "library", lambda: self.show_versions.emit(watch)),
            ("Check now", "refresh-cw", lambda: self._bridge.check_watch(watch["id"])),
            ("Edit rules…", "sliders-horizontal", lambda: self.edit(watch)),
            ("Open the folder", "folder-open", lambda: self.open_folder(watch)),
        ]
        if left:
            title = f"What was left out ({len(left)})…"
            entries.append((title, "eye-off", lambda: self._show_left_out(watch, left)))
        entries += [None, ("Stop watching", "x", lambda: self.stop(watch))]
        return menu_of(self._window, entries, self._theme)

    def open_folder(self, watch: Watch) -> None:
        """Only a folder: a file that took its place is not handed to any program."""
        path = str(watch["path"])

        def show(is_folder: bool) -> None:
            if is_folder:
                desktop.open_folder(path)
            else:
                self._bridge.problem.emit(
                    NotFound("the folder is not there now", path, "bring it back")
                )

        self._bridge.ask_anyway(lambda: os.path.isdir(path), show)

    def edit(self, watch: Watch) -> None:
        """Its rules, to be changed in a sheet."""
        root = os.fsencode(watch["path"])
        self._overlay.open(WatchSheet(self._bridge, self._theme, root, watch))

    def pause(self, watch: str, paused: bool) -> None:
        self._bridge.pause(watch, paused)
        self._states.pop(watch, None)
        self._soon.start()

    def stop(self, watch: Watch) -> None:
        """What it made stays; for ten seconds the folder can be taken up again."""
        root = os.fsencode(watch["path"])
        options = {**watch["options"], "name": watch["name"]}

        def take_up_again() -> None:
            self._bridge.ask(
                lambda registry: registry.add_watch(root, options), lambda _: self.ask()
            )

        def stopped(_: object) -> None:
            self.ask()
            text = f"{watch['name']} is no longer watched. What it made stays."
            self._undo.offer(text, take_up_again)

        self._bridge.ask(lambda registry: registry.remove_watch(root), stopped)

    def _show_left_out(self, watch: Watch, left: dict[str, str]) -> None:
        self._overlay.open(LeftOutSheet(self._theme, watch, left))

    def _know(self, answer: dict[str, Any]) -> None:
        before, self._watches = self._watches, {w["id"]: w for w in answer["watches"]}
        for gone in before.keys() - self._watches.keys():
            for told in (self._left_out, self._waiting, self._taking, self._known):
                told.pop(gone, None)
        self._states = {k: v for k, v in self._states.items() if k in self._watches}
        self._draw()

    def _draw(self) -> None:
        shown = [
            {**watch, **self._told(watch)}
            for watch in sorted(self._watches.values(), key=lambda w: str(w["name"]))
        ]
        self.shown = shown
        self.changed.emit(shown, {watch: len(files) for watch, files in self._left_out.items()})

    def _told(self, watch: Watch) -> dict[str, Any]:
        """What the worker said last of a folder stands over what the catalog says."""
        if watch["paused"]:
            return {"state": "paused"}
        told = self._states.get(watch["id"], {})
        return {k: told[k] for k in ("state", "detail") if k in told}

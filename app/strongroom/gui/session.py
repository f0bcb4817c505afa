"""One registry's window at a time: opened, and changed for another one's without a new start."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QSettings

from strongroom.domain.event import Event
from strongroom.gui.bridge import BackgroundWorker, Bridge, Opened
from strongroom.gui.theme import Theme
from strongroom.gui.tidy import Tidy
from strongroom.gui.window import Window
from strongroom.settings import Settings


class Session(QObject):
    """Keeps the open window; the one before may still be putting its work down."""

    def __init__(
        self, theme: Theme, memory: QSettings, settings: Settings, actor: str, logs: str
    ) -> None:
        super().__init__()
        self._theme, self._memory, self._settings = theme, memory, settings
        self._actor, self._logs = actor, logs
        self._tidy = Tidy(self)
        #: Bridges beside their threads: the last reference to one must not end on its thread.
        self._ending: list[tuple[threading.Thread, Bridge]] = []
        self.window: Window | None = None
        self.bridge: Bridge | None = None

    def make(self, place: str, create: bool = False) -> Window:
        """A window for the registry in the folder; with `create` it is made where there is none."""
        self.bridge = Bridge(opening(Path(place), self._settings, create), rebuilding(Path(place)))
        self.window = Window(
            self.bridge, self._theme, self._memory, place, self._actor, self._logs, self._settings
        )
        self.window.started.connect(self._tidy.settle)
        self.window.registry_wanted.connect(self.open)
        self.window.new_registry_wanted.connect(lambda where: self.open(where, create=True))
        return self.window

    def open(self, place: str, create: bool = False) -> None:
        """Shows the registry in place of the one that is open."""
        before, old_bridge = self.window, self.bridge
        if before is not None:
            before.remember()
        window = self.make(place, create)
        window.show()
        assert self.bridge is not None
        self.bridge.start()
        if before is not None and old_bridge is not None:
            self._tidy.unsettle()
            old_bridge.hush()
            clear_copies = before.retire()

            def end(bridge: Bridge = old_bridge) -> None:
                bridge.stop()
                clear_copies()  # after it, or a copy that is just being made would stay

            # The worker may need a moment to put its work down; nobody has to wait for it.
            ending = threading.Thread(target=end, name="closing registry")
            ending.start()
            self._ending = [pair for pair in self._ending if pair[0].is_alive()]
            self._ending.append((ending, old_bridge))

    def wait(self) -> None:
        """Until every registry is closed."""
        for thread, _ in self._ending:
            thread.join()
        self._ending.clear()
        self._tidy.stop()


def opening(
    place: Path, settings: Settings, create: bool = False
) -> Callable[[Callable[[Event], None]], Opened]:
    """What the bridge does first: the registry is opened, then worked for. Where there is none one
    is made only if `create` says so: a drive that is not there must not become an empty registry.
    """

    def open_it(tell: Callable[[Event], None]) -> Opened:
        from strongroom.bootstrap import create_registry, open_registry

        if create and not (place / "registry.json").exists():
            registry = create_registry(place, settings, "gui")
        else:
            registry = open_registry(place, settings, "gui")
        since = registry.last_change()  # what the window reads from now on, the worker tells of

        def make_worker() -> BackgroundWorker:
            from strongroom.worker.loop import Worker

            return Worker(registry, settings, tell, since)

        return registry, make_worker

    return open_it


def rebuilding(place: Path) -> Callable[[bool], Mapping[str, Any]]:
    """What the window offers where the catalog is lost or behind its journal."""

    def rebuild(accept_loss: bool) -> Mapping[str, Any]:
        from strongroom.bootstrap import rebuild_registry

        return rebuild_registry(place, accept_loss=accept_loss)

    return rebuild

"""The button behind which comparisons are kept under a name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QMenu

from strongroom.domain.comparison import FEWEST
from strongroom.gui.commands import Command
from strongroom.gui.compare import saved
from strongroom.gui.compare.tray import State, Tray
from strongroom.gui.menus import menu_of
from strongroom.gui.name_sheet import NameSheet
from strongroom.gui.overlay import Overlay
from strongroom.gui.pieces import Button
from strongroom.gui.theme import Theme
from strongroom.gui.undo import Undo


class Kept(Button):
    """`shown`: one of them was put into the tray. `memory` is where they lie, once it is known."""

    shown = Signal()

    def __init__(
        self,
        theme: Theme,
        overlay: Overlay,
        undo: Undo,
        tray: Tray,
        names: Callable[[], Sequence[str]],
    ) -> None:
        super().__init__(theme, "Saved", "bookmark", "", self._open)
        self.setToolTip("Comparisons that are kept under a name")
        self._overlay, self._undo, self._tray, self._names = overlay, undo, tray, names
        self.memory: QSettings | None = None

    def all(self) -> dict[str, State]:
        return saved.saved(self.memory) if self.memory is not None else {}

    def commands(self, without_two: Callable[[], str]) -> list[Command]:
        kept = [
            Command(f"Comparison: {name}", "bookmark", functools.partial(self.show_kept, state),
                    group="Compare")
            for name, state in self.all().items()
        ]  # fmt: skip
        save = Command(
            "Save this comparison…", "bookmark", self.save, (), without_two, group="Compare"
        )
        return [*kept, save]

    def menu_of_kept(self) -> QMenu:
        """Kept comparisons to go to, the present one to keep, each to be given up again."""
        kept = self.all()
        entries: list[Any] = [
            (name, "bookmark", functools.partial(self.show_kept, state))
            for name, state in kept.items()
        ]
        menu = menu_of(self, [*entries, None] if kept else [], self._theme)
        action = menu.addAction("Save this comparison…", self.save)
        action.setEnabled(len(self._tray.refs) >= FEWEST)
        if kept:
            removing = menu.addMenu("Remove a saved one")
            for name in kept:
                removing.addAction(name, functools.partial(self._forget, name))
        return menu

    def _open(self) -> None:
        self.menu_of_kept().exec(self.mapToGlobal(self.rect().bottomLeft()))

    def show_kept(self, state: State) -> None:
        self._tray.put_back(state)
        self.shown.emit()

    def save(self) -> None:
        memory, state = self.memory, self._tray.state
        if memory is None or len(state[0]) < FEWEST:
            return
        title = " and ".join(self._names()[:3])
        self._overlay.open(
            NameSheet(
                self._theme, "Save this comparison", ", ".join(state[0]), title, "Save",
                lambda name: saved.save(memory, name, state),
            )
        )  # fmt: skip

    def _forget(self, name: str) -> None:
        memory, state = self.memory, self.all()[name]
        if memory is None:
            return
        saved.remove(memory, name)
        self._undo.offer(
            f"The comparison {name} is no longer kept.", lambda: saved.save(memory, name, state)
        )

"""The window's menus: of rows, saved filters, registries, and of everything else."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from strongroom.gui import registries, saved_filters
from strongroom.gui.filter_terms import named
from strongroom.gui.menus import menu_of, menu_of_commands
from strongroom.gui.name_sheet import NameSheet
from strongroom.gui.theme import Theme

if TYPE_CHECKING:
    from strongroom.gui.window import Window


class WindowMenus:
    def __init__(self, window: Window, theme: Theme) -> None:
        self._window, self._theme = window, theme

    def row_menu(self) -> QMenu:
        """What can be done to the selected rows."""
        titles = (
            "Show its lineage",
            None,
            "Export the version…",
            "Verify what is selected",
            "Compare what is selected",
            "Compare with the version before",
            None,
            "Copy the digest",
            "Copy the reference",
            "Show in folder",
        )
        menu = menu_of_commands(self._window, titles, self._window.commands, self._theme)
        version = self._window.acts.selected()
        if version is not None:
            name, run_id = version["name"], version["run"]
            menu.addSeparator()
            menu.addAction("Show all versions of it", lambda: self._window.set_filter(named(name)))
            if run_id:
                menu.addAction("Show its run", lambda: self._window.show_run(run_id))
                menu.addAction(
                    "Show all of its run", lambda: self._window.set_filter(f'run:"{run_id}"')
                )
        return menu

    def open_row_menu(self, at: QPoint) -> None:
        table = self._window.page.table
        if table.indexAt(at).isValid():
            self.row_menu().exec(table.viewport().mapToGlobal(at))

    def saved_filters_menu(self) -> QMenu:
        """Saved filters to go to, the present one to save, each to be removed again."""
        kept, whole = saved_filters.saved(self._window.memory), self._window.filter.whole()
        entries: list[Any] = [
            (name, "bookmark", functools.partial(self._window.set_filter, text))
            for name, text in kept.items()
        ]
        if kept:
            entries.append(None)
        menu = menu_of(self._window, entries, self._theme)
        save = menu.addAction("Save this filter…", self.save_filter)
        save.setEnabled(bool(whole) and not self._window.filter.property("wrong"))
        save.setToolTip("" if whole else "there is no filter")
        if kept:
            removing = menu.addMenu("Remove a saved filter")
            for name in kept:
                removing.addAction(name, functools.partial(self._remove_filter, name))
        return menu

    def save_filter(self) -> None:
        whole = self._window.filter.whole()
        sheet = NameSheet(
            self._theme,
            "Save this filter",
            whole,
            whole[:40],
            "Save",
            lambda name: saved_filters.save(self._window.memory, name, whole),
        )
        self._window.overlay.open(sheet)

    def _remove_filter(self, name: str) -> None:
        text = saved_filters.saved(self._window.memory)[name]
        saved_filters.remove(self._window.memory, name)
        self._window.undo.offer(
            f"The filter {name} is removed.",
            lambda: saved_filters.save(self._window.memory, name, text),
        )

    def registries_menu(self) -> QMenu:
        """Registries that were open before, and ways to others."""
        others = [p for p in registries.recent(self._window.memory) if p != self._window.place][:6]
        entries: list[Any] = [
            (place, "vault", functools.partial(self._window.registry_wanted.emit, place))
            for place in others
        ]
        if others:
            entries.append(None)
        entries += [
            ("Open another registry…", "folder-open", self._window.acts.open_registry),
            ("Make a new registry…", "folder-plus", self._window.acts.make_registry),
        ]
        return menu_of(self._window, entries, self._theme)

    def open_more_menu(self, at: QPoint) -> None:
        titles = ("Appearance: as the system", "Appearance: light", "Appearance: dark", None,
                  "Keys", "Help", "Open the log folder", None, "Verify everything",
                  "Run the sample project", None, "Quit")  # fmt: skip
        menu = menu_of_commands(self._window, titles, self._window.commands, self._theme)
        menu.exec(at - QPoint(0, menu.sizeHint().height()))

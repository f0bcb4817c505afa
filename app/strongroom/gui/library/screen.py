"""The Library as a screen: its filter in the top bar, the list, and the panel beside or over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from strongroom.domain.event import Event
from strongroom.gui.bridge import Bridge
from strongroom.gui.detail import DetailPanel
from strongroom.gui.filter_field import FilterField
from strongroom.gui.filter_terms import named
from strongroom.gui.library.model import Counts
from strongroom.gui.library.page import LibraryPage
from strongroom.gui.library.welcome import Welcome
from strongroom.gui.pieces import Button, column
from strongroom.gui.screen import Screen
from strongroom.gui.theme import DETAIL, PANEL_FLOATS, SIDEBAR, Theme

Version = Mapping[str, Any]


class LibraryScreen(Screen):
    title = "Library"
    icon = "library"
    has_panel = True

    def __init__(
        self, bridge: Bridge, theme: Theme, welcome: Welcome, add_files: Callable[[], object]
    ) -> None:
        super().__init__()
        self._panel_wanted, self._anything = True, False
        self.filter = FilterField(theme, bridge, saves=True)
        self.page = LibraryPage(bridge, theme, welcome)
        self.detail = DetailPanel(bridge, theme)
        self.detail.setMinimumWidth(300)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.page)
        self.splitter.addWidget(self.detail)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        layout = column()
        layout.addWidget(self.splitter)
        self.setLayout(layout)
        self.middle = self.filter
        add = Button(theme, "Add files", "plus", "primary", add_files)
        add.setToolTip("Add files (Ctrl O), or drop them anywhere")
        self.actions_at_top = [add]
        self._connect()

    def _connect(self) -> None:
        self.filter.settled.connect(self.page.filter)
        self.filter.left.connect(self.focus_list)
        self.page.clear_filter.connect(lambda: self.set_filter(""))
        self.page.chosen.connect(self.detail.show_of)
        self.page.opened.connect(lambda _: self.open_panel())
        self.page.counted.connect(self._show_counts)
        self.detail.hide_wanted.connect(self.toggle_panel)
        self.detail.show_version.connect(self.show_reference)

    # ------------------------------------------------------------------ as every screen

    def ready(self) -> None:
        self.page.reload()

    def happened(self, event: Event) -> None:
        self.page.happened(event)
        self.detail.happened(event)

    def first_focus(self) -> QWidget:
        return self.page.table if self._anything else self.page.first_button

    def take_keyboard(self) -> None:
        if self._anything:
            self.focus_list()
        else:
            super().take_keyboard()

    def panes(self) -> Sequence[QWidget]:
        panes: list[QWidget] = [self.filter, self.page.table]
        return [*panes, self.detail] if self.detail.isVisible() else panes

    def remember(self, memory: QSettings) -> None:
        memory.setValue("window/split", self.splitter.saveState())
        memory.setValue("window/panel", self._panel_wanted)
        memory.setValue("library/filter", self.filter.whole())
        self.page.remember(memory)

    def recall(self, memory: QSettings) -> None:
        split = memory.value("window/split")
        if split is None or not self.splitter.restoreState(split):
            self.splitter.setSizes([self.window().width() - DETAIL - SIDEBAR, DETAIL])
        narrow = self.window().width() < PANEL_FLOATS
        wanted = memory.value("window/panel", "false" if narrow else "true")
        self._panel_wanted = wanted in (True, "true")
        self.page.recall(memory)
        self.set_filter(str(memory.value("library/filter") or ""))

    # ------------------------------------------------------------------ moving about

    def set_filter(self, text: str) -> None:
        self.filter.set_whole(text)
        if not self.filter.property("wrong"):  # else it says why, and the list stays
            self.page.filter(text)

    def focus_filter(self) -> None:
        self.filter.setFocus()
        self.filter.selectAll()

    def focus_list(self) -> None:
        """The keyboard goes to the list, and with no row selected to its first."""
        table = self.page.table
        if not table.selectionModel().hasSelection() and self.page.model.rowCount():
            table.select_row(max(0, table.currentIndex().row()))
        table.setFocus()

    def show_reference(self, wanted: str) -> None:
        if not self.page.select(wanted):
            self.detail.show_reference(wanted)
        self._show_panel(True)

    def show_artifact(self, name: str) -> None:
        self.set_filter(named(name))
        self.show_reference(name)

    def selected(self) -> Version | None:
        """The first selected row's version, else the one in the panel."""
        chosen = self.page.table.selected_versions()
        return chosen[0] if chosen else self.detail.version

    # ------------------------------------------------------------------ the panel

    def _show_counts(self, counts: Counts) -> None:
        self._anything = counts.everything > 0
        self.place_panel()

    def open_panel(self) -> None:
        self._show_panel(True)
        self.detail.focus_first()

    def toggle_panel(self) -> None:
        self._show_panel(not self.detail.isVisible())

    def _show_panel(self, wanted: bool) -> None:
        self._panel_wanted = wanted
        self.place_panel()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place_panel()

    def place_panel(self) -> None:
        """Beside the page, or over it where the window is small; with nothing to show nowhere."""
        floats = self.window().width() < PANEL_FLOATS
        if floats and self.detail.parent() is self.splitter:
            self._panel_wanted = False  # it would cover what it belongs to
            self.detail.setParent(self)
        elif not floats and self.detail.parent() is not self.splitter:
            self.splitter.addWidget(self.detail)
            self._panel_wanted = True
        self.detail.setVisible(self._panel_wanted and self._anything)
        if floats:
            width = min(DETAIL, self.width())
            self.detail.setGeometry(self.width() - width, 0, width, self.height())
            self.detail.raise_()

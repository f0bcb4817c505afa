"""The panel: its head, its tabs, its foot, and when what it shows is read again.

Its parts stay and draw themselves anew only where something has changed, so that a version that
is read again neither flickers nor loses its scroll position, its tab or the keyboard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLabel, QStackedWidget, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.domain.event import Event
from strongroom.gui import wording
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.detail.files import Files
from strongroom.gui.detail.head import Head
from strongroom.gui.detail.history import History
from strongroom.gui.detail.notes import Notes
from strongroom.gui.detail.overview import Overview
from strongroom.gui.detail.reading import Reading, read
from strongroom.gui.jobs import has_verified
from strongroom.gui.library.columns import reference
from strongroom.gui.pieces import Button, Notice, Tab, column, frame, label, row
from strongroom.gui.theme import MARGIN, Theme, font
from strongroom.gui.viewers.sheet import PreviewSheet

Version = Mapping[str, Any]
TABS = ("Overview", "Files", "History", "Notes")


class DetailPanel(QFrame):
    """`export(version)`, `verify(reference)`, `repair(reference)`, `export_file(version, path)`:
    pressed; `hide_wanted`: the panel's own button; `show_version(reference)`, `filter_run(run)`,
    `lineage_wanted(reference)`: links; `sheet_wanted(sheet)`: a file's preview, to be shown over
    the page.
    """

    export = Signal(object)
    export_file = Signal(object, object)
    verify = Signal(str)
    repair = Signal(str)
    hide_wanted = Signal()
    show_version = Signal(str)
    filter_run = Signal(str)
    lineage_wanted = Signal(str)
    sheet_wanted = Signal(object)

    def __init__(self, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self.setProperty("look", "panel")
        self._bridge, self._theme = bridge, theme
        self._ticket: Ticket | None = None
        self._version: Version | None = None
        self._wanted = ""
        self._reading: Reading | None = None
        layout = column()
        self._stack = QStackedWidget()
        self._nothing = Notice(
            theme,
            "mouse-pointer-2",
            "grey",
            "No version selected",
            "Select a row to see its files, metrics, parameters and where it came from.",
        )
        self._failure = Notice(theme, "triangle-alert", "red", "", "")
        self._content = QWidget()
        for page in (self._nothing, self._content, self._failure):
            self._stack.addWidget(page)
        layout.addWidget(self._stack)
        self.setLayout(layout)
        self._build()

    def _build(self) -> None:
        self.head = Head(self._theme)
        self.head.hide_wanted.connect(self.hide_wanted)
        self.head.lineage_wanted.connect(self.lineage_wanted)
        self.overview = Overview(self._bridge, self._theme)
        self.overview.show_version.connect(self.show_version)
        self.overview.filter_run.connect(self.filter_run)
        self.overview.changed.connect(self._read_again)
        self.files = Files(self._theme)
        self.files.preview.connect(self.open_file)
        self.files.export_file.connect(self._export_file)
        self.history = History(self._theme)
        self.history.show_version.connect(self.show_version)
        self.notes = Notes(self._bridge, self._theme)
        self.notes.changed.connect(self._read_again)
        self._pages = QStackedWidget()
        for page in (self.overview, self.files, self.history, self.notes):
            self._pages.addWidget(page)
        inside = column()
        inside.addWidget(self.head)
        inside.addWidget(self._tab_row())
        inside.addWidget(self._pages, 1)
        inside.addWidget(self._foot())
        self._content.setLayout(inside)

    def _tab_row(self) -> QWidget:
        tabs = QWidget()
        layout = row(MARGIN, 0, 8, 0, spacing=3)
        self.tabs: list[Tab] = []
        self._counts: list[QLabel] = []
        for number, title in enumerate(TABS):
            tab = Tab(title)
            tab.clicked.connect(lambda _=False, n=number: self.choose_tab(n))
            count = label("", "count", font(11, 500))
            count.hide()
            self.tabs.append(tab)
            self._counts.append(count)
            layout.addWidget(tab)
            layout.addWidget(count)
            layout.addSpacing(4)
        layout.addStretch(1)
        self.choose_tab(0)
        whole = column()
        whole.addLayout(layout)
        whole.addWidget(frame("rule"))
        tabs.setLayout(whole)
        return tabs

    def _foot(self) -> QWidget:
        foot = QWidget()
        layout = column()
        layout.addWidget(frame("rule"))
        buttons = row(MARGIN, 12, MARGIN, 12, spacing=8)
        theme = self._theme
        self._verify = Button(
            theme, "Verify", "shield-check", "", lambda: self.verify.emit(self.shown)
        )
        self._mend = Button(theme, "Mend", "shield-check", "", lambda: self.repair.emit(self.shown))
        self._mend.setToolTip("Look for sound bytes where it was taken from, and put them back")
        self._export = Button(
            theme, "Export…", "download", "", lambda: self.export.emit(self._version)
        )
        for button in (self._verify, self._mend, self._export):
            buttons.addWidget(button)
        layout.addLayout(buttons)
        foot.setLayout(layout)
        return foot

    # ------------------------------------------------------------------ what the frame asks

    @property
    def version(self) -> Version | None:
        return self._version

    @property
    def shown(self) -> str | None:
        """The reference of the version in the panel."""
        return reference(self._version) if self._version else None

    def focus_first(self) -> None:
        """Brings the keyboard into the panel."""
        if self._stack.currentWidget() is self._content:
            self.tabs[self._pages.currentIndex()].setFocus()

    def show_of(self, version: Version | None) -> None:
        """Shows a version of the list; what is there stays until the version is read."""
        if self._ticket is not None:
            self._ticket.cancel()
        if version is None:
            self._version = self._reading = None
            self._stack.setCurrentWidget(self._nothing)
            return
        self._version = version
        self._read(reference(version))

    def show_reference(self, wanted: str) -> None:
        self._read(wanted)

    def happened(self, event: Event) -> None:
        """Reads again what changed in the version that is shown."""
        if self._version is None:
            return
        if event.name == "entry":
            mine = event.data["object"].get("name") == self._version["name"]
            stale = mine and event.data["action"] in ("version.labelled", "version.noted")
        else:
            stale = event.name == "job.changed" and has_verified(event.data)
        if stale:
            self._read_again()

    def choose_tab(self, number: int) -> None:
        self._pages.setCurrentIndex(number)
        for at, tab in enumerate(self.tabs):
            tab.setChecked(at == number)

    def open_file(self, at: int) -> None:
        """Opens a file of the version over the page."""
        if self._reading is None:
            return
        version = self._reading.version
        files = version["manifest"]["files"]
        sheet = PreviewSheet(self._bridge, self._theme, reference(version), files, at)
        sheet.export_file.connect(lambda path: self.export_file.emit(version, path))
        sheet.found_damage.connect(self._read_again)
        self.sheet_wanted.emit(sheet)

    def _export_file(self, path: str) -> None:
        if self._reading is not None:  # the files listed are those of what was read last
            self.export_file.emit(self._reading.version, path)

    # ------------------------------------------------------------------ reading

    def _read_again(self) -> None:
        """What is shown, or what is on its way in its stead."""
        if self.shown is not None:
            self._read(self._wanted)

    def _read(self, wanted: str) -> None:
        self._wanted = wanted
        if self._ticket is not None:
            self._ticket.cancel()
        self._ticket = self._bridge.ask(
            lambda registry: read(registry, wanted), self._show, self._explain
        )

    def _show(self, reading: Reading) -> None:
        version = reading.version
        before = self._reading
        other = before is None or reference(before.version) != reference(version)
        self._version, self._reading = version, reading
        self.setUpdatesEnabled(False)  # all its parts change in one picture
        try:
            for part in (self.head, self.overview, self.files, self.history, self.notes):
                part.show_of(reading)
            counts = (0, version["files"], len(reading.history), len(version["notes"]))
            for shown, count in zip(self._counts, counts, strict=True):
                shown.setText(wording.count_text(count))
                shown.setVisible(count > 0)
            damaged = version["damaged"]
            self._verify.setVisible(not damaged)
            self._mend.setVisible(damaged)
            self._export.setEnabled(not damaged)
            self._export.setToolTip("A stored file of it is damaged; mend it" if damaged else "")
            if other:
                self.overview.verticalScrollBar().setValue(0)
                self.notes.verticalScrollBar().setValue(0)
            self._stack.setCurrentWidget(self._content)
        finally:
            self.setUpdatesEnabled(True)

    def _explain(self, error: StrongroomError) -> None:
        self._failure.explain(error)
        self._stack.setCurrentWidget(self._failure)

"""The sheet over the page that shows one file of a version, and the next and the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.domain.quantities import size_text
from strongroom.gui import wording
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.file_looks import look_of_name, path_of
from strongroom.gui.overlay import Sheet
from strongroom.gui.pieces import (
    Button,
    Elided,
    Icon,
    IconButton,
    Notice,
    column,
    copy_text,
    frame,
    label,
    row,
)
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.viewers import VIEWERS
from strongroom.gui.viewers.text import TextViewer
from strongroom.gui.viewers.viewer import Given, Viewer

_SIZE = (1120, 800)
_COPIED_MS = 2500


class PreviewSheet(Sheet):
    """`export_file(path)`: pressed; `found_damage`: a file is not what it was.

    `files` as a manifest lists them, `at` the one to begin with.
    """

    export_file = Signal(object)  # a text of Qt would lose bytes that are no UTF-8
    found_damage = Signal()

    def __init__(
        self,
        bridge: Bridge,
        theme: Theme,
        reference: str,
        files: Sequence[Mapping[str, Any]],
        at: int,
    ) -> None:
        super().__init__(*_SIZE)
        self._bridge, self._theme = bridge, theme
        self._reference, self._files, self.at = reference, files, at
        self._ticket: Ticket | None = None
        self.viewer: Viewer | None = None
        layout = column(1, 10, 1, 1)
        layout.addLayout(self._head())
        layout.addLayout(self._facts())
        layout.addWidget(frame("rule"))
        self._stack = QStackedWidget()
        self._waiting = Notice(theme, "loader-circle", "blue", "Reading the file…", "")
        self._failure = Notice(theme, "triangle-alert", "red", "", "")
        self._stack.addWidget(self._waiting)
        self._stack.addWidget(self._failure)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._foot())
        self.setLayout(layout)
        for keys, act in (
            ("Alt+Left", self.previous), ("Alt+Right", self.next), ("Ctrl+F", self._find),
        ):  # fmt: skip
            QShortcut(QKeySequence(keys), self).activated.connect(act)
        self._said = QTimer(self, singleShot=True, interval=_COPIED_MS)
        self._said.timeout.connect(lambda: self.copy_button.setText("Copy"))
        self._read()

    def first_focus(self) -> QWidget:
        return self.viewer.first_focus() if self.viewer is not None else self

    def previous(self) -> None:
        self._go(-1)

    def next(self) -> None:
        self._go(1)

    def leave(self) -> None:
        self._drop()
        super().leave()

    # ------------------------------------------------------------------ parts

    def _head(self) -> QHBoxLayout:
        head = row(20, 0, 12, 2, spacing=8)
        self._icon = Icon(self._theme, "file", "grey", 18)
        self._name = Elided("", "", font(15, 650))
        head.addWidget(self._icon)
        head.addWidget(self._name, 1)
        self._place = label("", "caption", font(12))
        self.previous_button = IconButton(
            self._theme, "chevron-left", "Previous file (Alt Left)", self.previous
        )
        self.next_button = IconButton(
            self._theme, "chevron-right", "Next file (Alt Right)", self.next
        )
        close = IconButton(self._theme, "x", "Close (Esc)", self.leave)
        for one in (self._place, self.previous_button, self.next_button, close):
            head.addWidget(one)
        return head

    def _facts(self) -> QHBoxLayout:
        line = row(20, 0, 12, 6, spacing=8)
        line.addWidget(label(self._reference, "second", font(12)))
        self._bytes = label("", "caption", mono())
        self._digest = label("", "caption", mono())
        line.addWidget(self._bytes)
        line.addWidget(self._digest)
        line.addWidget(
            IconButton(
                self._theme, "copy", "Copy the sha256", lambda: copy_text(self._file["sha256"])
            )
        )
        line.addStretch(1)
        return line

    def _foot(self) -> QWidget:
        foot = frame("sheet-footer")
        line = row(20, 8, 16, 8, spacing=8)
        self.reason_icon = Icon(self._theme, "info", "amber", 14)
        self.reason = Elided("", "second", font(12), Qt.TextElideMode.ElideRight)
        self.summary = label("", "second", font(12))
        line.addWidget(self.summary)
        line.addWidget(self.reason_icon)
        line.addWidget(self.reason, 1)
        self.copy_button = Button(self._theme, "Copy", "copy", "", self._copy)
        self.copy_button.setToolTip("Copy what is selected, else what is shown")
        line.addWidget(self.copy_button)
        self.export_button = Button(
            self._theme,
            "Export this file…",
            "download",
            "",
            lambda: self.export_file.emit(path_of(self._file)),
        )
        line.addWidget(self.export_button)
        foot.setLayout(line)
        return foot

    # ------------------------------------------------------------------ one file

    @property
    def _file(self) -> Mapping[str, Any]:
        return self._files[self.at]

    def _go(self, by: int) -> None:
        to = self.at + by
        if 0 <= to < len(self._files):
            self.at = to
            self._read()

    def _drop(self) -> None:
        """Lets the viewer of the file before go, and what is asked for it."""
        if self._ticket is not None:
            self._ticket.cancel()
        if self.viewer is not None:
            self.viewer.leave()
            self._stack.removeWidget(self.viewer)
            self.viewer.deleteLater()
            self.viewer = None

    def _read(self) -> None:
        file = self._file
        path, reference = path_of(file), self._reference
        held = self.focusWidget() is not None
        self._drop()
        look = look_of_name(path)
        self._icon.set_icon(look.icon, look.tone)
        self._name.set_whole(wording.path_text(file))
        self._bytes.setText(size_text(file["size"]))
        self._bytes.setToolTip(f"{wording.count_text(file['size'])} bytes")
        self._digest.setText(f"sha256 {file['sha256'][:8]} … {file['sha256'][-8:]}")
        self._digest.setToolTip(file["sha256"])
        self._place.setText(f"{self.at + 1} of {wording.plural(len(self._files), 'file')}")
        self.previous_button.setEnabled(self.at > 0)
        self.next_button.setEnabled(self.at + 1 < len(self._files))
        self._tell("", "")
        self.copy_button.setEnabled(False)
        self.export_button.setEnabled(True)
        self.export_button.setToolTip("")
        self._stack.setCurrentWidget(self._waiting)
        if held:
            self.setFocus()
        given = Given(self._bridge, self._theme, reference, path)
        self._ticket = self._bridge.ask(
            lambda registry: registry.preview(reference, path),
            lambda document: self._show(given, document),
            self._explain,
            slow=True,  # a large file is hashed first
        )

    def _show(self, given: Given, document: Mapping[str, Any]) -> None:
        self.viewer = VIEWERS[document["kind"]](given, document)
        self._stack.addWidget(self.viewer)
        self._stack.setCurrentWidget(self.viewer)
        self.copy_button.setEnabled(True)
        viewer = self.viewer
        viewer.told.connect(lambda: self.summary.setText(viewer.summary))
        self._tell(viewer.summary, document["reason"])
        if self.hasFocus():
            self.viewer.first_focus().setFocus()

    def _explain(self, error: StrongroomError) -> None:
        self._failure.explain(error)
        self._stack.setCurrentWidget(self._failure)
        if error.code == "damaged":
            self.export_button.setEnabled(False)
            self.export_button.setToolTip("Its stored bytes are damaged; mend the version first")
            self.found_damage.emit()

    def _tell(self, summary: str, reason: str) -> None:
        self.summary.setText(summary)
        self.reason.set_whole(reason[:1].upper() + reason[1:])
        self.reason_icon.setVisible(bool(reason))

    def _copy(self) -> None:
        if self.viewer is not None:
            self.copy_button.setText(f"Copied {self.viewer.copy()}")
            self._said.start()

    def _find(self) -> None:
        if isinstance(self.viewer, TextViewer):
            self.viewer.focus_find()

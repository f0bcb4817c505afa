"""The head of the panel: name, tag, state, digest, and what leads out of the window."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from strongroom.gui import desktop, wording
from strongroom.gui.detail.reading import Reading
from strongroom.gui.detail.section import empty
from strongroom.gui.library.columns import reference
from strongroom.gui.paint import Pill
from strongroom.gui.pieces import (
    Button,
    Elided,
    Icon,
    IconButton,
    column,
    copy_text,
    frame,
    label,
    row,
)
from strongroom.gui.theme import MARGIN, Theme, font, mono
from strongroom.gui.tips import tip

#: What a quiet button keeps free at the left and right of what it shows.
_PAD = 6


class Head(QWidget):
    """`lineage_wanted(reference)`: its graph is wanted; `hide_wanted`: the panel's own button."""

    lineage_wanted = Signal(str)
    hide_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._digest = self._reference = self._folder = ""
        self._drawn: object = None
        layout = column(0, 12, 0, 8, spacing=8)
        title = row(MARGIN, 0, MARGIN - _PAD, 0, spacing=8)
        self._icon = Icon(theme, "file", "grey", 18)
        self.name = Elided("", "", font(15, 650))
        self.tag = label("", "second", font(15, 500))
        title.addWidget(self._icon)
        self.name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        title.addWidget(self.name)
        title.addWidget(self.tag)
        title.addStretch(1)
        title.addWidget(
            IconButton(
                theme, "workflow", "Lineage: what it was made from, and what was made of it (L)",
                lambda: self.lineage_wanted.emit(self._reference),
            )
        )  # fmt: skip
        title.addWidget(
            IconButton(theme, "panel-right-close", "Hide the panel (Ctrl I)", self.hide_wanted.emit)
        )
        layout.addLayout(title)
        self._pills = row(spacing=6)
        self._created = label("", "caption", font(12))
        pills = row(MARGIN, 0, MARGIN, 0, spacing=6)
        pills.addLayout(self._pills)
        pills.addStretch(1)
        pills.addWidget(self._created)
        layout.addLayout(pills)
        well = frame("well")
        line = row(10, 3, 4, 3, spacing=8)
        line.addWidget(label("sha256", "caption", font(11)))
        self._short = label("", "", mono())
        line.addWidget(self._short)
        line.addStretch(1)
        line.addWidget(
            IconButton(
                theme,
                "copy",
                "Copy the digest (Ctrl Shift C)",
                lambda: copy_text(self._digest),
            )
        )
        well.setLayout(line)
        around = row(MARGIN, 0, MARGIN, 0)
        around.addWidget(well)
        layout.addLayout(around)
        acts = row(MARGIN - _PAD, 0, MARGIN, 0, spacing=4)
        self.copy_reference = Button(
            theme, "Copy reference", "copy", "ghost", lambda: copy_text(self._reference), size=14
        )
        self.show_in_folder = Button(
            theme,
            "Show in folder",
            "folder-open",
            "ghost",
            lambda: desktop.open_folder(self._folder),
            size=14,
        )
        acts.addWidget(self.copy_reference)
        acts.addWidget(self.show_in_folder)
        acts.addStretch(1)
        layout.addLayout(acts)
        self.setLayout(layout)

    def show_of(self, reading: Reading) -> None:
        version = reading.version
        look = wording.KINDS[version["kind"]]
        self._reference = reference(version)
        self._digest = version["content_digest"]
        self._icon.set_icon(look.icon, look.tone)
        self.name.set_whole(version["name"])
        self.name.updateGeometry()
        self.tag.setText(version["tag"])
        self._created.setText(f"Created {wording.since(version['created_at'])}")
        self._created.setToolTip(wording.exact(version["created_at"]))
        hexes = self._digest.removeprefix("sha256:")
        self._short.setText(f"{hexes[:8]} {hexes[8:16]} … {hexes[-8:]}")
        self._short.setToolTip(self._digest)
        self.copy_reference.setToolTip(tip(self._reference))
        self._folder = reading.folder or ""
        self.show_in_folder.setEnabled(bool(reading.folder))
        self.show_in_folder.setToolTip(tip(reading.folder or reading.no_folder))
        drawn = version["damaged"], version["kind"]
        if drawn != self._drawn:
            self._drawn = drawn
            empty(self._pills)
            if version["damaged"]:
                self._pills.addWidget(Pill(self._theme, wording.DAMAGED))
            self._pills.addWidget(Pill(self._theme, look, square=True))

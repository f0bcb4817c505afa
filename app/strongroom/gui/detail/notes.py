"""Notes: what people wrote of a version, and a field for another."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QScrollArea

from strongroom.domain.errors import StrongroomError
from strongroom.gui import wording
from strongroom.gui.bridge import Bridge
from strongroom.gui.detail.reading import Reading
from strongroom.gui.detail.section import empty, words
from strongroom.gui.library.columns import reference
from strongroom.gui.pieces import column, label, scrolled
from strongroom.gui.theme import MARGIN, Theme, font


class Notes(QScrollArea):
    """`changed`: a note was added."""

    changed = Signal()

    def __init__(self, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self._bridge, self._reference = bridge, ""
        self._drawn: Any = None
        self.field = QLineEdit()
        self.field.setPlaceholderText("Write a note, Enter keeps it")
        self.field.setAccessibleName("New note")
        self.field.returnPressed.connect(self._keep)
        self.wrong = label("", "bad", font(12))
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        self._list = column(spacing=8)
        inside = column(MARGIN, 12, MARGIN, 12, spacing=8)
        inside.addWidget(self.field)
        inside.addWidget(self.wrong)
        inside.addLayout(self._list)
        inside.addStretch(1)
        made = scrolled(inside)
        self.setWidget(made.takeWidget())
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(made.horizontalScrollBarPolicy())

    def show_of(self, reading: Reading) -> None:
        wanted, notes = reference(reading.version), reading.version["notes"]
        if wanted != self._reference:
            self._reference = wanted
            self.field.clear()
            self.wrong.hide()
        if (wanted, notes) == self._drawn:
            return
        self._drawn = wanted, notes
        empty(self._list)
        if not notes:
            self._list.addWidget(label("Nothing was noted yet. Notes stay for ever.", "caption"))
        for note in reversed(notes):
            one = column(spacing=2)
            one.addWidget(words(note["text"], size=13))
            said = label(f"{note['by']}, {wording.since(note['at'])}", "caption", font(11))
            said.setToolTip(wording.exact(note["at"]))
            one.addWidget(said)
            self._list.addLayout(one)

    def _keep(self) -> None:
        text, wanted = self.field.text().strip(), self._reference
        if text:
            self.field.setEnabled(False)
            self._bridge.ask(
                lambda registry: registry.note(wanted, text), lambda _: self._kept(), self._refuse
            )

    def _kept(self) -> None:
        self.field.setEnabled(True)
        self.field.clear()
        self.field.setFocus()
        self.wrong.hide()
        self.changed.emit()

    def _refuse(self, error: StrongroomError) -> None:
        self.field.setEnabled(True)
        self.field.setFocus()
        self.wrong.setText(f"{error.what[:1].upper()}{error.what[1:]}: {error.hint}")
        self.wrong.show()

"""Labels: what people said in `name=value` pairs, and a field for another."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit

from strongroom.domain.errors import StrongroomError
from strongroom.gui import wording
from strongroom.gui.bridge import Bridge
from strongroom.gui.detail.chips import Chips
from strongroom.gui.detail.reading import Reading
from strongroom.gui.detail.section import Section
from strongroom.gui.library.columns import reference
from strongroom.gui.pieces import label
from strongroom.gui.theme import Theme, font


class LabelsSection(Section):
    changed = Signal()

    def __init__(self, bridge: Bridge, theme: Theme) -> None:
        super().__init__(theme, "LABELS")
        self._bridge, self._reference = bridge, ""
        self.field = QLineEdit()
        self.field.setPlaceholderText("Add a label: name=value")
        self.field.setAccessibleName("New label")
        self.field.returnPressed.connect(self._keep)
        self.field.textEdited.connect(lambda: self._say(""))
        self.wrong = label("", "bad", font(12))
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        layout = self.layout()
        assert layout is not None
        layout.addWidget(self.field)
        layout.addWidget(self.wrong)

    def facts(self, reading: Reading) -> Any:
        wanted = reference(reading.version)
        if wanted != self._reference:
            self._reference = wanted
            self.field.clear()
            self._say("")
        return sorted(reading.version["labels"].items())

    def is_there(self, facts: Any) -> bool:
        return True

    def fill(self, facts: Any) -> None:
        if facts:
            self.body.addWidget(
                Chips(self._theme, [(key, wording.value_text(value, 60)) for key, value in facts])
            )

    def _keep(self) -> None:
        key, equals, value = (part.strip() for part in self.field.text().partition("="))
        if not key and not equals:
            return
        if not equals or not value:
            self._say("A label is a name and a value: write name=value")
            return
        wanted = self._reference
        self.field.setEnabled(False)
        self._bridge.ask(
            lambda registry: registry.label(wanted, key, value),
            lambda _: self._kept(),
            self._refuse,
        )

    def _kept(self) -> None:
        self.field.setEnabled(True)
        self.field.clear()
        self.field.setFocus()
        self.changed.emit()

    def _refuse(self, error: StrongroomError) -> None:
        self.field.setEnabled(True)
        self.field.setFocus()
        self._say(f"{error.what[:1].upper()}{error.what[1:]}: {error.hint}")

    def _say(self, text: str) -> None:
        self.wrong.setText(text)
        self.wrong.setVisible(bool(text))
        self.field.setProperty("wrong", bool(text))
        self.field.style().unpolish(self.field)
        self.field.style().polish(self.field)

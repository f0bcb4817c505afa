"""What every viewer is: a widget over one preview, with something to copy and to focus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from strongroom.gui.bridge import Bridge
from strongroom.gui.theme import Theme, mono

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """Where a viewer can ask for more of the file that it shows."""

    bridge: Bridge
    theme: Theme
    reference: str
    path: str


class Viewer(QWidget):
    """`summary` is one line of facts for the foot of the sheet; `told` when it has changed."""

    told = Signal()
    summary = ""

    def first_focus(self) -> QWidget:
        return self

    def copy(self) -> str:
        """Copies what is selected, else what is shown; what was copied comes back, in words."""
        raise NotImplementedError

    def leave(self) -> None:
        """The sheet goes: what is still asked for is no longer wanted."""


def reading_area(name: str) -> QPlainTextEdit:
    """Text in a mono face that can be selected and not changed."""
    area = QPlainTextEdit()
    area.setProperty("look", "reader")
    area.setReadOnly(True)
    area.setFont(mono())
    area.setUndoRedoEnabled(False)
    area.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    area.setAccessibleName(name)
    return area

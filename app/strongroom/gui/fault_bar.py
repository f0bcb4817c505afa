"""A bar below the top: an error with what to do about it, or an offer to undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame

from strongroom.domain.errors import StrongroomError
from strongroom.gui.pieces import Button, Icon, IconButton, copy_text, label, row, selectable
from strongroom.gui.theme import Theme
from strongroom.gui.wording import sentence

_OFFER_MS = 10_000


class FaultBar(QFrame):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._copied = ""
        self._undo: Callable[[], object] = lambda: None
        layout = row(16, 6, 10, 6, spacing=10)
        self._icon = Icon(theme, "triangle-alert", "red")
        self.words = selectable(label(""))
        self.words.setWordWrap(True)
        self.act = Button(theme, "", "", "ghost", self._press)
        self.close_button = IconButton(theme, "x", "Dismiss", self.hide)
        layout.addWidget(self._icon)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.act)
        layout.addWidget(self.close_button)
        self.setLayout(layout)
        self._timer = QTimer(self, singleShot=True, interval=_OFFER_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def explain(self, error: StrongroomError) -> None:
        self.explain_document(error.document())

    def explain_document(self, error: Mapping[str, Any]) -> None:
        """`error` as api.md's error object."""
        parts = [error[key] for key in ("message", "object", "hint") if error.get(key)]
        text = ": ".join(parts)
        self._copied = text
        self._show("fault-bar", "triangle-alert", "red", text, "Copy")
        self._undo = lambda: copy_text(self._copied)
        self._timer.stop()

    def offer(self, text: str, verb: str, act: Callable[[], object]) -> None:
        """For ten seconds what was done can be taken back."""

        def take_back() -> None:
            self.hide()
            act()

        self._show("news", "info", "accent_text", text, verb)
        self._undo = take_back
        self._timer.start()

    def _show(self, look: str, icon: str, colour: str, text: str, verb: str) -> None:
        self.setProperty("look", look)
        self.style().unpolish(self)
        self.style().polish(self)
        self._icon.set_icon(icon, colour)
        self.words.setText(sentence(text))
        self.act.setText(verb)
        self.show()

    def _press(self) -> None:
        self._undo()

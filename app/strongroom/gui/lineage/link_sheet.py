"""The sheet in which somebody declares what a version was made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.overlay import Sheet
from strongroom.gui.pieces import Button, IconButton, column, frame, label, row
from strongroom.gui.theme import Theme, font
from strongroom.gui.wording import sentence

_SETTLE_MS = 150
_OFFERED = 30


class LinkSheet(Sheet):
    """`done(edge)` hears of the edge that was declared."""

    def __init__(
        self, bridge: Bridge, theme: Theme, target: str, done: Callable[[dict[str, Any]], None]
    ) -> None:
        super().__init__(520, 460)
        self._bridge, self._target, self._done = bridge, target, done
        self._ticket: Ticket | None = None
        layout = column(1, 12, 1, 1)
        head = row(20, 0, 12, 8)
        head.addWidget(label("Declare a link", fnt=font(15, 650)))
        head.addStretch(1)
        head.addWidget(IconButton(theme, "x", "Close (Esc)", self.leave))
        layout.addLayout(head)
        layout.addWidget(frame("rule"))
        inside = column(20, 14, 20, 14, spacing=8)
        words = label(f"What was {target} made from? A link is never taken away again.", "second")
        words.setWordWrap(True)
        inside.addWidget(words)
        self._source = QLineEdit()
        self._source.setPlaceholderText("name@v3, or a part of a name")
        self._source.setAccessibleName("Made from")
        inside.addWidget(self._source)
        self._offers = QListWidget()
        self._offers.setAccessibleName("Versions that match")
        inside.addWidget(self._offers, 1)
        self._reason = QLineEdit()
        self._reason.setPlaceholderText("Why, if you like: a script's name, a ticket")
        self._reason.setAccessibleName("Reason")
        inside.addWidget(self._reason)
        self._wrong = label("", "bad", font(12))
        self._wrong.setWordWrap(True)
        self._wrong.hide()
        inside.addWidget(self._wrong)
        layout.addLayout(inside, 1)
        foot = frame("sheet-footer")
        buttons = row(20, 12, 20, 12, spacing=8)
        buttons.addStretch(1)
        buttons.addWidget(Button(theme, "Cancel", "", "", self.leave))
        self._declare = Button(theme, "Declare", "check", "primary", self._link)
        self._declare.setEnabled(False)
        buttons.addWidget(self._declare)
        foot.setLayout(buttons)
        layout.addWidget(foot)
        self.setLayout(layout)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self._look)
        self._source.textChanged.connect(self._typed)
        self._source.returnPressed.connect(self._link)
        self._reason.returnPressed.connect(self._link)
        self._offers.itemClicked.connect(self._take)
        self._offers.itemActivated.connect(self._take)
        self._look()

    def first_focus(self) -> QWidget:
        return self._source

    def _typed(self, text: str) -> None:
        self._declare.setEnabled(bool(text.strip()))
        self._wrong.hide()
        self._settle.start()

    def put_away(self) -> None:
        """Items that are deleted with their list, and not before it, make PySide crash at times."""
        if self._ticket is not None:
            self._ticket.cancel()
        self._settle.stop()
        self._offers.clear()

    def _look(self) -> None:
        text = self._source.text().strip().partition("@")[0]
        wanted = f'name:"*{text}*"' if text and '"' not in text else ""
        if self._ticket is not None:
            self._ticket.cancel()
        self._ticket = self._bridge.ask(
            lambda registry: registry.list_versions(text=wanted, limit=_OFFERED)["versions"],
            self._offer,
            lambda error: None,
        )

    def _offer(self, versions: list[dict[str, Any]]) -> None:
        self._offers.clear()
        for version in versions:
            ref = f"{version['name']}@{version['tag']}"
            if ref != self._target:
                item = QListWidgetItem(f"{ref}   {version['kind']}")
                item.setData(Qt.ItemDataRole.UserRole, ref)
                self._offers.addItem(item)

    def _take(self, item: QListWidgetItem) -> None:
        self._source.blockSignals(True)
        self._source.setText(item.data(Qt.ItemDataRole.UserRole))
        self._source.blockSignals(False)
        self._declare.setEnabled(True)
        self._declare.setFocus()

    def _link(self) -> None:
        source, reason = self._source.text().strip(), self._reason.text().strip()
        if not source or not self._declare.isEnabled():
            return
        self._declare.setEnabled(False)
        self._bridge.ask(
            lambda registry: registry.link(self._target, source, reason=reason),
            self._linked,
            self._refuse,
        )

    def _linked(self, edge: dict[str, Any]) -> None:
        self.closed.emit()
        self._done(edge)

    def _refuse(self, error: StrongroomError) -> None:
        self._wrong.setText(sentence(str(error)))
        self._wrong.show()
        self._declare.setEnabled(True)

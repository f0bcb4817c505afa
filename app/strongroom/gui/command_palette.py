"""`Ctrl K`: every command and every artifact by a few letters of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.gui import icons
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.commands import Command, run
from strongroom.gui.overlay import Sheet
from strongroom.gui.pieces import colour_of, column, frame, label, row
from strongroom.gui.theme import DENSE_ROW, Theme, font
from strongroom.gui.wording import KINDS, plural

_ACT = Qt.ItemDataRole.UserRole


class CommandPalette(Sheet):
    def __init__(
        self,
        bridge: Bridge,
        theme: Theme,
        commands: list[Command],
        open_artifact: Callable[[str], object],
    ) -> None:
        super().__init__(600, 420)
        self._bridge, self._theme = bridge, theme
        self._commands, self._open_artifact = commands, open_artifact
        self._ticket: Ticket | None = None
        layout = column(1, 8, 1, 8, spacing=4)
        line = row(12, 0, 12, 4)
        self.field = QLineEdit()
        self.field.setPlaceholderText("A command, or an artifact's name")
        self.field.setAccessibleName("Command or artifact")
        line.addWidget(self.field)
        layout.addLayout(line)
        layout.addWidget(frame("rule"))
        self.list = QListWidget()
        self.list.setAccessibleName("Matches")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout.addWidget(self.list, 1)
        hint = row(14, 2, 14, 2)
        hint.addWidget(label("Enter runs it, Esc closes", "caption", font(11)))
        hint.addStretch(1)
        layout.addLayout(hint)
        self.setLayout(layout)
        self._timer = QTimer(self, singleShot=True, interval=120)
        self._timer.timeout.connect(self._look_for_artifacts)
        self.field.textChanged.connect(self._narrow)
        self.list.itemClicked.connect(self._run)
        self._narrow("")

    def first_focus(self) -> QWidget:
        return self.field

    def _narrow(self, text: str) -> None:
        self.list.clear()
        words = text.lower().lstrip("> ").split()
        for command in self._commands:
            if all(word in command.title.lower() for word in words):
                why_not = command.why_not()
                keys = f"    {command.keys[0]}" if command.keys else ""
                item = self._item(command.title + keys, command.icon, "text2")
                if why_not:
                    item.setText(f"{command.title}    {why_not}")
                    item.setFlags(Qt.ItemFlag.NoItemFlags)
                item.setData(_ACT, lambda c=command: run(c))
        self._to_first()
        if words:
            self._timer.start()

    def _look_for_artifacts(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        text = self.field.text().strip().replace('"', "")
        if text:
            self._ticket = self._bridge.ask(
                lambda registry: registry.list_artifacts(f'"{text}"', limit=20),
                self._show_artifacts,
                self._explain,
            )

    def _show_artifacts(self, answer: dict[str, Any]) -> None:
        for artifact in answer["artifacts"]:
            name = artifact["name"]
            look = KINDS[artifact["kind"]]
            item = self._item(
                f"{name}    {plural(artifact['versions'], 'version')}", look.icon, look.tone
            )
            item.setData(_ACT, lambda n=name: self._open_artifact(n))
        if self.list.currentRow() < 0:
            self._to_first()

    def _explain(self, error: StrongroomError) -> None:
        self._item(str(error), "triangle-alert", "red").setFlags(Qt.ItemFlag.NoItemFlags)

    def _item(self, text: str, icon: str, colour: str) -> QListWidgetItem:
        item = QListWidgetItem(icons.icon(icon, colour_of(self._theme, colour)), text)
        item.setSizeHint(QSize(0, DENSE_ROW))
        self.list.addItem(item)
        return item

    def _to_first(self) -> None:
        for at in range(self.list.count()):
            if self.list.item(at).flags() & Qt.ItemFlag.ItemIsEnabled:
                self.list.setCurrentRow(at)
                return

    def _run(self, item: QListWidgetItem | None) -> None:
        if item is None or not item.flags() & Qt.ItemFlag.ItemIsEnabled:
            return
        act = item.data(_ACT)
        self.closed.emit()
        act()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is not None:
            count = self.list.count()
            if count:
                self.list.setCurrentRow((self.list.currentRow() + step) % count)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self.list.currentItem())
        else:
            super().keyPressEvent(event)

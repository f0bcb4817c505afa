"""The bar over every screen: its title, its filter, the palette, and what can be done first."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QStackedWidget, QWidget

from strongroom.gui.pieces import Button, label, row
from strongroom.gui.screen import Screen
from strongroom.gui.theme import FIELD, TOP_BAR, Theme, font


class TopBar(QFrame):
    def __init__(self, theme: Theme, show_palette: Callable[[], object]) -> None:
        super().__init__()
        self.setProperty("look", "topbar")
        self.setFixedHeight(TOP_BAR)
        layout = row(16, 0, 16, 0, spacing=10)
        self.title = label("", fnt=font(17, 650))
        layout.addWidget(self.title)
        layout.addSpacing(8)
        self._middles = QStackedWidget()
        self._holders: dict[Screen, QWidget] = {}
        layout.addWidget(self._middles, 1)
        self.commands = Button(theme, "Commands", "command", "", show_palette, size=15)
        self.commands.setToolTip("Every command and artifact (Ctrl K)")
        inside = row(0, 0, 9, 0)
        inside.addStretch(1)
        inside.addWidget(label("Ctrl K", "key", font(11, 500)))
        self.commands.setLayout(inside)
        self.commands.setMinimumWidth(172)
        self.commands.setProperty("keyed", True)
        layout.addWidget(self.commands)
        self._actions = row(spacing=10)
        layout.addLayout(self._actions)
        self.setLayout(layout)

    def add(self, screen: Screen) -> None:
        holder = QWidget()
        if screen.middle is not None:
            screen.middle.setFixedHeight(FIELD + 2)
            inside = row()
            inside.addWidget(screen.middle)
            holder.setLayout(inside)
        self._middles.addWidget(holder)
        self._holders[screen] = holder
        for action in screen.actions_at_top:
            action.hide()
            self._actions.addWidget(action)

    def show_screen(self, shown: Screen) -> None:
        self.title.setText(shown.title)
        self._middles.setCurrentWidget(self._holders[shown])
        for screen in self._holders:
            for action in screen.actions_at_top:
                action.setVisible(screen is shown)

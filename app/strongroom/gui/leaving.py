"""Closing while work is in hand: it asks, goes on behind the tray, or takes the work up later."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon, QWidget

from strongroom.domain.event import Event
from strongroom.gui import icons
from strongroom.gui.bridge import Bridge
from strongroom.gui.overlay import Overlay, Sheet
from strongroom.gui.pieces import Button, CheckBox, Icon, column, label, row
from strongroom.gui.theme import Theme, font
from strongroom.gui.wording import plural
from strongroom.settings import Settings, save

if TYPE_CHECKING:
    from strongroom.gui.window import Window


class Leaving(QObject):
    """Knows what is in hand. `forced`: the window is to end without a question."""

    def __init__(
        self, window: Window, bridge: Bridge, theme: Theme, overlay: Overlay, settings: Settings
    ) -> None:
        super().__init__(window)
        self._window, self._bridge, self._theme = window, bridge, theme
        self._overlay = overlay
        self._choice = str(settings["window.closing"])
        self._jobs: dict[int, str] = {}
        self._taking: dict[str, str] = {}
        self._tray: QSystemTrayIcon | None = None
        self.forced = False

    def choose(self, choice: str) -> None:
        """What the setting says now."""
        self._choice = choice

    def happened(self, event: Event) -> None:
        data = event.data
        if event.name == "job.changed":
            if data["state"] in ("queued", "running"):
                self._jobs[data["id"]] = data["kind"]
            else:
                self._jobs.pop(data["id"], None)
        elif event.name == "watch.progress":
            over = data["bytes"] >= data["total_bytes"] and data["files"] >= data["total_files"]
            if over:
                self._taking.pop(data["id"], None)
            else:
                self._taking[data["id"]] = data["name"]
        elif event.name in ("watch.idle", "watch.state") and data.get("state") != "scanning":
            self._taking.pop(data["id"], None)
        if self._tray is not None and not self.busy():
            self._tray.setToolTip("Strongroom: all work is done")

    def busy(self) -> str:
        """What is in hand, in words; "" for nothing."""
        parts = []
        if self._jobs:
            parts.append(plural(len(self._jobs), "job"))
        parts += [f"files of {name} being taken" for name in self._taking.values()]
        return " and ".join(parts)

    def may_close(self) -> bool:
        """False where a question was asked, or the window went behind the tray."""
        work = self.busy()
        if self.forced or not work or self._choice == "quit" or not self._window.isVisible():
            return True
        if self._choice == "background" and self.has_tray():
            self.go_on()
            return False
        if not isinstance(self._overlay.sheet, LeavingSheet):
            self._overlay.open(
                LeavingSheet(self._theme, work, self.has_tray(), self._quit, self.go_on)
            )
        return False

    def has_tray(self) -> bool:
        return QSystemTrayIcon.isSystemTrayAvailable()

    def _quit(self, always: bool) -> None:
        if always:
            self._remember("quit")
        self.forced = True
        self._window.close()

    def go_on(self, always: bool = False) -> None:
        """The window goes, its work stays; the tray brings it back."""
        if always:
            self._remember("background")
        self._window.remember()
        tray = QSystemTrayIcon(icons.pixmap("vault", self._theme.colours.accent, 32), self)
        tray.setToolTip(f"Strongroom: {self.busy()}")
        menu = QMenu(self._window)
        menu.addAction("Show the window", self.come_back)
        menu.addAction("Quit", lambda: self._quit(False))
        tray.setContextMenu(menu)
        tray.activated.connect(lambda _: self.come_back())
        self._tray = tray
        QApplication.setQuitOnLastWindowClosed(False)
        tray.show()
        self._window.hide()

    def come_back(self) -> None:
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()
        self.end()

    def end(self) -> None:
        if self._tray is not None:
            self._tray.hide()
            menu = self._tray.contextMenu()  # it belongs to the window, which may stay
            self._tray.deleteLater()
            menu.deleteLater()
            self._tray = None
            QApplication.setQuitOnLastWindowClosed(True)

    def _remember(self, choice: str) -> None:
        self._choice = choice
        self._bridge.ask(lambda registry: save("window.closing", choice))


class LeavingSheet(Sheet):
    def __init__(
        self,
        theme: Theme,
        work: str,
        has_tray: bool,
        quit_now: Callable[[bool], object],
        go_on: Callable[[bool], object],
    ) -> None:
        super().__init__(520, 230)
        layout = column(24, 20, 24, 18, spacing=10)
        head = row(spacing=12)
        head.addWidget(Icon(theme, "loader-circle", "accent_text", 20))
        head.addWidget(label("Work is still going on", fnt=font(15, 650)), 1)
        layout.addLayout(head)
        words = label(
            f"{work[:1].upper()}{work[1:]}. Nothing is lost if you quit: what is in hand is put"
            " back whole and goes on when Strongroom is opened again.",
            "second",
        )
        words.setWordWrap(True)
        layout.addWidget(words)
        self.always = CheckBox(theme, "Do this every time, without a question")
        layout.addWidget(self.always)
        layout.addStretch(1)
        buttons = row(spacing=10)
        buttons.addStretch(1)
        self.stay = Button(theme, "Stay", "", "", self.leave)
        buttons.addWidget(self.stay)
        look = "" if has_tray else "primary"
        self.quit_button = Button(
            theme, "Quit, go on later", "", look, lambda: self._choose(quit_now)
        )
        buttons.addWidget(self.quit_button)
        if has_tray:
            self.tray_button = Button(
                theme, "Go on in the tray", "", "primary", lambda: self._choose(go_on)
            )
            buttons.addWidget(self.tray_button)
        layout.addLayout(buttons)
        self.setLayout(layout)

    def first_focus(self) -> QWidget:
        return self.stay

    def _choose(self, act: Callable[[bool], object]) -> None:
        always = self.always.isChecked()
        self.closed.emit()
        act(always)

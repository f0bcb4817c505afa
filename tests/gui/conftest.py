"""A real window on a real registry with a real worker; pictures of it on demand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from strongroom.gui.bridge import Bridge
from strongroom.gui.resources import resources
from strongroom.gui.session import opening, rebuilding
from strongroom.gui.theme import Theme, load_fonts
from strongroom.gui.tidy import Tidy
from strongroom.gui.window import Window
from strongroom.settings import Settings

QUICK = Settings({"watch.quiet_time": 0.2, "watch.idle_end": 2.0})


def texts(widget) -> str:
    """What can be read in the widget's labels."""
    return "\n".join(w.text() for w in widget.findChildren(QLabel) if w.isVisible())


class Person:
    """Drives a window as a person does, and looks at it."""

    def __init__(self, qtbot, theme: Theme, place: Path, memory: QSettings) -> None:
        self.qtbot, self.theme, self.place, self.memory = qtbot, theme, place, memory
        self.window: Window = None
        self.tidy: Tidy | None = None

    def open(self, loads: bool = True) -> Window:
        """Opens the window; with `loads` the list is there when it comes back."""
        self.tidy = self.tidy or Tidy()  # as the session does: no widget ends on another thread
        self.bridge = Bridge(opening(self.place, QUICK, create=True), rebuilding(self.place))
        self.window = Window(
            self.bridge, self.theme, self.memory, str(self.place), "ana", str(self.place / "logs")
        )
        self.qtbot.addWidget(self.window)
        self.window.show()
        self.qtbot.waitExposed(self.window)
        self.bridge.start()
        if loads:
            self.until(lambda: not self.model.is_loading)
        return self.window

    def close(self) -> None:
        if self.window is not None:
            self.window.leaving.forced = True
            self.window.close()
        if self.tidy is not None:
            self.tidy.stop()
            self.tidy = None

    def until(self, holds, timeout: int = 15000) -> None:
        self.qtbot.waitUntil(holds, timeout=timeout)

    @property
    def table(self):
        return self.window.page.table

    @property
    def model(self):
        return self.window.page.model

    def rows(self) -> list[str]:
        """`name@tag` of the loaded rows, from the top."""
        found = (self.model.version_at(at) for at in range(self.model.rowCount()))
        return [f"{v['name']}@{v['tag']}" for v in found if v is not None]

    def type(self, widget, text: str) -> None:
        self.qtbot.keyClicks(widget, text)

    def key(self, key, modifier=Qt.KeyboardModifier.NoModifier, widget=None) -> None:
        self.qtbot.keyClick(widget or QApplication.focusWidget() or self.window, key, modifier)

    def click(self, widget) -> None:
        self.qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)

    def click_row(self, row: int, modifier=Qt.KeyboardModifier.NoModifier) -> None:
        at = self.table.visualRect(self.model.index(row, 0)).center()
        self.qtbot.mouseClick(self.table.viewport(), Qt.MouseButton.LeftButton, modifier, at)

    def button(self, text: str, within=None) -> QPushButton:
        """The visible button that begins with `text`, once it is there."""

        def found() -> list[QPushButton]:
            buttons = (within or self.window).findChildren(QPushButton)
            return [b for b in buttons if b.isVisible() and b.text().startswith(text)]

        self.until(lambda: bool(found()))
        return found()[0]

    def drop(self, *paths: Path) -> None:
        """Drags files over the window and lets them go."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(p)) for p in paths])
        buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(QPoint(600, 400), Qt.DropAction.CopyAction, data, buttons, keys)
        QApplication.sendEvent(self.window, enter)
        assert enter.isAccepted()
        drop = QDropEvent(QPointF(600, 400), Qt.DropAction.CopyAction, data, buttons, keys)
        QApplication.sendEvent(self.window, drop)

    def add(self, *paths: Path) -> None:
        """Drops files and presses Add; returns when they are listed."""
        before = self.model.counts.everything
        self.drop(*paths)
        sheet = self.window.overlay.sheet
        self.until(sheet.add_button.isEnabled)
        self.click(sheet.add_button)
        self.until(lambda: self.model.counts.everything > before)

    def picture(self, name: str) -> None:
        """Saves what is seen, where `STRONGROOM_PICTURES` says."""
        if folder := os.environ.get("STRONGROOM_PICTURES"):
            self.qtbot.wait(120)
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.window.grab().save(f"{folder}/{name}.png")


@pytest.fixture(scope="session")
def theme(qapp):
    load_fonts(resources())
    return Theme(qapp, "light")


@pytest.fixture
def person(qtbot, theme, tmp_path):
    memory = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    one = Person(qtbot, theme, tmp_path / "registry", memory)
    yield one
    one.close()
    theme.choose("light")

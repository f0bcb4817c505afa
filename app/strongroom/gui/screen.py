"""What every screen of the window has in common: its place in sidebar, top bar and keys."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QFrame, QWidget

from strongroom.domain.event import Event
from strongroom.gui.commands import Command


class Screen(QFrame):
    """One screen: a widget that fills the window between top bar and strip.

    `middle` stands in the top bar behind the title (a filter), `actions` at its right, the
    primary one last. Both belong to the screen and are shown only while it is.
    """

    #: Word in sidebar, top bar and palette; icon in the sidebar.
    title = ""
    icon = ""
    has_panel = False

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("look", "ground")
        self.middle: QWidget | None = None
        self.actions_at_top: list[QWidget] = []

    def ready(self) -> None:
        """The registry is open: read what is to be shown."""

    def happened(self, event: Event) -> None:
        """Something changed; also told while another screen is shown."""

    def entered(self) -> None:
        """It comes into sight; what only costs while someone looks begins now."""

    def left(self) -> None:
        """Another screen takes its place."""

    def first_focus(self) -> QWidget:
        """What has the keyboard when the screen is chosen."""
        return self

    def take_keyboard(self) -> None:
        """It was chosen by a person."""
        self.first_focus().setFocus()

    def toggle_panel(self) -> None:
        """Shows or hides the panel of a screen that `has_panel`."""

    def panes(self) -> Sequence[QWidget]:
        """Where F6 goes, in reading order."""
        return [self.first_focus()]

    def commands(self) -> list[Command]:
        """What can be done here, for keys, menus and the palette."""
        return []

    def remember(self, memory: QSettings) -> None:
        """Writes what shall be as it was at the next start."""

    def recall(self, memory: QSettings) -> None:
        """Puts back what `remember` wrote."""

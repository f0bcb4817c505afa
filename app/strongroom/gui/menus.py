"""Menus made from lists and from the table of commands."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from strongroom.gui import icons
from strongroom.gui.commands import Command, run
from strongroom.gui.theme import Theme
from strongroom.gui.tips import tip


def passing_menu(parent: QWidget) -> QMenu:
    """An empty menu that is opened once: Qt would keep it as long as the parent."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def menu_of(parent: QWidget, entries: list[tuple[str, str, Any] | None], theme: Theme) -> QMenu:
    """A menu of `(title, icon, act)`; None is a line between."""
    menu = passing_menu(parent)
    for entry in entries:
        if entry is None:
            menu.addSeparator()
            continue
        title, icon, act = entry
        made = icons.icon(icon, theme.colours.text2) if icon else icons.icon("check", "transparent")
        menu.addAction(made, title, act)
    return menu


def _run(command: Command, checked: bool = False) -> None:
    run(command)


def menu_of_commands(
    parent: QWidget, titles: Sequence[str | None], commands: Sequence[Command], theme: Theme
) -> QMenu:
    """The commands of these titles; what cannot be done now is grey and says why."""
    by_title = {c.title: c for c in commands}
    menu = passing_menu(parent)
    menu.setToolTipsVisible(True)
    for title in titles:
        if title is None:
            menu.addSeparator()
            continue
        command = by_title[title]
        text = f"{title}\t{command.keys[0]}" if command.keys else title
        made = icons.icon(command.icon, theme.colours.text2)
        action = QAction(made, text, menu)
        action.triggered.connect(functools.partial(_run, command))
        menu.addAction(action)
        why_not = command.why_not()
        action.setEnabled(not why_not)
        action.setToolTip(tip(why_not))
    return menu

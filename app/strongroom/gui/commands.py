"""Everything the window can be told to do, in one table: palette, menus and keys come from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True, slots=True)
class Command:
    """`keys` as people read them, the first shown; `why_not` says why it cannot be done now, or
    "" if it can. `in_list`: its keys are letters that work in the list alone.
    """

    title: str
    icon: str
    act: Callable[[], object]
    keys: tuple[str, ...] = ()
    why_not: Callable[[], str] = field(default=lambda: "")
    in_list: bool = False
    group: str = "Window"


def install(commands: list[Command], window: QWidget, table: QWidget) -> list[QAction]:
    """Makes the keys of all commands work."""
    actions = []
    for command in commands:
        if not command.keys:
            continue
        action = QAction(command.title, window)
        action.setShortcuts([QKeySequence(key.replace(" ", "+")) for key in command.keys])
        where = table if command.in_list else window
        action.setShortcutContext(
            Qt.ShortcutContext.WidgetShortcut
            if command.in_list
            else Qt.ShortcutContext.WindowShortcut
        )
        action.triggered.connect(lambda _=False, c=command: run(c))
        where.addAction(action)
        actions.append(action)
    return actions


def run(command: Command) -> None:
    if not command.why_not():
        command.act()

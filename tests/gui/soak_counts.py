"""What a long-running window may pile up, counted: memory, Qt's objects, Python's, threads."""

from __future__ import annotations

import gc
import os
import threading
from collections import Counter
from typing import Any

import psutil
from PySide6.QtCore import (
    SIGNAL,
    QAbstractItemModel,
    QObject,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtGui import QAction, QShortcut
from PySide6.QtWidgets import QApplication, QCompleter, QGraphicsEffect, QWidget

#: What is looked for below the window. Not all of `QObject`: asking makes a Python object for
#: each, and of those inside Qt some stay when the thing is gone.
_KINDS: tuple[type[QObject], ...] = (
    QWidget, QAction, QTimer, QShortcut, QCompleter, QGraphicsEffect, QAbstractItemModel,
)  # fmt: skip
#: Python types of which fewer live are not told.
_FEW = 20


def counted(at: str, window: QWidget | None, theme: QObject) -> dict[str, Any]:
    """One sample; `objects`: those below the window, by Qt's class name."""
    gc.collect()
    below = [o for kind in _KINDS for o in window.findChildren(kind)] if window is not None else []
    kinds = Counter(f"{type(o).__module__}.{type(o).__qualname__}" for o in gc.get_objects())
    return {
        "at": at,
        "rss": psutil.Process().memory_info().rss,
        "widgets": Counter(w.metaObject().className() for w in QApplication.allWidgets()),
        "objects": Counter(o.metaObject().className() for o in below),
        "active_timers": sum(isinstance(o, QTimer) and o.isActive() for o in below),
        "python": {kind: count for kind, count in kinds.items() if count > _FEW},
        "theme_listeners": theme.receivers(SIGNAL("changed()")),
        "threads": sorted(t.name for t in threading.enumerate()),
        "files": psutil.Process().num_fds(),
    }


def grown(before: dict[str, int], after: dict[str, int], by: int = 0) -> dict[str, int]:
    """Of what there is more now, and how much more; what grew by `by` at most is left out."""
    more = {kind: count - before.get(kind, 0) for kind, count in after.items()}
    return {kind: count for kind, count in sorted(more.items()) if count > by}


class Said:
    """Everything that Qt warns of, and all that goes to stderr, where it would be lost."""

    def __init__(self, stderr_file: str) -> None:
        self.messages: list[str] = []
        self._file = stderr_file
        self._stderr = os.dup(2)
        to = os.open(stderr_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(to, 2)
        os.close(to)
        qInstallMessageHandler(self._note)

    def _note(self, kind: QtMsgType, context: object, text: str) -> None:
        # what a platform without a screen cannot do is nothing that the window does wrong
        if kind != QtMsgType.QtDebugMsg and not text.startswith("This plugin does not support"):
            self.messages.append(text)

    def stderr(self) -> str:
        with open(self._file, errors="replace") as file:
            return file.read()

    def close(self) -> None:
        qInstallMessageHandler(None)
        os.dup2(self._stderr, 2)
        os.close(self._stderr)

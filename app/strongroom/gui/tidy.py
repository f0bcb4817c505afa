"""Collecting garbage on the window's thread, in small pieces, and whole only while nobody works.

Left to itself Python collects wherever it stands: in a reading thread, where a widget's last
reference must not end, or in the middle of scrolling, for 50 ms and more.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QCursor, QGuiApplication

_TICK_MS = 1000
#: So many new objects are worth a look.
_MANY = 2000
#: Ticks between two looks at what lived for a while, and at everything: while the pointer rests,
#: and in any case.
_MIDDLE, _ALL_AT_REST, _ALL = 10, 60, 600
_RESTS = 5


class Tidy(QObject):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self.settle()
        self._ticks = self._since_all = self._rested = 0
        self._pointer = QCursor.pos()
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def settle(self) -> None:
        """What is there now stays: modules, the window. It need not be looked at again."""
        gc.collect()
        gc.freeze()

    def unsettle(self) -> None:
        """The window goes, so all is looked at again."""
        gc.unfreeze()

    def stop(self) -> None:
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    def _tick(self) -> None:
        self._ticks += 1
        self._since_all += 1
        pointer = QCursor.pos()
        self._rested = self._rested + 1 if pointer == self._pointer else 0
        self._pointer = pointer
        if self._since_all >= _ALL or (self._since_all >= _ALL_AT_REST and self._at_rest()):
            gc.collect()
            self._since_all = 0
        elif self._ticks % _MIDDLE == 0:
            gc.collect(1)
        elif gc.get_count()[0] > _MANY:
            gc.collect(0)

    def _at_rest(self) -> bool:
        """Nobody moves the pointer, or all of it is done elsewhere."""
        active = QGuiApplication.applicationState() == Qt.ApplicationState.ApplicationActive
        return self._rested >= _RESTS or not active

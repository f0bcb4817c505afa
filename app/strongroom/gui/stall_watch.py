"""In debug runs: names what held the window's thread for longer than 50 ms."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections import deque

from PySide6.QtCore import QObject, QTimer

log = logging.getLogger(__name__)
LIMIT = 0.050
_BEAT_MS, _LOOK = 10, 0.010
#: So many stalls are remembered, the last ones; all are in the log.
_MOST = 200


class StallWatch(QObject):
    """`stalls`: seconds and stack of each stall, the stack as it stood when the limit passed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.stalls: deque[tuple[float, str]] = deque(maxlen=_MOST)
        self._thread_id = threading.get_ident()
        self._last = time.monotonic()
        self._stopping = threading.Event()
        self._timer = QTimer(self, interval=_BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()
        self._thread = threading.Thread(target=self._watch, name="stall-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._timer.stop()
        self._stopping.set()
        self._thread.join()

    def _beat(self) -> None:
        self._last = time.monotonic()

    def _watch(self) -> None:
        named: float | None = None
        stack = ""
        while not self._stopping.wait(_LOOK):
            last = self._last
            silent = time.monotonic() - last
            if named is not None and last != named:
                self.stalls.append((last - named, stack))
                log.warning(
                    "the window stood still for %.0f ms in\n%s", (last - named) * 1000, stack
                )
                named = None
            if silent > LIMIT and named is None:
                frame = sys._current_frames().get(self._thread_id)
                stack = "".join(traceback.format_stack(frame)) if frame else ""
                named = last

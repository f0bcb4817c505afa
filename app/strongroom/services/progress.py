"""How long work tells of itself and hears that it shall stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from strongroom.domain.errors import Cancelled


@dataclass
class Progress:
    """Counts of one piece of work. `report` is called at most ten times a second.

    `cancel()` may come from any thread; the work ends at its next `tick` with `Cancelled`.
    """

    report: Callable[[Progress], None] = lambda progress: None
    what: str = ""
    files: int = 0
    total_files: int = 0
    bytes: int = 0
    total_bytes: int = 0
    started: float = field(default_factory=time.monotonic)
    _last: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def begin(self, files: int, size: int) -> None:
        """The next piece of work under the same name: so many files and bytes, none done yet."""
        self.files = self.bytes = 0
        self.total_files, self.total_bytes = files, size
        self.started = time.monotonic()

    def cancel(self) -> None:
        self._stop.set()

    def tick(self, count: int = 0) -> None:
        """`count` more bytes are done; raises `Cancelled` when the user asked to stop."""
        self.bytes += count
        if self._stop.is_set():
            raise Cancelled("stopped as asked", self.what, "nothing of it was kept")
        moment = time.monotonic()
        if moment - self._last >= 0.1:
            self._last = moment
            self.report(self)

    def file_done(self) -> None:
        self.files += 1
        self.tick()

    @property
    def rate(self) -> float:
        """Bytes a second since the start."""
        return self.bytes / max(time.monotonic() - self.started, 1e-6)


def quiet() -> Progress:
    return Progress()

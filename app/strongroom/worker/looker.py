"""The thread that looks into new versions: what they are deeply made of, and where they come from.

It is no part of the worker's loop, because reading ten gigabytes again must not keep a watched
folder waiting; and it rests while something is being added, because both want the same disk.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from strongroom.catalog import profiles, watching
from strongroom.domain.errors import StrongroomError
from strongroom.domain.timestamps import now
from strongroom.services.desk import is_dead
from strongroom.services.local import LocalRegistry
from strongroom.services.progress import Progress

log = logging.getLogger(__name__)
_LEASE = "origins"
#: Microseconds that a lease lasts without a sign of life; a dead holder's is taken at once.
_LEASE_TIME = 600_000_000
#: Seconds between two looks for work, of patience with a busy worker, and after an error.
_ROUND, _PATIENCE, _TROUBLE = 0.5, 30.0, 10.0
_BATCH = 20


class Looker:
    """`busy()` tells whether the worker is adding something just now."""

    def __init__(self, registry: LocalRegistry, busy: Callable[[], bool]) -> None:
        self._registry, self._desk, self._busy = registry, registry.desk, busy
        self._stopping = threading.Event()
        self._progress: Progress | None = None
        self._holds = False
        self._thread = threading.Thread(target=self._run, name="looker", daemon=False)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Gives up what is in hand, to be done at the next start. Also for signal handlers."""
        self._stopping.set()
        progress = self._progress
        if progress is not None:
            progress.cancel()

    def stop(self, timeout: float = 10.0) -> None:
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        waited, more = time.monotonic(), False
        while not self._stopping.wait(0 if more else _ROUND):
            more = False
            if self._busy() and time.monotonic() - waited < _PATIENCE:
                continue
            try:
                more = self._look()
            except StrongroomError as error:
                if error.code != "cancelled":
                    log.warning("looking into versions: %s", error)
                    self._stopping.wait(_TROUBLE)
            except Exception:
                log.exception("looking into versions")
                self._stopping.wait(_TROUBLE)
            waited = time.monotonic()
        if self._holds:
            try:
                watching.drop_lease(self._desk.engine, _LEASE, self._desk.owner)
            except StrongroomError as error:
                log.warning("a lease is left to run out: %s", error)

    def _look(self) -> bool:
        """Some of what waits, unless another process is at it; whether it all came through, so
        that there may be more.
        """
        engine = self._desk.engine
        if engine.read_only or not profiles.waiting(engine, 1):
            return False
        at = now()
        if watching.take_lease(engine, _LEASE, self._desk.owner, at, at + _LEASE_TIME, is_dead):
            return False
        self._holds = True
        self._progress = Progress(what="looking for origins")
        try:
            if self._stopping.is_set():
                return False
            return self._registry.catch_up(self._progress, _BATCH) == _BATCH
        finally:
            self._progress = None

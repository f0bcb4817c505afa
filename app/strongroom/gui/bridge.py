"""Where threads meet the window: one queued signal in, jobs and background questions out.

The window never touches the registry itself. `ask` runs a question on a reading thread and brings
the answer back to the window's thread; long work is a job in the catalog's queue, done by the
worker thread, which tells of it through `happened`.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar
from weakref import WeakValueDictionary

from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import isValid

from strongroom.domain.errors import Damaged, StrongroomError
from strongroom.domain.event import Event
from strongroom.gui.wording import plural
from strongroom.services.progress import Progress
from strongroom.services.registry import Registry

T = TypeVar("T")
log = logging.getLogger(__name__)
_READERS = 2
#: Threads for questions that take their time, so that lists and panels do not wait behind them.
_SLOW_READERS = 2
#: Events handed to the window in one go; the rest waits for the next turn of its loop.
_AT_ONCE = 200
#: Of these only the newest of each `id` counts.
_LATEST = frozenset(
    {"job.changed", "watch.state", "watch.progress", "watch.waiting", "run.changed"}
)


class BackgroundWorker(Protocol):
    """The thread beside the window; see `worker.loop.Worker`."""

    def start(self) -> None: ...
    def stop(self, timeout: float = ...) -> None: ...
    def poke(self) -> None: ...
    def pause(self, watch: str, paused: bool) -> None: ...
    def check_watch(self, watch: str) -> None: ...
    def apply(self, settings: Any) -> None: ...


#: A registry, and what makes the worker for it: loading that takes longer than opening.
Opened = tuple[Registry, Callable[[], BackgroundWorker]]


def _is_gone(act: Callable[..., Any]) -> bool:
    """Whether `act` belongs to something of Qt's that was deleted meanwhile: a closed sheet's
    method, or a function inside one.
    """
    held = [getattr(act, "__self__", None)]
    for cell in getattr(act, "__closure__", None) or ():
        try:
            held.append(cell.cell_contents)
        except ValueError:  # not filled yet
            continue
    return any(isinstance(one, QObject) and not isValid(one) for one in held)


class Ticket:
    """One question under way. Cancelling drops its answer; the reading itself ends by itself. An
    answer for what was deleted meanwhile is dropped too.

    It alone holds the question and who hears the answer, and lets go of them where the answer is
    delivered: the last reference to a widget must not end on a reading thread, while Qt deletes it
    on the window's.
    """

    def __init__(
        self,
        work: Callable[[], Any] | None,
        done: Callable[[Any], None],
        failed: Callable[[StrongroomError], None],
    ):
        self._work = work
        self._done: Callable[[Any], None] | None = done
        self._failed: Callable[[StrongroomError], None] | None = failed
        self.open = True

    def work(self) -> Any:
        """The answer, on a reading thread; None for one that nobody waits for any more."""
        return self._work() if self.open and self._work is not None else None

    def cancel(self) -> None:
        self.open = False

    def deliver(self, answer: Any) -> None:
        hears = self._failed if isinstance(answer, StrongroomError) else self._done
        self._work = self._done = self._failed = None
        if not self.open or hears is None:
            return
        self.open = False
        if not _is_gone(hears):
            hears(answer)


class Bridge(QObject):
    """Signals: `ready` once the registry is open, `failed` if it cannot be, `happened` for each
    event, `problem` for an error that no one else explains.
    """

    ready = Signal()
    failed = Signal(object)
    happened = Signal(object)
    problem = Signal(object)
    _answered = Signal(object, object)
    _advanced = Signal(object, object)
    _woken = Signal()

    def __init__(
        self,
        opening: Callable[[Callable[[Event], None]], Opened],
        rebuilding: Callable[[bool], Mapping[str, Any]],
    ) -> None:
        """`opening(tell)` opens the registry and `rebuilding(accept_loss)` makes a lost catalog
        again, both on a reading thread.
        """
        super().__init__()
        self._opening, self._rebuilding = opening, rebuilding
        self._pool = ThreadPoolExecutor(_READERS, thread_name_prefix="reader")
        self._slow_pool = ThreadPoolExecutor(_SLOW_READERS, thread_name_prefix="slow reader")
        self._events: deque[Event] = deque()
        self._guard = threading.Lock()
        self._waking = False
        self._pair: Opened | None = (
            None  # set by the opening thread: `stop` may come before `ready`
        )
        self._registry: Registry | None = None
        self._worker: BackgroundWorker | None = None
        self._tickets: set[Ticket] = set()
        self._slow: WeakValueDictionary[int, Progress] = WeakValueDictionary()
        self._is_opening = False
        self._stopped = False
        queued = Qt.ConnectionType.QueuedConnection
        self._answered.connect(self._deliver, queued)
        self._advanced.connect(self._tell_advance, queued)
        self._woken.connect(self._hand_on, queued)

    def start(self) -> None:
        """Opens the registry, until `ready` or `failed`; after `failed` it may be tried again."""

        def open_it() -> Opened:
            self._pair = self._opening(self._tell)
            return self._pair

        self._open_by(open_it, self._opened)

    def rebuild(self) -> None:
        """Makes the catalog again, then opens; `ready` or `failed` tells when."""
        self._open_by(lambda: self._rebuilding(False), self._rebuilt)

    def rebuild_without(self) -> None:
        """As `rebuild`, and entries that contradict the others are left out."""
        self._open_by(lambda: self._rebuilding(True), self._rebuilt)

    def _rebuilt(self, answer: Mapping[str, Any]) -> None:
        self.start()
        missing = len(answer["problems"]) + sum(b - a + 1 for a, b in answer["lost"])
        many = plural(missing, "entry", "entries")
        if missing:
            first = [*answer["problems"], *(f"entries {a} to {b}" for a, b in answer["lost"])][0]
            self.problem.emit(
                Damaged(
                    f"the catalog was made again, but not all of {many} could be read",
                    first,
                    "verify and repair, with the folder of a copy if there is one",
                )
            )

    def _open_by(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """One at a time, however often it is asked for: two would be two workers."""
        if self._is_opening or self._registry is not None:
            return
        self._is_opening = True

        def opened(answer: T) -> None:
            self._is_opening = False
            done(answer)

        def failed(error: StrongroomError) -> None:
            self._is_opening = False
            self.failed.emit(error)

        self._run(work, opened, failed)

    def hush(self) -> None:
        """The window hears no more and asks no more; what takes its time is given up. Called in
        the window's thread, before `stop` may be called in another one.
        """
        self._stopped = True
        for ticket in tuple(self._tickets):  # answers may still arrive in the window's thread
            ticket.cancel()
        for progress in tuple(self._slow.values()):
            progress.cancel()

    def stop(self) -> None:
        """Ends the worker (its job goes back to the queue), the readers and the registry."""
        self.hush()
        if self._worker is not None:
            self._worker.stop()
        for pool in (self._pool, self._slow_pool):
            pool.shutdown(wait=True, cancel_futures=True)
        if self._pair is not None:
            self._pair[0].close()
        self._pair = self._registry = self._worker = None

    def ask(
        self,
        question: Callable[[Registry], T],
        done: Callable[[T], None] = lambda answer: None,
        failed: Callable[[StrongroomError], None] | None = None,
        slow: bool = False,
    ) -> Ticket:
        """Puts `question(registry)` to a reading thread; `done` or `failed` hear the answer here.

        Without `failed` an error goes to `problem`. Before `ready` the question is dropped.
        `slow`: it may take seconds, and nothing else shall wait behind it.
        """
        registry = self._registry
        if registry is None:
            ticket = Ticket(None, done, failed or self.problem.emit)
            ticket.cancel()
            return ticket
        return self._run(lambda: question(registry), done, failed or self.problem.emit, slow)

    def ask_anyway(
        self,
        work: Callable[[], T],
        done: Callable[[T], None] = lambda answer: None,
        failed: Callable[[StrongroomError], None] | None = None,
    ) -> Ticket:
        """As `ask`, for work beside the window that needs no registry, open or not."""
        return self._run(work, done, failed or self.problem.emit)

    def apply(self, settings: Any) -> None:
        """Settings that hold at once are handed to the worker."""
        if self._worker is not None:
            self._worker.apply(settings)

    def ask_slowly(
        self,
        question: Callable[[Registry, Progress], T],
        done: Callable[[T], None],
        failed: Callable[[StrongroomError], None],
        told: Callable[[Progress], None],
    ) -> Progress:
        """As `ask`, for a question that takes its time: `told` hears how far it is. Cancelling the
        progress that comes back ends the reading too.
        """
        progress = Progress(report=lambda p: self._advanced.emit(told, p))
        self._slow[id(progress)] = progress
        self.ask(lambda registry: question(registry, progress), done, failed, slow=True)
        return progress

    def enqueue(self, kind: str, arguments: dict[str, Any]) -> None:
        """A job for the worker; what becomes of it comes as `job.changed`."""

        def put(registry: Registry) -> int:
            number = registry.enqueue(kind, arguments)
            self._poke()
            return number

        self.ask(put)

    def pause(self, watch: str, paused: bool) -> None:
        """Stops or goes on watching; what is just being taken is left for later, whole."""
        worker = self._worker

        def turn(registry: Registry) -> None:
            if worker is not None:
                worker.pause(watch, paused)
            else:  # it is just being made, and asks then what is paused
                registry.pause_watch(watch, paused)

        self.ask(turn, lambda _: self._poke())

    def check_watch(self, watch: str) -> None:
        """Looks through a watched folder now."""
        if self._worker is not None:
            self._worker.check_watch(watch)

    def _poke(self) -> None:
        if self._worker is not None:
            self._worker.poke()

    # ------------------------------------------------------------------ other threads

    def _tell(self, event: Event) -> None:
        """Called by the worker thread."""
        with self._guard:
            self._events.append(event)
            wake, self._waking = not self._waking, True
        if wake and not self._stopped:
            self._woken.emit()

    def _run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[StrongroomError], None],
        slow: bool = False,
    ) -> Ticket:
        ticket = Ticket(work, done, failed)
        del work, done, failed

        def answer() -> None:
            try:
                result = ticket.work()
            except StrongroomError as error:
                result = error
            except Exception as error:
                log.exception("a question of the window failed")
                result = StrongroomError(
                    f"internal error ({type(error).__name__})", "", "see the log file"
                )
            if not self._stopped:
                self._answered.emit(ticket, result)

        if not self._stopped:
            self._tickets.add(ticket)
            (self._slow_pool if slow else self._pool).submit(answer)
        return ticket

    # ------------------------------------------------------------------ the window's thread

    def _opened(self, opened: Opened) -> None:
        self._registry, make_worker = opened
        self.ready.emit()
        self._run(make_worker, self._start_worker, self.problem.emit)

    def _start_worker(self, worker: BackgroundWorker) -> None:
        self._worker = worker
        worker.start()

    @Slot(object, object)
    def _deliver(self, ticket: Ticket, answer: Any) -> None:
        self._tickets.discard(ticket)
        ticket.deliver(answer)

    @Slot(object, object)
    def _tell_advance(self, told: Callable[[Progress], None], progress: Progress) -> None:
        if not _is_gone(told):
            told(progress)

    @Slot()
    def _hand_on(self) -> None:
        with self._guard:
            part = [self._events.popleft() for _ in range(min(_AT_ONCE, len(self._events)))]
            self._waking = bool(self._events)
        if self._waking:
            self._woken.emit()
        for event in _without_stale(part):
            self.happened.emit(event)


def _without_stale(events: list[Event]) -> list[Event]:
    """Of states that were told several times only the last."""
    last: dict[tuple[str, Any], int] = {
        (e.name, e.data.get("id")): i for i, e in enumerate(events) if e.name in _LATEST
    }
    return [
        e
        for i, e in enumerate(events)
        if e.name not in _LATEST or last[e.name, e.data.get("id")] == i
    ]

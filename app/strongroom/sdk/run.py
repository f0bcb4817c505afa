"""A run that a script tells of: what it reads, logs and makes.

Nothing here raises into a training because the registry is out of reach: what is added then is
kept in a queue of this computer, named by its content, and brought in later (`queue.py`). Reading
is another matter: `use` gives verified content or raises.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from strongroom.domain.errors import NoSpace, NotFound, StrongroomError, Unreachable
from strongroom.sdk.registry import Version, added, open_local
from strongroom.sdk.shown_curve import ShownCurve
from strongroom.sdk.values import number, plain_params

if TYPE_CHECKING:
    from strongroom.sdk.queue import Queue
    from strongroom.services.local import LocalRegistry
    from strongroom.services.spool import Spool

log = logging.getLogger(__name__)
#: The environment variable by which other processes join a run.
RUN_VARIABLE = "STRONGROOM_RUN"
#: Seconds between two writes of what was logged, and between two looks at a run's page.
_FLUSH, _SHOW = 1.0, 2.0
#: Lines that are handed over together, and that wait at most where there is no room for them.
_FEW, _MOST_KEPT = 2000, 200_000


def track(
    name: str,
    *,
    params: Mapping[str, Any] | None = None,
    registry: str | os.PathLike[str] | None = None,
    run: str | None = None,
    strict: bool = False,
) -> Run:
    """Begins a run, or joins the one that `STRONGROOM_RUN` (or the job's first rank) began.

    Used with `with`, the block's end ends the run: an exception makes it failed. Without, call
    `finish`; the interpreter's end does it otherwise. `run`: an id of your own. `strict`: what
    cannot be done now raises instead of being queued.
    """
    return Run(name, dict(params or {}), registry, run, strict)


class Run:
    """One execution. Safe to use from several threads and, after a fork, from its children."""

    def __init__(
        self,
        name: str,
        params: dict[str, Any],
        place: str | os.PathLike[str] | None,
        ident: str | None,
        strict: bool,
    ) -> None:
        self.name, self.strict = name, strict
        self.id = ident or ""
        self._place = place
        self._registry: LocalRegistry | None = None
        self._queue: Queue | None = None
        self._spool: Spool | None = None
        self._spool_folder: Path | None = None
        self._lines: list[str] = []
        self._flush_again = 0.0
        self._at_once = False
        self._shown: dict[str, ShownCurve] = {}
        self._params = plain_params(params)
        self._guard = threading.RLock()
        self._ended = False
        self._said: set[str] = set()
        self._pid = os.getpid()
        self._is_owner = True
        self._wake = threading.Event()
        self._begin(self._params)
        _going_on.add(self)
        atexit.register(self._at_exit)
        threading.Thread(target=self._feed, name="strongroom", daemon=True).start()

    # ------------------------------------------------------------------ beginning

    def _begin(self, params: dict[str, Any]) -> None:
        from strongroom.sdk import ranks

        joined = os.environ.get(RUN_VARIABLE) if not self.id else None
        try:
            self._registry = self._open()
            if not joined and not ranks.is_first():
                joined = self._wait_for_first()
            if joined:
                self.id, self._is_owner = joined, False
            else:
                self._begin_here(params)
            self._begin_spool(params if joined else {})
        except (StrongroomError, OSError) as error:
            if self._registry is not None:
                self._registry.close()
                self._registry = None
            if isinstance(error, StrongroomError) and error.code not in _OUT_OF_REACH:
                raise
            self._cannot(error)
            self._begin_away(params, joined)
        if self._is_owner:
            os.environ[RUN_VARIABLE] = self.id

    def _begin_here(self, params: dict[str, Any]) -> None:
        from strongroom.sdk import provenance, ranks
        from strongroom.services import tracking
        from strongroom.services.queued import deliver

        assert self._registry is not None
        desk = self._registry.desk
        deliver(desk)  # before anyone is called lost that has told its end there
        tracking.look_for_lost(desk)
        seen = provenance.look()
        facts = {**seen.facts, "process": desk.owner}
        self.id = tracking.begin(desk, self.name, self.id or None, params, facts)
        try:
            if seen.diff:
                self._keep_diff(seen.diff)
            ranks.announce(desk, self.name, self.id)
        except (StrongroomError, OSError) as error:
            self._cannot(error)

    def _begin_spool(self, params: dict[str, Any]) -> None:
        from strongroom.services import spool

        assert self._registry is not None
        self._spool_folder = spool.folder_for(self._registry.desk.place.live, self.id)
        self._spool = spool.Spool(self._spool_folder, self.id)
        if params:
            self._lines.append(spool.params_line(params))

    def _begin_away(self, params: dict[str, Any], joined: str | None) -> None:
        """In the queue; where that has no room either the training goes on all the same."""
        from strongroom.domain.timestamps import new_id
        from strongroom.sdk.queue import Queue

        self.id, self._is_owner = joined or self.id or new_id(), not joined
        try:
            self._queue = Queue.begin(self.name, self.id, params, self._place, bool(joined))
        except OSError as error:
            self._cannot(error)

    def _open(self) -> LocalRegistry:
        """Raises `StrongroomError`, also where the registry can only be read."""
        opened = open_local(self._place)
        if opened.desk.engine.read_only:
            place = opened.place
            opened.close()
            raise Unreachable(
                "a newer Strongroom has changed this registry", place, "install the newer version"
            )
        return opened

    def _keep_diff(self, diff: str) -> None:
        """What was not committed is a version that the run has read."""
        import tempfile

        from strongroom.services import tracking

        assert self._registry is not None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "uncommitted.diff"
            path.write_text(diff, encoding="utf-8")
            name = f"{_plain_name(self.name)}/uncommitted.diff"
            made = added(self._registry, path, name, "other", None, None, None, (), "")
        tracking.add_input(self._registry.desk, self.id, made.ref, "uncommitted changes")

    def _wait_for_first(self) -> str | None:
        from strongroom.sdk import ranks

        assert self._registry is not None
        desk = self._registry.desk
        if not ranks.is_in_job(desk, self.name):
            return None
        run = ranks.wait_for_first(desk, self.name)
        if run is None:
            self._say("the job's first rank began no run; this one has a run of its own")
        return run

    # ------------------------------------------------------------------ what a script calls

    def use(self, reference: str) -> Path:
        """A read-only path to the verified content, which the run is noted to have read.

        A file for a version of one file, else a folder. Raises `StrongroomError`: without its
        data a training cannot go on.
        """
        from strongroom.sdk.cache import cached
        from strongroom.services import tracking

        with self._guard:
            if self._is_reachable() and self._registry is not None:
                path = cached(self._registry, reference)
                try:
                    tracking.use(self._registry.desk, self.id, reference)
                except StrongroomError as error:
                    self._cannot(error)
                return path
            local = open_local(self._place)  # the run waits in the queue, or it can only be read
            try:
                path = cached(local, reference)
            finally:
                local.close()
            self._say(f"it is not noted that {reference} was read")
            return path

    def log(
        self, metrics: Mapping[str, Any], step: int | float | None = None, time: float | None = None
    ) -> None:
        """Values of metrics at a step; NaN and infinities are kept. Returns at once."""
        from strongroom.services.spool import line

        values = {str(name): number(value) for name, value in metrics.items()}
        bad = [name for name, value in values.items() if value is None]
        if bad:
            self._say(f"these are no numbers and are not kept: {', '.join(bad[:5])}")
        kept = {name: value for name, value in values.items() if value is not None}
        step, at = number(step), _now() if time is None else number(time) or 0.0
        with self._guard:
            if self._ended or not kept:
                return
            self._lines.append(line(kept, step, at))
            for name, value in kept.items():
                self._shown.setdefault(name, ShownCurve()).add(step, at, value)
            if self._at_once or len(self._lines) >= _FEW:
                self._flush()

    def log_params(self, params: Mapping[str, Any]) -> None:
        """More parameters, or later values of them."""
        from strongroom.services.spool import params_line

        with self._guard:
            if self._ended:
                return
            told = plain_params(params)
            self._params.update(told)
            self._lines.append(params_line(told))
            if self._at_once:
                self._flush()

    def add(
        self,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        kind: str | None = None,
        params: Mapping[str, Any] | None = None,
        metrics: Mapping[str, Any] | None = None,
        inputs: Sequence[str] = (),
        note: str = "",
    ) -> Version:
        """Versions a file or folder as made by this run. Where the registry is out of reach the
        content is queued: `pending`, without a tag. Raises only for a path that cannot be read,
        a bad name, or with `strict`.
        """
        with self._guard:
            if self._is_reachable() and self._registry is not None:
                try:
                    return added(
                        self._registry, path, name, kind, self.id, params, metrics, inputs, note
                    )
                except StrongroomError as error:
                    is_there = error.code == "not_found" and os.path.isdir(self._registry.place)
                    if error.code not in _OUT_OF_REACH or is_there:
                        raise
                    self._cannot(error)
            if not os.access(path, os.R_OK):
                raise NotFound("this cannot be read", os.fsdecode(path), "check the path")
            try:
                queue = self._queue_now()
                return queue.add(path, name, kind, params, metrics, inputs, note)
            except (NoSpace, Unreachable, OSError) as error:
                self._cannot(error)
                self._say(f"{os.fsdecode(path)} is not kept")
                return Version(name or "", None, kind or "other", "", created=False)

    def finish(self) -> None:
        """The run has succeeded."""
        self._end("finished", "")

    def fail(self, error: BaseException | str = "") -> None:
        """The run has failed, with the error's type."""
        kind = error if isinstance(error, str) else type(error).__name__
        self._end("failed", kind)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None or (kind is SystemExit and not getattr(error, "code", 0)):
            self.finish()
        else:
            self._end("failed", kind.__name__)

    # ------------------------------------------------------------------ ending

    def _end(self, status: str, error: str) -> None:
        with self._guard:
            if self._ended:
                return
            self._ended = True
            self._wake.set()
            _going_on.discard(self)
            if os.getpid() == self._pid:
                atexit.unregister(self._at_exit)
            try:
                self._flush()
                if self._spool is not None:
                    self._spool.close()
                self._close_run(status, error)
            except Exception as problem:  # whatever it is, the training has ended well
                if self.strict:
                    raise
                log.debug("ending the run", exc_info=True)
                self._say(str(problem) or type(problem).__name__)
            finally:
                if self._registry is not None:
                    self._registry.close()
                    self._registry = None
                if self._is_owner and os.environ.get(RUN_VARIABLE) == self.id:
                    del os.environ[RUN_VARIABLE]

    def _close_run(self, status: str, error: str) -> None:
        """Ends the run here, or leaves word in the queue that it has ended."""
        from strongroom.domain.facts import RunStatus
        from strongroom.services import tracking
        from strongroom.services.queued import deliver

        if self._registry is None:
            self._registry_again()
        known = self._registry is not None and self._spool_folder is not None
        if known and self._queue is None:
            assert self._registry is not None
            desk = self._registry.desk
            try:
                if self._is_owner:
                    tracking.end(desk, self.id, RunStatus(status), error)
                elif not tracking.is_going_on(desk, self.id):
                    tracking.end(desk, self.id, None)  # what is left of this one joins it
                return
            except (StrongroomError, OSError) as problem:
                self._cannot(problem)
        if self._queue is not None or self._is_owner:
            self._queue_now().end(status, error, self._is_owner)
        if self._registry is not None:
            deliver(self._registry.desk)

    def _at_exit(self) -> None:
        if os.getpid() != self._pid or self._ended:
            return
        died = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        if died is not None:
            self.fail(died)
        else:
            self.finish()

    def _forked(self) -> None:
        """In a child of a fork: it joins the run with a file of its own, and ends nothing.

        What it logs is handed over at once, for such a child often ends without a word.
        """
        self._guard = threading.RLock()
        self._lines, self._at_once = [], True
        self._is_owner = False
        self._registry = self._queue = self._spool = None

    # ------------------------------------------------------------------ feeding

    def _feed(self) -> None:
        """Hands over what was logged, and keeps the run's page up to date."""
        shown_at, shown_count = 0.0, -1
        while not self._wake.wait(_FLUSH):
            with self._guard:
                if self._ended:
                    return
                try:
                    self._flush()
                    count = sum(s.count for s in self._shown.values())
                    if (
                        self._is_owner and self._registry is not None
                        and count != shown_count and time.monotonic() - shown_at > _SHOW
                    ):  # fmt: skip
                        shown_at, shown_count = time.monotonic(), count
                        self._show()
                except Exception as error:  # a page that is not up to date stops nothing
                    log.warning("run %s cannot be shown: %s", self.id, error)

    def _flush(self) -> None:
        if not self._lines or (not self._ended and time.monotonic() < self._flush_again):
            return
        lines, self._lines = self._lines, []
        try:
            self._sink().write("".join(lines))
        except OSError as error:
            self._flush_again = time.monotonic() + _FLUSH
            if len(lines) > _MOST_KEPT:
                self._say(f"only {_MOST_KEPT} lines are kept until there is room for them")
            self._lines = lines[:_MOST_KEPT]
            self._cannot(error)

    def _sink(self) -> Spool | Queue:
        if self._spool is None and self._spool_folder is not None:
            from strongroom.services.spool import Spool

            self._spool = Spool(self._spool_folder, self.id)
        return self._spool or self._queue_now()

    def _show(self) -> None:
        from strongroom.services import live_series, tracking
        from strongroom.services.curves import Columns

        assert self._registry is not None
        desk = self._registry.desk
        curves = {
            name: Columns(one.steps, one.times, one.values, one.count)
            for name, one in self._shown.items()
        }
        live_series.write(desk.place.live, self.id, curves)
        series = {name: one.summary() for name, one in self._shown.items()}
        finals = {name: one.last for name, one in self._shown.items()}
        tracking.show_live(desk, self.id, self._params, finals, series)

    # ------------------------------------------------------------------ trouble

    def _is_reachable(self) -> bool:
        """Whether the registry is there and knows the run; one that waits in the queue as a whole
        goes on waiting there.
        """
        if self._registry is None and self._spool_folder is not None:
            self._registry_again()
        return self._registry is not None

    def _registry_again(self) -> None:
        """Looks whether the registry has come back."""
        try:
            self._registry = self._open()
        except StrongroomError as error:
            self._cannot(error)

    def _queue_now(self) -> Queue:
        """The run's queue, begun now if there is none. Raises `OSError`."""
        if self._queue is None:
            from strongroom.sdk.queue import Queue

            joins = self._spool_folder is not None or not self._is_owner
            self._queue = Queue.begin(self.name, self.id, self._params, self._place, joins)
        return self._queue

    def _cannot(self, error: StrongroomError | OSError) -> None:
        """Says it once, and raises it where the caller wants to know."""
        if self.strict:
            raise error
        self._say(str(error))

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            log.warning("run %s: %s", self.id or self.name, text)
            with contextlib.suppress(Warning):  # where warnings are errors it is in the log
                warnings.warn(f"strongroom: {text}", stacklevel=3)


#: Runs of this process that have not ended.
_going_on: weakref.WeakSet[Run] = weakref.WeakSet()


def _forked() -> None:
    for run in list(_going_on):
        run._forked()


os.register_at_fork(after_in_child=_forked)

#: Errors that a script need not stop for: later it may be different.
_OUT_OF_REACH = ("unreachable", "busy", "no_space", "not_found", "damaged", "denied")


def _now() -> float:
    return time.time()


def _plain_name(name: str) -> str:
    from strongroom.domain.names import derive_name

    return derive_name(name.encode("utf-8", "surrogateescape"))

"""A run that a script tells of: what it reads, logs and makes.

Nothing here raises into a training because the registry is out of reach: what is added then is
kept in a queue of this computer, named by its content, and brought in later (`queue.py`). Reading
is another matter: `use` gives verified content or raises.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from strongroom.domain.errors import StrongroomError
from strongroom.sdk.registry import Version, added, open_local

if TYPE_CHECKING:
    from strongroom.sdk.queue import Queue
    from strongroom.services.local import LocalRegistry
    from strongroom.services.spool import Spool

log = logging.getLogger(__name__)
#: The environment variable by which other processes join a run.
RUN_VARIABLE = "STRONGROOM_RUN"
#: Seconds between two writes of what was logged, and between two looks at a run's page.
_FLUSH, _SHOW = 1.0, 2.0
#: Points of one curve that are shown while the run goes on.
_SHOWN = 4000
#: Seconds that other ranks wait for the first one to begin.
_PATIENCE = 30.0
_RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
#: What the ranks of one job have in common.
_JOB = (
    "TORCHELASTIC_RUN_ID",
    "MASTER_ADDR",
    "MASTER_PORT",
    "SLURM_JOB_ID",
    "OMPI_MCA_orte_hnp_uri",
)


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
        self._lines: list[str] = []
        self._shown: dict[str, _Shown] = {}
        self._params = dict(params)
        self._guard = threading.RLock()
        self._ended = False
        self._said: set[str] = set()
        self._pid = os.getpid()
        self._is_owner = True
        self._wake = threading.Event()
        self._begin(params)
        self._feeder = threading.Thread(target=self._feed, name="strongroom", daemon=True)
        self._feeder.start()
        atexit.register(self._at_exit)
        os.register_at_fork(after_in_child=self._forked)

    # ------------------------------------------------------------------ beginning

    def _begin(self, params: dict[str, Any]) -> None:
        joined = os.environ.get(RUN_VARIABLE) if not self.id else None
        rank = next((os.environ[v] for v in _RANKS if os.environ.get(v)), "0")
        try:
            self._registry = open_local(self._place)
        except StrongroomError as error:
            self._cannot(error)
            from strongroom.sdk.queue import Queue

            self.id = joined or self.id
            self._queue = Queue.begin(self.name, self.id, params, self._place)
            self.id = self._queue.run
            self._is_owner = not joined
        else:
            from strongroom.services import spool

            if not joined and rank not in ("", "0"):
                joined = self._wait_for_first()
            if joined:
                self.id, self._is_owner = joined, False
            else:
                self._begin_here(params)
            desk = self._registry.desk
            self._spool = spool.Spool(spool.folder_for(desk.place.live, self.id))
            if joined and params:
                self._lines.append(spool.params_line(params))
        if self._is_owner:
            os.environ[RUN_VARIABLE] = self.id

    def _begin_here(self, params: dict[str, Any]) -> None:
        from strongroom.sdk import provenance
        from strongroom.sdk.queue import deliver
        from strongroom.services import tracking

        assert self._registry is not None
        desk = self._registry.desk
        tracking.look_for_lost(desk)
        deliver(self._registry)
        seen = provenance.look()
        facts = {**seen.facts, "process": desk.owner}
        self.id = tracking.begin(desk, self.name, self.id or None, params, facts)
        if seen.diff:
            self._keep_diff(seen.diff)
        meeting = self._meeting()
        if meeting is not None:
            meeting.parent.mkdir(parents=True, exist_ok=True)
            meeting.write_text(self.id)

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

    def _meeting(self) -> Path | None:
        """Where the ranks of one job find the run; None outside of one."""
        import hashlib

        job = [os.environ.get(variable, "") for variable in _JOB]
        if not any(job) or self._registry is None:
            return None
        digest = hashlib.sha256("\0".join([self.name, *job]).encode()).hexdigest()
        return self._registry.desk.place.live / f"{digest}.job"

    def _wait_for_first(self) -> str | None:
        """The run that the job's first rank began; None where there is no sign of it."""
        meeting = self._meeting()
        if meeting is None:
            return None
        until, oldest = time.monotonic() + _PATIENCE, time.time() - 600
        while time.monotonic() < until:
            try:
                if meeting.stat().st_mtime > oldest:
                    return meeting.read_text() or None
            except OSError:
                pass
            time.sleep(0.1)
        self._say("the job's first rank began no run; this one has a run of its own")
        return None

    # ------------------------------------------------------------------ what a script calls

    def use(self, reference: str) -> Path:
        """A read-only path to the verified content, which the run is noted to have read.

        A file for a version of one file, else a folder. Raises `StrongroomError`: without its
        data a training cannot go on.
        """
        from strongroom.sdk.cache import cached

        with self._guard:
            if self._registry is None:
                self._registry_again()
            if self._registry is None:
                raise StrongroomError(
                    "the registry is out of reach", reference, "bring it back and start again"
                )
            from strongroom.services import tracking

            path = cached(self._registry, reference)
            try:
                tracking.use(self._registry.desk, self.id, reference)
            except StrongroomError as error:
                self._cannot(error)
            return path

    def log(
        self, metrics: Mapping[str, Any], step: int | float | None = None, time: float | None = None
    ) -> None:
        """Values of metrics at a step; NaN and infinities are kept. Returns at once."""
        from strongroom.services.spool import line

        values = {str(name): _number(value) for name, value in metrics.items()}
        bad = [name for name, value in values.items() if value is None]
        if bad:
            self._say(f"these are no numbers and are not kept: {', '.join(bad[:5])}")
        kept = {name: value for name, value in values.items() if value is not None}
        at = _now() if time is None else time
        with self._guard:
            if self._ended or not kept:
                return
            self._lines.append(line(kept, step, at))
            for name, value in kept.items():
                self._shown.setdefault(name, _Shown()).add(step, at, value)
            if len(self._lines) >= 2000:
                self._flush()

    def log_params(self, params: Mapping[str, Any]) -> None:
        """More parameters, or later values of them."""
        from strongroom.services.spool import params_line

        with self._guard:
            self._params.update(params)
            self._lines.append(params_line({str(k): v for k, v in params.items()}))

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
            if self._registry is None:
                self._registry_again()
            if self._registry is not None:
                try:
                    return added(
                        self._registry, path, name, kind, self.id, params, metrics, inputs, note
                    )
                except StrongroomError as error:
                    if error.code not in _OUT_OF_REACH:
                        raise
                    self._cannot(error)
            queue = self._queue_now()
            return queue.add(path, name, kind, params, metrics, inputs, note)

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
            try:
                self._flush()
                self._close_run(status, error)
            except StrongroomError as problem:
                self._cannot(problem)
            finally:
                if self._spool is not None:
                    self._spool.close()
                if self._registry is not None:
                    self._registry.close()
                    self._registry = None
                if self._is_owner and os.environ.get(RUN_VARIABLE) == self.id:
                    del os.environ[RUN_VARIABLE]

    def _close_run(self, status: str, error: str) -> None:
        if self._queue is not None:
            self._queue.end(status, error)
            if self._registry is None:
                return
        from strongroom.domain.facts import RunStatus
        from strongroom.sdk.queue import deliver
        from strongroom.services import tracking

        assert self._registry is not None
        if self._queue is not None:
            deliver(self._registry)
        elif self._is_owner or self._has_ended_already():
            tracking.end(self._registry.desk, self.id, RunStatus(status), error)

    def _has_ended_already(self) -> bool:
        """Another process ended the run before this one was through: what is left joins it."""
        from strongroom.catalog import catalog

        assert self._registry is not None
        row = catalog.run_by_id(self._registry.desk.engine, self.id)
        return row is not None and row.status != "running"

    def _at_exit(self) -> None:
        if os.getpid() != self._pid or self._ended:
            return
        died = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        if died is not None:
            self.fail(died)
        else:
            self.finish()

    def _forked(self) -> None:
        """In a child of a fork: it joins the run with a file of its own, and ends nothing."""
        self._guard = threading.RLock()
        self._lines = []
        self._is_owner = False
        self._registry = self._queue = None
        self._pid = os.getpid()
        if self._spool is not None and not self._ended:
            from strongroom.services.spool import Spool

            folder = self._spool.path.parent
            self._spool = Spool(folder)
        self._feeder = threading.Thread(target=self._feed, name="strongroom", daemon=True)
        self._feeder.start()
        atexit.register(self._leave_child)

    def _leave_child(self) -> None:
        with self._guard:
            self._flush()

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
                except (StrongroomError, OSError) as error:
                    self._cannot(error)

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            if self._spool is not None:
                self._spool.write("".join(lines))
            elif self._queue is not None:
                self._queue.write("".join(lines))
        except OSError as error:
            self._lines = lines + self._lines
            self._cannot(error)

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

    def _registry_again(self) -> None:
        """Looks whether the registry has come back."""
        try:
            self._registry = open_local(self._place)
        except StrongroomError as error:
            self._cannot(error)

    def _queue_now(self) -> Queue:
        if self._queue is None:
            from strongroom.sdk.queue import Queue

            self._queue = Queue.begin(self.name, self.id, self._params, self._place, joins=True)
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
            warnings.warn(f"strongroom: {text}", stacklevel=3)


#: Errors that a script need not stop for: later it may be different.
_OUT_OF_REACH = ("unreachable", "busy", "no_space", "not_found", "damaged", "denied")


class _Shown:
    """The last thousands of points of one curve, thinned out evenly as it grows."""

    def __init__(self) -> None:
        from strongroom.domain.series import doubles

        self.steps, self.times, self.values = doubles(), doubles(), doubles()
        self.count, self._stride = 0, 1
        self.last: Any = None
        self._low = self._high = float("nan")

    def add(self, step: Any, at: float, value: int | float) -> None:
        from strongroom.domain.series import double

        number = double(value)
        self.last = value
        if number == number:
            self._low = min(number, self._low) if self._low == self._low else number
            self._high = max(number, self._high) if self._high == self._high else number
        if self.count % self._stride == 0:
            self.steps.append(double(step))
            self.times.append(at)
            self.values.append(number)
            if len(self.values) > _SHOWN:
                self._stride *= 2
                for column in (self.steps, self.times, self.values):
                    del column[1::2]
        self.count += 1

    def summary(self) -> dict[str, Any]:
        low, high = (v if v == v else None for v in (self._low, self._high))
        return {"points": self.count, "last": self.last, "min": low, "max": high}


def _now() -> float:
    return time.time()


def _number(value: Any) -> int | float | None:
    """A plain number of a number, or of what frameworks wrap one in (`item()`)."""
    if hasattr(value, "item") and not isinstance(value, int | float):
        try:
            value = value.item()
        except (TypeError, ValueError, RuntimeError):
            return None
    if isinstance(value, bool):
        return int(value)
    return value if isinstance(value, int | float) else None


def _plain_name(name: str) -> str:
    from strongroom.domain.names import derive_name

    return derive_name(name.encode("utf-8", "surrogateescape"))

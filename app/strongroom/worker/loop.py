"""The worker thread: jobs from the queue, watched folders, news from other processes."""

from __future__ import annotations

import functools
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from strongroom.catalog import jobs, watching
from strongroom.catalog.jobs import Job
from strongroom.catalog.watching import Watch
from strongroom.disk import reserve
from strongroom.domain.errors import Busy, Cancelled, StrongroomError
from strongroom.domain.event import Event
from strongroom.domain.facts import Kind
from strongroom.domain.timestamps import now, rfc3339
from strongroom.services import export, queued, tracking
from strongroom.services.add import AddOptions, Change
from strongroom.services.desk import is_dead
from strongroom.services.local import LocalRegistry
from strongroom.services.progress import Progress
from strongroom.services.watch_session import PATIENCE, Timing, WatchSession
from strongroom.worker.looker import Looker

log = logging.getLogger(__name__)
#: Seconds between two looks at the queue, which other processes fill, and the shortest rest:
#: what happens within it is looked at in one go.
_ROUND = 0.25
_SHORTEST = 0.05
#: Seconds until a watched folder, and until the whole registry, is tried again after an error.
_RETRY_AFTER = 5.0
_TROUBLE_PAUSE = 1.0
#: Seconds between two looks at runs that trainings tell of themselves.
_TRACKED = 2.0
#: Seconds between two looks for what scripts added while the registry was out of reach.
_QUEUED = 15.0


def timing_from(settings: Any) -> Timing:
    return Timing(
        quiet_time=float(settings["watch.quiet_time"]),
        idle_end=float(settings["watch.idle_end"]),
        rescan=float(settings["watch.rescan"]),
        reserve=int(settings["limits.reserve"]) << 20,
    )


class Worker:
    """Does what is due until it is stopped. `tell` is called from the worker's thread."""

    def __init__(
        self,
        registry: LocalRegistry,
        settings: Any,
        tell: Callable[[Event], None],
        since: int | None = None,
    ) -> None:
        """`since`: the journal entry after which it tells of what happens; None: the last one."""
        self.registry, self.desk = registry, registry.desk
        self.timing = timing_from(settings)
        self.tell = tell
        self._sessions: dict[str, WatchSession] = {}
        self._refused_until: dict[str, float] = {}
        self._stopping = threading.Event()
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None
        self._progress: Progress | None = None
        self._looker = Looker(registry, lambda: self._progress is not None)
        self._watching = ""
        self._trouble = ""
        self._look_now: set[str] = set()
        self._tracked: dict[str, str] = {}
        self._tracked_at = 0.0
        self._queued_at = 0.0
        self._last_seq = registry.last_change() if since is None else since

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="worker", daemon=False)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Ends the work in hand (its job goes back to the queue) and the thread."""
        self.ask_to_stop()
        self._awake.set()
        if self._thread is not None:
            self._thread.join(timeout)
            self._thread = None

    def ask_to_stop(self) -> None:
        """As `stop`, without waiting. For signal handlers: they may run inside `_awake.wait`,
        whose lock `_awake.set` would wait for.
        """
        self._stopping.set()
        self._looker.ask_to_stop()
        progress = self._progress
        if progress is not None:
            progress.cancel()

    def poke(self) -> None:
        """Looks at the queue now instead of at the next round."""
        self._awake.set()

    def pause(self, watch: str, paused: bool) -> None:
        """Stops watching a folder or goes on. What is just being taken of it is given up and
        taken later, whole. May be called from any thread.
        """
        self.registry.pause_watch(watch, paused)
        progress = self._progress
        if paused and self._watching == watch and progress is not None:
            progress.cancel()
        self.poke()

    def check_watch(self, watch: str) -> None:
        """Compares a watched folder as a whole now. May be called from any thread."""
        self._look_now.add(watch)
        self.poke()

    def apply(self, settings: Any) -> None:
        """Takes on changed settings of watching. May be called from any thread."""
        self.timing = timing_from(settings)
        self.poke()

    def run(self) -> None:
        """Rounds until `stop`; errors of one folder or job are told and do not end the others."""
        self._looker.start()
        try:
            while not self._stopping.is_set():
                busy = self._round_or_trouble()
                if not busy:
                    self._awake.wait(self._rest())
                    time.sleep(_SHORTEST)
                self._awake.clear()
        finally:
            self._looker.stop()
            self._close_sessions()

    def _rest(self) -> float:
        at = time.monotonic()
        watched = (
            session.rest()
            for watch_id, session in self._sessions.items()
            if self._refused_until.get(watch_id, 0.0) <= at
        )
        return min((_ROUND, *watched))

    def _round_or_trouble(self) -> bool:
        """A catalog that is full, locked or out of reach is told of once and waited for."""
        try:
            busy = self.round()
        except StrongroomError as error:
            if error.code != self._trouble:
                log.warning("the registry is in trouble: %s", error)
                self.tell(Event("problem", error.document()))
            self._trouble = error.code
            self._stopping.wait(_TROUBLE_PAUSE)
            return False
        self._trouble = ""
        return busy

    def run_once(self) -> None:
        """Does all that is due: the queue until it is empty, and what settles in the folders.

        Files that still grow `PATIENCE` after the first round are left for the next time.
        """
        try:
            self.round()
            deadline = time.monotonic() + PATIENCE
            while not self._stopping.is_set():
                settling = any(s.waits and s.pending for s in self._sessions.values())
                if not self.round() and not (settling and time.monotonic() < deadline):
                    break
                self._awake.wait(_SHORTEST)
            self._progress = Progress(what="looking for origins")
            if not self._stopping.is_set():
                self.registry.catch_up(self._progress)
            self._tell_news()
        except StrongroomError as error:
            if error.code != "cancelled":
                raise
        finally:
            self._progress = None
            self._close_sessions()

    def _close_sessions(self) -> None:
        for watch_id in list(self._sessions):
            self._let_go(watch_id)

    def _let_go(self, watch_id: str) -> None:
        session = self._sessions.pop(watch_id, None)
        if session is not None:
            try:
                session.close()
            except StrongroomError as error:
                log.warning("a lease is left to run out: %s", error)

    def round(self) -> bool:
        """One turn at everything; True if there was a job."""
        self._tell_news()
        if self.desk.engine.read_only:  # a newer Strongroom's: its own workers do what is due
            return False
        busy = self._do_job()
        self._watch()
        self._look_after_tracked()
        return busy

    # ------------------------------------------------------------------ tracked runs

    def _look_after_tracked(self) -> None:
        """Runs that trainings tell of themselves: which go on, which are lost, what waits."""
        at = time.monotonic()
        if at < self._tracked_at + _TRACKED:
            return
        self._tracked_at = at
        if at >= self._queued_at + _QUEUED:
            self._queued_at = at
            reserve.tend(self.desk.place.root)
            self._bring_in_queued()
        tracking.look_for_lost(self.desk)
        for run, said in tracking.going_on(self.desk).items():
            if self._tracked.get(run) != said:
                self.tell(Event("run.changed", {"id": run}))
            self._tracked[run] = said

    def _bring_in_queued(self) -> None:
        self._progress = Progress(what="bringing in what waited on this computer")
        try:
            queued.deliver(self.desk, self._progress)
        except Cancelled:
            log.info("what waits on this computer is brought in the next time")
        finally:
            self._progress = None

    # ------------------------------------------------------------------ news

    def _tell_news(self) -> None:
        if self.registry.last_change() == self._last_seq:
            return
        for change in self.registry.changes_after(self._last_seq):
            self._last_seq = change["seq"]
            self.tell(Event("entry", change))

    # ------------------------------------------------------------------ watching

    def _watch(self) -> None:
        wanted = {w.id: w for w in watching.all_watches(self.desk.engine) if not w.paused}
        for gone in self._sessions.keys() - wanted.keys():
            self._let_go(gone)
            self.tell(Event("watch.state", {"id": gone, "state": "paused"}))
        for watch_id, watch in wanted.items():
            if self._stopping.is_set():
                return
            session = self._sessions.get(watch_id)
            if session is not None and session.timing != self.timing:
                session.set_timing(self.timing)
            if session is not None and session.watch.options != watch.options:
                self._let_go(watch_id)
                session = None
            if watch_id in self._look_now:
                self._look_now.discard(watch_id)
                self._refused_until.pop(watch_id, None)
                if session is not None:
                    session.look_now()
            if time.monotonic() < self._refused_until.get(watch_id, 0.0):
                continue
            try:
                if session is None:
                    session = WatchSession(self.desk, watch, self.timing, self.tell, self._awake)
                    session.open()
                    self._sessions[watch_id] = session
                self._watching = watch_id
                self._progress = Progress(
                    report=functools.partial(self._tell_taking, watch), what=watch.name
                )
                session.step(self._progress)
                if self._progress.total_files:
                    self._tell_taking(watch, self._progress)
            except Busy:
                self._let_go(watch_id)
                self._refused_until[watch_id] = time.monotonic() + _RETRY_AFTER
                self.tell(
                    Event(
                        "watch.state",
                        {
                            "id": watch_id,
                            "name": watch.name,
                            "path": os.fsdecode(watch.root),
                            "state": "elsewhere",
                            "detail": "another process watches it",
                        },
                    )
                )
            except StrongroomError as error:
                if error.code != "cancelled":
                    log.warning("watching %s: %s", watch.name, error)
                    self._refused_until[watch_id] = time.monotonic() + _RETRY_AFTER
                    self.tell(Event("problem", error.document()))
            except Exception as error:
                log.exception("watching %s", watch.name)
                self._let_go(watch_id)
                self._refused_until[watch_id] = time.monotonic() + _RETRY_AFTER
                self.tell(Event("problem", _internal(error)))
            finally:
                self._progress, self._watching = None, ""

    def _tell_taking(self, watch: Watch, progress: Progress) -> None:
        self.tell(
            Event("watch.progress", {"id": watch.id, "name": watch.name, **_counts(progress)})
        )
        self._tell_news()

    # ------------------------------------------------------------------ jobs

    def _do_job(self) -> bool:
        jobs.free_dead(self.desk.engine, is_dead)
        job = jobs.lease(self.desk.engine, self.desk.owner, now())
        if job is None:
            return False
        self._told(job)
        progress = self._progress = Progress(report=lambda p: self._report(job, p), what=job.kind)
        if self._stopping.is_set():  # asked for before there was anything to cancel
            progress.cancel()
        try:
            result = JOBS[job.kind](self.registry, job, progress)
        except StrongroomError as error:
            self._failed(job, error)
        except Exception as error:
            log.exception("job %s (%s)", job.id, job.kind)
            self._end(job, "failed", {"error": _internal(error)})
        else:
            self._end(job, "done", result)
        finally:
            self._progress = None
        return True

    def _failed(self, job: Job, error: StrongroomError) -> None:
        if error.code == "cancelled":
            if self._stopping.is_set():
                jobs.give_back(self.desk.engine, job.id, self.desk.owner, now())
                return
            self._end(job, "cancelled", {})
        elif error.code in ("busy", "unreachable") and job.attempts + 1 < jobs.MAX_ATTEMPTS:
            delay = int(2**job.attempts * 1_000_000)
            jobs.postpone(
                self.desk.engine,
                job.id,
                self.desk.owner,
                now() + delay,
                {"error": error.document()},
                now(),
            )
            self._told(job)
        else:
            self._end(job, "failed", {"error": error.document()})
            self.tell(Event("problem", error.document()))

    def _report(self, job: Job, progress: Progress) -> None:
        document = {**_counts(progress), "what": progress.what}
        try:
            if not jobs.report(self.desk.engine, job.id, self.desk.owner, document, now()):
                progress.cancel()
            self._told(job)
            self._tell_news()
        except StrongroomError as error:  # how far it is matters less than that it goes on
            log.warning("job %s: its progress cannot be noted: %s", job.id, error)

    def _end(self, job: Job, state: str, result: dict[str, Any]) -> None:
        jobs.finish(self.desk.engine, job.id, self.desk.owner, state, result, now())
        self._told(job)

    def _told(self, job: Job) -> None:
        view = self.registry.job(job.id)
        if view is not None:
            self.tell(Event("job.changed", view))


def _internal(error: Exception) -> dict[str, str]:
    """What is said of a bug; its own words stay in the log."""
    return {
        "code": "internal",
        "message": f"internal error ({type(error).__name__})",
        "hint": "see the log file",
        "object": "",
    }


def _counts(progress: Progress) -> dict[str, int]:
    return {
        "files": progress.files,
        "total_files": progress.total_files,
        "bytes": progress.bytes,
        "total_bytes": progress.total_bytes,
        "rate": round(progress.rate),
    }


def _add(registry: LocalRegistry, job: Job, progress: Progress) -> dict[str, Any]:
    arguments = job.arguments
    kind = arguments.get("kind")
    options = AddOptions(
        name=arguments.get("name"),
        kind=Kind(kind) if kind else None,
        each=bool(arguments.get("each")),
        note=arguments.get("note") or "",
        split=arguments.get("split") or "layouts",
        changes={
            key: Change(
                change.get("name"),
                Kind(change["kind"]) if change.get("kind") else None,
                bool(change.get("skip")),
            )
            for key, change in (arguments.get("changes") or {}).items()
        },
    )
    answer = registry.add([bytes.fromhex(p) for p in arguments["paths"]], options, progress)
    # What an ended attempt of this job has made is not new to us, but it is this job's work.
    begun = rfc3339(job.created_at) if job.attempts else ""
    return {
        "versions": [
            {
                "ref": f"{v['name']}@{v['tag']}",
                "created": v["created"] or bool(begun and v["created_at"] >= begun),
                "warnings": v["warnings"],
            }
            for v in answer["versions"]
        ]
    }


def _verify(registry: LocalRegistry, job: Job, progress: Progress) -> dict[str, Any]:
    return registry.verify(
        job.arguments.get("references") or (),
        repair=bool(job.arguments.get("repair")),
        progress=progress,
    )


def _export(registry: LocalRegistry, job: Job, progress: Progress) -> dict[str, Any]:
    arguments, into = job.arguments, Path(job.arguments["into"])
    reference, file = arguments["reference"], arguments.get("file")
    files = [file] if file else []
    if job.attempts and not arguments.get("force"):
        done = export.is_there(registry.desk, reference, into, files, as_file=bool(file))
        if done is not None:
            return done
    return registry.get(
        reference,
        into,
        force=bool(arguments.get("force")),
        files=files,
        as_file=bool(file),
        progress=progress,
    )


#: What can be asked of the worker through the queue.
JOBS: dict[str, Callable[[LocalRegistry, Job, Progress], dict[str, Any]]] = {
    "add": _add,
    "verify": _verify,
    "export": _export,
}

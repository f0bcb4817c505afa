"""Watching one folder: what settles becomes versions, in batches, exactly once.

What was dealt with is remembered in the transaction that commits it, so after a crash the
folder is compared with what is known and the work goes on where it was.
"""

from __future__ import annotations

import logging
import os
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from strongroom.catalog import watching as rows
from strongroom.catalog.watching import Seen, Watch
from strongroom.disk.listing import Listing, SourceFile, Stat, list_source
from strongroom.disk.temporary import new_folder
from strongroom.domain.errors import Busy, NoSpace, StrongroomError, printable
from strongroom.domain.event import Event
from strongroom.domain.names import derive_name
from strongroom.domain.timestamps import now
from strongroom.services import watch_databases as databases
from strongroom.services.add import outcome_views
from strongroom.services.desk import Desk, Recorder, is_dead
from strongroom.services.grouping import Arrangement, Group, RunFolder, group_by_layout
from strongroom.services.ingest import Outcome, Proposal, add_batch
from strongroom.services.progress import Progress, quiet
from strongroom.services.watch_runs import WatchRuns, unchanged
from strongroom.services.watches import lease_key
from strongroom.watch.events import EventSource
from strongroom.watch.names import IGNORE_FILE, is_temporary, load_ignore
from strongroom.watch.settling import Settling, still_since

BATCH = 256
LEASE = 15_000_000
#: Seconds after which the lease is renewed.
RENEW_EVERY = 4.0
#: Seconds between two looks at a live run's files; longer where one look takes long.
LIVE_EVERY = 1.0
#: Seconds after which a session looks round though nothing was heard and nothing is due.
ROUND = 0.5
_POLL_EVERY = 2.0
#: Seconds that one who wants an end waits for files that still grow.
PATIENCE = 30.0

#: So many files that wait are named, and seconds between two tellings of them.
_SHOWN = 20
_WAITING_EVERY = 0.5
#: Files that may still change, files that wait for their run's end, and how many of the first.
Waiting = tuple[tuple[bytes, ...], tuple[bytes, ...], int]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `idle_end`: silence after which a run has ended; `reserve`: bytes to leave free."""

    quiet_time: float = 2.0
    idle_end: float = 1800.0
    rescan: float = 60.0
    reserve: int = 512 << 20


class WatchSession:
    """One owner's work on one watched folder. Not thread-safe: one thread calls `step`.

    `wake` is set when something was heard, so that one thread can wait for several sessions.
    """

    def __init__(
        self,
        desk: Desk,
        watch: Watch,
        timing: Timing,
        tell: Callable[[Event], None],
        wake: threading.Event | None = None,
    ) -> None:
        self.desk, self.watch, self.timing, self.tell = desk, watch, timing, tell
        self.wake = wake or threading.Event()
        self.settling = Settling(timing.quiet_time)
        self.runs = WatchRuns(desk, watch)
        self.files: dict[bytes, SourceFile] = {}
        self.left_out: dict[bytes, str] = {}
        self.held: set[bytes] = set()
        self.state = ""
        self.kept = 0
        self._seen: dict[bytes, Seen] = {}
        self._events: EventSource | None = None
        self._arrangement: Arrangement | None = None
        self._touched: set[bytes] = set()
        self._joined: dict[bytes, Stat] = {}
        self._stirred = True
        self._due_at = 0.0
        self._in_use_until = inf
        self._root_id: tuple[int, int] | None = None
        self._rescan_at = 0.0
        self._scan_cost = 0.0
        self._lease_at = 0.0
        self._idle = False
        self._full_until = 0.0
        self._waiting: Waiting = (), (), 0
        self._waiting_told_at = 0.0
        self._skip, self._ignore_problem = load_ignore(watch.root)

    def open(self) -> None:
        """Takes the folder's lease; raises `Busy` naming who watches it."""
        self._renew_lease(force=True)
        self._seen = rows.seen_in(self.desk.engine, self.watch.id)

    def set_timing(self, timing: Timing) -> None:
        """Other times hold from the next step on, for files that settle already too."""
        self.timing = timing
        self.settling.quiet_time = timing.quiet_time
        self.look_now()

    def look_now(self) -> None:
        """The next step compares the folder as a whole and tries again what failed."""
        self._rescan_at = self._full_until = 0.0
        self._stirred = True

    def close(self) -> None:
        self._stop_listening()
        rows.drop_lease(self.desk.engine, lease_key(self.watch), self.desk.owner)

    def rest(self) -> float:
        """Seconds until `step` has something to do, if nothing is heard before."""
        at = time.monotonic()
        if self._events is None or at < self._full_until:
            return ROUND
        if self._stirred:
            return 0.0
        shows = (a.show_at for a in self.runs.active.values() if a.changed)
        due = min(self._due_at, self._rescan_at, *shows)
        return min(max(due - at, 0.0), ROUND)

    @property
    def pending(self) -> int:
        """How many files still have to be dealt with, those of live runs not counted."""
        return len(self.settling) - len(self.held)

    def step(self, progress: Progress | None = None, end_runs: bool = False) -> None:
        """Looks at what changed and takes what has settled. `end_runs`: silence of a quiet time
        ends a run (`watch --once`). Raises `Busy` when the lease was lost.
        """
        at = time.monotonic()
        self._renew_lease()
        if not self._look(at) or at < self._full_until:
            return
        if self.runs.look_for_ends() or self._stirred or at >= self._due_at:
            self._stirred = False
            self._in_use_until = inf
            try:
                self._take_settled(at, progress or quiet(), end_runs)
            except BaseException:
                self._stirred = True  # whatever it was, what is due is still due
                raise
            self._due_at = min(self.settling.next_after(at), self._next_end(at, end_runs))
        if at < self._full_until:
            return
        self._note_touched(at)
        self._show_live()
        self._tell_state("polling" if self._events and self._events.polling else "live")
        self._tell_waiting(at)
        idle = self.pending == 0
        if idle and not self._idle:
            self.tell(
                Event("watch.idle", {"id": self.watch.id, "path": os.fsdecode(self.watch.root)})
            )
        self._idle = idle

    @property
    def waits(self) -> bool:
        """Whether there is something to be taken or ended that time will bring."""
        if self.state == "missing" or self.is_full:
            return False
        return bool(self.pending or self.held or self.runs.active)

    def unsettled(self) -> set[bytes]:
        """Files that were not taken yet, those that live runs hold included."""
        return {p for p in self.files if p in self.settling}

    # ------------------------------------------------------------------ looking

    def _look(self, at: float) -> bool:
        """Hears what changed and looks at it; False while the folder is not there."""
        root_id = self._identity()
        if root_id is None:
            if self.state != "missing":
                self._lose_folder()
            return False
        if root_id != self._root_id and self._events is not None:
            self._stop_listening()  # another folder took its place, which sends us nothing
        if self._events is None:
            self._root_id = root_id
            self._events = EventSource(
                self.watch.root, self.wake, bool(self.watch.options.get("polling"))
            )
            self._events.start()
            self._rescan_at = 0.0
        hints = self._events.take()
        every = _POLL_EVERY if self._events.polling else self.timing.rescan
        if hints.all and self._rescan_at > at + 0.2:
            self._rescan_at = at + max(0.05, 5 * self._scan_cost)
        if at >= self._rescan_at:
            self._rescan(at, hints.renamed)
            self._rescan_at = at + max(every, 10 * self._scan_cost)
        for location in hints.changed:
            self._look_at(location, at, hints.renamed.get(location))
        return True

    def _identity(self) -> tuple[int, int] | None:
        """Device and inode of the folder; None if it is not there."""
        try:
            info = os.stat(self.watch.root)
        except OSError:
            return None
        return (info.st_dev, info.st_ino) if stat.S_ISDIR(info.st_mode) else None

    def _rescan(self, at: float, renamed: dict[bytes, bytes]) -> None:
        if self._events is not None:
            self._events.check()
        self._skip, problem = load_ignore(self.watch.root)
        if problem and problem != self._ignore_problem:
            self._report(b".strongroomignore", problem)
        self._ignore_problem = problem
        began = time.monotonic()
        try:
            listing = self._list()
        except StrongroomError:
            self._lose_folder()
            return
        self._scan_cost = time.monotonic() - began
        wall = time.time_ns()
        files = databases.joined(listing.files)
        present = {f.path: f for f in files}
        for path in self.files.keys() - present.keys():
            self._vanished(path)
        if present.keys() != self.files.keys():
            self._regroup()
        self.files.update(present)
        for file in files:
            self._observe(file, at, wall, renamed.get(file.location))
        rows.forget_seen(self.desk.engine, self.watch.id, self._seen.keys() - present.keys())
        self._seen = {p: s for p, s in self._seen.items() if p in present}
        for one in listing.left_out:
            self._report(one.path, one.why)

    def _list(self) -> Listing:
        return list_source(
            self.watch.root, follow_outside=False, follow_folders=False, skip=self._skip
        )

    def _look_at(self, location: bytes, at: float, renamed_from: bytes | None) -> None:
        prefix = self.watch.root.rstrip(b"/") + b"/"
        if not location.startswith(prefix):
            return
        location = databases.database_of(location)
        path = location[len(prefix) :]
        if path == IGNORE_FILE.encode():
            self._rescan_at = min(self._rescan_at, at)
        if self._skipped(path):
            return
        try:
            info = os.lstat(location)
        except OSError:
            if path in self.files:
                self._vanished(path)
            return
        if not stat.S_ISREG(info.st_mode):
            if path in self.files:
                self._vanished(path)
            if not stat.S_ISDIR(info.st_mode):
                self._rescan_at = min(self._rescan_at, at)  # links and others: the walk judges
            return
        file = databases.with_logs(SourceFile(location, path, Stat.of(info)))
        if path in self.held and databases.is_named(file):
            self._stirred = True  # who had it open may have closed it
        if path not in self.files:
            self._regroup()
        self.files[path] = file
        self._observe(file, at, time.time_ns(), renamed_from)

    def _skipped(self, path: bytes) -> bool:
        parts = path.split(b"/")
        folders = (b"/".join(parts[:i]) + b"/" for i in range(1, len(parts)))
        return any(self._skip(f) for f in folders) or bool(self._skip(path))

    def _observe(self, file: SourceFile, at: float, wall: int, renamed_from: bytes | None) -> None:
        one = self._seen.get(file.path)
        if one is not None and unchanged(one, file):
            self.settling.forget(file.path)
            return
        settled = renamed_from is not None and is_temporary(renamed_from)
        before = self.settling.stat_of(file.path)
        self.settling.observe(file.path, file.stat, at, wall, renamed=settled)
        if before != file.stat:
            self._idle = False
            self._due_at = min(self._due_at, self.settling.due_at(file.path))
            self._touched.add(file.path)

    def _regroup(self) -> None:
        """A name came or went, so files may belong together otherwise."""
        self._arrangement = None
        self._stirred = True

    def _vanished(self, path: bytes) -> None:
        self.files.pop(path, None)
        self._regroup()
        self.settling.forget(path)
        self.held.discard(path)
        self.left_out.pop(path, None)

    def _stop_listening(self) -> None:
        if self._events is not None:
            self._events.stop()
            self._events = None

    def _lose_folder(self) -> None:
        self._stop_listening()
        self._tell_state("missing", "the folder is gone; watching goes on when it is back")

    # ------------------------------------------------------------------ taking

    def _take_settled(self, at: float, progress: Progress, end_runs: bool) -> None:
        due = [p for p in self.settling.due(at) if p in self.files]
        due.sort(key=lambda p: self.files[p].stat.mtime_ns)  # so that later content is newer
        mode = self.watch.options.get("mode", "auto")
        if mode == "whole":
            if due and not self.settling.moving(at):
                self._take([self._whole()], progress)
            return
        if mode == "each":
            self.held = {p for p in due if self._is_in_use(self.files[p], at, end_runs)}
            self._take([self._single(self.files[p]) for p in due if p not in self.held], progress)
            return
        self._take_grouped(due, at, progress, end_runs)

    def _take_grouped(
        self, due: Sequence[bytes], at: float, progress: Progress, end_runs: bool
    ) -> None:
        arranged = self._arranged()
        self._note_touched(at)
        moving = set(self.settling.moving(at))
        ended = self._ended_runs(arranged, moving, at, end_runs)
        proposals: list[tuple[Proposal, tuple[bytes, ...]]] = []
        done: set[tuple[str, str, str, str]] = set()
        self.held = set()
        for path in due:
            group = arranged.group(path)
            if path in arranged.passed:
                self._pass_over(path, "its run's layout does not keep it")
            elif group is None and self._is_in_use(self.files[path], at, end_runs):
                self.held.add(path)
            elif group is None:
                proposals.append(self._single(self.files[path]))
            elif group.key not in done:
                done.add(group.key)
                self._take_up(arranged, group.folder, at)
                if self._must_wait(group, group.folder in ended, moving):
                    self.held.update(f.path for f in group.files if f.path in self.settling)
                else:
                    proposals.append(self._of_group(group))
        if proposals:
            self._stirred = True  # a run got its files, so it may have ended
        self._take(proposals, progress)
        for folder in ended:
            self._end_run(folder)

    def _arranged(self) -> Arrangement:
        """Which files belong together, made anew only when a name has come or gone."""
        if self._arrangement is None:
            only = self.watch.options.get("layout") or None
            arranged = Arrangement(group_by_layout(list(self.files.values()), only=only))
            self._arrangement = arranged
            at = time.monotonic()
            for active in self.runs.resume(arranged.runs):
                active.silent_since = self._still_since(active.folder, at)
            for folder, active in self.runs.active.items():
                if folder in arranged.runs:
                    active.folder = arranged.runs[folder]
        return self._arrangement

    def _take_up(self, arranged: Arrangement, folder: str, at: float) -> None:
        """Makes sure that the run of new content is known."""
        if folder not in self.runs.active:
            self._stirred = True  # it may have ended already
            run = self._fresh_run(arranged.runs[folder])
            self.runs.ensure(run, self._seen).silent_since = self._still_since(run, at)

    def _note_touched(self, at: float) -> None:
        """What changed since the last time makes its runs changed, and not silent."""
        arranged, wall = self._arrangement, time.time_ns()
        if arranged is None:
            return  # the next arrangement has its runs
        for path in self._touched:
            file = self.files.get(path)
            for folder in arranged.runs_with(path):
                if file is not None and (active := self.runs.active.get(folder)) is not None:
                    active.changed = True
                    since = still_since(file.stat, at, wall)
                    active.silent_since = max(active.silent_since, since)
        self._touched.clear()

    def _still_since(self, run: RunFolder, at: float) -> float:
        wall = time.time_ns()
        files = (self.files[m.path] for m in run.members if m.path in self.files)
        return max((still_since(f.stat, at, wall) for f in files), default=at)

    def _fresh_run(self, run: RunFolder) -> RunFolder:
        return replace(run, members=self._fresh(run.members))

    def _fresh(self, files: Iterable[SourceFile]) -> tuple[SourceFile, ...]:
        """The same files as they were last looked at."""
        return tuple(self.files.get(f.path, f) for f in files)

    def _must_wait(self, group: Group, over: bool, moving: set[bytes]) -> bool:
        if not over and (group.role.live or self._by_rule(group)):
            return True
        if any(f.path in moving for f in group.files):
            return True
        return not over and not group.layout.ready(group.role.group, group.names())

    def _by_rule(self, group: Group) -> bool:
        """Whether the best-and-last rule decides about this group when its run ends."""
        return (
            self.watch.options.get("keep") == "best-last"
            and group.role.name.rpartition("/")[2] == "checkpoint"
        )

    def _is_in_use(self, file: SourceFile, at: float, end_runs: bool) -> bool:
        """Whether a database is open and was not silent for so long as ends a run."""
        end = still_since(file.stat, at, time.time_ns()) + self._silence(end_runs)
        if at >= end or not databases.is_open(file):
            return False
        self._in_use_until = min(self._in_use_until, end)
        return True

    def _silence(self, end_runs: bool) -> float:
        """Seconds of silence that end a run."""
        return self.timing.quiet_time if end_runs else self.timing.idle_end

    def _ended_runs(
        self, arranged: Arrangement, moving: set[bytes], at: float, end_runs: bool
    ) -> set[str]:
        """Folders of runs that have ended and whose files all stand still."""
        busy = {folder for path in moving for folder in arranged.runs_with(path)}
        return {
            folder
            for folder, active in self.runs.active.items()
            if folder not in busy
            and (
                active.ended
                or at - active.silent_since >= self._silence(end_runs)
                or (active.changed and self.runs.is_complete(active))
            )
        }

    def _next_end(self, at: float, end_runs: bool) -> float:
        """When the next run will have been silent for long enough."""
        times = (a.silent_since + self._silence(end_runs) for a in self.runs.active.values())
        return min((t for t in (*times, self._in_use_until) if t > at), default=inf)

    def _end_run(self, folder: str) -> None:
        active = self.runs.active.get(folder)
        if active is None:
            return
        if any(m.path in self.settling for m in active.folder.members if m.path in self.files):
            return  # something of it could not be taken yet; it ends with that
        active.folder = self._fresh_run(active.folder)
        self.runs.finish(active, self._seen)
        self.tell(Event("run.changed", {"id": active.id}))

    def _show_live(self) -> None:
        for active in self.runs.active.values():
            began = time.monotonic()
            if active.changed and began >= active.show_at:
                active.folder = self._fresh_run(active.folder)
                self.runs.show_live(active, self._seen)
                took = time.monotonic() - began
                active.show_at = began + max(LIVE_EVERY, 10 * took)
                self.tell(Event("run.changed", {"id": active.id}))

    # ------------------------------------------------------------------ proposals

    def _single(self, file: SourceFile) -> tuple[Proposal, tuple[bytes, ...]]:
        bare = SourceFile(file.location, os.path.basename(file.path), file.stat)
        return Proposal(
            name=f"{self.watch.name}/{derive_name(file.path)}",
            files=(bare,),
            source=file.location,
            strict=True,
        ), (file.path,)

    def _whole(self) -> tuple[Proposal, tuple[bytes, ...]]:
        files = tuple(sorted(self.files.values(), key=lambda f: f.path))
        warnings = tuple(
            f"{printable(os.fsdecode(p))}: left out, {w}" for p, w in self.left_out.items()
        )
        return Proposal(
            name=self.watch.name,
            files=files,
            source=self.watch.root,
            strict=True,
            warnings=warnings,
        ), tuple(f.path for f in files)

    def _of_group(self, group: Group) -> tuple[Proposal, tuple[bytes, ...]]:
        active = self.runs.active[group.folder]
        return Proposal(
            name=f"{self.watch.name}/{group.name}",
            files=replace(group, files=self._fresh(group.files)).renamed_files(),
            kind=group.kind,
            run=active.id,
            source=os.path.join(self.watch.root, group.root),
            strict=True,
        ), tuple(f.path for f in group.files)

    def _take(
        self, proposals: Sequence[tuple[Proposal, tuple[bytes, ...]]], progress: Progress
    ) -> None:
        proposals = self._chosen(proposals)
        report = progress.report

        def still_ours(one: Progress) -> None:
            self._renew_lease()  # a large file takes longer than a lease lasts
            report(one)

        progress.report = still_ours
        try:
            for start in range(0, len(proposals), BATCH):
                part = proposals[start : start + BATCH]
                if not self._room(sum(f.stat.size for p, _ in part for f in p.files)):
                    return
                with new_folder(self.desk.store.staging) as room:
                    if not self._take_part(self._with_copies(part, room), progress):
                        return
        finally:
            progress.report = report

    def _take_part(
        self, part: Sequence[tuple[Proposal, tuple[bytes, ...]]], progress: Progress
    ) -> bool:
        """Takes one batch; False where the disk has no room for it."""
        paths = {id(p): originals for p, originals in part}

        def remember(recorder: Recorder, outcomes: Sequence[Outcome]) -> None:
            seen = [s for o in outcomes for s in self._seen_of(o, paths[id(o.proposal)])]
            rows.write_seen(recorder.tx, self.watch.id, seen)

        files = [f for p, _ in part for f in p.files]
        progress.begin(len(files), sum(f.stat.size for f in files))
        try:
            outcomes = add_batch(self.desk, [p for p, _ in part], progress, remember)
        except NoSpace as error:
            self._full(str(error))
            return False
        for outcome in outcomes:
            self._after(outcome, paths[id(outcome.proposal)])
        self._renew_lease()
        return True

    def _with_copies(
        self, part: Sequence[tuple[Proposal, tuple[bytes, ...]]], room: Path
    ) -> list[tuple[Proposal, tuple[bytes, ...]]]:
        """The proposals with databases that are in use replaced by whole copies of them."""
        self._joined.clear()
        taken = []
        for proposal, paths in part:
            try:
                files = tuple(
                    self._copied_to(room, file, path)
                    for file, path in zip(proposal.files, paths, strict=True)
                )
            except StrongroomError as error:
                self._failed(error, paths)
                continue
            taken.append((replace(proposal, files=files), paths))
        return taken

    def _copied_to(self, room: Path, file: SourceFile, path: bytes) -> SourceFile:
        if not databases.is_named(file):
            return file
        self._joined[path] = file.stat
        return databases.copy_of(file, room) if databases.needs_copy(file) else file

    def _chosen(
        self, proposals: Sequence[tuple[Proposal, tuple[bytes, ...]]]
    ) -> list[tuple[Proposal, tuple[bytes, ...]]]:
        """The best-and-last rule: of a run's checkpoints the best and the newest are kept."""
        if self.watch.options.get("keep") != "best-last":
            return list(proposals)
        newest: dict[tuple[str | None, str], int] = {}
        for proposal, _ in proposals:
            key = (proposal.run, proposal.name)
            newest[key] = max(newest.get(key, 0), _newest(proposal))
        best = {a.id: a.best for a in self.runs.active.values()}
        kept = []
        for proposal, paths in proposals:
            is_checkpoint = proposal.name.rpartition("/")[2] == "checkpoint"
            last = _newest(proposal) == newest[proposal.run, proposal.name]
            if not is_checkpoint or last or self._is_best(paths, best.get(proposal.run or "", ())):
                kept.append((proposal, paths))
            else:
                for path in paths:
                    self._pass_over(path, "the rule keeps the best and the last checkpoint")
        return kept

    def _is_best(self, paths: Sequence[bytes], best: Sequence[str]) -> bool:
        texts = [os.fsdecode(p) for p in paths]
        return any(f"/{b.rstrip('/')}" in f"/{t}" for b in best for t in texts)

    def _after(self, outcome: Outcome, paths: Sequence[bytes]) -> None:
        if outcome.error is not None:
            self._failed(outcome.error, paths)
            return
        assert outcome.version is not None
        for one in self._seen_of(outcome, paths):
            self._seen[one.path] = one
            file = self.files.get(one.path)
            if file is not None and unchanged(one, file):
                self.settling.forget(one.path)
                self.left_out.pop(one.path, None)
        self.kept += outcome.created
        self.tell(
            Event(
                "version.created" if outcome.created else "version.known",
                {"version": outcome_views(self.desk, [outcome])[0], "watch": self.watch.id},
            )
        )

    def _seen_of(self, outcome: Outcome, paths: Sequence[bytes]) -> list[Seen]:
        """What was dealt with, each file as it was then; a database together with its log."""
        if outcome.version is None:
            return []
        found = []
        for path, (_, taken, digest) in zip(paths, outcome.stats, strict=True):
            s = self._joined.get(path, taken)
            version, run = outcome.version.id, outcome.proposal.run
            found.append(
                Seen(
                    path,
                    s.dev,
                    s.ino,
                    s.size,
                    s.mtime_ns,
                    s.ctime_ns,
                    digest,
                    version,
                    run,
                    "kept",
                    "",
                )
            )
        return found

    def _failed(self, error: StrongroomError, paths: Sequence[bytes]) -> None:
        if error.code in ("changed", "busy"):
            for path in paths:
                self.settling.wait_again(path, time.monotonic())
            return
        for path in paths:
            file = self.files.get(path)
            if file is not None and not os.path.lexists(file.location):
                self._vanished(path)
            else:
                self._pass_over(path, error.what)

    def _pass_over(self, path: bytes, why: str) -> None:
        """Not taken until it changes, and said so once."""
        file = self.files.get(path)
        self.settling.forget(path)
        if file is None:
            return
        s = file.stat
        one = Seen(
            path, s.dev, s.ino, s.size, s.mtime_ns, s.ctime_ns, None, None, None, "skipped", why
        )
        self._seen[path] = one
        with self.desk.engine.quick() as tx:
            rows.write_seen(tx, self.watch.id, [one])
        self._report(path, why)

    def _report(self, path: bytes, why: str) -> None:
        if self.left_out.get(path) != why:
            self.left_out[path] = why
            log.info("left out %r: %s", path, why)
            self.tell(
                Event(
                    "watch.ignored",
                    {"id": self.watch.id, "path": printable(os.fsdecode(path)), "reason": why},
                )
            )

    # ------------------------------------------------------------------ state

    def _room(self, size: int) -> bool:
        """Back-pressure: stops taking while the disk is nearly full, and says so."""
        free = shutil.disk_usage(self.desk.place.root).free
        if free - size >= self.timing.reserve:
            return True
        self._full(
            f"{free >> 20} MiB are free and {self.timing.reserve >> 20} MiB are kept in"
            " reserve; nothing more is taken until there is room"
        )
        return False

    def _full(self, why: str) -> None:
        self._full_until = time.monotonic() + 5
        self._stirred = True  # to try again then
        self._tell_state("full", why)

    @property
    def is_full(self) -> bool:
        return self.state == "full"

    def _tell_state(self, state: str, detail: str = "") -> None:
        if state == "polling" and self._events is not None:
            detail = self._events.why_polling
        if state != self.state:
            self.state = state
            self.tell(
                Event(
                    "watch.state",
                    {
                        "id": self.watch.id,
                        "name": self.watch.name,
                        "path": os.fsdecode(self.watch.root),
                        "state": state,
                        "files": len(self.files),
                        "settling": self.pending,
                        "live": len(self.held),
                        "kept": self.kept,
                        "detail": detail,
                    },
                )
            )

    def _tell_waiting(self, at: float) -> None:
        """Which files are still being written, and which wait for the end of their run."""
        moving = [p for p in self.settling.moving(at) if p in self.files and p not in self.held]
        now_waiting: Waiting = (
            tuple(moving[:_SHOWN]),
            tuple(sorted(self.held)[:_SHOWN]),
            len(moving),
        )
        soon = at - self._waiting_told_at < _WAITING_EVERY
        if now_waiting == self._waiting or (soon and (moving or self.held)):
            return
        self._waiting, self._waiting_told_at = now_waiting, at
        settling, held, count = now_waiting
        self.tell(
            Event(
                "watch.waiting",
                {
                    "id": self.watch.id,
                    "settling": [self._told_file(p) for p in settling],
                    "settling_count": count,
                    "live": [self._told_file(p) for p in held],
                    "live_count": len(self.held),
                },
            )
        )

    def _told_file(self, path: bytes) -> dict[str, object]:
        file = self.files.get(path)
        size = file.stat.size if file is not None else 0
        return {"path": printable(os.fsdecode(path)), "size": size}

    def _renew_lease(self, force: bool = False) -> None:
        at = time.monotonic()
        if not force and at - self._lease_at < RENEW_EVERY:
            return
        holder = rows.take_lease(
            self.desk.engine, lease_key(self.watch), self.desk.owner, now(), now() + LEASE, is_dead
        )
        if holder is not None:
            raise Busy(
                "another process watches this folder",
                os.fsdecode(self.watch.root),
                f"it is {holder}; end it first",
            )
        self._lease_at = at


def _newest(proposal: Proposal) -> int:
    return max((f.stat.mtime_ns for f in proposal.files), default=0)

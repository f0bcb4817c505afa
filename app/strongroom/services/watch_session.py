"""Watching one folder: what settles becomes versions, in batches, exactly once.

What was dealt with is remembered in the transaction that commits it, so after a crash the
folder is compared with what is known and the work goes on where it was.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from strongroom.catalog import watching as rows
from strongroom.catalog.watching import Seen, Watch
from strongroom.disk.listing import Listing, SourceFile, Stat, list_source
from strongroom.domain.errors import Busy, NoSpace, StrongroomError, printable
from strongroom.domain.event import Event
from strongroom.domain.facts import RunStatus
from strongroom.domain.names import derive_name
from strongroom.domain.timestamps import now
from strongroom.services.add import outcome_views
from strongroom.services.desk import Desk, Recorder, is_dead
from strongroom.services.grouping import Group, Grouping, group_by_layout
from strongroom.services.ingest import Outcome, Proposal, add_batch
from strongroom.services.progress import Progress, quiet
from strongroom.services.watch_runs import WatchRuns, unchanged
from strongroom.services.watches import lease_key
from strongroom.watch.events import EventSource
from strongroom.watch.names import is_temporary, load_ignore
from strongroom.watch.settling import Settling

BATCH = 256
LEASE = 15_000_000
#: Seconds between two looks at a live run's files.
LIVE_EVERY = 1.0
_POLL_EVERY = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `idle_end`: silence after which a run has ended; `reserve`: bytes to leave free."""

    quiet_time: float = 2.0
    idle_end: float = 1800.0
    rescan: float = 60.0
    reserve: int = 512 << 20


class WatchSession:
    """One owner's work on one watched folder. Not thread-safe: one thread calls `step`."""

    def __init__(
        self, desk: Desk, watch: Watch, timing: Timing, tell: Callable[[Event], None]
    ) -> None:
        self.desk, self.watch, self.timing, self.tell = desk, watch, timing, tell
        self.settling = Settling(timing.quiet_time)
        self.runs = WatchRuns(desk, watch)
        self.files: dict[bytes, SourceFile] = {}
        self.left_out: dict[bytes, str] = {}
        self.held: set[bytes] = set()
        self.state = ""
        self.kept = 0
        self._seen: dict[bytes, Seen] = {}
        self._events: EventSource | None = None
        self._grouping: Grouping | None = None
        self._rescan_at = 0.0
        self._scan_cost = 0.0
        self._lease_at = 0.0
        self._idle = False
        self._full_until = 0.0
        self._skip, self._ignore_problem = load_ignore(watch.root)

    def open(self) -> None:
        """Takes the folder's lease; raises `Busy` naming who watches it."""
        self._renew_lease(force=True)
        self._seen = rows.seen_in(self.desk.engine, self.watch.id)

    def close(self) -> None:
        if self._events is not None:
            self._events.stop()
            self._events = None
        rows.drop_lease(self.desk.engine, lease_key(self.watch), self.desk.owner)

    def wait(self, seconds: float) -> None:
        if self._events is not None:
            self._events.wait(seconds)
        else:
            time.sleep(seconds)

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
        if not self._look(at):
            return
        if at < self._full_until:
            return
        self._take_settled(at, progress or quiet(), end_runs)
        if at < self._full_until:
            return
        self._show_live(at)
        self._tell_state("polling" if self._events and self._events.polling else "live")
        idle = self.pending == 0
        if idle and not self._idle:
            self.tell(
                Event("watch.idle", {"id": self.watch.id, "path": os.fsdecode(self.watch.root)})
            )
        self._idle = idle

    def growing(self) -> list[bytes]:
        """Files that have not come to rest."""
        return self.settling.moving(time.monotonic())

    def unsettled(self) -> set[bytes]:
        """Files that were not taken yet, those that live runs hold included."""
        return {p for p in self.files if p in self.settling}

    # ------------------------------------------------------------------ looking

    def _look(self, at: float) -> bool:
        if not os.path.isdir(self.watch.root):
            if self.state != "missing":
                self._lose_folder()
            return False
        if self._events is None:
            self._events = EventSource(self.watch.root, bool(self.watch.options.get("polling")))
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

    def _rescan(self, at: float, renamed: dict[bytes, bytes]) -> None:
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
        present = {f.path: f for f in listing.files}
        for path in self.files.keys() - present.keys():
            self._vanished(path)
        if present.keys() != self.files.keys():
            self._grouping = None
        self.files.update(present)
        for file in listing.files:
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
        path = location[len(prefix) :]
        if self._skipped(path):
            return
        try:
            info = os.lstat(location)
        except OSError:
            if path in self.files:
                self._vanished(path)
            return
        import stat as kinds

        if not kinds.S_ISREG(info.st_mode):
            if not kinds.S_ISDIR(info.st_mode):
                self._rescan_at = min(self._rescan_at, at)  # links and others: the walk judges
            return
        file = SourceFile(location, path, Stat.of(info))
        if path not in self.files:
            self._grouping = None
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
            for active in self.runs.active.values():
                if any(m.path == file.path for m in active.folder.members):
                    active.changed = True

    def _vanished(self, path: bytes) -> None:
        self.files.pop(path, None)
        self._grouping = None
        self.settling.forget(path)
        self.held.discard(path)
        self.left_out.pop(path, None)

    def _lose_folder(self) -> None:
        if self._events is not None:
            self._events.stop()
            self._events = None
        self._tell_state("missing", "the folder is gone; watching goes on when it is back")

    # ------------------------------------------------------------------ taking

    def _take_settled(self, at: float, progress: Progress, end_runs: bool) -> None:
        due = [p for p in self.settling.due(at) if p in self.files]
        mode = self.watch.options.get("mode", "auto")
        if mode == "whole":
            if due and not self.settling.moving(at):
                self._take([self._whole()], progress)
            return
        if mode == "each":
            self._take([self._single(self.files[p]) for p in due], progress)
            return
        self._take_grouped(due, at, progress, end_runs)

    def _take_grouped(
        self, due: Sequence[bytes], at: float, progress: Progress, end_runs: bool
    ) -> None:
        grouping = self._groups()
        by_folder = {r.folder: r for r in grouping.runs}
        self.runs.resume(by_folder)
        for folder, active in self.runs.active.items():
            if folder in by_folder:
                active.folder = by_folder[folder]
        group_of = {f.path: g for g in grouping.groups for f in g.files}
        ended = self._ended_runs(at, end_runs)
        proposals: list[tuple[Proposal, tuple[bytes, ...]]] = []
        done: set[tuple[str, str, str, str]] = set()
        self.held = set()
        for path in due:
            group = group_of.get(path)
            if path in grouping.passed:
                self._pass_over(path, "its run's layout does not keep it")
            elif group is None:
                proposals.append(self._single(self.files[path]))
            elif group.key not in done:
                done.add(group.key)
                self.runs.ensure(by_folder[group.folder], self._seen)
                if self._must_wait(group, ended, at):
                    self.held.update(f.path for f in group.files if f.path in self.settling)
                else:
                    proposals.append(self._of_group(group))
        self._take(proposals, progress)
        for folder in ended:
            self._end_run(folder)

    def _groups(self) -> Grouping:
        if self._grouping is None:
            only = self.watch.options.get("layout") or None
            self._grouping = group_by_layout(list(self.files.values()), only=only)
        else:
            # Names are as they were, stats may not be.
            self._grouping = Grouping(
                tuple(replace(r, members=self._fresh(r.members)) for r in self._grouping.runs),
                tuple(replace(g, files=self._fresh(g.files)) for g in self._grouping.groups),
                self._grouping.passed,
            )
        return self._grouping

    def _fresh(self, files: Iterable[SourceFile]) -> tuple[SourceFile, ...]:
        return tuple(self.files[f.path] for f in files)

    def _must_wait(self, group: Group, ended: set[str], at: float) -> bool:
        over = group.folder in ended
        if group.role.live and not over:
            return True
        if self._by_rule(group) and not over:
            return True
        still = set(self.settling.moving(at))
        if any(f.path in still for f in group.files):
            return True
        names = [os.path.relpath(os.fsdecode(f.path), group.folder or ".") for f in group.files]
        return not over and not group.layout.ready(group.role.group, names)

    def _by_rule(self, group: Group) -> bool:
        """Whether the best-and-last rule decides about this group when its run ends."""
        return (
            self.watch.options.get("keep") == "best-last"
            and group.role.name.rpartition("/")[2] == "checkpoint"
        )

    def _ended_runs(self, at: float, end_runs: bool) -> set[str]:
        """Folders of runs that have ended and whose files all stand still."""
        moving, ended, wall = set(self.settling.moving(at)), set(), time.time_ns()
        limit = self.timing.quiet_time if end_runs else self.timing.idle_end
        for folder, active in self.runs.active.items():
            members = active.folder.members
            if any(m.path in moving for m in members):
                continue
            newest = max((max(m.stat.mtime_ns, m.stat.ctime_ns) for m in members), default=0)
            silent = (wall - newest) / 1e9 >= limit
            if (
                silent
                or self.runs.status(active) != RunStatus.RUNNING
                or (active.changed and self.runs.is_complete(active))
            ):
                ended.add(folder)
        return ended

    def _end_run(self, folder: str) -> None:
        active = self.runs.active.get(folder)
        if active is None:
            return
        if any(m.path in self.settling for m in active.folder.members if m.path in self.files):
            return  # something of it could not be taken yet; it ends with that
        self.runs.finish(active, self._seen)
        self.tell(Event("run.changed", {"id": active.id}))

    def _show_live(self, at: float) -> None:
        for active in self.runs.active.values():
            if active.changed and at - active.shown_at >= LIVE_EVERY:
                active.shown_at = at
                self.runs.show_live(active, self._seen)
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
            files=group.renamed_files(),
            kind=group.kind,
            run=active.id,
            source=os.path.join(self.watch.root, group.root),
            strict=True,
        ), tuple(f.path for f in group.files)

    def _take(
        self, proposals: Sequence[tuple[Proposal, tuple[bytes, ...]]], progress: Progress
    ) -> None:
        proposals = self._chosen(proposals)
        for start in range(0, len(proposals), BATCH):
            part = proposals[start : start + BATCH]
            if not self._room(sum(f.stat.size for p, _ in part for f in p.files)):
                return
            paths = {id(p): originals for p, originals in part}

            def remember(recorder: Recorder, outcomes: Sequence[Outcome]) -> None:
                seen = [s for o in outcomes for s in _seen_of(o, paths[id(o.proposal)])]  # noqa: B023
                rows.write_seen(recorder.tx, self.watch.id, seen)

            files = [f for p, _ in part for f in p.files]
            progress.begin(len(files), sum(f.stat.size for f in files))
            try:
                outcomes = add_batch(self.desk, [p for p, _ in part], progress, remember)
            except NoSpace as error:
                self._full(str(error))
                return
            for outcome in outcomes:
                self._after(outcome, paths[id(outcome.proposal)])
            self._renew_lease()

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
        for one in _seen_of(outcome, paths):
            self._seen[one.path] = one
            file = self.files.get(one.path)
            if file is not None and unchanged(one, file):
                self.settling.forget(one.path)
                self.left_out.pop(one.path, None)
        self.kept += outcome.created
        self.tell(
            Event(
                "version.created",
                {"version": outcome_views(self.desk, [outcome])[0], "watch": self.watch.id},
            )
        )

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

    def _renew_lease(self, force: bool = False) -> None:
        at = time.monotonic()
        if not force and at - self._lease_at < 4:
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


def _seen_of(outcome: Outcome, paths: Sequence[bytes]) -> list[Seen]:
    if outcome.version is None:
        return []
    return [
        Seen(
            path,
            s.dev,
            s.ino,
            s.size,
            s.mtime_ns,
            s.ctime_ns,
            digest,
            outcome.version.id,
            outcome.proposal.run,
            "kept",
            "",
        )
        for path, (_, s, digest) in zip(paths, outcome.stats, strict=True)
    ]

"""The runs of one watched folder: found again after a restart, shown live, sealed when they end."""

from __future__ import annotations

import logging
import os
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from strongroom.catalog import blobs, catalog
from strongroom.catalog.catalog import RunRow, VersionRow
from strongroom.catalog.watching import Seen, Watch
from strongroom.disk.listing import SourceFile, Stat
from strongroom.domain.facts import RunStatus
from strongroom.domain.record import Document, plain_values
from strongroom.domain.timestamps import micros, new_id
from strongroom.services import inner_runs, live_series, named_inputs
from strongroom.services.curves import Columns
from strongroom.services.desk import Desk
from strongroom.services.grouping import RunFolder
from strongroom.services.ingest import stored_piece
from strongroom.services.inspection import Piece
from strongroom.services.run_paths import folder_of, kept_path, shown_path
from strongroom.services.runs import RunWriter, empty_document

log = logging.getLogger(__name__)
#: At most so many files of one run are read for what they say.
READ_FILES = 200
#: A folder that a run names as its input stands for the files in it, if they are not more.
READ_FOLDER = 100
_SMALL_TEXT = 4 << 20


@dataclass
class Active:
    """A run that is still going on. `changed`: its files say more than was last shown.

    `silent_since` and `show_at` on the monotonic clock; `ended`: someone said that it is over.
    """

    id: str
    folder: RunFolder
    generation: int
    changed: bool = True
    silent_since: float = 0.0
    show_at: float = 0.0
    ended: bool = False
    best: tuple[str, ...] = ()


class WatchRuns:
    """Finds or makes the run of a folder, and keeps its document up to date."""

    def __init__(self, desk: Desk, watch: Watch) -> None:
        self.desk, self.watch = desk, watch
        self.active: dict[str, Active] = {}
        self._last_seq = -1
        self._hashed: dict[Stat, bytes] = {}

    def ensure(self, folder: RunFolder, seen: Mapping[bytes, Seen]) -> Active:
        """The run that new content in `folder` belongs to, running."""
        if (known := self.active.get(folder.folder)) is not None:
            return known
        while True:
            rows = catalog.runs_at(self.desk.engine, self.watch.id, kept_path(folder.folder))
            newest = rows[0] if rows else None
            if newest is not None and self._same(newest, folder, seen):
                active = Active(newest.id, folder, newest.generation)
                if newest.status != RunStatus.RUNNING:
                    self._record(active, RunStatus.RUNNING, seen)
            else:
                active = Active(new_id(), folder, (newest.generation + 1) if newest else 1)
                if not self._record(active, RunStatus.RUNNING, seen, new=True):
                    continue  # who had the lease before made it just now
            self.active[folder.folder] = active
            return active

    def resume(self, folders: Mapping[str, RunFolder]) -> list[Active]:
        """Takes up runs that were going on when the watch last ended; these come back."""
        taken_up = []
        for row in catalog.running(self.desk.engine, self.watch.id):
            folder = folder_of(row.path)
            if folder not in self.active and folder in folders:
                active = Active(row.id, folders[folder], row.generation)
                self.active[folder] = active
                taken_up.append(active)
        return taken_up

    def look_for_ends(self) -> bool:
        """Whether someone has ended a run by `run finish` since the last call."""
        seq = catalog.last_seq(self.desk.engine)
        if seq == self._last_seq or not self.active:
            return False
        self._last_seq = seq
        rows = catalog.runs_by_ids(self.desk.engine, [a.id for a in self.active.values()])
        running = {row.id for row in rows if row.status == RunStatus.RUNNING}
        news = False
        for active in self.active.values():
            if active.id not in running and not active.ended:
                active.ended = news = True
        return news

    def status(self, active: Active) -> str:
        """What the catalog says of the run."""
        row = catalog.run_by_id(self.desk.engine, active.id)
        return row.status if row is not None else RunStatus.RUNNING

    def show_live(self, active: Active, seen: Mapping[bytes, Seen]) -> None:
        """Puts what the files say just now on the run's page; nothing is sealed."""
        document, answer, _ = self._read(active, seen, live_series.MOST)
        summary = answer.get("summary", {})
        curves = {
            name: Columns(one.steps, one.times, one.values, summary[name]["points"])
            for name, one in answer.get("series", {}).items()
        }
        try:
            live_series.write(self.desk.place.live, active.id, curves)
        except OSError as error:  # only the picture of a run that is sealed in any case
            log.warning("the curves of %s cannot be shown live: %s", active.id, error)
        catalog.write_live(
            self.desk.engine,
            active.id,
            {
                "params": plain_values(document["params"]),
                "metrics": plain_values(document["metrics"]),
                "series": summary,
                "inputs": [i["ref"] for i in document["inputs"]],
                "warnings": document["warnings"],
            },
        )
        active.changed = False

    def finish(self, active: Active, seen: Mapping[bytes, Seen]) -> None:
        """Seals the run as its files tell it now."""
        said = self.status(active)
        ended = RunStatus(said) if said != RunStatus.RUNNING else RunStatus.FINISHED
        self._record(active, ended, seen)
        self.active.pop(active.folder.folder, None)

    def is_complete(self, active: Active) -> bool:
        """Whether the folder itself says that the run has ended."""
        run = active.folder
        by_path = {run.relative(m): m for m in run.members}

        def read_text(path: str) -> str:
            file = by_path.get(path)
            if file is None or file.stat.size > _SMALL_TEXT:
                return ""
            try:
                with open(file.location, encoding="utf-8", errors="replace") as text:
                    return text.read(_SMALL_TEXT)
            except OSError:
                return ""

        return bool(run.layout.complete(list(by_path), read_text))

    def _same(self, row: RunRow, folder: RunFolder, seen: Mapping[bytes, Seen]) -> bool:
        """Whether `row` is the run that is in the folder now.

        A second training in the same place is another run: then none of the first one's files
        is still there as it was. A resumed one still has some.
        """
        if row.status == RunStatus.RUNNING:
            return True
        for member in folder.members:
            one = seen.get(member.path)
            if one is not None and one.run_id == row.id and unchanged(one, member):
                return True
        return False

    def _record(
        self, active: Active, status: RunStatus, seen: Mapping[bytes, Seen], new: bool = False
    ) -> bool:
        """False, and nothing is recorded, where a `new` run's number is taken."""
        document, answer, told = self._read(active, seen)
        times = [m.stat.mtime_ns // 1000 for m in active.folder.members]
        document["status"] = (told or status) if status == RunStatus.FINISHED else status
        document["ended_at"] = (
            None
            if status == RunStatus.RUNNING
            else document["ended_at"] or max(times, default=document["started_at"])
        )
        writer = RunWriter(self.desk)
        draft = writer.keep(
            active.id,
            document,
            answer.get("series"),
            {
                "watch": self.watch.id,
                "path": kept_path(active.folder.folder),
                "generation": active.generation,
            },
        )
        inner = inner_runs.drafts(
            self.desk,
            writer,
            answer,
            document,
            active.id,
            self.watch.id,
            kept_path(active.folder.folder),
            lambda into, hints: self._resolve(into, active.folder, hints, seen),
        )
        # Before it is sealed: after a crash between the two the run still runs and is looked at.
        live_series.forget(self.desk.place.live, active.id)
        where = (self.watch.id, kept_path(active.folder.folder), active.generation)
        with writer.recording() as recorder:
            if new and catalog.is_run_at(recorder.tx, *where):
                return False
            for one in (draft, *inner):
                recorder.write(one)
        active.changed = False
        return True

    def _read(
        self, active: Active, seen: Mapping[bytes, Seen], most: int | None = None
    ) -> tuple[Document, Document, str | None]:
        """The run's document, the child's answer with the curves, and the status it tells."""
        run = active.folder
        wanted = [m for m in run.members if run.layout.wanted(run.relative(m))][:READ_FILES]
        answer = self.desk.inspector.read_run(
            run.layout.name, [self._piece(run, m, seen) for m in wanted], most
        )
        times = [m.stat.mtime_ns // 1000 for m in run.members]
        started = answer.get("started_at")
        document = empty_document(
            answer.get("name") or posixpath.basename(shown_path(run.folder)) or self.watch.name,
            run.layout.name,
            micros(started) if started else min(times, default=None),
        )
        document["params"] = answer.get("params", {})
        document["metrics"] = answer.get("metrics", {})
        document["provenance"] = {**answer.get("provenance", {}), "folder": shown_path(run.folder)}
        document["warnings"] = list(answer.get("warnings", ()))
        if answer.get("ended_at"):
            document["ended_at"] = micros(answer["ended_at"])
        self._resolve(document, run, answer.get("inputs", ()), seen)
        active.best = tuple(answer.get("best", ()))
        return document, answer, answer.get("status")

    def _resolve(
        self,
        document: Document,
        run: RunFolder,
        hints: Iterable[Mapping[str, Any]],
        seen: Mapping[bytes, Seen],
    ) -> None:
        document["inputs"], unknown = self._inputs(run, hints, seen)
        if unknown:
            document["provenance"]["named_inputs"] = unknown

    def _piece(self, run: RunFolder, file: SourceFile, seen: Mapping[bytes, Seen]) -> Piece:
        """The stored copy where the file was kept as it is now, else the growing file itself."""
        one, path = seen.get(file.path), run.relative(file)
        if one is not None and one.digest is not None and unchanged(one, file):
            return stored_piece(self.desk, path, one.digest)
        return Piece(path, file=os.fsdecode(file.location), growing=True)

    def _inputs(
        self, run: RunFolder, hints: Iterable[Mapping[str, Any]], seen: Mapping[bytes, Seen]
    ) -> tuple[list[Document], list[str]]:
        """Named paths as references where their content is in the registry; and the other ones."""
        inputs: dict[str, Document] = {}
        unknown = []
        for hint in hints:
            rows = self._versions(run, hint, seen)
            if not rows:
                unknown.append(str(hint["target"]))
            for row in rows:
                one = named_inputs.as_input(row, hint)
                inputs[one["ref"]] = one
        return list(inputs.values()), unknown

    def _versions(
        self, run: RunFolder, hint: Mapping[str, Any], seen: Mapping[bytes, Seen]
    ) -> list[VersionRow]:
        """By the content's digest where the run tells it: other content may be there by now."""
        if hint["sha256"]:
            digest = bytes.fromhex(hint["sha256"])
            return [row for row, _ in blobs.files_holding(self.desk.engine, digest)][:1]
        found = self._versions_at(run, str(hint["target"]), seen)
        if found:
            return catalog.versions_by_ids(self.desk.engine, found)
        root = os.fsdecode(self.watch.root)  # what lies below it is found by `seen` in its time
        folder = posixpath.join(root, run.folder)
        return named_inputs.found(self.desk, hint, folder, self._hashed, outside=root)

    def _versions_at(self, run: RunFolder, target: str, seen: Mapping[bytes, Seen]) -> list[int]:
        """The versions of the file, or of the files in the folder, that `target` names from the
        run's folder or one above it. What the run itself made it has not read.
        """
        made = {member.path for member in run.members}
        for candidate in map(os.fsencode, self._places(run, target)):
            one = seen.get(candidate)
            if one is not None:
                known = [one]
            else:
                below = candidate + b"/"
                known = [s for path, s in seen.items() if path.startswith(below)]
            ids = {s.version_id for s in known if s.version_id is not None and s.path not in made}
            if ids:
                return sorted(ids) if len(ids) <= READ_FOLDER else []
        return []

    def _places(self, run: RunFolder, target: str) -> list[str]:
        """Where below the watched folder `target` may lie, the nearest first."""
        root = os.fsdecode(self.watch.root)
        if posixpath.isabs(target):
            places = [posixpath.relpath(target, root)]
        else:
            places, folder = [], run.folder
            while True:
                places.append(posixpath.normpath(posixpath.join(folder, target)))
                if not folder:
                    break
                folder = posixpath.dirname(folder)
        return [place for place in places if place != "." and not place.startswith("..")]


def unchanged(one: Seen, file: SourceFile) -> bool:
    """Whether the file still has the stat that it had when it was dealt with."""
    s = file.stat
    return (one.dev, one.ino, one.size, one.mtime_ns, one.ctime_ns) == (
        s.dev,
        s.ino,
        s.size,
        s.mtime_ns,
        s.ctime_ns,
    )

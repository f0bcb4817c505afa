"""A registry in a folder of this computer: the `Registry` protocol over the desk's use cases.

A use case loads when it is first asked for: `strongroom list` must not wait for the readers of
forty formats.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strongroom.catalog import blobs, catalog, jobs
from strongroom.domain.entry import Entry, Span
from strongroom.domain.timestamps import now, rfc3339
from strongroom.services import find
from strongroom.services.desk import Desk

if TYPE_CHECKING:
    from strongroom.services.add import AddOptions
    from strongroom.services.curves import Curves
    from strongroom.services.progress import Progress

Document = dict[str, Any]


class LocalRegistry:
    """See `services/registry.py`; `release` is called when it is closed. `made_before`: it was
    not just made by being opened.
    """

    def __init__(
        self, desk: Desk, release: Callable[[], None] = lambda: None, made_before: bool = True
    ) -> None:
        self.desk, self.made_before = desk, made_before
        self.place = str(desk.place.root)
        self._release = release

    def add(
        self,
        paths: Sequence[bytes],
        options: AddOptions,
        progress: Progress | None = None,
        dry_run: bool = False,
    ) -> Document:
        from strongroom.services import add

        return add.add(self.desk, paths, options, progress, dry_run)

    def list_artifacts(
        self, text: str = "", kind: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> Document:
        return find.list_artifacts(self.desk, text, kind, limit, cursor)

    def list_versions(
        self,
        name: str | None = None,
        text: str = "",
        kind: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        sort: str | None = None,
        descending: bool = True,
        span: Span = Span(),
        skip: int = 0,
    ) -> Document:
        return find.list_versions(
            self.desk, name, text, kind, limit, cursor, sort, descending, span, skip
        )

    def count_versions(self, text: str = "", span: Span = Span()) -> dict[str, int]:
        return find.count_versions(self.desk, text, span)

    def count_groups(
        self, by: str, text: str = "", kind: str | None = None, span: Span = Span()
    ) -> list[Document]:
        return find.count_groups(self.desk, by, text, kind, span)

    def suggest(self, field: str, prefix: str, limit: int = 20) -> list[str]:
        return find.suggest(self.desk, field, prefix, limit)

    def show(self, reference: str, files: int | None = None) -> Document:
        return find.show(self.desk, reference, files)

    def get(
        self,
        reference: str,
        into: Path,
        files: Sequence[str] = (),
        force: bool = False,
        link: bool = False,
        as_folder: bool = False,
        progress: Progress | None = None,
        as_file: bool = False,
    ) -> Document:
        from strongroom.services import export

        return export.get(
            self.desk, reference, into, files, force, link, as_folder, progress, as_file
        )

    def preview(
        self, reference: str, path: str, search: str = "", at: int = 0, line: int = 1
    ) -> Document:
        from strongroom.services import preview

        return preview.preview(self.desk, reference, path, search, at, line)

    def cat(self, reference: str, path: str) -> Iterator[bytes]:
        from strongroom.services import export

        return export.cat(self.desk, reference, path)

    def verify(
        self,
        references: Sequence[str] = (),
        sample: float = 1.0,
        repair: bool = False,
        below: Sequence[bytes] = (),
        progress: Progress | None = None,
    ) -> Document:
        from strongroom.services import verify

        return verify.verify(self.desk, references, sample, repair, below, progress)

    def diff(
        self, a: str, b: str, only: Sequence[str] = (), progress: Progress | None = None
    ) -> Document:
        from strongroom.services import compare

        return compare.diff(self.desk, a, b, only, progress)

    def compare(
        self,
        subjects: Sequence[str],
        baseline: int,
        section: str,
        progress: Progress | None = None,
    ) -> Document:
        from strongroom.services import compare

        return compare.compare(self.desk, subjects, baseline, section, progress)

    def label(self, reference: str, key: str, value: str) -> Document:
        from strongroom.services import remarks

        return remarks.label(self.desk, reference, key, value)

    def note(self, reference: str, text: str) -> Document:
        from strongroom.services import remarks

        return remarks.note(self.desk, reference, text)

    def list_runs(self, text: str = "", limit: int = 100, cursor: str | None = None) -> Document:
        return find.list_runs(self.desk, text, limit, cursor)

    def run_briefs(self, runs: Sequence[str]) -> dict[str, Document]:
        return find.run_briefs(self.desk, runs)

    def show_run(self, run: str, series: bool = False) -> Document:
        return find.show_run(self.desk, run, series)

    def run_series(
        self, run: str, names: Collection[str] | None = None, most: int | None = None
    ) -> Curves:
        from strongroom.services import curves

        return curves.run_series(self.desk, run, names, most)

    def run_log(self, run: str, lines: int = 400) -> Document:
        from strongroom.services import run_log

        return run_log.run_log(self.desk, run, lines)

    def start_run(
        self, run: str | None = None, name: str = "", params: Mapping[str, Any] | None = None
    ) -> Document:
        from strongroom.services import runs

        return runs.start(self.desk, run, name, params)

    def finish_run(self, run: str, failed: bool = False) -> Document:
        from strongroom.services import runs

        return runs.finish(self.desk, run, failed)

    def lineage(
        self,
        reference: str,
        up: bool = True,
        down: bool = True,
        depth: int | None = None,
        bases: Sequence[str] = ("declared", "observed", "inferred"),
        most: int = 20_000,
    ) -> Document:
        from strongroom.services import lineage

        return lineage.lineage(self.desk, reference, up, down, depth, bases, most)

    def impact(self, reference: str) -> Document:
        from strongroom.services import lineage_questions

        return lineage_questions.impact(self.desk, reference)

    def completeness(self, reference: str) -> Document:
        from strongroom.services import lineage_questions

        return lineage_questions.completeness(self.desk, reference)

    def lineage_path(self, first: str, second: str) -> Document:
        from strongroom.services import lineage_questions

        return lineage_questions.path(self.desk, first, second)

    def common_origins(self, first: str, second: str) -> Document:
        from strongroom.services import lineage_questions

        return lineage_questions.common(self.desk, first, second)

    def link(
        self, reference: str, source: str | None = None, run: str | None = None, reason: str = ""
    ) -> Document:
        from strongroom.services import links

        return links.link(self.desk, reference, source, run, reason)

    def take_lineage(self, path: Path) -> Document:
        from strongroom.services import openlineage

        return openlineage.take_events(self.desk, path)

    def decide_link(self, reference: str, source: str, decision: str) -> Document:
        from strongroom.services import links

        return links.decide(self.desk, reference, source, decision)

    def catch_up(self, progress: Progress | None = None, limit: int | None = None) -> int:
        from strongroom.services import inference

        return inference.catch_up(self.desk, progress, limit)

    def metric_directions(self) -> dict[str, str]:
        from strongroom.services import metric_directions

        return metric_directions.directions(self.desk)

    def direct_metric(self, name: str, direction: str | None) -> dict[str, str]:
        from strongroom.services import metric_directions

        return metric_directions.direct(self.desk, name, direction)

    def look_for_lost_runs(self) -> list[str]:
        from strongroom.services import tracking

        return tracking.look_for_lost(self.desk)

    def list_watches(self) -> Document:
        from strongroom.services import watches

        return watches.list_watches(self.desk)

    def add_watch(self, root: bytes, options: Document) -> Document:
        from strongroom.services import watches

        return watches.add_watch(self.desk, root, options)

    def remove_watch(self, root: bytes) -> Document:
        from strongroom.services import watches

        return watches.remove_watch(self.desk, root)

    def watch_totals(self) -> dict[str, Document]:
        from strongroom.services import watch_pages

        return watch_pages.watch_totals(self.desk)

    def watch_left_out(self, watch: str) -> list[Document]:
        from strongroom.services import watch_pages

        return watch_pages.watch_left_out(self.desk, watch)

    def look_at_folder(
        self, root: bytes, options: Document, progress: Progress | None = None
    ) -> Document:
        from strongroom.services import watch_pages

        return watch_pages.look_at_folder(self.desk, root, options, progress)

    def pause_watch(self, watch: str, paused: bool) -> None:
        from strongroom.services import watches

        watches.pause_watch(self.desk, watch, paused)

    def list_jobs(self) -> list[Document]:
        return [_job_view(j) for j in jobs.recent(self.desk.engine)]

    def job(self, job: int) -> Document | None:
        found = jobs.get(self.desk.engine, job)
        return _job_view(found) if found is not None else None

    def enqueue(self, kind: str, arguments: Document) -> int:
        return jobs.enqueue(self.desk.engine, kind, arguments, now())

    def cancel_job(self, job: int) -> None:
        jobs.cancel(self.desk.engine, job, now())

    def changes_after(self, seq: int) -> list[Document]:
        """Entries after `seq`, from whatever process, as `{seq, action, object}`."""
        import json

        return [
            {"seq": s, "action": a, "object": json.loads(o)}
            for s, a, o in catalog.entries_after(self.desk.engine, seq)
        ]

    def last_change(self) -> int:
        return catalog.last_seq(self.desk.engine)

    def status(self) -> Document:
        """What a status strip shows: place, free space, how many versions, known damage."""
        counts = catalog.count_by_kind(self.desk.engine)
        return {
            "place": self.place,
            "free": shutil.disk_usage(self.place).free,
            "versions": sum(counts.values()),
            "entries": catalog.last_seq(self.desk.engine),
            "damaged": len(blobs.damaged_blobs(self.desk.engine)),
            "read_only": self.desk.engine.read_only,
        }

    def try_place(self, place: Path, reserve: int) -> list[Document]:
        from strongroom.services.place_trial import try_place

        return try_place(place, reserve)

    def doctor(self, fix: bool = False, progress: Progress | None = None) -> Document:
        from strongroom.services import doctor

        return doctor.check(self.desk, fix, progress)

    def collect(self, dry_run: bool = False) -> Document:
        from strongroom.services import collect

        return asdict(collect.collect(self.desk, dry_run=dry_run))

    def subscribe(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        return self.desk.subscribe(listener)

    def close(self) -> None:
        self.desk.close()
        release, self._release = self._release, lambda: None
        release()


def _job_view(job: jobs.Job) -> Document:
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "arguments": job.arguments,
        "progress": job.progress,
        "result": job.result,
        "attempts": job.attempts,
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(job.updated_at),
        "cancelling": job.cancel,
    }

"""Runs: executions that made versions, each with a document of its own, sealed when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from strongroom.catalog import catalog
from strongroom.catalog.catalog import RunRow
from strongroom.domain import curve_blob
from strongroom.domain.digest import digest_of, text_of
from strongroom.domain.entry import Draft
from strongroom.domain.errors import BadInput, Conflict, NotFound
from strongroom.domain.facts import RunStatus
from strongroom.domain.record import (
    MOST_INLINE,
    RUN_SCHEMA,
    Document,
    Sealed,
    declared_values,
    seal,
    series_document,
    series_index,
    series_summary,
)
from strongroom.domain.series import Series
from strongroom.domain.timestamps import new_id, now
from strongroom.services.access import act
from strongroom.services.claiming import Claims
from strongroom.services.desk import Desk, Recorder
from strongroom.services.documents import StoredDocuments
from strongroom.services.find import show_run

MAX_ID = 128
#: Curves are stored in groups of so many bytes.
_GROUP_BYTES = 4 << 20


def check_id(run: str) -> str:
    if not 0 < len(run) <= MAX_ID or not run.isprintable():
        raise BadInput(f"a run's id has 1 to {MAX_ID} printable characters", run[:80], "shorten it")
    return run


def empty_document(name: str, layout: str = "", started_at: int | None = None) -> Document:
    return {
        "schema": RUN_SCHEMA,
        "name": name,
        "layout": layout,
        "status": RunStatus.RUNNING.value,
        "params": {},
        "metrics": {},
        "series": {},
        "inputs": [],
        "provenance": {},
        "started_at": now() if started_at is None else started_at,
        "ended_at": None,
        "warnings": [],
    }


def end_time(document: Document, told: float = 0.0) -> int:
    """When a run ended, in microseconds: as `told` by it where that can be, else now; never
    before it began, whatever the clocks did.
    """
    start, end = document["started_at"], now()
    return int(told) if start <= told <= end else max(start, end)


def sealed_document(desk: Desk, row: RunRow) -> Document:
    """The run's document with provenance of each value, as it was last recorded."""
    if row.document is None:
        return empty_document(row.name, row.layout, row.started_at)
    return dict(StoredDocuments(desk.store).run(row.document))


class RunWriter:
    """Keeps run documents durable, then records them: what it keeps is claimed until then."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._claims = Claims(desk)
        self.documents = StoredDocuments(desk.store)

    def keep(
        self,
        run: str,
        document: Document,
        series: Mapping[str, Series] | None = None,
        place: Document | None = None,
    ) -> Draft:
        """Seals and stores; the draft of the entry that makes it known comes back, with `place`
        among its details.
        """
        curves = self._keep_curves(series) if series else None
        if series:
            document = {**document, "series": series_summary(series)}
        sealed = seal(document)
        self._put(sealed)
        return Draft(
            "run.recorded",
            {"type": "run", "id": run},
            {
                "document": text_of(sealed.digest),
                "series": text_of(curves.digest) if curves else None,
                **(place or {}),
            },
        )

    def _keep_curves(self, series: Mapping[str, Series]) -> Sealed:
        """Few points are one document; of many each curve is a blob that can be read alone."""
        if sum(map(len, series.values())) <= MOST_INLINE:
            sealed = seal(series_document(series))
        else:
            index: dict[str, tuple[str, int]] = {}
            group: dict[bytes, bytes] = {}
            for name, one in series.items():
                data = curve_blob.pack(one)
                digest = digest_of(data)
                group[digest] = data
                index[name] = text_of(digest), len(data)
                if sum(map(len, group.values())) > _GROUP_BYTES:
                    self._claims.keep_documents(group)
                    group = {}
            self._claims.keep_documents(group)
            sealed = seal(series_index(index))
        self._put(sealed)
        return sealed

    def _put(self, sealed: Sealed) -> None:
        self._claims.keep_documents({sealed.digest: sealed.data})
        self.documents.hand_in(sealed)

    @contextmanager
    def recording(self) -> Iterator[Recorder]:
        """The transaction for what was kept; its claims end with it."""
        try:
            with self._desk.recording(self.documents) as recorder:
                self._claims.check(recorder.tx)
                yield recorder
        finally:
            self._claims.release()


def begin(desk: Desk, run: str, document: Document) -> None:
    """Records a new run; `Conflict` where the id is taken."""
    if not _written(desk, run, document, None, None):
        raise Conflict("there is a run with this id", run, "choose another id")


def revise(
    desk: Desk,
    run: str,
    change: Callable[[RunRow, Document], tuple[Document, Mapping[str, Series] | None] | None],
) -> None:
    """Records the run's document as `change` makes it anew, with whole curves or, for None, those
    that it has. It is asked again where somebody else changed the run meanwhile, so that nothing
    they said is lost; it answers None to leave the run as it is. Raises `NotFound`.
    """
    while True:
        row = catalog.run_by_id(desk.engine, run)
        if row is None:
            raise NotFound("there is no such run", run, "see `strongroom run list`")
        made = change(row, sealed_document(desk, row))
        if made is None or _written(desk, run, made[0], made[1], row):
            return


def _written(
    desk: Desk,
    run: str,
    document: Document,
    series: Mapping[str, Series] | None,
    before: RunRow | None,
) -> bool:
    """False, and nothing is recorded, where the run is no longer as it was `before`."""
    curves = before.series if before is not None and not series else None
    kept = {"series": text_of(curves)} if curves is not None else {}
    writer = RunWriter(desk)
    draft = writer.keep(run, document, series, kept)
    with writer.recording() as recorder:
        found = catalog.run_state(recorder.tx, run)
        if found != (None if before is None else (before.document, before.series)):
            return False
        recorder.write(draft)
    return True


@act("run.write")
def start(
    desk: Desk, run: str | None = None, name: str = "", params: Mapping[str, Any] | None = None
) -> Document:
    """Begins a run with the caller's id or a new UUIDv7; `Conflict` where the id is taken."""
    run = check_id(run) if run else new_id()
    begin(desk, run, {**empty_document(name or run), "params": declared_values(params or {})})
    return show_run(desk, run)


@act("run.write")
def finish(desk: Desk, run: str, failed: bool = False) -> Document:
    """Ends a running run; `Conflict` where it has ended already."""
    status = RunStatus.FAILED if failed else RunStatus.FINISHED

    def ended(row: RunRow, document: Document) -> tuple[Document, None]:
        if row.status != RunStatus.RUNNING:
            raise Conflict(f"the run is {row.status} already", run, "start a new one")
        return {**document, "status": status.value, "ended_at": end_time(document)}, None

    revise(desk, run, ended)
    return show_run(desk, run)


def declare(desk: Desk, run: str, params: Mapping[str, Any], metrics: Mapping[str, Any]) -> None:
    """Makes sure the run an `add` names is there, and adds what was declared for it."""
    check_id(run)

    def with_these(document: Document) -> Document:
        return {
            **document,
            "params": {**document["params"], **declared_values(params)},
            "metrics": {**document["metrics"], **declared_values(metrics)},
        }

    if catalog.run_by_id(desk.engine, run) is None:
        with suppress(Conflict):  # somebody else did meanwhile
            begin(desk, run, with_these(empty_document(run)))
            return

    def added(row: RunRow, document: Document) -> tuple[Document, None] | None:
        merged = with_these(document)
        return (merged, None) if merged != document else None

    revise(desk, run, added)

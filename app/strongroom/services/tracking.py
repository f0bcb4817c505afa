"""Runs that a training tells of itself: begun, fed, ended, and noticed when their process is gone.

What is logged lies in the spool (`services/spool.py`) until the run ends; only then is it sealed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from strongroom.catalog import catalog
from strongroom.catalog.catalog import RunRow
from strongroom.domain.canonical import plain
from strongroom.domain.digest import text_of
from strongroom.domain.errors import Conflict, NotFound
from strongroom.domain.facts import RunStatus
from strongroom.domain.record import Document, declared_values
from strongroom.domain.secrets import masked
from strongroom.domain.timestamps import new_id, now
from strongroom.services import live_series, spool
from strongroom.services.access import act
from strongroom.services.curves import sealed_series
from strongroom.services.desk import Desk, is_dead
from strongroom.services.find import resolve
from strongroom.services.runs import RunWriter, check_id, empty_document, sealed_document

log = logging.getLogger(__name__)
#: The layout that such runs have.
LAYOUT = "track"


@act("run.write")
def begin(
    desk: Desk,
    name: str,
    run: str | None = None,
    params: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
    started_at: int | None = None,
) -> str:
    """Begins a run of this process; its id comes back. `provenance["process"]` tells which."""
    run = check_id(run) if run else new_id()
    if catalog.run_by_id(desk.engine, run) is not None:
        raise Conflict("there is a run with this id", run, "choose another id")
    document = empty_document(name, LAYOUT, started_at)
    document["params"] = declared_values(params or {})
    document["provenance"] = masked("", dict(provenance or {}))
    _record(desk, run, document)
    return run


@act("run.write")
def use(desk: Desk, run: str, reference: str) -> str:
    """Notes that the run reads the version; `name@vN` of it comes back."""
    return add_input(desk, run, reference, "run.use")


def add_input(desk: Desk, run: str, reference: str, rule: str) -> str:
    """As `use`, for what was seen in another way."""
    version = resolve(desk, reference)
    ref = f"{version.artifact}@v{version.n}"
    row = _row(desk, run)
    document = sealed_document(desk, row)
    if all(one.get("ref") != ref for one in document["inputs"]):
        seen = {
            "ref": ref,
            "content_digest": text_of(version.content),
            "basis": "observed",
            "rule": rule,
            "file": "",
        }
        _record(desk, run, {**document, "inputs": [*document["inputs"], seen]}, row)
    return ref


@act("run.write")
def end(desk: Desk, run: str, status: RunStatus, error: str = "") -> None:
    """Seals the run with all that was logged by whatever process. One that has ended already
    keeps its status and gets what came since. `error`: what a failed one failed of.
    """
    row = _row(desk, run)
    folder = spool.folder_for(desk.place.live, run)
    gathered = spool.gather(folder)
    document = sealed_document(desk, row)
    series = dict(sealed_series(desk, row.series)) if row.series is not None else {}
    for name, one in gathered.series().items():
        series[name] = series[name].followed_by(one) if name in series else one
    document["params"] = {**document["params"], **declared_values(gathered.params)}
    document["metrics"] = {**document["metrics"], **declared_values(gathered.finals)}
    if row.status == RunStatus.RUNNING:
        last = int(gathered.last_time * 1e6) if status == RunStatus.LOST else 0
        document["status"] = status.value
        document["ended_at"] = last or now()
    if error:
        document["provenance"] = {**document["provenance"], "error": error}
    writer = RunWriter(desk)
    draft = writer.keep(run, document, series)
    with desk.recording(writer.documents) as recorder:
        recorder.write(draft)
    live_series.forget(desk.place.live, run)
    spool.forget(folder)


@act("run.write")
def look_for_lost(desk: Desk) -> list[str]:
    """Ends the runs whose process was killed, as lost; their ids come back."""
    lost: list[str] = []
    if desk.engine.read_only:
        return lost
    for row in catalog.running(desk.engine, "", LAYOUT):
        owner = row.text["provenance"].get("process", "")
        if owner and is_dead(owner):
            end(desk, row.id, RunStatus.LOST, "its process ended without a word")
            log.warning("run %s is lost: its process is gone", row.id)
            lost.append(row.id)
    return lost


def going_on(desk: Desk) -> dict[str, str]:
    """Runs that go on, each with something that changes when its page does."""
    return {
        row.id: str(hash(str((row.live or {}).get("series"))))
        for row in catalog.running(desk.engine, "", LAYOUT)
    }


def show_live(
    desk: Desk, run: str, params: Mapping[str, Any], metrics: Mapping[str, Any], series: Document
) -> None:
    """Puts what the training says just now on the run's page; nothing is sealed."""
    live = {"params": masked("", dict(params)), "metrics": dict(metrics), "series": series}
    catalog.write_live(desk.engine, run, plain(live))


def _row(desk: Desk, run: str) -> RunRow:
    row = catalog.run_by_id(desk.engine, run)
    if row is None:
        raise NotFound("there is no such run", run, "see `strongroom run list`")
    return row


def _record(desk: Desk, run: str, document: Document, row: RunRow | None = None) -> None:
    kept = {"series": text_of(row.series)} if row is not None and row.series is not None else {}
    writer = RunWriter(desk)
    draft = writer.keep(run, document, place=kept)
    with desk.recording(writer.documents) as recorder:
        recorder.write(draft)

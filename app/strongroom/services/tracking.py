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
from strongroom.domain.errors import StrongroomError
from strongroom.domain.facts import RunStatus
from strongroom.domain.record import Document, declared_values
from strongroom.domain.secrets import masked
from strongroom.domain.series import Series
from strongroom.domain.timestamps import new_id
from strongroom.services import live_series, runs, spool
from strongroom.services.access import act
from strongroom.services.curves import sealed_series
from strongroom.services.desk import Desk, is_dead
from strongroom.services.find import resolve
from strongroom.services.runs import check_id, empty_document, end_time

log = logging.getLogger(__name__)
#: The layout that such runs have.
LAYOUT = "track"
#: In a run's document: how many bytes of each process's file are sealed in it, so that a crash
#: before they are cleared away, or a process that logs on, makes no point twice.
_LOGGED = "logged"


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
    document = empty_document(name, LAYOUT, started_at)
    document["params"] = declared_values(params or {})
    document["provenance"] = masked("", dict(provenance or {}))
    runs.begin(desk, run, document)
    return run


@act("run.write")
def use(desk: Desk, run: str, reference: str) -> str:
    """Notes that the run reads the version; `name@vN` of it comes back."""
    return add_input(desk, run, reference, "run.use")


def add_input(desk: Desk, run: str, reference: str, rule: str) -> str:
    """As `use`, for what was seen in another way."""
    version = resolve(desk, reference)
    ref = f"{version.artifact}@v{version.n}"
    seen = {
        "ref": ref,
        "content_digest": text_of(version.content),
        "basis": "observed",
        "rule": rule,
        "file": "",
    }

    def with_it(row: RunRow, document: Document) -> tuple[Document, None] | None:
        if any(one.get("ref") == ref for one in document["inputs"]):
            return None
        return {**document, "inputs": [*document["inputs"], seen]}, None

    runs.revise(desk, run, with_it)
    return ref


@act("run.write")
def end(desk: Desk, run: str, status: RunStatus | None, error: str = "", ended_at: int = 0) -> None:
    """Seals the run with all that was logged by whatever process, each line once.

    One that has ended already keeps its status and gets what came since, as does any with the
    status None; but that it finished or failed is worth more than that it was lost. `error`: what
    a failed one failed of. `ended_at`: when, if it was before now.
    """
    folder = spool.folder_for(desk.place.live, run)
    taken: dict[str, int] = {}

    def sealed(row: RunRow, document: Document) -> tuple[Document, dict[str, Series]] | None:
        nonlocal taken
        before = document.get(_LOGGED, {})
        gathered, taken = spool.gather(folder, before)
        ends = status is not None and (
            row.status == RunStatus.RUNNING
            or (row.status == RunStatus.LOST and status != RunStatus.LOST)
        )
        if not ends and taken == before:
            return None
        series = dict(sealed_series(desk, row.series)) if row.series is not None else {}
        for name, one in gathered.series().items():
            series[name] = series[name].followed_by(one) if name in series else one
        changed = {
            **document,
            "params": {**document["params"], **declared_values(gathered.params)},
            "metrics": {**document["metrics"], **declared_values(gathered.finals)},
            _LOGGED: taken,
        }
        if ends and status is not None:
            told = gathered.last_time * 1e6 if status == RunStatus.LOST else ended_at
            provenance = {k: v for k, v in document["provenance"].items() if k != "error"}
            changed |= {
                "status": status.value,
                "ended_at": end_time(document, told),
                "provenance": {**provenance, **({"error": error} if error else {})},
            }
        return changed, series

    runs.revise(desk, run, sealed)
    live_series.forget(desk.place.live, run)
    spool.forget(folder, taken)


@act("run.write")
def look_for_lost(desk: Desk) -> list[str]:
    """Ends the runs whose process was killed, as lost; their ids come back."""
    lost: list[str] = []
    if desk.engine.read_only:
        return lost
    for row in catalog.running(desk.engine, "", LAYOUT):
        owner = row.text["provenance"].get("process", "")
        if owner and is_dead(owner):
            try:
                end(desk, row.id, RunStatus.LOST, "its process ended without a word")
            except (StrongroomError, OSError) as error:
                log.warning("run %s is lost, but cannot be ended yet: %s", row.id, error)
                continue
            log.warning("run %s is lost: its process is gone", row.id)
            lost.append(row.id)
    for run in spool.left_behind(desk.place.live):
        known = catalog.run_by_id(desk.engine, run)
        if known is not None and known.status != RunStatus.RUNNING:
            try:
                end(desk, run, None)  # what a process logged that was killed after the run's end
            except (StrongroomError, OSError) as error:
                log.warning("what is left of run %s cannot be taken in yet: %s", run, error)
    return lost


def is_going_on(desk: Desk, run: str) -> bool:
    """Whether the run is known, has not ended, and its process lives."""
    row = catalog.run_by_id(desk.engine, run)
    if row is None or row.status != RunStatus.RUNNING:
        return False
    return not is_dead(row.text["provenance"].get("process", ""))


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

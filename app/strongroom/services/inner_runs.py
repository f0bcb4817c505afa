"""Runs inside a run's folder: trials of a study, runs of a tracker's database, notebooks.

Each is a run of its own, found again by the folder's place and its own name there. Versions belong
to the folder's run, which an inner one names as `part_of` in its provenance; what it wrote stands
there as `made`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from strongroom.catalog import catalog
from strongroom.domain.entry import Draft
from strongroom.domain.facts import RunStatus
from strongroom.domain.record import Document, seal, series_summary
from strongroom.domain.timestamps import micros, new_id
from strongroom.services.desk import Desk
from strongroom.services.runs import RunWriter, empty_document, sealed_document

#: Puts inputs, by the hints of one run, into its document.
Resolve = Callable[[Document, Iterable[Mapping[str, Any]]], None]


def drafts(
    desk: Desk, writer: RunWriter, answer: Document, outer: Document, outer_id: str, watch: str,
    path: str, resolve: Resolve,
) -> list[Draft]:  # fmt: skip
    """The entries that make the inner runs of a child's answer known, as far as they say news."""
    found = []
    taken: set[str] = set()
    for run in answer.get("inner", ()):
        key = str(run["provenance"].get("run_id") or run["name"])
        if key in taken:
            continue
        taken.add(key)
        place = f"{path}#{key}"
        document = _document(run, outer, outer_id)
        resolve(document, run["inputs"])
        rows = catalog.runs_at(desk.engine, watch, place)
        if (
            rows
            and _says(desk, rows[0])
            == seal({**document, "series": series_summary(run["series"])}).digest
        ):
            continue
        where = {"watch": watch, "path": place, "generation": 1}
        ident = rows[0].id if rows else new_id()
        found.append(writer.keep(ident, document, run["series"], where))
    return found


def _document(run: Mapping[str, Any], outer: Document, outer_id: str) -> Document:
    started, ended = run["started_at"], run["ended_at"]
    document = empty_document(
        run["name"], outer["layout"], micros(started) if started else outer["started_at"]
    )
    document["status"] = run["status"] or RunStatus.FINISHED.value
    if outer["status"] != RunStatus.RUNNING:
        if run["status"] == RunStatus.RUNNING:  # nobody works on it any more, and it did not end
            document["status"] = RunStatus.LOST.value
        document["ended_at"] = outer["ended_at"]
    if ended:
        document["ended_at"] = micros(ended)
    document["params"], document["metrics"] = run["params"], run["metrics"]
    document["provenance"] = {
        **run["provenance"],
        "folder": outer["provenance"]["folder"],
        "part_of": outer_id,
        **({"made": run["made"]} if run["made"] else {}),
    }
    return document


def _says(desk: Desk, row: catalog.RunRow) -> bytes:
    return seal(sealed_document(desk, row)).digest

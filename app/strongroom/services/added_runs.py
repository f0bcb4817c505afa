"""Runs found in folders that someone adds: their versions are tied to them as watched ones are."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from strongroom.catalog import catalog
from strongroom.domain.facts import RunStatus
from strongroom.domain.provenance import NAMED
from strongroom.domain.record import Document, seal
from strongroom.domain.series import Series
from strongroom.domain.timestamps import new_id
from strongroom.services import inner_runs, named_inputs, runs
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.services.grouping import RunFolder
from strongroom.services.inspection import Piece
from strongroom.services.run_paths import shown_path
from strongroom.services.runs import RunWriter, empty_document

#: At most so many files of one run are read for what they say.
_READ_FILES = 200


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A run as its folder tells it. `known`: the id of one that says just the same already."""

    place: str
    document: Document
    series: dict[str, Series]
    answer: Document
    known: str | None
    generation: int


def read_run(desk: Desk, folder: RunFolder, root: bytes) -> FoundRun:
    """What the folder below `root` says of its run; nothing is recorded."""
    wanted = [m for m in folder.members if folder.layout.wanted(folder.relative(m))]
    pieces = [Piece(folder.relative(m), file=os.fsdecode(m.location)) for m in wanted[:_READ_FILES]]
    answer = desk.inspector.read_run(folder.layout.name, pieces)
    place = shown_path(posixpath.normpath(posixpath.join(os.fsdecode(root), folder.folder)))
    document = _document(answer, folder, posixpath.basename(place))
    return _known(desk, FoundRun(place, document, answer.get("series", {}), answer, None, 1))


def _known(desk: Desk, found: FoundRun) -> FoundRun:
    """With the run that says the same, if there is one, else with the number of a new one."""
    rows = catalog.runs_at(desk.engine, "", found.place)
    if not rows:
        return found
    known = None
    if rows[0].document is not None:
        before = dict(StoredDocuments(desk.store).run(rows[0].document))
        known = rows[0].id if _told(before) == _told(found.document) else None
    return replace(found, known=known, generation=rows[0].generation + 1)


def _told(document: Document) -> bytes:
    """What tells two readings of a run apart: all but its inputs, which depend on what is here."""
    provenance = {k: v for k, v in document["provenance"].items() if k != NAMED}
    return seal({**document, "series": {}, "inputs": [], "provenance": provenance}).digest


def _document(answer: dict[str, Any], folder: RunFolder, name: str) -> Document:
    times = [m.stat.mtime_ns // 1000 for m in folder.members]
    started, ended = answer.get("started_at"), answer.get("ended_at")
    document = empty_document(
        answer.get("name") or name,
        folder.layout.name,
        int(started * 1e6) if started else min(times, default=None),
    )
    document["status"] = answer.get("status") or RunStatus.FINISHED.value
    document["ended_at"] = int(ended * 1e6) if ended else max(times, default=None)
    document["params"] = answer.get("params", {})
    document["metrics"] = answer.get("metrics", {})
    document["provenance"] = {**answer.get("provenance", {}), "folder": shown_path(folder.folder)}
    document["warnings"] = list(answer.get("warnings", ()))
    _name_inputs(document, answer.get("inputs", ()))
    return document


def _name_inputs(document: Document, hints: Iterable[Mapping[str, Any]]) -> None:
    """What they name lies outside of what is added, so it is told and not looked for."""
    named = [str(hint["target"]) for hint in hints]
    if named:
        document["provenance"]["named_inputs"] = named


def tie_inputs(desk: Desk, run: str, found: FoundRun) -> None:
    """After its files are versions: what it names as read is looked for, some of it among them."""
    hints = found.answer.get("inputs", ())
    if not hints:
        return
    made = {f"{name}@v{n}" for name, n in catalog.outputs_by_run(desk.engine, [run]).get(run, ())}

    def tied(row: catalog.RunRow, document: Document) -> tuple[Document, None] | None:
        before = seal(document).digest
        named_inputs.fill(desk, document, hints, found.place)
        document["inputs"] = [one for one in document["inputs"] if one["ref"] not in made]
        return (document, None) if seal(document).digest != before else None

    runs.revise(desk, run, tied)


def record_run(desk: Desk, found: FoundRun) -> str:
    """The id of the run, recorded unless one that says the same is there."""
    while found.known is None:
        run = new_id()
        writer = RunWriter(desk)
        where = {"watch": "", "path": found.place, "generation": found.generation}
        draft = writer.keep(run, found.document, found.series, where)
        inner = inner_runs.drafts(
            desk, writer, found.answer, found.document, run, "", found.place, _name_inputs
        )
        with writer.recording() as recorder:
            if not catalog.is_run_at(recorder.tx, "", found.place, found.generation):
                for one in (draft, *inner):
                    recorder.write(one)
                return run
        found = _known(desk, found)  # somebody else added the folder meanwhile
    return found.known

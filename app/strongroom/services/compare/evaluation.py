"""Evaluations that lie in JSON files of a version, or of what its run made beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.extract import evaluation
from strongroom.extract.evaluation import Found
from strongroom.formats.document import read_json
from strongroom.formats.source import Unreadable
from strongroom.services.compare import rows
from strongroom.services.compare.section import Section
from strongroom.services.compare.subject import Held, Subject, Tick, files_of
from strongroom.services.desk import Desk
from strongroom.services.preview import verified_bytes
from strongroom.services.views import Document

#: A larger file is no summary of an evaluation.
_LARGEST, _MOST_FILES, _MOST_BYTES = 4 << 20, 60, 16 << 20


def compare(desk: Desk, a: Subject, b: Subject, tick: Tick) -> Document | None:
    """Each is `{"name", "kind"}`; a changed one has `a` and `b` too: see `extract/evaluation.py`
    for what they are by kind.
    """
    lines = _lines(desk, [a, b], 0, tick)
    if not lines:
        return None
    told: Document = {rows.CHANGED: [], rows.ADDED: [], rows.REMOVED: [], "same": 0}
    for line in lines:
        about = {"name": line["name"], "kind": line["kind"]}
        state = line["states"][1]
        if state == rows.SAME:
            told["same"] += 1
        elif state == rows.CHANGED:
            before, after = line["values"]
            told[state].append({**about, "a": before, "b": after})
        else:
            told[state].append(about)
    return told


def table(desk: Desk, subjects: Sequence[Subject], baseline: int, tick: Tick) -> Document | None:
    """Rows as of `rows.side_by_side`, with `kind`."""
    lines = _lines(desk, subjects, baseline, tick)
    return rows.counted(lines) if lines else None


def _lines(desk: Desk, subjects: Sequence[Subject], baseline: int, tick: Tick) -> list[Document]:
    read = [_evaluations(desk, s, tick) for s in subjects]
    lines = []
    for kind in (
        evaluation.CONFUSION, evaluation.REPORT, evaluation.ROC, evaluation.PRECISION_RECALL
    ):  # fmt: skip
        of_kind = [{name: f.value for (k, name), f in one.items() if k == kind} for one in read]
        for line in rows.side_by_side(_paired(of_kind), baseline, rows.alike):
            lines.append({**line, "kind": kind})
    return lines


def _paired(sides: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where each has one of a kind only, these belong together, whatever they are called."""
    if all(len(one) == 1 for one in sides):
        (title,) = sides[0]
        return [{title: value} for one in sides for value in one.values()]
    return sides


def _evaluations(desk: Desk, subject: Subject, tick: Tick) -> dict[tuple[str, str], Found]:
    """By kind and name: the file's, and the keys in it."""
    found: dict[tuple[str, str], Found] = {}
    room = _MOST_BYTES
    for held in [h for h in _files(desk, subject) if _may_be_one(h)][:_MOST_FILES]:
        room -= held.entry.size
        if room < 0:
            break
        tick(0, held.entry.size)
        data = verified_bytes(desk, held.version, held.entry)
        tick(len(data), 0)
        try:
            document = read_json(data)
        except Unreadable:
            continue  # the files section has it; it says nothing of an evaluation
        for one in evaluation.found_in(document, held.path):
            name = f"{held.path}: {one.name}" if one.name else held.path
            found.setdefault((one.kind, name), one)
    return found


def _may_be_one(held: Held) -> bool:
    return held.path.lower().endswith(".json") and held.entry.size <= _LARGEST


def _files(desk: Desk, subject: Subject) -> list[Held]:
    """A version's own files come first, then those of what else its run made."""
    own = files_of(desk, subject)
    if subject.version is None or subject.run is None:
        return own
    beside = files_of(desk, Subject("", None, subject.run))
    return [*own, *(h for h in beside if h.version.artifact != subject.version.artifact)]


section = Section("evaluation", compare, rows.differs, table)

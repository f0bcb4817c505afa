"""Evaluations that lie in JSON files of a version, or of what its run made beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.extract import evaluation
from strongroom.services.compare import rows
from strongroom.services.compare.section import Section
from strongroom.services.compare.subject import Held, Subject, Tick, files_of
from strongroom.services.desk import Desk
from strongroom.services.inspection import ChildDied
from strongroom.services.preview import sound_piece
from strongroom.services.views import Document

#: A larger file is no summary of an evaluation.
_LARGEST, _MOST_FILES = 4 << 20, 60


def compare(desk: Desk, a: Subject, b: Subject, tick: Tick) -> Document | None:
    """Each is `{"name", "kind"}`; a changed one has `a` and `b` too: see `extract/evaluation.py`
    for what they are by kind. `warnings` name the files that could not be read.
    """
    lines, warnings = _lines(desk, [a, b], 0, tick)
    if not lines and not warnings:
        return None
    told: Document = {rows.CHANGED: [], rows.ADDED: [], rows.REMOVED: [], "same": 0}
    if warnings:
        told["warnings"] = warnings
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
    """Rows as of `rows.side_by_side`, with `kind`; and `warnings`."""
    lines, warnings = _lines(desk, subjects, baseline, tick)
    return {**rows.counted(lines), "warnings": warnings} if lines or warnings else None


def _lines(
    desk: Desk, subjects: Sequence[Subject], baseline: int, tick: Tick
) -> tuple[list[Document], list[str]]:
    warnings: dict[str, None] = {}
    read = [_evaluations(desk, s, tick, warnings) for s in subjects]
    lines = []
    for kind in evaluation.KINDS:
        of_kind = [{name: v for (k, name), v in one.items() if k == kind} for one in read]
        for line in rows.side_by_side(_paired(of_kind), baseline, rows.alike):
            lines.append({**line, "kind": kind})
    return lines, list(warnings)


def _paired(sides: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where each has one of a kind only, these belong together, whatever they are called."""
    if all(len(one) == 1 for one in sides):
        (title,) = sides[0]
        return [{title: value} for one in sides for value in one.values()]
    return sides


def _evaluations(
    desk: Desk, subject: Subject, tick: Tick, warnings: dict[str, None]
) -> dict[tuple[str, str], Any]:
    """Values by kind and name: the file's, and the keys in it."""
    found: dict[tuple[str, str], Any] = {}
    files = [held for held in _files(desk, subject) if _may_be_one(held)]
    if len(files) > _MOST_FILES:
        warnings[f"{subject.ref}: only the first {_MOST_FILES} JSON files are looked at"] = None
    for held in files[:_MOST_FILES]:
        tick(0, held.entry.size)
        piece = sound_piece(desk, held.version, held.entry, held.path)
        try:
            told = desk.viewer.evaluations(piece)
        except ChildDied as death:
            warnings[f"{held.path}: it could not be read, {death}"] = None
            told = []
        tick(held.entry.size, 0)
        for one in told:
            name = f"{held.path}: {one['name']}" if one["name"] else held.path
            found.setdefault((one["kind"], name), one["value"])
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

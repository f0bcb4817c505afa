"""Curves in few numbers: points, last, lowest and highest value. Whole ones are read by run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.services.compare import rows
from strongroom.services.compare.section import Section
from strongroom.services.compare.subject import Subject, Tick
from strongroom.services.desk import Desk
from strongroom.services.views import Document, live_text


def compare(desk: Desk, a: Subject, b: Subject, tick: Tick) -> Document | None:
    of_a, of_b = _summary(a), _summary(b)
    return rows.changes(of_a, of_b) if of_a or of_b else None


def table(desk: Desk, subjects: Sequence[Subject], baseline: int, tick: Tick) -> Document | None:
    """With `runs`: whose curves are meant, None where a version comes from no run."""
    found = [_summary(s) for s in subjects]
    if not any(found):
        return None
    counted = rows.counted(rows.side_by_side(found, baseline))
    return {**counted, "runs": [s.run.id if s.run else None for s in subjects]}


def _summary(subject: Subject) -> dict[str, Any]:
    return dict(live_text(subject.run)["series"]) if subject.run is not None else {}


section = Section("curves", compare, rows.differs, table)

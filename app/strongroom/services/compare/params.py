"""Parameters: nested ones by their dotted names, each with its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strongroom.domain.errors import BadInput
from strongroom.formats.document import flatten
from strongroom.formats.source import Unreadable
from strongroom.services.compare import rows
from strongroom.services.compare.section import Section
from strongroom.services.compare.subject import Subject, Tick
from strongroom.services.desk import Desk
from strongroom.services.views import Document


def compare(desk: Desk, a: Subject, b: Subject, tick: Tick) -> Document:
    return rows.changes(_params(a), _params(b))


def table(desk: Desk, subjects: Sequence[Subject], baseline: int, tick: Tick) -> Document | None:
    found = [_params(s) for s in subjects]
    return rows.counted(rows.side_by_side(found, baseline)) if any(found) else None


def _params(subject: Subject) -> Mapping[str, Any]:
    try:
        return flatten(dict(subject.values("params")))
    except Unreadable as error:
        raise BadInput(f"its parameters cannot be compared: {error}", subject.ref) from error


section = Section("params", compare, rows.differs, table)

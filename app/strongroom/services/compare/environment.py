"""Where each comes from: code, packages, Python, hardware, user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.domain.errors import BadInput
from strongroom.formats.document import flatten
from strongroom.formats.source import Unreadable
from strongroom.services.compare import rows
from strongroom.services.compare.section import Section
from strongroom.services.compare.subject import Subject, Tick
from strongroom.services.desk import Desk
from strongroom.services.views import Document

#: What is another place and time by nature, and what the inputs tell better.
_NOT_COMPARED = ("folder", "named_inputs")


def compare(desk: Desk, a: Subject, b: Subject, tick: Tick) -> Document | None:
    of_a, of_b = _facts(a), _facts(b)
    return rows.changes(of_a, of_b) if of_a or of_b else None


def table(desk: Desk, subjects: Sequence[Subject], baseline: int, tick: Tick) -> Document | None:
    found = [_facts(s) for s in subjects]
    return rows.counted(rows.side_by_side(found, baseline)) if any(found) else None


def _facts(subject: Subject) -> dict[str, Any]:
    """Flat pairs; a list of packages as pip writes them becomes one pair a package."""
    facts = {k: v for k, v in subject.provenance().items() if k not in _NOT_COMPARED}
    try:
        flat = flatten(facts)
    except Unreadable as error:
        raise BadInput(f"its provenance cannot be compared: {error}", subject.ref) from error
    found: dict[str, Any] = {}
    for name, value in flat.items():
        if isinstance(value, list) and value and all(_is_pin(v) for v in value):
            found.update({f"{name}.{v.split('==')[0]}": v.split("==", 1)[1] for v in value})
        elif value not in (None, "", [], {}):
            found[name] = value
    return found


def _is_pin(value: Any) -> bool:
    return isinstance(value, str) and value.count("==") == 1 and not value.startswith("==")


section = Section("environment", compare, rows.differs, table)

"""Pictures by path: which are there and which differ. Pixels are looked at by the front end."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.services.compare import rows
from strongroom.services.compare.section import Section
from strongroom.services.compare.subject import Held, Subject, Tick, files_of, paired
from strongroom.services.desk import Desk
from strongroom.services.views import Document

_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
#: Pictures that are told of; those that differ come first.
_SHOWN = 2000


def compare(desk: Desk, a: Subject, b: Subject, tick: Tick) -> Document | None:
    """By path, each value the SHA-256 of the file."""
    pairs = paired([_pictures(desk, one) for one in (a, b)])
    if not pairs:
        return None
    sides: list[dict[str, str]] = [{}, {}]
    for path, held in pairs.items():
        for side, one in zip(sides, held, strict=True):
            if one is not None:
                side[path] = one.sha256
    return rows.changes(sides[0], sides[1], key="path")


def table(desk: Desk, subjects: Sequence[Subject], baseline: int, tick: Tick) -> Document | None:
    """Rows as of `rows.side_by_side`, what differs first; a value is `{"sha256", "size"}`, and
    `places` tells of each None or `{"ref", "path"}`: where to ask for it. `left_out` are not told.
    """
    found = []
    for subject in subjects:
        found.append(_pictures(desk, subject))
        tick(0, 0)
    pairs = paired(found)
    if not pairs:
        return None
    values: list[dict[str, Document]] = [{} for _ in subjects]
    for path, sides in pairs.items():
        for value, held in zip(values, sides, strict=True):
            if held is not None:
                value[path] = {"sha256": held.sha256, "size": held.entry.size}
    counted = rows.counted(rows.side_by_side(values, baseline))
    ordered = sorted(counted["rows"], key=lambda line: bool(line["same"]))
    for line in ordered[:_SHOWN]:
        line["places"] = [_place(held) for held in pairs[line["name"]]]
    return {**counted, "rows": ordered[:_SHOWN], "left_out": max(0, len(ordered) - _SHOWN)}


def _pictures(desk: Desk, subject: Subject) -> list[Held]:
    return [h for h in files_of(desk, subject) if h.path.lower().endswith(_SUFFIXES)]


def _place(held: Held | None) -> Document | None:
    if held is None:
        return None
    path = held.entry.path.decode("utf-8", "surrogateescape")
    return {"ref": f"{held.version.artifact}@v{held.version.n}", "path": path}


section = Section("images", compare, rows.differs, table)

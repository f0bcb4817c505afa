"""Files: by path, each with size and digest."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.services.compare import rows
from strongroom.services.compare.section import Section
from strongroom.services.compare.subject import Held, Subject, Tick, files_of, paired
from strongroom.services.desk import Desk
from strongroom.services.views import Document

#: Rows of one table; a folder may have a million files.
_SHOWN = 5000


def compare(desk: Desk, a: Subject, b: Subject, tick: Tick) -> Document:
    """A changed file is `{"path", "a": {"size", "sha256"}, "b": …}`, an added or removed one
    `{"path", "size", "sha256"}`.
    """
    changed, added, removed, same = [], [], [], 0
    for path, (of_a, of_b) in sorted(paired([files_of(desk, a), files_of(desk, b)]).items()):
        if of_a is None:
            assert of_b is not None
            added.append({"path": path, **_about(of_b)})
        elif of_b is None:
            removed.append({"path": path, **_about(of_a)})
        elif of_a.sha256 == of_b.sha256:
            same += 1
        else:
            changed.append({"path": path, "a": _about(of_a), "b": _about(of_b)})
    return {"changed": changed, "added": added, "removed": removed, "same": same}


def table(desk: Desk, subjects: Sequence[Subject], baseline: int, tick: Tick) -> Document | None:
    """Values are `{"size", "sha256"}`; what differs comes first, and `left_out` rows are not
    told.
    """
    found: list[dict[str, Document]] = [{} for _ in subjects]
    files = []
    for subject in subjects:
        files.append(files_of(desk, subject))
        tick(0, 0)
    for path, sides in paired(files).items():
        for at, held in enumerate(sides):
            if held is not None:
                found[at][path] = _about(held)
    counted = rows.counted(rows.side_by_side(found, baseline))
    ordered = sorted(counted["rows"], key=lambda line: bool(line["same"]))
    left_out = max(0, len(ordered) - _SHOWN)
    return {**counted, "rows": ordered[:_SHOWN], "left_out": left_out}


def _about(held: Held) -> Document:
    return {"size": held.entry.size, "sha256": held.sha256}


section = Section("files", compare, rows.differs, table)

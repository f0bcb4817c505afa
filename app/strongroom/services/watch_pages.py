"""What the page of a watched folder shows: what it made, and what a folder would make."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from strongroom.catalog import watching as rows
from strongroom.disk.listing import list_source
from strongroom.domain.errors import NotFound, printable
from strongroom.domain.names import derive_name
from strongroom.domain.timestamps import rfc3339
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.grouping import group_by_layout
from strongroom.services.progress import Progress, quiet
from strongroom.services.watches import DEFAULTS, check_folder
from strongroom.watch.names import load_ignore

Document = dict[str, Any]
#: So many lines of one kind are given; the rest is counted.
_MOST = 200


@act("watch.find")
def watch_totals(desk: Desk) -> dict[str, Document]:
    """`{watch id: {"versions", "bytes", "last_at", "left_out"}}`: what each folder made so far.

    `bytes` counts every version whole, `last_at` is None where there is none.
    """
    totals = {}
    for watch in rows.all_watches(desk.engine):
        versions, size, last, skipped = rows.totals(desk.engine, watch)
        totals[watch.id] = {
            "versions": versions,
            "bytes": size,
            "last_at": rfc3339(last) if last else None,
            "left_out": skipped,
        }
    return totals


@act("watch.find")
def watch_left_out(desk: Desk, watch: str) -> list[Document]:
    """`[{"path", "reason"}]`: files that were looked at and not taken."""
    found = rows.skipped(desk.engine, watch, _MOST)
    return [{"path": printable(os.fsdecode(path)), "reason": why} for path, why in found]


@act("watch.find")
def look_at_folder(
    desk: Desk, root: bytes, options: Mapping[str, Any], progress: Progress | None = None
) -> Document:
    """What watching `root` would take, by names and sizes alone; nothing is read or changed.

    `{"files", "bytes", "runs": [{"folder", "layout", "files"}], "run_count", "artifacts":
    [{"name", "kind", "files", "bytes"}], "artifact_count", "left_out": [{"path", "reason"}],
    "left_out_count"}`; lists hold at most 200. `kind` "" is told by the content later. Raises
    `NotFound` and `Conflict` as watching would.
    """
    progress = progress or quiet()
    root = os.path.realpath(root)
    if not os.path.isdir(root):
        raise NotFound("there is no such folder", printable(os.fsdecode(root)), "check the path")
    check_folder(desk, root)
    skip, problem = load_ignore(root)
    listing = list_source(root, follow_outside=False, follow_folders=False, skip=skip)
    progress.tick()
    chosen = {**DEFAULTS, **options}
    name = str(options.get("name") or derive_name(os.path.basename(root) or b"root"))
    left_out = [(one.path, one.why) for one in listing.left_out]
    if problem:
        left_out.insert(0, (b".strongroomignore", problem))
    runs: list[Document] = []
    made: dict[str, Document] = {}

    def note(artifact: str, kind: str, files: int, size: int) -> None:
        one = made.setdefault(artifact, {"name": artifact, "kind": kind, "files": 0, "bytes": 0})
        one["files"] += files
        one["bytes"] += size

    if chosen["mode"] == "whole":
        note(name, "", len(listing.files), sum(f.stat.size for f in listing.files))
    else:
        claimed: set[bytes] = set()
        if chosen["mode"] == "auto":
            grouping = group_by_layout(listing.files, only=chosen["layout"] or None)
            claimed = {f.path for g in grouping.groups for f in g.files} | grouping.passed
            left_out += [(p, "its run's layout does not keep it") for p in grouping.passed]
            runs = [
                {"folder": r.folder, "layout": r.layout.name, "files": len(r.members)}
                for r in grouping.runs
            ]
            for group in grouping.groups:
                size = sum(f.stat.size for f in group.files)
                note(f"{name}/{group.name}", str(group.kind), len(group.files), size)
        for file in listing.files:
            if file.path not in claimed:
                note(f"{name}/{derive_name(file.path)}", "", 1, file.stat.size)
    artifacts = sorted(made.values(), key=lambda one: (-one["bytes"], one["name"]))
    return {
        "files": len(listing.files),
        "bytes": sum(f.stat.size for f in listing.files),
        "runs": runs[:_MOST],
        "run_count": len(runs),
        "artifacts": artifacts[:_MOST],
        "artifact_count": len(artifacts),
        "left_out": [
            {"path": printable(os.fsdecode(path)), "reason": why} for path, why in left_out[:_MOST]
        ],
        "left_out_count": len(left_out),
    }

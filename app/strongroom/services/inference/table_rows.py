"""A table whose rows are nearly all in an earlier table is a selection of it.

Each profile keeps the lowest k of the hashes of its rows (a bottom-k sketch: Cohen & Kaplan,
"Summarizing data using bottom-k sketches", 2007). Of the hashes of the smaller table that lie
below the greatest one kept of the larger, the share that the larger one has too estimates how
much of the smaller is contained in it.
"""

from __future__ import annotations

from typing import Any

from strongroom.catalog import catalog, profiles
from strongroom.catalog.catalog import VersionRow
from strongroom.services.desk import Desk
from strongroom.services.inference.rule import Candidate, Rule

NAME = "rows of a table"
_LEAST_SHARE = 0.9
#: With fewer hashes to compare nothing is said.
_LEAST_HASHES = 16


def find(desk: Desk, row: VersionRow) -> list[Candidate]:
    """The table that contains it best, the newest of equals; of equal sizes the earlier one."""
    mine = _sketch(desk, row.id)
    if mine is None:
        return []
    best: tuple[float, int] | None = None
    for other, document in profiles.tables_before(desk.engine, row.id):
        share = containment(mine, document)
        if share >= _LEAST_SHARE and (best is None or share > best[0]):
            best = share, other
    if best is None:
        return []
    (source,) = catalog.versions_by_ids(desk.engine, [best[1]])
    if source.content == row.content:
        return []
    return [
        Candidate(
            source,
            NAME,
            round(min(0.95, best[0] * 0.95), 3),
            f"about {best[0]:.0%} of its rows are in it",
            "selected",
        )
    ]


def containment(mine: dict[str, Any], other: dict[str, Any]) -> float:
    """The estimated share of my rows that the other table has; 0.0 where too little is known."""
    ours, theirs = mine.get("row_sketch"), other.get("row_sketch")
    if not ours or not theirs or mine.get("rows", 0) > other.get("rows", 0):
        return 0.0
    hashes, known = ours["hashes"], set(theirs["hashes"])
    full = len(known) >= theirs["k"]
    reach = max(known, default=0) if full else None
    below = [h for h in hashes if reach is None or h <= reach]
    if len(below) < min(_LEAST_HASHES, len(hashes)) or len(below) < 4:
        return 0.0
    return sum(h in known for h in below) / len(below)


def _sketch(desk: Desk, version: int) -> dict[str, Any] | None:
    """The profile of the version's one table."""
    for _, digest, _ in profiles.files_of(desk.engine, version, 8):
        document = profiles.profile(desk.engine, digest)
        if document is not None and document.get("row_sketch"):
            return document
    return None


rule = Rule(NAME, frozenset({"dataset"}), find)

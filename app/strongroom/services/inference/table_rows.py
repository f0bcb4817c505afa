"""A table whose rows are nearly all in an earlier table is a selection of it.

Each profile keeps the lowest k of the hashes of its rows (a bottom-k sketch: Cohen & Kaplan,
"Summarizing data using bottom-k sketches", 2007). Of the hashes of the smaller table that lie
below the greatest one kept of the larger, the share that the larger one has too estimates how
much of the smaller is contained in it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from strongroom.catalog import catalog, profiles
from strongroom.catalog.catalog import VersionRow
from strongroom.services.desk import Desk
from strongroom.services.inference.rule import Candidate, Rule

NAME = "rows of a table"
_LEAST_SHARE = 0.9
#: With fewer hashes to compare nothing is said.
_LEAST_HASHES = 16
#: Sketches that are kept at hand; more than tables that are set against one.
_MOST_KNOWN = 4096


@dataclass(frozen=True, slots=True)
class Rows:
    """A sketch of a table's rows: the lowest `most` hashes, at least one."""

    count: int
    most: int
    hashes: frozenset[int]
    ordered: tuple[int, ...]


_known: dict[bytes, Rows] = {}


def find(desk: Desk, row: VersionRow) -> list[Candidate]:
    """The table that contains it best, the newest of equals; of equal sizes the earlier one."""
    mine = _own_rows(desk, row.id)
    if mine is None:
        return []
    best: tuple[float, int] | None = None
    for other, digest in profiles.tables_before(desk.engine, row.id):
        theirs = _rows(desk, digest)
        share = containment(mine, theirs) if theirs is not None else 0.0
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


def containment(mine: Rows, other: Rows) -> float:
    """The estimated share of my rows that the other table has; 0.0 where too little is known."""
    if mine.count > other.count:
        return 0.0
    full = len(other.hashes) >= other.most
    below = bisect_right(mine.ordered, other.ordered[-1]) if full else len(mine.ordered)
    if below < min(_LEAST_HASHES, len(mine.ordered)) or below < 4:
        return 0.0
    return len(mine.hashes & other.hashes) / below


def _own_rows(desk: Desk, version: int) -> Rows | None:
    """The rows of the version's one table."""
    for _, digest, _ in profiles.files_of(desk.engine, version, 8):
        if (found := _rows(desk, digest)) is not None:
            return found
    return None


def _rows(desk: Desk, digest: bytes) -> Rows | None:
    """What is known of a table's rows. A digest always names the same bytes, so it is read once
    in this process for all the tables that are set against it.
    """
    known = _known.get(digest)
    if known is None:
        document = profiles.profile(desk.engine, digest)
        sketch = (document or {}).get("row_sketch")
        if document is None or not sketch or not sketch["hashes"]:
            return None
        hashes = frozenset(sketch["hashes"])
        known = Rows(document.get("rows", 0), sketch["k"], hashes, tuple(sorted(hashes)))
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[digest] = known
    return known


rule = Rule(NAME, frozenset({"dataset"}), find)

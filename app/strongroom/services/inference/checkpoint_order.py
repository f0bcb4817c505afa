"""Checkpoints of one run follow each other: the later goes on from the one before."""

from __future__ import annotations

from strongroom.catalog import catalog
from strongroom.catalog.catalog import VersionRow
from strongroom.services.desk import Desk
from strongroom.services.inference.rule import Candidate, Rule

NAME = "checkpoint order"


def find(desk: Desk, row: VersionRow) -> list[Candidate]:
    """The version of the same artifact that the same run made just before."""
    if not row.run_id or row.n < 2:
        return []
    before = catalog.version_by_n(desk.engine, row.artifact, row.n - 1)
    if before is None or before.run_id != row.run_id:
        return []
    return [Candidate(before, NAME, 0.9, "the same run wrote it just before", "continues")]


rule = Rule(NAME, frozenset({"model"}), find)

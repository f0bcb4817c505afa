"""The shape of an inference rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from strongroom.catalog.catalog import VersionRow
from strongroom.services.desk import Desk


@dataclass(frozen=True, slots=True)
class Candidate:
    """`source` is what the version seems to be made from; `confidence` in (0, 1]."""

    source: VersionRow
    rule: str
    confidence: float
    reason: str
    relation: str = "derived"


@dataclass(frozen=True, slots=True)
class Rule:
    """`find` is asked for versions of these kinds and answers with versions committed before."""

    name: str
    kinds: frozenset[str]
    find: Callable[[Desk, VersionRow], Sequence[Candidate]]

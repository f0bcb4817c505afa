"""Where rows stand when versions are gathered under headings that fold."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Group:
    """A heading: `key` artifact name or run id, `first` the number of its first version."""

    key: str
    name: str
    count: int
    first: int


class Folding:
    """Rows of the view (headings and versions) ↔ numbers of versions in the list."""

    def __init__(self, groups: Sequence[Group], folded: Iterable[str] = ()) -> None:
        self.groups = groups
        self.folded = set(folded)
        self._arrange()

    def _arrange(self) -> None:
        shown = (1 + (0 if g.key in self.folded else g.count) for g in self.groups)
        self._starts = [0, *accumulate(shown)]
        self._firsts = [g.first for g in self.groups]

    @property
    def rows(self) -> int:
        return self._starts[-1]

    def at(self, row: int) -> tuple[Group, int | None]:
        """The group that `row` belongs to, and the version's number; None for the heading."""
        number = bisect_right(self._starts, row) - 1
        group, inside = self.groups[number], row - self._starts[number]
        return group, (group.first + inside - 1 if inside else None)

    def row_of(self, version: int) -> int | None:
        """Where a version stands; None where its group is folded."""
        number = bisect_right(self._firsts, version) - 1
        group = self.groups[number]
        if group.key in self.folded:
            return None
        return self._starts[number] + 1 + version - group.first

    def row_near(self, version: int) -> int:
        """As `row_of`, a folded version by its heading."""
        number = bisect_right(self._firsts, version) - 1
        row = self.row_of(version)
        return self._starts[number] if row is None else row

    def turn(self, key: str) -> None:
        """Folds a group, or unfolds it."""
        self.folded ^= {key}
        self._arrange()

    def turn_all(self) -> None:
        """Unfolds all if any is folded, else folds all."""
        self.folded = set() if self.folded else {g.key for g in self.groups}
        self._arrange()


def groups_of(counted: Iterable[tuple[str, str, int]]) -> list[Group]:
    """From `(key, name, count)` in the list's order."""
    groups, first = [], 0
    for key, name, count in counted:
        groups.append(Group(key, name, count, first))
        first += count
    return groups

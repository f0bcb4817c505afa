"""Whole numbers in ranges with both ends: a few words for what may be millions of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Ranges:
    """A set of numbers; `pairs` are its ranges, apart from each other and in order."""

    def __init__(self, pairs: Iterable[Iterable[int]] = ()) -> None:
        self.pairs: list[tuple[int, int]] = []
        for first, last in sorted((int(a), int(b)) for a, b in pairs):
            if self.pairs and first <= self.pairs[-1][1] + 1:
                self.pairs[-1] = self.pairs[-1][0], max(self.pairs[-1][1], last)
            elif first <= last:
                self.pairs.append((first, last))

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and any(a <= number <= b for a, b in self.pairs)

    def __len__(self) -> int:
        return sum(b - a + 1 for a, b in self.pairs)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self.pairs)

    def __sub__(self, other: Ranges) -> Ranges:
        left = list(self.pairs)
        for a, b in other.pairs:
            left = [
                part
                for first, last in left
                for part in ((first, min(last, a - 1)), (max(first, b + 1), last))
                if part[0] <= part[1]
            ]
        return Ranges(set(left))

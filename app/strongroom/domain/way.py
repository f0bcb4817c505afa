"""The shortest way through a graph, by breadth first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

N = TypeVar("N")


def shortest(following: Mapping[N, Sequence[N]], start: N, end: N) -> list[N]:
    """The nodes from `start` to `end`, both included; empty if there is no way."""
    came_from, level = {start: start}, [start]
    while level and end not in came_from:
        further = []
        for node in level:
            for one in following.get(node, ()):
                if one not in came_from:
                    came_from[one] = node
                    further.append(one)
        level = further
    if end not in came_from:
        return []
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]

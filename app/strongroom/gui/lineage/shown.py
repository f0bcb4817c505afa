"""What is asked of the registry and how it is to be seen, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from strongroom.gui.lineage.graph import Graph, collapsed, filtered, read
from strongroom.gui.lineage.layout import Placed, arrange
from strongroom.gui.lineage.lines import Line, lines
from strongroom.gui.lineage.toolbar import KINDS_SHOWN

Document = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What is asked for, and how it is to be shown."""

    root: str
    up: bool
    down: bool
    steps: int | None
    kinds: frozenset[str]
    bases: tuple[str, ...]
    opened: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Shown:
    """An answer, the graph that is seen of it, and where its cards stand."""

    document: Document
    whole: Graph
    graph: Graph
    placed: Placed
    drawn: Sequence[Line]
    counts: Mapping[str, int] = field(default_factory=dict)


def laid_out(document: Document, wanted: Wanted) -> Shown:
    """Everything that takes time: on a reading thread."""
    whole = read(document)
    counts: dict[str, int] = {}
    for node in whole.nodes.values():
        counts[node.kind] = counts.get(node.kind, 0) + 1
    kinds = wanted.kinds | (counts.keys() - KINDS_SHOWN)
    seen = filtered(whole, kinds, wanted.bases)
    graph = collapsed(seen, wanted.opened, wanted.kept & set(seen.nodes))
    pairs = [(edge.start, edge.end) for edge in graph.edges]
    placed = arrange(list(graph.nodes), pairs)
    return Shown(document, whole, graph, placed, lines(graph, placed), counts)


def holder(graph: Graph, name: str) -> str:
    """The node itself, or the group that it is in; "" where it is not shown."""
    if name in graph.nodes:
        return name
    return next((i for i, n in graph.nodes.items() if name in n.members), "")

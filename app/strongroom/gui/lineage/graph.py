"""The graph that is shown: what the registry answered, with long chains and fan-outs as groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from strongroom.domain.way import shortest

#: So many alike are one group; so many cards are drawn at most, the rest is grouped further.
ALIKE = 5
MOST = 500


@dataclass(frozen=True, slots=True)
class Node:
    """A version, a run or a group. `distance`: steps from the root, below zero upstream.

    `document` is the registry's; a group's has `kinds`, and `members` are the ids in it.
    `hidden_up` and `hidden_down`: edges to nodes that were not asked for.
    """

    id: str
    type: str
    kind: str
    name: str
    tag: str
    distance: int
    document: Mapping[str, Any]
    members: tuple[str, ...] = ()
    hidden_up: int = 0
    hidden_down: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """As api.md has it: from what was read to what was made."""

    start: str
    end: str
    relation: str
    basis: str
    rule: str = ""
    confidence: float = 1.0
    reason: str = ""
    decision: str = ""


@dataclass(frozen=True)
class Graph:
    """Nodes by id and the edges among them."""

    root: str
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]

    def neighbours(self, node: str, up: bool) -> list[str]:
        """What it was made from (`up`) or what was made of it, each once, in the edges' order."""
        found = (
            (e.start if up else e.end) for e in self.edges if (e.end if up else e.start) == node
        )
        return list(dict.fromkeys(found))

    def closure(self, node: str, up: bool) -> set[str]:
        following: defaultdict[str, list[str]] = defaultdict(list)
        for edge in self.edges:
            here, there = (edge.end, edge.start) if up else (edge.start, edge.end)
            following[here].append(there)
        found, level = {node}, [node]
        while level:
            level = [n for one in level for n in following[one] if n not in found]
            found.update(level)
        return found

    def way(self, first: str, second: str) -> list[str]:
        """The shortest way between two nodes, along the edges if there is one, else turning round
        on the way; empty where they are not connected.
        """
        for both in (False, True):
            for start, end in ((first, second), (second, first)):
                found = self._way(start, end, both)
                if found:
                    return found if start == first else found[::-1]
        return []

    def _way(self, start: str, end: str, both: bool) -> list[str]:
        following: defaultdict[str, list[str]] = defaultdict(list)
        for edge in self.edges:
            following[edge.start].append(edge.end)
            if both:
                following[edge.end].append(edge.start)
        return shortest(following, start, end)


def read(document: Mapping[str, Any]) -> Graph:
    """The graph of an answer of `Registry.lineage`."""
    edges = tuple(
        Edge(
            e["from"], e["to"], e["relation"], e["basis"], e["rule"], e["confidence"],
            e["reason"], e["decision"],
        )
        for e in document["edges"]
    )  # fmt: skip
    into: defaultdict[str, int] = defaultdict(int)
    out_of: defaultdict[str, int] = defaultdict(int)
    for edge in edges:
        into[edge.end] += 1
        out_of[edge.start] += 1
    nodes = {
        n["id"]: Node(
            n["id"],
            n["type"],
            n["kind"],
            n["name"],
            n["tag"] or "",
            n["distance"],
            n,
            hidden_up=max(0, n["into"] - into[n["id"]]),
            hidden_down=max(0, n["out_of"] - out_of[n["id"]]),
        )
        for n in document["nodes"]
    }
    return Graph(document["root"], nodes, edges)


def merged(graph: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Two answers as one, with the first one's root; distances of new nodes go on from there."""
    known = {n["id"]: n for n in graph["nodes"]}
    centre = known.get(more["root"], {"distance": 0})["distance"]
    nodes = list(graph["nodes"])
    for node in more["nodes"]:
        if node["id"] not in known:
            nodes.append({**node, "distance": centre + node["distance"]})
    keys = {_key(e) for e in graph["edges"]}
    edges = [*graph["edges"], *(e for e in more["edges"] if _key(e) not in keys)]
    refused = {_key(e): e for e in [*graph["refused"], *more["refused"]]}
    return {**graph, "nodes": nodes, "edges": edges, "refused": list(refused.values())}


def _key(edge: Mapping[str, Any]) -> tuple[str, ...]:
    return edge["from"], edge["to"], edge["relation"], edge["basis"]


# ---------------------------------------------------------------------- what is seen of it


def filtered(graph: Graph, kinds: Collection[str], bases: Collection[str]) -> Graph:
    """Without nodes of other kinds and edges of other bases; the root stays.

    What is then no longer connected with the root is left out too.
    """
    nodes = {i: n for i, n in graph.nodes.items() if n.kind in kinds or i == graph.root}
    edges = [e for e in graph.edges if e.basis in bases and e.start in nodes and e.end in nodes]
    around: defaultdict[str, list[str]] = defaultdict(list)
    for edge in edges:
        around[edge.start].append(edge.end)
        around[edge.end].append(edge.start)
    reached, level = {graph.root}, [graph.root]
    while level:
        level = [n for one in level for n in around[one] if n not in reached]
        reached.update(level)
    return Graph(
        graph.root,
        {i: n for i, n in nodes.items() if i in reached},
        tuple(e for e in edges if e.start in reached and e.end in reached),
    )


def collapsed(
    graph: Graph, opened: Collection[str] = (), kept: Collection[str] = (), most: int = MOST
) -> Graph:
    """Alike nodes as groups, but for groups in `opened` and nodes in `kept`.

    First versions of one artifact that one run made ("38 checkpoints"), then nodes of one kind
    with the same neighbours, then the inside of long chains. Where still more than `most` nodes
    are left, all of one kind at one distance are taken together, then all at one distance.
    """
    whole = {graph.root, *kept}

    def artifact_and_run(node: Node) -> Hashable:
        run = node.document.get("run")
        return (node.name, run) if node.type == "version" and run else None

    shown = _grouped(graph, "run", artifact_and_run, opened, whole)
    shown = _grouped(shown, "fan", _same_neighbours(shown), opened, whole)
    shown = _grouped(shown, "chain", _inside_of_chains(shown), opened, whole)
    for name, key in (
        ("kind", lambda n: (n.distance, n.type, n.kind)),
        ("column", lambda n: n.distance),
    ):
        if len(shown.nodes) > most:
            shown = _grouped(shown, name, key, opened, whole)
    return shown


def _same_neighbours(graph: Graph) -> Callable[[Node], Hashable]:
    around: defaultdict[str, set[tuple[str, bool]]] = defaultdict(set)
    for edge in graph.edges:
        around[edge.start].add((edge.end, True))
        around[edge.end].add((edge.start, False))
    return lambda node: (
        (node.type, node.kind, frozenset(around[node.id])) if around[node.id] else None
    )


def _inside_of_chains(graph: Graph) -> Callable[[Node], Hashable]:
    """Nodes of one type with one neighbour on either side, that follow each other."""
    before: defaultdict[str, set[str]] = defaultdict(set)
    after: defaultdict[str, set[str]] = defaultdict(set)
    for edge in graph.edges:
        after[edge.start].add(edge.end)
        before[edge.end].add(edge.start)
    inside = {i for i in graph.nodes if len(before[i]) == 1 and len(after[i]) == 1}
    first: dict[str, str] = {}

    def start_of(node: str) -> str:
        way = []
        while node not in first:
            way.append(node)
            (previous,) = before[node]
            if previous not in inside or previous in way:
                first[node] = node
            else:
                node = previous
        for one in way:
            first[one] = first[node]
        return first[node]

    return lambda node: start_of(node.id) if node.id in inside and node.type == "version" else None


def _grouped(
    graph: Graph,
    rule: str,
    key: Callable[[Node], Hashable],
    opened: Collection[str],
    whole: Collection[str],
) -> Graph:
    alike: defaultdict[Hashable, list[Node]] = defaultdict(list)
    for node in graph.nodes.values():
        found = key(node) if node.id not in whole else None
        if found is not None:
            alike[found].append(node)
    into: dict[str, str] = {}
    groups: dict[str, Node] = {}
    for nodes in alike.values():
        least = ALIKE if rule != "column" else 2
        if len(nodes) < least:
            continue
        members = tuple(m for n in nodes for m in (n.members or (n.id,)))
        group = f"group:{rule}:{min(members)}"
        if group in opened:
            continue
        groups[group] = _group(group, nodes, members)
        into.update(dict.fromkeys((n.id for n in nodes), group))
    if not groups:
        return graph
    nodes_left = {i: n for i, n in graph.nodes.items() if i not in into}
    return Graph(graph.root, {**nodes_left, **groups}, _moved(graph.edges, into))


def _group(ident: str, nodes: list[Node], members: tuple[str, ...]) -> Node:
    kinds = sorted({n.kind for n in nodes})
    names = {n.name for n in nodes}
    first = min(nodes, key=lambda n: (abs(n.distance), n.id))
    return Node(
        ident,
        "group",
        kinds[0] if len(kinds) == 1 else "other",
        names.pop() if len(names) == 1 else "",
        "",
        first.distance,
        {"kinds": kinds, "count": len(members)},
        members,
        sum(n.hidden_up for n in nodes),
        sum(n.hidden_down for n in nodes),
    )


def _moved(edges: Iterable[Edge], into: Mapping[str, str]) -> tuple[Edge, ...]:
    """Edges of members as edges of their group: each relation of one basis once, none inside."""
    found: dict[tuple[str, str, str], Edge] = {}
    for edge in edges:
        start, end = into.get(edge.start, edge.start), into.get(edge.end, edge.end)
        if start != end:
            found.setdefault((start, end, edge.basis), replace(edge, start=start, end=end))
    return tuple(found.values())

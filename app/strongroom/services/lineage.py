"""Lineage as a graph: what a version or run was made from, and what was made of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from strongroom.catalog import blobs, catalog, edges
from strongroom.catalog.edges import Edge, Node
from strongroom.domain.digest import text_of
from strongroom.domain.errors import BadInput, NotFound
from strongroom.domain.timestamps import rfc3339
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.find import resolve

Document = dict[str, Any]
#: `run:ID` names a run wherever a reference is asked for.
RUN = "run:"
BASES = ("declared", "observed", "inferred")
#: More nodes than this are not handed over in one answer; the nearest come first.
MOST_NODES = 20_000


@act("lineage.find")
def lineage(
    desk: Desk,
    reference: str,
    up: bool = True,
    down: bool = True,
    depth: int | None = None,
    bases: Collection[str] = BASES,
    most: int = MOST_NODES,
) -> Document:
    """The graph around a version or a run (`run:ID`).

    `{"root", "nodes", "edges", "refused", "more"}`. Nodes and edges as api.md has them; a node also
    has `distance` from the root (below zero: it is upstream), and `into` and `out_of`, how many
    edges it has in all. An edge leads from what was read to what was made, and also has `reason`
    and `decision`. `refused` lists inferred edges that a person refused; they are in no graph.
    `more` counts nodes beyond `most`, which are left out, the farthest first. `depth` counts steps.

    Raises `NotFound`, and `BadInput` for an unknown basis.
    """
    if depth is not None and depth < 0:
        raise BadInput("a depth is 0 or more", str(depth), "choose another --depth")
    if unknown := set(bases) - set(BASES):
        raise BadInput("there is no such basis", ", ".join(unknown), "choose " + ", ".join(BASES))
    root = node_of(desk, reference)
    distances: dict[Node, int] = {root: 0}
    nodes = {root}
    for upstream in [way for way, wanted in ((True, up), (False, down)) if wanted]:
        nodes |= edges.closure(desk.engine, root, upstream, depth)
    within = edges.edges_within(desk.engine, nodes)
    live = [e for e in within if e.decision != "refused" and e.basis in bases]
    for upstream in (True, False):
        for node, distance in steps_from(root, live, upstream, depth).items():
            distances.setdefault(node, -distance if upstream else distance)
    reached = sorted(distances, key=lambda node: (abs(distances[node]), node))
    kept = set(reached[:most])
    return {
        "root": _name(desk, root),
        **documents(desk, kept, live, distances),
        "refused": _refused(desk, kept),
        "more": len(reached) - len(kept),
    }


def node_of(desk: Desk, reference: str) -> Node:
    """The node that `name@v3`, any other reference, or `run:ID` means; raises `NotFound`."""
    if reference.startswith(RUN):
        run = reference.removeprefix(RUN)
        if catalog.run_by_id(desk.engine, run) is None:
            raise NotFound("there is no such run", run, "see `strongroom run list`")
        return ("run", run)
    return ("version", str(resolve(desk, reference).id))


def documents(
    desk: Desk, nodes: Collection[Node], found: Iterable[Edge], distances: dict[Node, int]
) -> Document:
    """`{"nodes", "edges"}` of what is known of these nodes and of edges among them."""
    names, shown = _nodes(desk, nodes, distances)
    among = [e for e in found if e.start in names and e.end in names and e.decision != "refused"]
    return {"nodes": shown, "edges": [edge_view(e, names) for e in among]}


def _refused(desk: Desk, nodes: Collection[Node]) -> list[Document]:
    """Refused edges at these nodes; the other end may be out of the graph."""
    found = edges.refused_at(desk.engine, nodes)
    names = _nodes(desk, {n for e in found for n in (e.start, e.end)}, {})[0] if found else {}
    return [edge_view(e, names) for e in found]


def edge_view(edge: Edge, names: dict[Node, str]) -> Document:
    return {
        "from": names[edge.start],
        "to": names[edge.end],
        "relation": edge.relation,
        "basis": edge.basis,
        "rule": edge.rule,
        "confidence": edge.confidence,
        "reason": edge.reason,
        "decision": edge.decision,
    }


def steps_from(
    root: Node, live: Iterable[Edge], upstream: bool, depth: int | None = None
) -> dict[Node, int]:
    """Steps from the root along the edges, one way."""
    following: dict[Node, list[Node]] = {}
    for edge in live:
        here, there = (edge.end, edge.start) if upstream else (edge.start, edge.end)
        following.setdefault(here, []).append(there)
    found, level, steps = {root: 0}, [root], 0
    while level and (depth is None or steps < depth):
        steps += 1
        further = {n for node in level for n in following.get(node, ()) if n not in found}
        found.update(dict.fromkeys(further, steps))
        level = list(further)
    return found


def _name(desk: Desk, node: Node) -> str:
    return _nodes(desk, [node], {})[0][node]


def _nodes(
    desk: Desk, nodes: Collection[Node], distances: dict[Node, int]
) -> tuple[dict[Node, str], list[Document]]:
    """The name of each node, and its document; nearest first, then by name."""
    versions = edges.version_nodes(desk.engine, [int(n) for kind, n in nodes if kind == "version"])
    runs = edges.run_nodes(desk.engine, [n for kind, n in nodes if kind == "run"])
    degrees = edges.degrees(desk.engine, nodes)
    damaged = blobs.damaged_versions(desk.engine, list(versions)) if versions else set()
    names: dict[Node, str] = {}
    shown: list[Document] = []
    for number, version in versions.items():
        node = ("version", str(number))
        names[node] = f"{version.artifact}@v{version.n}"
        shown.append(
            {
                "id": names[node],
                "type": "version",
                "name": version.artifact,
                "tag": f"v{version.n}",
                "kind": version.kind,
                "content_digest": text_of(version.content),
                "size": version.size,
                "created_at": rfc3339(version.created_at),
                "run": version.run_id,
                "metric": [version.metric, version.metric_value] if version.metric else None,
                "damaged": number in damaged,
                "warnings": version.warnings,
                "stages": [],
                **_place(node, distances, degrees),
            }
        )
    for run, one in runs.items():
        node = ("run", run)
        names[node] = f"{RUN}{run}"
        shown.append(
            {
                "id": names[node],
                "type": "run",
                "name": one.name,
                "tag": None,
                "kind": "run",
                "status": one.status,
                "started_at": rfc3339(one.started_at),
                "ended_at": rfc3339(one.ended_at) if one.ended_at is not None else None,
                **_place(node, distances, degrees),
            }
        )
    shown.sort(key=lambda node: (abs(node["distance"]), node["distance"], node["id"]))
    return names, shown


def _place(
    node: Node, distances: dict[Node, int], degrees: dict[Node, tuple[int, int]]
) -> Document:
    into, out_of = degrees.get(node, (0, 0))
    return {"distance": distances.get(node, 0), "into": into, "out_of": out_of}

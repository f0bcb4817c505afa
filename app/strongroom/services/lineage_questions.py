"""Questions to lineage that are answered in one step: impact, completeness, path, common origin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from strongroom.catalog import blobs, catalog, edges
from strongroom.catalog.catalog import RunRow, VersionRow
from strongroom.catalog.edges import Edge, Node
from strongroom.domain.provenance import DIRTY, EXPECTED, NAMED, PACKAGES, flat, take
from strongroom.domain.record import Document
from strongroom.domain.way import shortest
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.find import resolve
from strongroom.services.lineage import documents, node_of, steps_from

_LISTED = 200
_COMMIT = dict(EXPECTED)["Git commit"]
_PYTHON = dict(EXPECTED)["Python"]


@act("lineage.find")
def impact(desk: Desk, reference: str) -> Document:
    """What would be doubtful if this were bad: `{"versions", "runs", "by_kind", "nodes"}`.

    Counts of all that was made of it, directly or not, and the nearest 200 of it as nodes with
    their `distance`.
    """
    root = node_of(desk, reference)
    reached = edges.closure(desk.engine, root, up=False) - {root}
    within = edges.edges_within(desk.engine, reached | {root})
    distances = steps_from(root, _live(within), upstream=False)
    nearest = sorted(reached, key=lambda node: (distances.get(node, 0), node))[:_LISTED]
    shown = documents(desk, nearest, (), distances)["nodes"]
    versions = [int(name) for kind, name in reached if kind == "version"]
    kinds = Counter(n.kind for n in edges.version_nodes(desk.engine, versions).values())
    return {
        "versions": len(versions),
        "runs": len(reached) - len(versions),
        "by_kind": dict(sorted(kinds.items())),
        "nodes": shown,
    }


@act("lineage.find")
def completeness(desk: Desk, reference: str) -> Document:
    """Whether it is known how a version came to be: `{"complete", "checks"}`.

    A check is `{"name", "ok", "detail", "missing"}`; `missing` says what to do about it.
    """
    row = resolve(desk, reference)
    run = catalog.run_by_id(desk.engine, row.run_id) if row.run_id else None
    known = flat(row.document["provenance"]) | flat(run.text["provenance"] if run else {})
    checks = [_run_check(run), _code_check(known), _data_check(desk, row, run)]
    if row.kind == "model":
        checks.append(_config_check(row, run))
    checks += [_environment_check(known), _bytes_check(desk, row)]
    return {"complete": all(check["ok"] for check in checks), "checks": checks}


@act("lineage.find")
def path(desk: Desk, first: str, second: str) -> Document:
    """The shortest way between two nodes: `{"nodes", "edges"}` in order, empty if there is none.

    One along the edges is preferred to one that turns round on the way.
    """
    start, end = node_of(desk, first), node_of(desk, second)
    for upstream in (False, True):
        reached = edges.closure(desk.engine, start, upstream)
        if end in reached:
            within = edges.edges_within(desk.engine, reached)
            return _along(
                desk, _shortest(start, end, within, both=False, upstream=upstream), within
            )
    component = _component(desk, start, end)
    within = edges.edges_within(desk.engine, component)
    return _along(desk, _shortest(start, end, within, both=True, upstream=False), within)


@act("lineage.find")
def common(desk: Desk, first: str, second: str) -> Document:
    """What two have in common: `{"nodes", "edges"}` of all that both were made from.

    A node's `distance` is that to the nearer of the two; the nearest come first.
    """
    ends = [node_of(desk, one) for one in (first, second)]
    above = [edges.closure(desk.engine, end, up=True) for end in ends]
    shared = above[0] & above[1]
    within = edges.edges_within(desk.engine, above[0] | above[1])
    back = [steps_from(end, _live(within), upstream=True) for end in ends]
    distances = {n: min(b.get(n, len(within)) for b in back) for n in shared}
    return documents(desk, shared, [e for e in within if e.end in shared], distances)


# ---------------------------------------------------------------------- ways


def _live(found: Iterable[Edge]) -> list[Edge]:
    return [edge for edge in found if edge.decision != "refused"]


def _shortest(
    start: Node, end: Node, found: Iterable[Edge], both: bool, upstream: bool
) -> list[Node]:
    following: dict[Node, list[Node]] = {}
    for edge in _live(found):
        if both or not upstream:
            following.setdefault(edge.start, []).append(edge.end)
        if both or upstream:
            following.setdefault(edge.end, []).append(edge.start)
    return shortest(following, start, end)


def _along(desk: Desk, way: list[Node], within: Iterable[Edge]) -> Document:
    places = {node: place for place, node in enumerate(way)}
    steps = set(pairwise(way)) | set(pairwise(reversed(way)))
    found = [e for e in within if (e.start, e.end) in steps]
    shown = documents(desk, way, found, places)
    return {"nodes": shown["nodes"], "edges": shown["edges"]}


def _component(desk: Desk, start: Node, end: Node) -> set[Node]:
    """What is connected with `start`, grown both ways until `end` is in it or nothing is new."""
    known, grown = {start}, {start}
    while grown and end not in known:
        reached: set[Node] = set()
        for node in grown:
            for edge in _live(edges.edges_at(desk.engine, node)):
                reached |= {edge.start, edge.end}
        grown = reached - known
        known |= grown
    return known


# ---------------------------------------------------------------------- completeness


def _check(name: str, ok: bool, detail: str, missing: str = "") -> Document:
    return {"name": name, "ok": ok, "detail": detail, "missing": "" if ok else missing}


def _run_check(run: RunRow | None) -> Document:
    missing = "add it with --run ID, watch its folder, or declare it with `strongroom link`"
    return _check("Producing run recorded", run is not None, run.name if run else "", missing)


def _code_check(known: dict[str, Any]) -> Document:
    commit, dirty = take(known, _COMMIT), take(known, DIRTY)
    kept = dirty is not True or bool(known.get("git.diff"))
    detail = str(commit or "")[:7]
    if commit and dirty is not None:
        state = "clean tree" if not dirty else "changes kept" if kept else "uncommitted changes"
        detail = f"{detail}, {state}"
    missing = "commit before training, or use strongroom.track(), which keeps the changes too"
    return _check("Git commit", bool(commit) and kept, detail, missing)


def _data_check(desk: Desk, row: VersionRow, run: RunRow | None) -> Document:
    """Whether what it was made from are versions, not mere names of places."""
    nodes = [("version", str(row.id))] + ([("run", run.id)] if run else [])
    pinned = [
        e
        for node in nodes
        for e in _live(edges.edges_at(desk.engine, node))
        if e.end == node and e.start[0] == "version"
    ]
    unknown = run.text["provenance"].get(NAMED, []) if run is not None else []
    if unknown:
        names = ", ".join(map(str, unknown[:3]))
        return _check("Inputs pinned", False, names, "add these places, then they can be found")
    sure = [e for e in pinned if e.basis != "inferred" or e.decision == "confirmed"]
    if pinned and not sure:
        missing = "confirm what was inferred, or say what it was made from"
        return _check("Inputs pinned", False, f"{len(pinned)} only inferred", missing)
    detail = f"{len(sure)} version" + ("s" if len(sure) != 1 else "") if sure else ""
    missing = "use run.use(), --input REF or `strongroom link` to say what it was made from"
    return _check("Inputs pinned", bool(sure), detail, missing)


def _config_check(row: VersionRow, run: RunRow | None) -> Document:
    params: dict[str, Any] = {**(run.text["params"] if run else {}), **row.document["params"]}
    count = len(params)
    detail = f"{count} parameter" + ("s" if count != 1 else "") if count else ""
    return _check("Parameters recorded", bool(params), detail, "log params with the run")


def _environment_check(known: dict[str, Any]) -> Document:
    packages, python = take(known, PACKAGES), take(known, _PYTHON)
    words = [f"Python {python}"] if python else []
    if packages:
        words.append(
            f"{len(packages)} packages" if isinstance(packages, dict | list) else "packages"
        )
    missing = "use strongroom.track(), or keep a requirements file with the run"
    return _check("Environment recorded", bool(packages), ", ".join(words), missing)


def _bytes_check(desk: Desk, row: VersionRow) -> Document:
    damaged = row.id in blobs.damaged_versions(desk.engine, [row.id])
    detail = "damaged" if damaged else "no damage known"
    return _check("Content whole", not damaged, detail, "run `strongroom verify --repair`")

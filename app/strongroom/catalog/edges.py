"""Lineage edges as rows: written from journal entries, read as closures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strongroom.catalog.engine import Engine

#: `("version", row id as text)` or `("run", run id)`.
Node = tuple[str, str]
Tx = Any

_COLUMNS = (
    "e.from_type, e.from_id, e.to_type, e.to_id, e.relation, e.basis, e.rule, e.confidence,"
    " e.reason, e.decision, e.seq"
)


@dataclass(frozen=True, slots=True)
class Edge:
    """What flowed from `start` into `end`. `decision`: "", confirmed or refused."""

    start: Node
    end: Node
    relation: str
    basis: str
    rule: str
    confidence: float
    reason: str
    decision: str
    seq: int


def write_edge(
    tx: Tx,
    seq: int,
    start: Node,
    end: Node,
    relation: str,
    basis: str,
    rule: str = "",
    confidence: float = 1.0,
    reason: str = "",
) -> None:
    """Adds the edge; one that is there between the two with this relation and basis stays."""
    tx.execute(
        "insert or ignore into edges(seq, from_type, from_id, to_type, to_id, relation, basis,"
        " rule, confidence, reason) values (?,?,?,?,?,?,?,?,?,?)",
        (seq, *start, *end, relation, basis, rule, confidence, reason),
    )


def write_run_inputs(tx: Tx, seq: int, run: str, inputs: Iterable[Any]) -> None:
    """What a run's document says that it has read, as edges into the run."""
    for hint in inputs:
        if isinstance(hint, str):
            hint = {"ref": hint}
        source = version_named(tx, hint["ref"])
        if source is not None:
            write_edge(
                tx,
                seq,
                ("version", str(source)),
                ("run", run),
                "input",
                hint.get("basis", "declared"),
                reason=_reason(hint),
            )


def _reason(hint: Mapping[str, Any]) -> str:
    """Why a run is said to have read something, as its document has it."""
    rule, file = str(hint.get("rule", "")), str(hint.get("file", ""))
    return f"{rule} ({file})" if rule and file and file not in rule else rule or file


def version_named(tx: Tx, reference: str) -> int | None:
    """The row of `name@vN`; None where there is none."""
    name, _, tag = reference.rpartition("@v")
    row = tx.execute(
        "select v.id from versions v join artifacts a on a.id = v.artifact_id"
        " where a.name = ? and v.n = ?",
        (name, int(tag)),
    ).fetchone()
    return int(row[0]) if row is not None else None


def decide(tx: Tx, start: Node, end: Node, relation: str, decision: str) -> None:
    """Marks the inferred edge; raises `KeyError` where there is none."""
    changed = tx.execute(
        "update edges set decision = ? where from_type = ? and from_id = ? and to_type = ?"
        " and to_id = ? and relation = ? and basis = 'inferred'",
        (decision, *start, *end, relation),
    ).rowcount
    if not changed:
        raise KeyError(relation)


def inferred_between(tx: Tx, start: Node, end: Node, relation: str) -> Edge | None:
    row = tx.execute(
        f"select {_COLUMNS} from edges e where from_type = ? and from_id = ? and to_type = ?"
        " and to_id = ? and relation = ? and basis = 'inferred'",
        (*start, *end, relation),
    ).fetchone()
    return _edge(row) if row else None


def closure(engine: Engine, start: Node, up: bool, depth: int | None = None) -> set[Node]:
    """`start` and all nodes that it was made from (`up`), or that were made of it.

    Cycles are followed once; refused edges are not followed. `depth`: at most so many steps.
    """
    here, there = ("to", "from") if up else ("from", "to")
    if depth is not None:
        return _steps(engine, start, here, there, depth)
    rows = engine.rows(
        "with recursive reached(type, id) as (select ?, ? union"
        f" select e.{there}_type, e.{there}_id from reached r join edges e"
        f" on e.{here}_type = r.type and e.{here}_id = r.id and e.decision <> 'refused')"
        " select type, id from reached",
        start,
    )
    return {(kind, name) for kind, name in rows}


def _steps(engine: Engine, start: Node, here: str, there: str, depth: int) -> set[Node]:
    found, level = {start}, {start}
    for _ in range(depth):
        level = set(_neighbours(engine, list(level), here, there)) - found
        if not level:
            break
        found |= level
    return found


def _neighbours(engine: Engine, nodes: Sequence[Node], here: str, there: str) -> list[Node]:
    rows = engine.rows(
        f"select distinct e.{there}_type, e.{there}_id from json_each(?) n join edges e"
        f" on e.{here}_type = n.value ->> 0 and e.{here}_id = n.value ->> 1"
        " and e.decision <> 'refused'",
        (json.dumps(nodes),),
    )
    return [(kind, name) for kind, name in rows]


def edges_within(engine: Engine, nodes: Iterable[Node]) -> list[Edge]:
    """Edges, refused ones too, whose both ends are among the nodes."""
    wanted = set(nodes)
    rows = engine.rows(
        f"select {_COLUMNS} from json_each(?) n join edges e"
        " on e.from_type = n.value ->> 0 and e.from_id = n.value ->> 1 order by e.id",
        (json.dumps(list(wanted)),),
    )
    return [edge for edge in map(_edge, rows) if edge.end in wanted]


def refused_at(engine: Engine, nodes: Iterable[Node]) -> list[Edge]:
    """Refused edges that begin or end at one of the nodes."""
    rows = engine.rows(
        f"select {_COLUMNS} from json_each(?) n join edges e on e.decision = 'refused' and"
        " ((e.from_type = n.value ->> 0 and e.from_id = n.value ->> 1)"
        " or (e.to_type = n.value ->> 0 and e.to_id = n.value ->> 1)) group by e.id order by e.id",
        (json.dumps(list(nodes)),),
    )
    return [_edge(row) for row in rows]


def edges_into(tx: Tx, node: Node) -> list[Edge]:
    """Edges, refused ones too, that end at the node; inside a transaction."""
    rows = tx.execute(
        f"select {_COLUMNS} from edges e where to_type = ? and to_id = ? order by e.id", node
    ).fetchall()
    return [_edge(row) for row in rows]


def edges_at(engine: Engine, node: Node) -> list[Edge]:
    """Edges, refused ones too, that begin or end at the node."""
    rows = engine.rows(
        f"select {_COLUMNS} from edges e where (from_type = ?1 and from_id = ?2)"
        " or (to_type = ?1 and to_id = ?2) order by e.id",
        node,
    )
    return [_edge(row) for row in rows]


def degrees(engine: Engine, nodes: Iterable[Node]) -> dict[Node, tuple[int, int]]:
    """How many edges lead into and out of each node, refused ones not counted."""
    found: dict[Node, tuple[int, int]] = {}
    for kind, name, into, out_of in engine.rows(
        "select n.value ->> 0, n.value ->> 1,"
        " (select count(*) from edges e where e.to_type = n.value ->> 0"
        "  and e.to_id = n.value ->> 1 and e.decision <> 'refused'),"
        " (select count(*) from edges e where e.from_type = n.value ->> 0"
        "  and e.from_id = n.value ->> 1 and e.decision <> 'refused') from json_each(?) n",
        (json.dumps(list(nodes)),),
    ):
        found[kind, name] = into, out_of
    return found


@dataclass(frozen=True, slots=True)
class VersionNode:
    """What a graph shows of a version."""

    artifact: str
    n: int
    kind: str
    content: bytes
    size: int
    created_at: int
    run_id: str | None
    metric: str
    metric_value: float
    warnings: int


@dataclass(frozen=True, slots=True)
class RunNode:
    """What a graph shows of a run; times in microseconds UTC."""

    name: str
    status: str
    started_at: int
    ended_at: int | None


def version_nodes(engine: Engine, ids: Iterable[int]) -> dict[int, VersionNode]:
    rows = engine.rows(
        "select v.id, a.name, v.n, v.kind, v.content, v.size, v.created_at, v.run_id, v.metric,"
        " v.metric_value, v.warnings from json_each(?) n join versions v on v.id = n.value"
        " join artifacts a on a.id = v.artifact_id",
        (json.dumps(list(ids)),),
    )
    return {row[0]: _version_node(row) for row in rows}


def _version_node(row: Sequence[Any]) -> VersionNode:
    return VersionNode(row[1], row[2], row[3], bytes(row[4]), *row[5:])


def run_nodes(engine: Engine, runs: Iterable[str]) -> dict[str, RunNode]:
    rows = engine.rows(
        "select r.id, r.name, r.status, r.started_at, r.ended_at from json_each(?) n"
        " join runs r on r.id = n.value",
        (json.dumps(list(runs)),),
    )
    return {row[0]: RunNode(*row[1:]) for row in rows}


def _edge(row: Sequence[Any]) -> Edge:
    return Edge((row[0], row[1]), (row[2], row[3]), *row[4:])


def refill_run_inputs(db: Any) -> None:
    """Edges into runs from what the catalog knows of them, for catalogs made before there were."""
    for run, text in db.execute("select id, text from runs").fetchall():
        seq = db.execute("select max(seq) from entries").fetchone()[0] or 0
        write_run_inputs(db, seq, run, json.loads(text)["inputs"])

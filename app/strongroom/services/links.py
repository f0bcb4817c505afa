"""Links: lineage that people declare, and what they decide on lineage that rules inferred."""

from __future__ import annotations

from typing import Any

from strongroom.catalog import catalog, edges
from strongroom.catalog.catalog import VersionRow
from strongroom.domain.digest import text_of
from strongroom.domain.entry import Draft
from strongroom.domain.errors import BadInput, Conflict, NotFound
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.services.find import resolve

Document = dict[str, Any]
#: What may be decided on an inferred edge; `open` takes a decision back.
DECISIONS = ("confirmed", "refused", "open")
MAX_REASON = 2000


@act("lineage.link")
def link(
    desk: Desk,
    reference: str,
    source: str | None = None,
    run: str | None = None,
    reason: str = "",
) -> Document:
    """Declares that the version was made from the version `source`, or by the run.

    The edge comes back as api.md has it. Links are never taken away again; the same link twice is
    one. Raises `BadInput`,
    `NotFound`, and `Conflict` where the source was itself made from the version.
    """
    if (source is None) == (run is None):
        raise BadInput("a link has one origin", reference, "give --from REF or --run ID")
    if len(reason) > MAX_REASON:
        raise BadInput(f"a reason has at most {MAX_REASON} characters", reference, "shorten it")
    row = resolve(desk, reference)
    details: Document = {"n": row.n, "reason": reason}
    if run is not None:
        if catalog.run_by_id(desk.engine, run) is None:
            raise NotFound("there is no such run", run, "see `strongroom run list`")
        start, shown = ("run", run), f"run:{run}"
        details |= {"run": run, "relation": "output"}
    else:
        origin = resolve(desk, source or "")
        start, shown = ("version", str(origin.id)), _ref(origin)
        details |= {"from": shown, "relation": "input"}
    node = ("version", str(row.id))
    if start == node:
        raise BadInput("a version is not made from itself", _ref(row), "name another one")
    with desk.recording(StoredDocuments(desk.store)) as recorder:
        if node in edges.closure(desk.engine, start, up=True):  # nobody else writes now
            raise Conflict(
                f"{shown} was itself made from it", _ref(row), "see `strongroom lineage` of both"
            )
        if not _is_said(recorder.tx, start, node, details["relation"], reason):
            recorder.write(Draft("lineage.linked", _object(row), details))
    return {
        "from": shown,
        "to": _ref(row),
        "relation": details["relation"],
        "basis": "declared",
        "rule": "",
        "confidence": 1.0,
        "reason": reason,
        "decision": "",
    }


@act("lineage.decide")
def decide(desk: Desk, reference: str, source: str, decision: str) -> Document:
    """Confirms or refuses what was inferred between two versions; `open` takes that back.

    A refused edge is in no graph and is not inferred again. The edges' documents come back as
    `{"edges": […]}`. Raises `NotFound` where nothing was inferred between the two.
    """
    if decision not in DECISIONS:
        raise BadInput("this cannot be decided", decision, "choose " + ", ".join(DECISIONS))
    row, origin = resolve(desk, reference), resolve(desk, source)
    node, start = ("version", str(row.id)), ("version", str(origin.id))
    decided: list[Document] = []
    with desk.recording(StoredDocuments(desk.store)) as recorder:
        for edge in edges.edges_into(recorder.tx, node):
            if edge.start != start or edge.basis != "inferred":
                continue
            stored = "" if decision == "open" else decision
            if edge.decision != stored:
                recorder.write(
                    Draft(
                        "lineage.decided",
                        _object(row),
                        {
                            "n": row.n,
                            "from": _ref(origin),
                            "relation": edge.relation,
                            "rule": edge.rule,
                            "decision": stored,
                        },
                    )
                )
            decided.append(
                {
                    "from": _ref(origin),
                    "to": _ref(row),
                    "relation": edge.relation,
                    "basis": edge.basis,
                    "rule": edge.rule,
                    "confidence": edge.confidence,
                    "reason": edge.reason,
                    "decision": stored,
                }
            )
    if not decided:
        raise NotFound(
            f"nothing is inferred from {_ref(origin)}", _ref(row), "see `strongroom lineage`"
        )
    return {"edges": decided}


def _is_said(
    tx: edges.Tx, start: tuple[str, str], node: tuple[str, str], relation: str, reason: str
) -> bool:
    return any(
        (e.start, e.basis, e.relation, e.reason) == (start, "declared", relation, reason)
        for e in edges.edges_into(tx, node)
    )


def _ref(row: VersionRow) -> str:
    return f"{row.artifact}@v{row.n}"


def _object(row: VersionRow) -> Document:
    return {
        "type": "version",
        "name": row.artifact,
        "tag": f"v{row.n}",
        "digest": text_of(row.content),
    }

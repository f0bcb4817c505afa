"""Lineage that other tools have recorded, taken over as declared: OpenLineage run events.

Format: https://openlineage.io/spec/2-0-2/OpenLineage.json, one event a line. A dataset is found by
the name of an artifact (at the version that its version facet tells, else the newest), or by the
path of a file on this computer whose content the registry holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from strongroom.catalog import catalog, edges
from strongroom.catalog.catalog import VersionRow
from strongroom.disk.durable import told
from strongroom.domain.errors import BadInput, Conflict, printable
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.links import link
from strongroom.services.named_inputs import found

Document = dict[str, Any]
_LONGEST_LINE = 16 << 20
_MOST_EVENTS = 100_000
#: Events that tell of work that was done.
_DONE = ("COMPLETE", "OTHER")
_TAG = re.compile(r"v(\d{1,18})(?:\s|\Z)")


@act("lineage.link")
def take_events(desk: Desk, path: Path) -> Document:
    """Declares what the events in the file tell: `{"edges", "known", "unknown"}`.

    `known` counts edges that were there before; `unknown` names datasets that the registry does not
    hold and says why an edge was not drawn. Raises `BadInput` for a file that is none of the kind.
    """
    drawn: list[Document] = []
    unknown: dict[str, str] = {}
    known = 0
    for event in _events(path):
        job = event.get("job")
        named = job if isinstance(job, dict) else {}
        reason = f"OpenLineage: {named.get('namespace', '')}.{named.get('name', '')}"[:500]
        read = _resolved(desk, event.get("inputs"), unknown)
        for made in _resolved(desk, event.get("outputs"), unknown):
            for source in read:
                if source.id == made.id:
                    continue
                if _is_there(desk, source, made):
                    known += 1
                    continue
                try:
                    drawn.append(link(desk, _ref(made), _ref(source), reason=printable(reason)))
                except Conflict as error:
                    unknown[f"{_ref(source)} -> {_ref(made)}"] = str(error)
    return {
        "edges": drawn,
        "known": known,
        "unknown": [{"name": name, "why": why} for name, why in unknown.items()],
    }


def _events(path: Path) -> Iterable[Document]:
    events: list[Document] = []
    with told("reading", path), open(path, "rb") as lines:
        while line := lines.readline(_LONGEST_LINE):
            if len(events) >= _MOST_EVENTS:
                raise BadInput(f"it has more than {_MOST_EVENTS} events", str(path), "split it")
            if not line.strip():
                continue
            try:
                event = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise BadInput(
                    "this is no file of OpenLineage events", str(path), "give one JSON event a line"
                ) from error
            if isinstance(event, dict) and event.get("eventType") in _DONE:
                events.append(event)
    return events


def _resolved(desk: Desk, datasets: Any, unknown: dict[str, str]) -> list[VersionRow]:
    rows: list[VersionRow] = []
    for dataset in datasets if isinstance(datasets, list) else ():
        if not isinstance(dataset, dict) or not isinstance(dataset.get("name"), str):
            continue
        row = _version(desk, dataset)
        if row is not None:
            rows.append(row)
        else:
            unknown[printable(dataset["name"])] = "the registry does not hold it"
    return rows


def _version(desk: Desk, dataset: Mapping[str, Any]) -> VersionRow | None:
    name = dataset["name"]
    tag = _TAG.match(_told_version(dataset))
    if catalog.artifact_exists(desk.engine, name):
        if tag is not None:
            return catalog.version_by_n(desk.engine, name, int(tag[1]))
        return catalog.latest_version(desk.engine, name)
    namespace = str(dataset.get("namespace", ""))
    if namespace.startswith("file") or name.startswith(("/", "file:")):
        place = name if name.startswith(("/", "file:")) else f"/{name}"
        rows = found(desk, {"target": place}, "/")
        return rows[0] if rows else None
    return None


def _told_version(dataset: Mapping[str, Any]) -> str:
    facets = dataset.get("facets")
    version = facets.get("version") if isinstance(facets, dict) else None
    return str(version.get("datasetVersion", "")) if isinstance(version, dict) else ""


def _is_there(desk: Desk, source: VersionRow, made: VersionRow) -> bool:
    start = ("version", str(source.id))
    around = edges.edges_at(desk.engine, ("version", str(made.id)))
    return any(e.start == start and e.basis == "declared" for e in around)


def _ref(row: VersionRow) -> str:
    return f"{row.artifact}@v{row.n}"

"""OpenLineage run events, one a line: https://openlineage.io/spec/2-0-2/OpenLineage.json

A run of the registry is a run event with the versions that it read and made. Versions that were
made from others without a recorded run get an event of a job of their own.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from typing import Any

Document = dict[str, Any]
_SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACET = "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json"
_PRODUCER = "https://strongroom.invalid/lineage"
_TYPES = {"finished": "COMPLETE", "failed": "FAIL", "lost": "ABORT", "running": "RUNNING"}
_NAMESPACE = "strongroom"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def write(graph: Document) -> str:
    nodes = {node["id"]: node for node in graph["nodes"]}
    events = []
    for node in graph["nodes"]:
        read = [nodes[e["from"]] for e in graph["edges"] if e["to"] == node["id"]]
        sources = [one for one in read if one["type"] == "version"]
        if node["type"] == "run":
            made = [nodes[e["to"]] for e in graph["edges"] if e["from"] == node["id"]]
            run, kind = node["id"].removeprefix("run:"), _TYPES[node["status"]]
            at = node["ended_at"] or node["started_at"]
            events.append(_event(run, node["name"], kind, at, sources, made))
        elif sources:
            job = f"derive {node['name']}"
            events.append(_event(node["id"], job, "COMPLETE", node["created_at"], sources, [node]))
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)


def _event(
    run: str, job: str, kind: str, at: str, read: Sequence[Document], made: Sequence[Document]
) -> Document:
    """A run's id that is no UUID, as the format demands, becomes one that follows from it."""
    named = uuid.uuid5(uuid.NAMESPACE_URL, f"strongroom:{run}")
    return {
        "eventType": kind,
        "eventTime": at,
        "run": {"runId": run if _UUID.fullmatch(run) else str(named)},
        "job": {"namespace": _NAMESPACE, "name": job},
        "inputs": [_dataset(one) for one in read],
        "outputs": [_dataset(one) for one in made],
        "producer": _PRODUCER,
        "schemaURL": _SCHEMA,
    }


def _dataset(node: Document) -> Document:
    version = {
        "_producer": _PRODUCER,
        "_schemaURL": _FACET,
        "datasetVersion": f"{node['tag']} {node['content_digest']}",
    }
    return {"namespace": _NAMESPACE, "name": node["name"], "facets": {"version": version}}

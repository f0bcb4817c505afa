"""W3C PROV-JSON: https://www.w3.org/submissions/prov-json/

Versions are entities, runs are activities. What a run read is `used`, what it made
`wasGeneratedBy`; an edge between two versions is `wasDerivedFrom`.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

Document = dict[str, Any]
_PREFIXES = {"sr": "urn:strongroom:", "prov": "http://www.w3.org/ns/prov#"}


def write(graph: Document) -> str:
    names = {node["id"]: f"sr:{quote(node['id'], safe='')}" for node in graph["nodes"]}
    types = {node["id"]: node["type"] for node in graph["nodes"]}
    document: Document = {
        "prefix": _PREFIXES,
        "entity": {names[n["id"]]: _entity(n) for n in graph["nodes"] if n["type"] == "version"},
        "activity": {names[n["id"]]: _activity(n) for n in graph["nodes"] if n["type"] == "run"},
    }
    for number, edge in enumerate(graph["edges"]):
        start, end = names[edge["from"]], names[edge["to"]]
        if types[edge["from"]] == "run":
            relation, ends = "wasGeneratedBy", {"prov:entity": end, "prov:activity": start}
        elif types[edge["to"]] == "run":
            relation, ends = "used", {"prov:activity": end, "prov:entity": start}
        else:
            relation = "wasDerivedFrom"
            ends = {"prov:generatedEntity": end, "prov:usedEntity": start}
        document.setdefault(relation, {})[f"_:e{number}"] = {**ends, **_about(edge)}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _entity(node: Document) -> Document:
    return {
        "prov:label": f"{node['name']}@{node['tag']}",
        "prov:type": node["kind"],
        "sr:content_digest": node["content_digest"],
        "sr:committed": {"$": node["created_at"], "type": "xsd:dateTime"},
    }


def _activity(node: Document) -> Document:
    times = {"prov:startTime": node["started_at"], "prov:endTime": node["ended_at"]}
    return {
        "prov:label": node["name"],
        **{key: value for key, value in times.items() if value},
        "sr:status": node["status"],
    }


def _about(edge: Document) -> Document:
    return {
        "sr:relation": edge["relation"],
        "sr:basis": edge["basis"],
        **({"sr:rule": edge["rule"]} if edge["rule"] else {}),
        "sr:confidence": {"$": str(edge["confidence"]), "type": "xsd:double"},
    }

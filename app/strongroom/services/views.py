"""Versions, artifacts and runs as the JSON objects of api.md, the same for every front end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from strongroom.catalog.catalog import ArtifactRow, RunRow, VersionRow
from strongroom.domain.digest import text_of
from strongroom.domain.manifest import Entry, path_document
from strongroom.domain.timestamps import rfc3339

Document = dict[str, Any]


def version_view(
    row: VersionRow,
    damaged: bool,
    labels: Mapping[str, str],
    notes: Iterable[tuple[str, int, str]],
) -> Document:
    """A version as lists carry it; `show` adds the manifest and the record."""
    document = row.document
    warnings = list(document["warnings"])
    if damaged:
        warnings.append("damaged: a stored file of it is not what it was; run verify --repair")
    return {
        "name": row.artifact,
        "tag": f"v{row.n}",
        "kind": row.kind,
        "content_digest": text_of(row.content),
        "record_digest": text_of(row.record),
        "size": row.size,
        "files": row.files,
        "created_at": rfc3339(row.created_at),
        "by": row.actor,
        "run": row.run_id,
        "params": document["params"],
        "metrics": document["metrics"],
        "inputs": [hint["ref"] for hint in document["inputs"]],
        "provenance": document["provenance"],
        "labels": dict(labels),
        "notes": [{"text": text, "at": rfc3339(at), "by": by} for text, at, by in notes],
        "stages": [],
        "aliases": [],
        "holds": [],
        "tier": row.tier,
        "warnings": warnings,
        "scan": None,
        "damaged": damaged,
    }


def manifest_view(digest: bytes, files: Iterable[Entry]) -> Document:
    return {
        "digest": text_of(digest),
        "files": [
            {**path_document(e.path), "size": e.size, "sha256": e.sha256.hex()} for e in files
        ],
    }


def artifact_view(row: ArtifactRow, latest: Document) -> Document:
    return {
        "name": row.name,
        "kind": row.kind,
        "versions": row.versions,
        "latest": latest,
    }


def live_text(row: RunRow) -> Document:
    """While a run runs, what its files say just now stands over what was recorded."""
    return {**row.text, **(row.live or {})}


def run_view(row: RunRow, outputs: list[tuple[str, int]]) -> Document:
    """A run as api.md has it."""
    text = live_text(row)
    return {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "layout": row.layout,
        "params": text["params"],
        "metrics": text["metrics"],
        "series": text["series"],
        "inputs": [i if isinstance(i, str) else i["ref"] for i in text["inputs"]],
        "outputs": [f"{name}@v{n}" for name, n in outputs],
        "started_at": rfc3339(row.started_at),
        "ended_at": rfc3339(row.ended_at) if row.ended_at is not None else None,
        "provenance": text["provenance"],
        "warnings": text.get("warnings", []),
        "live": row.live is not None,
    }


def source_path(row: VersionRow) -> bytes | None:
    """Where the version was taken from, if the registry knows."""
    document = json.loads(row.source) if row.source else None
    if not document:
        return None
    if "path_hex" in document:
        return bytes.fromhex(document["path_hex"])
    return str(document["path"]).encode()

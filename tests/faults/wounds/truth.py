"""What a registry said and held before it was wounded."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strongroom.domain.canonical import plain
from strongroom.domain.digest import parse_digest, text_of
from strongroom.domain.errors import StrongroomError
from strongroom.services.documents import StoredDocuments
from strongroom.services.local import LocalRegistry

Document = dict[str, Any]
#: Not facts of a version: what the registry adds when it knows of damage.
_PASSING = ("warnings", "damaged")
_EDGES = """
select case from_type when 'run' then 'run:' || from_id else (select a.name || '@v' || v.n
           from versions v join artifacts a on a.id = v.artifact_id where v.id = from_id) end,
       case to_type when 'run' then 'run:' || to_id else (select a.name || '@v' || v.n
           from versions v join artifacts a on a.id = v.artifact_id where v.id = to_id) end,
       relation, basis, rule, reason, decision
from edges
"""
#: Questions that other tables answer than those that lists are made of.
_QUESTIONS = ("auc>=0.5", "label:stage=final", "pelican", "param.lr<0.3", "run:run-2")


@dataclass(frozen=True, slots=True)
class Version:
    """`files`: SHA-256 by path; `documents`: digests of record, manifest and its pages."""

    ref: str
    content: str
    files: Mapping[str, str]
    documents: frozenset[str]
    entry: int
    facts: Document


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the journal as it was written."""

    seq: int
    action: str
    object: Document
    details: Document
    data: bytes


@dataclass(frozen=True, slots=True)
class Truth:
    """`blobs`: all bytes that something refers to, by SHA-256. `sources`: where files with these
    bytes were added from and still lie.
    """

    versions: Mapping[str, Version]
    facts: Document
    lines: Mapping[int, Line]
    blobs: Mapping[str, bytes]
    sources: Mapping[str, Sequence[Path]]
    runs: Mapping[str, frozenset[str]]


def facts_of(registry: LocalRegistry, names: Iterable[str] = ()) -> Document:
    """Everything that lists and questions say, in a form that can be compared.

    `names` are artifacts to ask for even if the list does not have them. What is refused has
    `{"refused": why}` in its place.
    """
    listed = _said(lambda: registry.list_artifacts(limit=1000)["artifacts"])
    artifacts = listed if isinstance(listed, list) else []
    runs = _said(lambda: [r["id"] for r in registry.list_runs(limit=1000)["runs"]])
    versions: Document = {}
    for name in sorted({*names, *(a["name"] for a in artifacts)}):
        found = _said(lambda n=name: registry.list_versions(n, limit=1000)["versions"])
        for view in found if isinstance(found, list) else ():
            ref = f"{view['name']}@{view['tag']}"
            versions[ref] = {k: v for k, v in view.items() if k not in _PASSING}
    found = {
        "id": registry.desk.place.registry_id,
        "artifacts": {a["name"]: [a["kind"], a["versions"]] for a in artifacts},
        "versions": versions,
        "runs": {run: _said(lambda r=run: _run_of(registry, r)) for run in runs},
        "edges": _said(lambda: edges_of(registry)),
        "directions": _said(registry.metric_directions),
        "questions": {q: _said(lambda t=q: registry.count_versions(t)) for q in _QUESTIONS},
    }
    document: Document = json.loads(json.dumps(plain(found)))
    return document


def _said(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except StrongroomError as error:
        return {"refused": str(error)}


def _run_of(registry: LocalRegistry, run: str) -> Document:
    found: Document = registry.show_run(run, series=True)["run"]
    return {**found, "outputs": sorted(found["outputs"])}


def edges_of(registry: LocalRegistry) -> list[list[str]]:
    return sorted(list(map(str, row)) for row in registry.desk.engine.rows(_EDGES))


def truth_of(registry: LocalRegistry, sources: Path | None) -> Truth:
    """All of a sound registry; `sources` is where its files came from, if they are kept."""
    facts, blobs = facts_of(registry), dict[str, bytes]()
    lines = {
        seq: _line(seq, bytes(line))
        for seq, line in registry.desk.engine.rows("select seq, line from entries")
    }
    commits = {
        f"{line.details['artifact']}@v{line.details['n']}": line.seq
        for line in lines.values()
        if line.action == "version.committed"
    }

    def kept(digest: bytes) -> str:
        data = b"".join(registry.desk.store.chunks(digest))
        assert hashlib.sha256(data).digest() == digest
        blobs[digest.hex()] = data
        return digest.hex()

    versions = {}
    for ref, view in facts["versions"].items():
        content, record = parse_digest(view["content_digest"]), parse_digest(view["record_digest"])
        manifest = StoredDocuments(registry.desk.store).manifest(content)
        documents = {kept(d) for d in (content, record, *manifest.page_digests)}
        files = {os.fsdecode(e.path): kept(e.sha256) for e in manifest.entries()}
        versions[ref] = Version(
            ref, text_of(content), files, frozenset(documents), commits[ref], view
        )
    runs = {}
    for line in lines.values():
        if line.action == "run.recorded":
            runs[line.object["id"]] = frozenset(map(kept, _documents_of(registry, line)))
    return Truth(versions, facts, lines, blobs, _found_sources(sources), runs)


def _documents_of(registry: LocalRegistry, line: Line) -> Iterator[bytes]:
    """Digests of all that a run's entry names."""
    yield parse_digest(line.details["document"])
    if line.details.get("series"):
        series = parse_digest(line.details["series"])
        yield series
        curves = StoredDocuments(registry.desk.store).curves(series)
        yield from (digest for digest, _ in curves)


def _line(seq: int, data: bytes) -> Line:
    body = json.loads(data)
    return Line(seq, body["action"], body["object"], body["details"], data)


def _found_sources(folder: Path | None) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")) if folder is not None else ():
        if path.is_file():
            found.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), []).append(path)
    return found

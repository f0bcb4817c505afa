"""Opens what a disk held after power was lost, as the next start of the product would, and judges.

What commands had printed before that instant is the measure: all of it must be there. An image may
hold more than was reported, but nothing by halves.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from strongroom.bootstrap import create_registry, open_registry
from strongroom.domain.errors import NotFound, StrongroomError
from strongroom.services.add import AddOptions
from strongroom.services.inspection import Described, Inspector
from strongroom.services.local import LocalRegistry
from strongroom.settings import Settings
from tests.faults.power_loss.recording import Recording, Step, tree_of
from tests.faults.power_loss.story import as_told

#: lost: what was reported is gone. half: damaged, or by halves. needs_help: it does not open or go
#: on by itself. wrong: other bytes, tags or facts than were reported. litter: left-over files.
CATEGORIES = ("lost", "half", "needs_help", "wrong", "litter")
_LITTER = ("*.tmp", "*.part", "*.old", "*.new", "*.half", ".strongroom-*", "catalog.rebuilt*")


@dataclass(frozen=True, slots=True)
class Finding:
    category: str
    text: str


@dataclass
class Facts:
    """What had been reported, the latest of each."""

    registry: bool = False
    versions: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    links: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    repaired: set[str] = field(default_factory=set)


def reported(recording: Recording, before: int) -> Facts:
    facts = Facts()
    for step, document in recording.reported(before):
        if "error" in document:
            continue
        facts.registry = True
        for version in _versions_in(document):
            key = version["name"], version["tag"]
            facts.versions[key] = facts.versions.get(key, {}) | version
        if step.arguments[0] == "link":
            facts.links.append(document)
        if step.arguments[0] == "run":
            facts.runs[document["run"]["id"]] = document["run"]
        if step.arguments[0] == "verify":
            facts.repaired |= {one["digest"] for one in document["repaired"]}
    return facts


def _versions_in(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The versions that an answer of add, watch, show, versions, list, label or note tells of."""
    if "content_digest" in document:
        return [document]
    if "version" in document:
        return [document["version"]]
    latest = [artifact["latest"] for artifact in document.get("artifacts", [])]
    return [*document.get("versions", []), *latest]


def judge(root: Path, recording: Recording, before: int) -> list[Finding]:
    """What is wrong with the image `root`, made of the ops before number `before`.

    The image is opened, mended and added to as a user would, so it can be judged once.
    """
    judging = _Judging(root, recording, before)
    _move_notes(root, recording)
    with as_told(recording.story), mock.patch.object(Inspector, "describe", _nothing):
        judging.all()
    return judging.findings


def _move_notes(root: Path, recording: Recording) -> None:
    """Notes of what is being replaced name it by its whole path: the image lies elsewhere."""
    for note in (root / "reg" / "local" / "swaps").glob("*.json"):
        told = note.read_bytes()
        note.write_bytes(told.replace(os.fsencode(recording.root), os.fsencode(root)))


def _nothing(self: Inspector, pieces: Any) -> Described:
    """A child process for each image would take most of the time, and is not what is tested."""
    return Described()


class _Judging:
    def __init__(self, root: Path, recording: Recording, before: int) -> None:
        self.root, self.recording, self.before = root, recording, before
        self.facts = reported(recording, before)
        self.findings: list[Finding] = []

    def find(self, category: str, text: str) -> None:
        self.findings.append(Finding(category, text))

    def all(self) -> None:
        registry = self._open()
        if registry is not None:
            try:
                for judge_one in (
                    self._health,
                    self._versions,
                    self._links_and_runs,
                    self._nothing_half,
                    self._going_on,
                ):
                    with self._speaking(judge_one.__name__.strip("_")):
                        judge_one(registry)
            finally:
                registry.close()
        self._outside()
        if registry is not None:
            self._litter()

    @contextlib.contextmanager
    def _speaking(self, what: str) -> Iterator[None]:
        """An error that nobody expected is a finding, whatever it is."""
        try:
            yield
        except StrongroomError as error:
            self.find("needs_help", f"{what}: {error}")
        except Exception as error:
            self.find("needs_help", f"{what}: {type(error).__name__}: {error}")

    def _open(self) -> LocalRegistry | None:
        place = self.root / "reg"
        try:
            return open_registry(place, Settings(), "cli")
        except Exception as error:
            if self.facts.registry:
                missing = isinstance(error, NotFound)
                self.find("lost" if missing else "needs_help", f"open: {error}")
                return None
            first = error
        try:
            return create_registry(place, Settings(), "cli")
        except Exception as error:
            self.find("needs_help", f"neither opens ({first}) nor can be made ({error})")
            return None

    def _health(self, registry: LocalRegistry) -> None:
        spoiled = {d for step in self.recording.begun(self.before) for d in step.damaged}
        if spoiled - self.facts.repaired:  # known to the story: it must be possible to mend it
            registry.verify(repair=True, below=[os.fsencode(self.recording.sources)])
        health = registry.doctor(fix=True)
        for check in health["checks"]:
            if not check["ok"]:
                self.find("half", f"doctor --fix: {check['name']}: {check['detail']}")

    def _versions(self, registry: LocalRegistry) -> None:
        for (name, tag), told in self.facts.versions.items():
            reference = f"{name}@{tag}"
            try:
                now = registry.show(reference)
            except NotFound:
                self.find("lost", f"{reference} was reported and is gone")
                continue
            for key in ("content_digest", "record_digest", "params", "metrics", "run"):
                if now[key] != told[key]:
                    self.find("wrong", f"{reference} {key}: {told[key]} → {now[key]}")
            for key, value in told["labels"].items():
                if now["labels"].get(key) != value:
                    self.find("lost", f"{reference} label {key}={value}")
            notes = [note["text"] for note in now["notes"]]
            for note in told["notes"]:
                if note["text"] not in notes:
                    self.find("lost", f"{reference} note {note['text'][:20]}")
        for version in _all_versions(registry):
            self._content(registry, version)

    def _content(self, registry: LocalRegistry, version: dict[str, Any]) -> None:
        """Whoever reads it: every byte is hashed here, and the digest is made again from that."""
        reference = f"{version['name']}@{version['tag']}"
        files = registry.show(reference)["manifest"]["files"]
        read = []
        for file in files:
            sha, size = hashlib.sha256(), 0
            try:
                for chunk in registry.cat(reference, file["path"]):
                    sha.update(chunk)
                    size += len(chunk)
            except StrongroomError as error:
                self.find("half", f"{reference} {file['path']} cannot be read: {error}")
                return
            if sha.hexdigest() not in self.recording.known:
                self.find("wrong", f"{reference} {file['path']} has bytes that nobody added")
            read.append({"path": file["path"], "sha256": f"sha256:{sha.hexdigest()}", "size": size})
        document = {"files": read, "schema": "strongroom.manifest/1"}
        canonical = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        if "sha256:" + hashlib.sha256(canonical).hexdigest() != version["content_digest"]:
            self.find("wrong", f"{reference} does not hold what its digest says")

    def _links_and_runs(self, registry: LocalRegistry) -> None:
        for link in self.facts.links:
            try:
                edges = registry.lineage(link["to"])["edges"]
            except NotFound:
                edges = []
            if not any(e["from"] == link["from"] and e["to"] == link["to"] for e in edges):
                self.find("lost", f"link {link['from']} → {link['to']}")
        for run, told in self.facts.runs.items():
            try:
                now = registry.show_run(run)["run"]
            except NotFound:
                self.find("lost", f"run {run}")
                continue
            if told["status"] not in ("running", now["status"]):
                self.find("lost", f"run {run} was {told['status']} and is {now['status']}")
            for key in ("params", "metrics"):
                if not told[key].items() <= now[key].items():
                    self.find("lost", f"run {run} {key}: {told[key]} → {now[key]}")

    def _nothing_half(self, registry: LocalRegistry) -> None:
        for one in registry.verify()["damaged"]:
            self.find("half", f"{one['digest'][:19]} of {one['versions']}: {one['reason']}")
        for check in registry.doctor()["checks"]:
            if not check["ok"]:
                self.find("half", f"doctor: {check['name']}: {check['detail']}")

    def _going_on(self, registry: LocalRegistry) -> None:
        """One more version gets the tag after all that are there."""
        names = sorted({name for name, _ in self.facts.versions})
        name = names[self.before % len(names)] if names else "afterwards.txt"
        there = [int(v["tag"][1:]) for v in _all_versions(registry) if v["name"] == name]
        told = [int(tag[1:]) for known, tag in self.facts.versions if known == name]
        path = self.root.with_name(f"{self.root.name}.afterwards.txt")
        path.write_bytes(f"after power was lost at {self.before}".encode())
        try:
            answer = registry.add([os.fsencode(path)], AddOptions(name=name))
        finally:
            path.unlink()
        (version,) = answer["versions"]
        expected = f"v{max([0, *there, *told]) + 1}"
        if version["tag"] != expected or not version["created"]:
            self.find("wrong", f"one more version of {name} is {version['tag']}, not {expected}")
        got = b"".join(registry.cat(f"{name}@{version['tag']}", path.name))
        if got != f"after power was lost at {self.before}".encode():
            self.find("wrong", f"one more version of {name} reads back as other bytes")

    def _outside(self) -> None:
        """Of every place that commands write to: it holds wholly what one of them put there."""
        answered = {id(step) for step, _ in self.recording.reported(self.before)}
        allowed: dict[str, list[Mapping[str, str]]] = {}
        for step in self.recording.begun(self.before):
            if step.place:
                states = allowed.setdefault(step.place, [{}])
                if not step.arguments or (id(step) in answered and _went_well(step)):
                    states.clear()
                states.append(step.content)
        for place, states in allowed.items():
            now = tree_of(self.root / place)
            if now in states:
                continue
            category = "half" if now else "lost"
            self.find(
                category, f"{place} holds {_brief(now)}, not {' or '.join(map(_brief, states))}"
            )

    def _litter(self) -> None:
        folders = [self.root / "reg", self.root / "out"]
        found = {path for f in folders for pattern in _LITTER for path in f.rglob(pattern)}
        found |= set((self.root / "reg" / "staging").iterdir())
        for path in sorted(found):
            self.find("litter", os.fspath(path.relative_to(self.root)))


def _went_well(step: Step) -> bool:
    """A killed command may have answered before it was killed; its answer counts."""
    return step.code in (0, -9)


def _all_versions(registry: LocalRegistry) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = registry.list_versions(limit=1000, cursor=cursor)
        found += page["versions"]
        cursor = page["next"]
        if cursor is None:
            return found


def _brief(tree: Mapping[str, str]) -> str:
    if not tree:
        return "nothing"
    some = ", ".join(f"{path or 'itself'} {sha[:6]}" for path, sha in sorted(tree.items())[:3])
    return f"{len(tree)} files ({some})"

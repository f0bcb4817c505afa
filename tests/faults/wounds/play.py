"""What the product does with a wounded registry, step by step, and what of it must not be."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import itertools
import os
import random
import shutil
import subprocess
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from strongroom import bootstrap
from strongroom.bootstrap import open_registry, rebuild_registry
from strongroom.domain.errors import StrongroomError
from strongroom.services import collect
from strongroom.services.add import AddOptions
from strongroom.services.local import LocalRegistry
from strongroom.settings import Settings
from tests.faults.wounds.bases import Base, copy_registry, without_child
from tests.faults.wounds.oracle import STRICT, Left, undetectable, what_is_left
from tests.faults.wounds.truth import Document, Line, Truth, Version, facts_of
from tests.faults.wounds.wounding import Wound, inflict, wound
from tests.journeys.commands import COMMAND, environment

T = TypeVar("T")
#: So many versions of each look are written out as well, which costs more than reading them.
_WRITTEN_OUT = 3
#: In one of so many cases doctor is asked as a command too, which takes a process.
_COMMAND_EACH = 25
#: Orders in which a registry is mended; it is looked at before and after each step. What a fix
#: finds may name sources, from which only the repair behind it takes.
ORDERS = (
    ("fix", "repair", "rebuild", "fix", "repair"),
    ("rebuild", "fix", "repair"),
    ("repair", "fix", "rebuild", "fix", "repair"),
    ("fix", "rebuild", "repair", "fix", "repair"),
)


@dataclass(frozen=True, slots=True)
class Look:
    """What could be had at one moment: `error` where the registry did not open at all."""

    served: frozenset[str]
    facts: Document | None
    error: str = ""

    def is_whole(self, truth: Truth) -> bool:
        return self.served == frozenset(truth.versions) and self.facts == truth.facts


@dataclass
class Case:
    """One wounded registry; `problems` collects what must not be, each with its kind in front."""

    seed: int
    place: Path
    truth: Truth
    wounds: list[Wound] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    step: str = ""

    def problem(self, kind: str, what: object) -> None:
        self.problems.append(f"{kind} [{self.step}]: {what}")

    def report(self) -> str:
        """The seed, the wounds, what was said and what is wrong with it."""
        shown = self.problems[:12]
        more = [f"… and {len(self.problems) - 12} more"] if len(self.problems) > 12 else []
        return "\n".join(
            [
                f"seed {self.seed}: {len(self.problems)} problems",
                "wounds:",
                *(f"  {number}: {one}" for number, one in enumerate(self.wounds)),
                "steps:",
                *(f"  {one}" for one in self.said),
                "problems:",
                *(f"  {one}" for one in [*shown, *more]),
            ]
        )


def make_case(seed: int, base: Base, folder: Path, only: Collection[int] | None = None) -> Case:
    """A copy of `base` in `folder`, wounded as `seed` says, or by some of its wounds only."""
    place = folder / "registry"
    copy_registry(base.place, place)
    case = Case(seed, place, base.truth)
    case.wounds = wound(place, random.Random(seed))
    if only is not None:
        shutil.rmtree(place)
        copy_registry(base.place, place)
        case.wounds = [one for number, one in enumerate(case.wounds) if number in only]
        for one in case.wounds:
            inflict(place, one)
    return case


def shrink(seed: int, base: Base, folder: Path) -> list[int]:
    """As few of the seed's wounds as still make a problem of the same kind."""

    def kinds(only: Collection[int] | None) -> tuple[int, set[str]]:
        below = folder / f"try{next(count)}"
        below.mkdir()
        case = play(make_case(seed, base, below, only), below)
        shutil.rmtree(below)
        return len(case.wounds), {problem.split()[0] for problem in case.problems}

    count = itertools.count()
    number, wanted = kinds(None)
    needed = list(range(number))
    for one in range(number):
        fewer = [n for n in needed if n != one]
        with contextlib.suppress(OSError):  # a wound to a file that another one made short
            if kinds(fewer)[1] & wanted:
                needed = fewer
    return needed


def play(case: Case, folder: Path) -> Case:
    """Does everything with the case, in an order that its seed chooses."""
    rng = random.Random(-1 - case.seed)
    left = what_is_left(case.place, case.truth)
    with _impatient():
        player = _Player(case, left, rng, folder)
        player.play(rng.choice(ORDERS))
    return case


@contextmanager
def _impatient() -> Iterator[None]:
    """Nobody else writes: what is not there at once will not come."""
    with mock.patch("strongroom.services.doctor._PATIENCE", 0.0, create=True):
        yield


class _Player:
    def __init__(self, case: Case, left: Left, rng: random.Random, folder: Path) -> None:
        self.case, self.truth, self.left = case, case.truth, left
        self.rng, self.folder = rng, folder
        self.served: frozenset[str] = frozenset()
        self.added: set[str] = set()
        self.was_whole = False
        self.with_command = case.seed % _COMMAND_EACH == 3
        self.outs = 0

    def play(self, order: tuple[str, ...]) -> None:
        first = self.look("read")
        self.check_no_worse(first)
        health = self.doctor("doctor")
        if not first.is_whole(self.truth) and health["ok"] and not self.is_undetectable():
            self.case.problem("SILENT", f"doctor finds nothing wrong; {self.lacking(first)}")
        if self.with_command:
            self.doctor_too(health)
        self.check_no_worse(self.look("read after doctor"))
        for step in order:
            self.step(step)
            last = self.look(f"read after {step}")
            self.check_no_worse(last)
        health = self.doctor("doctor at the end")
        if self.with_command:
            self.doctor_too(health)
        self.check_end(last, health)
        if self.rng.randrange(3) == 0:
            self.attempt("collect", self.collect_all)
            self.check_no_worse(self.look("read after collect"))
        self.add_more(health)
        self.check_no_worse(self.look("read after adding"))

    # ------------------------------------------------------------------ steps

    def step(self, name: str) -> None:
        if name == "rebuild":
            self.rebuild()
        elif name == "fix":
            self.doctor("doctor --fix", fix=True)
        else:
            answer, error = self.attempt("verify --repair", self.repair)
            told = answer and f"{len(answer['damaged'])} damaged, {len(answer['repaired'])} mended"
            self.say(error or told)

    def rebuild(self) -> None:
        """If it would not go on without what is lost, it is told to."""
        answer, error = self.attempt("rebuild", lambda: rebuild_registry(self.case.place))
        self.say(error or (answer and f"{answer['entries']} entries, {answer['problems'][:3]}"))
        if answer is None and "accept_loss" in inspect.signature(rebuild_registry).parameters:
            answer, error = self.attempt(
                "rebuild --accept-loss", lambda: rebuild_registry(self.case.place, accept_loss=True)
            )
            self.say(error or (answer and f"{answer['entries']} entries, {answer['problems'][:3]}"))

    def repair(self) -> Document:
        with self.opened() as registry:
            return registry.verify(repair=True)

    def collect_all(self) -> None:
        """As if a day went by between the two."""
        with self.opened() as registry:
            collect.collect(registry.desk, grace=0)
            collect.collect(registry.desk, grace=0)

    def doctor(self, name: str, fix: bool = False) -> Document:
        def ask() -> Document:
            if hasattr(bootstrap, "diagnose"):
                found: Document = bootstrap.diagnose(self.case.place, Settings(), "cli", fix)
                return found
            with self.opened() as registry:
                return registry.doctor(fix)

        answer, error = self.attempt(name, ask)
        if answer is None:
            self.say(error)
            return {"ok": False, "checks": [], "error": error}
        bad = [f"{c['name']}: {c['detail']}" for c in answer["checks"] if not c["ok"]]
        self.say("; ".join(bad) or "ok")
        return answer

    def doctor_too(self, health: Document) -> None:
        """The command says by its exit code what was answered here."""
        done = subprocess.run(
            [*COMMAND, "doctor"], env=environment(self.case.place), capture_output=True, text=True
        )
        # Where there is no answer but an error, the exit code is the error's own.
        good = {0} if health["ok"] else set(range(1, 10)) if "error" in health else {6}
        if done.returncode not in good or "Traceback" in done.stderr:
            self.case.problem("EXIT", f"{done.returncode}, not {good}: {done.stderr[-300:]}")

    # ------------------------------------------------------------------ looking

    def look(self, step: str) -> Look:
        """Everything that can be had now, each answer checked against the truth."""
        found, error = self.attempt(step, self._look)
        self.say(error or (found and f"{len(found.served)} of {len(self.truth.versions)} served"))
        return found or Look(frozenset(), None, error or "")

    def _look(self) -> Look:
        with self.opened() as registry:
            written = set(self.rng.sample(sorted(self.truth.versions), _WRITTEN_OUT))
            served = {
                ref
                for ref, version in self.truth.versions.items()
                if ref not in self.added and self._is_served(registry, version, ref in written)
            }
            names = {ref.rpartition("@")[0] for ref in self.truth.versions}
            facts, _ = self.attempt(self.case.step, lambda: facts_of(registry, names))
            if facts is not None:
                if 1 not in self.left.entries:  # then nobody can know its name
                    facts["id"] = self.truth.facts["id"]
                self._check_tags(facts["versions"])
            return Look(frozenset(served), facts)

    def _is_served(self, registry: LocalRegistry, version: Version, written: bool) -> bool:
        shown, _ = self.attempt(self.case.step, lambda: registry.show(version.ref))
        if shown is not None:
            self._check_shown(version, shown)
        for path, digest in version.files.items():
            data = self._read(registry, version, path)
            if data is None:
                return False
            if hashlib.sha256(data).hexdigest() != digest:
                self.case.problem("BYTES", f"{version.ref} {path} is {len(data)} other bytes")
                return False
        if written:
            self.outs += 1
            out = self.folder / f"out{self.outs}"
            got, _ = self.attempt(
                self.case.step, lambda: registry.get(version.ref, out, as_folder=True)
            )
            files = {str(p.relative_to(out)): sha(p) for p in out.rglob("*") if p.is_file()}
            if got is None and files:
                self.case.problem("BYTES", f"get {version.ref} failed and left {sorted(files)}")
            if got is not None and files != version.files:
                self.case.problem("BYTES", f"get {version.ref} wrote other files")
        return shown is not None

    def _read(self, registry: LocalRegistry, version: Version, path: str) -> bytes | None:
        """One file. Most of a folder's come right from the store, which is all that `cat` does
        once it has read the manifest; what cannot be read is asked for by `cat` all the same.
        """
        if len(version.files) > 2 and self.rng.randrange(len(version.files)):
            digest = bytes.fromhex(version.files[path])
            chunks = registry.desk.store.chunks
            data, _ = self.attempt(self.case.step, lambda: b"".join(chunks(digest)))
            if data is not None:
                return data
        return self.attempt(self.case.step, lambda: cat(registry, version.ref, path))[0]

    def _check_shown(self, version: Version, shown: Document) -> None:
        if shown["content_digest"] != version.content:
            self.case.problem("TAG", f"show {version.ref} is {shown['content_digest']}")
        files = {_path(f): f["sha256"] for f in shown["manifest"]["files"]}
        if files != version.files:
            self.case.problem("TAG", f"show {version.ref} has other files")

    def _check_tags(self, versions: Mapping[str, Document]) -> None:
        for ref, view in versions.items():
            if ref in self.added:
                continue
            if ref not in self.truth.versions:
                self.case.problem("TAG", f"{ref} was never made")
            elif view["content_digest"] != self.truth.versions[ref].content:
                self.case.problem("TAG", f"versions says {ref} is {view['content_digest']}")

    # ------------------------------------------------------------------ judging

    def check_no_worse(self, look: Look) -> None:
        gone = self.served - look.served
        if gone:
            self.case.problem("WORSE", f"{_some(gone)} could be had before; {look.error}")
        self.served |= look.served
        whole = look.is_whole(self.truth)
        if self.was_whole and not whole and not gone and not self.added:
            self.case.problem("WORSE", f"all was well before; {self.lacking(look)}")
        self.was_whole |= whole

    def is_undetectable(self) -> bool:
        return undetectable(self.truth, self.left)

    def check_end(self, look: Look, health: Document) -> None:
        sure = {ref for ref, v in self.truth.versions.items() if self.left.is_sure(v)}
        logged = {ref for ref in sure if self.left.is_in_logs(self.truth.versions[ref])}
        if lost := sure - look.served - logged:
            self.case.problem("LOST", f"{_some(lost)}: all of it is there; {look.error}")
        if lost := logged - look.served:
            self.case.problem("LOST-LOG", f"{_some(lost)}: some of it is in a shelf's broken log")
        for kind, what in self.missing_facts(look):
            self.case.problem(kind, what)
        # What a run says is shown without its document, whose loss is no less a loss.
        runs = frozenset().union(*self.truth.runs.values()) <= self.left.blobs
        if look.is_whole(self.truth) and runs and not health["ok"]:
            bad = [c["detail"] for c in health["checks"] if not c["ok"]]
            self.case.problem("SOUR", f"all is served, yet doctor says {bad or health}")
        told = {r for r, v in self.truth.versions.items() if v.entry in self.left.entries}
        if (told - look.served) and health["ok"]:
            self.case.problem("SILENT", f"doctor is ok without {_some(told - look.served)}")

    def missing_facts(self, look: Look) -> Iterator[tuple[str, str]]:
        """Facts whose entry is readable that are not as they were, each with its kind in front."""
        if look.facts is not None:
            yield from (("FACT", what) for what in self._missing_of_versions(look, look.facts))
            yield from self._missing_runs(look.facts)
        elif not look.error:
            yield "FACT", "lists cannot be had"

    def _missing_of_versions(self, look: Look, facts: Document) -> Iterator[str]:
        """Of those that are served."""
        lines = [line for seq, line in self.truth.lines.items() if seq in self.left.entries]
        for ref in look.served:
            now, then = facts["versions"].get(ref), self.truth.versions[ref].facts
            if now is None:
                yield f"{ref} is not in the list"
                continue
            for key in then:
                if key not in ("labels", "notes") and now[key] != then[key]:
                    yield f"{ref}: {key} was {then[key]!r}, is {now[key]!r}"
        for line in lines:
            ref = f"{line.object.get('name')}@v{line.details.get('n')}"
            if ref not in look.served or ref not in facts["versions"]:
                continue
            now = facts["versions"][ref]
            if line.action == "version.labelled" and self._is_last_label(line):
                key, value = line.details["key"], line.details["value"]
                if now["labels"].get(key) != value:
                    yield f"{ref}: label {key} was {value!r}, is {now['labels'].get(key)!r}"
            if line.action == "version.noted" and line.details["text"] not in [
                n["text"] for n in now["notes"]
            ]:
                yield f"{ref}: the note {line.details['text']!r} is gone"
            if line.action == "lineage.linked" and line.details["from"] in look.served:
                edge = [line.details["from"], ref]
                if edge not in [e[:2] for e in facts["edges"] if e[3] == "declared"]:
                    yield f"{ref}: the link from {line.details['from']} is gone"

    def _is_last_label(self, line: Line) -> bool:
        """Whether no later entry gives the same label of the version another value."""

        def named(one: Line) -> tuple[Any, ...]:
            return one.action, one.object["name"], one.details["n"], one.details["key"]

        labels = [one for one in self.truth.lines.values() if one.action == "version.labelled"]
        return line.seq == max(one.seq for one in labels if named(one) == named(line))

    def _missing_runs(self, facts: Document) -> Iterator[tuple[str, str]]:
        for run, documents in self.truth.runs.items():
            last = max(
                line.seq
                for line in self.truth.lines.values()
                if line.action == "run.recorded" and line.object["id"] == run
            )
            if last not in self.left.entries or not documents <= self.left.blobs:
                continue
            kind = "FACT" if documents.isdisjoint(self.left.only_in_logs) else "FACT-LOG"
            now, then = facts["runs"].get(run), self.truth.facts["runs"][run]
            if now is None:
                yield kind, f"run {run} is gone"
                continue
            different = list(_differences({**then, "outputs": []}, {**now, "outputs": []}))
            if different:
                yield kind, f"run {run}: {'; '.join(different)[:300]}"

    def lacking(self, look: Look) -> str:
        """In a few words, what is not as in the truth."""
        if look.error:
            return f"the registry does not open ({look.error})"
        gone = frozenset(self.truth.versions) - look.served
        if gone:
            return f"{_some(gone)} cannot be had"
        if look.facts is None:
            return "lists cannot be had"
        return "; ".join(_differences(self.truth.facts, look.facts))[:600]

    # ------------------------------------------------------------------ going on

    def add_more(self, health: Document) -> None:
        """New versions get new tags, and files that are still there are what they were."""
        for name in self.rng.sample(sorted({r.rpartition("@")[0] for r in self.truth.versions}), 3):
            new = self.folder / "new.bin"
            new.write_bytes(b"new " + self.rng.randbytes(60))
            self._added(new, name, health)
        for version in self._single_kept():
            (path,) = self.truth.sources[next(iter(version.files.values()))][:1]
            added = self._added(path, version.ref.rpartition("@")[0], health)
            if added is not None and added["content_digest"] != version.content:
                self.case.problem("BYTES", f"{path.name} was added as other content")

    def _single_kept(self) -> list[Version]:
        """Some versions of one file that still lies where it was added from."""
        found = []
        for version in self.truth.versions.values():
            (digest,) = version.files.values() if len(version.files) == 1 else ("",)
            paths = self.truth.sources.get(digest, ())
            if len(paths) == 1 and paths[0].name in version.files:
                found.append(version)
        return self.rng.sample(found, min(2, len(found)))

    def _added(self, path: Path, name: str, health: Document) -> Document | None:
        def add() -> Document:
            with self.opened() as registry:
                answer = registry.add([os.fsencode(path)], AddOptions(name=name))
                version: Document = answer["versions"][0]
                (file,) = registry.show(f"{name}@{version['tag']}")["manifest"]["files"]
                data = cat(registry, f"{name}@{version['tag']}", _path(file))
                if data != path.read_bytes():
                    self.case.problem("BYTES", f"{name}@{version['tag']} is not what was added")
                return version

        version, error = self.attempt("add", add)
        if version is None and health["ok"]:
            self.case.problem("SILENT", f"doctor is ok, but nothing can be added: {error}")
        if version is not None and version["created"]:
            self._check_new(f"{name}@{version['tag']}")
        return version

    def _check_new(self, ref: str) -> None:
        known = self.truth.versions.get(ref)
        if known is not None and (STRICT or known.entry in self.left.entries):
            self.case.problem("REUSED", f"{ref} is other content now")
        self.added.add(ref)
        self.served -= {ref}

    # ------------------------------------------------------------------ helpers

    def attempt(self, step: str, act: Callable[[], T]) -> tuple[T | None, str | None]:
        """The act's answer, or why the product refused; other exceptions are problems."""
        self.case.step = step
        try:
            return act(), None
        except StrongroomError as error:
            return None, f"{type(error).__name__}: {error}"
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(at.filename).name}:{at.lineno}"
            self.case.problem("RAW", f"{type(error).__name__}: {error} ({where})")
            return None, f"{type(error).__name__}: {error}"

    def say(self, what: object) -> None:
        self.case.said.append(f"{self.case.step}: {what}")

    @contextmanager
    def opened(self) -> Iterator[LocalRegistry]:
        registry = without_child(open_registry(self.case.place, Settings(), "cli"))
        try:
            yield registry
        finally:
            registry.close()


def cat(registry: LocalRegistry, ref: str, path: str) -> bytes:
    return b"".join(registry.cat(ref, path))


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _path(file: Document) -> str:
    return file["path"] if "path" in file else os.fsdecode(bytes.fromhex(file["path_hex"]))


def _some(refs: frozenset[str] | set[str]) -> str:
    shown = sorted(refs)[:5]
    return f"{len(refs)} versions ({', '.join(shown)}{', …' if len(refs) > 5 else ''})"


def _differences(then: Any, now: Any, where: str = "") -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for key in [*then, *(k for k in now if k not in then)]:
            yield from _differences(then.get(key), now.get(key), f"{where}/{key}")
    elif then != now:
        yield f"{where} was {str(then)[:80]}, is {str(now)[:80]}"

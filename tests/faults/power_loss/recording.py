"""Runs real commands under the recorder, and reads what it logged.

A recording is kept in a folder: `log` (see recorder.c), `steps.json` and the sources that were
added; so the image of a failed test can be made again from just the log that failed.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

#: The command line, as a program for `python -c`.
COMMAND = "from strongroom.cli.main import main; main()"
_RECORDER = Path(__file__).with_name("recorder.c")
_HEAD = struct.Struct("<cIQQI")


@dataclass(frozen=True, slots=True)
class Op:
    """One record of the log; paths are relative to the recorded root ("" is itself)."""

    kind: str
    pid: int
    inode: int
    offset: int
    path: str
    data: bytes = b""
    #: Where a name was moved or linked to.
    target: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One command, or one change that was just there (`arguments` is empty): ops begin..end-1.

    `place`: what it writes outside the registry, and `content` what must then be there, as
    `tree_of` gives it. `damaged`: digests of stored files whose bytes it spoiled.
    """

    begin: int
    end: int
    arguments: tuple[str, ...] = ()
    pid: int = 0
    code: int = 0
    place: str = ""
    content: Mapping[str, str] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recording:
    """What happened below `root` while a story was told."""

    story: str
    seed: int
    #: The recorded root as it was called: answers of commands hold absolute paths.
    root: str
    sources: Path
    ops: tuple[Op, ...]
    steps: tuple[Step, ...]
    #: SHA-256 of every source file that there ever was.
    known: frozenset[str]
    #: The op before which nothing happened that is the story's own.
    since: int = 0

    def reported(self, before: int) -> list[tuple[Step, Any]]:
        """The JSON documents that commands had printed before op `before`, in order."""
        answers = []
        for step in self.steps:
            said = b"".join(
                op.data
                for op in self.ops[step.begin : min(step.end, before)]
                if op.kind == "O" and op.pid == step.pid
            )
            whole = said[: said.rfind(b"\n") + 1]
            answers += [(step, json.loads(line)) for line in whole.splitlines()]
        return answers

    def begun(self, before: int) -> list[Step]:
        """The steps of which something had happened before op `before`."""
        return [step for step in self.steps if step.begin < before]


class Recorder:
    """Tells a story: runs commands below `folder`/root, where all they change is logged.

    In it `reg` is the registry and `out` a folder to write to. What is added lies in `sources`,
    beside the root.
    """

    def __init__(self, folder: Path, story: str, seed: int) -> None:
        self.folder, self.story, self.seed = folder, story, seed
        self.rng = random.Random(f"{story} {seed}")
        self.root, self.sources = folder / "root", folder / "sources"
        self.registry, self.out = self.root / "reg", self.root / "out"
        self._steps: list[Step] = []
        self._known: set[str] = set()
        self._since = 0
        self._log = folder / "log"
        self._library = compiled_recorder()
        for made in (self.root, self.sources, folder / "home"):
            made.mkdir(parents=True)
        self.change(self.out.mkdir)
        self.here_it_begins()

    def source(self, name: str, data: bytes) -> Path:
        """A file to be added (or its next state); `data` is remembered as sound content."""
        path = self.sources / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (1_700_000_000, 1_700_000_000 + len(self._known)))
        self._known.add(hashlib.sha256(data).hexdigest())
        return path

    def bytes(self, size: int) -> bytes:
        return self.rng.randbytes(size)

    def run(
        self,
        *arguments: object,
        kill: int = 0,
        place: str = "",
        content: Path | None = None,
        program: str = COMMAND,
        codes: Sequence[int] = (0,),
    ) -> list[Any]:
        """Runs one command to its end, or kills it before its `kill`-th change (below zero: sync).

        `place` (below the root) is what it writes, which must then hold what `content` holds now.
        """
        given = [os.fspath(a) if isinstance(a, Path) else str(a) for a in arguments]
        begin = self._count()
        process = subprocess.Popen(
            [sys.executable, "-c", program, *given, "--json"],
            env=self._environment(kill),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        said, errors = process.communicate(timeout=120)
        code = process.returncode
        assert code in codes or (kill and code == -9), (
            f"{self.story}: {given} → {code}\n{said!r}\n{errors.decode(errors='replace')}"
        )
        tree = tree_of(content) if content is not None else {}
        self._steps.append(Step(begin, self._count(), tuple(given), process.pid, code, place, tree))
        return [json.loads(line) for line in said.splitlines()] if code != -9 else []

    def change(
        self, act: Callable[[], object], damaged: Sequence[str] = (), place: str = ""
    ) -> None:
        """Does something to the root that no command did, long ago: all of it is on disk."""
        begin = self._count()
        self._note("A", 0, 0, "")
        before = _scan(self.root)
        act()
        for record in _differences(before, _scan(self.root)):
            self._note(*record)
        self._note("A", 0, 0, "")
        tree = tree_of(self.root / place) if place else {}
        self._steps.append(
            Step(begin, self._count(), place=place, content=tree, damaged=tuple(damaged))
        )

    def here_it_begins(self) -> None:
        """Of what was before this another story tells: power is lost later only."""
        self._since = self._count()

    def changes_of(self, command: str) -> tuple[int, int]:
        """How many changes the command made when it last came to its end, and how many of them
        were syncs; zeros if it never did.
        """
        for step in reversed(self._steps):
            if step.code == 0 and step.arguments[:1] == (command,):
                ops = parse(self._log.read_bytes(), os.fspath(self.root))[step.begin : step.end]
                return len(ops), sum(op.kind in "SA" for op in ops)
        return 0, 0

    def finish(self) -> Recording:
        document = {
            "story": self.story,
            "seed": self.seed,
            "root": os.fspath(self.root),
            "known": sorted(self._known),
            "since": self._since,
            "steps": [asdict(step) for step in self._steps],
        }
        (self.folder / "steps.json").write_text(json.dumps(document))
        return load(self.folder)

    def _count(self) -> int:
        return count_ops(self._log.read_bytes()) if self._log.exists() else 0

    def _note(self, kind: str, inode: int, offset: int, path: str, data: bytes = b"") -> None:
        raw = os.fsencode(self.root / path if path else self.root)
        record = _HEAD.pack(kind.encode(), os.getpid(), inode, offset, len(raw)) + raw
        record += struct.pack("<I", len(data)) + data
        with open(self._log, "ab") as log:
            log.write(struct.pack("<I", len(record)) + record)

    def _environment(self, kill: int) -> dict[str, str]:
        home = self.folder / "home"
        env = {k: v for k, v in os.environ.items() if not k.startswith("STRONGROOM_")}
        env |= {
            "HOME": os.fspath(home),
            "STRONGROOM_SETTINGS": os.fspath(home / "settings.toml"),
            "STRONGROOM_LOGS": os.fspath(home / "logs"),
            "STRONGROOM_STATE": os.fspath(home / "state"),
            "STRONGROOM_REGISTRY": os.fspath(self.registry),
            "LD_PRELOAD": os.fspath(self._library),
            "PL_ROOT": os.fspath(self.root),
            "PL_LOG": os.fspath(self._log),
        }
        if kill:
            env["PL_KILL"] = str(abs(kill))
        return env | ({"PL_SYNCS": "1"} if kill < 0 else {})


def load(folder: Path) -> Recording:
    """The recording that was kept in `folder`, which may have been moved since."""
    document = json.loads((folder / "steps.json").read_text())
    ops = parse((folder / "log").read_bytes(), document["root"])
    steps = []
    for one in document["steps"]:
        one["arguments"], one["damaged"] = tuple(one["arguments"]), tuple(one["damaged"])
        steps.append(Step(**one))
    return Recording(
        document["story"],
        document["seed"],
        document["root"],
        folder / "sources",
        tuple(ops),
        tuple(steps),
        frozenset(document["known"]),
        document["since"],
    )


def keep(folder: Path, target: Path) -> None:
    """Copies what `load` needs of the recording in `folder`."""
    target.mkdir(parents=True)
    for name in ("log", "steps.json"):
        shutil.copy(folder / name, target / name)
    shutil.copytree(folder / "sources", target / "sources")


def count_ops(log: bytes) -> int:
    at, count = 0, 0
    while at < len(log):
        at += 4 + struct.unpack_from("<I", log, at)[0]
        count += 1
    return count


def parse(log: bytes, root: str) -> list[Op]:
    """The records of a log; what was not below `root` has no place in it."""
    ops, at = [], 0
    while at < len(log):
        (length,) = struct.unpack_from("<I", log, at)
        kind, pid, inode, offset, size = _HEAD.unpack_from(log, at + 4)
        start = at + 4 + _HEAD.size
        path = os.fsdecode(log[start : start + size])
        start += size
        (size,) = struct.unpack_from("<I", log, start)
        data = log[start + 4 : start + 4 + size]
        at += 4 + length
        assert start + 4 + size == at, "the log is not whole"
        target = ""
        if kind in b"RL":
            target, data = _below(os.fsdecode(data), root), b""
        if kind not in b"OA":
            path = _below(path, root) if kind != b"L" else ""
        ops.append(Op(kind.decode(), pid, inode, offset, path, data, target))
    return ops


def _below(path: str, root: str) -> str:
    path = os.path.normpath(path.removesuffix(" (deleted)"))
    assert path == root or path.startswith(f"{root}/"), f"{path} does not lie below {root}"
    return path[len(root) + 1 :]


def tree_of(path: Path) -> dict[str, str]:
    """SHA-256 by relative path: {"": …} for a file, {} if there is nothing."""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if not p.is_dir())
        return {os.fspath(p.relative_to(path)): _sha(p) for p in files} or {".": ""}
    return {"": _sha(path)} if path.exists() else {}


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _scan(root: Path) -> dict[str, tuple[int, bytes | None]]:
    """Inode and bytes (None: a folder) of all that is there, folders before what they hold."""
    found: dict[str, tuple[int, bytes | None]] = {}
    for path in sorted(root.rglob("*")):
        data = None if path.is_dir() else path.read_bytes()
        found[os.fspath(path.relative_to(root))] = (path.stat().st_ino, data)
    return found


def _differences(
    before: dict[str, tuple[int, bytes | None]], after: dict[str, tuple[int, bytes | None]]
) -> list[tuple[str, int, int, str, bytes]]:
    """What makes `after` of `before`, as records."""
    records: list[tuple[str, int, int, str, bytes]] = []
    for path in reversed(before):
        if path not in after or after[path][0] != before[path][0]:
            records.append(("U", 0, 0, path, b""))
    for path, (inode, data) in after.items():
        old = before.get(path)
        if old is None or old[0] != inode:
            records.append(("D" if data is None else "C", inode, 0, path, b""))
            old = (inode, b"")
        if data is not None and data != old[1]:
            records += [("T", inode, len(data), path, b""), ("W", inode, 0, path, data)]
    return records


@functools.cache
def compiled_recorder() -> Path:
    """The recorder as a library, compiled once a process; fails where there is no compiler."""
    compiler = shutil.which("gcc")
    assert compiler, (
        "these tests need gcc, for what they record with: apt-get install gcc libc6-dev"
    )
    library = Path(_temporary().name) / "recorder.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", os.fspath(library), os.fspath(_RECORDER)]
    done = subprocess.run([*command, "-ldl", "-lpthread"], capture_output=True, text=True)
    assert done.returncode == 0, f"the recorder cannot be compiled:\n{done.stderr}"
    return library


@functools.cache
def _temporary() -> tempfile.TemporaryDirectory[str]:
    """Goes with the process."""
    return tempfile.TemporaryDirectory(prefix="strongroom-recorder-")

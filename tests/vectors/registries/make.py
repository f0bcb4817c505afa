"""Makes the stored registries that `tests/catalog/test_upgrade.py` brings up to date.

    python tests/vectors/registries/make.py CHECKOUT/app

runs the command line of the Strongroom in that folder, whichever one it is: `schemaN.tar.xz` is
the registry as it left it, `schemaN.json` what it said of it. All that is added lies below
`/tmp/strongroom-sample`, user and host are called `sample`, so that a registry tells nothing of the
machine that it was made on.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TRAIN = HERE.parents[2] / "resources" / "sample" / "train.py"
SAMPLE = Path("/tmp/strongroom-sample")
REGISTRY = SAMPLE / "registry"
#: When all of it happened: long ago, so that no computer's clock is behind the journal.
_BEGAN = 1_700_000_000
#: Host and time are asked for in the process itself; the user is an environment variable.
_CALLED_SAMPLE = f"""
import socket, time
socket.gethostname = lambda: "sample"
def shifted(clock, shift):
    return lambda: clock() - shift
time.time = shifted(time.time, {time.time_ns() // 10**9 - _BEGAN})
time.time_ns = shifted(time.time_ns, {time.time_ns() // 10**9 - _BEGAN} * 10**9)
"""
_CLI = _CALLED_SAMPLE + "from strongroom.cli.main import main; main()"
_PAUSE = (
    _CALLED_SAMPLE
    + """
import sys
from pathlib import Path
from strongroom.bootstrap import open_registry
from strongroom.settings import Settings
registry = open_registry(Path(sys.argv[1]), Settings(), "cli")
registry.pause_watch(sys.argv[2], True)
registry.close()
"""
)
_EDGES = """
select case from_type when 'run' then 'run:' || from_id else (select a.name || '@v' || v.n
           from versions v join artifacts a on a.id = v.artifact_id where v.id = from_id) end,
       case to_type when 'run' then 'run:' || to_id else (select a.name || '@v' || v.n
           from versions v join artifacts a on a.id = v.artifact_id where v.id = to_id) end,
       relation, basis
from edges order by seq, id
"""


class Old:
    """The command line of one checkout, over the sample registry."""

    def __init__(self, app: Path) -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(app.resolve()),
            "HOME": str(SAMPLE / "home"),
            "LOGNAME": "sample",
            "LC_ALL": "C.UTF-8",
            "STRONGROOM_SETTINGS": str(SAMPLE / "home" / "settings.toml"),
            "STRONGROOM_LOGS": str(SAMPLE / "home" / "logs"),
            "STRONGROOM_REGISTRY": str(REGISTRY),
        }

    def python(self, program: str, *arguments: object) -> str:
        return subprocess.run(
            [sys.executable, "-c", program, *map(str, arguments)],
            env=self._environment,
            cwd=SAMPLE,
            capture_output=True,
            check=True,
            text=True,
        ).stdout

    def __call__(self, *arguments: object) -> Any:
        return json.loads(self.python(_CLI, *arguments, "--json"))

    def knows(self, command: str) -> bool:
        return f"  {command} " in self.python(_CLI, "--help")


def written(name: str, data: bytes) -> Path:
    path = SAMPLE / "work" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def layer(seed: int, count: int = 256) -> list[float]:
    """Numbers that nothing else has."""
    return [((seed * 7919 + n * 104729) % 65521) / 65521 - 0.5 for n in range(count)]


def tensors(seeds: list[int]) -> bytes:
    """A safetensors file of one float32 vector a seed."""
    header: dict[str, Any] = {}
    data = b""
    for seed in seeds:
        raw = struct.pack("<256f", *layer(seed))
        place = [len(data), len(data) + len(raw)]
        header[f"layer{seed}"] = {"dtype": "F32", "shape": [256], "data_offsets": place}
        data += raw
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + data


def train(folder: Path, name: str, *more: object) -> None:
    command = [sys.executable, str(TRAIN), str(folder), "--name", name, *map(str, more)]
    subprocess.run(command, check=True)


def tell(old: Old) -> None:
    """A small project with a past."""
    old("init", REGISTRY)
    old("add", written("notes.txt", b"first\n"), "--note", "the first one of all")
    old("add", written("notes.txt", b"second\n"), "--note", "two")
    old("add", written("empty.bin", b""))
    old("add", written("größe 模型.bin", b"named so"), "--name", "größe-模型", "--kind", "model")
    large = b"".join(b"%08d rows of a large file\n" % n for n in range(9000))
    old("add", written("large.csv", large), "--kind", "dataset")
    old("add", written("large.csv", large[: len(large) // 2]), "--kind", "dataset")
    for number in range(7):
        written(f"set/part{number % 3}/file{number}.txt", b"line %d\n" % number * (number + 1))
    written("set/large.bin", large[::-1])
    os.symlink("large.bin", SAMPLE / "work" / "set" / "link.bin")
    (SAMPLE / "work" / "set" / os.fsdecode(b"caf\xe9.bin")).write_bytes(b"a name that is not UTF-8")
    old("add", SAMPLE / "work" / "set", "--name", "team/set", "--kind", "dataset")
    written("set/part0/file0.txt", b"changed\n")
    old("add", SAMPLE / "work" / "set", "--name", "team/set", "--kind", "dataset")
    old("run", "start", "--id", "run-1", "--name", "Müller's run", "--param", "lr=0.1",
        "--param", "seed=123456789012345678901234567890", "--param", "text=größer")  # fmt: skip
    old("add", written("model.safetensors", tensors([1, 2, 3, 4, 5, 6])), "--name", "base",
        "--run", "run-1", "--metric", "auc=0.93", "--metric", "loss=nan", "--metric", "top=inf",
        "--metric", "low=-inf", "--param", "steps=9007199254740993", "--param", "whole=2.0",
        "--input", "team/set@v1", "--meta", "who=me")  # fmt: skip
    old("run", "finish", "run-1")
    old("add", written("tuned.safetensors", tensors([1, 2, 3, 4, 5, 7])), "--name", "tuned",
        "--run", "run-2", "--metric", "auc=0.95")  # fmt: skip
    old("run", "finish", "run-2", "--failed")
    old("run", "start", "--id", "run-3", "--name", "goes on", "--param", "lr=0.3")
    old("label", "base@v1", "stage=größer")
    old("label", "base@v1", "reviewed=yes")
    old("label", "base@v1", "reviewed=no")
    old("note", "team/set@v1", "looks good: ☂")
    old("note", "team/set@v1", "no, it does not")
    old("add", written("again.txt", b"first\n"), "--name", "notes.txt", "--new-version")
    watch(old)
    if old.knows("link"):
        old("link", "tuned@v1", "--from", "notes.txt@v1", "--reason", "as it says there")
        old("link", "large.csv@v2", "--run", "run-2")
        found = old("lineage", "tuned@v1")["edges"]
        (inferred,) = [e for e in found if e["basis"] == "inferred" and e["to"] == "tuned@v1"]
        old("link", "tuned@v1", "--from", inferred["from"], "--confirm")
        old("metric", "auc", "--better", "lower")


def watch(old: Old) -> None:
    """A folder of trainings and one that is paused."""
    training, paused = SAMPLE / "training", SAMPLE / "paused"
    train(training, "baseline", "--epochs", 6)
    old_times(training)
    old_watch(old, training)
    train(training, "second", "--epochs", 4, "--lr", 0.2, "--seed", 2)
    # Where curves are kept by themselves once they are long, a long one is made.
    points = 5200 if old.knows("link") else 50
    curve = "".join(f"{n},{n % 8 / 8}\n" for n in range(points))
    (training / "runs" / "second" / "metrics.csv").write_text(f"step,loss\n{curve}")
    old_times(training)
    old_watch(old, training)
    paused.mkdir()
    (paused / "one.txt").write_text("one\n")
    old_times(paused)
    old_watch(old, paused, "--each", "--name", "kept/paused")
    (found,) = [w for w in old("watch", "--list")["watches"] if w["name"] == "kept/paused"]
    old.python(_PAUSE, REGISTRY, found["id"])


def old_watch(old: Old, folder: Path, *more: object) -> None:
    old.python(_CLI, "watch", folder, "--once", "--quiet-time", "0.2", *more, "--json")


def old_times(folder: Path) -> None:
    """What was written long ago has certainly settled."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (_BEGAN - 1000, _BEGAN - 1000))


def said(old: Old) -> dict[str, Any]:
    """All that this Strongroom says of the registry."""
    listed = old("list", "--limit", "1000")
    versions = {a["name"]: old("versions", a["name"]) for a in listed["artifacts"]}
    refs = [f"{v['name']}@{v['tag']}" for some in versions.values() for v in some["versions"]]
    runs = old("run", "list", "--limit", "1000")
    document = {
        "schema": 0,
        "list": listed,
        "versions": versions,
        "show": {ref: old("show", ref) for ref in refs},
        "runs": runs,
        "run": {r["id"]: old("run", "show", r["id"], "--series") for r in runs["runs"]},
        "watches": old("watch", "--list"),
        "lineage": {},
        "directions": {},
    }
    if old.knows("lineage"):
        document["lineage"] = {ref: old("lineage", ref) for ref in ("tuned@v1", "base@v1")}
        document["directions"] = old("metric")
    catalog = sqlite3.connect(REGISTRY / "catalog.db")
    document["schema"] = catalog.execute("pragma user_version").fetchone()[0]
    document["edges"] = [list(row) for row in catalog.execute(_EDGES)]
    catalog.execute("pragma wal_checkpoint(truncate)")
    catalog.close()
    return document


def packed() -> bytes:
    """The registry's folder as a tar file that says nothing of who made it."""

    def nobody(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mtime = 0
        return info

    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz", format=tarfile.PAX_FORMAT, preset=9) as out:
        out.add(REGISTRY, "registry", filter=nobody)
    return data.getvalue()


def main() -> None:
    (app,) = sys.argv[1:]
    shutil.rmtree(SAMPLE, ignore_errors=True)
    (SAMPLE / "home").mkdir(parents=True)
    old = Old(Path(app))
    tell(old)
    document = said(old)
    number = document["schema"]
    (HERE / f"schema{number}.tar.xz").write_bytes(packed())
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    (HERE / f"schema{number}.json").write_text(text + "\n")
    shutil.rmtree(SAMPLE)


if __name__ == "__main__":
    main()

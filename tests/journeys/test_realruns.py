"""Real training output written into a watched folder while the watcher runs (slow: by real
libraries; default: their output copied file by file), then compared with what the trainings said.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from strongroom.bootstrap import open_registry
from strongroom.formats.document import flatten
from strongroom.settings import Settings
from tests.extract.test_realruns import (
    GONE,
    MORE_PARAMS,
    ROUNDED,
    SCENARIOS,
    UNSTATED,
    same,
)
from tests.journeys.commands import answer, start, strongroom

ROOT = Path(__file__).parents[2]


class Watcher:
    """`strongroom watch` in the background, with the events it printed so far."""

    def __init__(self, folder: Path, place: Path) -> None:
        self.events: list[dict] = []
        self.process = start("watch", folder, "--json", "--quiet-time", "0.5", registry=place)
        self.errors = b""
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._hear)]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def _hear(self) -> None:
        self.errors = self.process.stderr.read()

    def stop(self) -> None:
        self.process.terminate()
        for thread in self._threads:
            thread.join(30)
        assert self.process.wait(30) == 0, self.errors

    def quiet(self, seconds: float = 2.0, limit: float = 120.0) -> None:
        """Returns when nothing has been told for a while."""
        deadline, seen, since = time.monotonic() + limit, -1, time.monotonic()
        while time.monotonic() < deadline:
            if len(self.events) != seen:
                seen, since = len(self.events), time.monotonic()
            elif time.monotonic() - since > seconds:
                return
            time.sleep(0.05)
        raise AssertionError("the watcher never came to rest")


def every(*command: object, key: str, place: Path) -> list[dict]:
    found, cursor = [], None
    while True:
        more = ["--cursor", cursor] if cursor else []
        page = answer(*command, "--limit", "500", *more, registry=place)
        found += page[key]
        cursor = page["next"]
        if cursor is None:
            return found


def run_at(runs: list[dict], folder: str) -> dict:
    found = [
        r for r in runs if r["provenance"]["folder"] == folder and "part_of" not in r["provenance"]
    ]
    assert len(found) == 1, (folder, [r["provenance"]["folder"] for r in runs])
    return found[0]


def inner_run(runs: list[dict], scenario: str, ident: str) -> dict | None:
    """A run that the truth names by what a tracker calls it, not by its folder."""
    for run in runs:
        told = run["provenance"]
        if told["folder"].split("/")[0] == scenario and ident in (run["name"], told.get("run_id")):
            return run
    return None


def folder_of(scenario: str, ident: str, runs: list[dict]) -> str:
    if ident == "." or scenario == "dvc_pipeline":
        return scenario
    below = f"{scenario}/{ident}"
    if any(r["provenance"]["folder"] == below for r in runs):
        return below
    return next(
        r["provenance"]["folder"] for r in runs if r["provenance"]["folder"].endswith("/" + ident)
    )


def check_against_truth(out: Path, place: Path, scenarios: list[str]) -> int:
    """Runs, their params and metrics, and every model file; how many runs were compared."""
    truth = json.loads((out / "expected.json").read_text())["scenarios"]
    runs = every("run", "list", key="runs", place=place)
    held: dict[str, set[str]] = {}
    compared = 0
    for name in scenarios:
        if name not in truth:
            continue
        for expected in truth[name]["runs"]:
            if expected["id"] in GONE.get(name, ()):
                continue
            run = inner_run(runs, name, expected["id"])
            outer = run
            if run is None:
                run = outer = run_at(runs, folder_of(name, expected["id"], runs))
            elif "part_of" in run["provenance"]:
                outer = next(r for r in runs if r["id"] == run["provenance"]["part_of"])
            assert run["status"] in ("finished", "failed"), run
            compared += 1
            for what in ("params", "metrics"):
                hidden, _ = UNSTATED.get((name, what), (set(), ""))
                if hidden is None:
                    continue
                tolerance = ROUNDED.get(name, 0.0) if what == "metrics" else 0.0
                told = flatten(expected[what])
                for key, value in told.items():
                    pruned = what == "metrics" and expected.get("state") == "PRUNED"
                    if key not in hidden and not pruned:
                        found = run[what].get(key, "nothing")
                        assert same(number(found), value, tolerance), (run["name"], key, found)
                if what == "params" and name not in MORE_PARAMS:
                    assert run[what].keys() <= told.keys()
            for model in expected["models"] if run["layout"] != "wandb" else ():
                digest = hashlib.sha256((out / name / model).read_bytes()).hexdigest()
                assert digest in digests_of(outer["outputs"], place, held), (run["id"], model)
    return compared


def number(value):
    return float(value) if value in ("nan", "inf", "-inf") else value


def digests_of(outputs: list[str], place: Path, held: dict[str, set[str]]) -> set[str]:
    with closing(open_registry(place, Settings(), "cli")) as registry:
        for ref in outputs:
            if ref not in held:
                held[ref] = {f["sha256"] for f in registry.show(ref)["manifest"]["files"]}
    return set().union(*(held[ref] for ref in outputs))


def check_nothing_twice_nothing_half(place: Path, watched: Path) -> None:
    present = {
        hashlib.sha256(p.read_bytes()).hexdigest()
        for p in watched.rglob("*")
        if p.is_file() and not p.is_symlink()
    }
    artifacts = every("list", key="artifacts", place=place)
    with closing(open_registry(place, Settings(), "cli")) as registry:
        for name in (a["name"] for a in artifacts):
            versions = registry.list_versions(name)["versions"]
            assert len({v["content_digest"] for v in versions}) == len(versions), name
            for file in registry.show(name)["manifest"]["files"]:
                assert file["sha256"] in present, "a file was taken before it was whole"


COPIED = [s for s in SCENARIOS if s not in ("ultralytics_layout",)]


@pytest.mark.timeout(600)
def test_real_output_is_watched_as_it_comes(realruns, place, tmp_path):
    watched = tmp_path / "out"
    watched.mkdir()
    watcher = Watcher(watched, place)
    try:
        for name in COPIED:
            if (realruns / name).is_dir():
                shutil.copytree(realruns / name, watched / name, symlinks=True)
        watcher.quiet()
    finally:
        watcher.stop()
    strongroom("watch", "--once", watched, "--quiet-time", "0.5", registry=place)
    assert check_against_truth(realruns, place, COPIED) >= 30
    check_nothing_twice_nothing_half(place, watched)
    assert answer("doctor", registry=place)["ok"]
    again = strongroom("watch", "--once", watched, "--json", registry=place).stdout
    assert not [e for e in map(json.loads, again.splitlines()) if e["event"] == "version.created"]
    # The same folder in another place, under other mtimes: no new content, equal digests.
    moved = tmp_path / "elsewhere" / "moved"
    shutil.copytree(watched, moved, symlinks=True)
    for path in moved.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (1_000_000_000, 1_000_000_000))
    size = stored_bytes(place)
    strongroom("watch", "--once", moved, "--quiet-time", "0.2", registry=place)
    # As sets: of two runs that make versions of one artifact either may have been copied first.
    assert contents(place, "moved/") == contents(place, "out/")
    assert stored_bytes(place) == size


def contents(place: Path, prefix: str) -> dict[str, set[str]]:
    """The content digests of all versions of each artifact below `prefix`."""
    artifacts = every("list", f"name:{prefix}*", key="artifacts", place=place)
    with closing(open_registry(place, Settings(), "cli")) as registry:
        return {
            a["name"].removeprefix(prefix): {
                v["content_digest"] for v in registry.list_versions(a["name"])["versions"]
            }
            for a in artifacts
        }


def stored_bytes(place: Path) -> int:
    return sum(p.stat().st_size for p in (place / "objects").rglob("*") if p.is_file())


@pytest.mark.timeout(300)
def test_a_second_training_gives_v2_of_the_same_artifacts(place, tmp_path):
    """The sample training, for real and twice, the second time into a run folder of its own."""
    watched = tmp_path / "out"
    watched.mkdir()
    train = [sys.executable, str(ROOT / "resources" / "sample" / "train.py"), str(watched)]
    watcher = Watcher(watched, place)
    try:
        subprocess.run([*train, "--name", "first", "--pause", "0.05"], check=True)
        watcher.quiet()
        subprocess.run([*train, "--name", "second", "--lr", "0.05", "--pause", "0.05"], check=True)
        watcher.quiet()
    finally:
        watcher.stop()
    strongroom("watch", "--once", watched, "--quiet-time", "0.5", registry=place)
    runs = every("run", "list", key="runs", place=place)
    assert {r["name"]: r["params"]["lr"] for r in runs} == {"first": 0.5, "second": 0.05}
    counts = {a["name"]: a["versions"] for a in every("list", key="artifacts", place=place)}
    assert counts == {"out/data/transactions.csv": 1} | {
        f"out/runs/{role}": 2
        for role in ("config.json", "metrics.csv", "metrics.json", "model.safetensors", "train.log")
    }
    for run in runs:
        told = json.loads((watched / "runs" / run["name"] / "metrics.json").read_text())
        assert {k: run["metrics"][k] for k in told} == told
        assert run["inputs"] == ["out/data/transactions.csv@v1"]
        assert run["series"]["val_loss"]["points"] == 12
    check_nothing_twice_nothing_half(place, watched)


@pytest.mark.timeout(300)
def test_the_hostile_set(realruns, place, tmp_path):
    """Nothing executes, nothing hangs, each that is not taken gets a line that says why."""
    watched = tmp_path / "hostile"
    watched.mkdir()
    subprocess.run(
        [
            sys.executable,
            str(ROOT / "tests" / "realruns" / "make_runs.py"),
            str(watched),
            "--only",
            "hostile_special,hostile_broken,hostile_pickle,hostile_bombs,hostile_names",
        ],
        check=True,
        capture_output=True,
    )
    truth = json.loads((watched / "expected.json").read_text())["scenarios"]
    done = strongroom("watch", "--once", watched, "--quiet-time", "0.2", registry=place)
    for name, scenario in truth.items():
        for flag in scenario.get("must_not_exist", ()):
            assert not (watched / name / flag).exists()
    for left in ("pipe.csv", "socket.pt", "endless.csv", "dangling.pt", "link_to_pipe.csv", "self"):
        assert f"hostile_special/{left}" in done.stderr, left
    names = {a["name"]: a for a in every("list", key="artifacts", place=place)}
    found = set()
    with closing(open_registry(place, Settings(), "cli")) as registry:
        for name in names:
            for f in registry.show(name)["manifest"]["files"]:
                found.add(f["path"].encode() if "path" in f else bytes.fromhex(f["path_hex"]))
    for case in truth["hostile_names"]["cases"]:
        assert os.path.basename(bytes.fromhex(case["path_hex"])) in {
            os.path.basename(p) for p in found
        }, case["path"]
    warned = every("list", "has:warning", key="artifacts", place=place)
    assert len(warned) >= 25 and all(a["latest"]["warnings"] for a in warned)
    assert answer("doctor", registry=place)["ok"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_real_libraries_write_while_the_watcher_runs(place, tmp_path):
    python = ROOT / ".realruns" / "venv" / "bin" / "python"
    if not python.exists():
        pytest.fail(
            "the real libraries are missing: run ./packaging/test once, which installs them"
        )
    watched = tmp_path / "out"
    watched.mkdir()
    make = [python, ROOT / "tests" / "realruns" / "make_runs.py", watched]
    watcher = Watcher(watched, place)
    try:
        subprocess.run([*make, "--pause", "2"], check=True, capture_output=True)
        watcher.quiet()
        subprocess.run(
            [*make, "--only", "sklearn_joblib_pickle,xgboost_json_ubj"],
            check=True,
            capture_output=True,
        )
        watcher.quiet()
    finally:
        watcher.stop()
    strongroom("watch", "--once", watched, "--quiet-time", "0.5", registry=place)
    assert check_against_truth(watched, place, SCENARIOS) >= 30
    assert answer("doctor", registry=place)["ok"]

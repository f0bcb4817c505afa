"""kill -9 at random instants while adding and watching: nothing reported is lost, nothing half."""

from __future__ import annotations

import hashlib
import json
import os
import random
import threading
import time
from pathlib import Path

import pytest

from tests.journeys.commands import answer, start, strongroom

ROUNDS = 20
SLOW_ROUNDS = 200


def fill(folder: Path, count: int, seed: int) -> dict[str, str]:
    """Small and large files; their SHA-256 by relative path."""
    rng = random.Random(seed)
    digests = {}
    for number in range(count):
        size = 200_000 if number % 40 == 0 else rng.randrange(0, 3000)
        data = rng.randbytes(size) + str(number).encode()
        path = folder / f"part{number % 7}" / f"file{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        digests[str(path.relative_to(folder))] = hashlib.sha256(data).hexdigest()
    return digests


def reported_by(process) -> list[dict]:
    """Collects the stream of a running `watch --json`, so that its pipe never fills."""
    reported: list[dict] = []

    def read() -> None:
        for line in process.stdout:
            if line.endswith(b"\n"):
                event = json.loads(line)
                if event["event"] == "version.created":
                    reported.append(event["version"])

    threading.Thread(target=read, daemon=True).start()
    return reported


def kill_while_watching(folder: Path, place: Path, after: float) -> list[dict]:
    process = start("watch", folder, "--json", "--quiet-time", "0.2", registry=place)
    reported = reported_by(process)
    time.sleep(after)
    process.kill()
    process.wait()
    return reported


def stored(place: Path) -> dict[str, list[str]]:
    """`{artifact: [sha256 of the one file of each version]}`, newest first."""
    found = {}
    artifacts, cursor = [], None
    while True:
        page = answer(
            "list", "--limit", "1000", *(["--cursor", cursor] if cursor else []), registry=place
        )
        artifacts += page["artifacts"]
        cursor = page["next"]
        if not cursor:
            break
    for artifact in artifacts:
        assert artifact["versions"] >= 1
        found[artifact["name"]] = artifact
    return found


def check_whole(place: Path, reported: list[dict]) -> None:
    health = answer("doctor", registry=place)
    assert health["ok"], health
    assert answer("verify", "--all", registry=place)["damaged"] == []
    present = stored(place)
    for version in reported:
        assert version["name"] in present, "a version that was reported is lost"


def kill_rounds(tmp_path: Path, rounds: int, count: int) -> None:
    place, folder = tmp_path / "registry", tmp_path / "out"
    digests = fill(folder, count, seed=1)
    strongroom("init", place)
    rng = random.Random(os.urandom(8))
    reported: list[dict] = []
    for number in range(rounds):
        if number % 3 == 2:  # a second state of some files, so that v2s are made under fire
            for path in rng.sample(sorted(digests), 20):
                data = rng.randbytes(500)
                (folder / path).write_bytes(data)
                digests[path] = hashlib.sha256(data).hexdigest()
        reported += kill_while_watching(folder, place, rng.uniform(0.15, 1.2))
        if number % 5 == 4:
            check_whole(place, reported)
    strongroom("watch", "--once", folder, "--quiet-time", "0.2", registry=place)
    check_whole(place, reported)
    present = stored(place)
    assert set(present) == {f"out/{p}" for p in digests}
    for path, digest in digests.items():
        name = f"out/{path}"
        latest = present[name]["latest"]
        shown = latest["content_digest"]
        document = {
            "files": [
                {
                    "path": os.path.basename(path),
                    "sha256": f"sha256:{digest}",
                    "size": (folder / path).stat().st_size,
                }
            ],
            "schema": "strongroom.manifest/1",
        }
        canonical = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        assert shown == "sha256:" + hashlib.sha256(canonical).hexdigest(), (
            f"{name} is not what lies there"
        )


@pytest.mark.timeout(600)
def test_killed_while_watching(tmp_path):
    kill_rounds(tmp_path, ROUNDS, 400)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_while_watching_two_hundred_times(tmp_path):
    kill_rounds(tmp_path, SLOW_ROUNDS, 2000)


@pytest.mark.timeout(300)
def test_killed_ten_times_while_adding_two_thousand_files(tmp_path):
    place, folder = tmp_path / "registry", tmp_path / "out"
    digests = fill(folder, 2000, seed=2)
    strongroom("init", place)
    rng = random.Random(os.urandom(8))
    for _ in range(10):
        process = start("add", folder, "--each", "--json", registry=place)
        time.sleep(rng.uniform(0.1, 0.6))
        process.kill()
        process.communicate()
    strongroom("add", folder, "--each", registry=place)
    present = stored(place)
    assert set(present) == set(digests)
    assert all(a["versions"] == 1 for a in present.values())
    assert answer("verify", "--all", registry=place)["damaged"] == []
    before = {n: answer("show", f"{n}@v1", registry=place) for n in list(present)[:50]}
    listing = answer("list", "--limit", "1000", registry=place)
    for file in place.glob("catalog.db*"):
        file.unlink()
    strongroom("doctor", "--rebuild", registry=place)
    assert answer("list", "--limit", "1000", registry=place) == listing
    assert before == {n: answer("show", f"{n}@v1", registry=place) for n in before}

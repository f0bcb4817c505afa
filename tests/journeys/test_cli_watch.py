"""`strongroom watch` as a process: what it refuses, its stream, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from tests.journeys.commands import answer, start, strongroom


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "out"
    path.mkdir()
    return path


def events_of(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--quiet-time", "nan"],
        ["--quiet-time", "inf"],
        ["--quiet-time", "-1"],
        ["--name", ""],
        ["--name", "a@b"],
        ["--each", "--whole"],
        ["--layout", "none"],
        ["--list"],
        ["--remove", "somewhere"],
    ],
)
def test_what_cannot_be_meant_is_refused(place, folder, arguments):
    strongroom("watch", folder, "--once", *arguments, registry=place, code=2)
    assert answer("watch", "--list", registry=place) == {"watches": []}


def test_the_root_of_everything_holds_the_registry_too(place):
    done = strongroom("watch", "/", "--once", registry=place, code=5)
    assert "holds the registry" in done.stderr


def test_the_stream_tells_new_versions_from_known_ones(place, folder):
    (folder / "a.bin").write_bytes(b"a")
    once = ["watch", folder, "--once", "--quiet-time", "0", "--json"]
    first = events_of(strongroom(*once, registry=place).stdout)
    assert [e["event"] for e in first if e["event"].startswith("version")] == ["version.created"]
    assert first[-1]["event"] == "watch.idle"
    os.utime(folder / "a.bin")
    again = events_of(strongroom(*once, registry=place).stdout)
    assert [e["event"] for e in again if e["event"].startswith("version")] == ["version.known"]


def test_a_watcher_ends_when_its_watch_is_removed_and_says_nothing_else(place, folder):
    process = start("watch", folder, registry=place)
    while not answer("watch", "--list", registry=place)["watches"]:
        time.sleep(0.05)
    (folder / "new" / "deep").mkdir(parents=True)
    (folder / "new").rename(folder / "other")
    strongroom("watch", "--remove", folder, registry=place)
    _, errors = process.communicate(timeout=15)
    assert process.returncode == 0
    (line,) = errors.decode().splitlines()
    assert "removed" in line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_in_the_midst_of_work(place, folder, number):
    for name in range(800):
        (folder / f"{name}.bin").write_bytes(b"%d" % name)
    process = start("watch", folder, "--json", "--quiet-time", "0.1", registry=place)
    assert process.stdout.readline()
    process.send_signal(number)
    began = time.monotonic()
    process.communicate(timeout=20)
    assert process.returncode == 0 and time.monotonic() - began < 5
    strongroom("watch", folder, "--once", registry=place)
    seen, cursor = {}, None
    while True:
        more = ["--cursor", cursor] if cursor else []
        page = answer("list", "--limit", "1000", *more, registry=place)
        seen |= {a["name"]: a["versions"] for a in page["artifacts"]}
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == 800 and set(seen.values()) == {1}

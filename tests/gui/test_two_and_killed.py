"""Two windows on one registry, and a window that is killed while it adds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from strongroom.bootstrap import create_registry, open_registry
from strongroom.settings import Settings
from tests.gui.conftest import Person

FILES = 2000


@pytest.fixture
def second(person, qtbot, tmp_path):
    """Another person at another window of the same registry."""
    other = Person(qtbot, person.theme, person.place, person.memory)
    yield other
    if other.window is not None:
        other.window.leaving.forced = True
        other.window.close()


def test_what_one_window_adds_the_other_shows_within_a_second(person, second, tmp_path):
    person.open()
    second.open()
    worst = 0.0
    for number in range(5):
        path = tmp_path / f"m{number}.bin"
        path.write_bytes(str(number).encode() * 100)
        person.add(path)
        began = time.monotonic()
        second.until(lambda n=number: f"m{n}.bin@v1" in second.rows())
        worst = max(worst, time.monotonic() - began)
    assert worst <= 1.0
    second.window.go_to("Watch folders")
    out = tmp_path / "out"
    out.mkdir()
    person.bridge.ask(lambda r: r.add_watch(os.fsencode(out), {}))
    second.until(lambda: len(second.window.watches.shown) == 1)
    (out / "new.bin").write_bytes(b"new")
    second.until(lambda: "out/new.bin@v1" in second.rows())
    person.until(lambda: "out/new.bin@v1" in person.rows())


def count(place: Path) -> int:
    with closing(open_registry(place, Settings(), "cli")) as registry:
        return sum(registry.count_versions().values())


def test_a_window_killed_while_it_adds_goes_on_where_it_was(person, tmp_path):
    """Three kills in two thousand files; then a window in which all is there, and says so."""
    many = tmp_path / "many"
    many.mkdir()
    for number in range(FILES):
        (many / f"f{number:04}.txt").write_text(f"file {number}")
    with closing(create_registry(person.place, Settings(), "cli")) as registry:
        registry.enqueue("add", {"paths": [os.fsencode(many).hex()], "each": True, "title": "many"})
    command = [sys.executable, "-m", "strongroom.gui.main", "--registry", str(person.place)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    kept = 0
    for _ in range(3):
        window = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 30
        while count(person.place) <= kept and time.monotonic() < deadline:
            time.sleep(0.01)
        window.send_signal(signal.SIGKILL)
        window.wait()
        assert window.stderr is not None and window.stderr.read() == b""
        kept = count(person.place)
        if kept == FILES:
            break
    assert kept > 0
    shown: list[str] = []
    person.open(loads=False)
    window = person.window
    person.bridge.happened.connect(
        lambda e: shown.append(window.strip.words.toolTip()) if e.name == "job.changed" else None
    )
    person.until(lambda: person.model.counts.everything == FILES, 60000)
    person.until(lambda: any("Added many" in text for text in shown), 30000)
    if kept < FILES:
        assert any(text.startswith("Adding many") for text in shown)
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        assert registry.verify()["damaged"] == []
        assert registry.doctor()["ok"]

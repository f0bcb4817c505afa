"""Whole ways through the window on real training output: by mouse, by keyboard alone, and with
a training that goes on meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from strongroom.bootstrap import open_registry
from strongroom.gui import dialogs
from strongroom.settings import Settings

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "resources" / "sample" / "train.py"
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
RETURN, DOWN, TAB = Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_Tab


def digests_below(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def manifest(person, reference: str) -> dict[str, str]:
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        files = registry.show(reference)["manifest"]["files"]
        return {f["path"]: f["sha256"] for f in files}


@pytest.fixture
def lightning(realruns, tmp_path) -> Path:
    """The real output of a Lightning training, twice: the second resumed from the first."""
    return Path(shutil.copytree(realruns / "lightning_logs", tmp_path / "lightning"))


def look_into(person, reference: str) -> None:
    """Selects a version, and looks at the first of its files."""
    person.click_row(person.rows().index(reference))
    person.until(lambda: person.window.detail.shown == reference)
    person.click(person.button("Files", person.window.detail))
    listed = person.window.detail.files.list
    person.until(lambda: listed.model().rowCount() > 0)
    listed.setFocus()
    listed.setCurrentIndex(listed.model().index(0, 0))
    person.key(RETURN, widget=listed)


def test_a_real_run_is_dropped_found_looked_into_and_exported(
    person, lightning, tmp_path, monkeypatch
):
    window = person.open()
    person.drop(lightning)
    sheet = window.overlay.sheet
    person.until(sheet.add_button.isEnabled, 60000)
    person.picture("journey-sheet")
    person.click(sheet.add_button)
    person.until(lambda: window.page.tabs._counts["model"].text() not in ("", "0"), 60000)
    person.until(lambda: "Added" in window.strip.words.toolTip(), 60000)
    window.filter.setFocus()
    person.type(window.filter, "kind:model name:*checkpoint* ")
    assert len(window.filter.chips()) == 2
    person.until(lambda: bool(person.rows()) and all("checkpoint" in one for one in person.rows()))
    person.picture("journey-filtered")
    reference = person.rows()[0]
    look_into(person, reference)
    person.until(lambda: window.overlay.sheet is not None)
    person.qtbot.wait(400)
    person.picture("journey-preview")
    person.key(Qt.Key.Key_Escape)
    assert window.overlay.sheet is None
    target = tmp_path / "exported"
    target.mkdir()
    monkeypatch.setattr(dialogs, "choose_folder", lambda *_: str(target))
    person.click(person.button("Export…", window.detail))
    person.until(lambda: "Exported" in window.strip.words.toolTip(), 30000)
    wanted = manifest(person, reference)
    found = digests_below(target)
    assert sorted(found.values()) == sorted(wanted.values())
    window.go_to("Runs")
    runs = window.runs_screen
    person.until(lambda: runs.model.rowCount() == 2, 30000)
    person.until(lambda: bool(runs.view.curves.groups), 30000)
    person.qtbot.wait(500)
    person.picture("journey-run")
    found = [runs.model.run_at(at) for at in range(2)]
    assert [(run["status"], run["warnings"]) for run in found] == [("finished", [])] * 2


def newest(person, screen, name: str) -> int:
    """How many points the curve has in the window."""
    traces = (t for g in screen.view.curves.groups for t in g.traces if t.name == name)
    trace = next(traces, None)
    return 0 if trace is None else len(trace.values)


def test_the_curve_of_a_training_grows_while_the_folder_is_paused_and_the_window_restarted(
    person, tmp_path
):
    out = tmp_path / "out"
    out.mkdir()
    window = person.open()
    person.bridge.ask(lambda r: r.add_watch(os.fsencode(out), {}))
    person.until(lambda: len(window.watches.shown) == 1)
    training = subprocess.Popen(
        [sys.executable, str(SAMPLE), str(out), "--name", "slow", "--pause", "0.6"]
    )
    try:
        window.go_to("Runs")
        person.until(lambda: newest(person, window.runs_screen, "train_loss") >= 2, 30000)
        first = newest(person, window.runs_screen, "train_loss")
        person.until(lambda: newest(person, window.runs_screen, "train_loss") > first, 30000)
        person.picture("journey-growing")
        (watch,) = window.watches.shown
        window.watches.pause(watch["id"], True)
        person.until(lambda: window.watches.shown[0]["paused"])
        person.qtbot.wait(700)
        still = newest(person, window.runs_screen, "train_loss")
        person.qtbot.wait(1500)
        assert newest(person, window.runs_screen, "train_loss") == still
        window.watches.pause(watch["id"], False)
        person.until(lambda: newest(person, window.runs_screen, "train_loss") > still, 30000)
        window.leaving.forced = True
        window.close()  # in the middle of it
        window = person.open()
        window.go_to("Runs")
        person.until(lambda: newest(person, window.runs_screen, "train_loss") > still, 30000)
    finally:
        training.wait(60)
    screen = window.runs_screen
    person.until(lambda: screen.view.run is not None and screen.view.run["status"] == "finished",
                 60000)  # fmt: skip
    person.until(lambda: "out/runs/metrics.csv@v1" in person.rows(), 30000)
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        (run,) = registry.list_runs()["runs"]
        points = registry.show_run(run["id"], series=True)["run"]["series"]["train_loss"]
    person.until(lambda: newest(person, screen, "train_loss") == len(points["values"]), 30000)
    names = [reference.partition("@")[0] for reference in person.rows()]
    assert len(names) == len(set(names))  # nothing was taken twice


def press_until(person, key, reached, most: int = 40, modifier=Qt.KeyboardModifier.NoModifier):
    for _ in range(most):
        if reached():
            return
        person.key(key, modifier)
        person.qtbot.wait(5)
    assert reached()


def focused():
    return QApplication.focusWidget()


def test_the_same_by_keyboard_alone(person, lightning, tmp_path, monkeypatch):
    """No mouse: the folder comes from the dialog that Ctrl Shift O opens."""
    window = person.open()
    window.activateWindow()
    person.until(lambda: focused() is not None)
    monkeypatch.setattr(dialogs, "choose_folder", lambda *_: str(lightning))
    person.key(Qt.Key.Key_O, CTRL | SHIFT)
    sheet = window.overlay.sheet
    person.until(sheet.add_button.isEnabled, 60000)
    press_until(person, TAB, lambda: focused() is sheet.table)
    person.key(DOWN)
    person.key(Qt.Key.Key_Space)  # left out, and taken in again
    person.key(Qt.Key.Key_Space)
    press_until(person, TAB, lambda: focused() is sheet.add_button)
    person.key(Qt.Key.Key_Space)
    person.until(lambda: "Added" in window.strip.words.toolTip(), 60000)
    person.key(Qt.Key.Key_Slash)
    person.until(lambda: focused() is window.filter)
    person.type(window.filter, "kin")
    person.until(window.filter.completion.isVisible)
    person.key(TAB)
    person.type(window.filter, "mod")
    person.key(TAB)
    assert window.filter.chips() == ["kind:model"]
    person.until(lambda: 0 < person.model.rowCount() == person.model.counts.matching)
    person.key(DOWN)
    assert focused() is person.table and person.table.selected_rows() == [0]
    reference = person.rows()[0]
    person.until(lambda: window.detail.shown == reference)
    target = tmp_path / "exported"
    target.mkdir()
    monkeypatch.setattr(dialogs, "choose_folder", lambda *_: str(target))
    person.key(Qt.Key.Key_E)
    person.until(lambda: "Exported" in window.strip.words.toolTip(), 30000)
    assert sorted(digests_below(target).values()) == sorted(manifest(person, reference).values())
    person.key(RETURN)
    assert window.detail.isAncestorOf(focused())
    files = window.detail.files.list
    press_until(person, TAB, lambda: (focused() is not None and
                                      focused().accessibleName().startswith("Files"))
                or getattr(focused(), "text", lambda: "")() == "Files", 60)  # fmt: skip
    person.key(Qt.Key.Key_Space)
    press_until(person, TAB, lambda: focused() is files, 60)
    person.key(RETURN)
    person.until(lambda: window.overlay.sheet is not None)
    person.key(Qt.Key.Key_Escape)
    person.until(lambda: window.overlay.sheet is None)
    person.key(Qt.Key.Key_4, CTRL)
    assert window.current is window.runs_screen
    person.until(lambda: window.runs_screen.model.rowCount() == 2)
    person.key(DOWN)
    person.until(lambda: window.runs_screen.view.run is not None)
    person.key(Qt.Key.Key_5, CTRL)
    assert window.current is window.watch_screen
    person.key(Qt.Key.Key_Comma, CTRL)
    assert window.current is window.settings_screen
    person.key(Qt.Key.Key_1, CTRL)
    person.key(Qt.Key.Key_K, CTRL)
    person.type(window.overlay.sheet.field, "> verify everything")
    person.key(RETURN)
    person.until(lambda: "all sound" in window.strip.words.toolTip(), 60000)
    person.key(Qt.Key.Key_F6)
    person.until(lambda: window.sidebar.isAncestorOf(focused()) or focused() is window.filter
                 or window.detail.isAncestorOf(focused()))  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_real_library_trains_while_the_window_watches(person, tmp_path):
    """Lightning itself writes, with pauses; its curve is seen to grow in the window."""
    python = ROOT / ".realruns" / "venv" / "bin" / "python"
    if not python.exists():
        pytest.fail("the real libraries are missing: run ./packaging/test once")
    out = tmp_path / "out"
    out.mkdir()
    window = person.open()
    person.bridge.ask(lambda r: r.add_watch(os.fsencode(out), {}))
    window.go_to("Runs")
    training = subprocess.Popen(
        [python, ROOT / "tests" / "realruns" / "make_runs.py", out, "--only", "lightning_logs",
         "--pause", "4"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    screen = window.runs_screen
    seen: set[int] = set()
    deadline = time.monotonic() + 600
    while training.poll() is None and time.monotonic() < deadline:
        person.qtbot.wait(200)
        seen |= {len(t.values) for g in screen.view.curves.groups for t in g.traces}
    assert training.wait() == 0 and len(seen) >= 2
    person.until(
        lambda: (
            screen.model.rowCount() == 2
            and all(screen.model.run_at(at)["status"] == "finished" for at in range(2))
        ),
        120000,
    )

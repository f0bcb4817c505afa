"""The screen of watched folders: cards, what goes on in them, rules, and stopping with undo."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from strongroom.bootstrap import create_registry, open_registry
from strongroom.gui import dialogs
from strongroom.gui.watching.activity import LINE
from strongroom.services.add import AddOptions
from strongroom.settings import Settings
from tests.gui.conftest import texts

SAMPLE = Path(__file__).parents[2] / "resources" / "sample" / "train.py"


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def train(out: Path, name: str, pause: str = "0") -> None:
    subprocess.run(
        [sys.executable, str(SAMPLE), str(out), "--name", name, "--pause", pause], check=True
    )


def lines(screen) -> list[str]:
    model = screen.activity.lines
    return [model.index(at, 0).data(LINE).title for at in range(model.rowCount())]


def states(screen) -> list[str]:
    return [card.accessibleName().rpartition(", ")[2] for card in screen._cards.values()]


def details(screen) -> str:
    return "\n".join(f"{line.title}: {line.detail}" for line in screen.activity.lines.lines)


def watching(person, *folders: Path):
    """The open window on its screen of watched folders."""
    window = person.open()
    for folder in folders:
        person.bridge.ask(lambda r, f=folder: r.add_watch(os.fsencode(f), {}))
    person.until(lambda: len(window.watches.shown) == len(folders))
    window.go_to("Watch folders")
    return window


def test_no_folder_yet_offers_to_watch_one(person, out, monkeypatch):
    window = watching(person)
    screen = window.watch_screen
    assert "Drop a folder here to watch it" in texts(screen) and not screen.panel.isVisible()
    assert not screen.pause_all.isEnabled()
    person.picture("watch-empty")
    monkeypatch.setattr(dialogs, "choose_folder", lambda *_: str(out))
    person.click(screen._target.button)
    sheet = window.overlay.sheet
    person.until(lambda: "Nothing is there yet" in sheet.found.text())
    person.click(sheet.watch_button)
    person.until(lambda: "Watched folder out, live" in
                 [c.accessibleName() for c in screen._cards.values()])  # fmt: skip


def test_what_a_folder_holds_is_shown_before_anything_is_taken(person, out):
    train(out, "baseline")
    (out / "notes.txt").write_text("by itself")
    os.mkfifo(out / "pipe")
    window = watching(person)
    person.drop(out)  # over this screen a folder is to be watched
    person.until(lambda: window.overlay.sheet is not None)
    sheet = window.overlay.sheet
    person.until(lambda: "in 1 run" in sheet.found.text())
    shown = [sheet.model.item(r, 0).text() for r in range(sheet.model.rowCount())]
    assert "out/runs/model.safetensors" in shown and "out/notes.txt" in shown
    assert "1 left out" in sheet._found_more.text()
    person.picture("watch-sheet-found")
    sheet.mode.setCurrentIndex(2)
    person.until(lambda: sheet.model.rowCount() == 1)
    assert not sheet.keep.isEnabled()
    sheet.mode.setCurrentIndex(1)
    person.until(lambda: sheet.model.rowCount() == len(shown))
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        assert registry.list_versions()["versions"] == []
        assert registry.list_watches()["watches"] == []


def test_a_folder_that_cannot_be_watched_says_why(person, out, tmp_path):
    inner = out / "inner"
    inner.mkdir()
    window = watching(person, out)
    window.acts.ask_to_watch(os.fsencode(inner))
    sheet = window.overlay.sheet
    person.until(lambda: "overlaps with the watched" in sheet.wrong.text())
    person.key(Qt.Key.Key_Escape)
    assert window.overlay.sheet is None


def test_what_happens_in_a_folder_is_listed_as_it_happens(person, out):
    window = watching(person, out)
    screen = window.watch_screen
    train(out, "baseline")
    person.until(lambda: "runs/model.safetensors v1" in lines(screen), 20000)
    assert "Today" in lines(screen) and "from baseline" in details(screen)
    person.until(lambda: "runs/metrics.csv v1" in lines(screen), 20000)
    card = next(iter(screen._cards.values()))
    person.until(lambda: "since last" in texts(next(iter(screen._cards.values()))))
    assert "Groups files by run" in texts(card)
    again = out / "copy.safetensors"
    again.write_bytes((out / "notes.txt").read_bytes() if (out / "notes.txt").exists() else b"x")
    person.until(lambda: "copy.safetensors v1" in lines(screen))
    person.picture("watch")
    person.theme.choose("dark")
    person.picture("watch-dark")
    screen.activity.setFocus()
    row = lines(screen).index("runs/model.safetensors v1")
    screen.activity.setCurrentIndex(screen.activity.lines.index(row, 0))
    person.key(Qt.Key.Key_Return, widget=screen.activity)
    person.until(lambda: window.detail.shown == "out/runs/model.safetensors@v1")
    assert window.current is window.library


def test_files_that_still_grow_are_in_progress(person, out):
    window = watching(person, out)
    screen = window.watch_screen
    with open(out / "growing.bin", "wb") as growing:
        deadline = time.monotonic() + 20
        while "In progress" not in lines(screen) and time.monotonic() < deadline:
            growing.write(b"x" * 1000)
            growing.flush()
            person.qtbot.wait(30)
    assert "growing.bin" in lines(screen) and "Still being written" in details(screen)
    person.until(lambda: lines(screen)[:2] == ["Today", "growing.bin v1"])


def test_what_was_left_out_is_listed_with_its_reason(person, out):
    os.mkfifo(out / "pipe")
    window = watching(person, out)
    person.until(lambda: "pipe" in lines(window.watch_screen))
    assert "not a file" in details(window.watch_screen).lower()


def test_folders_are_paused_one_by_one_and_all_together(person, out, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    window = watching(person, out, other)
    screen = window.watch_screen
    person.until(lambda: states(screen) == ["live", "live"])
    person.click(next(iter(screen._cards.values())).pause_button)
    person.until(lambda: set(states(screen)) == {"paused", "live"})
    person.click(screen.pause_all)
    person.until(lambda: states(screen) == ["paused", "paused"])
    assert screen.pause_all.text() == "Go on with all"
    (out / "late.bin").write_bytes(b"late")
    person.qtbot.wait(500)
    assert person.model.counts.everything == 0
    person.click(screen.pause_all)
    person.until(lambda: states(screen) == ["live", "live"])
    person.until(lambda: "late.bin v1" in lines(screen) or person.model.counts.everything == 1)


def test_checking_now_finds_what_no_event_told(person, out):
    window = watching(person, out)
    screen = window.watch_screen
    person.until(lambda: states(screen) == ["live"])
    (session,) = person.bridge._worker._sessions.values()
    session._events.take = lambda: type("Hints", (), {"all": False, "changed": (), "renamed": {}})()
    (out / "unheard.bin").write_bytes(b"no event came")
    person.qtbot.wait(800)
    assert person.model.counts.everything == 0
    person.click(screen.check)
    person.until(lambda: person.model.counts.everything == 1)


def test_rules_are_edited_and_hold_from_then_on(person, out):
    window = watching(person, out)
    screen = window.watch_screen
    person.click(screen.edit)
    sheet = window.overlay.sheet
    assert not sheet.name.isEnabled()
    sheet.mode.setCurrentIndex(1)
    person.click(sheet.watch_button)
    person.until(lambda: "Takes every file by itself" in texts(screen))
    train(out, "baseline")
    person.until(lambda: "out/runs/baseline/model.safetensors@v1" in person.rows(), 20000)


def test_stopping_keeps_what_was_made_and_can_be_undone(person, out):
    window = watching(person, out)
    (out / "kept.bin").write_bytes(b"kept")
    person.until(lambda: person.rows() == ["out/kept.bin@v1"])
    person.click(window.watch_screen.stop)
    person.until(lambda: not window.watch_screen._cards)
    assert person.rows() == ["out/kept.bin@v1"]
    person.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, window)
    person.until(lambda: len(window.watch_screen._cards) == 1)


def test_a_folder_that_goes_away_is_red_on_its_card_and_among_the_problems(person, out):
    window = watching(person, out)
    person.until(lambda: states(window.watch_screen) == ["live"])
    out.rmdir()
    person.until(lambda: states(window.watch_screen) == ["missing"])
    person.until(lambda: window.strip.problems.text() == "1 problem")
    person.picture("watch-missing")
    out.mkdir()
    person.until(lambda: states(window.watch_screen) == ["live"])
    person.until(lambda: window.strip.problems.isHidden())


def test_totals_count_only_the_folders_own_versions(person, out, tmp_path):
    with closing(create_registry(person.place, Settings(), "cli")) as registry:
        registry.add_watch(os.fsencode(out), {})
        for name in ("out/a", "out/b", "outside", "out-side/c"):
            path = tmp_path / name.replace("/", "-")
            path.write_bytes(name.encode())
            registry.add([os.fsencode(path)], AddOptions(name=name))
        (totals,) = registry.watch_totals().values()
        assert totals["versions"] == 2 and totals["bytes"] == 10 and totals["last_at"]


def test_cards_that_change_keep_the_keyboard_and_the_choice(person, out, tmp_path):
    other = tmp_path / "a-first"
    other.mkdir()
    window = watching(person, out, other)
    screen = window.watch_screen
    person.until(lambda: states(screen) == ["live", "live"])
    last = list(screen._cards)[-1]
    screen._cards[last].pause_button.setFocus()
    screen.choose(last)
    before = screen._cards[last]
    screen._draw()
    assert screen._cards[last] is not before
    assert screen._cards[last].pause_button.hasFocus() and screen._chosen == last


def test_a_file_in_place_of_a_watched_folder_is_not_opened(person, out, monkeypatch):
    window = watching(person, out)
    opened, told = [], []
    monkeypatch.setattr("strongroom.gui.desktop.open_folder", opened.append)
    monkeypatch.setattr(
        "PySide6.QtGui.QDesktopServices.openUrl", lambda url: opened.append(url), raising=False
    )
    person.bridge.problem.connect(told.append)
    (watch,) = window.watches.shown
    window.watches.open_folder({**watch, "path": __file__})
    person.until(lambda: bool(told))
    assert opened == []

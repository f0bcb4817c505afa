"""A window that is used for long stays as small as it was, says nothing, and leaves nothing."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QProcess, Qt, QTimer
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

from strongroom.bootstrap import create_registry
from strongroom.domain.event import Event
from strongroom.gui import acts as acts_module
from strongroom.gui.bridge import Bridge
from strongroom.gui.library import model as model_module
from strongroom.gui.session import Session
from strongroom.settings import Settings
from tests.gui.soak_counts import grown
from tests.gui.test_craft import stock

#: How much memory may grow after the warm-up.
FLAT = 1.05


def soak(place: Path, *arguments: str) -> dict[str, Any]:
    """What `soak.py` tells; nothing of what always holds is left to each test."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.gui.soak", str(place), *arguments],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()[-3000:]
    told: dict[str, Any] = json.loads(done.stdout)
    assert (told["messages"], told["stderr"], told["late"]) == ([], "", [])
    assert (told["left_threads"], told["left_timers"]) == ([], [])
    return told


def check_counts(before: dict[str, Any], after: dict[str, Any]) -> None:
    """No widget, action, timer or listener more than there was, no file and no thread."""
    for what in ("widgets", "objects"):
        assert grown(before[what], after[what]) == {}
    for what in ("active_timers", "theme_listeners"):
        assert after[what] <= before[what]
    assert len(after["threads"]) <= len(before["threads"])
    assert after["files"] <= before["files"] + 2


def test_opening_and_closing_piles_nothing_up(tmp_path):
    """Screens, sheets, popups and menus; the long form is below."""
    told = soak(tmp_path / "registry", "--rounds", "10")
    first, *_, last = told["samples"]
    check_counts(first, last)
    ours = {k: n for k, n in last["python"].items() if k.startswith(("strongroom", "PySide6"))}
    for kept in ("PySide6.QtGui.QPixmap", "PySide6.QtGui.QColor", "PySide6.QtCore.QMetaObject"):
        ours.pop(kept, None)  # icons and colours are kept, up to a limit; counting makes the last
    assert grown(first["python"], ours, by=20) == {}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_memory_is_flat_through_a_thousand_pages_and_dialogs(tmp_path):
    """Each round opens and closes every screen, every sheet, every popup and menu."""
    told = soak(tmp_path / "registry", "--rounds", "120")
    warm, *_, last = told["samples"]
    assert told["opened"] >= 1000
    check_counts(warm, last)
    assert last["rss"] <= FLAT * warm["rss"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_memory_is_flat_through_an_hour_of_work(tmp_path):
    """Sixty minutes of an engineer, in a few real ones; the first twelve are the warm-up."""
    told = soak(tmp_path / "registry", "--minutes", "60")
    warm, last = told["samples"][1], told["samples"][-1]
    assert told["versions"] > 300
    assert last["rss"] <= FLAT * warm["rss"]
    assert len(last["threads"]) <= len(warm["threads"])


@pytest.mark.slow
def test_memory_is_flat_through_thirty_registries(tmp_path):
    told = soak(tmp_path / "registry", "--switches", "30")
    warm, last = told["samples"][1], told["samples"][-1]
    check_counts(warm, last)
    assert last["rss"] <= FLAT * warm["rss"]
    ours = {k: n for k, n in last["python"].items() if k.startswith("strongroom")}
    assert grown(warm["python"], ours, by=2) == {}


# ------------------------------------------------------------------ each thing that piled up once


def test_a_menu_is_gone_when_it_was_closed(person, tmp_path):
    stock(person, tmp_path)
    window = person.open()
    before = len(window.findChildren(QMenu))
    closing_it = QTimer(interval=5)
    closing_it.timeout.connect(
        lambda: (popup := QApplication.activePopupWidget()) and popup.close()
    )
    closing_it.start()
    for _ in range(3):
        window.sidebar.more.emit(QPoint(300, 500))
        window.page.table.column_menu(QPoint(300, 300))
        window.page.group_button.click()
    closing_it.stop()
    person.until(lambda: len(window.findChildren(QMenu)) == before)


def test_an_entry_of_a_menu_still_does_what_it_says(person, tmp_path):
    """The menu goes with the press; what was pressed is done all the same."""
    stock(person, tmp_path)
    window = person.open()
    menu = window.page._group_menu()
    menu.popup(QPoint(300, 300))
    person.until(menu.isVisible)
    place = menu.actionGeometry(menu.actions()[1]).center()
    person.qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=place)
    person.until(lambda: window.page.model.question.group == "artifact")


def test_a_registry_that_was_left_is_given_up_whole(person, qtbot, tmp_path):
    for name in ("one", "two"):
        create_registry(tmp_path / name, Settings(), "cli").close()
    elsewhere = [o for o in gc.get_objects() if type(o) is Bridge]  # other tests'
    session = Session(person.theme, person.memory, Settings(), "ana", str(tmp_path))
    for number in range(5):
        session.open(str(tmp_path / ("one", "two")[number % 2]), create=True)
        window = session.window
        qtbot.waitUntil(lambda w=window: not w.page.model.is_loading, timeout=15000)
    assert len(session._ending) < 5
    session.window.leaving.forced = True
    session.window.close()
    session.wait()
    assert session._ending == []
    mine = session.bridge

    def others() -> list[Bridge]:
        qtbot.wait(10)
        gc.collect()
        kept = [mine, *elsewhere]
        return [o for o in gc.get_objects() if type(o) is Bridge and not any(o is k for k in kept)]

    qtbot.waitUntil(lambda: others() == [], timeout=5000)


def test_jobs_of_long_ago_are_forgotten(person):
    window = person.open()
    person.until(lambda: window.page.model.counts is not None)
    empty = {"kind": "verify", "arguments": {}, "progress": {}, "result": {}, "cancelling": False}
    for number in range(1000, 1300):
        state = "running" if number == 1000 else "done"
        window._happened(Event("job.changed", {"id": number, "state": state, **empty}))
    assert len(window._jobs) == 51 and {1000, 1299} <= window._jobs.keys()


def test_what_was_told_of_a_folder_goes_with_it(person, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    os.mkfifo(out / "pipe")
    window = person.open()
    watches = window.watches
    person.bridge.ask(lambda r: r.add_watch(os.fsencode(out), {}))
    person.until(lambda: bool(watches.shown))
    (watch,) = watches.shown
    person.until(lambda: bool(watches._left_out))
    data = {"id": watch["id"], "settling": [], "settling_count": 0}
    watches.happened(Event("watch.waiting", data))
    person.bridge.ask(lambda r: r.remove_watch(os.fsencode(out)))  # by whom does not matter
    person.until(lambda: not watches.shown)
    assert watches._left_out == watches._waiting == watches._taking == watches._known == {}


def test_rows_that_come_in_for_days_do_not_all_stay(person, tmp_path, monkeypatch):
    monkeypatch.setattr(model_module, "_KEPT", 10)
    stock(person, tmp_path)
    window = person.open()
    table = window.page.table
    table.clearSelection()
    window.sidebar.nav["Library"].setFocus()
    most = 0
    for number in range(14):
        path = tmp_path / f"late{number}.bin"
        path.write_bytes(bytes([number]) * 10)
        person.bridge.enqueue("add", {"paths": [os.fsencode(path).hex()], "title": path.name})
        person.until(lambda n=number: f"late{n}.bin@v1" in person.rows())
        most = max(most, person.model._shift)
    assert 1 < most <= 10


def test_the_trays_menu_goes_with_the_tray(person, monkeypatch):
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
    window = person.open()
    before = len(window.findChildren(QMenu))
    for _ in range(3):
        window.leaving.go_on()
        window.leaving.come_back()
    person.until(lambda: len(window.findChildren(QMenu)) == before)


def test_a_sample_that_has_ended_is_given_up(person, monkeypatch):
    window = person.open()
    command = [sys.executable, "-c", ""]
    monkeypatch.setattr(acts_module, "sample_runs", lambda folder: [command, command])
    window.acts.run_sample()
    person.until(lambda: len(window.acts.findChildren(QProcess)) > 0)
    person.until(lambda: window.acts.findChildren(QProcess) == [])


def test_an_answer_for_a_closed_sheet_is_dropped(person, tmp_path):
    """A slow look at a folder, a file or a name: the sheet is closed before the answer is there."""
    stock(person, tmp_path)
    window = person.open()
    may_end = threading.Event()
    for _ in range(2):  # both readers are busy: what is asked waits
        person.bridge.ask(lambda registry: may_end.wait(20))
    window.acts.look_at([str(tmp_path / "m0.json")])
    window.acts.ask_to_watch(os.fsencode(tmp_path))
    window.overlay.sheet._look()
    window.show_palette()
    window.overlay.sheet.field.setText("m")
    window.overlay.sheet._look()
    window.overlay.close_sheet()
    person.qtbot.wait(50)  # they are deleted
    may_end.set()
    person.until(lambda: not person.bridge._tickets)


def test_another_version_on_its_way_is_not_overtaken_by_the_one_before(person, tmp_path):
    """A check ends, and the panel reads again, just after another version was asked for."""
    stock(person, tmp_path)
    window = person.open()
    person.click_row(0)
    person.until(
        lambda: window.detail.shown == person.rows()[0] and person.bridge._tickets == set()
    )
    person.qtbot.wait(200)
    window.detail.show_reference("m1.json@v1")
    window.detail.happened(Event("job.changed", {"kind": "verify", "state": "done"}))
    person.until(lambda: window.detail.shown == "m1.json@v1", 3000)

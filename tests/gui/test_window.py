"""The window as a person uses it: real files, a real registry, keys, clicks and drops."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit

from strongroom.bootstrap import create_registry, open_registry
from strongroom.gui import dialogs
from strongroom.services.add import AddOptions
from strongroom.settings import Settings
from tests.gui.conftest import texts

SAMPLE = Path(__file__).parents[2] / "resources" / "sample" / "train.py"


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    for number in range(3):
        (folder / f"m{number}.bin").write_bytes(bytes([number]) * 3000)
    (folder / "metrics.json").write_text(json.dumps({"auc": 0.91, "loss": 0.2}))
    return folder


def add_outside(place: Path, *paths: Path, **options) -> None:
    """Another process adds something."""
    with closing(open_registry(place, Settings(), "cli")) as registry:
        registry.add([os.fsencode(p) for p in paths], AddOptions(**options))


def test_an_empty_registry_is_made_and_offers_three_ways_to_begin(person):
    window = person.open()
    assert (person.place / "registry.json").exists()
    person.until(lambda: "Start your library" in texts(window.page))
    assert person.button("Choose a folder…") and person.button("Add files…")
    assert not window.detail.isVisible()
    person.until(lambda: "Journal: 1 entry" in window.strip.journal.text())
    person.picture("empty")


def test_files_written_into_a_watched_folder_appear_by_themselves(person, tmp_path, monkeypatch):
    """The whole way: a folder is chosen, a real training writes, its versions come in live."""
    out = tmp_path / "out"
    out.mkdir()
    window = person.open()
    monkeypatch.setattr(dialogs, "choose_folder", lambda *_: str(out))
    person.click(person.button("Choose a folder…"))
    sheet = window.overlay.sheet
    assert sheet.name.text() == "out"
    person.picture("watch-sheet")
    person.click(sheet.watch_button)
    person.until(lambda: "Watching 1 folder" in window.strip.watching.text())
    assert "live" in texts(window.sidebar)
    train = [sys.executable, str(SAMPLE), str(out), "--name"]
    subprocess.run([*train, "baseline", "--pause", "0.02"], check=True)
    person.until(lambda: "out/runs/model.safetensors@v1" in person.rows())
    subprocess.run([*train, "slower", "--lr", "0.05"], check=True)
    person.until(lambda: "out/runs/model.safetensors@v2" in person.rows(), 20000)
    person.until(lambda: "out/runs/metrics.csv@v2" in person.rows(), 20000)
    person.until(lambda: window.page.tabs._counts["model"].text() == "2")
    row = person.rows().index("out/runs/model.safetensors@v2")
    person.click_row(row)
    person.until(
        lambda: (
            "slower"
            in [b.text() for b in window.detail.findChildren(type(person.button("Verify")))]
        )
    )
    person.until(lambda: "METRICS OF THE RUN" in texts(window.detail))
    assert "auc" in texts(window.detail)
    person.picture("watched")
    person.theme.choose("dark")
    person.picture("watched-dark")


def test_a_watch_is_paused_taken_up_and_ended_with_undo(person, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    window = person.open()
    person.bridge.ask(lambda r: r.add_watch(os.fsencode(out), {}))
    person.until(lambda: "live" in texts(window.sidebar))
    (watch,) = window.watches._watches.values()

    def choose(title: str) -> None:
        menu = window.watches.menu_for({**watch, "paused": title == "Go on watching"})
        next(a for a in menu.actions() if a.text() == title).trigger()

    choose("Pause")
    person.until(lambda: "paused" in texts(window.sidebar))
    (out / "late.bin").write_bytes(b"late")
    person.qtbot.wait(700)
    assert person.model.counts.everything == 0
    choose("Go on watching")
    person.until(lambda: person.rows() == ["out/late.bin@v1"])
    choose("Stop watching")
    person.until(lambda: "No folder watched" in window.strip.watching.text())
    assert person.rows() == ["out/late.bin@v1"]
    person.click(person.button("Undo"))
    person.until(lambda: "Watching 1 folder" in window.strip.watching.text())


def test_what_is_left_out_of_a_watched_folder_is_listed(person, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    os.mkfifo(out / "pipe")
    window = person.open()
    person.bridge.ask(lambda r: r.add_watch(os.fsencode(out), {}))
    person.until(lambda: bool(window.watches._left_out and window.watches._watches))
    (watch,) = window.watches._watches.values()
    menu = window.watches.menu_for(watch)
    next(a for a in menu.actions() if a.text().startswith("What was left out (1)")).trigger()
    shown = texts(window.overlay.sheet)
    assert "pipe" in shown and "not a file" in shown
    person.picture("left-out")


def test_a_watched_folder_that_disappears_is_shown_as_missing(person, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    window = person.open()
    person.bridge.ask(lambda r: r.add_watch(os.fsencode(out), {}))
    person.until(lambda: "live" in texts(window.sidebar))
    out.rmdir()
    person.until(lambda: "missing" in texts(window.sidebar))
    assert window.strip.watching.property("state") == "bad"
    out.mkdir()
    person.until(lambda: "live" in texts(window.sidebar))


def test_rows_that_come_in_do_not_disturb_who_is_reading(person, files, tmp_path):
    create_registry(person.place, Settings(), "cli").close()
    many = tmp_path / "many"
    many.mkdir()
    for number in range(120):
        (many / f"f{number:03}.bin").write_bytes(str(number).encode())
    add_outside(person.place, many, each=True)
    window = person.open()
    person.click_row(5)
    person.table.verticalScrollBar().setValue(400)
    before = (person.rows()[:50], person.table.verticalScrollBar().value())
    add_outside(person.place, files / "m1.bin")
    person.until(lambda: window.page._news.isVisible())
    assert window.page._news_button.text() == "1 new"
    assert (person.rows()[:50], person.table.verticalScrollBar().value()) == before
    assert person.table.selected_rows() == [5]
    person.picture("news")
    person.click(window.page._news_button)
    person.until(lambda: person.rows()[0] == "m1.bin@v1")
    assert not window.page._news.isVisible()
    add_outside(person.place, files / "m2.bin")  # nobody reads now: it goes in at the top
    person.until(lambda: person.rows()[0] == "m2.bin@v1")


def test_filtering_says_what_is_wrong_and_keeps_the_list(person, files):
    window = person.open()
    person.add(files / "m0.bin", files / "m1.bin", files / "metrics.json")
    person.until(lambda: person.model.rowCount() == 3)
    person.key(Qt.Key.Key_Slash, widget=window)
    assert window.filter.hasFocus()
    person.type(window.filter, "auc>0.9")
    person.until(lambda: person.rows() == ["metrics.json@v1"])
    person.until(lambda: "1 of 3 versions match" in window.page._matching.text())
    window.filter.clear()
    person.type(window.filter, "size:>x")
    person.until(lambda: window.filter.property("wrong"))
    assert "not a size" in window.filter.reason.text() and window.filter.reason.isVisible()
    person.picture("wrong-filter")
    window.filter.clear()
    person.until(lambda: person.model.rowCount() == 3)
    person.type(window.filter, "nothing-like-it")
    person.until(lambda: "No version matches" in texts(window.page))
    person.picture("no-match")
    person.click(person.button("Clear filter"))
    person.until(lambda: person.model.rowCount() == 3 and window.filter.whole() == "")


def test_kinds_are_tabs_with_counts(person, files):
    window = person.open()
    person.add(files / "m0.bin", files / "metrics.json")
    person.until(lambda: window.page.tabs._counts["metrics"].text() == "1")
    person.click(window.page.tabs._tabs["metrics"])
    person.until(lambda: person.rows() == ["metrics.json@v1"])
    person.click(window.page.tabs._tabs["log"])
    person.until(lambda: "versions of other kinds do" in texts(window.page))
    person.click(person.button("Show all kinds"))
    person.until(lambda: person.model.rowCount() == 2)


def test_sorting_by_a_column_and_back(person, files):
    window = person.open()
    (files / "big.bin").write_bytes(b"b" * 9000)
    person.add(files / "m0.bin", files / "big.bin", files / "metrics.json")
    person.until(lambda: person.model.rowCount() == 3)
    window.page.table.sortByColumn(6, Qt.SortOrder.DescendingOrder)
    person.until(lambda: person.rows() == ["big.bin@v1", "m0.bin@v1", "metrics.json@v1"])
    window.page.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    person.until(lambda: person.rows() == ["big.bin@v1", "m0.bin@v1", "metrics.json@v1"])
    assert person.model.headerData(0, Qt.Orientation.Horizontal) == "Name ↑"


def test_the_panel_tells_all_and_takes_notes(person, files):
    window = person.open()
    person.add(files / "metrics.json")
    person.click_row(0)
    person.until(lambda: "METRICS" in texts(window.detail))
    shown = texts(window.detail)
    assert "auc" in shown and "0.9100" in shown and str(files / "metrics.json")[-12:] in shown
    person.click(person.button("Notes", window.detail))
    field = next(f for f in window.detail.findChildren(QLineEdit) if f.isVisible())
    person.type(field, "measured on the holdout")
    person.key(Qt.Key.Key_Return, widget=field)
    person.until(lambda: "measured on the holdout" in texts(window.detail))
    person.picture("notes")
    add_outside(person.place, files / "metrics.json", note="x")
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        registry.note("metrics.json@v1", "from elsewhere")
    person.until(lambda: "from elsewhere" in texts(window.detail))


def test_keys_work_without_a_mouse(person, files):
    window = person.open()
    person.add(files / "m0.bin", files / "m1.bin", files / "m2.bin")
    person.until(lambda: person.model.rowCount() == 3)
    person.key(Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier, window)
    assert person.table.hasFocus() and person.table.selected_rows() == [0]
    person.key(Qt.Key.Key_Down)
    assert person.table.selected_rows() == [1]
    person.key(Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert person.table.selected_rows() == [1, 2]
    assert "2 selected" in window.page._picked.text()
    person.until(lambda: window.detail.shown == person.rows()[2])
    person.key(
        Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert QGuiApplication.clipboard().text().startswith("sha256:")
    person.key(Qt.Key.Key_Escape)
    assert person.table.selected_rows() == []
    person.key(Qt.Key.Key_End)
    assert person.table.selected_rows() == [2]
    person.key(Qt.Key.Key_Question, widget=window)
    assert "Watch a folder…" in texts(window.overlay.sheet)
    person.picture("keys")
    person.key(Qt.Key.Key_Escape)
    person.key(Qt.Key.Key_F1, widget=window)
    assert "registry" in window.overlay.sheet.text.toPlainText().lower()
    person.picture("help")
    person.key(Qt.Key.Key_Escape)
    assert window.overlay.sheet is None and person.table.hasFocus()


def test_the_palette_finds_commands_and_artifacts(person, files):
    window = person.open()
    person.add(files / "m0.bin", files / "metrics.json")
    person.until(lambda: person.model.rowCount() == 2)
    person.key(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier, window)
    palette = window.overlay.sheet
    person.type(palette.field, "metrics")
    person.until(
        lambda: any(
            "metrics.json" in palette.list.item(i).text() for i in range(palette.list.count())
        )
    )
    person.picture("palette")
    person.key(Qt.Key.Key_Return, widget=palette.field)
    person.until(lambda: window.detail.shown == "metrics.json@v1")
    assert window.filter.whole() == 'name:"metrics.json"'
    person.key(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier, window)
    person.type(window.overlay.sheet.field, "keys")
    person.key(Qt.Key.Key_Return, widget=window.overlay.sheet.field)
    assert "Home  End" in texts(window.overlay.sheet)


def test_export_writes_verified_content_and_says_where(person, files, tmp_path, monkeypatch):
    window = person.open()
    person.add(files / "m0.bin")
    person.click_row(0)
    target = tmp_path / "exports"
    target.mkdir()
    monkeypatch.setattr(dialogs, "choose_folder", lambda *_: str(target))
    person.table.setFocus()
    person.key(Qt.Key.Key_E)
    person.until((target / "m0-v1.bin").exists)
    assert (target / "m0-v1.bin").read_bytes() == (files / "m0.bin").read_bytes()
    person.until(lambda: str(target) in window.strip.words.toolTip())
    person.key(Qt.Key.Key_E)  # again: it is there already, and said so
    person.until(lambda: "exists already" in window.fault.words.text())
    person.picture("fault")


def test_damage_found_by_verifying_is_shown_in_red(person, tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(200_000))
    window = person.open()
    person.add(big)
    (stored,) = [p for p in (person.place / "objects").rglob("*") if p.is_file()]
    os.chmod(stored, 0o644)
    data = bytearray(stored.read_bytes())
    data[1000] ^= 1
    stored.write_bytes(data)
    person.click_row(0)
    person.until(lambda: "sha256" in texts(window.detail))
    person.click(person.button("Verify", window.detail))
    person.until(lambda: "1 damaged" in window.strip.words.toolTip())
    person.until(lambda: (person.model.version_at(0) or {}).get("damaged") is True)
    person.until(lambda: "damaged" in window.strip.store.text())
    person.picture("damaged")
    person.click(person.button("Mend", window.detail))  # its source is still where it was
    person.until(lambda: (person.model.version_at(0) or {}).get("damaged") is False)
    person.until(lambda: "free" in window.strip.store.text())


def test_a_long_job_shows_progress_and_cancel_leaves_nothing(person, tmp_path):
    huge = tmp_path / "huge.bin"
    with open(huge, "wb") as out:
        for number in range(400):
            out.write(bytes([number % 251]) * (1 << 20))
    window = person.open()
    person.bridge.enqueue("add", {"paths": [os.fsencode(huge).hex()], "title": "huge.bin"})
    person.until(lambda: window.strip.stop.isVisible() and window.strip.bar.value() > 0)
    assert "Adding huge.bin" in window.strip.words.toolTip() and "/s" in window.strip.amount.text()
    person.picture("job")
    person.click(window.strip.stop)
    person.until(lambda: "cancelled" in window.strip.words.toolTip())
    assert person.model.counts.everything == 0
    person.until(lambda: not list((person.place / "staging").iterdir()))
    assert not [p for p in (person.place / "objects").rglob("*") if p.is_file()]


def test_failing_jobs_are_told_with_what_to_do(person, tmp_path):
    window = person.open()
    person.bridge.enqueue("add", {"paths": [os.fsencode(tmp_path / "gone").hex()], "title": "gone"})
    person.until(lambda: window.fault.isVisible())
    assert "no such file or folder" in window.fault.words.text()
    window.strip.words.click()
    popup = next(w for w in window.children() if type(w).__name__ == "JobsPopup")
    assert "no such file or folder" in texts(popup)
    popup.close()


def test_the_window_remembers_itself(person, files):
    window = person.open()
    person.add(files / "m0.bin")
    window.page.table.setColumnHidden(3, True)
    window.acts.last_folder = str(files)
    person.until(window.detail.isVisible)
    person.key(Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier, window)
    window.close()
    again = person.open()
    assert again.page.table.isColumnHidden(3) and again.acts.last_folder == str(files)
    assert not again.detail.isVisible()


def test_in_a_small_window_the_sidebar_shrinks_and_the_panel_floats(person, files):
    window = person.open()
    person.add(files / "m0.bin")
    person.until(window.detail.isVisible)
    window.resize(1024, 640)
    person.until(lambda: window.sidebar.narrow)
    assert window.sidebar.width() < 80 and not window.detail.isVisible()
    person.until(lambda: window.page.width() == 1024 - window.sidebar.width())
    page = window.page.width()
    person.picture("small")
    person.click_row(0)
    person.key(Qt.Key.Key_Return, widget=person.table)
    person.until(window.detail.isVisible)
    assert window.page.width() == page  # it lies over the page and takes nothing from it
    person.picture("small-panel")
    window.resize(1400, 800)
    person.until(lambda: window.detail.parent() is window.library.splitter)
    assert window.detail.isVisible() and not window.sidebar.narrow


def test_a_registry_that_cannot_be_opened_is_explained_and_tried_again(person, files):
    create_registry(person.place, Settings(), "cli").close()
    add_outside(person.place, files / "m0.bin")
    (person.place / "catalog.db").rename(person.place / "away.db")
    window = person.open(loads=False)
    person.until(lambda: "The catalog is gone" in texts(window.page))
    assert "doctor --rebuild" in texts(window.page)
    person.picture("cannot-open")
    (person.place / "away.db").rename(person.place / "catalog.db")
    person.click(person.button("Try again"))
    person.until(lambda: person.rows() == ["m0.bin@v1"])


def test_a_lost_catalog_is_made_again_from_the_window(person, files):
    create_registry(person.place, Settings(), "cli").close()
    add_outside(person.place, files / "m0.bin")
    for part in person.place.glob("catalog.db*"):
        part.unlink()
    person.open(loads=False)
    person.until(lambda: "The catalog is gone" in texts(person.window.page))
    person.click(person.button("Make the catalog again"))
    person.until(lambda: person.rows() == ["m0.bin@v1"])


def test_a_hundred_thousand_rows_are_read_as_they_are_looked_at(person, tmp_path):
    """Only pages in sight are read; the end is reached at once."""
    from tests.bench.bench import make_versions

    create_registry(person.place, Settings(), "cli").close()
    make_versions(person.place, 5000)
    window = person.open()
    person.until(lambda: person.model.rowCount() == 5000)
    assert len(person.rows()) == 200
    person.table.setFocus()
    person.key(Qt.Key.Key_End)
    person.until(lambda: person.model.version_at(4999) is not None)
    assert person.rows()[-1].endswith("@v1") and len(person.rows()) < 1000
    order = [v["created_at"] for v in map(person.model.version_at, range(4900, 5000)) if v]
    assert order == sorted(order, reverse=True)
    assert window.page.isVisible()


def test_closing_during_a_job_is_quick_and_the_job_goes_on_later(person, tmp_path):
    huge = tmp_path / "huge.bin"
    with open(huge, "wb") as out:
        out.truncate(600 << 20)
    window = person.open()
    person.bridge.enqueue("add", {"paths": [os.fsencode(huge).hex()], "title": "huge.bin"})
    person.until(lambda: window.strip.stop.isVisible())
    window.close()
    sheet = window.overlay.sheet
    assert "Work is still going on" in texts(sheet)
    person.picture("leaving")
    began = time.monotonic()
    person.click(sheet.quit_button)
    assert not window.isVisible()
    assert time.monotonic() - began < 5
    person.open()
    person.until(lambda: person.rows() == ["huge.bin@v1"], 60000)


def test_the_first_versions_bring_the_keyboard_from_the_welcome_to_the_list(person, files):
    window = person.open()
    person.button("Add files…", window.page).setFocus()
    add_outside(person.place, files / "m0.bin")
    person.until(lambda: person.rows() == ["m0.bin@v1"])
    person.until(person.table.hasFocus)


def test_tab_goes_through_every_screen_in_reading_order_and_back(person, files, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    window = person.open()
    person.add(files / "m0.bin")
    person.bridge.ask(lambda r: r.add_watch(os.fsencode(out), {}))
    person.until(lambda: len(window.watches.shown) == 1)
    for title in ("Library", "Runs", "Watch folders", "Settings"):
        window.go_to(title)
        person.qtbot.wait(150)
        regions = (window.sidebar, window.top_bar, window.current, window.strip)
        window.sidebar.brand.setFocus()
        seen = []
        for _ in range(80):
            person.key(Qt.Key.Key_Tab)
            seen.append(QGuiApplication.focusObject())
            if seen[-1] is window.sidebar.brand:
                break
        where = [next(i for i, r in enumerate(regions) if r.isAncestorOf(one)) for one in seen]
        assert where[:-1] == sorted(where[:-1]) and {0, 1, 2, 3} <= set(where)
        assert len(seen) == len(set(seen))
        for one in reversed(seen[:-1]):
            person.key(Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
            assert QGuiApplication.focusObject() is one
    person.until(lambda: any(type(one).__name__ == "Source" for one in window.sidebar._rows))
    window.sidebar.nav["Watch folders"].setFocus()
    person.key(Qt.Key.Key_Tab)
    assert QGuiApplication.focusObject() is window.sidebar._rows[0]

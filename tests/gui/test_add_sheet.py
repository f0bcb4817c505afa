"""Dropped files: looked at, put right in the sheet, added in the background."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from strongroom.bootstrap import open_registry
from strongroom.gui.add_sheet.rows import Heading
from strongroom.gui.add_sheet.table import CHECK, FILE, NAME, TICK
from strongroom.settings import Settings

SAMPLE = Path(__file__).parents[2] / "resources" / "sample" / "train.py"


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    for number in range(3):
        (folder / f"m{number}.bin").write_bytes(bytes([number]) * 3000)
    (folder / "metrics.json").write_text(json.dumps({"auc": 0.91, "loss": 0.2}))
    return folder


def looked_at(person, *paths: Path):
    """The sheet of dropped files, once all of them were looked at."""
    person.drop(*paths)
    sheet = person.window.overlay.sheet
    person.until(lambda: not sheet._bar.isVisible())
    return sheet


def shown(sheet) -> list[str]:
    """Headings, and of each item file, name and check."""
    model = sheet.model
    return [
        row.title
        if isinstance(row, Heading)
        else " | ".join(model.text(row, column) for column in (FILE, NAME, CHECK))
        for row in model.rows
    ]


def row_of(sheet, file: str) -> int:
    return next(
        at
        for at, row in enumerate(sheet.model.rows)
        if not isinstance(row, Heading) and sheet.model.text(row, FILE).startswith(file)
    )


def click_cell(person, sheet, row: int, column: int) -> None:
    rect = sheet.table.visualRect(sheet.model.index(row, column))
    person.qtbot.mouseClick(sheet.table.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())


def rename(person, sheet, row: int, name: str) -> None:
    """As a person does: F2, typing over, Enter."""
    sheet.table.setFocus()
    sheet.table.setCurrentIndex(sheet.model.index(row, NAME))
    person.key(Qt.Key.Key_F2, widget=sheet.table)
    editor = next(e for e in sheet.table.findChildren(QLineEdit) if e.isVisible())
    editor.selectAll()
    person.type(editor, name)
    editor.completer().popup().hide()
    person.key(Qt.Key.Key_Return, widget=editor)


def stored(person) -> dict[str, dict]:
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        versions = registry.list_versions()["versions"]
        return {f"{v['name']}@{v['tag']}": registry.show(f"{v['name']}@{v['tag']}")
                for v in versions}  # fmt: skip


def test_dropped_files_are_looked_at_first_and_then_added(person, files):
    window = person.open()
    sheet = looked_at(person, files / "m0.bin", files / "metrics.json")
    assert shown(sheet) == [
        "m0.bin | m0.bin v1 | Ready",
        "metrics.json | metrics.json v1 | Ready",
    ]
    assert sheet.model.rows[1].kind == "metrics"
    assert sheet.add_button.text() == "Add 2 versions" and not stored(person)
    person.type(sheet.note, "first look")
    person.picture("add-sheet")
    person.click(sheet.add_button)
    assert window.overlay.sheet is None
    person.until(lambda: set(person.rows()) == {"m0.bin@v1", "metrics.json@v1"})
    person.until(lambda: "2 new versions" in window.strip.words.toolTip())
    assert stored(person)["m0.bin@v1"]["notes"][0]["text"] == "first look"


def test_what_is_stored_already_is_said_and_not_added_again(person, files):
    window = person.open()
    person.add(files / "m0.bin")
    sheet = looked_at(person, files / "m0.bin", files / "m1.bin")
    assert shown(sheet) == [
        "No run found",
        "m1.bin | m1.bin v1 | Ready",
        "Already stored",
        "m0.bin | m0.bin v1 | Identical to v1: nothing to store",
    ]
    click_cell(person, sheet, 3, TICK)  # cannot be ticked: there is nothing to do
    assert not sheet.model.rows[3].goes_in
    assert "1 file into 1 version" in sheet._sum.text()
    click_cell(person, sheet, 1, TICK)
    assert not sheet.add_button.isEnabled() and sheet.add_button.toolTip() == "Nothing is ticked"
    person.key(Qt.Key.Key_Escape)
    assert window.overlay.sheet is None


def test_each_can_be_named_and_left_out(person, files):
    person.open()
    person.add(files / "m0.bin")
    sheet = looked_at(person, files / "m0.bin", files / "m1.bin", files / "m2.bin")
    row = row_of(sheet, "m1.bin")
    rename(person, sheet, row, "fraud@v1")
    person.until(lambda: "annot hold '@'" in sheet.wrong.text())
    assert not sheet.add_button.isEnabled()
    rename(person, sheet, row, "team/fraud")
    person.until(lambda: "team/fraud v1" in shown(sheet)[row])
    rename(person, sheet, row_of(sheet, "m2.bin"), "team/fraud")
    person.until(lambda: "team/fraud v2" in " ".join(shown(sheet)))  # several count up
    rename(person, sheet, row_of(sheet, "m0.bin"), "again")  # known bytes under another name
    person.until(lambda: "again v1" in " ".join(shown(sheet)))
    click_cell(person, sheet, row_of(sheet, "m2.bin"), TICK)
    person.picture("add-sheet-named")
    assert sheet.add_button.text() == "Add 2 versions"
    person.click(sheet.add_button)
    person.until(lambda: {"team/fraud@v1", "again@v1"} <= set(person.rows()))
    assert set(stored(person)) == {"m0.bin@v1", "team/fraud@v1", "again@v1"}


def test_names_are_completed_from_the_registry(person, files):
    person.open()
    person.add(files / "metrics.json")
    sheet = looked_at(person, files / "m1.bin")
    sheet.table.setCurrentIndex(sheet.model.index(0, NAME))
    sheet.table.setFocus()
    person.key(Qt.Key.Key_F2, widget=sheet.table)
    editor = next(e for e in sheet.table.findChildren(QLineEdit) if e.isVisible())
    editor.clear()
    person.type(editor, "met")
    person.until(lambda: editor.completer().model().stringList() == ["metrics.json"])


def test_another_kind_is_chosen_for_a_file(person, files):
    person.open()
    sheet = looked_at(person, files / "m0.bin")
    menu = sheet.table.kind_menu(0)
    next(a for a in menu.actions() if a.text() == "dataset").trigger()
    assert sheet.model.rows[0].kind == "dataset"
    person.click(sheet.add_button)
    person.until(lambda: person.rows() == ["m0.bin@v1"])
    assert stored(person)["m0.bin@v1"]["kind"] == "dataset"


def test_a_folder_can_go_in_by_run_as_one_or_each_file_by_itself(person, tmp_path):
    out = tmp_path / "out"
    train = [sys.executable, str(SAMPLE), str(out), "--name", "baseline", "--pause", "0"]
    subprocess.run(train, check=True)
    person.open()
    sheet = looked_at(person, out)
    assert shown(sheet)[0] == "baseline" and sheet.split.isVisible()
    together = len(sheet.model.rows)
    person.picture("add-sheet-run")
    sheet.split.setCurrentIndex(1)
    person.until(lambda: len(sheet.model.rows) == 1)
    sheet.split.setCurrentIndex(2)
    person.until(lambda: len(sheet.model.rows) == together - 2)  # no headings any more
    sheet.split.setCurrentIndex(0)
    person.until(lambda: bool(sheet.model.rows) and shown(sheet)[0] == "baseline")
    person.until(sheet.add_button.isEnabled)
    person.click(sheet.add_button)
    person.until(lambda: person.model.counts.everything > 2)
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        (run,) = registry.list_runs()["runs"]
        assert run["name"] == "baseline" and run["status"] == "finished" and run["metrics"]
        models = registry.list_versions(text="kind:model")["versions"]
        assert models and all(v["run"] == run["id"] for v in models)
    sheet = looked_at(person, out)  # once more: all is there, and no second run is made
    assert not sheet.add_button.isEnabled()
    assert [row.title for row in sheet.model.rows if isinstance(row, Heading)] == ["Already stored"]
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        assert len(registry.list_runs()["runs"]) == 1


def test_a_heading_ticks_all_below_it_and_space_one(person, tmp_path):
    out = tmp_path / "out"
    train = [sys.executable, str(SAMPLE), str(out), "--name", "baseline", "--pause", "0"]
    subprocess.run(train, check=True)
    person.open()
    sheet = looked_at(person, out)
    assert sheet.model.tick_state(0) == (Qt.CheckState.Checked, True)
    sheet.table.setFocus()
    sheet.table.setCurrentIndex(sheet.model.index(1, NAME))
    person.key(Qt.Key.Key_Space, widget=sheet.table)
    assert sheet.model.tick_state(0) == (Qt.CheckState.PartiallyChecked, True)
    click_cell(person, sheet, 0, TICK)
    assert sheet.model.tick_state(0) == (Qt.CheckState.Checked, True)
    click_cell(person, sheet, 0, TICK)
    assert sheet.model.tick_state(0) == (Qt.CheckState.Unchecked, True)


def test_a_dropped_folder_is_watched_from_then_on_if_wanted(person, files):
    window = person.open()
    sheet = looked_at(person, files)
    person.click(sheet.watch)
    person.click(sheet.add_button)
    person.until(lambda: hasattr(window.overlay.sheet, "watch_button"))
    person.until(window.overlay.sheet.watch_button.isEnabled)
    person.click(window.overlay.sheet.watch_button)
    person.until(lambda: "Watching 1 folder" in window.strip.watching.text())


def test_a_path_that_is_gone_is_explained_in_the_sheet(person, tmp_path):
    window = person.open()
    person.drop(tmp_path / "gone.bin")
    sheet = window.overlay.sheet
    person.until(lambda: "no such file or folder" in sheet.wrong.text())
    assert not sheet.add_button.isEnabled()


def test_many_files_are_listed_and_the_window_stays_alive(person, tmp_path):
    many = tmp_path / "many"
    many.mkdir()
    for number in range(3000):
        (many / f"f{number:04}.txt").write_text(str(number))
    person.open()
    sheet = looked_at(person, many)
    sheet.split.setCurrentIndex(2)
    person.until(lambda: len(sheet.model.rows) == 3000, 60000)
    assert "3\N{THIN SPACE}000 files into" in sheet._sum.text()

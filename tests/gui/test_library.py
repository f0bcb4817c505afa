"""The Library as a person uses it: chips, completion, saved filters, groups, order, memory."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from strongroom.bootstrap import create_registry, open_registry
from strongroom.gui import saved_filters
from strongroom.gui.library.columns import COLUMNS
from strongroom.services.add import AddOptions
from strongroom.settings import Settings
from tests.gui.conftest import texts

ENTER, TAB, ESC = Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Escape


@pytest.fixture
def stocked(person, tmp_path):
    """Six artifacts, two of them with three versions, two runs, metrics and params."""
    with closing(create_registry(person.place, Settings(), "cli")) as registry:
        for run in ("run-a", "run-b"):
            registry.start_run(run, name=f"training {run[-1]}")
        for number in range(3):
            for name in ("fraud", "churn"):
                path = tmp_path / f"{name}{number}.bin"
                path.write_bytes(f"{name}{number}".encode() * 50)
                registry.add(
                    [os.fsencode(path)],
                    AddOptions(
                        name=name,
                        kind="model",
                        run="run-a" if number < 2 else "run-b",
                        metrics={"auc": 0.7 + number / 10 + (0.05 if name == "churn" else 0)},
                        params={"lr": 0.1 / (number + 1), "depth": number},
                    ),
                )
        for number in range(4):
            path = tmp_path / f"table {number}.csv"
            path.write_text("a,b\n" + f"{number},2\n" * (number + 1))
            registry.add([os.fsencode(path)], AddOptions())
    return person


def test_terms_become_chips_that_can_be_taken_back(stocked):
    window = stocked.open()
    field = window.filter
    field.setFocus()
    stocked.type(field, "kind:model auc>0.8 ")
    assert field.chips() == ["kind:model", "auc>0.8"] and field.text() == ""
    stocked.until(lambda: stocked.model.counts.matching == 3)
    stocked.picture("chips")
    assert field.mode.isVisible() and field.mode.text() == "All of"
    stocked.click(field.mode)
    stocked.until(lambda: stocked.model.counts.matching == 6)
    assert field.whole() == "kind:model or auc>0.8"
    stocked.key(Qt.Key.Key_Backspace, widget=field)
    assert field.chips() == ["kind:model"] and field.text() == "auc>0.8"
    chip = field._chips[0]
    stocked.qtbot.mouseClick(field, Qt.MouseButton.LeftButton, pos=chip.geometry().center()
                             + QPoint(chip.width() // 2 - 8, 0))  # fmt: skip
    assert field.chips() == [] and field.whole() == "auc>0.8"
    stocked.key(ESC, widget=field)
    stocked.until(lambda: stocked.model.rowCount() == 10)


def test_the_keyboard_in_the_list_chooses_nothing_by_itself(stocked):
    window = stocked.open()
    window.filter.setFocus()
    stocked.table.setFocus()
    stocked.qtbot.wait(50)
    assert window.detail.shown is None and not stocked.table.currentIndex().isValid()
    stocked.key(Qt.Key.Key_Down, widget=stocked.table)
    stocked.until(lambda: window.detail.shown == stocked.rows()[0])
    assert stocked.table.selected_rows() == [0]


def test_or_between_terms_makes_them_alternatives(stocked):
    window = stocked.open()
    window.filter.setFocus()
    stocked.type(window.filter, "kind:dataset or name:fraud ")
    assert window.filter.chips() == ["kind:dataset"]  # more may follow, and belong to both
    stocked.key(ENTER, widget=window.filter)
    assert window.filter.chips() == ["kind:dataset", "name:fraud"]
    assert window.filter.mode.text() == "Any of"
    stocked.until(lambda: stocked.model.counts.matching == 7)


def test_a_wrong_chip_is_red_and_its_reason_points_at_the_character(stocked):
    window = stocked.open()
    window.filter.setFocus()
    stocked.type(window.filter, "kind:model")
    stocked.key(ENTER, widget=window.filter)
    stocked.until(lambda: stocked.model.counts.matching == 6)
    window.filter._set_chips(["kind:model", "size:>many"])
    assert [chip.wrong for chip in window.filter._chips] == [False, True]
    first, second = window.filter.reason.text().split("\n")
    assert first[second.index("^")] == "m" and "not a size" in second
    stocked.picture("wrong-chip")
    stocked.qtbot.wait(200)
    assert stocked.model.counts.matching == 6  # what was there stays


def test_completion_offers_fields_then_values(stocked):
    window = stocked.open()
    field = window.filter
    field.setFocus()
    stocked.type(field, "ki")
    offered = field.completion
    stocked.until(offered.isVisible)
    stocked.key(TAB, widget=field)
    assert field.text() == "kind:"
    stocked.until(lambda: offered.count() == 6)
    assert not field.reason.isVisible() and not field.property("wrong")  # not finished, not wrong
    stocked.type(field, "da")
    stocked.picture("completion")
    stocked.key(Qt.Key.Key_Down, widget=field)
    stocked.key(ENTER, widget=field)
    assert field.chips() == ["kind:dataset"]
    stocked.until(lambda: stocked.model.counts.matching == 4)
    stocked.key(ESC, widget=field)
    stocked.type(field, "fra")
    stocked.until(lambda: "name:fraud" in [offered.item(i).data(Qt.ItemDataRole.UserRole)[0]
                                          for i in range(offered.count())])  # fmt: skip
    stocked.key(TAB, widget=field)
    assert field.chips() == ["name:fraud"]
    stocked.type(field, "param.d")
    stocked.until(lambda: offered.isVisible() and offered.count() > 0)
    stocked.key(TAB, widget=field)
    stocked.until(lambda: field.text() == "param.depth=")
    stocked.until(lambda: offered.isVisible() and offered.count() == 3)
    stocked.key(ESC, widget=field)  # closes what is offered, not the filter
    assert not offered.isVisible() and field.chips() == ["name:fraud"]


def test_filters_are_saved_found_again_and_removed_with_undo(stocked):
    window = stocked.open()
    window.filter.setFocus()
    stocked.type(window.filter, "name:table*")
    stocked.until(lambda: stocked.model.counts.matching == 4)
    stocked.key(Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier, window)
    sheet = window.overlay.sheet
    sheet.field.clear()
    stocked.type(sheet.field, "Tables")
    stocked.picture("save-filter")
    stocked.key(ENTER, widget=sheet.field)
    assert saved_filters.saved(stocked.memory) == {"Tables": "name:table*"}
    window.set_filter("")
    stocked.until(lambda: stocked.model.rowCount() == 10)
    stocked.key(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier, window)
    stocked.type(window.overlay.sheet.field, "filter: tab")
    stocked.key(ENTER, widget=window.overlay.sheet.field)
    stocked.until(lambda: stocked.model.counts.matching == 4)
    menu = window.menus.saved_filters_menu()
    removing = next(a.menu() for a in menu.actions() if a.menu() is not None)
    removing.actions()[0].trigger()
    assert saved_filters.saved(stocked.memory) == {}
    stocked.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, window)
    assert saved_filters.saved(stocked.memory) == {"Tables": "name:table*"}


def test_versions_are_gathered_under_their_artifact_and_fold(stocked):
    window = stocked.open()
    window.page.group("artifact")
    stocked.until(lambda: stocked.model.rowCount() == 16)
    shown = [window.page.table.model().index(r, 0).data() for r in range(stocked.model.rowCount())]
    assert shown[:5] == ["churn, 3", "churn", "churn", "churn", "fraud, 3"]
    assert [stocked.model.version_at(r)["tag"] for r in (1, 2, 3)] == ["v3", "v2", "v1"]
    stocked.picture("grouped")
    stocked.click_row(0)
    assert stocked.model.rowCount() == 13 and stocked.model.heading_at(1).key == "fraud"
    stocked.click_row(2)
    stocked.until(lambda: window.detail.shown == "fraud@v3")
    stocked.key(Qt.Key.Key_Left, widget=stocked.table)
    assert stocked.model.rowCount() == 10
    stocked.key(Qt.Key.Key_Right, widget=stocked.table)
    assert stocked.model.rowCount() == 13
    window.page.group("run")
    stocked.until(
        lambda: stocked.model.heading_at(0) and stocked.model.heading_at(0).key == "run-b"
    )
    assert stocked.model.heading_at(0).name == "training b"
    assert [stocked.model.version_at(r)["run"] for r in (1, 2)] == ["run-b", "run-b"]
    stocked.picture("grouped-by-run")
    stocked.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    stocked.until(lambda: stocked.model.rowCount() == 10)
    assert window.page.group_button.text() == "Group: none"


def test_what_comes_in_while_grouped_is_told_and_shown_on_demand(stocked, tmp_path):
    window = stocked.open()
    window.page.group("artifact")
    stocked.until(lambda: stocked.model.rowCount() == 16)
    path = tmp_path / "fraud9.bin"
    path.write_bytes(b"new one")
    with closing(open_registry(stocked.place, Settings(), "cli")) as registry:
        registry.add([os.fsencode(path)], AddOptions(name="fraud", kind="model"))
    stocked.until(window.page._news.isVisible)
    assert stocked.model.rowCount() == 16
    stocked.click(window.page._news_button)
    stocked.until(lambda: stocked.model.rowCount() == 17)
    assert stocked.model.version_at(5)["tag"] == "v4"


@pytest.mark.parametrize("column", [c.title for c in COLUMNS])
def test_every_column_sorts_both_ways(stocked, column):
    window = stocked.open()
    at = next(i for i, c in enumerate(COLUMNS) if c.title == column)
    key = {
        "Name": lambda v: v["name"].encode(),
        "Kind": lambda v: v["kind"],
        "Version": lambda v: int(v["tag"][1:]),
        "Run": lambda v: v["run"] or "",
        "State": lambda v: len(v["warnings"]),
        "Key metric": lambda v: ("auc", v["metrics"]["auc"]) if v["metrics"] else ("", 0),
        "Size": lambda v: v["size"],
        "Created": lambda v: v["created_at"],
        "By": lambda v: v["by"],
        "Files": lambda v: v["files"],
    }[column]
    stocked.until(lambda: stocked.model.rowCount() == 10)
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        window.page.table.sortByColumn(at, order)
        descending = order == Qt.SortOrder.DescendingOrder

        def sorted_so(descending=descending) -> bool:
            question = stocked.model.question
            if (question.sort, question.descending) != (COLUMNS[at].sort, descending):
                return False
            keys = [key(stocked.model.version_at(r)) for r in range(stocked.model.rowCount())]
            return len(keys) == 10 and keys == sorted(keys, reverse=descending)

        stocked.until(sorted_so)


def test_filter_order_kind_and_group_are_remembered(stocked):
    window = stocked.open()
    window.set_filter("auc>0.7")
    window.page.tabs.choose("model")
    window.page.table.sortByColumn(6, Qt.SortOrder.AscendingOrder)
    stocked.until(lambda: stocked.model.question.sort == "size")
    window.page.group("run")
    stocked.until(lambda: stocked.model.heading_at(0) is not None)
    window.leaving.forced = True
    window.close()
    again = stocked.open()
    question = stocked.model.question
    assert (question.text, question.kind, question.group) == ("auc>0.7", "model", "run")
    assert (question.sort, question.descending) == ("size", False)
    assert again.filter.chips() == ["auc>0.7"]
    stocked.until(lambda: stocked.model.heading_at(0) is not None)


def test_copied_files_are_pasted_into_the_sheet(person, tmp_path):
    window = person.open()
    path = tmp_path / "pasted.json"
    path.write_text(json.dumps({"acc": 1}))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    QGuiApplication.clipboard().setMimeData(data)
    person.key(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier, window)
    sheet = window.overlay.sheet
    person.until(lambda: sheet.model.rowCount() == 1)
    person.click(sheet.add_button)
    person.until(lambda: person.rows() == ["pasted.json@v1"])


def test_problems_are_kept_behind_the_strip_until_dismissed(person, tmp_path):
    window = person.open()
    for name in ("gone-a", "gone-b"):
        person.bridge.enqueue("add", {"paths": [os.fsencode(tmp_path / name).hex()], "title": name})
    person.until(lambda: window.strip.problems.text() == "2 problems")
    person.click(window.strip.problems)
    popup = next(w for w in window.children() if type(w).__name__ == "ProblemsPopup")
    assert "There is no such file or folder" in texts(popup) and str(tmp_path) in "".join(
        label.toolTip() or label.text() for label in popup.findChildren(type(window.strip.amount))
    )
    if folder := os.environ.get("STRONGROOM_PICTURES"):
        popup.grab().save(f"{folder}/problems.png")
    person.click(person.button("Dismiss all", popup))
    person.until(lambda: window.strip.problems.isHidden())


def test_another_registry_is_opened_in_its_stead(person, tmp_path, qtbot):
    from strongroom.gui.session import Session

    for name in ("one", "two"):
        with closing(create_registry(tmp_path / name, Settings(), "cli")) as registry:
            path = tmp_path / f"{name}.bin"
            path.write_bytes(name.encode())
            registry.add([os.fsencode(path)], AddOptions())
    session = Session(person.theme, person.memory, Settings(), "ana", str(tmp_path))
    session.open(str(tmp_path / "one"))
    first = session.window
    qtbot.waitUntil(lambda: first.page.model.counts.everything == 1, timeout=15000)
    first.registry_wanted.emit(str(tmp_path / "two"))
    second = session.window
    assert second is not first
    qtbot.waitUntil(
        lambda: (second.page.model.version_at(0) or {}).get("name") == "two.bin", timeout=15000
    )
    titles = [a.text() for a in second.menus.registries_menu().actions()]
    assert str(tmp_path / "one") in titles and "Make a new registry…" in titles
    second.leaving.forced = True
    second.close()
    session.wait()


def test_a_registry_that_is_not_there_is_not_made_without_a_word(person, tmp_path, qtbot):
    """Its drive may only be away."""
    from strongroom.gui.session import Session

    session = Session(person.theme, person.memory, Settings(), "ana", str(tmp_path))
    session.open(str(tmp_path / "drive" / "registry"))
    first = session.window
    qtbot.waitUntil(lambda: "no registry" in texts(first.page).lower(), timeout=15000)
    assert not (tmp_path / "drive").exists()
    button = next(
        b for b in first.page.findChildren(QPushButton) if b.text() == "Make a registry here"
    )
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    second = session.window
    assert second is not first
    qtbot.waitUntil(lambda: "Start your library" in texts(second.page), timeout=15000)
    second.leaving.forced = True
    second.close()
    session.wait()


def test_a_folder_with_other_files_becomes_no_registry(person, tmp_path, monkeypatch):
    from strongroom.gui import dialogs

    window = person.open()
    monkeypatch.setattr(dialogs, "choose_folder", lambda *_: str(tmp_path))
    (tmp_path / "something").touch()
    window.acts.make_registry()
    person.until(lambda: "it holds other files" in window.fault.words.text())
    window.acts.open_registry()
    person.until(lambda: "There is no registry in it" in window.fault.words.text())
    assert not (Path(tmp_path) / "registry.json").exists()


def offered(palette) -> list[str]:
    return [palette.list.item(at).text() for at in range(palette.list.count())]


def test_the_palette_finds_a_version_by_its_tag_and_by_its_digest(stocked):
    window = stocked.open()
    stocked.key(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier, window)
    palette = window.overlay.sheet
    stocked.type(palette.field, "fraud v2")
    stocked.until(lambda: "fraud v2" in offered(palette))
    stocked.picture("palette-version")
    stocked.key(ENTER, widget=palette.field)
    stocked.until(lambda: window.detail.shown == "fraud@v2")
    digest = window.detail.version["content_digest"].removeprefix("sha256:")
    stocked.key(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier, window)
    palette = window.overlay.sheet
    stocked.type(palette.field, f"#{digest[:10]}")
    stocked.until(lambda: "fraud v2" in offered(palette))
    palette.field.clear()
    stocked.type(palette.field, "> group")
    stocked.until(lambda: offered(palette)[1:] and all("roup" in o for o in offered(palette)[1:]))
    palette.field.clear()
    stocked.type(palette.field, "training")
    stocked.until(lambda: {"training a", "training b"} <= set(offered(palette)))

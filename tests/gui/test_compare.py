"""The Compare screen as a person uses it: from two selected rows to a comparison to a report."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication

from strongroom.gui import dialogs
from strongroom.gui.compare.grid import Cell, Column, Grid
from strongroom.gui.compare.section_card import SectionCard
from strongroom.gui.drag_out import _REFERENCES
from tests.gui import compare_story
from tests.gui.compare_story import NAME
from tests.gui.conftest import texts

THREE = [f"{NAME}@v{n}" for n in (1, 2, 3)]
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def comparing(person, tmp_path):
    compare_story.fill(person.place, tmp_path / "story")
    person.open()
    person.until(lambda: len(person.rows()) == 4)
    return person


def screen_of(person):
    return person.window.compare_screen


def settled(person) -> None:
    """Waits until every section has come."""
    screen = screen_of(person)
    cards = screen.page.cards
    person.until(lambda: all(c.document is not None or c.has_failed for c in cards.values()), 40000)


def card(person, name: str) -> SectionCard:
    return screen_of(person).page.cards[name]


def shown(person, name: str, block: int = 0) -> list[list[str]]:
    """The texts of a section's table, row by row."""
    grid = card(person, name).blocks[block].table.grid
    return [[cell.plain for cell in row] for row in grid.rows]


def row_of(person, reference: str) -> int:
    return person.rows().index(reference)


# ---------------------------------------------------------------------- journeys


def test_by_mouse_from_two_rows_to_a_comparison_to_a_report(comparing, tmp_path, monkeypatch):
    p = comparing
    p.click_row(row_of(p, f"{NAME}@v1"))
    p.click_row(row_of(p, f"{NAME}@v3"), CTRL)
    p.until(lambda: len(p.table.selected_rows()) == 2)
    menu = p.window.menus.row_menu()
    action = next(a for a in menu.actions() if a.text().startswith("Compare"))
    action.trigger()
    screen = screen_of(p)
    assert p.window.current is screen and set(screen.tray.refs) == {THREE[0], THREE[2]}
    settled(p)
    first = screen.cards.cards[0].subject.tag
    if first != "v1":
        p.click(p.button("Set as baseline", screen))
        p.until(lambda: next(c for c in screen.cards.cards if c.is_baseline).subject.tag == "v1")
        settled(p)
    metrics = {row[0]: row[1:] for row in shown(p, "metrics")}
    assert len(metrics) == 6  # what is equal is hidden
    both = " ".join(metrics["auc"])
    assert "0.9688" in both and "0.9741" in both and "+0.0053" in both
    assert "-0.0022" in " ".join(metrics["precision"])
    tensors = {row[0]: row[-1] for row in shown(p, "tensors")}
    assert tensors["head.weight"] == "47.2 %" and tensors["head.focal_bias"] == "+ added"
    assert len(tensors) == 6
    hidden = re.match(r"\d+", screen.hidden.text())
    assert hidden and int(hidden[0]) > 40
    p.click(screen.only)
    assert not screen.page.only and len(shown(p, "metrics")) == 9
    p.picture("compare")
    path = tmp_path / "report.html"
    monkeypatch.setattr(dialogs, "choose_new_file", lambda *_: str(path))
    p.until(lambda: screen.page.curves.group is not None)
    p.click(screen.export)
    p.until(path.exists)
    check_report(p, path)


def test_by_keyboard_alone(comparing, tmp_path, monkeypatch):
    p = comparing
    p.window.go_to("Library")
    p.table.setFocus()
    p.table.select_row(row_of(p, f"{NAME}@v1"))
    p.key(Qt.Key.Key_C)
    screen = screen_of(p)
    assert screen.tray.refs == (THREE[0],) and p.window.current is p.window.library
    assert p.window.sidebar._counts["Compare"].text() == "1"
    p.table.select_row(row_of(p, f"{NAME}@v3"))
    p.key(Qt.Key.Key_C)
    p.key(Qt.Key.Key_3, CTRL)
    assert p.window.current is screen
    settled(p)
    p.until(lambda: len(screen.cards.cards) == 2)
    screen.cards.focus_card(0)
    p.key(Qt.Key.Key_Right)
    assert screen.cards.cards[1].hasFocus()
    p.key(Qt.Key.Key_B)
    p.until(lambda: screen.cards.cards[1].is_baseline)
    settled(p)
    assert shown(p, "tensors")[-1][-1] == "removed"
    p.key(Qt.Key.Key_D)
    assert not screen.page.only
    p.key(Qt.Key.Key_BracketRight)
    assert screen.tabs.name == "metrics" and card(p, "params").isHidden()
    p.key(Qt.Key.Key_BracketLeft)
    assert screen.tabs.name == "" and not card(p, "params").isHidden()
    p.until(lambda: screen.page.curves.group is not None)
    p.key(Qt.Key.Key_T)
    assert screen.page.curves.table.hasFocus()
    p.until(lambda: screen.page.curves.table.model().rowCount() == compare_story.STEPS)
    p.key(Qt.Key.Key_T)
    screen.cards.focus_card(1)
    p.key(Qt.Key.Key_Delete)
    assert screen.tray.refs == (THREE[0],)
    p.key(Qt.Key.Key_Z, CTRL)
    assert screen.tray.refs == (THREE[0], THREE[2]) and screen.tray.baseline == 1
    settled(p)
    path = tmp_path / "report.html"
    monkeypatch.setattr(dialogs, "choose_new_file", lambda *_: str(path))
    p.key(Qt.Key.Key_K, CTRL)
    p.type(p.window.overlay.sheet.field, "report")
    p.key(Qt.Key.Key_Return)
    p.until(path.exists)


def test_tab_reaches_every_control_and_each_has_a_name(comparing):
    p = comparing
    screen = screen_of(p)
    screen.compare(THREE)
    p.window.go_to("Compare")
    settled(p)
    p.until(lambda: len(screen.cards.cards) == 3)
    p.until(lambda: screen.page.curves.group is not None)
    p.qtbot.wait(100)  # until all has its place
    screen.first_focus().setFocus()
    seen = []
    for _ in range(120):
        focus = QApplication.focusWidget()
        if focus in seen:
            break
        seen.append(focus)
        p.key(Qt.Key.Key_Tab)
    within = [w for w in seen if screen.isAncestorOf(w)]
    wanted = [screen.only, screen.cards.add_button, screen.page.curves.chooser]
    wanted += [block.table for c in screen.page.cards.values() for block in c.blocks
               if block.isVisible() and block.table.isVisible()]  # fmt: skip
    assert [w for w in wanted if w not in within] == []
    nameless = [
        w
        for w in within
        if not (w.accessibleName() or getattr(w, "text", lambda: "")())
        and w is not screen.page.area
    ]
    assert nameless == []


# ---------------------------------------------------------------------- choosing


def test_empty_then_one_then_two_by_the_picker(comparing):
    p = comparing
    p.window.go_to("Compare")
    screen = screen_of(p)
    assert "Nothing to compare yet" in texts(screen) and not screen.export.isEnabled()
    p.click(p.button("Pick…", screen))
    sheet = p.window.overlay.sheet
    p.until(lambda: sheet.list.count() > 3)
    p.type(sheet.field, "fraud v2")
    p.until(lambda: sheet.list.count() == 2)
    p.key(Qt.Key.Key_Return)
    p.until(lambda: screen.tray.refs == (THREE[1],))
    assert "One more to compare" in texts(screen)
    screen.field.setFocus()
    p.type(screen.field, "v3")
    p.until(lambda: len(screen.subjects) == 1)
    p.key(Qt.Key.Key_Return)
    p.until(lambda: screen.tray.refs == (THREE[1], THREE[2]))
    settled(p)
    screen.field.setFocus()
    p.type(screen.field, "nothing-like-it")
    p.key(Qt.Key.Key_Return)
    p.until(lambda: p.window.fault.isVisible())
    assert screen.tray.refs == (THREE[1], THREE[2])


def test_a_run_is_added_from_its_list(comparing):
    p = comparing
    p.window.go_to("Runs")
    runs = p.window.runs_screen
    p.until(lambda: runs.model.rowCount() == 3)
    for row in (0, 1):
        runs.list.select_row(row)
        runs.list.setFocus()
        p.until(lambda row=row: runs.view.run["id"] == runs.model.run_at(row)["id"])
        p.key(Qt.Key.Key_C)
    screen = screen_of(p)
    assert len(screen.tray.refs) == 2 and all(r.startswith("run:") for r in screen.tray.refs)
    p.window.go_to("Compare")
    settled(p)
    assert card(p, "tensors").differ and card(p, "curves").differ


def test_rows_dropped_on_the_sidebar_are_added(comparing):
    p = comparing
    target = p.window.sidebar.nav["Compare"]
    data = QMimeData()
    data.setData(_REFERENCES, "\n".join(THREE[:2]).encode())
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(target, enter)
    assert enter.isAccepted()
    drop = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(target, drop)
    assert screen_of(p).tray.refs == tuple(THREE[:2])


def test_a_version_is_set_against_the_one_before(comparing):
    p = comparing
    p.window.go_to("Library")
    p.table.setFocus()
    p.table.select_row(row_of(p, f"{NAME}@v3"))
    p.key(Qt.Key.Key_C, SHIFT)
    p.until(lambda: p.window.current is screen_of(p))
    assert screen_of(p).tray.state == ((THREE[1], THREE[2]), 0)
    p.window.go_to("Library")
    p.table.select_row(row_of(p, f"{NAME}@v1"))
    p.table.setFocus()
    p.key(Qt.Key.Key_C, SHIFT)
    p.until(lambda: "first version" in p.window.strip.words.toolTip())
    assert p.window.current is p.window.library


def test_more_than_eight_are_refused_and_what_was_there_stays(comparing):
    screen = screen_of(comparing)
    screen.compare(THREE)
    assert not screen.compare([f"x@v{n}" for n in range(1, 10)])
    assert screen.tray.refs == tuple(THREE)
    for n in range(1, 9):
        screen.add(f"x@v{n}")
    assert len(screen.tray.refs) == 8


def test_what_was_compared_is_there_again_after_a_restart(comparing):
    p = comparing
    screen = screen_of(p)
    screen.compare(THREE)
    p.window.go_to("Compare")
    settled(p)
    screen.tray.set_baseline(THREE[1])
    screen.only.setChecked(False)
    screen.tabs.choose("params")
    p.window.leaving.forced = True
    p.window.close()
    p.open()
    again = screen_of(p)
    assert again.tray.state == (tuple(THREE), 1)
    assert not again.only.isChecked() and again.tabs.name == "params"
    p.qtbot.wait(300)
    assert all(c.document is None for c in again.page.cards.values())  # nobody looks
    p.window.go_to("Compare")
    settled(p)


def test_a_comparison_is_kept_under_a_name(comparing):
    p = comparing
    screen = screen_of(p)
    screen.compare(THREE)
    screen.tray.set_baseline(THREE[2])
    p.window.go_to("Compare")
    settled(p)
    screen.kept.save()
    sheet = p.window.overlay.sheet
    sheet.field.selectAll()
    p.type(sheet.field, "before the review")
    p.key(Qt.Key.Key_Return)
    screen.clear()
    p.window.go_to("Library")
    next(
        a for a in screen.kept.menu_of_kept().actions() if a.text() == "before the review"
    ).trigger()
    assert screen.tray.state == (tuple(THREE), 2) and p.window.current is screen
    assert any(c.title == "Comparison: before the review" for c in screen.commands())
    (removing,) = [a.menu() for a in screen.kept.menu_of_kept().actions() if a.menu()]
    removing.actions()[0].trigger()
    assert not screen.kept.all()
    p.window.undo.take_back()
    assert list(screen.kept.all()) == ["before the review"]


# ---------------------------------------------------------------------- sections


def test_one_section_fails_alone_and_is_tried_again(comparing):
    p = comparing
    stored = p.place / "objects"
    model = max((f for f in stored.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    kept = model.read_bytes()
    model.chmod(0o644)
    model.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    screen = screen_of(p)
    screen.compare(THREE)
    p.window.go_to("Compare")
    settled(p)
    failed = [n for n, c in screen.page.cards.items() if c.has_failed]
    assert failed == ["tensors"]
    assert "damaged" in card(p, "tensors").what.text().lower()
    assert len(shown(p, "metrics")) == 6
    p.picture("compare-failed")


def test_a_version_that_is_gone_says_so(comparing):
    p = comparing
    screen = screen_of(p)
    screen.compare([THREE[0], f"{NAME}@v99"])
    p.window.go_to("Compare")
    settled(p)
    assert "no such version" in texts(screen)
    assert all(c.has_failed for c in screen.page.cards.values())


def test_tensors_can_be_cancelled(comparing):
    p = comparing
    screen = screen_of(p)
    screen.compare(THREE)
    p.window.go_to("Compare")
    settled(p)
    tensors = card(p, "tensors")
    screen.page.read("tensors")
    assert tensors.is_waiting and tensors.stop.isVisible()
    tensors.stop.click()
    p.until(lambda: not tensors.is_waiting)
    if tensors.has_failed:
        assert "Stopped" in tensors.what.text()
        p.click(p.button("Try again", tensors))
        p.until(lambda: tensors.document is not None)


def test_a_section_folds(comparing):
    p = comparing
    screen = screen_of(p)
    screen.compare(THREE)
    p.window.go_to("Compare")
    settled(p)
    metrics = card(p, "metrics")
    high = metrics.height()
    p.click(metrics._chevron)
    p.until(lambda: metrics.height() < high / 2)
    p.click(metrics._unfolded)
    p.until(lambda: metrics.height() == high)


def test_the_curve_is_chosen_smoothed_and_read_by_epoch(comparing):
    p = comparing
    screen = screen_of(p)
    screen.compare(THREE)
    p.window.go_to("Compare")
    settled(p)
    curves = screen.page.curves
    p.until(lambda: curves.group is not None)
    assert curves.group.title == "val_auc"
    assert [t.name for t in curves.group.traces] == ["v1", "v2", "v3"]
    wanted = [point.value for point in compare_story.curves_of(2)["val_auc"]]
    assert curves.group.traces[2].values.tolist() == wanted
    p.until(lambda: curves.plot.plot is not None and not curves.plot.stale)
    curves.smoothing.setValue(60)
    p.until(lambda: curves.plot.plot.smoothing == 0.6)
    curves.axis.setCurrentIndex(curves.axis.findData("epoch"))
    p.until(lambda: float(curves.group.traces[0].steps[-1]) == pytest.approx(3.0))
    curves.plot.pointed.emit(1.5)
    assert curves.caption.text() == "epoch 1.5" and curves.plot.legend.values[0] != ""
    curves.chooser.setCurrentIndex(curves.chooser.findData("train_loss"))
    p.until(lambda: curves.group.title == "train_loss")


def test_confusion_matrices_stand_beside_each_other_with_their_difference(comparing):
    p = comparing
    screen = screen_of(p)
    screen.compare([THREE[0], THREE[2]])
    p.window.go_to("Compare")
    settled(p)
    matrix, report, curve = (b.table.grid for b in card(p, "evaluation").blocks[:3])
    assert [c.title for c in matrix.columns] == [
        "True", "v1 legitimate", "v1 fraud", "", "v3 legitimate", "v3 fraud", "",
        "Δ v3 legitimate", "Δ v3 fraud",
    ]  # fmt: skip
    frauds = matrix.rows[1]
    shown_counts = [c.plain.replace("\N{THIN SPACE}", "") for c in frauds]
    assert shown_counts == ["fraud", "131 38.5 %", "209 61.5 %", "", "83 24.4 %", "257 75.6 %",
                            "", "-48 -14.1 %", "+48 +14.1 %"]  # fmt: skip
    assert frauds[2].tone == frauds[7].tone == "green" and frauds[1].tone == "red"
    assert frauds[2].heat == pytest.approx(209 / 340)
    told = {(r[0].tip, r[1].text): r[-1].plain for r in report.rows}
    assert told["fraud", "recall"] == "0.7559 ↑+0.1412"
    assert [line.name for line in curve.chart.lines] == ["v1", "v3"]
    assert curve.rows[0][0].text == "area under it" and curve.rows[0][2].tone == "green"
    screen.tabs.choose("evaluation")
    p.picture("compare-evaluation")
    table = card(p, "evaluation").blocks[0].table
    p.until(lambda: table.horizontalHeader().length() == table.viewport().width())
    assert not table.verticalScrollBar().isVisible()


def test_large_matrices_stand_below_each_other():
    from strongroom.gui.compare.grid import Names
    from strongroom.gui.compare.sections import evaluation

    labels = [str(n) for n in range(30)]
    values = [{"labels": labels, "counts": [[at + 1] * 30] * 30} for at in range(2)]
    line = {"name": "m.json", "kind": "confusion", "values": [*values, None], "same": False,
            "states": ["same", "changed", "removed"]}  # fmt: skip
    made = evaluation.grids({"rows": [line], "warnings": []}, Names(("a", "b", "c"), 0), True)
    assert [len(g.columns) for g in made] == [25, 25, 25]
    assert made[-1].notes == ("c: none", "the 24 classes with the most errors of 30")


def test_columns_have_small_histograms_on_the_page_and_in_the_report(comparing, tmp_path):
    p = comparing
    screen = screen_of(p)
    screen.compare(THREE)
    p.window.go_to("Compare")
    settled(p)
    grid = card(p, "data").blocks[0].table.grid
    titles = [c.title for c in grid.columns]
    assert "Values v2" in titles and "Values v3" in titles
    row = next(r for r in grid.rows if r[0].text == "amount")
    cell = row[titles.index("Values v3")]
    assert len(cell.bars) == 2 and max(max(one) for one in cell.bars) == 1.0
    assert cell.tone == "indigo" and "grey v1, coloured v3" in cell.tip
    added = next(r for r in grid.rows if r[0].text == "device_age")
    assert added[titles.index("Values v3")].bars[0] == ()
    path = tmp_path / "r.html"
    screen.write_report(str(path))
    p.until(path.exists)
    bars = sum(bool(c.bars) for r in grid.rows for c in r)
    assert path.read_text().count('aria-label="histogram"') == bars > 4


def test_pictures_by_pairs_with_mouse_and_keyboard(comparing):
    p = comparing
    screen = screen_of(p)
    screen.compare(THREE)
    p.window.go_to("Compare")
    settled(p)
    screen.tabs.choose("images")
    images = screen.page.images
    pairs, view = images.thumbnails.pairs, images.pair_view
    assert [r["name"] for r in pairs.rows] == ["calibration.png", "scores.png"]
    p.until(lambda: view.pair is not None)
    p.until(lambda: not images.thumbnails.is_at_work)
    assert "% of the pixels differ" in images.said.text()
    area = view.canvas()
    at = QPoint(round(area.left() + area.width() / 4), round(area.center().y()))
    p.qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)
    assert view.percent == images.slider.value() == pytest.approx(25, abs=1) and view.hasFocus()
    p.picture("compare-images")
    seen = view.grab().toImage()
    x = round(area.left() + area.width() * 0.1)
    y = round(area.top() + area.height() * 0.8)
    first, second = view.pair.first, view.pair.second
    assert first.size() == second.size()
    spot = QPoint(round(first.width() * 0.1), round(first.height() * 0.8))
    assert seen.pixelColor(x, y) == first.pixelColor(spot)
    p.key(Qt.Key.Key_Right, SHIFT)
    assert view.percent == pytest.approx(35, abs=1)
    p.key(Qt.Key.Key_2)
    assert view.mode == "onion" and images.modes["onion"].isChecked()
    p.key(Qt.Key.Key_3)
    assert view.mode == "difference" and not images.slider.isVisible()
    p.picture("compare-images-difference")
    p.key(Qt.Key.Key_Down)
    assert images.name.whole() == "scores.png"
    images.other.setCurrentIndex(1)
    assert pairs.at == 2
    p.click(screen.only)
    assert [r["name"] for r in pairs.rows] == ["calibration.png", "scores.png", "importance.png"]
    images.thumbnails.step(2)
    p.until(lambda: images.said.text() == "equal pixel by pixel")


def test_the_difference_of_pictures_is_exact(qapp):
    from PySide6.QtGui import QColor, QImage

    from strongroom.gui.compare.pictures import difference

    a, b = (QImage(4, 2, QImage.Format.Format_RGBA8888) for _ in range(2))
    for image in (a, b):
        image.fill(QColor(10, 20, 30))
    b.setPixelColor(3, 1, QColor(10, 25, 28))
    found = difference(a, b)
    assert (found.share, found.largest, found.gain) == (1 / 8, 5, 51.0)
    assert found.image.pixelColor(3, 1) == QColor(0, 255, 102)
    assert found.image.pixelColor(0, 0) == QColor(0, 0, 0)
    same = difference(a, a)
    assert (same.share, same.largest) == (0.0, 0)
    wider = difference(a, b.scaled(8, 2))
    assert wider.share >= 0.5 and wider.image.width() == 8


def test_a_picture_that_is_none_says_so(person, tmp_path):
    p = person
    p.open()
    for take in (1, 2):
        (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes([take]) * 400)
        p.add(tmp_path / "x.png")
    screen = screen_of(p)
    screen.compare(["x.png@v1", "x.png@v2"])
    p.window.go_to("Compare")
    settled(p)
    p.until(lambda: "cannot be decoded" in screen.page.images.pair_view.words)


def test_narrow_windows_have_one_column(comparing):
    p = comparing
    screen = screen_of(p)
    screen.compare(THREE)
    p.window.go_to("Compare")
    settled(p)
    page = screen.page
    p.window.resize(1440, 900)
    p.until(lambda: card(p, "params").mapTo(page, QPoint()).x() > 400)
    p.window.resize(1024, 640)
    p.until(lambda: card(p, "params").mapTo(page, QPoint()).x() < 40)


def test_a_table_is_copied_as_markdown_and_csv(comparing):
    p = comparing
    screen = screen_of(p)
    screen.compare([THREE[0], THREE[2]])
    p.window.go_to("Compare")
    settled(p)
    table = card(p, "params").blocks[0].table
    menu = table.menu()
    next(a for a in menu.actions() if "Markdown" in a.text()).trigger()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == "| Parameter | v1 | v3 |" and "| lr | 0.001 | 0.0003 |" in lines
    next(a for a in menu.actions() if "CSV" in a.text()).trigger()
    assert "lr,0.001,0.0003" in QGuiApplication.clipboard().text().splitlines()


def test_copies_cannot_break_out_of_their_table():
    hostile = Grid(
        (Column("a|b"), Column("c")), ((Cell("x|y\n| z"), Cell("=cmd()")), (Cell("-1.5"), Cell())),
    )  # fmt: skip
    assert hostile.markdown().count("\n") == 4
    assert "x\\|y \\| z" in hostile.markdown()
    assert "'=cmd()" in hostile.csv() and "-1.5" in hostile.csv()


# ---------------------------------------------------------------------- the report


class Tables(HTMLParser):
    """The cells of all rows, and everything that would load something."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.loads: list[str] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._in_cell = True
            self.rows[-1].append("")
        if tag in ("script", "link", "img", "iframe", "object"):
            self.loads.append(tag)
        self.loads += [v for k, v in attrs if k in ("src", "href") or k.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def check_report(person, path: Path) -> None:
    """Self-contained, with the numbers of the page, in a real browser that finds no network."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        pytest.fail("Chromium or Chrome is missing: run ./packaging/test, which installs one")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
         "--host-resolver-rules=MAP * ~NOTFOUND", f"file://{path}"],
        capture_output=True, text=True, timeout=120,
        env={**os.environ, "HOME": str(path.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = done.stdout
    tables = Tables()
    tables.feed(text)
    assert tables.loads == [] and "<svg" in text and "<path d=" in text
    squeezed = [[re.sub(r"\s+", "", cell) for cell in row] for row in tables.rows]
    for name in ("metrics", "params", "evaluation", "tensors", "files"):
        for row in shown(person, name):
            assert [re.sub(r"\s+", "", cell) for cell in row] in squeezed, (name, row)


def test_the_report_as_pdf_has_the_same_numbers(comparing, tmp_path):
    p = comparing
    screen = screen_of(p)
    screen.compare(THREE)
    p.window.go_to("Compare")
    settled(p)
    p.until(lambda: screen.page.curves.group is not None)
    path = tmp_path / "r.pdf"
    screen.write_report(str(path))
    p.until(path.exists)
    assert path.read_bytes().startswith(b"%PDF-")
    tool = shutil.which("pdftotext")
    assert tool, "pdftotext is missing: run ./packaging/test, which installs poppler-utils"
    done = subprocess.run([tool, "-layout", path, "-"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    squeezed = re.sub(r"\s+", "", done.stdout)
    for name in ("metrics", "params", "evaluation", "tensors", "data", "environment", "files"):
        for block in card(p, name).blocks:
            for row in block.table.grid.rows if block.table.isVisibleTo(block) else ():
                for cell in row:
                    for text in (cell.text, cell.note):
                        assert re.sub(r"\s+", "", text) in squeezed, (name, text)
    assert "val_aucbystep" in squeezed and "Missing" not in squeezed


def test_a_long_report_goes_on_from_page_to_page(qapp, theme):
    from strongroom.gui.compare import report, report_pdf
    from strongroom.gui.compare.grid import Names

    rows = tuple((Cell(f"row {n}"), Cell(f"{n}.5", share=0.5, tone="red")) for n in range(400))
    wide = tuple(Column(f"column {n}", right=True) for n in range(40))
    grids = (
        Grid((Column("Name"), Column("Value", right=True)), rows),
        Grid(wide, (tuple(Cell("123 456 789") for _ in wide),), title="wide"),
        Grid((Column("", code=True),), ((Cell("x" * 2000),),)),
    )
    section = report.Section("Long", grids, "400 of 400 differ")
    content = report.Content((), Names(("a", "b"), 0), (section,), None, False)
    data = report_pdf.pages(content)
    assert data.startswith(b"%PDF-") and data.count(b"/Type /Page\n") > 10


def test_what_files_say_is_only_text_in_a_report(comparing, tmp_path):
    p = comparing
    evil = "<script>alert(1)</script>"
    file = tmp_path / "evil.json"
    for take in (1, 2):
        file.write_text(json.dumps({evil: take, "auc": 0.5 + take / 10}))
        p.add(file)
    screen = screen_of(p)
    screen.compare(["evil.json@v1", "evil.json@v2"])
    p.window.go_to("Compare")
    settled(p)
    path = tmp_path / "r.html"
    screen.write_report(str(path))
    p.until(path.exists)
    assert "<script" not in path.read_text() and "&lt;script" in path.read_text()


def test_a_report_that_cannot_be_written_says_why(comparing, tmp_path):
    p = comparing
    screen = screen_of(p)
    screen.compare(THREE)
    p.window.go_to("Compare")
    settled(p)
    screen.write_report(str(tmp_path / "no-such-folder" / "r.html"))
    p.until(lambda: p.window.fault.isVisible())
    assert "report" in texts(p.window.fault)

"""The panel of a version: its tabs, what can be done there, and that it stays still."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from strongroom.bootstrap import create_registry, open_registry
from strongroom.gui import desktop, dialogs
from strongroom.services.add import AddOptions
from strongroom.settings import Settings
from tests.gui.conftest import texts

_ALT = Qt.KeyboardModifier.AltModifier


def add_outside(place: Path, *paths: Path, **options) -> None:
    with closing(open_registry(place, Settings(), "cli")) as registry:
        registry.add([os.fsencode(p) for p in paths], AddOptions(**options))


@pytest.fixture
def model(person, tmp_path):
    """Two versions of a folder with metrics, parameters and a few files."""
    create_registry(person.place, Settings(), "cli").close()
    folder = tmp_path / "fraud-detector"
    (folder / "logs").mkdir(parents=True)
    for auc, loss in ((0.9688, 0.0939), (0.9741, 0.0871)):
        (folder / "metrics.json").write_text(
            json.dumps({"auc": auc, "log_loss": loss, "latency_p95": 11.8 + auc, "rows": 5,
                        "unit_price": auc * 3})
        )  # fmt: skip
        (folder / "config.yaml").write_text(
            "lr: 0.0003\ndepth: 8\nbatch_size: 1024\nseed: 42\n"
            + "".join(f"extra_{n}: {n}\n" for n in range(10))
        )
        (folder / "logs" / "train.log").write_text("epoch 1\nepoch 2\n")
        (folder / "MODEL_CARD.md").write_text("# Card\n")
        add_outside(person.place, folder, name="fraud-detector")
    return folder


def show(person, reference: str = "fraud-detector@v2"):
    window = person.open()
    person.until(lambda: reference in person.rows())
    person.click_row(person.rows().index(reference))
    person.until(lambda: window.detail._reading is not None)
    person.until(lambda: window.detail.shown == reference)
    return window


def test_metrics_are_shown_with_their_change_and_whether_it_is_better(person, model):
    window = show(person)
    shown = texts(window.detail)
    assert "vs v1" in shown and "+0.0053" in shown and "\N{MINUS SIGN}0.0068" in shown
    changes = {
        w.accessibleName(): w.property("look")
        for w in window.detail.overview.findChildren(QLabel)
        if w.accessibleName() and w.isVisible()
    }
    assert changes["auc +0.0053 better"] == "better"
    assert changes["log_loss \N{MINUS SIGN}0.0068 better"] == "better"
    assert changes["latency_p95 +0.0053 worse"] == "worse"
    assert changes["unit_price +0.0159"] == "caption"
    person.picture("detail")
    person.theme.choose("dark")
    person.picture("detail-dark")


def test_which_way_a_metric_is_better_is_said_for_the_registry(person, model):
    window = show(person)
    section = next(s for s in window.detail.overview.sections if s.caption.text() == "METRICS")
    menu = {a.text(): a for a in section.direction_menu("unit_price").actions()}
    assert "As its name says" not in menu
    menu["Lower is better"].trigger()

    def named(words):
        found = window.detail.overview.findChildren(QLabel)
        return any(w.accessibleName() == words for w in found if w.isVisible())

    person.until(lambda: named("unit_price +0.0159 worse"))
    menu = {a.text(): a for a in section.direction_menu("unit_price").actions()}
    assert menu["Lower is better"].isChecked()
    menu["As its name says"].trigger()
    person.until(lambda: named("unit_price +0.0159"))


def test_parameters_are_chips_and_all_of_them_when_asked(person, model):
    window = show(person)
    person.click(person.button("14 in all", window.detail))
    person.until(lambda: "extra_9" in texts(window.detail))
    assert person.button("Fewer", window.detail).hasFocus()
    person.picture("detail-parameters")


def test_what_is_not_known_of_how_it_was_made_is_said(person, model):
    add_outside(
        person.place, model / "MODEL_CARD.md", name="card",
        meta={"git_commit": "a81f2d0" + "0" * 33, "branch": "main", "dirty": False, "team": "risk"},
    )  # fmt: skip
    window = show(person, "card@v1")
    shown = texts(window.detail)
    assert "a81f2d00, main, clean tree" in shown
    assert "Unknown\ncommand, Python, host, user" in shown
    assert "1 of 5 known" in shown and "risk" in shown
    person.picture("detail-provenance")


def test_a_version_that_is_read_again_stays_where_it_was(person, model):
    window = show(person)
    window.resize(1300, 640)
    detail = window.detail
    person.click(person.button("14 in all", detail))
    bar = detail.overview.verticalScrollBar()
    person.until(lambda: bar.maximum() > 60)
    bar.setValue(50)
    detail.overview.labels.field.setFocus()
    person.type(detail.overview.labels.field, "half a la")
    kept = [s for s in detail.overview.sections if s.isVisible()]
    widgets = [s.body.itemAt(0) for s in kept if s.body.count()]
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        registry.note("fraud-detector@v2", "from elsewhere")
    person.until(lambda: detail._counts[3].text() == "1" and detail._counts[3].isVisible())
    assert bar.value() == 50 and detail.overview.labels.field.text() == "half a la"
    assert detail.overview.labels.field.hasFocus()
    assert widgets == [s.body.itemAt(0) for s in kept if s.body.count()]
    person.click(detail.tabs[3])
    assert "from elsewhere" in texts(detail)
    person.click_row(1)  # another version: the same tab
    person.until(lambda: detail._counts[3].isHidden())
    assert detail._pages.currentWidget() is detail.notes


def test_labels_are_added_and_wrong_ones_are_explained(person, model):
    window = show(person)
    labels = window.detail.overview.labels
    person.type(labels.field, "owner")
    person.key(Qt.Key.Key_Return, widget=labels.field)
    assert "write name=value" in labels.wrong.text() and labels.wrong.isVisible()
    labels.field.clear()
    person.type(labels.field, "no blanks=x")
    person.key(Qt.Key.Key_Return, widget=labels.field)
    person.until(lambda: "letters, digits" in labels.wrong.text())
    window.detail.overview.ensureWidgetVisible(labels.wrong)
    person.picture("detail-label-wrong")
    labels.field.clear()
    person.type(labels.field, "owner=risk")
    assert labels.wrong.isHidden()
    person.key(Qt.Key.Key_Return, widget=labels.field)
    person.until(lambda: labels._facts == [("owner", "risk")])
    assert labels.field.text() == "" and labels.field.hasFocus()


def test_the_head_copies_the_reference_and_shows_the_folder(person, model, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(desktop, "open_folder", opened.append)
    window = show(person)
    person.click(person.button("Copy reference", window.detail))
    assert QGuiApplication.clipboard().text() == "fraud-detector@v2"
    person.click(person.button("Show in folder", window.detail))
    assert opened == [str(model)]
    menu = {a.text(): a for a in window.menus.row_menu().actions()}
    menu["Show in folder"].trigger()
    person.until(lambda: len(opened) == 2)
    model.rename(model.with_name("away"))
    menu["Show in folder"].trigger()
    person.until(lambda: "no longer there" in window.fault.words.text())
    person.click_row(1)
    person.until(lambda: not window.detail.head.show_in_folder.isEnabled())
    assert "no longer there" in window.detail.head.show_in_folder.toolTip()


def test_files_are_a_list_with_keys_and_a_menu(person, model, tmp_path, monkeypatch):
    window = show(person)
    detail = window.detail
    person.click(detail.tabs[1])
    listing = detail.files.list
    assert [listing.items.data(listing.items.index(n)) for n in range(4)] == [
        "MODEL_CARD.md", "config.yaml", "logs/train.log", "metrics.json",
    ]  # fmt: skip
    listing.setFocus()
    person.key(Qt.Key.Key_Down)
    person.key(Qt.Key.Key_Down)
    person.picture("detail-files")
    menu = {a.text(): a for a in detail.files.menu_for(2).actions()}
    menu["Copy path"].trigger()
    assert QGuiApplication.clipboard().text() == "logs/train.log"
    menu["Copy sha256"].trigger()
    assert len(QGuiApplication.clipboard().text()) == 64
    monkeypatch.setattr(dialogs, "choose_folder", lambda *_: str(tmp_path))
    menu["Export file…"].trigger()
    person.until((tmp_path / "train.log").exists)
    assert (tmp_path / "train.log").read_text() == "epoch 1\nepoch 2\n"
    person.until(lambda: "train.log of fraud-detector@v2" in window.strip.words.toolTip())
    person.key(Qt.Key.Key_Space, widget=listing)
    person.until(lambda: bool(window.overlay.sheet and window.overlay.sheet.viewer))
    assert "epoch 2" in window.overlay.sheet.viewer.text.toPlainText()
    person.key(Qt.Key.Key_Escape)
    assert window.overlay.sheet is None and listing.hasFocus()


def test_many_files_are_counted_and_not_all_listed(person, tmp_path):
    create_registry(person.place, Settings(), "cli").close()
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(700):
        (folder / f"{number:04}.txt").write_text(str(number))
    add_outside(person.place, folder, name="many")
    window = show(person, "many@v1")
    person.click(window.detail.tabs[1])
    assert window.detail.files.list.items.rowCount() == 500
    assert "and 200 more files" in window.detail.files.more.text()
    person.picture("detail-many-files")


def test_the_history_leads_to_other_versions(person, model):
    window = show(person)
    person.click(window.detail.tabs[2])
    history = window.detail.history.list
    history.setFocus()
    person.key(Qt.Key.Key_Down)
    person.picture("detail-history")
    person.key(Qt.Key.Key_Return, widget=history)
    person.until(lambda: window.detail.shown == "fraud-detector@v1")
    assert window.detail._pages.currentWidget() is window.detail.history


def test_the_panel_fits_where_it_is_narrow(person, model):
    window = show(person)
    detail = window.detail
    for tab in range(4):
        detail.choose_tab(tab)
        assert detail.minimumSizeHint().width() <= 348, tab
    for one in (detail.head.copy_reference, detail.head.show_in_folder):
        assert one.width() >= QSize(one.sizeHint()).width()

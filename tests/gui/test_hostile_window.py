"""The window under hasty hands and hostile names: races, markup, a start that was pressed twice."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from strongroom.domain.errors import Cancelled, Unreachable
from strongroom.gui.add_sheet.rows import Item
from strongroom.gui.add_sheet.sheet import AddSheet
from strongroom.gui.bridge import Bridge
from strongroom.gui.library.groups import Folding, groups_of
from strongroom.gui.library.model import VersionsModel
from strongroom.gui.overlay import Overlay
from strongroom.gui.runs.pairs import PairsModel
from strongroom.gui.settings.fields import SettingField
from strongroom.gui.viewers.sheet import PreviewSheet
from strongroom.settings import SETTINGS

_MARKUP = '<img src="/secret.png">'


class Asked:
    """A bridge that keeps questions, to be answered in any order."""

    def __init__(self) -> None:
        self.questions, self.jobs = [], []

    def ask(self, question, done=lambda answer: None, failed=None, slow=False):
        ticket = SimpleNamespace(open=True, cancel=lambda: setattr(ticket, "open", False))
        self.questions.append((question, done, ticket))
        return ticket

    def ask_slowly(self, question, done, failed, told):
        self.questions.append((question, done, None))
        return SimpleNamespace(cancel=lambda: None)

    def enqueue(self, kind, arguments):
        self.jobs.append(arguments)


def found(name="m.bin"):
    return {
        "key": "k", "source": f"/{_MARKUP}/m.bin", "name": name, "kind": "model", "size": 3,
        "files": 1, "tag": None, "next_tag": "v1", "content_digest": "sha256:" + "0" * 64,
        "warnings": [], "found_run": None,
    }  # fmt: skip


@pytest.fixture
def sheet(qtbot, theme):
    bridge = Asked()
    made = AddSheet(bridge, theme, [b"/m.bin"], lambda root: None)
    qtbot.addWidget(made)
    made._show((0, {"versions": [found()]}))
    made.asked = bridge
    return made


def item(sheet) -> Item:
    return sheet._items[0]


def test_the_last_of_two_names_holds_whichever_is_answered_last(sheet):
    sheet._rename(item(sheet), "one")
    sheet._rename(item(sheet), "two")
    *_, (_, first, _), (_, second, _) = sheet.asked.questions
    second((None, 1))
    first(("v7", 8))
    assert (item(sheet).name, item(sheet).tag) == ("two", None)


def test_a_name_holds_before_its_answer_and_a_tick_stays_as_it_is_put(sheet):
    sheet._rename(item(sheet), "one")
    sheet._decide(item(sheet), {"wanted": False})
    sheet.asked.questions[-1][1]((None, 4))
    assert not item(sheet).wanted
    sheet._decide(item(sheet), {"wanted": True})
    sheet._rename(item(sheet), "two")
    sheet._add()
    assert sheet.asked.jobs[0]["changes"] == {"k": {"name": "two", "kind": "model"}}


def test_what_was_looked_at_for_another_split_is_not_shown(sheet):
    early = sheet.asked.questions[0][1]
    sheet._look()
    early((0, {"versions": [found("old")]}))
    assert sheet._items == []


def test_a_sheet_that_another_one_replaces_gives_up_its_look(qtbot, theme):
    under = QWidget()
    qtbot.addWidget(under)
    overlay, given_up = Overlay(under, theme), []

    class Slow(Asked):
        def ask_slowly(self, *asked):
            return SimpleNamespace(cancel=lambda: given_up.append(1))

    overlay.open(AddSheet(Slow(), theme, [b"/m.bin"], lambda root: None))
    second = AddSheet(Slow(), theme, [b"/n.bin"], lambda root: None)
    overlay.open(second)
    assert given_up == [1] and overlay.sheet is second


def test_markup_in_names_is_no_markup_in_tooltips(qtbot, theme, sheet, person, tmp_path):
    model = sheet.model
    tips = [
        model.data(model.index(0, column), Qt.ItemDataRole.ToolTipRole)
        for column in range(model.columnCount())
    ]
    pairs = PairsModel(theme, False)
    pairs.show({_MARKUP: _MARKUP})
    tips += [pairs.data(pairs.index(0, at), Qt.ItemDataRole.ToolTipRole) for at in range(2)]
    versions = VersionsModel(Asked())
    versions._rows = [{"name": _MARKUP}]
    versions._folding = None
    tips.append(versions.data(versions.index(0, 0), Qt.ItemDataRole.ToolTipRole))
    window = person.open()
    window.strip.announce(_MARKUP)
    tips.append(window.strip.words.toolTip())
    assert len([t for t in tips if t]) >= 5 and all("<img" not in (t or "") for t in tips)


def test_verified_rows_in_sight_are_read_again_and_no_others(qapp):
    model = VersionsModel(Asked())
    model._upto, model._rows = 1, [None] * 50_000
    model._folding = Folding(groups_of((str(n), str(n), 50) for n in range(1000)))
    heading = model._folding.row_of(40_000) - 1
    model.refresh_rows(heading, heading + 20)
    assert len(model._bridge.questions) == 1


def test_a_filter_that_is_wrong_at_the_end_does_not_hide_the_list_at_the_next_start(
    person, tmp_path, place
):
    person.memory.setValue("library/filter", "size:>many")
    window = person.open(loads=False)
    person.until(lambda: not person.model.is_loading)
    assert window.page.model.question.text == "" and window.filter.whole() == "size:>many"
    assert window.page._pages.currentWidget() is not window.page._error


def test_a_large_number_of_the_file_is_shown_with_all_its_digits(qtbot, theme):
    reserve = next(s for s in SETTINGS if s.name == "limits.reserve")
    for value in (1 << 20, 604799.5, 2.0, 0.1):
        field = SettingField(theme, reserve, value)
        qtbot.addWidget(field)
        assert field.value == value and not field.is_changed


def test_opening_is_begun_once_however_often_it_is_asked_for(qtbot):
    let, calls = threading.Event(), []

    def opening(tell):
        calls.append(1)
        let.wait(5)
        raise Unreachable("not there", "x", "wait")

    bridge = Bridge(opening, lambda accept_loss: {})
    failures = []
    bridge.failed.connect(failures.append)
    bridge.start()
    bridge.start()
    bridge.rebuild()
    let.set()
    qtbot.waitUntil(lambda: bool(failures))
    bridge.start()
    qtbot.waitUntil(lambda: len(failures) == 2)
    assert len(calls) == 2
    bridge.stop()


def test_the_end_does_not_wait_for_what_is_only_looked_at(qtbot):
    ended = threading.Event()

    class Nothing:
        def start(self): ...
        def stop(self, timeout=0): ...
        def close(self): ...

    bridge = Bridge(lambda tell: (Nothing(), Nothing), lambda: None)
    with qtbot.waitSignal(bridge.ready):
        bridge.start()
    begun = threading.Event()

    def look(registry, progress):
        try:
            for _ in range(1000):
                begun.set()
                progress.tick()
                threading.Event().wait(0.01)
        except Cancelled:
            ended.set()

    bridge.ask_slowly(look, lambda a: None, lambda e: None, lambda p: None)
    begun.wait(5)
    bridge.stop()
    assert ended.is_set()


def test_a_look_into_a_file_does_not_stand_before_lists(qtbot, theme):
    asked = []

    class Slow(Asked):
        def ask(self, question, done=lambda answer: None, failed=None, slow=False):
            asked.append(slow)
            return super().ask(question, done, failed, slow)

    file = {"path": "log.txt", "size": 1 << 30, "sha256": "0" * 64}
    sheet = PreviewSheet(Slow(), theme, "log.txt@v1", [file], 0)
    qtbot.addWidget(sheet)
    assert asked == [True]


def test_a_worker_that_is_made_after_the_end_was_begun_is_not_started(qtbot):
    started = []

    class Nothing:
        def start(self):
            started.append(1)

        def stop(self, timeout=0): ...
        def close(self): ...

    bridge = Bridge(lambda tell: (Nothing(), Nothing), lambda: None)
    with qtbot.waitSignal(bridge.ready):
        bridge.start()
    bridge.hush()
    qtbot.wait(100)
    assert not started
    bridge.stop()

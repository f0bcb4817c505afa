"""Dragging versions out of the window: verified copies, and never a wait."""

from __future__ import annotations

import os
from contextlib import closing

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QMouseEvent
from PySide6.QtWidgets import QApplication

from strongroom.bootstrap import create_registry, open_registry
from strongroom.domain.errors import Damaged
from strongroom.gui.handout import Handout, default_base
from strongroom.services.add import AddOptions
from strongroom.services.progress import quiet
from strongroom.settings import Settings


@pytest.fixture
def window(person, tmp_path):
    """A window with three versions, whose drags are noted and not begun."""
    create_registry(person.place, Settings(), "cli").close()
    folder = tmp_path / "work"
    folder.mkdir()
    for name in ("a.bin", "b.bin", "c.bin"):
        (folder / name).write_bytes(name.encode() * 50_000)
    (folder / "model").mkdir()
    (folder / "model" / "w.bin").write_bytes(b"w")
    (folder / "model" / "x.bin").write_bytes(b"x")
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        for name in sorted(os.listdir(folder)):
            registry.add([os.fsencode(folder / name)], AddOptions())
    made = person.open()
    person.until(lambda: len(person.rows()) == 4)
    made.dragged = []
    made.drag_out.start = lambda source, paths, references: made.dragged.append(paths)
    return made


def mouse(person, kind: QEvent.Type, at: QPoint, held: bool = True) -> None:
    view = person.table.viewport()
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    event = QMouseEvent(
        kind,
        QPointF(at),
        QPointF(view.mapToGlobal(at)),
        none if kind == QEvent.Type.MouseMove else left,
        left if held else none,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view, event)


def begin_drag(person, row: int) -> QPoint:
    at = person.table.visualRect(person.model.index(row, 0)).center()
    mouse(person, QEvent.Type.MouseButtonPress, at)
    for step in range(1, 6):
        mouse(person, QEvent.Type.MouseMove, at + QPoint(6 * step, 8 * step))
    return at + QPoint(30, 40)


def release(person, at: QPoint) -> None:
    mouse(person, QEvent.Type.MouseButtonRelease, at, held=False)


def test_a_dragged_row_gives_a_verified_copy(person, window):
    row = person.rows().index("a.bin@v1")
    begin_drag(person, row)
    assert window.dragged == []  # it is made beside the window
    person.until(lambda: len(window.dragged) == 1)
    (path,) = window.dragged[0]
    assert path.name == "a-v1.bin" and path.read_bytes() == b"a.bin" * 50_000
    assert path.stat().st_mode & 0o777 and path.parent.stat().st_mode & 0o077 == 0
    assert default_base() in path.parents
    assert person.table.selected_rows() == [row]
    window.close()
    assert not path.exists() and not list(default_base().iterdir())


def test_several_selected_rows_go_together_and_stay_selected(person, window):
    person.click_row(0)
    person.click_row(2, Qt.KeyboardModifier.ShiftModifier)
    assert person.table.selected_rows() == [0, 1, 2]
    end = begin_drag(person, 1)
    person.until(lambda: len(window.dragged) == 1)
    release(person, end)
    assert person.table.selected_rows() == [0, 1, 2]
    names = {p.name for p in window.dragged[0]}
    assert names == {"model-v1", "c-v1.bin", "b-v1.bin"}
    folder = next(p for p in window.dragged[0] if p.name == "model-v1")
    assert (folder / "w.bin").read_bytes() == b"w"


def test_a_button_let_go_too_early_is_told_and_the_next_drag_has_it(person, window):
    end = begin_drag(person, 0)
    release(person, end)
    person.until(lambda: "is ready: drag it once more" in window.strip.words.toolTip())
    assert window.dragged == []
    person.picture("drag-ready")
    begin_drag(person, 0)
    person.until(lambda: len(window.dragged) == 1)


def test_a_copy_that_a_program_changed_is_made_again(person, window):
    row = person.rows().index("a.bin@v1")
    release(person, begin_drag(person, row))
    person.until(lambda: "is ready" in window.strip.words.toolTip())
    begin_drag(person, row)
    person.until(lambda: len(window.dragged) == 1)
    window.dragged[0][0].write_bytes(b"edited in place")
    begin_drag(person, row)
    person.until(lambda: len(window.dragged) == 2)
    assert window.dragged[1][0].read_bytes() == b"a.bin" * 50_000


def test_a_click_and_a_small_shake_begin_nothing(person, window):
    at = person.table.visualRect(person.model.index(1, 0)).center()
    mouse(person, QEvent.Type.MouseButtonPress, at)
    mouse(person, QEvent.Type.MouseMove, at + QPoint(2, 2))
    release(person, at)
    person.qtbot.wait(50)
    assert window.dragged == [] and person.table.selected_rows() == [1]


def test_a_damaged_version_is_explained_and_gives_no_file(person, window):
    (stored,) = [
        p for p in (person.place / "objects").rglob("*")
        if p.is_file() and p.read_bytes().startswith(b"b.bin")
    ]  # fmt: skip
    os.chmod(stored, 0o644)
    with open(stored, "r+b") as stream:
        stream.write(b"B")
    begin_drag(person, person.rows().index("b.bin@v1"))
    person.until(window.fault.isVisible)
    assert "content is damaged" in window.fault.words.text()
    assert window.dragged == []
    assert not [p for p in default_base().rglob("*") if p.is_file() and p.name != "in-use"]
    person.picture("drag-damaged")


def test_what_was_dragged_out_cannot_be_dropped_back(person, window, monkeypatch):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/etc/hostname")])
    enter = QDragEnterEvent(
        QPoint(600, 400), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    monkeypatch.setattr(QDragEnterEvent, "source", lambda self: person.table)
    enter.ignore()
    window.dragEnterEvent(enter)
    assert not enter.isAccepted() and not window.veil.isVisible()


def test_copies_that_a_crash_left_are_removed_and_those_in_use_are_not(registry, tmp_path):
    base = tmp_path / "drag-out"
    (tmp_path / "a.txt").write_text("a")
    registry.add([os.fsencode(tmp_path / "a.txt")], AddOptions())
    alive, crashed = Handout(base), Handout(base)
    (kept,) = alive.copies(registry, [("a.txt", "a.txt")], quiet())
    (left,) = crashed.copies(registry, [("a.txt", "a.txt")], quiet())
    os.close(crashed._lock_file)  # what the kernel does when a process ends
    Handout(base).clear_left_behind()
    assert kept.exists() and not left.exists()
    alive.clear()
    assert not list(base.iterdir())


def test_a_version_of_one_file_keeps_its_ending(registry, tmp_path):
    (tmp_path / "w.onnx").write_text("a")
    registry.add([os.fsencode(tmp_path / "w.onnx")], AddOptions(name="fraud"))
    (path,) = Handout(tmp_path / "out").copies(registry, [("fraud", "fraud-v1")], quiet())
    assert path.name == "fraud-v1.onnx"


def test_two_versions_of_one_name_and_a_failure_leave_nothing_odd(registry, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    registry.add([os.fsencode(tmp_path / "a.txt")], AddOptions())
    handout = Handout(tmp_path / "drag-out")
    paths = handout.copies(registry, [("a.txt", "same"), ("a.txt@v1", "same")], quiet())
    assert [p.name for p in paths] == ["same.txt", "2-same.txt"]
    with pytest.raises(Damaged):
        registry_get = registry.get

        def fails_late(reference, *rest, **more):
            if reference == "a.txt@v1":
                raise Damaged("damaged", "bad", "")
            return registry_get(reference, *rest, **more)

        registry.get = fails_late
        handout.copies(registry, [("a.txt", "x"), ("a.txt@v1", "y")], quiet())
    assert not list((tmp_path / "drag-out").rglob("x*"))


def test_the_longest_names_leave_room_for_the_tag():
    from strongroom.gui.file_looks import export_name

    assert export_name({"name": "team/fraud.onnx", "tag": "v3"}) == "fraud-v3.onnx"
    for name in ("x" * 250 + ".csv", "é" * 120, "a." + "b" * 240):
        made = export_name({"name": name, "tag": "v12"})
        assert len(made.encode()) <= 200 and "-v12" in made

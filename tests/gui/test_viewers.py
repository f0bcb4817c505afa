"""Files looked at over the page: every kind, finding, keys, hostile and damaged ones."""

from __future__ import annotations

import json
import os
import struct
import time
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QLinearGradient, QPainter

from strongroom.bootstrap import create_registry, open_registry
from strongroom.gui import decode as decoding
from strongroom.gui import dialogs
from strongroom.services.add import AddOptions
from strongroom.settings import Settings
from tests.gui.conftest import texts

_ALT, _CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier


def picture_file(path: Path) -> None:
    image = QImage(1600, 900, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    shade = QLinearGradient(0, 0, 1600, 900)
    shade.setColorAt(0, QColor("#3B5BDB"))
    shade.setColorAt(1, QColor("#E29A17"))
    painter.fillRect(image.rect(), shade)
    painter.end()
    image.save(str(path))


@pytest.fixture
def folder(person, tmp_path):
    """A version that has one file of every kind that can be shown."""
    made = tmp_path / "run"
    made.mkdir()
    lines = [f"2026-11-25 step {n} loss {1 / (n + 1):.5f} lr 3e-4" for n in range(40_000)]
    lines[20] = "WARNING: clipped gradients in step 20"
    lines[30_000] = "WARNING: loss is not finite"
    (made / "1-train.log").write_text("\n".join(lines))
    (made / "2-metrics.csv").write_text(
        "epoch,split,loss,auc\n"
        + "".join(f"{n},val,{1 / (n + 1):.5f},0.9{n:03}\n" for n in range(300))
    )
    sizes = {"encoder.embed.weight": [3000, 64]}
    sizes |= {f"encoder.layer.{n}.attention.weight": [64, 64] for n in range(12)}
    sizes |= {f"encoder.layer.{n}.mlp.bias": [64] for n in range(12)}
    header, at = {"__metadata__": {"format": "pt", "model": "tiny"}}, 0
    for name, shape in sizes.items():
        size = 4
        for d in shape:
            size *= d
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    raw = json.dumps(header).encode()
    (made / "3-model.safetensors").write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(at))
    picture_file(made / "4-confusion.png")
    (made / "5-state.bin").write_bytes(bytes(range(256)) * 3)
    (made / "6-broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    create_registry(person.place, Settings(), "cli").close()
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        registry.add([os.fsencode(made)], AddOptions(name="run"))
    return made


def look_at(person, at: int):
    """Opens a file of the version; the sheet comes back when its viewer is there."""
    window = person.open()
    person.until(lambda: person.rows() == ["run@v1"])
    person.click_row(0)
    person.until(lambda: window.detail._reading is not None)
    person.click(window.detail.tabs[1])
    listing = window.detail.files.list
    place = listing.visualRect(listing.items.index(at)).center()
    person.qtbot.mouseClick(listing.viewport(), Qt.MouseButton.LeftButton, pos=place)
    sheet = window.overlay.sheet
    person.until(lambda: sheet.viewer is not None)
    return sheet


def test_a_log_is_read_and_searched_through_its_whole_length(person, folder):
    sheet = look_at(person, 0)
    viewer = sheet.viewer
    assert viewer.text.toPlainText().startswith("2026-11-25 step 0")
    assert (
        "step 39999" in viewer.text.toPlainText() and "not shown here" in viewer.text.toPlainText()
    )
    person.key(Qt.Key.Key_F, _CTRL, sheet)
    assert viewer.field.hasFocus()
    person.type(viewer.field, "warning")
    person.until(lambda: "1 of 2 lines, line 21" in viewer.found.text())
    assert viewer.text.textCursor().block().text().startswith("WARNING: clipped")
    person.picture("view-log")
    person.key(Qt.Key.Key_Return, widget=viewer.field)
    person.until(lambda: viewer.text.textCursor().block().text() == "WARNING: loss is not finite")
    assert "line 30 001" in viewer.found.text().replace("\N{THIN SPACE}", " ")
    number = viewer.text.first + viewer.text.textCursor().blockNumber()
    assert number == 30_001 and viewer.beginning.isVisible()
    person.theme.choose("dark")
    person.picture("view-log-dark")
    person.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier, viewer.field)
    person.until(lambda: "clipped" in viewer.text.textCursor().block().text())
    viewer.field.clear()
    person.type(viewer.field, "nowhere in it")
    person.until(lambda: "No line holds it" in viewer.found.text())


def test_reading_on_goes_through_a_long_log(person, folder):
    viewer = look_at(person, 0).viewer
    last = viewer._document["line"] + viewer._lines
    person.click(viewer.later)
    person.until(lambda: viewer.text.first > 1)
    numbered = dict(enumerate(viewer.text.toPlainText().split("\n"), viewer.text.first))
    assert numbered[last] == f"2026-11-25 step {last - 1} loss {1 / last:.5f} lr 3e-4"
    person.click(viewer.beginning)
    person.until(lambda: viewer.text.first == 1)


def test_keys_lead_through_the_files_and_out(person, folder):
    sheet = look_at(person, 0)
    kinds = [type(sheet.viewer).__name__]
    for at in range(1, 6):
        person.key(Qt.Key.Key_Right, _ALT, sheet)
        assert sheet.at == at
        person.until(lambda: sheet.viewer is not None)
        kinds.append(type(sheet.viewer).__name__)
    assert kinds == [
        "TextViewer", "TableViewer", "TensorsViewer", "ImageViewer", "HexViewer", "ImageViewer",
    ]  # fmt: skip
    assert not sheet.next_button.isEnabled()
    person.key(Qt.Key.Key_Left, _ALT, sheet)
    assert sheet.at == 4
    person.key(Qt.Key.Key_Escape, widget=sheet)
    assert person.window.overlay.sheet is None
    assert person.window.detail.files.list.hasFocus()


def test_a_table_shows_rows_and_copies_them(person, folder):
    sheet = look_at(person, 1)
    assert "300 rows, 4 columns" in sheet.summary.text()
    person.picture("view-table")
    person.click(sheet.copy_button)
    assert QGuiApplication.clipboard().text().startswith("epoch\tsplit\tloss\tauc\n0\tval\t1.00000")
    assert "Copied 300 rows" in sheet.copy_button.text()


def test_tensors_are_filtered_sorted_and_summed(person, folder):
    sheet = look_at(person, 2)
    viewer = sheet.viewer
    assert "25 tensors" in sheet.summary.text() and "safetensors" in sheet.summary.text()
    assert viewer.filter.hasFocus()
    person.picture("view-tensors")
    person.type(viewer.filter, "mlp")
    assert viewer.model.rowCount() == 12
    assert viewer.counted.text() == "12 tensors, 768 parameters, 3.0 KiB"
    viewer.filter.clear()
    viewer.table.sortByColumn(4, Qt.SortOrder.DescendingOrder)
    assert viewer.model.index(0, 0).data() == "encoder.embed.weight"
    person.click(viewer._tabs[1])
    assert viewer._pages.currentWidget().model().index(1, 1).data() == "tiny"
    person.theme.choose("dark")
    person.picture("view-tensors-dark")


def test_a_picture_is_decoded_outside_and_fits(person, folder):
    sheet = look_at(person, 3)
    viewer = sheet.viewer
    person.until(lambda: viewer.picture is not None)
    assert viewer.words.text() == "1600 × 900 pixels"
    assert viewer.picture.toImage().pixelColor(0, 0) == QColor("#3B5BDB")
    assert viewer.shown.pixmap().deviceIndependentSize().width() <= viewer.area.viewport().width()
    person.picture("view-image")
    person.click(viewer.whole)
    assert viewer.shown.pixmap().width() == 1600


def test_a_broken_picture_is_explained(person, folder):
    viewer = look_at(person, 5).viewer
    person.until(lambda: "cannot be decoded" in viewer.shown.text())
    person.picture("view-broken")


def test_bytes_of_anything_else(person, folder):
    sheet = look_at(person, 4)
    first = sheet.viewer.area.toPlainText().split("\n")[0]
    assert first == "00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  ················"
    assert "The first 512 bytes of 768 B" in sheet.summary.text()
    person.picture("view-hex")


def test_a_damaged_file_is_explained_and_not_shown(person, tmp_path):
    create_registry(person.place, Settings(), "cli").close()
    big = tmp_path / "big.txt"
    big.write_text("line of text\n" * 20_000)
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        registry.add([os.fsencode(big)], AddOptions(name="run"))
    (stored,) = [p for p in (person.place / "objects").rglob("*") if p.is_file()]
    os.chmod(stored, 0o644)
    with open(stored, "r+b") as stream:
        stream.write(b"LINE")
    window = person.open()
    person.until(lambda: person.rows() == ["run@v1"])
    person.click_row(0)
    person.until(lambda: window.detail._reading is not None)
    window.detail.open_file(0)
    sheet = window.overlay.sheet
    person.until(lambda: "Its content is damaged" in texts(sheet))
    assert not sheet.export_button.isEnabled()
    person.until(lambda: window.detail.version["damaged"])
    person.picture("view-damaged")


def test_files_of_any_name_are_shown_and_exported(person, tmp_path, monkeypatch):
    create_registry(person.place, Settings(), "cli").close()
    made, out = tmp_path / "odd", tmp_path / "out"
    made.mkdir()
    out.mkdir()
    names = [
        b"caf\xe9.txt",
        b"a\nb.txt",
        b"<b>bold & <img src=x>.txt",
        "\u202egnp.txt".encode(),
    ]
    for name in names:
        (made / os.fsdecode(name)).write_text("inside")
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        registry.add([os.fsencode(made)], AddOptions(name="run"))
    monkeypatch.setattr(dialogs, "choose_folder", lambda *_: str(out))
    window = person.open()
    person.until(lambda: person.rows() == ["run@v1"])
    person.click_row(0)
    person.until(lambda: window.detail._reading is not None)
    person.click(window.detail.tabs[1])
    person.picture("odd-names")
    window.detail.open_file(0)
    sheet = window.overlay.sheet
    for name in sorted(names):
        person.until(lambda: sheet.viewer is not None)
        assert sheet.viewer.text.toPlainText() == "inside"
        person.click(sheet.export_button)
        person.until((out / os.fsdecode(name)).exists)
        sheet.next()
    assert set(os.listdir(os.fsencode(out))) == set(names)
    person.picture("odd-name-exported")


def test_closing_the_window_while_a_file_is_read_is_quick(person, tmp_path):
    create_registry(person.place, Settings(), "cli").close()
    big = tmp_path / "big.log"
    with open(big, "w") as out:
        for _ in range(60):
            out.write("all work and no play\n" * 50_000)
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        registry.add([os.fsencode(big)], AddOptions(name="run"))
    window = person.open()
    person.until(lambda: person.rows() == ["run@v1"])
    person.click_row(0)
    person.until(lambda: window.detail._reading is not None)
    window.detail.open_file(0)
    sheet = window.overlay.sheet
    person.until(lambda: sheet.viewer is not None)
    sheet.viewer.field.setText("nowhere")
    person.until(lambda: sheet.viewer.found.text() == "Searching…")
    person.key(Qt.Key.Key_Escape, widget=sheet)
    began = time.monotonic()
    window.close()
    assert time.monotonic() - began < 8


def test_only_known_formats_are_decoded_and_bombs_are_refused():
    with pytest.raises(decoding.StrongroomError):
        decoding.decode(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg")
    with pytest.raises(decoding.StrongroomError):
        decoding.decode(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "png")
    import zlib

    def part(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + part(b"IHDR", size) + part(b"IDAT", zlib.compress(bytes(99)))
    with pytest.raises(decoding.StrongroomError):
        decoding.decode(bomb + part(b"IEND", b""), "png")


def test_a_decoder_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(decoding, "TIME_LIMIT", 0.01)
    with pytest.raises(decoding.StrongroomError, match="cannot be decoded"):
        decoding.decode(b"\x89PNG\r\n\x1a\n", "png")

"""What goes wrong, for real: full disk, damage, locks, a newer registry, folders that go."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent
from PySide6.QtWidgets import QApplication, QPushButton

from strongroom.bootstrap import create_registry, open_registry
from strongroom.catalog import schema
from strongroom.services.add import AddOptions
from strongroom.settings import Settings
from tests.gui.conftest import texts


@pytest.fixture
def one_version(person, tmp_path):
    """A registry that holds one version."""
    path = tmp_path / "m0.bin"
    path.write_bytes(os.urandom(100_000))
    with closing(create_registry(person.place, Settings(), "cli")) as registry:
        registry.add([os.fsencode(path)], AddOptions())
    return path


@pytest.fixture
def small_disk(person, tmp_path):
    """The registry lies on a file system of 64 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    person.place = disk / "registry"
    yield disk
    if person.window is not None:
        person.window.leaving.forced = True
        person.window.close()
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_told_everywhere_and_loses_nothing(person, small_disk, tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(90 << 20))
    window = person.open()
    person.bridge.enqueue("add", {"paths": [os.fsencode(big).hex()], "title": "big.bin"})
    person.until(lambda: "disk" in window.fault.words.text().lower(), 30000)
    assert "space" in window.fault.words.text() or "room" in window.fault.words.text()
    person.until(lambda: "disk full" in window.strip.store.text())
    assert window.strip.store.property("state") == "bad"
    person.until(lambda: window.strip.problems.isVisible())
    person.picture("disk-full")
    assert any("disk is full" in p.message for p in window.problems.all())
    assert person.model.counts.everything == 0
    small = tmp_path / "small.bin"
    small.write_bytes(b"small enough")
    person.bridge.enqueue("add", {"paths": [os.fsencode(small).hex()], "title": "small.bin"})
    person.until(lambda: person.rows() == ["small.bin@v1"])  # what fits still goes in


def test_a_damaged_catalog_is_explained_and_made_again(person, one_version):
    catalog = person.place / "catalog.db"
    for extra in person.place.glob("catalog.db-*"):
        extra.unlink()
    catalog.write_bytes(b"no database at all " * 500)
    window = person.open(loads=False)
    person.until(lambda: "damaged" in texts(window.page).lower())
    person.picture("damaged-catalog")
    person.click(person.button("Make the catalog again"))
    person.until(lambda: person.rows() == ["m0.bin@v1"])


def test_a_journal_that_is_not_this_catalogs_is_explained_and_set_aside(
    person, one_version, tmp_path
):
    """As when a folder was put back from another computer's copy: first refused, then chosen."""
    other = create_registry(tmp_path / "other", Settings(), "cli")
    for n in range(5):
        file = tmp_path / f"other{n}.bin"
        file.write_bytes(b"%d" % n)
        other.add([os.fsencode(file)], AddOptions())
    other.close()
    (theirs,) = (tmp_path / "other" / "journal").glob("*.jsonl")
    (ours,) = (person.place / "journal").glob("*.jsonl")
    ours.write_bytes(theirs.read_bytes())
    window = person.open(loads=False)
    person.until(lambda: "do not belong together" in texts(window.page))
    person.click(person.button("Make the catalog again"))
    person.until(lambda: "would be left out" in texts(window.page))
    person.picture("journal-of-another")
    person.click(person.button("Make it again without them"))
    person.until(lambda: person.rows() == ["m0.bin@v1"])
    (kept,) = (person.place / "journal").glob("*.aside")
    assert kept.read_bytes() == theirs.read_bytes()


def test_what_a_rebuild_cannot_read_is_told(person, one_version):
    (content,) = sqlite3.connect(person.place / "catalog.db").execute(
        "select content from versions"
    ).fetchone()  # fmt: skip
    shelf = sqlite3.connect(person.place / "shelves" / "000001.db")
    shelf.execute("delete from blobs where digest = ?", (content,))
    shelf.commit()
    shelf.close()
    (person.place / "catalog.db").unlink()
    window = person.open(loads=False)
    person.until(lambda: "The catalog is gone" in texts(window.page))
    person.click(person.button("Make the catalog again"))
    person.until(lambda: person.rows() == ["m0.bin@v1"])
    person.until(lambda: "but not all of 1 entry could be read" in texts(window))
    person.picture("rebuilt-in-part")
    assert window.problems.all()


def test_a_registry_that_is_being_rebuilt_is_waited_for(person, one_version):
    with open(person.place / "local" / "open.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        window = person.open(loads=False)
        button = person.button("Try again (in")
        person.picture("locked")
        assert isinstance(button, QPushButton)
    window.page._left = 1  # the last second of the ten
    person.until(lambda: person.rows() == ["m0.bin@v1"])


def test_a_registry_of_a_newer_strongroom_is_read_and_nothing_else(person, one_version):
    with sqlite3.connect(person.place / "catalog.db") as connection:
        connection.execute(f"pragma user_version = {schema.VERSION + 1}")
    window = person.open()
    person.until(window.banner.isVisible)
    assert "can only be read" in window.banner.words.text()
    person.picture("read-only")
    add = window.library.actions_at_top[-1]
    assert not add.isEnabled() and "can only be read" in add.toolTip()
    assert not window.sidebar.add_button.isEnabled()
    person.key(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier, window)
    palette = window.overlay.sheet
    person.type(palette.field, "> add files")
    item = palette.list.item(1)
    assert item.text() == "Add files…" and not item.flags() & Qt.ItemFlag.ItemIsEnabled
    person.key(Qt.Key.Key_Escape)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(one_version))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(600, 400), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(window, enter)
    person.picture("read-only-drop")
    person.drop(one_version)
    assert window.overlay.sheet is None and "can only be read" in window.fault.words.text()
    person.click_row(0)  # looking is allowed
    person.until(lambda: window.detail.shown == "m0.bin@v1")


def test_a_registry_that_goes_away_under_the_window_is_said_and_found_again(
    person, one_version, tmp_path
):
    window = person.open()
    away = tmp_path / "away"
    os.rename(person.place, away)
    window.page.reload()
    window._ask_status()
    person.until(lambda: window.fault.isVisible() or "Try again" in texts(window.page))
    os.rename(away, person.place)
    window.page.reload()
    person.until(lambda: person.rows() == ["m0.bin@v1"])


def test_an_error_says_what_to_which_thing_and_what_to_do(person, tmp_path):
    window = person.open()
    gone = Path(tmp_path / "gone.bin")
    person.bridge.enqueue("add", {"paths": [os.fsencode(gone).hex()], "title": "gone.bin"})
    person.until(window.fault.isVisible)
    words = window.fault.words.text()
    assert "no such file" in words and str(gone) in words and "Traceback" not in words
    person.click(window.fault.act)
    assert str(gone) in QApplication.clipboard().text()


def test_what_another_process_damages_is_found_by_filter(person, one_version):
    window = person.open()
    (stored,) = [p for p in (person.place / "objects").rglob("*") if p.is_file()]
    os.chmod(stored, 0o644)
    data = bytearray(stored.read_bytes())
    data[5] ^= 1
    stored.write_bytes(data)
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        registry.verify()
    window.library.set_filter("has:damage")
    person.until(lambda: person.model.counts.matching == 1)
    window._ask_status()
    person.until(lambda: any("not what they were" in p.message for p in window.problems.all()))

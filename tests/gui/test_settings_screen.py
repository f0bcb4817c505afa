"""Settings in the window: found, changed, checked, saved, and what holds at once."""

from __future__ import annotations

import os

import pytest
from PySide6.QtCore import Qt

from strongroom.gui import dialogs
from strongroom.gui.settings.fields import SettingField
from strongroom.settings import SETTINGS, load, save, settings_file
from tests.gui.conftest import texts


@pytest.fixture
def screen(person):
    window = person.open()
    person.key(Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier, window)
    assert window.current is window.settings_screen
    return window.settings_screen


def field_of(screen, name: str) -> SettingField:
    return screen.fields[name]


def retype(person, field: SettingField, text: str) -> None:
    field.editor.setFocus()
    field.editor.selectAll()
    person.type(field.editor, text)


def test_every_setting_of_the_table_has_its_field(screen):
    assert set(screen.fields) == {s.name for s in SETTINGS}


def test_a_change_is_saved_in_the_file_and_holds_at_once(person, screen):
    window = person.window
    screen.show_section(1)
    assert not screen.save_button.isEnabled()
    retype(person, field_of(screen, "watch.quiet_time"), "0.3")
    assert screen.save_button.isEnabled() and "1 change not saved" in screen._words.text()
    person.picture("settings-watching")
    person.click(screen.save_button)
    person.until(lambda: load()["watch.quiet_time"] == 0.3)
    person.until(lambda: person.bridge._worker.timing.quiet_time == 0.3)
    person.until(lambda: not screen.save_button.isEnabled())
    assert "Saved in" in screen._words.text()
    assert window.settings["watch.quiet_time"] == 0.3


def test_a_wrong_value_says_what_it_must_be_and_cannot_be_saved(person, screen):
    screen.show_section(1)
    field = field_of(screen, "watch.rescan")
    retype(person, field, "often")
    assert not screen.save_button.isEnabled()
    assert "a number from 1 to 86400" in field.wrong.text() and field.wrong.isVisible()
    assert "must be a number" in screen.save_button.toolTip()
    person.picture("settings-wrong")
    person.click(screen.discard_button)
    assert not field.wrong.isVisible() and field.value == 60
    assert not settings_file().exists() or "rescan" not in settings_file().read_text()


def test_comments_in_the_file_stay(person, screen):
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text("# mine\n[limits]\nreserve = 600 # a lot\n")
    screen.show_section(2)
    retype(person, field_of(screen, "limits.reserve"), "700")
    person.click(screen.save_button)
    person.until(lambda: load()["limits.reserve"] == 700)
    assert settings_file().read_text().startswith("# mine\n[limits]\nreserve = 700 # a lot")


def test_colours_change_when_they_are_saved_and_by_command_too(person, screen):
    screen.show_section(3)
    choice = field_of(screen, "appearance.theme").editor
    choice.setFocus()
    person.key(Qt.Key.Key_End, widget=choice)
    choice.activated.emit(choice.currentIndex())
    person.click(screen.save_button)
    person.until(lambda: person.theme.dark)
    person.picture("settings-dark")
    person.window.acts.choose_theme("light")
    person.until(lambda: field_of(screen, "appearance.theme").value == "light")
    assert not person.theme.dark


def test_settings_are_found_by_a_word(person, screen):
    person.key(Qt.Key.Key_Slash, widget=person.window)
    assert screen.finder.hasFocus()
    person.type(screen.finder, "memory")
    assert field_of(screen, "limits.describe_memory").isVisible()
    assert not field_of(screen, "limits.reserve").isVisible()
    screen.finder.clear()
    assert field_of(screen, "limits.reserve").isVisible()


def test_the_place_is_tried_for_real_and_left_as_it_was(person, screen, tmp_path, monkeypatch):
    target = tmp_path / "elsewhere"
    target.mkdir()
    monkeypatch.setattr(dialogs, "choose_folder", lambda *_: str(target))
    person.click(person.button("Choose…", screen))
    assert field_of(screen, "registry.path").value == str(target)
    assert "holds from the next start on" in texts(screen)
    person.click(screen.place_test.button)
    person.until(lambda: screen.place_test.button.text() == "Test again")
    person.until(lambda: "Write, read back, compare" in texts(screen.place_test))
    assert "locks hold" in texts(screen.place_test)
    assert "failed" not in screen.place_test.sum.text()
    assert list(target.iterdir()) == []
    person.picture("settings")
    person.click(screen.health.button)
    person.until(lambda: screen.health.button.text() == "Test again")
    person.until(lambda: "Journal" in texts(screen.health))
    assert "11 passed" in screen.health.sum.text()


def test_a_journal_with_a_hole_is_mended_from_the_settings(person, screen):
    registry = person.bridge._registry
    for n in range(5):
        registry.enqueue("verify", {})
        registry.direct_metric(f"m{n}", "higher")
    (path,) = (person.place / "journal").glob("*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    assert not screen.health.mend.isVisible()
    person.click(screen.health.button)
    person.until(lambda: "1 failed" in screen.health.sum.text())
    person.until(lambda: "does not follow" in texts(screen.health))
    person.picture("settings-health-failed")
    person.click(screen.health.mend)
    person.until(lambda: screen.health.sum.text() == "11 passed")
    assert not screen.health.mend.isVisible()
    assert path.read_bytes().startswith(b"".join(lines))


def test_a_place_that_cannot_be_written_fails_with_its_reason(person, screen, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    retype(person, field_of(screen, "registry.path"), str(blocked / "inside"))
    person.click(screen.place_test.button)
    person.until(lambda: "1 failed" in screen.place_test.sum.text())
    person.until(lambda: "is not a folder" in texts(screen.place_test))
    person.picture("settings-test-failed")


def test_settings_can_be_saved_while_no_registry_opens(person, tmp_path):
    from strongroom.bootstrap import create_registry
    from strongroom.settings import Settings

    create_registry(person.place, Settings(), "cli").close()
    (person.place / "catalog.db").rename(person.place / "away.db")
    window = person.open(loads=False)
    person.until(lambda: "The catalog is gone" in texts(window.page))
    window.go_to("Settings")
    retype(person, field_of(window.settings_screen, "registry.path"), str(tmp_path / "other"))
    person.click(window.settings_screen.save_button)
    person.until(lambda: load()["registry.path"] == str(tmp_path / "other"))
    assert os.environ.get("STRONGROOM_SETTINGS")
    save("registry.path", "")

"""The settings file: every setting checked, comments kept, and a bad file said in words."""

from __future__ import annotations

import math
import os
import stat
import tomllib

import pytest

from strongroom.domain.errors import BadInput, StrongroomError
from strongroom.settings import (
    SETTINGS,
    Settings,
    default_registry,
    described,
    load,
    registry_path,
    save,
    settings_file,
)

#: A value inside and values outside of what each setting may be.
VALUES: dict[str, tuple[object, list[object]]] = {
    "registry.path": ("~/models", [3, True, ["a"], {"a": 1}]),
    "watch.quiet_time": (0.5, [0, 0.09, 3601, -1, "2", True, math.nan, math.inf]),
    "watch.idle_end": (60, [0, 0.5, 604801, "60", False]),
    "watch.rescan": (10, [0, 86401, "often"]),
    "limits.reserve": (0, [-1, 2**20 + 1, "512", math.nan, 512.5]),
    "limits.describe_time": (5, [0, 3601, None]),
    "limits.describe_memory": (256, [255, 65537, "1GiB"]),
    "appearance.theme": ("dark", ["Dark", "", "blue", 1, ["dark"]]),
    "window.closing": ("quit", ["tray", "", 1, True]),
    "log.level": ("debug", ["DEBUG", "loud", 10]),
}
BAD = [(name, value) for name, (_, wrong) in VALUES.items() for value in wrong]


def test_every_setting_is_tried_here():
    assert set(VALUES) == {s.name for s in SETTINGS}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_each_setting_has_a_default_that_it_allows_and_says_what_it_does(setting):
    assert setting.check(setting.default) == ""
    assert Settings()[setting.name] == setting.default
    assert setting.description.endswith(".") and setting.unit
    assert f"`{setting.name}`" in described()


@pytest.mark.parametrize("name", VALUES)
def test_a_good_value_is_saved_and_read_back(name):
    save(name, VALUES[name][0])
    assert load()[name] == VALUES[name][0]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_wrong_value_is_refused_before_it_reaches_the_file(name, value):
    with pytest.raises(BadInput, match=name):
        save(name, value)
    assert not settings_file().exists()


@pytest.mark.parametrize(
    ("name", "value"), [b for b in BAD if b[1] is not None and not isinstance(b[1], dict)]
)
def test_a_wrong_value_in_the_file_is_named_with_what_would_be_right(name, value):
    table, key = name.split(".")
    written = {math.nan: "nan", math.inf: "inf"}.get(value) if isinstance(value, float) else None
    if isinstance(value, float) and math.isnan(value):
        written = "nan"
    text = written or (repr(value).lower() if isinstance(value, bool) else repr(value))
    settings_file().write_text(f"[{table}]\n{key} = {text}\n")
    with pytest.raises(BadInput) as caught:
        load()
    said = str(caught.value)
    assert name in said and str(settings_file()) in said and caught.value.exit_code == 2


def test_an_unknown_setting_is_refused():
    with pytest.raises(BadInput, match=r"no\.such"):
        save("no.such", 1)


@pytest.mark.parametrize("text", ["watch = 3\n", "watch = [1, 2]\n", "watch = 'soon'\n"])
def test_a_table_that_is_none_is_named(text):
    settings_file().write_text(text)
    with pytest.raises(BadInput, match="watch"):
        load()
    with pytest.raises(BadInput, match="watch"):
        save("watch.rescan", 5)
    assert settings_file().read_text() == text


@pytest.mark.parametrize(
    "data", [b"[watch\n", b"a = \n", b"\xff\xfe", b"[a]\n[a]\n", b"x = 1\nx = 2"]
)
def test_a_file_that_is_no_toml_is_refused_and_left_as_it_is(data):
    settings_file().write_bytes(data)
    with pytest.raises(BadInput) as caught:
        load()
    assert str(settings_file()) in str(caught.value)
    with pytest.raises(BadInput):
        save("log.level", "debug")
    assert settings_file().read_bytes() == data


def test_a_settings_file_that_cannot_be_read_is_said_in_words():
    settings_file().mkdir()
    with pytest.raises(BadInput, match="cannot be read"):
        load()
    with pytest.raises(StrongroomError):
        save("log.level", "debug")


def test_a_settings_folder_that_cannot_be_made_is_said_in_words(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StrongroomError) as caught:
        save("log.level", "debug", tmp_path / "file" / "settings.toml")
    assert "file" in str(caught.value)


FILE = """\
# my settings

[watch]          # folders
quiet_time = 5   # slow disk
# rescan = 10

[theirs]
of_a_newer_version = { a = 1 }

[log]
level = "debug"
"""


def test_saving_changes_one_value_and_keeps_the_rest_to_the_letter():
    settings_file().write_text(FILE)
    save("watch.quiet_time", 7.5)
    assert settings_file().read_text() == FILE.replace("quiet_time = 5 ", "quiet_time = 7.5 ")
    save("appearance.theme", "dark")
    text = settings_file().read_text()
    assert text.startswith(FILE.replace("quiet_time = 5 ", "quiet_time = 7.5 ").rstrip("\n"))
    assert tomllib.loads(text)["appearance"] == {"theme": "dark"}
    assert load()["log.level"] == "debug"


def test_settings_of_a_newer_version_mean_nothing_and_stay():
    settings_file().write_text(FILE)
    settings = load()
    assert settings["watch.quiet_time"] == 5
    save("log.level", "error")
    assert "of_a_newer_version = { a = 1 }" in settings_file().read_text()


def test_a_save_that_fails_leaves_the_old_file(monkeypatch):
    settings_file().write_text(FILE)

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(StrongroomError) as caught:
        save("log.level", "error")
    assert caught.value.exit_code == 9
    assert settings_file().read_text() == FILE
    assert [p.name for p in settings_file().parent.iterdir() if "tmp" in p.name] == []


def test_saving_keeps_who_may_read_the_file():
    settings_file().write_text(FILE)
    settings_file().chmod(0o600)
    save("log.level", "error")
    assert stat.S_IMODE(settings_file().stat().st_mode) == 0o600


def test_saving_through_a_link_changes_the_file_it_leads_to(tmp_path):
    """People keep such files in a repository and link to them."""
    real = tmp_path / "dotfiles.toml"
    real.write_text(FILE)
    settings_file().symlink_to(real)
    save("log.level", "error")
    assert settings_file().is_symlink() and 'level = "error"' in real.read_text()


def test_without_a_file_everything_has_its_default():
    settings = load()
    assert settings.file == settings_file()
    assert {s.name: settings[s.name] for s in SETTINGS} == {s.name: s.default for s in SETTINGS}


def test_the_registry_is_the_one_chosen_nearest(monkeypatch, tmp_path):
    settings = Settings({"registry.path": str(tmp_path / "settings")})
    assert registry_path(None, Settings()) == default_registry()
    assert registry_path(None, settings) == tmp_path / "settings"
    monkeypatch.setenv("STRONGROOM_REGISTRY", str(tmp_path / "variable"))
    assert registry_path(None, settings) == tmp_path / "variable"
    assert registry_path(str(tmp_path / "option"), settings) == tmp_path / "option"
    assert registry_path("~/here", settings) == default_registry().home() / "here"
    monkeypatch.chdir(tmp_path)
    assert registry_path("relative", settings) == tmp_path / "relative"

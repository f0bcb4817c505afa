"""Files and folders that may not be read: each is named with its reason, the others are taken."""

from __future__ import annotations

import pytest

from tests.journeys.commands import answer, as_ordinary_user, strongroom


@pytest.fixture
def folder(tmp_path):
    """A sound file beside an unreadable one and an unreadable folder."""
    out = tmp_path / "out"
    (out / "locked").mkdir(parents=True)
    (out / "sound.bin").write_bytes(b"sound")
    (out / "secret.bin").write_bytes(b"secret")
    (out / "locked" / "inside.bin").write_bytes(b"inside")
    (out / "secret.bin").chmod(0)
    (out / "locked").chmod(0)
    yield out
    (out / "locked").chmod(0o755)


def test_watching_names_what_cannot_be_read_and_takes_the_rest(tmp_path, folder):
    place = tmp_path / "registry"
    strongroom("init", place)
    done = strongroom(
        "watch", "--once", folder, "--quiet-time", "0.2", registry=place, before=as_ordinary_user()
    )
    assert "secret.bin" in done.stderr and "locked" in done.stderr
    assert done.stderr.count("cannot be read") == 2
    assert [a["name"] for a in answer("list", registry=place)["artifacts"]] == ["out/sound.bin"]
    (folder / "secret.bin").chmod(0o644)  # now it may be read: it is taken at the next look
    strongroom(
        "watch", "--once", folder, "--quiet-time", "0.2", registry=place, before=as_ordinary_user()
    )
    names = {a["name"] for a in answer("list", registry=place)["artifacts"]}
    assert names == {"out/sound.bin", "out/secret.bin"}


def test_adding_an_unreadable_file_is_refused_with_its_name(tmp_path, folder):
    place = tmp_path / "registry"
    strongroom("init", place)
    done = strongroom(
        "add", folder / "secret.bin", registry=place, code=8, before=as_ordinary_user()
    )
    assert "cannot be read (Permission denied)" in done.stderr and "secret.bin" in done.stderr
    assert answer("list", registry=place)["artifacts"] == []

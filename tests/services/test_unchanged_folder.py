"""A folder that is as it was is known without a look into it; what is not whole is looked at."""

from __future__ import annotations

import os
import time

import pytest

from strongroom.services import ingest
from strongroom.services.add import AddOptions


@pytest.fixture
def folder(tmp_path):
    out = tmp_path / "data"
    out.mkdir()
    old = time.time() - 60
    for number in range(ingest.MANY + 10):
        path = out / f"{number:03}.bin"
        path.write_bytes(b"%d" % number * 10)
        os.utime(path, (old, old))
    (out / "large.bin").write_bytes(os.urandom(100_000))
    os.utime(out / "large.bin", (old, old))
    time.sleep(2.1)  # past the time in which a stat is not trusted
    return out


def add(registry, folder, **options):
    (version,) = registry.add([os.fsencode(folder)], AddOptions(**options))["versions"]
    return version["tag"], version["created"]


def test_unchanged_it_is_the_same_version_and_nothing_is_read(registry, folder, monkeypatch):
    assert add(registry, folder) == ("v1", True)
    monkeypatch.setattr(ingest._Intake, "_known", lambda *_: pytest.fail("each file was looked up"))
    assert add(registry, folder) == ("v1", False)
    assert add(registry, folder, run="later") == ("v1", False)
    assert registry.show_run("later")["run"]["outputs"] == ["data@v1"]


def test_a_change_a_new_file_and_a_missing_one_are_seen(registry, folder):
    assert add(registry, folder) == ("v1", True)
    (folder / "000.bin").write_bytes(b"changed")
    assert add(registry, folder) == ("v2", True)
    (folder / "new.bin").write_bytes(b"new")
    assert add(registry, folder) == ("v3", True)
    (folder / "new.bin").unlink()
    (folder / "000.bin").write_bytes(b"0" * 10)
    assert add(registry, folder) == ("v1", False)


def test_under_another_name_or_as_a_new_version_it_is_one(registry, folder):
    assert add(registry, folder) == ("v1", True)
    assert add(registry, folder, name="other") == ("v1", True)
    assert add(registry, folder, new_version=True) == ("v2", True)
    files = registry.show("data@v2")["manifest"]["files"]
    assert len(files) == ingest.MANY + 11  # not the short form that comparing makes do with


def test_what_is_gone_from_the_store_is_stored_again(registry, place, folder):
    assert add(registry, folder) == ("v1", True)
    (stored,) = [p for p in (place / "objects").rglob("*") if p.is_file()]
    stored.unlink()
    assert add(registry, folder) == ("v1", False)
    assert stored.exists() and registry.verify()["damaged"] == []

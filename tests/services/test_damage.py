"""Damaged content: told of once it is found, kept aside, and forgotten once it is sound again."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from strongroom.domain.errors import Damaged, StrongroomError, Unreachable
from strongroom.services import damage
from strongroom.services.add import AddOptions
from tests.conftest import add

SMALL, LARGE = b"small bytes", b"L" * 100_000


def digest_of(registry, reference) -> bytes:
    (file,) = registry.show(reference)["manifest"]["files"]
    return bytes.fromhex(file["sha256"])


def spoil(registry, digest: bytes) -> None:
    """Flips a byte of the stored blob."""
    path = registry.desk.store.object_path(digest)
    if path.exists():
        os.chmod(path, 0o644)
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        return
    shelves = registry.desk.store.shelves
    connection = shelves._connection(shelves.numbers()[0])
    connection.execute("update blobs set data = zeroblob(length(data)) where digest=?", (digest,))


def known_damage(registry) -> list[str]:
    return [c["detail"] for c in registry.doctor()["checks"] if c["name"] == "damage"]


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["on a shelf", "as a file"])
class TestDamage:
    def test_adding_the_same_bytes_again_mends_the_version(
        self, registry, make_file, tmp_path, data
    ):
        path = make_file("model.bin", data)
        add(registry, path)
        spoil(registry, digest_of(registry, "model.bin"))
        with pytest.raises(Damaged):
            registry.get("model.bin", tmp_path / "out")
        assert not registry.doctor()["ok"] and registry.show("model.bin")["damaged"]
        os.utime(path)  # or nothing would be read
        assert add(registry, path)["created"] is False
        assert registry.doctor()["ok"], known_damage(registry)
        assert not registry.show("model.bin")["damaged"]
        registry.get("model.bin", tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == data

    def test_bytes_that_are_sound_again_are_found_so_by_verify(
        self, registry, make_file, tmp_path, data
    ):
        add(registry, make_file("model.bin", data))
        digest = digest_of(registry, "model.bin")
        spoil(registry, digest)
        assert damage.note(registry.desk, digest, Damaged("it seemed so", "here"))
        assert not registry.doctor()["ok"]
        if data is LARGE:
            registry.desk.store.object_path(digest).write_bytes(data)
        else:
            registry.desk.store.put_small([(digest, data)])
        assert registry.verify()["damaged"] == []
        assert registry.doctor()["ok"], known_damage(registry)

    def test_a_repair_replaces_bytes_that_could_not_be_put_aside(
        self, registry, make_file, monkeypatch, data
    ):
        add(registry, make_file("model.bin", data))
        digest = digest_of(registry, "model.bin")
        spoil(registry, digest)

        def fail(self, digest):
            raise Unreachable("moving a damaged file aside failed", "", "")

        monkeypatch.setattr(type(registry.desk.store), "quarantine", fail)
        answer = registry.verify(repair=True)
        assert len(answer["repaired"]) == 1
        assert registry.verify()["damaged"] == []
        assert registry.doctor()["ok"], known_damage(registry)

    def test_damage_is_remembered_even_if_the_bytes_cannot_be_put_aside(
        self, registry, make_file, monkeypatch, data
    ):
        add(registry, make_file("model.bin", data))
        spoil(registry, digest_of(registry, "model.bin"))

        def fail(self, digest):
            raise Unreachable("moving a damaged file aside failed", "", "")

        monkeypatch.setattr(type(registry.desk.store), "quarantine", fail)
        assert len(registry.verify()["damaged"]) == 1
        assert registry.show("model.bin")["damaged"]


def failing_open(path: Path, code: int):
    real = open

    def guarded(file, *rest, **named):
        if file == path:
            raise OSError(code, os.strerror(code))
        return real(file, *rest, **named)

    return guarded


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EACCES, errno.ENOMEM])
def test_that_a_file_cannot_be_opened_just_now_is_not_damage(
    registry, make_file, tmp_path, monkeypatch, code
):
    add(registry, make_file("model.bin", LARGE))
    path = registry.desk.store.object_path(digest_of(registry, "model.bin"))
    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", failing_open(path, code))
        with pytest.raises(Unreachable):
            registry.get("model.bin", tmp_path / "out")
        (told,) = registry.verify()["damaged"]
        assert told["versions"] == ["model.bin@v1"] and os.strerror(code) in told["reason"]
    assert list(registry.desk.store.quarantine_folder.iterdir()) == []
    assert registry.doctor()["ok"]
    registry.get("model.bin", tmp_path / "out")


def test_a_bad_sector_is_damage_and_the_rest_is_verified_all_the_same(
    registry, make_file, monkeypatch
):
    add(registry, make_file("a.bin", LARGE))
    add(registry, make_file("b.bin", LARGE + b"b"))
    path = registry.desk.store.object_path(digest_of(registry, "a.bin"))
    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", failing_open(path, errno.EIO))
        answer = registry.verify()
    assert [d["versions"] for d in answer["damaged"]] == [["a.bin@v1"]]
    assert answer["checked"] == len(registry.desk.engine.rows("select 1 from blobs"))
    assert registry.verify(["b.bin"])["damaged"] == []
    # It could not be judged, so it stayed where it was, and it is whole after all.
    make_file("a.bin", b"changed")
    assert not registry.doctor()["ok"] and registry.show("a.bin")["damaged"]
    assert registry.verify(repair=True)["damaged"] == []
    assert registry.doctor()["ok"]


def test_a_version_is_not_made_of_bytes_that_are_gone_from_the_store(
    registry, make_file, monkeypatch
):
    """The stat cache knows the file's digest, the catalog that it is stored; the disk decides."""
    monkeypatch.setattr("strongroom.store.stat_cache._TRUST_AFTER_NS", -(10**18))
    path = make_file("model.bin", LARGE)
    add(registry, path)
    stored = registry.desk.store.object_path(digest_of(registry, "model.bin"))
    stored.unlink()
    registry.add([os.fsencode(path)], AddOptions(name="other"))
    assert stored.read_bytes() == LARGE
    assert registry.doctor()["ok"]


def test_a_damaged_document_is_written_again_with_the_version_that_needs_it(registry, make_file):
    path = make_file("model.bin", LARGE)
    first = add(registry, path)
    content = bytes.fromhex(first["content_digest"].removeprefix("sha256:"))
    spoil(registry, content)
    with pytest.raises(StrongroomError):
        registry.show("model.bin")
    assert len(registry.verify()["damaged"]) == 1
    registry.add([os.fsencode(path)], AddOptions(new_version=True))
    assert registry.show("model.bin@v1")["manifest"]["files"][0]["size"] == len(LARGE)
    assert registry.doctor()["ok"], known_damage(registry)

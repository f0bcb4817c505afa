"""Names no one would choose and files that do not hold still, through add, show, get and verify."""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from strongroom.domain.errors import BadInput, Conflict, NotFound, StrongroomError
from strongroom.services import ingest
from strongroom.services.add import AddOptions
from strongroom.services.progress import Progress
from tests.conftest import add

NAMES = {
    "spaces": b"  two  spaces  ",
    "newline": b"first\nsecond",
    "tab and bell": b"a\tb\x07c",
    "escape": b"\x1b[31mred\x1b[0m",
    "emoji": "🦙 llama 🏳️‍🌈.bin".encode(),
    "not UTF-8": b"caf\xe9.bin",
    "half a character": b"\xf0\x9f\xa6.bin",
    "a surrogate": b"\xed\xa0\x80.bin",
    "composed": "\u00e9.bin".encode(),
    "decomposed": "e\u0301.bin".encode(),
    "right to left": "\u202egpj.exe".encode(),
    "255 bytes": b"n" * 255,
    "255 bytes of percent": b"%" * 255,
    "255 bytes of two-byte characters": ("é" * 127).encode() + b"x",
    "percent": b"100%25.bin",
    "at": b"name@v2",
    "a reference": b"model@sha256:0123456789abcdef",
    "three dots": b"...",
    "dash": b"-rf",
    "quotes": b"'\"`$(id)`",
    "backslash": b"a\\b\\..\\c",
    "star": b"*?[a-z]",
    "line separator": "a\u2028b".encode(),
    "a shelf": b"000001.db",
    "a temporary file of ours": b".strongroom-0123456789ab.part",
}


def contents(folder: bytes) -> dict[bytes, bytes]:
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as data:
                found[os.path.relpath(path, folder)] = data.read()
    return found


def write(folder: bytes, files: dict[bytes, bytes]) -> bytes:
    for path, data in files.items():
        location = os.path.join(folder, path)
        os.makedirs(os.path.dirname(location), exist_ok=True)
        with open(location, "wb") as out:
            out.write(data)
    return folder


def path_of(file: dict) -> bytes:
    return bytes.fromhex(file["path_hex"]) if "path_hex" in file else file["path"].encode()


def round_trip(registry, folder: bytes, target: Path, name: str = "odd") -> None:
    """Added, shown, checked, handed out as a whole and file by file, always the same bytes."""
    expected = contents(folder)
    (version,) = registry.add([folder], AddOptions(name=name))["versions"]
    assert (version["files"], version["warnings"]) == (len(expected), [])
    shown = registry.show(f"{name}@v1")["manifest"]["files"]
    assert {path_of(f): f["sha256"] for f in shown} == {
        path: hashlib.sha256(data).hexdigest() for path, data in expected.items()
    }
    assert registry.verify([name])["damaged"] == []
    registry.get(name, target)
    assert contents(os.fsencode(target)) == expected
    for path, data in expected.items():
        assert b"".join(registry.cat(name, os.fsdecode(path))) == data


@pytest.fixture
def work(tmp_path) -> bytes:
    folder = os.fsencode(tmp_path / "work")
    os.mkdir(folder)
    return folder


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_file_of_any_name_comes_back_under_it(registry, work, tmp_path, name):
    path = os.path.join(work, name)
    with open(path, "wb") as out:
        out.write(b"content")
    (version,) = registry.add([path], AddOptions())["versions"]
    reference = f"{version['name']}@{version['tag']}"
    assert not set(version["name"]) & set("@\n\t\x07\x1b\u2028")
    assert [path_of(f) for f in registry.show(reference)["manifest"]["files"]] == [name]
    assert registry.verify([reference])["damaged"] == []
    registry.get(reference, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"content"
    # What is listed can be typed again, and the same file finds its version.
    (artifact,) = registry.list_artifacts()["artifacts"]
    assert artifact["name"] == version["name"]
    os.utime(path)
    (again,) = registry.add([path], AddOptions())["versions"]
    assert (again["name"], again["created"]) == (version["name"], False)


def test_a_folder_of_all_such_names_comes_back_as_it_was(registry, work, tmp_path):
    write(work, {name: b"content of " + name for name in NAMES.values()})
    write(work, {b"in/" + name + b"/below": name for name in NAMES.values()})
    round_trip(registry, work, tmp_path / "out")


def test_each_file_of_such_a_folder_is_an_artifact_of_its_own(registry, work):
    write(work, {name: b"content of " + name for name in NAMES.values()})
    versions = registry.add([work], AddOptions(each=True))["versions"]
    assert len({v["name"] for v in versions}) == len(NAMES)
    for version in versions:
        (file,) = registry.show(f"{version['name']}@v1")["manifest"]["files"]
        data = b"".join(registry.cat(version["name"], os.fsdecode(path_of(file))))
        assert data == b"content of " + path_of(file)


def test_names_that_differ_only_in_case_or_composition_are_different(registry, work, tmp_path):
    names = [b"Model.bin", b"model.bin", b"MODEL.BIN", "\u00e9".encode(), "e\u0301".encode()]
    files = {name: b"I am " + name for name in names}
    write(work, files)
    if len(os.listdir(work)) < len(names):
        pytest.skip("this file system does not tell such names apart")
    round_trip(registry, work, tmp_path / "out")
    versions = registry.add([work], AddOptions(each=True))["versions"]
    assert len({v["name"] for v in versions}) == len(names)
    assert b"".join(registry.cat("Model.bin", "Model.bin")) == b"I am Model.bin"
    with pytest.raises(NotFound):
        registry.show("mOdEl.bin")


def test_a_hundred_levels_and_paths_of_thousands_of_characters(registry, work, tmp_path):
    deep = b"/".join(b"level%d" % n for n in range(100)) + b"/file"
    long = b"/".join(bytes([97 + n]) * 200 for n in range(12)) + b"/file"
    assert len(deep) > 700 and len(long) > 2400
    write(work, {deep: b"deep", long: b"long", b"top": b"top"})
    round_trip(registry, work, tmp_path / "out")


def test_a_tree_deeper_than_python_recurses(registry, work, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # a thousand folders would take seconds
    folder = work
    for _ in range(520):
        folder = os.path.join(folder, b"d")
        os.mkdir(folder)
    write(folder, {b"file": b"at the very bottom"})
    (version,) = registry.add([work], AddOptions(name="deep"))["versions"]
    assert (version["files"], version["warnings"]) == (1, [])
    registry.get("deep", tmp_path / "o")
    with open(os.path.join(os.fsencode(tmp_path / "o"), b"d/" * 520 + b"file"), "rb") as data:
        assert data.read() == b"at the very bottom"
    registry.get("deep", tmp_path / "o", force=True)  # and the old one is removed again
    assert os.listdir(tmp_path).count("o") == 1
    assert [n for n in os.listdir(tmp_path) if n.startswith(".strongroom")] == []
    subprocess.run(["rm", "-rf", tmp_path / "o", work], check=True)  # Python could not


def test_what_lies_too_deep_to_be_reached_is_said(registry, work):
    """A path over PATH_MAX, as programs make that change into each folder on their way."""
    write(work, {b"top": b"top"})
    here = os.getcwd()
    try:
        os.chdir(work)
        for _ in range(25):
            os.mkdir(b"n" * 200)
            os.chdir(b"n" * 200)
        with open("unreachable", "wb"):
            pass
    finally:
        os.chdir(here)
    (version,) = registry.add([work], AddOptions(name="deep"))["versions"]
    assert version["files"] == 1
    assert any("left out" in w for w in version["warnings"]), version["warnings"]


@pytest.mark.parametrize("name", ["a/../b", "../x", "/etc", "a//b", "a\0b", "x@v1", "50%"])
def test_a_name_that_is_typed_must_be_one(registry, work, name):
    write(work, {b"f": b"x"})
    with pytest.raises(BadInput):
        registry.add([os.path.join(work, b"f")], AddOptions(name=name))


# ---------------------------------------------------------------- files that do not hold still


SMALL, LARGE = 3000, 6 << 20


def nothing_half(registry) -> None:
    assert list(registry.desk.store.staging.iterdir()) == []
    assert registry.doctor()["ok"]
    assert registry.verify()["damaged"] == []
    referred = {bytes(r[0]) for r in registry.desk.engine.rows("select digest from blobs")}
    assert {s.digest for s in registry.desk.store.scan()} == referred


def meddling(act) -> Progress:
    """Calls `act` at every tick, so in the middle of reading a large file."""

    class Meddling(Progress):
        def tick(self, count: int = 0) -> None:
            act()
            super().tick(count)

    return Meddling()


def grow(path: Path):
    def act():
        with open(path, "ab") as out:
            out.write(b"more")

    return act


def shrink(path: Path):
    return lambda: os.truncate(path, path.stat().st_size // 2)


def rewrite(path: Path):
    def act():
        with open(path, "r+b") as out:
            out.write(os.urandom(8))

    return act


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("change", [grow, shrink, rewrite])
def test_a_file_that_keeps_changing_while_it_is_added_is_refused(
    registry, make_file, monkeypatch, change, size
):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    path = make_file("moving.bin", os.urandom(size))
    with pytest.raises(Conflict) as caught:
        registry.add([os.fsencode(path)], AddOptions(), meddling(change(path)))
    assert caught.value.code == "changed" and "moving.bin" in str(caught.value)
    nothing_half(registry)
    assert registry.list_artifacts()["artifacts"] == []
    version = add(registry, path)  # it stands still now
    assert version["size"] == path.stat().st_size
    assert registry.show("moving.bin")["manifest"]["files"][0]["sha256"] == (
        hashlib.sha256(path.read_bytes()).hexdigest()
    )


def test_a_file_that_changes_once_is_read_again_and_taken_as_it_is_then(registry, make_file):
    path, changes = make_file("once.bin", os.urandom(LARGE)), []

    def change_once() -> None:
        if not changes:
            changes.append(1)
            rewrite(path)()

    (version,) = registry.add([os.fsencode(path)], AddOptions(), meddling(change_once))["versions"]
    assert changes and version["created"]
    shown = registry.show("once.bin")["manifest"]["files"][0]["sha256"]
    assert shown == hashlib.sha256(path.read_bytes()).hexdigest()
    nothing_half(registry)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_a_file_that_vanishes_before_it_is_read_fails_its_version_only(
    registry, make_file, monkeypatch, size
):
    gone, stays = make_file("two/gone.bin", os.urandom(size)), make_file("two/stays.bin")
    real = ingest.take

    def vanish(path, *rest):
        if path == os.fsencode(gone):
            gone.unlink(missing_ok=True)
        return real(path, *rest)

    monkeypatch.setattr(ingest, "take", vanish)
    with pytest.raises(NotFound) as caught:
        registry.add([os.fsencode(stays.parent)], AddOptions(each=True))
    assert "gone.bin" in str(caught.value) and "1 other versions were added" in caught.value.hint
    assert [a["name"] for a in registry.list_artifacts()["artifacts"]] == ["stays.bin"]
    nothing_half(registry)
    monkeypatch.undo()
    gone.write_bytes(os.urandom(size))
    monkeypatch.setattr(ingest, "take", vanish)
    with pytest.raises(NotFound):  # as one version it is all or nothing
        registry.add([os.fsencode(stays.parent)], AddOptions())
    assert [a["name"] for a in registry.list_artifacts()["artifacts"]] == ["stays.bin"]
    nothing_half(registry)


def test_a_file_that_vanishes_while_it_is_read_is_not_kept(registry, make_file):
    path = make_file("unlinked.bin", os.urandom(LARGE))
    with pytest.raises(NotFound, match="no such file"):
        registry.add(
            [os.fsencode(path)], AddOptions(), meddling(lambda: path.unlink(missing_ok=True))
        )
    nothing_half(registry)


@pytest.mark.skipif(not hasattr(os, "O_DIRECT"), reason="read leases exist on Linux only")
def test_a_file_that_someone_has_mapped_for_writing_is_taken_with_a_warning(registry, make_file):
    path = make_file("mapped.bin", os.urandom(LARGE))
    with open(path, "r+b") as file:
        mapping = mmap.mmap(file.fileno(), 0)
    version = add(registry, path)
    assert any("open for writing" in w for w in version["warnings"])
    mapping[:5] = b"after"
    mapping.close()
    assert registry.verify()["damaged"] == []  # what was kept did not move with the mapping
    os.utime(path)
    second = add(registry, path)
    assert second["created"] and second["warnings"] == []


def test_a_mapping_that_is_written_through_all_the_time_never_gives_a_mixture(registry, make_file):
    """Whatever is taken must be what its digest says, and the next add sees the last state."""
    path = make_file("mapped.bin", bytes(LARGE))
    stop = threading.Event()
    with open(path, "r+b") as file:
        mapping = mmap.mmap(file.fileno(), 0)

    def scribble() -> None:
        value = 0
        while not stop.is_set():
            value = (value + 1) % 256
            mapping[::4096] = bytes([value]) * (LARGE // 4096)

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        for _ in range(5):
            try:
                add(registry, path)
            except Conflict:
                continue
    finally:
        stop.set()
        thread.join()
        mapping.flush()
        mapping.close()
    assert registry.verify()["damaged"] == []
    os.utime(path)
    add(registry, path)
    shown = registry.show("mapped.bin")["manifest"]["files"][0]["sha256"]
    assert shown == hashlib.sha256(path.read_bytes()).hexdigest()
    nothing_half(registry)


def test_a_folder_that_is_filled_while_it_is_added_gives_one_state_of_each_file(
    registry, make_file
):
    folder = make_file("busy/0.bin", b"0" * 1000).parent
    for number in range(300):
        make_file(f"busy/{number}.bin", b"%d" % number * 50)
    stop = threading.Event()

    def disturb() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            (folder / f"new{number % 50}.bin").write_bytes(os.urandom(200))
            (folder / f"new{(number + 25) % 50}.bin").unlink(missing_ok=True)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        for _ in range(5):
            try:
                registry.add([os.fsencode(folder)], AddOptions(name="busy"))
            except StrongroomError as error:
                assert error.code in ("changed", "not_found"), error
            nothing_half(registry)
    finally:
        stop.set()
        thread.join()
    version = add(registry, folder, name="busy")
    assert version["files"] == len(os.listdir(folder))


@pytest.mark.parametrize("kind", ["fifo", "socket", "folder", "link to nowhere", "link to itself"])
def test_what_takes_the_place_of_a_file_is_not_mistaken_for_it(
    registry, make_file, monkeypatch, tmp_path, kind
):
    """Between the listing and the reading anything may happen; a pipe must not hang us."""
    path = make_file("model.bin")
    real = ingest.take

    def replace(location, *rest):
        path.unlink()
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "socket":
            os.mknod(path, stat.S_IFSOCK | 0o600)
        elif kind == "folder":
            path.mkdir()
        else:
            path.symlink_to(tmp_path / "nowhere" if kind == "link to nowhere" else path)
        return real(location, *rest)

    monkeypatch.setattr(ingest, "take", replace)
    began = time.monotonic()
    with pytest.raises(StrongroomError) as caught:
        registry.add([os.fsencode(path)], AddOptions())
    assert "model.bin" in str(caught.value)
    assert time.monotonic() - began < 10
    nothing_half(registry)


def test_a_cancelled_add_leaves_nothing_behind_wherever_it_is_stopped(registry, make_file):
    folder = make_file("many/large.bin", os.urandom(LARGE)).parent
    for number in range(20):
        make_file(f"many/{number}.txt", b"%d" % number)

    class Stopping(Progress):
        ticks, limit = 0, 0

        def tick(self, count: int = 0) -> None:
            self.ticks += 1
            if self.ticks == self.limit:
                self.cancel()
            super().tick(count)

    for limit in range(1, 200, 7):
        stopping = Stopping()
        stopping.limit = limit
        try:
            registry.add([os.fsencode(folder)], AddOptions(name="many"), stopping)
        except StrongroomError as error:
            assert error.code == "cancelled"
            assert registry.list_artifacts()["artifacts"] == []
            nothing_half(registry)
            continue
        break
    assert limit > 30, "it was stopped often enough"
    assert [a["name"] for a in registry.list_artifacts()["artifacts"]] == ["many"]
    nothing_half(registry)

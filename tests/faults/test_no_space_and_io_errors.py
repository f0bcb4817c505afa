"""ENOSPC and EIO at every single write: a clear error, nothing half there, and it works again.

Two disks stand in for the broken one: a layer that makes the n-th write fail, for every n until
the act succeeds (`broken_disk.py`), and a real file system of a few MiB with ever less room.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strongroom.audit.segments import Segments
from strongroom.bootstrap import create_registry, open_registry, rebuild_registry
from strongroom.disk.listing import list_source
from strongroom.domain.errors import Conflict, StrongroomError, Unreachable
from strongroom.services.add import AddOptions
from strongroom.services.ingest import Proposal, add_batch
from strongroom.services.inspection import Described, Inspector
from strongroom.services.local import LocalRegistry
from strongroom.services.progress import quiet
from strongroom.settings import Settings
from strongroom.store.folder import FolderStore
from strongroom.store.intake import StoreFailed
from tests.fast import fast_folder
from tests.faults.broken_disk import broken
from tests.journeys.commands import strongroom

EXIT_CODES = {errno.ENOSPC: 9, errno.EIO: 8}
both_errors = pytest.mark.parametrize("code", EXIT_CODES, ids=lambda code: errno.errorcode[code])


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory: thousands of rounds wait for the disk, and it is broken by other means."""
    with fast_folder() as folder:
        yield folder


@pytest.fixture(autouse=True)
def nothing_to_describe(monkeypatch):
    """What files say is read by a child process; these tests are about keeping bytes."""
    monkeypatch.setattr(Inspector, "describe", lambda self, pieces: Described())


@pytest.fixture
def low_limits(monkeypatch):
    """Blobs over 1 KiB are files of their own and manifests over 16 entries have pages, so that
    a few files pass through every kind of write."""
    for module in ("folder", "intake", "shelf"):
        monkeypatch.setattr(f"strongroom.store.{module}.SHELF_LIMIT", 1024)
    monkeypatch.setattr("strongroom.domain.manifest.MAX_SINGLE", 16)


def make_folder(folder: Path, sizes: dict[str, int], seed: int) -> Path:
    for name, size in sizes.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(hashlib.shake_128(f"{seed} {name}".encode()).digest(size))
    return folder


@pytest.fixture
def origin(tmp_path: Path, low_limits: None) -> Path:
    """A registry that holds one version and was closed; each round works on a copy."""
    registry = create_registry(tmp_path / "origin", Settings(), "cli")
    source = make_folder(tmp_path / "kept", {"a": 10, "b": 5000, "c/d": 300}, seed=1)
    registry.add([os.fsencode(source)], AddOptions(name="kept"))
    registry.close()
    return tmp_path / "origin"


MIXED = {"large": 200_000, "larger": 300_000, **{f"small/{n:02}": 50 + n for n in range(30)}}


def opened(place: Path) -> LocalRegistry:
    return open_registry(place, Settings(), "cli")


def add(registry: LocalRegistry, source: Path) -> dict:
    options = AddOptions(name="new", params={"lr": 0.1}, note="tried")
    (version,) = registry.add([os.fsencode(source)], options)["versions"]
    return version


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def check_whole(registry: LocalRegistry, kept: Path, context: str) -> None:
    """All parts agree, nothing is left over, and what was reported before is as it was."""
    place = Path(registry.place)
    health = registry.doctor()
    assert health["ok"], f"{context}: {health}"
    assert registry.verify()["damaged"] == [], context
    assert list(place.rglob("*.tmp")) == [], context
    referred = {bytes(r[0]) for r in registry.desk.engine.rows("select digest from blobs")}
    assert {s.digest for s in registry.desk.store.scan()} == referred, context
    assert registry.desk.segments.last_seq() == registry.last_change(), context
    target = place.parent / "out"
    registry.get("kept@v1", target, force=True)
    assert bytes_of(target) == bytes_of(kept), context


def check_written(registry: LocalRegistry, context: str) -> None:
    """A write failed and nobody was told: right for what is only a help (the stat cache, claims no
    longer needed) or what the reserve made good, if all that was reported is on the disk."""
    written = [e.seq for e in Segments(Path(registry.place) / "journal").entries()]
    assert written[-1] == registry.last_change(), f"{context} failed, nobody was told"


def for_every_write(
    origin: Path, code: int, act: Callable[[LocalRegistry], object], after: Callable[..., None]
) -> int:
    """Runs `act` on copies of `origin` with the 1st, 2nd, 3rd … write failing, until it is done.

    `after(registry, context)` sees the registry as the next process opens it.
    """
    place = origin.parent / "round"
    for number in range(1, 1000):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(origin, place)
        registry = opened(place)
        try:
            with broken(place, number, code) as disk:
                act(registry)
            if not disk.happened:
                return number
            context = f"write {number}, {disk.last}"
            check_written(registry, context)
        except StrongroomError as error:
            context = f"write {number}, {disk.last}: {error}"
            assert error.exit_code == EXIT_CODES[code], context
            assert error.hint, context
        finally:
            registry.close()
        again = opened(place)
        after(again, context)
        again.close()
    raise AssertionError("it never succeeds")


@both_errors
def test_an_add_that_fails_at_any_write_leaves_nothing_and_can_be_done_again(
    origin, tmp_path, code
):
    source = make_folder(tmp_path / "new", MIXED, seed=2)

    def after(registry: LocalRegistry, context: str) -> None:
        check_whole(registry, tmp_path / "kept", context)
        version = add(registry, source)
        assert (version["tag"], version["files"]) == ("v1", len(MIXED)), context
        check_whole(registry, tmp_path / "kept", context)
        assert registry.show("new@v1")["params"] == {"lr": 0.1}

    assert for_every_write(origin, code, lambda r: add(r, source), after) > 20


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_making_a_registry_that_fails_at_any_write_can_be_done_again(tmp_path, low_limits, step):
    place = tmp_path / "registry"
    source = make_folder(tmp_path / "new", MIXED, seed=2)
    for number in range(1, 400, step):
        code = list(EXIT_CODES)[number % 2]
        shutil.rmtree(place, ignore_errors=True)
        registry = None
        with broken(place, number, code) as disk:
            try:
                registry = create_registry(place, Settings(), "cli")
                add(registry, source)
                check_written(registry, disk.last)
            except StrongroomError as error:
                context = f"write {number}, {disk.last}: {error}"
                assert error.exit_code == EXIT_CODES[code], context
            finally:
                if registry is not None:
                    registry.close()
        if not disk.happened:
            break
        try:
            registry = create_registry(place, Settings(), "cli")
        except Conflict:  # it was as good as made
            registry = opened(place)
        add(registry, source)
        health = registry.doctor()
        assert health["ok"], f"{disk.last}: {health}"
        assert list(place.rglob("*.tmp")) == list(place.rglob("*.new*")) == [], disk.last
        registry.close()
    assert not disk.happened and number > 60


@both_errors
def test_a_new_shelf_that_fails_at_any_write_is_begun_again(origin, tmp_path, monkeypatch, code):
    monkeypatch.setattr("strongroom.store.folder.SEAL_BYTES", 1)
    monkeypatch.setattr(
        FolderStore.__init__, "__defaults__", (1, *FolderStore.__init__.__defaults__[1:])
    )
    small = make_folder(tmp_path / "small", {"one": 5}, seed=3)

    def after(registry: LocalRegistry, context: str) -> None:
        add(registry, small)
        check_whole(registry, tmp_path / "kept", context)

    assert for_every_write(origin, code, lambda r: add(r, small), after) > 20


@both_errors
def test_an_add_whose_journal_line_fails_says_that_it_is_done_and_the_next_act_completes_it(
    origin, tmp_path, code
):
    registry = opened(origin)
    source = make_folder(tmp_path / "new", MIXED, seed=2)
    with broken(origin / "journal", 1, code, lasting=True) as disk:
        with pytest.raises(StrongroomError) as caught:
            add(registry, source)
        assert disk.happened and caught.value.exit_code == EXIT_CODES[code]
        assert "is done" in caught.value.hint
        version = add(registry, source)  # writes nothing: it is there already
        assert (version["tag"], version["created"]) == ("v1", False)
        assert registry.desk.segments.last_seq() < registry.last_change()
    registry.note("new@v1", "there is room again")
    check_whole(registry, tmp_path / "kept", "after the next act")
    assert [e.action for e in registry.desk.segments.entries()][-3:] == [
        "version.committed",
        "version.noted",
        "version.noted",
    ]
    registry.close()


# ---------------------------------------------------------------- a real disk that is full


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 96 MiB; where none may be mounted the tests above are what there is."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here; only the fault layer was tested")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


class Filler:
    """A file that takes all the room of a disk but so much."""

    def __init__(self, disk: Path) -> None:
        self.path = disk / "filler"

    def leave(self, room: int) -> None:
        with open(self.path, "wb") as out:
            state = os.statvfs(self.path.parent)
            os.posix_fallocate(out.fileno(), 0, state.f_bavail * state.f_frsize - room)

    def remove(self) -> None:
        self.path.unlink()


def test_adding_with_ever_less_room_is_refused_cleanly(small_disk, tmp_path):
    source = make_folder(tmp_path / "new", MIXED, seed=2)
    kept = make_folder(tmp_path / "kept", {"a": 10, "b": 70_000}, seed=1)
    registry = create_registry(tmp_path / "origin", Settings(), "cli")
    registry.add([os.fsencode(kept)], AddOptions(name="kept"))
    registry.close()
    place, filler = small_disk / "registry", Filler(small_disk)
    refused = 0
    for room in range(0, 4 << 20, 48 << 10):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(tmp_path / "origin", place)
        (place / "local" / "reserve").unlink()  # used up already
        filler.leave(room)
        context, done = f"{room >> 10} KiB of room", False
        try:
            registry = opened(place)
            try:
                add(registry, source)
                done = True
            finally:
                registry.close()
        except StrongroomError as error:
            refused += 1
            assert error.exit_code == 9, f"{context}: {error!r} {error}"
        filler.remove()
        registry = opened(place)
        check_whole(registry, kept, context)
        assert add(registry, source)["created"] is not done, context
        check_whole(registry, kept, context)
        registry.close()
        if done:
            break
    assert done and refused > 5


def test_what_is_stored_can_be_listed_and_read_on_a_full_disk(small_disk, tmp_path):
    kept = make_folder(tmp_path / "kept", {"a": 10, "b": 70_000}, seed=1)
    place, filler = small_disk / "registry", Filler(small_disk)
    registry = create_registry(place, Settings(), "cli")
    registry.close()
    opened(place).close()
    registry = opened(place)
    registry.add([os.fsencode(kept)], AddOptions(name="kept"))
    registry.close()
    filler.leave(0)
    registry = opened(place)
    assert [a["name"] for a in registry.list_artifacts()["artifacts"]] == ["kept"]
    registry.get("kept", tmp_path / "out")
    assert bytes_of(tmp_path / "out") == bytes_of(kept)
    registry.close()
    filler.remove()
    opened(place).close()
    assert (place / "local" / "reserve").stat().st_size > 0, "the reserve is filled again"


def test_a_failing_store_is_not_blamed_on_the_file_that_was_just_read(origin, tmp_path):
    """A watcher would pass the file over for ever; the store's trouble stops the batch instead."""
    registry = opened(origin)
    source = make_folder(tmp_path / "new", {"large": 200_000}, seed=3)
    (listing,) = [list_source(os.fsencode(source), follow_outside=True)]
    proposal = Proposal("new", tuple(listing.files))
    with broken(origin / "staging", 1, errno.EIO), pytest.raises(StoreFailed):
        add_batch(registry.desk, [proposal], quiet())
    (outcome,) = add_batch(registry.desk, [proposal], quiet())
    assert outcome.error is None and outcome.created
    registry.close()


def test_the_command_line_says_in_one_line_that_the_disk_is_full(small_disk, tmp_path):
    place, filler = small_disk / "registry", Filler(small_disk)
    source = make_folder(tmp_path / "large", {"large": 3 << 20}, seed=5)
    strongroom("init", place)
    strongroom("add", make_folder(tmp_path / "kept", {"a": 10}, seed=1), registry=place)
    filler.leave(2 << 20)
    for command in (["add", source], ["add", "--json", source]):
        said = strongroom(*command, registry=place, code=9).stderr
        assert said.count("\n") == 1 and "full" in said and "free some space" in said
    filler.leave(0)
    assert "kept" in strongroom("list", registry=place).stdout
    strongroom("get", "kept", tmp_path / "out", registry=place)
    filler.remove()
    strongroom("add", source, registry=place)
    strongroom("doctor", registry=place)


# ---------------------------------------------------------------- handing out, and rebuilding


@both_errors
@pytest.mark.parametrize("before", [None, "a file", "a folder"])
def test_a_get_that_fails_at_any_write_leaves_what_was_there(origin, tmp_path, code, before):
    registry = opened(origin)
    target = tmp_path / "out" / "copy"
    for number in range(1, 100):
        shutil.rmtree(target.parent, ignore_errors=True)
        target.parent.mkdir()
        if before == "a file":
            target.write_bytes(b"the user's own")
        elif before == "a folder":
            make_folder(target, {"a": 20}, seed=9)
        was = bytes_of(target.parent)
        with broken(target.parent, number, code) as disk:
            try:
                registry.get("kept@v1", target, force=before is not None)
                assert not disk.happened, f"{disk.last} failed and nobody was told"
                break
            except StrongroomError as error:
                assert error.exit_code == EXIT_CODES[code], f"{disk.last}: {error}"
        if bytes_of(target.parent) != was:  # only what came after it took its place
            assert "fsync" in disk.last and disk.last.endswith("/out"), disk.last
            assert bytes_of(target) == bytes_of(tmp_path / "kept"), disk.last
        assert [p.name for p in target.parent.iterdir()] in ([], ["copy"]), disk.last
    assert number > 8
    assert bytes_of(target) == bytes_of(tmp_path / "kept")
    registry.close()


@both_errors
def test_a_get_of_one_file_that_fails_at_any_write_leaves_nothing(origin, tmp_path, code):
    registry = opened(origin)
    source = make_folder(tmp_path / "one", {"model.bin": 150_000}, seed=4) / "model.bin"
    registry.add([os.fsencode(source)], AddOptions())
    out = tmp_path / "out"
    out.mkdir()
    for number in range(1, 100):
        with broken(out, number, code) as disk:
            try:
                registry.get("model.bin", out / "copy")
                break
            except StrongroomError as error:
                assert error.exit_code == EXIT_CODES[code], f"{disk.last}: {error}"
        if disk.last.startswith("fsync") and disk.last.endswith("/out"):
            (out / "copy").unlink()
        assert list(out.iterdir()) == [], disk.last
    assert not disk.happened and number > 4
    assert (out / "copy").read_bytes() == source.read_bytes()
    registry.close()


def test_a_get_onto_a_full_disk_is_refused_cleanly(small_disk, tmp_path, registry):
    source = make_folder(tmp_path / "new", MIXED, seed=2)
    registry.add([os.fsencode(source)], AddOptions(name="new"))
    filler, target = Filler(small_disk), small_disk / "copy"
    for room in range(0, 2 << 20, 64 << 10):
        filler.leave(room)
        try:
            registry.get("new", target)
            break
        except StrongroomError as error:
            assert error.exit_code == 9, f"{room >> 10} KiB of room: {error}"
            assert [p.name for p in small_disk.iterdir()] == ["filler"]
    assert room > 256 << 10
    assert bytes_of(target) == bytes_of(source)


@pytest.mark.parametrize("first", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_rebuild_that_fails_at_any_write_leaves_the_old_catalog_and_can_be_done_again(
    origin, tmp_path, first
):
    place = tmp_path / "round"
    for number in range(1, 200):
        code = list(EXIT_CODES)[(number + first) % 2]  # full and broken by turns
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(origin, place)
        with broken(place, number, code) as disk:
            try:
                assert rebuild_registry(place)["problems"] == [], disk.last
                break
            except StrongroomError as error:
                context = f"write {number}, {disk.last}: {error}"
                assert error.exit_code == EXIT_CODES[code], context
        assert list(place.glob("catalog.rebuilt*")) == [], context
        registry = opened(place)  # with what it had before
        check_whole(registry, tmp_path / "kept", context)
        registry.close()
        rebuild_registry(place)
    assert not disk.happened and number > 10
    registry = opened(place)
    check_whole(registry, tmp_path / "kept", "after all")
    registry.close()


def test_a_rebuild_on_a_full_disk_is_refused_and_the_catalog_stays(small_disk, tmp_path):
    kept = make_folder(tmp_path / "kept", {"a": 10, "b": 70_000}, seed=1)
    place, filler = small_disk / "registry", Filler(small_disk)
    registry = create_registry(place, Settings(), "cli")
    registry.add([os.fsencode(kept)], AddOptions(name="kept"))
    registry.close()
    refused = 0
    for room in range(64 << 10, 4 << 20, 64 << 10):
        (place / "local" / "reserve").unlink(missing_ok=True)  # used up already
        filler.leave(room)
        try:
            rebuild_registry(place)
            break
        except StrongroomError as error:
            refused += 1
            assert error.exit_code == 9, f"{room >> 10} KiB of room: {error}"
        filler.remove()
        registry = opened(place)
        registry.get("kept@v1", tmp_path / "out", force=True)
        assert bytes_of(tmp_path / "out") == bytes_of(kept)
        registry.close()
    assert refused > 3
    filler.remove()
    registry = opened(place)
    check_whole(registry, kept, "after all")
    registry.close()


def test_a_store_that_does_not_answer_stops_the_rebuild_instead_of_losing_versions(
    origin, monkeypatch
):
    def fail(self, digest):
        raise Unreachable("reading failed (Input/output error)", "shelf", "check the disk")

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "read", fail)
        with pytest.raises(Unreachable):
            rebuild_registry(origin)
    registry = opened(origin)
    assert [a["name"] for a in registry.list_artifacts()["artifacts"]] == ["kept"]
    registry.close()

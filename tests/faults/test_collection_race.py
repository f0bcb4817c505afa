"""Adding, cancelling, failing and collecting at once: what is referred to is never lost.

All who take part make the same contents at the same time, so that one's bytes are another's
duplicate just while a third deletes what nobody refers to.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import shutil
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from strongroom.bootstrap import create_registry, open_registry
from strongroom.catalog import claims
from strongroom.disk.listing import SourceFile, list_source
from strongroom.domain.errors import Cancelled, Conflict
from strongroom.domain.timestamps import now
from strongroom.services import collect, doctor, ingest
from strongroom.services.add import AddOptions
from strongroom.services.ingest import Proposal, add_batch
from strongroom.services.inspection import Described, Inspector
from strongroom.services.local import LocalRegistry
from strongroom.services.progress import Progress
from strongroom.settings import Settings
from strongroom.store.shelf import Shelves
from tests.conftest import add

#: Seconds for which one set of contents is what everybody adds.
MOMENT = 0.15


@pytest.fixture(autouse=True)
def nothing_to_describe(monkeypatch):
    monkeypatch.setattr(Inspector, "describe", lambda self, pieces: Described())


def content(moment: int, number: int) -> bytes:
    size = 70_000 if number % 4 == 0 else 500
    return hashlib.shake_128(f"{moment} {number}".encode()).digest(size)


def make_folder(folder: Path, rng: random.Random) -> dict[str, str]:
    """Three of the moment's eight contents; their SHA-256 by name."""
    moment, made = int(time.monotonic() / MOMENT), {}
    folder.mkdir(parents=True)
    for number in rng.sample(range(8), 3):
        data = content(moment, number)
        (folder / f"{number}.bin").write_bytes(data)
        made[f"{number}.bin"] = hashlib.sha256(data).hexdigest()
    return made


class Stopped(Progress):
    """Stops the work by itself, after so many ticks."""

    def __init__(self, ticks: int) -> None:
        super().__init__()
        self.ticks = ticks

    def tick(self, count: int = 0) -> None:
        self.ticks -= 1
        if self.ticks == 0:
            self.cancel()
        super().tick(count)


def take_part(
    registry: LocalRegistry, work: Path, name: str, until: float
) -> list[tuple[str, dict[str, str]]]:
    """Adds and gives up at random; what was reported as kept comes back."""
    rng, reported, count = random.Random(name), [], 0

    def give_up(recorder: object, outcomes: object) -> None:
        raise Cancelled("stopped in the committing transaction")

    while time.monotonic() < until:
        count += 1
        folder = work / name / str(count)
        made = make_folder(folder, rng)
        kind = rng.random()
        try:
            if kind < 0.15:  # what a process that died before its commit leaves
                data = [(folder / name).read_bytes() for name in made]
                small = [(hashlib.sha256(d).digest(), d) for d in data if len(d) < 1000]
                registry.desk.store.put_small(small)
            elif kind < 0.5:
                options = AddOptions(name=name, new_version=True)
                (version,) = registry.add([os.fsencode(folder)], options)["versions"]
                reported.append((f"{name}@{version['tag']}", made))
            elif kind < 0.75:
                options = AddOptions(name=name, new_version=True)
                (version,) = registry.add(
                    [os.fsencode(folder)], options, Stopped(rng.randrange(1, 14))
                )["versions"]
                reported.append((f"{name}@{version['tag']}", made))
            elif kind < 0.85:
                files = list_source(os.fsencode(folder), follow_outside=True).files
                add_batch(registry.desk, [Proposal(name, tuple(files))], Progress(), give_up)
            else:  # one file vanishes, so its version fails and the other does not
                files = list_source(os.fsencode(folder), follow_outside=True).files
                next(iter(folder.iterdir())).unlink()
                other = Proposal(name, (replace_path(files[-1]),), new_version=True)
                for outcome in add_batch(
                    registry.desk, [Proposal(name, tuple(files)), other], Progress()
                ):
                    if outcome.version is not None:
                        reported.append((f"{name}@v{outcome.version.n}", {}))
        except Cancelled:
            pass
        shutil.rmtree(folder)
    return reported


def replace_path(file):
    return file.replaced(path=b"alone")


def collect_all_the_time(registry: LocalRegistry, until: float) -> int:
    deleted = 0
    while time.monotonic() < until:
        deleted += collect.collect(registry.desk, grace=0).deleted
    return deleted


def look_all_the_time(registry: LocalRegistry, until: float) -> int:
    """Health is judged while all this goes on, and must never be called bad."""
    looks = 0
    while time.monotonic() < until:
        health = doctor.check(registry.desk)
        assert health["ok"], health
        assert registry.verify()["damaged"] == []
        looks += 1
    return looks


def as_a_process(place: Path, work: Path, role: str, until: float):
    Inspector.describe = lambda self, pieces: Described()  # type: ignore[method-assign]
    registry = open_registry(place, Settings(), "cli")
    try:
        return play(registry, work, role, until)
    finally:
        registry.close()


def play(registry: LocalRegistry, work: Path, role: str, until: float):
    if role == "collector":
        return collect_all_the_time(registry, until)
    if role == "looker":
        return look_all_the_time(registry, until)
    return take_part(registry, work, role, until)


def check_nothing_lost(registry: LocalRegistry, results: dict[str, object]) -> None:
    reported = [r for role, found in results.items() if role[0] == "w" for r in found]
    enough = len(reported) > 10 and results["collector"] > 3 and results["looker"] > 1
    assert enough, "too little happened to say anything"
    for reference, made in reported:
        files = registry.show(reference)["manifest"]["files"]
        if made:
            assert {f["path"]: f["sha256"] for f in files} == made, reference
    health = registry.doctor()
    assert health["ok"], health
    assert registry.verify()["damaged"] == []
    collect.collect(registry.desk, grace=0)
    collect.collect(registry.desk, grace=0)
    assert registry.verify()["damaged"] == []
    referred = {bytes(r[0]) for r in registry.desk.engine.rows("select digest from blobs")}
    assert {s.digest for s in registry.desk.store.scan()} == referred, "something is left over"
    assert list(registry.desk.store.staging.iterdir()) == []
    assert registry.desk.engine.rows("select * from claims") == []


ROLES = ["w1", "w2", "w3", "collector", "looker"]


def run_processes(tmp_path: Path, seconds: float) -> None:
    place = tmp_path / "registry"
    registry = create_registry(place, Settings(), "cli")
    until = time.monotonic() + seconds
    with ProcessPoolExecutor(
        len(ROLES), mp_context=multiprocessing.get_context("spawn")
    ) as processes:
        futures = {
            role: processes.submit(as_a_process, place, tmp_path / "work", role, until)
            for role in ROLES
        }
        results = {role: future.result() for role, future in futures.items()}
    check_nothing_lost(registry, results)
    registry.close()


def test_processes_that_add_cancel_and_collect_at_once_lose_nothing(tmp_path):
    run_processes(tmp_path, 8)


@pytest.mark.slow
def test_processes_that_add_cancel_and_collect_for_minutes_lose_nothing(tmp_path):
    run_processes(tmp_path, 150)


def test_threads_that_add_cancel_and_collect_at_once_lose_nothing(registry, tmp_path):
    until = time.monotonic() + 5
    with ThreadPoolExecutor(len(ROLES)) as threads:
        futures = {
            role: threads.submit(play, registry, tmp_path / "work", role, until) for role in ROLES
        }
        results = {role: future.result() for role, future in futures.items()}
    check_nothing_lost(registry, results)


# ---------------------------------------------------------------- single moments of it


@pytest.fixture
def two_files(make_file) -> list[SourceFile]:
    for name in ("1.bin", "2.bin"):
        make_file(f"two/{name}", os.urandom(100_000))
    folder = make_file("two/1.bin", os.urandom(100_000)).parent
    return list_source(os.fsencode(folder), follow_outside=True).files


def while_the_second_is_read(monkeypatch, before, after=lambda: None) -> None:
    """Makes each file a group of its own; calls `before` and `after` around the second one."""
    monkeypatch.setattr(ingest, "GROUP_FILES", 1)
    real, calls = ingest.take, []

    def taking(*arguments):
        calls.append(1)
        if len(calls) == 2:
            before()
        taken = real(*arguments)
        if len(calls) == 2:
            after()
        return taken

    monkeypatch.setattr(ingest, "take", taking)


def test_an_add_that_stood_still_past_its_claims_does_not_commit_what_was_collected(
    registry, two_files, monkeypatch
):
    """As a computer that slept for a night while a large file was read."""

    def sleep_and_collect() -> None:
        with registry.desk.engine.quick() as tx:
            tx.execute("update owners set heartbeat = heartbeat - ?", (claims.CLAIM_LIFE,))
        assert collect.collect(registry.desk, grace=0).deleted == 1

    while_the_second_is_read(monkeypatch, sleep_and_collect)
    with pytest.raises(Conflict, match="claims ran out"):
        add_batch(registry.desk, [Proposal("late", tuple(two_files))], Progress())
    assert registry.doctor()["ok"]
    assert registry.list_artifacts()["artifacts"] == []


def test_a_long_read_keeps_its_claims_alive(registry, two_files, monkeypatch):
    monkeypatch.setattr("strongroom.services.claiming.HEARTBEAT", 0.0)

    def grow_old() -> None:
        with registry.desk.engine.quick() as tx:
            tx.execute("update owners set heartbeat = ?", (now() - claims.CLAIM_LIFE + 10**6,))

    def collect_later() -> None:
        time.sleep(1.1)  # past the life that the claims had when reading began
        assert collect.collect(registry.desk, grace=0).deleted == 0

    while_the_second_is_read(monkeypatch, grow_old, collect_later)
    (outcome,) = add_batch(registry.desk, [Proposal("long", tuple(two_files))], Progress())
    assert outcome.created
    assert registry.doctor()["ok"]


def test_bytes_that_another_process_just_stored_are_never_taken_away_for_a_moment(
    registry, make_file, monkeypatch
):
    data = b"both add this"
    other = [(hashlib.sha256(data).digest(), data)]
    claims.claim(registry.desk.engine, "another process", [other[0][0]], now())
    registry.desk.store.put_small(other)

    def no_removal(self, digests):
        raise AssertionError("they would be gone if we died just now")

    monkeypatch.setattr(Shelves, "remove", no_removal)
    version = add(registry, make_file("same.txt", data))
    assert version["created"]


def test_what_failed_leaves_the_bytes_that_another_process_claims(registry, make_file, tmp_path):
    folder = make_file("pair/a.txt", b"wanted by two").parent
    make_file("pair/b.txt", b"vanishes")
    files = list_source(os.fsencode(folder), follow_outside=True).files
    digest = hashlib.sha256(b"wanted by two").digest()
    (folder / "b.txt").unlink()
    claims.claim(registry.desk.engine, "another process", [digest], now())
    (outcome,) = add_batch(registry.desk, [Proposal("pair", tuple(files))], Progress())
    assert outcome.error is not None
    assert registry.desk.store.read(digest) == b"wanted by two"
    claims.release(registry.desk.engine, "another process")
    collect.collect(registry.desk, grace=0)
    assert registry.desk.store.locate(digest) is None


def test_an_unfinished_shelf_of_a_crash_is_no_shelf_and_is_made_anew(registry, make_file):
    folder = registry.desk.store.shelves.folder
    assert registry.desk.store.shelves.numbers() == []
    (folder / "000001.new").write_bytes(b"half a database")
    (folder / "000001.new-wal").write_bytes(b"and its log")
    add(registry, make_file("a.txt"))
    assert sorted(p.name for p in folder.glob("*.new*")) == []
    assert registry.doctor()["ok"]


def test_a_run_folder_of_a_failed_version_is_not_kept_for_nobody(registry, make_file):
    """When one file of a version cannot be read, the bytes of its other files go again."""
    folder = make_file("many/0.txt").parent
    for number in range(1, 40):
        make_file(f"many/{number}.txt", b"%d" % number)
    make_file("many/large.bin", b"L" * 100_000)
    files = list_source(os.fsencode(folder), follow_outside=True).files
    (folder / "9.txt").unlink()
    whole = Proposal("whole", (files[0],))
    failed, done = add_batch(registry.desk, [Proposal("many", tuple(files)), whole], Progress())
    assert failed.error is not None and done.created
    referred = {bytes(r[0]) for r in registry.desk.engine.rows("select digest from blobs")}
    assert {s.digest for s in registry.desk.store.scan()} == referred
    assert hashlib.sha256(b"12").digest() not in referred

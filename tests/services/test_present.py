"""That something is there already is believed only after looking: rows, bytes, open files, jobs."""

from __future__ import annotations

import contextlib
import errno
import os
from hashlib import sha256
from pathlib import Path

import pytest

from strongroom.bootstrap import create_registry, open_registry
from strongroom.catalog import blobs, jobs
from strongroom.disk import durable, reserve, sqlite
from strongroom.disk.listing import Stat
from strongroom.domain.errors import Conflict, Damaged
from strongroom.services import collect, runs, swaps
from strongroom.services.runs import RunWriter, empty_document
from strongroom.settings import Settings
from strongroom.store.folder import FolderStore
from strongroom.worker.loop import Worker
from tests.conftest import add


def row_of(registry, data: bytes) -> tuple[object, bytes]:
    """The shelf's connection and the digest of a small blob."""
    shelves = registry.desk.store.shelves
    return shelves._connection(shelves.numbers()[0]), sha256(data).digest()


@pytest.fixture
def trusting(monkeypatch):
    """The stat cache trusts files at once."""
    monkeypatch.setattr("strongroom.store.stat_cache._TRUST_AFTER_NS", -(10**18))


# ---------------------------------------------------------------- rows and their bytes


@pytest.mark.parametrize(
    "change",
    [
        "update blobs set data = x'00' || substr(data, 2) where digest = ?",
        "update blobs set data = zeroblob(length(data)) where digest = ?",
        "update blobs set data = x'' where digest = ?",
        "delete from blobs where digest = ?",
    ],
)
def test_a_row_that_is_not_what_it_should_be_is_no_reason_not_to_store(
    registry, make_file, tmp_path, change
):
    path = make_file("a.txt", b"the same bytes")
    add(registry, path, name="first")
    shelf, digest = row_of(registry, b"the same bytes")
    shelf.execute(change, (digest,))
    os.utime(path)
    assert add(registry, path, name="second")["created"]
    for name in ("first", "second"):
        registry.get(name, tmp_path / name)
        assert (tmp_path / name).read_bytes() == b"the same bytes"
    assert registry.doctor()["ok"]


@pytest.mark.parametrize("many", [3, 150])
def test_rows_that_are_gone_are_noticed_where_nothing_is_read(
    registry, make_file, tmp_path, trusting, many
):
    """The folder is as it was, so that only the store is asked; of few files and of many."""
    for n in range(many):
        folder = make_file(f"set/{n}.txt", b"file %d" % n).parent
    first = add(registry, folder)
    connection, _ = row_of(registry, b"file 0")
    for n in (0, many - 1):
        connection.execute(
            "delete from blobs where digest = ?", (row_of(registry, b"file %d" % n)[1],)
        )
    again = add(registry, folder)
    assert (again["created"], again["content_digest"]) == (False, first["content_digest"])
    registry.get("set", tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == many


def test_a_record_that_is_damaged_is_not_taken_for_the_one_to_be_stored(registry, make_file):
    """Two names, the same bytes and nothing said of them: one record."""
    version = add(registry, make_file("x/a.txt"), name="first")
    record = bytes.fromhex(version["record_digest"].removeprefix("sha256:"))
    shelf, _ = row_of(registry, b"")
    shelf.execute("update blobs set data = x'7b7d' where digest = ?", (record,))
    assert (
        add(registry, make_file("y/a.txt"), name="second")["record_digest"]
        == version["record_digest"]
    )
    assert registry.show("first")["record"] == registry.show("second")["record"]


def test_a_large_document_that_is_damaged_is_written_again(registry, make_file, monkeypatch):
    monkeypatch.setattr("strongroom.store.folder.SHELF_LIMIT", 100)
    version = add(registry, make_file("a.txt"), name="first")
    path = registry.desk.store.object_path(bytes.fromhex(version["content_digest"][-64:]))
    os.chmod(path, 0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    add(registry, make_file("a.txt"), name="second")
    assert (
        registry.show("first")["manifest"]["files"] == registry.show("second")["manifest"]["files"]
    )


def test_a_file_that_was_open_for_writing_is_read_again_the_next_time(
    registry, make_file, trusting, tmp_path
):
    path = make_file("log.txt", b"first")
    with open(path, "r+b") as writer:
        version = add(registry, path)
        assert any("open for writing" in w for w in version["warnings"])
        stat = os.stat(path)
        writer.write(b"FIRST")
        writer.flush()
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    cached = registry.desk.stats.look_up([_stat(path)])
    assert cached == [None]
    assert add(registry, path)["tag"] == "v2"


def _stat(path: Path):
    return Stat.of(os.stat(path))


# ---------------------------------------------------------------- run documents are claimed


def test_a_run_document_is_not_collected_before_its_run_is_recorded(registry):
    desk = registry.desk
    document = empty_document("job", started_at=5)
    writer = RunWriter(desk)
    draft = writer.keep("r1", document)
    digest = bytes.fromhex(draft.details["document"].removeprefix("sha256:"))
    assert collect.collect(desk, grace=0).deleted == 0
    with writer.recording() as recorder:
        recorder.write(draft)
    assert blobs.places(desk.engine, [digest]), "where it lies is noted"
    assert collect.collect(desk, grace=0).deleted == 0
    assert registry.show_run("r1")["run"]["name"] == "job"


def test_a_run_document_that_was_condemned_long_ago_is_needed_again(registry):
    """The same document was said of a run before, replaced, and its day is over just now."""
    desk = registry.desk
    runs.begin(desk, "old", empty_document("job", started_at=5))
    registry.finish_run("old")
    collect.collect(desk)
    writer = RunWriter(desk)
    draft = writer.keep("new", empty_document("job", started_at=5))
    assert collect.collect(desk, grace=0).deleted == 0
    with writer.recording() as recorder:
        recorder.write(draft)
    assert registry.verify()["damaged"] == [] and registry.doctor()["ok"]


# ---------------------------------------------------------------- jobs whose end was not noted


def killed_after(registry, kind: str, arguments: dict) -> dict:
    """Does a job's work as a worker that dies before it says so, then lets another go on."""
    desk = registry.desk
    number = registry.enqueue(kind, arguments)
    worker = Worker(registry, Settings(), lambda event: None)
    finish = jobs.finish

    class Killed(BaseException):
        pass

    def die(*arguments):
        raise Killed

    jobs.finish = die
    try:
        with pytest.raises(Killed):
            worker.round()
    finally:
        jobs.finish = finish
    with desk.engine.quick() as tx:
        tx.execute("update jobs set lease_until = 0")
    Worker(registry, Settings(), lambda event: None).run_once()
    return registry.job(number)


def test_an_export_whose_process_died_after_it_is_done(registry, make_file, tmp_path):
    for n in range(3):
        folder = make_file(f"set/{n}.txt", b"file %d" % n).parent
    add(registry, folder)
    add(registry, make_file("one.txt", b"alone"))
    for reference, into in (("set", "folder"), ("one.txt", "file")):
        job = killed_after(
            registry, "export", {"reference": reference, "into": str(tmp_path / into)}
        )
        assert job["state"] == "done", job
        assert job["result"]["verified"]


def test_an_export_is_not_done_where_something_else_came_to_lie(registry, make_file, tmp_path):
    add(registry, make_file("one.txt", b"alone"))
    into = tmp_path / "out"
    number = registry.enqueue("export", {"reference": "one.txt", "into": str(into)})
    into.write_bytes(b"of the user")
    with registry.desk.engine.quick() as tx:
        tx.execute("update jobs set attempts = 1")
    Worker(registry, Settings(), lambda event: None).run_once()
    assert registry.job(number)["state"] == "failed"
    assert into.read_bytes() == b"of the user"


def test_an_add_whose_process_died_after_it_says_what_it_made(registry, make_file):
    add(registry, make_file("old.txt", b"was there before"))
    paths = [make_file("old.txt", b"was there before"), make_file("new.txt", b"new")]
    job = killed_after(registry, "add", {"paths": [os.fsencode(p).hex() for p in paths]})
    assert job["state"] == "done"
    assert {v["ref"]: v["created"] for v in job["result"]["versions"]} == {
        "old.txt@v1": False,
        "new.txt@v1": True,
    }


# ---------------------------------------------------------------- making and replacing


@pytest.mark.parametrize("left", ["folders", "temporary", "marker", "catalog"])
def test_a_registry_whose_making_was_cut_short_is_made_by_the_next_init(tmp_path, left, make_file):
    place = tmp_path / "r"
    if left == "folders":
        (place / "objects").mkdir(parents=True)
        (place / "local").mkdir()
    else:
        create_registry(place, Settings(), "cli").close()
        for path in (place / "journal").glob("*.jsonl"):
            path.unlink()
        for path in place.glob("catalog.*"):
            path.unlink()
        if left == "temporary":
            (place / "registry.json").rename(place / ".registry.json.abc.tmp")
        elif left == "catalog":
            (place / "catalog.db").touch()
    registry = create_registry(place, Settings(), "cli")
    assert registry.last_change() == 1
    add(registry, make_file("a.txt"))
    assert registry.doctor()["ok"], registry.doctor()
    registry.close()
    assert list(place.glob(".registry*")) == []
    with pytest.raises(Conflict):
        create_registry(place, Settings(), "cli")


def test_a_folder_of_somebody_else_is_not_made_a_registry(tmp_path):
    (tmp_path / "r" / "objects").mkdir(parents=True)
    (tmp_path / "r" / "objects" / "mine").write_text("mine")
    with pytest.raises(Conflict, match="not empty"):
        create_registry(tmp_path / "r", Settings(), "cli")


@pytest.fixture
def two_versions(registry, make_file, tmp_path):
    """`set@v1` and `set@v2` of three files, and v1 at `out`."""
    for n in range(3):
        folder = make_file(f"set/{n}.txt", b"old %d" % n).parent
    add(registry, folder)
    for n in range(3):
        make_file(f"set/{n}.txt", b"new %d" % n)
    add(registry, folder)
    registry.get("set@v1", tmp_path / "out")
    return tmp_path / "out"


def content(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("swapping", [True, False])
def test_forced_over_a_folder_there_is_always_one_of_the_two(
    registry, reopen, two_versions, monkeypatch, swapping
):
    """Also where the system cannot swap names: then a crash leaves none for the moment, and the
    next start puts the old one back.
    """
    if not swapping:
        monkeypatch.setattr(swaps, "exchange", lambda a, b: False)
    old, new = [b"old 0", b"old 1", b"old 2"], [b"new 0", b"new 1", b"new 2"]
    for step in (1, 2):
        child = os.fork()
        if not child:  # dies as a killed process does, right behind the step-th change of a name
            _die_behind(step)
            with contextlib.suppress(BaseException):
                reopen().get("set@v2", two_versions, force=True)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 9 or (swapping and step == 2)
        reopen()
        assert content(two_versions) in (old, new), step
        assert not [p for p in two_versions.parent.iterdir() if p.name.startswith(".strongroom")]
        registry.get("set@v1", two_versions, force=True)


def _die_behind(step: int) -> None:
    steps: list[int] = []

    def dying(function):
        def wrapper(*arguments):
            done = function(*arguments)
            if done is not False:
                steps.append(1)
                if len(steps) == step:
                    os._exit(9)
            return done

        return wrapper

    swaps.exchange = dying(swaps.exchange)
    os.rename = dying(os.rename)


@pytest.mark.parametrize("reference", ["set@v2", "one.txt"])
@pytest.mark.parametrize("other", ["thesis.tex", "sub/x", "empty/", "0.txt/inside", "link"])
def test_forced_over_a_folder_with_anything_else_is_refused(
    registry, two_versions, make_file, reference, other
):
    """A folder in the place of a file, an empty one and a link are something else too."""
    add(registry, make_file("one.txt", b"alone"))
    path = two_versions / other
    if other.startswith("0.txt"):
        (two_versions / "0.txt").unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    if other.endswith("/"):
        path.mkdir()
    elif other == "link":
        path.symlink_to(two_versions / "1.txt")
    else:
        path.write_text("precious")
    before = {p: p.is_dir() or p.read_bytes() for p in two_versions.rglob("*")}
    with pytest.raises(Conflict, match="something else"):
        registry.get(reference, two_versions, force=True)
    assert {p: p.is_dir() or p.read_bytes() for p in two_versions.rglob("*")} == before
    assert [p.name for p in two_versions.parent.iterdir() if p.name.startswith(".strong")] == []


def test_forced_over_a_part_of_itself_or_an_empty_folder(registry, two_versions, tmp_path):
    (two_versions / "1.txt").unlink()
    registry.get("set@v2", two_versions, force=True)
    assert content(two_versions) == [b"new 0", b"new 1", b"new 2"]
    (tmp_path / "empty").mkdir()
    registry.get("set@v2", tmp_path / "empty", force=True)
    assert len(content(tmp_path / "empty")) == 3


def test_a_full_disk_without_any_reserve_is_still_read_from(registry, make_file, monkeypatch):
    """SQLite is refused every new file beside its databases."""
    add(registry, make_file("a.txt", b"some bytes"))
    place = registry.desk.place.root
    registry.close()
    (place / "local" / "reserve").unlink(missing_ok=True)
    real, refused = sqlite._connect, []

    def full(path, durable, mode, alone=False):
        if not alone:
            refused.append(path)
            raise sqlite.OperationalError("database or disk is full")
        return real(path, durable, mode, alone)

    monkeypatch.setattr(sqlite, "_connect", full)
    monkeypatch.setattr(sqlite, "is_full", lambda path: True)
    again = open_registry(place, Settings(), "cli")
    assert [a["name"] for a in again.list_artifacts()["artifacts"]] == ["a.txt"]
    assert b"".join(again.cat("a.txt", "a.txt")) == b"some bytes"
    again.close()
    assert refused and not (place / "local" / "reserve").stat().st_size


def test_the_reserve_is_given_back_in_parts_and_taken_again(tmp_path):
    (tmp_path / "local").mkdir()
    reserve.tend(tmp_path)
    path = tmp_path / "local" / "reserve"
    assert path.stat().st_size == reserve.RESERVE
    parts = 0
    while reserve.release(tmp_path / "catalog.db"):
        parts += 1
        assert path.stat().st_size == max(0, reserve.RESERVE - parts * (256 << 10))
    assert parts == 8
    reserve.tend(tmp_path)
    assert path.stat().st_size == reserve.RESERVE


def test_names_are_made_durable_up_to_the_root_of_the_disk(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(durable, "sync_folder", lambda folder: synced.append(Path(folder)))
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    durable.sync_names(folder)
    assert synced[:3] == [folder, folder.parent, tmp_path]


def test_exchange_swaps_or_says_that_it_cannot(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.mkdir()
    b.write_text("b")
    if durable.exchange(a, b):
        assert a.read_text() == "b" and b.is_dir()
    else:
        assert a.is_dir() and b.read_text() == "b"
    with pytest.raises(OSError) as caught:
        durable.exchange(a, tmp_path / "nowhere")
    assert caught.value.errno == errno.ENOENT


def test_a_broken_shelf_stands_in_the_way_of_nobody(registry, make_file, tmp_path):
    add(registry, make_file("small.txt", b"small"))
    add(registry, make_file("large.bin", b"L" * 100_000))
    registry.desk.store.close()
    shelf = registry.desk.store.shelves.path(1)
    data = bytearray(shelf.read_bytes())
    data[:4096] = os.urandom(4096)
    shelf.write_bytes(data)
    for side in ("-wal", "-shm"):
        Path(f"{shelf}{side}").unlink(missing_ok=True)
    assert add(registry, make_file("new.txt", b"new"))["created"]
    registry.get("new.txt", tmp_path / "new")
    with pytest.raises(Damaged, match=r"000001\.db"):
        registry.get("small.txt", tmp_path / "small")
    found = registry.verify()
    large = registry.desk.store.object_path(
        bytes.fromhex(
            registry.desk.engine.rows("select hex(digest) from blobs where size=100000")[0][0]
        )
    )
    assert large.exists() and found["checked"] > len(found["damaged"]) > 0
    repaired = registry.verify(repair=True)
    assert len(repaired["repaired"]) == len(repaired["damaged"])
    assert registry.doctor()["ok"], registry.doctor()
    registry.get("small.txt", tmp_path / "small")
    assert (tmp_path / "small").read_bytes() == b"small"


def test_what_another_process_mended_is_left_alone(registry, reopen, make_file, monkeypatch):
    """Between finding the damage and moving it aside the bytes were put right."""
    add(registry, make_file("large.bin", b"L" * 100_000))
    ((digest,),) = registry.desk.engine.rows("select digest from blobs where size = 100000")
    path = registry.desk.store.object_path(bytes(digest))
    os.chmod(path, 0o644)
    path.write_bytes(b"W" * 100_000)
    real = FolderStore.quarantine

    def mended_first(self, one):
        path.write_bytes(b"L" * 100_000)
        return real(self, one)

    monkeypatch.setattr(FolderStore, "quarantine", mended_first)
    assert registry.verify()["damaged"] == []
    assert path.read_bytes() == b"L" * 100_000
    assert list(registry.desk.store.quarantine_folder.iterdir()) == []
    assert registry.doctor()["ok"]

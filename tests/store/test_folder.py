"""The folder store: conformance, damage, shelves, and files that change while they are read."""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import sqlite3
import stat
import threading
import time

import pytest

from strongroom.disk import temporary
from strongroom.disk.listing import SourceFile, Stat
from strongroom.domain.errors import BadInput, Conflict, Damaged, NotFound, Unreachable
from strongroom.store import place as places
from strongroom.store.folder import FolderStore, Found
from strongroom.store.intake import Changed, take
from strongroom.store.shelf import salvage
from strongroom.store.stat_cache import StatCache
from tests.store.conformance import LARGE, SMALL, Conformance, digest, kept


@pytest.fixture
def store(tmp_path):
    place = places.create(tmp_path / "registry")
    opened = FolderStore(place.root)
    yield opened
    opened.close()


class TestFolder(Conformance):
    pass


def flip(path, offset=-1):
    os.chmod(path, 0o644)
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("offset", [0, 150_000, -1])
def test_a_flipped_byte_in_an_object_is_never_served(store, tmp_path, offset):
    kept(store, tmp_path, LARGE)
    flip(store.object_path(digest(LARGE)), offset)
    target = tmp_path / "out"
    for act in (
        lambda: store.read(digest(LARGE)),
        lambda: b"".join(store.chunks(digest(LARGE))),
        lambda: store.fetch(digest(LARGE), target, lambda n: None),
    ):
        with pytest.raises(Damaged) as caught:
            act()
        assert str(store.object_path(digest(LARGE))) in str(caught.value)
    assert not target.exists()


def test_a_large_stream_withholds_its_end_until_it_is_sound(store, tmp_path, monkeypatch):
    monkeypatch.setattr("strongroom.store.folder.WHOLE_BYTES", 1 << 20)
    data = os.urandom(5 << 20)
    kept(store, tmp_path, data)
    flip(store.object_path(digest(data)), 10)
    served = b""
    with pytest.raises(Damaged):
        for chunk in store.chunks(digest(data)):
            served += chunk
    assert len(served) <= len(data) - (1 << 20)


def test_a_flipped_byte_on_a_shelf_is_never_served(store, tmp_path):
    kept(store, tmp_path, SMALL)
    store.close()
    shelf = store.shelves.path(1)
    sqlite3.connect(shelf).execute("pragma wal_checkpoint(truncate)").close()
    flip(shelf, shelf.read_bytes().index(SMALL))
    with pytest.raises(Damaged) as caught:
        store.read(digest(SMALL))
    assert "000001.db" in str(caught.value)


def test_a_shelf_that_is_no_database_is_damage_with_its_name(store, tmp_path):
    kept(store, tmp_path, SMALL)
    store.close()
    store.shelves.path(1).write_bytes(b"not a database at all" * 1000)
    with pytest.raises(Damaged) as caught:
        store.read(digest(SMALL))
    assert "000001.db" in str(caught.value)


def spoil_row(store, data, into):
    shelf = store.shelves._connection(1)
    shelf.execute("update blobs set data = ? where digest = ?", (into, digest(data)))


def test_quarantine_keeps_wrong_bytes_and_serves_them_no_more(store, tmp_path):
    kept(store, tmp_path, SMALL, LARGE)
    spoil_row(store, SMALL, b"smell bytes")
    flip(store.object_path(digest(LARGE)))
    wrong = {SMALL: b"smell bytes", LARGE: store.object_path(digest(LARGE)).read_bytes()}
    for data in (SMALL, LARGE):
        assert store.quarantine(digest(data)) == Found.ASIDE
        (aside,) = store.quarantine_folder.glob(f"{digest(data).hex()}*")
        assert aside.read_bytes() == wrong[data]
        with pytest.raises(Damaged):
            store.read(digest(data))
        assert store.quarantine(digest(data)) == Found.GONE


def test_quarantine_leaves_what_is_sound(store, tmp_path):
    """Another process may just have mended it, or the damage was said of another file."""
    kept(store, tmp_path, SMALL, LARGE)
    for data in (SMALL, LARGE):
        assert store.quarantine(digest(data)) == Found.SOUND
        assert store.read(digest(data)) == data
    assert list(store.quarantine_folder.iterdir()) == []


def test_a_wrong_copy_is_passed_over_where_there_is_a_sound_one(store, tmp_path):
    kept(store, tmp_path, SMALL)
    store.object_path(digest(SMALL)).parent.mkdir()
    store.object_path(digest(SMALL)).write_bytes(SMALL)
    spoil_row(store, SMALL, b"smell bytes")
    assert store.read(digest(SMALL)) == SMALL
    store.object_path(digest(SMALL)).write_bytes(b"both are wrong")
    with pytest.raises(Damaged):
        store.read(digest(SMALL))


def test_a_row_with_wrong_bytes_is_put_right_by_storing_it_again(store, tmp_path):
    kept(store, tmp_path, SMALL)
    spoil_row(store, SMALL, b"smell bytes")
    kept(store, tmp_path, SMALL)
    assert store.read(digest(SMALL)) == SMALL


@pytest.mark.parametrize("wound", ["head", "middle", "emptied", "no index"])
def test_a_damaged_shelf_is_left_for_a_new_one_and_its_rows_are_saved(store, tmp_path, wound):
    contents = [os.urandom(size) for size in (0, 10, 3000, 5000, 60_000)] * 3
    contents = [data + bytes([n]) for n, data in enumerate(contents)]
    kept(store, tmp_path, *contents)
    store.close()
    path = store.shelves.path(1)
    sqlite3.connect(path).execute("pragma wal_checkpoint(truncate)").close()
    data = bytearray(path.read_bytes())
    if wound == "head":
        data[:4096] = os.urandom(4096)
    elif wound == "middle":
        data[8192:12288] = bytes(4096)
    elif wound == "no index":
        data[4096 * 2 : 4096 * 3] = bytes(4096)
    path.write_bytes(b"" if wound == "emptied" else bytes(data))
    assert store.shelves.problem(1, wholly=True)
    (fresh,) = kept(store, tmp_path, b"something new")
    assert store.read(fresh.digest) == b"something new"
    saved = {s.digest for s in store.mend_shelf(1)}
    assert saved <= set(map(digest, contents)) and all(map(store.read, saved))
    assert len(saved) == {"head": 15, "no index": 15, "emptied": 0}.get(wound, len(saved))
    assert wound == "emptied" or len(saved) > 10
    assert {p.name[:15] for p in store.quarantine_folder.iterdir()} == {"shelf-000001.db"}
    assert all(not store.shelves.problem(n, wholly=True) for n in store.shelves.numbers())


def test_rows_are_read_from_a_log_that_was_cut_anywhere(store, tmp_path):
    """Also from the last page of it, which is not whole."""
    contents = [os.urandom(700) + bytes([n]) for n in range(40)]
    store.put_small([(digest(data), data) for data in contents])
    log = (store.shelves.folder / "000001.db-wal").read_bytes()
    alone = tmp_path / "000009.db"
    for cut in range(len(log), 5000, -1237):
        (tmp_path / "000009.db-wal").write_bytes(log[:cut])
        whole = {digest(d) for d in contents if 0 <= log.find(d) <= cut - len(d)}
        assert {found for found, _ in salvage(alone)} == whole, cut
    assert len(whole) < len(contents)


def test_a_full_shelf_is_sealed_and_the_next_one_begins(tmp_path):
    place = places.create(tmp_path / "registry")
    store = FolderStore(place.root, seal_bytes=200_000)
    contents = [os.urandom(30_000) for _ in range(30)]
    for data in contents:
        store.put_small([(digest(data), data)])
    assert len(store.shelves.numbers()) > 2
    assert not stat.S_IMODE(store.shelves.path(1).stat().st_mode) & 0o222
    assert all(store.read(digest(d)) == d for d in contents)
    store.close()


def test_objects_are_read_only(store, tmp_path):
    kept(store, tmp_path, LARGE)
    assert not stat.S_IMODE(store.object_path(digest(LARGE)).stat().st_mode) & 0o222


# ---------------------------------------------------------------- reading a source


def test_the_source_is_not_touched(store, tmp_path):
    path = tmp_path / "source"
    path.write_bytes(LARGE)
    os.utime(path, (1000, 1000))
    before = path.stat()
    kept_before = (before.st_mtime_ns, before.st_ctime_ns, before.st_mode, before.st_ino)
    take(os.fsencode(path), store.staging).discard()
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns, after.st_mode, after.st_ino) == kept_before


@pytest.mark.parametrize("size", [1000, 3 << 20])
def test_a_file_that_grows_while_it_is_read_is_refused(store, tmp_path, size):
    path = tmp_path / "growing"
    path.write_bytes(os.urandom(size))

    def grow(count: int) -> None:
        with open(path, "ab") as out:
            out.write(b"more")

    with pytest.raises(Changed):
        take(os.fsencode(path), store.staging, grow)
    assert list(store.staging.iterdir()) == []


def test_a_file_that_shrinks_while_it_is_read_is_refused(store, tmp_path):
    path = tmp_path / "shrinking"
    path.write_bytes(os.urandom(8 << 20))
    with pytest.raises(Changed):
        take(os.fsencode(path), store.staging, lambda n: os.truncate(path, 100))


def test_a_file_replaced_by_equal_length_content_in_place_is_refused(store, tmp_path):
    path = tmp_path / "rewritten"
    path.write_bytes(b"a" * (3 << 20))

    def rewrite(count: int) -> None:
        with open(path, "r+b") as out:
            out.write(b"b")

    with pytest.raises(Changed):
        take(os.fsencode(path), store.staging, rewrite)


@pytest.mark.skipif(not hasattr(os, "O_DIRECT"), reason="read leases exist on Linux only")
def test_an_open_writer_and_a_shared_mapping_are_noticed(store, tmp_path):
    path = tmp_path / "open"
    path.write_bytes(b"x" * 5000)
    with open(path, "r+b"):
        assert take(os.fsencode(path), store.staging).written_to
    with open(path, "r+b") as file:
        mapping = mmap.mmap(file.fileno(), 0)
    assert take(os.fsencode(path), store.staging).written_to
    mapping.close()
    assert not take(os.fsencode(path), store.staging).written_to


def test_a_fifo_is_refused_at_once(store, tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    began = time.monotonic()
    with pytest.raises(NotFound):
        take(os.fsencode(path), store.staging)
    assert time.monotonic() - began < 5


def test_what_cannot_be_read_is_named(store, tmp_path):
    with pytest.raises(NotFound):
        take(os.fsencode(tmp_path / "gone"), store.staging)
    os.symlink("loop", tmp_path / "loop")
    with pytest.raises((NotFound, Unreachable)):
        take(os.fsencode(tmp_path / "loop"), store.staging)


def test_stopping_half_way_leaves_nothing(store, tmp_path):
    path = tmp_path / "source"
    path.write_bytes(os.urandom(4 << 20))

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(os.fsencode(path), store.staging, stop)
    assert list(store.staging.iterdir()) == []


def test_a_left_over_temporary_folder_goes_but_one_in_work_stays(store):
    (store.staging / "killed.tmp").mkdir()
    (store.staging / "killed.tmp" / "copy.db").write_bytes(b"half")
    with temporary.new_folder(store.staging) as room:
        assert store.clear_left_over() == 1
        assert list(store.staging.iterdir()) == [room]
    assert list(store.staging.iterdir()) == []


def test_a_temporary_file_cleared_away_before_it_is_locked_is_made_anew(store, monkeypatch):
    """The moment between making and locking it, in which it looks left over."""
    real, cleared = temporary.fcntl.flock, []

    def clear_first(fd, mode):
        if not cleared and not mode & fcntl.LOCK_NB:
            cleared.append(1)
            store.clear_left_over()
        return real(fd, mode)

    monkeypatch.setattr(temporary.fcntl, "flock", clear_first)
    fd, path = temporary.new_file(store.staging)
    os.write(fd, b"kept")
    os.close(fd)
    assert cleared and path.read_bytes() == b"kept"


def test_left_over_temporary_files_go_but_those_in_work_stay(store, tmp_path):
    (store.staging / "dead.tmp").write_bytes(b"half")
    path = tmp_path / "source"
    path.write_bytes(LARGE)
    working = take(os.fsencode(path), store.staging)
    assert store.clear_left_over() == 1
    assert [p.name for p in store.staging.iterdir()] == [working.temporary.name]
    working.discard()


def test_many_threads_may_write_at_once(store, tmp_path):
    contents = [os.urandom(2000) for _ in range(200)]

    def put(part):
        for data in part:
            store.put_small([(digest(data), data)])

    threads = [threading.Thread(target=put, args=(contents[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.shelves.which([digest(d) for d in contents])) == 200


# ---------------------------------------------------------------- stat cache


def test_a_fresh_change_is_not_trusted(tmp_path):
    cache = StatCache(tmp_path / "stat.db")
    stat_ = Stat(1, 2, 3, 10**18, 10**18)
    cache.remember([(stat_, b"d" * 32, 10**18 + 1_999_999_999)])
    assert cache.look_up([stat_]) == [None]
    cache.remember([(stat_, b"d" * 32, 10**18 + 2_000_000_000)])
    assert cache.look_up([stat_]) == [b"d" * 32]
    assert cache.look_up([Stat(1, 2, 3, 10**18, 10**18 + 1)]) == [None]
    cache.close()


def test_a_broken_cache_file_costs_only_reading(tmp_path):
    (tmp_path / "stat.db").write_bytes(b"garbage" * 1000)
    cache = StatCache(tmp_path / "stat.db")
    assert cache.look_up([Stat(1, 2, 3, 4, 5)]) == [None]
    cache.close()


# ---------------------------------------------------------------- registry.json


def test_an_unknown_feature_is_refused_with_words(tmp_path):
    place = places.create(tmp_path / "r")
    marker = place.root / "registry.json"
    document = json.loads(marker.read_text())
    del document["check"]  # as one that was written before there was a sum over it
    document["features"].append("telepathy")
    marker.write_text(json.dumps(document))
    with pytest.raises(Conflict, match="telepathy"):
        places.open_place(place.root)


def test_no_registry_and_damaged_registry_are_told_apart(tmp_path):
    with pytest.raises(NotFound):
        places.open_place(tmp_path / "nothing")
    place = places.create(tmp_path / "r")
    (place.root / "registry.json").write_text("{")
    with pytest.raises(Damaged):
        places.open_place(place.root)


def test_a_registry_is_not_made_over_something_else(tmp_path):
    places.create(tmp_path / "r")
    with pytest.raises(Conflict):
        places.create(tmp_path / "r")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.doc").touch()
    with pytest.raises(Conflict):
        places.create(tmp_path / "full")
    (tmp_path / "file").touch()
    with pytest.raises(BadInput):
        places.create(tmp_path / "file")


def test_a_folder_as_it_was_is_known_by_all_its_stats(tmp_path):
    cache, still = StatCache(tmp_path / "stat.db"), 10**18
    files = [SourceFile(b"/x", b"%d" % n, Stat(1, n, 3, still, still)) for n in range(3)]
    later = still + 3 * 10**9
    cache.remember_content(files, b"c" * 32, later)
    assert cache.content_of(files) == b"c" * 32
    assert cache.content_of(files[:2]) is None
    renamed = [files[0].replaced(path=b"other"), *files[1:]]
    touched = [files[0].replaced(stat=Stat(1, 0, 3, still, still + 1)), *files[1:]]
    assert cache.content_of(renamed) is None and cache.content_of(touched) is None
    cache.remember_content(touched, b"d" * 32, still + 10**9)  # too fresh to be trusted
    assert cache.content_of(touched) is None
    cache.close()

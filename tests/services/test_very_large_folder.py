"""A folder of very many files: a change costs what changed, others are not kept waiting, and
memory does not grow with the number of files.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.catalog import jobs
from strongroom.services import collect
from strongroom.services.add import AddOptions
from strongroom.services.inspection import Described, Inspector
from strongroom.services.progress import Progress
from tests import fast
from tests.conftest import add

MANY = 50_000
#: MiB above what the process needs before it adds anything (design §11).
MEMORY = 300


@pytest.fixture
def fast_folder() -> Iterator[Path]:
    with fast.fast_folder() as folder:
        yield folder


def fill(folder: Path, count: int) -> Path:
    """`count` files of a few bytes, each with its own, a thousand in a folder."""
    for start in range(0, count, 1000):
        part = folder / "many" / f"part{start // 1000:04}"
        part.mkdir(parents=True)
        for number in range(start, min(count, start + 1000)):
            fd = os.open(part / f"{number:07}.txt", os.O_CREAT | os.O_WRONLY)
            os.write(fd, b"%d" % number)
            os.close(fd)
    return folder / "many"


def stored(registry) -> dict[bytes, int]:
    return {s.digest: s.size for s in registry.desk.store.scan()}


def pages(registry) -> set[bytes]:
    return {bytes(r[0]) for r in registry.desk.engine.rows("select digest from pages")}


def nothing_left_over(registry) -> None:
    referred = {bytes(r[0]) for r in registry.desk.engine.rows("select digest from blobs")}
    assert stored(registry).keys() == referred
    loose = "select count(*) from pages where id not in (select page_id from version_pages)"
    assert registry.desk.engine.rows(loose) == [(0,)]
    assert registry.desk.engine.rows("select count(*) from claims") == [(0,)]


class Waits(threading.Thread):
    """Another one who writes to the catalog all the time, and how long it was kept from it."""

    def __init__(self, registry) -> None:
        super().__init__()
        self.engine, self.longest, self.stop = registry.desk.engine, 0.0, threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            began = time.monotonic()
            jobs.free_dead(self.engine, lambda owner: False)
            with self.engine.quick() as tx:
                tx.execute("insert or replace into meta values ('waits', ?)", (str(began),))
            self.longest = max(self.longest, time.monotonic() - began)
            time.sleep(0.005)


def test_one_changed_file_of_many_costs_one_page_and_one_file(registry, fast_folder):
    folder = fill(fast_folder, MANY)
    waits = Waits(registry)
    waits.start()
    first = add(registry, folder)
    waits.stop.set()
    waits.join()
    assert (first["tag"], first["files"], first["created"]) == ("v1", MANY, True)
    # One transaction of it all would keep every other process from writing for seconds.
    assert waits.longest < 1.5
    before, pages_before = stored(registry), pages(registry)
    assert len(pages_before) > 20
    changed = folder / "part0031" / "0031234.txt"
    changed.write_bytes(b"another content")
    second = add(registry, folder)
    assert (second["tag"], second["files"]) == ("v2", MANY)
    new = {d: size for d, size in stored(registry).items() if d not in before}
    assert len(pages(registry) - pages_before) == 1
    assert len(new) == 4, "the file, its page, the root and the record"
    assert sum(new.values()) < sum(before.values()) / 5
    shown = registry.show("many@v2", files=1)["manifest"]
    assert shown["digest"] == second["content_digest"]
    assert b"".join(registry.cat("many@v1", "part0031/0031234.txt")) == b"31234"
    assert b"".join(registry.cat("many@v2", "part0031/0031234.txt")) == b"another content"
    third = add(registry, folder)
    assert (third["tag"], third["created"]) == ("v2", False)
    nothing_left_over(registry)


@pytest.fixture
def small_pages(monkeypatch):
    """Manifests over 50 files have pages, so that a few files do what many do."""
    monkeypatch.setattr("strongroom.domain.manifest.MAX_SINGLE", 50)
    monkeypatch.setattr("strongroom.domain.manifest.MAX_PAGE", 40)
    monkeypatch.setattr(Inspector, "describe", lambda self, pieces: Described())


def test_a_paged_add_that_is_stopped_anywhere_leaves_no_page_behind(
    registry, fast_folder, small_pages
):
    folder = fill(fast_folder, 400)

    class Stopping(Progress):
        limit = 0

        def tick(self, count: int = 0) -> None:
            self.limit -= 1
            if self.limit == 0:
                self.cancel()
            super().tick(count)

    stopped = 0
    for limit in range(1200, 100, -57):
        stopping = Stopping()
        stopping.limit = limit
        try:
            registry.add([os.fsencode(folder)], AddOptions(name="many", new_version=True), stopping)
        except Exception as error:
            stopped += 1
            assert getattr(error, "code", "") == "cancelled"
        nothing_left_over(registry)
    assert stopped > 5
    add(registry, folder, name="many", new_version=True)
    assert registry.verify()["damaged"] == [] and registry.doctor()["ok"]


def test_pages_of_a_process_that_died_are_collected(registry, fast_folder, small_pages, make_file):
    folder = fill(fast_folder, 400)
    add(registry, folder)
    # As after a kill between the pages and the version: its rows are there, nothing hangs on them.
    with registry.desk.engine.writing() as tx:
        tx.execute("delete from version_pages")
        tx.execute("delete from documents where owner_type = 'version'")
        for table in ("edges", "search", "versions"):
            tx.execute(f"delete from {table}")
        tx.execute("update artifacts set latest_id = null, versions = 0")
    keep = add(registry, make_file("other.txt", b"7"))  # one of the contents lives on
    collect.collect(registry.desk, grace=0)
    assert pages(registry) == {bytes.fromhex(keep["content_digest"].removeprefix("sha256:"))}
    nothing_left_over(registry)
    assert registry.verify()["damaged"] == []
    # Its entry is there in this make-believe, so that a version is missed.
    assert [c["name"] for c in registry.doctor()["checks"] if not c["ok"]] == ["facts"]
    registry.get("other.txt", fast_folder / "out")


def test_a_page_that_is_claimed_is_not_collected_under_its_add(
    registry, fast_folder, small_pages, monkeypatch
):
    """The pages are in the catalog before the version that they are for."""
    folder = fill(fast_folder, 400)
    real = Inspector.describe
    collected = []

    def describe_and_collect(self, pieces):
        collected.append(collect.collect(registry.desk, grace=0))
        return real(self, pieces)

    monkeypatch.setattr(Inspector, "describe", describe_and_collect)
    version = add(registry, folder)
    assert version["created"] and collected and sum(c.deleted for c in collected) == 0
    assert registry.verify()["damaged"] == [] and registry.doctor()["ok"]


def test_a_paged_version_is_rebuilt_and_handed_out_like_any_other(
    registry, reopen, fast_folder, small_pages, tmp_path
):
    folder = fill(fast_folder, 400)
    add(registry, folder)
    files = registry.show("many")["manifest"]["files"]
    assert [f["path"] for f in files] == sorted(f["path"] for f in files) and len(files) == 400
    registry.get("many", tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").rglob("*.txt")) == sorted(
        p.name for p in folder.rglob("*.txt")
    )
    registry.get("many", tmp_path / "some", files=["part0000/0000007.txt"])
    assert (tmp_path / "some" / "part0000" / "0000007.txt").read_bytes() == b"7"


MEASURE = """
import os, sys, threading, time
from pathlib import Path
import psutil
from strongroom.bootstrap import create_registry
from strongroom.services.add import AddOptions
from strongroom.settings import Settings

place, folder = Path(sys.argv[1]), Path(sys.argv[2])
registry = create_registry(place, Settings(), "cli")
(place.parent / "warm.txt").write_bytes(b"warm")
registry.add([os.fsencode(place.parent / "warm.txt")], AddOptions())
me = psutil.Process()
idle, peak, stop = me.memory_info().rss, [0], threading.Event()

def watch():
    while not stop.wait(0.05):
        peak[0] = max(peak[0], me.memory_info().rss)

threading.Thread(target=watch, daemon=True).start()
def add():
    began = time.monotonic()
    (version,) = registry.add([os.fsencode(folder)], AddOptions(name="many"))["versions"]
    print(version["tag"], version["files"], round(time.monotonic() - began, 1),
          (peak[0] - idle) >> 20, flush=True)
    peak[0] = 0

add()
first = len(registry.desk.engine.rows("select 1 from pages"))
(folder / "part0031" / "0031234.txt").write_bytes(b"another content")
add()
print(len(registry.desk.engine.rows("select 1 from pages")) - first)
registry.close()
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_million_files_take_bounded_memory_and_one_change_of_them_little(tmp_path, fast_folder):
    folder = fill(fast_folder, 1_000_000)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path / "registry", folder],
        capture_output=True,
        text=True,
        check=True,
    )
    print(done.stdout)
    one, two, more_pages = done.stdout.splitlines()
    assert one.split()[:2] == ["v1", "1000000"] and two.split()[:2] == ["v2", "1000000"]
    assert int(more_pages) == 1
    assert int(one.split()[3]) < MEMORY and int(two.split()[3]) < MEMORY
    assert float(two.split()[2]) < float(one.split()[2])

"""SQLite databases that trainings write: one artifact each, whole, while others have them open."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.services.watched import FAST


def make(path, rows, wal=True):
    """An open database with committed rows; in WAL mode most of them only in the log."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"pragma journal_mode={'wal' if wal else 'delete'}")
    connection.execute("create table if not exists metrics(name text, value real)")
    insert(connection, rows)
    return connection


def insert(connection, rows):
    connection.executemany("insert into metrics values (?, ?)", [("loss", n) for n in range(rows)])


def rows_in(w, tmp_path, ref="out/study.db"):
    target = tmp_path / "got.db"
    target.unlink(missing_ok=True)
    w.registry.get(ref, target)
    with sqlite3.connect(f"file:{target}?mode=ro&immutable=1", uri=True) as got:
        assert got.execute("pragma integrity_check").fetchone() == ("ok",)
        return got.execute("select count(*) from metrics").fetchone()[0]


def state(folder):
    return {p.name: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.iterdir()}


@pytest.mark.parametrize("wal", [True, False])
def test_a_database_that_stays_open_is_taken_whole_when_it_has_been_silent(
    watching, folder, tmp_path, wal
):
    connection = make(folder / "study.db", 50, wal)
    before = state(folder)
    w = watching()  # idle_end is a second
    w.until(lambda: w.names() == {"out/study.db": 1})
    assert rows_in(w, tmp_path) == 50
    assert state(folder) == before, "the source is only read"
    insert(connection, 7)
    w.until(lambda: w.names() == {"out/study.db": 2})
    assert rows_in(w, tmp_path) == 57
    connection.close()


def test_an_open_database_waits_and_is_not_pending(watching, folder, tmp_path):
    connection = make(folder / "cells.db", 5)  # one of no tracker, so it belongs to no run
    w = watching(replace(FAST, idle_end=3600))
    w.idle()
    assert w.names() == {} and w.session.held == {b"cells.db"} and w.session.rest() > 0
    connection.close()
    w.until(lambda: w.names() == {"out/cells.db": 1}, seconds=5)
    assert rows_in(w, tmp_path, "out/cells.db") == 5


def test_a_study_is_taken_once_when_it_has_been_silent_open_or_not(watching, folder, tmp_path):
    connection = make(folder / "study.db", 5)
    w = watching()
    w.until(lambda: w.session.held == {b"study.db"})
    insert(connection, 2)
    connection.close()
    assert w.names() == {}
    w.until(lambda: w.names() == {"out/study.db": 1})
    assert rows_in(w, tmp_path) == 7


def test_what_a_killed_process_left_in_the_log_belongs_to_it(watching, folder, tmp_path):
    code = (
        "import sqlite3, sys, time\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('pragma journal_mode=wal')\n"
        "c.execute('create table metrics(name text, value real)')\n"
        "c.execute(\"insert into metrics values ('loss', 1)\")\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, folder / "study.db"], stdout=subprocess.PIPE
    )
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (folder / "study.db-wal").stat().st_size > 0
    before = state(folder)
    w = watching()
    w.until(lambda: w.names() == {"out/study.db": 1})
    assert rows_in(w, tmp_path) == 1 and state(folder) == before
    w.close()
    again = watching()
    again.idle()
    assert again.names() == {"out/study.db": 1}


def test_a_database_at_rest_is_taken_as_it_is(watching, folder):
    make(folder / "study.db", 5, wal=False).close()
    w = watching()
    w.until(lambda: w.names() == {"out/study.db": 1})
    (file,) = w.registry.show("out/study.db")["manifest"]["files"]
    assert file["size"] == (folder / "study.db").stat().st_size


def test_what_only_looks_like_a_database_is_a_file_as_others(watching, folder):
    (folder / "notes.db").write_bytes(b"not SQLite")
    (folder / "notes.db-wal").write_bytes(b"nor is this a log")
    (folder / "broken.db").write_bytes(b"SQLite format 3\x00" + os.urandom(5000))
    (folder / "broken.db-wal").write_bytes(os.urandom(5000))
    (folder / "alone.db-wal").write_bytes(b"x")
    w = watching()
    w.until(lambda: {"out/notes.db", "out/broken.db", "out/alone.db-wal"} <= w.names().keys())
    w.idle()
    kept = w.registry.show("out/broken.db")["manifest"]["files"][0]["size"]
    assert kept == (folder / "broken.db").stat().st_size


def test_nothing_is_left_in_the_registrys_staging(watching, folder):
    connection = make(folder / "study.db", 5)
    w = watching()
    w.until(lambda: bool(w.names()))
    connection.close()
    w.idle()
    assert list(w.registry.desk.store.staging.iterdir()) == []


def test_a_hot_journal_is_rolled_back_in_the_copy(watching, folder, tmp_path):
    writer = make(folder / "live.db", 3, wal=False)
    writer.execute("pragma cache_size=1")
    writer.execute("begin")
    insert(writer, 5000)  # more than the cache holds: the file itself has uncommitted pages
    for name in ("live.db", "live.db-journal"):
        shutil.copyfile(folder / name, folder / name.replace("live", "study"))
    writer.execute("rollback")
    writer.close()
    (folder / "live.db").unlink()
    w = watching()
    w.until(lambda: "out/study.db" in w.names())
    assert rows_in(w, tmp_path) == 3

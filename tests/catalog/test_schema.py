"""Schemas: a newer one is only read, an older one is brought up to date beside a copy of itself."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from strongroom.bootstrap import create_registry, open_registry, rebuild_registry
from strongroom.catalog import engine as engines
from strongroom.catalog import schema
from strongroom.catalog.engine import Engine
from strongroom.domain.errors import Conflict, NoSpace, StrongroomError
from strongroom.services import doctor
from strongroom.services.add import AddOptions
from strongroom.settings import Settings
from tests.conftest import add


def version_of(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return schema.user_version(connection)


def make_newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"pragma user_version = {schema.VERSION + 1}")
    connection.execute("create table approvals(id integer)")
    connection.commit()
    connection.close()


@pytest.fixture
def newer_place(place, make_file) -> Path:
    """The registry after a newer Strongroom has used it."""
    registry = create_registry(place, Settings(), "cli")
    add(registry, make_file("model.bin", b"M" * 100_000))
    registry.close()
    make_newer(place / "catalog.db")
    return place


@pytest.fixture
def newer(newer_place):
    opened = open_registry(newer_place, Settings(), "cli")
    yield opened
    opened.close()


def test_a_newer_catalog_is_read_as_far_as_it_goes(newer, tmp_path):
    assert [a["name"] for a in newer.list_artifacts()["artifacts"]] == ["model.bin"]
    assert newer.show("model.bin")["size"] == 100_000
    newer.get("model.bin", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"M" * 100_000
    assert newer.verify()["damaged"] == []
    assert newer.doctor()["ok"]
    assert newer.status()["read_only"] is True


ACTS = {
    "add": lambda r, path: r.add([os.fsencode(path)], AddOptions(name="other")),
    "label": lambda r, path: r.label("model.bin", "k", "v"),
    "note": lambda r, path: r.note("model.bin", "text"),
    "start_run": lambda r, path: r.start_run("run-1"),
    "add_watch": lambda r, path: r.add_watch(os.fsencode(path.parent), {}),
    "enqueue": lambda r, path: r.enqueue("verify", {}),
    "collect": lambda r, path: r.collect(),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_newer_catalog_is_not_written_to_and_the_message_says_why(newer, place, make_file, act):
    before = newer.last_change()
    path = make_file("new.bin", b"new content")
    with pytest.raises(Conflict) as caught:
        act(newer, path)
    assert "newer Strongroom" in caught.value.what and "install" in caught.value.hint
    assert newer.last_change() == before
    assert version_of(place / "catalog.db") == schema.VERSION + 1
    assert list((place / "staging").iterdir()) == []


def test_a_newer_catalog_is_not_rebuilt_into_an_older_one(newer_place):
    with pytest.raises(Conflict, match="newer Strongroom"):
        rebuild_registry(newer_place)
    assert version_of(newer_place / "catalog.db") == schema.VERSION + 1


# ---------------------------------------------------------------- an older schema


@pytest.fixture
def older(tmp_path) -> Path:
    """A catalog whose schema is one step behind, as an earlier Strongroom left it."""
    path = tmp_path / "catalog.db"
    engine = Engine(path)
    with engine.writing() as tx:
        tx.execute("insert into meta values ('said', 'before')")
    engine.close()
    return path


@pytest.fixture
def next_schema(monkeypatch):
    """This Strongroom knows one migration more."""
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)

    def migrate(connection):
        connection.execute("create table later(id integer)")
        connection.execute(f"pragma user_version = {schema.VERSION}")

    monkeypatch.setattr(schema, "migrate", migrate)


def test_a_migration_keeps_what_was_there_and_the_old_file(older, next_schema):
    engine = Engine(older)
    assert engine.rows("select value from meta") == [("before",)]
    assert engine.rows("select * from later") == []
    engine.close()
    kept = older.with_name(f"catalog.db.schema{schema.VERSION - 1}")
    with sqlite3.connect(kept) as connection:
        assert schema.user_version(connection) == schema.VERSION - 1
        assert connection.execute("select value from meta").fetchall() == [("before",)]
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    assert sorted(p.name for p in older.parent.iterdir()) == [
        "catalog.db",
        f"catalog.db.schema{schema.VERSION - 1}",
        "catalog.lock",
    ]


def test_the_kept_file_holds_what_was_only_in_the_log(older, next_schema):
    """A process that was killed leaves its last commits in the WAL."""
    connection = sqlite3.connect(older)
    connection.execute("pragma journal_mode=wal")
    connection.execute("insert into meta values ('late', 'in the log')")
    connection.commit()  # and the connection stays open, so that nothing is checkpointed
    Engine(older).close()
    with sqlite3.connect(older.with_name(f"catalog.db.schema{schema.VERSION - 1}")) as kept:
        assert ("in the log",) in kept.execute("select value from meta").fetchall()
    connection.close()


def test_several_processes_that_open_an_old_catalog_migrate_it_once(older, next_schema):
    opened, errors = [], []

    def open_it() -> None:
        try:
            opened.append(Engine(older))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and len(opened) == 6
    assert all(engine.rows("select * from later") == [] for engine in opened)
    for engine in opened:
        engine.close()


def test_a_migration_that_fails_leaves_the_catalog_as_it_was(older, monkeypatch):
    before = older.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "VERSION", schema.VERSION + 1)

        def fail(connection):
            raise engines.DatabaseError("database or disk is full")

        patch.setattr(schema, "migrate", fail)
        with pytest.raises(NoSpace):
            Engine(older)
    engine = Engine(older)
    assert engine.rows("select value from meta") == [("before",)]
    engine.close()
    assert version_of(older) == schema.VERSION
    assert len(older.read_bytes()) == len(before)


def test_a_migration_that_cannot_keep_the_old_file_does_not_begin(older, next_schema, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(NoSpace):
        Engine(older)
    assert version_of(older) == schema.VERSION - 1
    assert [p.name for p in older.parent.glob("*.half*")] == []


def test_a_first_migration_that_was_interrupted_goes_on(tmp_path, monkeypatch):
    """Killed between two statements: the next opening makes the catalog all the same."""
    path = tmp_path / "catalog.db"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_V1", schema._V1 + ";\ncreate table nonsense(")
        with pytest.raises(StrongroomError):
            Engine(path)
    engine = Engine(path)
    assert engine.rows("select count(*) from versions") == [(0,)]
    assert engine.check() == []
    engine.close()


def test_a_fresh_catalog_has_the_newest_schema_and_no_old_file(tmp_path):
    Engine(tmp_path / "catalog.db").close()
    assert version_of(tmp_path / "catalog.db") == schema.VERSION
    assert list(tmp_path.glob("*.schema*")) == []


def test_health_is_not_called_bad_for_what_an_older_connection_remembers(tmp_path):
    """FTS5 calls an index damaged whose segments other connections have merged meanwhile."""
    looker, *writers = [Engine(tmp_path / "catalog.db") for _ in range(4)]
    for number in range(70):
        with writers[number % 3].writing() as tx:
            tx.execute(
                "insert into search(name, run, params, notes) values (?,'','','')",
                (f"w{number % 3}",),
            )
        if number % 5 == 0:
            assert looker.check() == [], f"after {number} others"
    for engine in (looker, *writers):
        engine.close()


def test_the_doctor_says_which_schema_it_found(registry):
    (check,) = [c for c in doctor.check(registry.desk)["checks"] if c["name"] == "catalog"]
    assert check["detail"] == f"sound, schema {schema.VERSION}"

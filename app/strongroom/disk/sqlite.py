"""The one SQLite library that every part and every process of Strongroom uses.

SQLite before 3.51.3 can corrupt a WAL that several connections checkpoint, so `pysqlite3`
(which brings its own library) comes first; `MAY_CHECKPOINT` says whether the one found is sound.
"""

from __future__ import annotations

import os
from typing import Any

from strongroom.disk.reserve import is_full, release
from strongroom.domain.errors import Busy, Damaged, NoSpace, StrongroomError, Unreachable

try:
    import pysqlite3.dbapi2 as sqlite3
except ImportError:  # no wheel for this platform: the interpreter's own
    import sqlite3

MAY_CHECKPOINT: bool = sqlite3.sqlite_version_info >= (3, 51, 3)

Connection = sqlite3.Connection
DatabaseError = sqlite3.DatabaseError
OperationalError = sqlite3.OperationalError


def connect(path: str | os.PathLike[str], *, durable: bool = True, read_only: bool = False) -> Any:
    """A connection in autocommit mode, WAL, with a busy time-out of 30 s.

    `durable` commits reach the disk before they return (`synchronous=FULL`); otherwise they
    survive a killed process but not a power cut, which is right for claims and leases. On a full
    disk the registry's reserve gives the room that opening needs.
    """
    try:
        return _connect(path, durable, read_only)
    except DatabaseError:
        if not (is_full(path) and release(path)):
            raise
    return _connect(path, durable, read_only)


def _connect(path: str | os.PathLike[str], durable: bool, read_only: bool) -> Any:
    uri = f"file:{_quoted(os.fspath(path))}{'?mode=ro' if read_only else ''}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=30.0, isolation_level=None, check_same_thread=False
    )
    try:
        if not read_only:
            connection.execute("pragma journal_mode=wal")
        connection.execute(f"pragma synchronous={'full' if durable else 'normal'}")
        connection.execute("pragma foreign_keys=on")
        if not MAY_CHECKPOINT:
            connection.execute("pragma wal_autocheckpoint=0")
    except BaseException:
        connection.close()
        raise
    return connection


def fold_log(path: str | os.PathLike[str]) -> None:
    """Puts what a write-ahead log or a hot journal beside a database holds into the database, as
    the program that left them would; raises `DatabaseError` where SQLite cannot.
    """
    connection = sqlite3.connect(f"file:{_quoted(os.fspath(path))}", uri=True, isolation_level=None)
    try:
        connection.execute("pragma schema_version").fetchall()  # rolls a hot journal back
        connection.execute("pragma wal_checkpoint(truncate)").fetchall()
    finally:
        connection.close()


def explained_sqlite(error: Exception, path: str | os.PathLike[str]) -> StrongroomError:
    """The error of ours that an SQLite error on `path` means."""
    text = str(error)
    if "full" in text:
        return NoSpace("the disk is full", os.fspath(path), "free some space and try again")
    if "locked" in text or "busy" in text:
        return Busy("another process holds it", os.fspath(path), "try again in a moment")
    if isinstance(error, OperationalError) and is_full(path):
        # What SQLite cannot say better: "disk I/O error", "unable to open database file".
        return NoSpace("the disk is full", os.fspath(path), "free some space and try again")
    if isinstance(error, OperationalError):
        return Unreachable(f"SQLite cannot use it ({text})", os.fspath(path), "check the disk")
    return Damaged(f"SQLite finds it damaged ({text})", os.fspath(path), "run strongroom doctor")


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(path.encode("utf-8", "surrogateescape"))

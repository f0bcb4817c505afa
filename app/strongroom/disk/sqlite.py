"""The one SQLite library that every part and every process of Strongroom uses.

SQLite before 3.51.3 can corrupt a WAL that several connections checkpoint, so `pysqlite3`
(which brings its own library) comes first; `MAY_CHECKPOINT` says whether the one found is sound.
"""

from __future__ import annotations

import errno
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


def connect(
    path: str | os.PathLike[str],
    *,
    durable: bool = True,
    read_only: bool = False,
    create: bool = True,
    immutable: bool = False,
) -> Any:
    """A connection in autocommit mode, WAL, with a busy time-out of 30 s.

    `durable` commits reach the disk before they return (`synchronous=FULL`); otherwise they
    survive a killed process but not a power cut, which is right for claims and leases. Without
    `create` a file that is gone is not made anew; an `immutable` one is read as it is, whatever
    lies in a log beside it, and nothing is written. On a full disk the registry's reserve gives the
    room that opening needs, part by part; when that is used up too, the file is opened without
    shared memory, which needs no room and keeps other processes out.
    """
    mode = "ro" if read_only else "rwc" if create else "rw"
    if immutable:
        mode = "ro&immutable=1"
    while True:
        try:
            return _connect(path, durable, mode)
        except UnicodeDecodeError as error:  # what SQLite quotes of a damaged schema
            raise DatabaseError("database disk image is malformed") from error
        except DatabaseError:
            if not is_full(path):
                raise
            if not release(path):
                return _connect(path, durable, "rw", alone=True)


def _connect(path: str | os.PathLike[str], durable: bool, mode: str, alone: bool = False) -> Any:
    connection = sqlite3.connect(
        f"file:{_quoted(os.fspath(path))}?mode={mode}",
        uri=True,
        timeout=_ALONE_PATIENCE if alone else 30.0,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        if alone:  # the index of the log is then in our own memory
            connection.execute("pragma locking_mode=exclusive")
        elif mode.startswith("rw"):
            connection.execute("pragma journal_mode=wal")
        connection.execute(f"pragma synchronous={'full' if durable else 'normal'}")
        connection.execute("pragma foreign_keys=on")
        if not MAY_CHECKPOINT:
            connection.execute("pragma wal_autocheckpoint=0")
        if alone:
            connection.execute("select count(*) from sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


#: Seconds to wait for others where a file must be had alone; a second connection waits in vain.
_ALONE_PATIENCE = 2.0


def sync_log(path: str | os.PathLike[str]) -> None:
    """Makes durable what can be read of a database by now; raises `OSError`.

    A process that was killed between writing its commit and syncing it leaves a commit that the
    next one reads as done, and that a power cut would take away. To be called after the first
    read and before anything is said of it.
    """
    try:
        fd = os.open(f"{os.fspath(path)}-wal", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return  # no log: all is in the database, which a checkpoint syncs
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EROFS):
            raise
    finally:
        os.close(fd)


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


def explained_sqlite(
    error: Exception, path: str | os.PathLike[str], hint: str = "run `strongroom doctor`"
) -> StrongroomError:
    """The error of ours that an SQLite error on `path` means; `hint`: what helps damage."""
    text = str(error)
    if "full" in text:
        return NoSpace("the disk is full", os.fspath(path), "free some space and try again")
    if "locked" in text or "busy" in text:
        return Busy("another process holds it", os.fspath(path), "try again in a moment")
    if isinstance(error, OperationalError) and is_full(path):
        # What SQLite cannot say better: "disk I/O error", "unable to open database file".
        return NoSpace("the disk is full", os.fspath(path), "free some space and try again")
    if isinstance(error, OperationalError) and not text.startswith(_OF_DAMAGE):
        return Unreachable(f"SQLite cannot use it ({text})", os.fspath(path), "check the disk")
    return Damaged(f"SQLite finds it damaged ({text})", os.fspath(path), hint)


#: How messages begin that SQLite has for wrong SQL, which ours is not, or that are Python's for
#: what a damaged row holds.
_OF_DAMAGE = ("no such table", "no such column", "Could not decode")


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(path.encode("utf-8", "surrogateescape"))

"""The SQLite engine: connections, transactions and the errors they may end in."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from strongroom.catalog import schema
from strongroom.disk.durable import told
from strongroom.disk.sqlite import DatabaseError, connect, explained_sqlite, sync_log
from strongroom.domain.errors import Conflict, Damaged

Row = tuple[Any, ...]


def refuse_newer(path: Path) -> None:
    """Raises `Conflict` where a newer Strongroom has written this catalog."""
    if not path.exists():
        return
    try:
        connection = connect(path, read_only=True)
        try:
            found = schema.user_version(connection)
        finally:
            connection.close()
    except DatabaseError:
        return  # too damaged to say
    if found > schema.VERSION:
        raise _newer(path)


def _newer(path: Path) -> Conflict:
    return Conflict(
        "a newer Strongroom has changed this catalog, so this one may only read it",
        str(path),
        "install the newer version",
    )


class Engine:
    """Connections to one catalog, one a thread; safe beside other processes.

    `durable` transactions are fsynced; `quick()` ones (claims, leases, progress) are not:
    they mean nothing after the process that made them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._all: list[Any] = []
        self._guard = threading.Lock()
        self.read_only = False
        with self._speaking(), self._reading():
            found = schema.user_version(self._connection())
            with told("syncing the catalog", path):
                sync_log(path)
            if found > schema.VERSION:
                self.read_only = True
            elif found < schema.VERSION:
                self._migrate(found)

    def rows(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """All rows of a read, which is closed before they are returned."""
        with self._speaking(), self._reading():
            found: list[Row] = self._connection().execute(sql, values).fetchall()
            return found

    def row(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        with self._speaking(), self._reading():
            found: Row | None = self._connection().execute(sql, values).fetchone()
            return found

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Any]:
        """Several reads that see one state; keep it short."""
        yield from self._within(self._connection(), "begin")

    @contextlib.contextmanager
    def writing(self) -> Iterator[Any]:
        """A durable transaction, immediate; rolled back on any exception."""
        self.check_writable()
        yield from self._within(self._connection(), "begin immediate")

    @contextlib.contextmanager
    def quick(self) -> Iterator[Any]:
        """As `writing`, without the fsync."""
        self.check_writable()
        yield from self._within(self._connection(durable=False), "begin immediate")

    def data_version(self) -> int:
        """Changes when another connection has committed."""
        with self._speaking():
            return int(self._connection().execute("pragma data_version").fetchone()[0])

    def check(self) -> list[str]:
        """What SQLite's own check finds wrong; empty for a sound file."""
        with self._speaking():
            # A connection of its own: FTS5 checks what an older one remembers of the index, and
            # calls it damaged once another process has merged its segments.
            connection = connect(self.path)
            try:
                rows = connection.execute("pragma quick_check(20)").fetchall()
            finally:
                connection.close()
        return [row[0] for row in rows if row[0] != "ok"]

    def close(self) -> None:
        with self._guard:
            for connection in self._all:
                connection.close()
            self._all.clear()
        self._local = threading.local()

    def _within(self, connection: Any, begin: str) -> Iterator[Any]:
        with self._speaking():
            connection.execute(begin)
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise

    def _connection(self, durable: bool = True) -> Any:
        name = "durable" if durable else "quick"
        connection = getattr(self._local, name, None)
        if connection is None:
            connection = connect(self.path, durable=durable)
            setattr(self._local, name, connection)
            with self._guard:
                self._all.append(connection)
        return connection

    def _migrate(self, found: int) -> None:
        """Under a lock, for several processes may find the old schema at once."""
        path = self.path.with_name("catalog.lock")
        with told("bringing the catalog up to date", path):
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if schema.user_version(self._connection()) == found:
                    if found:
                        self._keep_old(found)
                    schema.migrate(self._connection())
            finally:
                os.close(lock)

    def _keep_old(self, found: int) -> None:
        """A copy of the catalog as it was; a half-made one is never taken for it."""
        keep = self.path.with_name(f"{self.path.name}.schema{found}")
        if not keep.exists():
            half = keep.with_name(f"{keep.name}.half")
            half.unlink(missing_ok=True)
            try:
                self._connection().execute("vacuum into ?", (str(half),))
                os.replace(half, keep)
            finally:
                half.unlink(missing_ok=True)

    def check_writable(self) -> None:
        if self.read_only:
            raise _newer(self.path)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """A damaged page can claim a row of gigabytes, or hold text that is none."""
        try:
            yield
        except (MemoryError, UnicodeDecodeError) as error:
            raise Damaged(
                f"SQLite finds it damaged ({type(error).__name__})", str(self.path), _REBUILD
            ) from error

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            raise explained_sqlite(error, self.path, _REBUILD) from error


_REBUILD = "run `strongroom doctor --rebuild`"

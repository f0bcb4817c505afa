"""Shelves: SQLite files that hold blobs of up to 64 KiB, so that thousands cost one fsync.

`shelves/000001.db`, table `blobs(id, digest unique, data)`. Writers append to the newest shelf;
at 1 GiB it is sealed (a row in `sealed`, then read-only on disk) and the next one begins.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from strongroom.disk.durable import explained, sync_folder, told
from strongroom.disk.sqlite import DatabaseError, connect, explained_sqlite

SHELF_LIMIT = 64 * 1024
SEAL_BYTES = 1 << 30

_SCHEMA = """
create table if not exists blobs(id integer primary key, digest blob not null unique,
                                 data blob not null);
create table if not exists sealed(at integer not null);
"""


class Shelves:
    """All shelves of one store. Thread-safe; several processes may use one folder."""

    def __init__(self, folder: Path, seal_bytes: int = SEAL_BYTES) -> None:
        self.folder = folder
        self._seal_bytes = seal_bytes
        self._open: dict[int, Any] = {}
        self._lock = threading.RLock()

    def numbers(self) -> list[int]:
        """Shelf numbers, newest first."""
        found = (p.stem for p in self.folder.glob("*.db"))
        return sorted((int(stem) for stem in found if stem.isdigit()), reverse=True)

    def path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.db"

    def put(self, blobs: Sequence[tuple[bytes, bytes]]) -> int:
        """Keeps `(digest, data)` pairs in one durable transaction; the shelf's number comes back.

        Raises `NoSpace`, `Damaged` or `Busy`; nothing of the call is kept then.
        """
        with self._lock:
            number = self._active()
            with self._speaking(number):
                connection = self._connection(number)
                connection.execute("begin immediate")
                try:
                    connection.executemany(
                        "insert or ignore into blobs(digest, data) values (?, ?)", blobs
                    )
                    connection.execute("commit")
                except BaseException:
                    _roll_back(connection)
                    raise
            return number

    def get(self, digest: bytes) -> tuple[int, bytes] | None:
        """`(shelf, data)` as stored, not yet verified; None if no shelf has it."""
        with self._lock:
            for number in self.numbers():
                with self._speaking(number):
                    row = (
                        self._connection(number)
                        .execute("select data from blobs where digest = ?", (digest,))
                        .fetchone()
                    )
                if row is not None:
                    return number, bytes(row[0])
        return None

    def which(self, digests: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
        """`{digest: (shelf, size)}` of those that are on a shelf; the newest shelf is named."""
        found: dict[bytes, tuple[int, int]] = {}
        with self._lock:
            for number in self.numbers():
                rest = [d for d in digests if d not in found]
                found |= {d: (number, size) for d, size in self._sizes(number, rest).items()}
        return found

    def _sizes(self, number: int, digests: Sequence[bytes]) -> dict[bytes, int]:
        """`{digest: size}` of those that are on this shelf."""
        found: dict[bytes, int] = {}
        with self._speaking(number):
            connection = self._connection(number)
            for start in range(0, len(digests), 500):
                part = digests[start : start + 500]
                marks = ",".join("?" * len(part))
                rows = connection.execute(
                    f"select digest, length(data) from blobs where digest in ({marks})", part
                )
                found.update((bytes(digest), size) for digest, size in rows)
        return found

    def scan(self) -> Iterator[tuple[bytes, int, int]]:
        """`(digest, shelf, size)` of every row, without its data."""
        for number in self.numbers():
            last = 0
            while True:
                with self._lock, self._speaking(number):
                    rows = (
                        self._connection(number)
                        .execute(
                            "select id, digest, length(data) from blobs where id > ? order by id"
                            " limit 1000",
                            (last,),
                        )
                        .fetchall()
                    )
                if not rows:
                    break
                last = rows[-1][0]
                for _, digest, size in rows:
                    yield bytes(digest), number, size

    def remove(self, digests: Sequence[bytes]) -> None:
        """Deletes rows from whichever shelf has them, sealed ones included."""
        with self._lock:
            for number in self.numbers():
                here = self._sizes(number, digests)
                if not here:
                    continue
                self._unseal_for_write(number)
                with self._speaking(number):
                    connection = self._connection(number)
                    connection.execute("begin immediate")
                    try:
                        connection.executemany(
                            "delete from blobs where digest = ?", [(d,) for d in here]
                        )
                        connection.execute("commit")
                    except BaseException:
                        _roll_back(connection)
                        raise

    def close(self) -> None:
        with self._lock:
            for connection in self._open.values():
                connection.close()
            self._open.clear()

    def _active(self) -> int:
        with self._folder_lock():
            numbers = self.numbers()
            if numbers and not self._full(numbers[0]):
                return numbers[0]
            if numbers:
                self._seal(numbers[0])
            number = (numbers[0] if numbers else 0) + 1
            with self._speaking(number):
                self._begin(number)
            return number

    def _begin(self, number: int) -> None:
        """Makes an empty shelf; it gets its name when it is whole, for others look at names."""
        fresh = self.folder / f"{number:06d}.new"
        for suffix in ("", "-wal", "-shm"):  # of one that was never finished
            fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
        connection = connect(fresh)
        try:
            connection.executescript(_SCHEMA)
        finally:
            connection.close()
        os.replace(fresh, self.path(number))
        sync_folder(self.folder)

    def _full(self, number: int) -> bool:
        with self._speaking(number):
            connection = self._connection(number)
            if connection.execute("select count(*) from sealed").fetchone()[0]:
                return True
            # Not the file's size: what was written last may still be in the WAL.
            pages = connection.execute("pragma page_count").fetchone()[0]
            size = pages * connection.execute("pragma page_size").fetchone()[0]
        return bool(size >= self._seal_bytes)

    def _seal(self, number: int) -> None:
        with self._speaking(number):
            connection = self._connection(number)
            if not connection.execute("select count(*) from sealed").fetchone()[0]:
                connection.execute("insert into sealed values (cast(strftime('%s') as integer))")
            connection.execute("pragma wal_checkpoint(truncate)")
        os.chmod(self.path(number), 0o444)

    def _unseal_for_write(self, number: int) -> None:
        if not os.stat(self.path(number)).st_mode & 0o200:
            os.chmod(self.path(number), 0o644)
            if number in self._open:  # it may have been opened for reading only
                self._open.pop(number).close()

    def _connection(self, number: int) -> Any:
        connection = self._open.get(number)
        if connection is None:
            connection = self._open[number] = connect(self.path(number))
        return connection

    @contextlib.contextmanager
    def _folder_lock(self) -> Iterator[None]:
        path = self.folder / ".lock"
        with told("locking the shelves", path), open(path, "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def _speaking(self, number: int) -> Iterator[None]:
        """Turns SQLite's errors into ours, naming the shelf."""
        path = self.path(number)
        try:
            yield
        except OSError as error:
            raise explained(error, "writing to a shelf", path) from error
        except DatabaseError as error:
            raise explained_sqlite(error, path) from error


def _roll_back(connection: Any) -> None:
    if connection.in_transaction:
        connection.execute("rollback")

"""Shelves: SQLite files that hold blobs of up to 64 KiB, so that thousands cost one fsync.

`shelves/000001.db`, table `blobs(id, digest unique, data)`. Writers append to the newest shelf;
at 1 GiB it is sealed (a row in `sealed`, then read-only on disk) and the next one begins. A shelf
that SQLite finds damaged is passed over; `salvage` reads what rows it still has.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any

from strongroom.disk.durable import explained, sync_folder, told
from strongroom.disk.sqlite import DatabaseError, connect, explained_sqlite, sync_log
from strongroom.domain.errors import Damaged

SHELF_LIMIT = 64 * 1024
SEAL_BYTES = 1 << 30
#: Digests asked for in one statement.
_ASKED = 4000
#: Where one row of so many is wanted, it is looked up.
_SPARSE = 8
_ASIDE = "shelf-"

_SCHEMA = """
create table if not exists blobs(id integer primary key, digest blob not null unique,
                                 data blob not null);
create table if not exists sealed(at integer not null);
"""
#: Serial types that a row of `blobs` begins with: its id, which is the row's number, and 32 bytes.
_ROW_BEGINS = (0, 12 + 2 * 32)


class Shelves:
    """All shelves of one store. Thread-safe; several processes may use one folder."""

    def __init__(self, folder: Path, aside: Path, seal_bytes: int = SEAL_BYTES) -> None:
        """`aside`: the folder that damaged shelves are moved to."""
        self.folder, self.aside = folder, aside
        self._seal_bytes = seal_bytes
        self._open: dict[int, Any] = {}
        self._opened: dict[int, tuple[int, int]] = {}
        self._durable: set[int] = set()
        self._refused: set[int] = set()
        self._lock = threading.RLock()

    def numbers(self) -> list[int]:
        """Shelf numbers, newest first."""
        found = (p.stem for p in self.folder.glob("*.db"))
        return sorted((int(stem) for stem in found if stem.isdigit()), reverse=True)

    def without_database(self) -> list[int]:
        """Numbers of shelves of which only the log is left."""
        found = (p.name.removesuffix(".db-wal") for p in self.folder.glob("*.db-wal"))
        return sorted({int(stem) for stem in found if stem.isdigit()} - set(self.numbers()))

    def _numbers_aside(self) -> list[int]:
        """Numbers of shelves that were set aside: another process may still have them open."""
        stems = (p.name[len(_ASIDE) :].partition(".")[0] for p in self.aside.glob(f"{_ASIDE}*"))
        return [int(stem) for stem in stems if stem.isdigit()]

    def set_aside_files(self) -> list[Path]:
        """Shelves that were set aside."""
        return [p for p in self.aside.glob(f"{_ASIDE}*") if not p.name.endswith("-wal")]

    def path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.db"

    # ------------------------------------------------------------------ writing

    def put(self, blobs: Sequence[tuple[bytes, bytes]]) -> int:
        """Keeps `(digest, data)` pairs in one durable transaction; the shelf's number comes back.

        A row that has other bytes under the digest gets these. A damaged shelf is left for a new
        one. Raises `NoSpace`, `Unreachable` or `Busy`; nothing of the call is kept then.
        """
        with self._lock:
            for last in (False, False, True):
                number = self._active()
                try:
                    self._put(number, blobs)
                    return number
                except Damaged:
                    self._refused.add(number)
                    if last:
                        raise
        raise AssertionError("unreachable")

    def _put(self, number: int, blobs: Sequence[tuple[bytes, bytes]]) -> None:
        self._make_durable(number)
        with self._speaking(number):
            connection = self._connection(number)
            connection.execute("begin immediate")
            try:
                connection.executemany(
                    "insert into blobs(digest, data) values (?, ?) on conflict(digest)"
                    " do update set data = excluded.data where data is not excluded.data",
                    blobs,
                )
                connection.execute("commit")
            except BaseException:
                _roll_back(connection)
                raise

    def remove(self, digests: Sequence[bytes], but: int | None = None) -> None:
        """Deletes rows from whichever sound shelf has them, sealed ones included, but not `but`."""
        with self._lock:
            for number in self.numbers():
                if number == but:
                    continue
                with contextlib.suppress(Damaged):
                    self._remove(number, list(self.sizes(number, digests)))

    def remove_wrong(self, number: int, digest: bytes, wrong: bytes) -> bool:
        """Deletes the row if it still holds the bytes `wrong`; False if it does not."""
        with self._lock, self._speaking(number):
            self._unseal_for_write(number)
            changed = self._connection(number).execute(
                "delete from blobs where digest = ? and data is ?", (digest, wrong)
            )
            return bool(changed.rowcount)

    def _remove(self, number: int, digests: Sequence[bytes]) -> None:
        if not digests:
            return
        self._unseal_for_write(number)
        with self._speaking(number):
            connection = self._connection(number)
            connection.execute("begin immediate")
            try:
                connection.executemany(
                    "delete from blobs where digest = ?", [(d,) for d in digests]
                )
                connection.execute("commit")
            except BaseException:
                _roll_back(connection)
                raise

    # ------------------------------------------------------------------ reading

    def get(self, number: int, digest: bytes) -> bytes | None:
        """The row's bytes as stored, not yet verified; None if this shelf has no such row.

        Raises `Damaged` for a broken shelf.
        """
        with self._lock:
            if not self._exists(number):
                return None
            with self._speaking(number):
                row = (
                    self._connection(number)
                    .execute("select cast(data as blob) from blobs where digest = ?", (digest,))
                    .fetchone()
                )
        return bytes(row[0]) if row is not None else None

    def sizes(self, number: int, digests: Sequence[bytes]) -> dict[bytes, int]:
        """`{digest: size}` of those that are on this shelf; raises `Damaged`."""
        return {bytes(d): n for d, n in self._ask(number, "length(data)", digests)}

    def rows(self, number: int, digests: Sequence[bytes]) -> dict[bytes, bytes]:
        """`{digest: bytes as stored}` of those that are on this shelf; raises `Damaged`.

        What killed processes had left unsynced when this one came to the shelf is synced first.
        """
        with self._lock:
            if self._exists(number):
                self._make_durable(number)
            return {
                bytes(d): bytes(data)
                for d, data in self._ask(number, "cast(data as blob)", digests)
            }

    def _ask(self, number: int, what: str, digests: Sequence[bytes]) -> Iterator[tuple[Any, Any]]:
        with self._lock:
            if not digests or not self._exists(number):
                return
            for start in range(0, len(digests), _ASKED):
                part = digests[start : start + _ASKED]
                marks = ",".join("?" * len(part))
                with self._speaking(number):
                    rows = (
                        self._connection(number)
                        .execute(
                            f"select digest, {what} from blobs where digest in ({marks})", part
                        )
                        .fetchall()
                    )
                yield from rows

    def among(self, number: int, digests: Set[bytes]) -> Set[bytes]:
        """Those of the digests for which this shelf has a row; raises `Damaged`."""
        with self._lock:
            if not digests or not self._exists(number):
                return set()
            with self._speaking(number):
                connection = self._connection(number)
                (rows,) = connection.execute("select max(id) from blobs").fetchone()
                if len(digests) * _SPARSE > (rows or 0):  # then to read all is quicker
                    found = connection.execute("select digest from blobs").fetchall()
                    return digests & {digest for (digest,) in found}
            return self.sizes(number, list(digests)).keys()

    def holding(self, digest: bytes) -> Iterator[int]:
        """Sound shelves that have a row of this digest, newest first."""
        for number in self.numbers():
            with contextlib.suppress(Damaged):
                if self.sizes(number, [digest]):
                    yield number

    def unreadable(self) -> Damaged | None:
        """What is wrong with the newest shelf that cannot be asked; None if all can be."""
        for number in self.numbers():
            try:
                self.sizes(number, [b""])
            except Damaged as error:
                return error
        return None

    def which(self, digests: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
        """`{digest: (shelf, size)}` of those that are on a sound shelf; the newest is named."""
        found: dict[bytes, tuple[int, int]] = {}
        for number in self.numbers():
            rest = [d for d in digests if d not in found]
            with contextlib.suppress(Damaged):
                found |= {d: (number, size) for d, size in self.sizes(number, rest).items()}
        return found

    def scan(self) -> Iterator[tuple[bytes, int, int]]:
        """`(digest, shelf, size)` of every row of the sound shelves, without its data."""
        for number in self.numbers():
            last = 0
            with contextlib.suppress(Damaged):
                while rows := self._after(number, last):
                    last = rows[-1][0]
                    for _, digest, size in rows:
                        yield bytes(digest), number, size

    def _after(self, number: int, last: int) -> list[tuple[int, bytes, int]]:
        with self._lock, self._speaking(number):
            found: list[tuple[int, bytes, int]] = (
                self._connection(number)
                .execute(
                    "select id, digest, length(data) from blobs where id > ?"
                    " and typeof(digest) = 'blob' order by id limit 1000",
                    (last,),
                )
                .fetchall()
            )
            return found

    # ------------------------------------------------------------------ damage

    def problem(self, number: int, wholly: bool = False) -> str:
        """What is wrong with a shelf as a database; "" for a sound one. `wholly`: its index too."""
        try:
            with self._lock, self._speaking(number):
                connection = self._connection(number)
                connection.execute("select count(*) from blobs").fetchone()
                check = "integrity_check" if wholly else "quick_check"
                rows = connection.execute(f"pragma {check}(1)").fetchall()
        except Damaged as error:
            return error.what
        return "" if rows == [("ok",)] else str(rows[0][0])

    def clear_left_over(self) -> int:
        """Removes shelves that crashed processes left unfinished; how many files comes back."""
        left = list(self.folder.glob("*.new*"))
        if left:
            with self._folder_lock():  # who makes one just now holds it
                for path in left:
                    path.unlink(missing_ok=True)
        return len(left)

    def refuse(self, number: int) -> None:
        """Puts nothing more on this shelf, from this process."""
        self._refused.add(number)

    def set_aside(self, number: int) -> Path:
        """Moves a shelf's files aside; what it had must be elsewhere by then."""
        with self._lock, self._folder_lock(), told("moving a damaged shelf aside", self.aside):
            self._forget(number)
            path = self.path(number)
            kept = self.aside / f"{_ASIDE}{path.name}.{time.time_ns()}"
            for suffix in ("-wal", ""):
                if Path(f"{path}{suffix}").exists():
                    os.replace(f"{path}{suffix}", f"{kept}{suffix}")
            Path(f"{path}-shm").unlink(missing_ok=True)
            sync_folder(self.aside)
            sync_folder(self.folder)
            return kept

    def close(self) -> None:
        with self._lock:
            for connection in self._open.values():
                connection.close()
            self._open.clear()
            self._opened.clear()

    # ------------------------------------------------------------------ the active shelf

    def _active(self) -> int:
        with self._folder_lock():
            numbers = self.numbers()
            # A log that was left alone would be taken for that of a new shelf of its number.
            newest = max([0, *numbers[:1], *self.without_database(), *self._numbers_aside()])
            if newest in numbers and newest not in self._refused:
                try:
                    if not self._full(newest):
                        return newest
                    self._seal(newest)
                except Damaged:
                    pass  # as good as sealed; `verify --repair` sets it aside
            with self._speaking(newest + 1):
                self._begin(newest + 1)
            return newest + 1

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
            self._forget(number)  # it may have been opened for reading only

    def _make_durable(self, number: int) -> None:
        """Syncs, once, what a process that was killed may have left of this shelf unsynced."""
        if number in self._durable:
            return
        with self._speaking(number):
            self._connection(number).execute("select count(*) from sealed").fetchone()
            sync_log(self.path(number))
            sync_folder(self.folder)
        self._durable.add(number)

    def _exists(self, number: int) -> bool:
        return self.path(number).exists()

    def _connection(self, number: int) -> Any:
        path = self.path(number)
        info = os.stat(path)
        if self._opened.get(number) != (info.st_dev, info.st_ino):
            self._forget(number)  # it was set aside, or removed, and is another file now
        connection = self._open.get(number)
        if connection is None:
            if not info.st_size and not Path(f"{path}-wal").exists():
                # SQLite would take it for a new database.
                raise Damaged("the shelf is empty", str(path), _MEND)
            connection = connect(path, create=False)
            if info.st_mode & 0o200 and Path(f"{path}-wal").exists():
                self._adopt(number, connection)
            self._open[number] = connection
            self._opened[number] = (info.st_dev, info.st_ino)
        return connection

    def _forget(self, number: int) -> None:
        if number in self._open:
            self._open.pop(number).close()
        self._durable.discard(number)

    def _adopt(self, number: int, connection: Any) -> None:
        """Takes in the rows of a log that SQLite passes over behind a damaged frame, before it
        writes over them. Each is verified by its digest; what is not needed is collected.
        """
        from strongroom.disk.carve import frames_behind, records

        path = self.path(number)
        with contextlib.suppress(DatabaseError):  # a shelf that is damaged itself is salvaged whole
            (_, known, _) = connection.execute("pragma wal_checkpoint(passive)").fetchone()
            if not frames_behind(path, max(known, 0)):
                return
            rows = [
                (digest, data)
                for _, digest, data in records(path, _ROW_BEGINS, 3, log_only=True)
                if hashlib.sha256(data).digest() == digest
            ]
            connection.execute("begin immediate")
            try:
                connection.executemany(
                    "insert or ignore into blobs(digest, data) values (?, ?)", rows
                )
                connection.execute("commit")
            except BaseException:
                _roll_back(connection)
                raise

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
        except FileNotFoundError as error:
            raise Damaged("the shelf is gone", str(path), _MEND) from error
        except OSError as error:
            raise explained(error, "writing to a shelf", path) from error
        except DatabaseError as error:
            raise explained_sqlite(error, path, _MEND) from error


def salvage(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """`(digest, data)` of what can be read of a shelf's file, damaged as it may be, each verified
    by its digest. Raises `Unreachable`.
    """
    from strongroom.disk.carve import records

    seen: set[bytes] = set()
    with told("reading a damaged shelf", path):
        for _, digest, data in records(path, _ROW_BEGINS, 3):
            if digest not in seen and hashlib.sha256(data).digest() == digest:
                seen.add(digest)
                yield digest, data


def _roll_back(connection: Any) -> None:
    if connection.in_transaction:
        connection.execute("rollback")


_MEND = "run `strongroom verify --all --repair`"

"""SQLite databases of trackers, opened so that nothing in them can do anything but be read.

Format: https://www.sqlite.org/fileformat2.html. The file is taken as it is: no journal is played
back, no lock is taken, no schema function is trusted.
"""

from __future__ import annotations

import contextlib
import sqlite3
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any

from strongroom.formats.source import Source, Unreadable

_MAGIC = b"SQLite format 3\0"
_MAX_IN_MEMORY = 256 << 20
#: Virtual machine instructions before a query is given up, and how often that is looked at.
_MAX_STEPS = 4_000_000_000
_STEP = 1_000_000
_MAX_CELL = 4 << 20


def plausible(head: bytes) -> bool:
    return head.startswith(_MAGIC)


class Database:
    """Tables as rows of plain values; every method raises `Unreadable`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._steps = 0
        connection.set_progress_handler(self._count, _STEP)

    def tables(self) -> set[str]:
        found = self.rows("select name from sqlite_master where type = 'table' limit 10000")
        return {str(name) for (name,) in found}

    def columns(self, table: str) -> set[str]:
        return {str(row[0]) for row in self.rows("select name from pragma_table_info(?)", [table])}

    def rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, values)
        except (sqlite3.Error, OverflowError, UnicodeError) as why:
            raise Unreadable(f"its database is damaged ({str(why)[:100]})") from None

    def _count(self) -> bool:
        self._steps += _STEP
        return self._steps > _MAX_STEPS


@contextlib.contextmanager
def opened(source: Source) -> Iterator[Database]:
    """Raises `Unreadable` for a file that is no database, or is too large to be held in memory
    where it is not on disk.
    """
    if not plausible(source.head):
        raise Unreadable("it is no SQLite database")
    _check_size(source)
    with contextlib.closing(_connected(source)) as connection:
        connection.text_factory = lambda data: data[:_MAX_CELL].decode("utf-8", "replace")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_CELL)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        try:
            for pragma in ("query_only = 1", "trusted_schema = 0", "temp_store = memory"):
                connection.execute(f"pragma {pragma}")
        except sqlite3.Error as why:
            raise Unreadable(f"its database is damaged ({str(why)[:100]})") from None
        yield Database(connection)


def _check_size(source: Source) -> None:
    """§1.3 of the format: page size and count, where both are kept up."""
    head = source.head[:100].ljust(100, b"\0")
    page = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    current = head[24:28] == head[92:96]
    if current and (65536 if page == 1 else page) * pages > source.size:
        raise Unreadable(f"its header claims {pages} pages but the file is shorter: it is cut off")


def _connected(source: Source) -> sqlite3.Connection:
    try:
        if source.file is not None:
            name = urllib.parse.quote(source.file)
            return sqlite3.connect(f"file:{name}?mode=ro&immutable=1", uri=True)
        data = bytearray(source.read(_MAX_IN_MEMORY))
        data[18:20] = b"\1\1"  # a write-ahead log that it may name is not there
        connection = sqlite3.connect(":memory:")
        connection.deserialize(bytes(data))
        return connection
    except sqlite3.Error as why:
        raise Unreadable(f"its database cannot be opened ({str(why)[:100]})") from None

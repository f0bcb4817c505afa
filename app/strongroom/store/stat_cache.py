"""What a file's digest was when its stat was last seen: spares reading what has not changed.

Local, never the truth, safe to delete. An entry counts only if the file's last change lies at
least two seconds before it was read: within a clock tick a change could hide (design §5).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from strongroom.disk.listing import Stat
from strongroom.disk.sqlite import DatabaseError, connect

_TRUST_AFTER_NS = 2_000_000_000
_SCHEMA = (
    "create table if not exists stats(dev integer, ino integer, size integer, mtime_ns integer,"
    " ctime_ns integer, digest blob not null, primary key(dev, ino)) without rowid"
)


class StatCache:
    """Thread-safe. A cache file that cannot be used is made anew, and the cost is re-reading."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: Any = None

    def look_up(self, stats: Sequence[Stat]) -> list[bytes | None]:
        """The digest of each stat that was seen and can be trusted."""
        with self._lock:
            try:
                connection = self._open()
                found = []
                for s in stats:
                    row = connection.execute(
                        "select digest from stats where dev=? and ino=? and size=? and mtime_ns=?"
                        " and ctime_ns=?",
                        (s.dev, s.ino, s.size, s.mtime_ns, s.ctime_ns),
                    ).fetchone()
                    found.append(bytes(row[0]) if row else None)
                return found
            except (DatabaseError, OSError):
                self._reset()
                return [None] * len(stats)

    def remember(self, items: Iterable[tuple[Stat, bytes, int]]) -> None:
        """Keeps `(stat, digest, read_ns)` where the file had been still long enough."""
        rows = [
            (s.dev, s.ino, s.size, s.mtime_ns, s.ctime_ns, digest)
            for s, digest, read_ns in items
            if read_ns - max(s.mtime_ns, s.ctime_ns) >= _TRUST_AFTER_NS
        ]
        if not rows:
            return
        with self._lock:
            try:
                connection = self._open()
                connection.execute("begin immediate")
                connection.executemany("insert or replace into stats values (?,?,?,?,?,?)", rows)
                connection.execute("commit")
            except (DatabaseError, OSError):
                self._reset()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> Any:
        if self._connection is None:
            connection = connect(self.path, durable=False)
            connection.execute(_SCHEMA)
            self._connection = connection
        return self._connection

    def _reset(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

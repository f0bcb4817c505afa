"""What a file's digest was when its stat was last seen: spares reading what has not changed.

Local, never the truth, safe to delete. An entry counts only if the file's last change lies at
least two seconds before it was read: within a clock tick a change could hide (design §5).
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from strongroom.disk.listing import SourceFile, Stat
from strongroom.disk.sqlite import DatabaseError, connect

_TRUST_AFTER_NS = 2_000_000_000
_SCHEMA = """
create table if not exists stats(dev integer, ino integer, size integer, mtime_ns integer,
    ctime_ns integer, digest blob not null, primary key(dev, ino)) without rowid;
create table if not exists folders(state blob not null unique, content blob not null);
"""
#: So many states of folders are remembered, the newest.
_FOLDERS = 1000


class StatCache:
    """Thread-safe. A cache file that cannot be used is made anew, and the cost is re-reading."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: Any = None

    def look_up(self, stats: Sequence[Stat]) -> list[bytes | None]:
        """The digest of each stat that was seen and can be trusted."""
        known: dict[Stat, bytes] = {}
        by_device: dict[int, list[int]] = {}
        for s in stats:
            by_device.setdefault(s.dev, []).append(s.ino)
        with self._lock:
            try:
                connection = self._open()
                for device, inodes in by_device.items():
                    for start in range(0, len(inodes), 500):
                        part = inodes[start : start + 500]
                        marks = ",".join("?" * len(part))
                        for row in connection.execute(
                            "select dev, ino, size, mtime_ns, ctime_ns, digest from stats"
                            f" where dev=? and ino in ({marks})",
                            [device, *part],
                        ):
                            known[Stat(*row[:5])] = bytes(row[5])
            except (DatabaseError, OSError):
                self._reset()
                return [None] * len(stats)
        return [known.get(s) for s in stats]

    def content_of(self, files: Sequence[SourceFile]) -> bytes | None:
        """The content digest that a folder had when it last held just these files and stats."""
        with self._lock:
            try:
                row = (
                    self._open()
                    .execute("select content from folders where state=?", (_state_of(files),))
                    .fetchone()
                )
            except (DatabaseError, OSError):
                self._reset()
                return None
        return bytes(row[0]) if row else None

    def remember_content(self, files: Sequence[SourceFile], content: bytes, read_ns: int) -> None:
        """Keeps what `content_of` answers, where all files had been still long enough."""
        newest = max((max(f.stat.mtime_ns, f.stat.ctime_ns) for f in files), default=read_ns)
        if read_ns - newest < _TRUST_AFTER_NS:
            return
        with self._lock:
            try:
                connection = self._open()
                connection.execute(
                    "insert or replace into folders values (?,?)", (_state_of(files), content)
                )
                connection.execute(
                    "delete from folders where rowid <= (select max(rowid) from folders) - ?",
                    (_FOLDERS,),
                )
            except (DatabaseError, OSError):
                self._reset()

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
            connection.executescript(_SCHEMA)
            self._connection = connection
        return self._connection

    def _reset(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        with contextlib.suppress(OSError):
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)


def _state_of(files: Sequence[SourceFile]) -> bytes:
    """Names one state of a folder: a digest over all paths and stats, in order."""
    sha = hashlib.sha256()
    for start in range(0, len(files), 1000):
        sha.update(b"".join(f.state + b"\0" for f in files[start : start + 1000]))
    return sha.digest()

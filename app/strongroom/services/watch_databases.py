"""SQLite databases in a watched folder: each is one file together with its log or journal.

The source is only read. Where it is open, or something lies in its log, both are copied and put
together in the copy, as the database's own program would do it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from strongroom.disk.durable import told
from strongroom.disk.listing import SourceFile, Stat
from strongroom.disk.sqlite import DatabaseError, fold_log
from strongroom.store.intake import Changed, has_writer

_NAMES = (b".db", b".sqlite", b".sqlite3", b".db3")
_LOGS = (b"-wal", b"-journal")
_BESIDE = (*_LOGS, b"-shm")
_MAGIC = b"SQLite format 3\0"


def is_named(file: SourceFile) -> bool:
    """Whether it may be a database, by its name."""
    return file.path.endswith(_NAMES)


def database_of(path: bytes) -> bytes:
    """The database that `path` belongs to by its name, or `path` itself."""
    for side in _BESIDE:
        if path.endswith(side) and path[: -len(side)].endswith(_NAMES):
            return path[: -len(side)]
    return path


def joined(files: Iterable[SourceFile]) -> list[SourceFile]:
    """The files with each database as one: what lies beside it is no file of its own."""
    known = {f.path: f for f in files}
    return [
        with_logs(f)
        for f in known.values()
        if database_of(f.path) == f.path or database_of(f.path) not in known
    ]


def with_logs(file: SourceFile) -> SourceFile:
    """A database with the stat of its log added, so that it changes when that does."""
    if not is_named(file):
        return file
    s = file.stat
    for log in _logs(file):
        s = Stat(
            s.dev,
            s.ino,
            s.size + log.st_size,
            max(s.mtime_ns, log.st_mtime_ns),
            max(s.ctime_ns, log.st_ctime_ns),
        )
    return SourceFile(file.location, file.path, s)


def is_open(file: SourceFile) -> bool:
    """Whether it is a database that some process has open for writing."""
    if not is_named(file) or not _is_sqlite(file):
        return False
    try:
        fd = os.open(file.location, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return has_writer(fd)
    finally:
        os.close(fd)


def needs_copy(file: SourceFile) -> bool:
    """Whether the file alone is not the database: it is open, or has more in its log."""
    if not is_named(file) or not _is_sqlite(file):
        return False
    return bool(_logs(file)) or is_open(file)


def copy_of(file: SourceFile, folder: Path) -> SourceFile:
    """The database put together in a copy below `folder`; raises `Changed` if it did meanwhile.

    A file that SQLite cannot read stays what it is: then it comes back itself.
    """
    target = Path(tempfile.mkdtemp(dir=folder)) / "copy.db"
    with told("copying a database", file.location):
        shutil.copyfile(file.location, target)
        for log in _LOGS:
            try:
                shutil.copyfile(file.location + log, os.fsencode(target) + log)
            except FileNotFoundError:
                continue
        info = os.stat(file.location)
    now = with_logs(SourceFile(file.location, file.path, Stat.of(info)))
    if now.stat != file.stat:
        raise Changed("the database changed while it was read", os.fsdecode(file.location))
    try:
        fold_log(target)
    except DatabaseError:
        return file
    return SourceFile(os.fsencode(target), file.path, Stat.of(os.stat(target)))


def _logs(file: SourceFile) -> list[os.stat_result]:
    """The logs beside the database that hold something."""
    found = []
    for log in _LOGS:
        try:
            info = os.lstat(file.location + log)
        except OSError:
            continue
        if info.st_size:
            found.append(info)
    return found


def _is_sqlite(file: SourceFile) -> bool:
    try:
        fd = os.open(file.location, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.read(fd, len(_MAGIC)) == _MAGIC
    except OSError:
        return False
    finally:
        os.close(fd)

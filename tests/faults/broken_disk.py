"""A disk that fails at the n-th write: below Python's files and descriptors, and below SQLite.

Only what lies under `root` is counted. After the fault everything works again, as when a sector
was remapped or room was made; with `lasting` every later write fails too, as on a full disk.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from strongroom.disk import sqlite

_WRITES = ("begin immediate", "insert", "update", "delete", "commit", "create", "release")


class BrokenDisk:
    """Counts writes below `root`; number `fail_at` raises `code`. `last`: what it was."""

    def __init__(self, root: Path, fail_at: int, code: int, lasting: bool = False) -> None:
        self.root, self.fail_at, self.code, self.lasting = os.fsencode(root), fail_at, code, lasting
        self.count = 0
        self.last = ""
        self._guard = threading.Lock()

    def is_below(self, path: Any) -> bool:
        return os.path.abspath(os.fsencode(name_of(path))).startswith(self.root)

    def fails(self, what: str) -> bool:
        with self._guard:
            self.count += 1
            hit = self.count == self.fail_at or (self.lasting and self.count > self.fail_at)
            if hit and not self.last:
                self.last = what
            return hit

    def write(self, what: str, path: Any) -> None:
        """One write to `path` is about to happen."""
        if self.is_below(path) and self.fails(f"{what} {os.fsdecode(name_of(path))}"):
            raise OSError(self.code, os.strerror(self.code))

    @property
    def happened(self) -> bool:
        return bool(self.last)


def name_of(file: Any) -> Any:
    """A path, or the one that a descriptor was opened by."""
    return os.readlink(f"/proc/self/fd/{file}") if isinstance(file, int) else file


@contextmanager
def broken(
    root: Path, fail_at: int, code: int = errno.ENOSPC, lasting: bool = False
) -> Iterator[BrokenDisk]:
    """While it lasts, the `fail_at`-th write (from 1) below `root` fails."""
    disk = BrokenDisk(root, fail_at, code, lasting)
    with pytest.MonkeyPatch.context() as patch:
        _patch_descriptors(patch, disk)
        _patch_files(patch, disk)
        _patch_sqlite(patch, disk)
        yield disk


def _patch_descriptors(patch: pytest.MonkeyPatch, disk: BrokenDisk) -> None:
    def on_path(name: str) -> None:
        real = getattr(os, name)

        def guarded(path: Any, *rest: Any, **named: Any) -> Any:
            if name != "mkdir" or not os.path.lexists(path):
                disk.write(name, path)
            return real(path, *rest, **named)

        patch.setattr(os, name, guarded)

    for name in ("write", "fsync", "mkdir", "replace", "rename"):
        on_path(name)
    real_open = os.open

    def guarded_open(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & os.O_CREAT and not os.path.lexists(path):
            disk.write("create", path)
        return real_open(path, flags, *rest, **named)

    patch.setattr(os, "open", guarded_open)


class _File(io.FileIO):
    """What `open(…, "wb")` writes through, so that buffers behave as they do on a real disk."""

    disk: BrokenDisk

    def write(self, data: Any) -> int:
        self.disk.write("write", self.fileno())
        return super().write(data)


def _patch_files(patch: pytest.MonkeyPatch, disk: BrokenDisk) -> None:
    real = builtins.open

    def guarded(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if "b" not in mode or not set(mode) & set("wax+") or not disk.is_below(file):
            return real(file, mode, *rest, **named)
        if not isinstance(file, int) and not os.path.lexists(file):
            disk.write("create", file)
        raw = _File(file, mode, closefd=named.get("closefd", True))
        raw.disk = disk
        return io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)

    patch.setattr(builtins, "open", guarded)
    patch.setattr(io, "open", guarded)


def _patch_sqlite(patch: pytest.MonkeyPatch, disk: BrokenDisk) -> None:
    module = sqlite.sqlite3
    real = module.connect
    message = "database or disk is full" if disk.code == errno.ENOSPC else "disk I/O error"

    class Connection(module.Connection):  # type: ignore[misc, name-defined]
        path = ""

        def _write(self, sql: str) -> None:
            words = sql.lstrip().lower()
            if words.startswith(_WRITES) and disk.fails(f"{words[:40]} in {self.path}"):
                if self.in_transaction:
                    super().execute("rollback")  # as SQLite itself does on these errors
                raise module.OperationalError(message)

        def execute(self, sql: str, *rest: Any) -> Any:
            self._write(sql)
            return super().execute(sql, *rest)

        def executemany(self, sql: str, *rest: Any) -> Any:
            self._write(sql)
            return super().executemany(sql, *rest)

        def executescript(self, sql: str) -> Any:
            self._write(sql)
            return super().executescript(sql)

    def guarded(name: str, **named: Any) -> Any:
        path = name.removeprefix("file:").partition("?")[0]
        if not disk.is_below(path):
            return real(name, **named)
        if not os.path.exists(path) and disk.fails(f"create {path}"):
            raise module.OperationalError(
                message if disk.code == errno.ENOSPC else "unable to open database file"
            )
        connection = real(name, factory=Connection, **named)
        connection.path = path
        return connection

    patch.setattr(module, "connect", guarded)

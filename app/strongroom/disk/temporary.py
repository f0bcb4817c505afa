"""Temporary files and folders: locked while their owner lives, cleared once it is gone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex


def new_file(
    folder: Path, before: str = "", mode: int = 0o600, after: str = ".tmp"
) -> tuple[int, Path]:
    """A new temporary file, open and locked; the lock goes with the descriptor. Raises `OSError`.

    Between making and locking it somebody may take it for left over and clear it away; then
    another one is made.
    """
    while True:
        path = folder / f"{before}{token_hex(16)}{after}"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink:
                return fd, path
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


@contextlib.contextmanager
def new_folder(within: Path) -> Iterator[Path]:
    """A temporary folder, locked while it is in use, which goes when it is closed."""
    while True:
        path = within / f"{token_hex(16)}.tmp"
        path.mkdir(mode=0o700)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # taken for left over before it was locked
        fcntl.flock(fd, fcntl.LOCK_EX)
        if path.exists():
            break
        os.close(fd)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(fd)


def clear(folder: Path) -> int:
    """Removes temporary files whose owner is gone; how many comes back."""
    removed = 0
    for temporary in folder.glob("*.tmp"):
        try:
            fd = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if temporary.is_dir():
                shutil.rmtree(temporary)
            else:
                os.unlink(temporary)
            removed += 1
        except OSError:
            continue  # its owner is alive and will finish or discard it
        finally:
            os.close(fd)
    return removed

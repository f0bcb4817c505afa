"""Writing so that a crash leaves the old state or the new one, never a mixture."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from strongroom.domain.errors import NoSpace, StrongroomError, Unreachable

#: Error numbers that mean that there is no room.
FULL = (errno.ENOSPC, errno.EDQUOT)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Makes renames and new names in `folder` durable; raises `OSError`."""
    fd = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Writes all of `data`, however little the system takes at once; raises `OSError`."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_file(path: Path, data: bytes) -> None:
    """Replaces `path` by `data`, durably and at once, and keeps its mode; raises `OSError`."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        with open(temporary, "xb") as out:
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(out.fileno(), stat.S_IMODE(os.stat(path).st_mode))
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(path.parent)


def start_writeback(fd: int, offset: int, count: int) -> None:
    """Asks the kernel to begin writing these bytes to disk, so that the fsync at the end finds
    most of it done. Only a hint: nothing depends on it, and where it is not to be had it is none.
    """
    function = _sync_file_range()
    if function is not None:
        function(fd, offset, count, 2)  # SYNC_FILE_RANGE_WRITE


@functools.cache
def _sync_file_range() -> Any:
    if sys.platform != "linux":
        return None
    import ctypes

    function = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if function is not None:
        function.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return function


@contextlib.contextmanager
def told(what: str, thing: str | bytes | os.PathLike[str]) -> Iterator[None]:
    """Turns an `OSError` inside into words: `NoSpace` or `Unreachable` that name `thing`."""
    try:
        yield
    except OSError as error:
        raise explained(error, what, thing) from error


def explained(error: OSError, what: str, thing: str | bytes | os.PathLike[str]) -> StrongroomError:
    name = os.fsdecode(thing)
    if error.errno in FULL:
        return NoSpace(f"{what} failed, the disk is full", name, "free some space and try again")
    reason = error.strerror or type(error).__name__
    return Unreachable(f"{what} failed ({reason})", name, "check the disk and its permissions")

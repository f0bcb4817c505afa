"""Writing so that a crash leaves the old state or the new one, never a mixture."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from strongroom.disk.temporary import new_file
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


def sync_names(folder: Path) -> None:
    """Makes the name of `folder` and of every folder above it durable, as far as we may: one of
    them may have been made by a process that ended before it was. Raises `OSError` for `folder`.
    """
    sync_folder(folder)
    device = os.stat(folder).st_dev
    for parent in folder.absolute().parents:
        with contextlib.suppress(OSError):  # not ours to read: then not ours to have made
            if os.stat(parent).st_dev != device:
                return
            sync_folder(parent)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Writes all of `data`, however little the system takes at once; raises `OSError`."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_file(path: Path, data: bytes) -> None:
    """Replaces `path` by `data`, durably and at once, and keeps its mode; raises `OSError`."""
    fd, temporary = new_file(path.parent, f".{path.name}.", 0o666)
    try:
        try:
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(fd, stat.S_IMODE(os.stat(path).st_mode))
            write_all(fd, data)
            os.fsync(fd)
            os.replace(temporary, path)
        finally:
            os.close(fd)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(path.parent)


def exchange(a: Path, b: Path) -> bool:
    """Swaps two names in one step; False, and nothing is done, where the system cannot.

    Linux's renameat2 with RENAME_EXCHANGE. Raises `OSError`.
    """
    function = _renameat2()
    if function is None:
        return False
    import ctypes

    if function(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), os.fspath(a))


_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@functools.cache
def _renameat2() -> Any:
    if sys.platform != "linux":
        return None
    import ctypes

    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is not None:
        function.argtypes = [
            ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint
        ]  # fmt: skip
    return function


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

"""Room kept back in a registry's own folder for the moment when the disk is full.

The line of the journal that follows a committed act needs a little room, and so does SQLite's
shared memory beside each file. `local/reserve` holds that room; it is given back in parts when
there is none elsewhere, so that another program does not take all at once, and filled again when
there is plenty.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

RESERVE = 2 << 20
_PART = 256 << 10
#: Below this much free space a disk counts as full, above `_PLENTY` the reserve is filled.
_FULL = 1 << 20
_PLENTY = 8 * RESERVE


def is_full(near: str | os.PathLike[str]) -> bool:
    """Whether the disk that holds the folder of `near` has no room (or no inode) to speak of."""
    try:
        state = os.statvfs(Path(near).parent)
    except OSError:
        return False
    no_names = state.f_files > 0 and state.f_favail == 0
    return no_names or state.f_bavail * state.f_frsize < _FULL


def tend(root: Path) -> None:
    """Fills the reserve of the registry in `root`, or gives it back, as the disk's state asks."""
    path = root / "local" / "reserve"
    if is_full(path):
        release(path)
        return
    with contextlib.suppress(OSError):
        state = os.statvfs(path.parent)
        if state.f_bavail * state.f_frsize < _PLENTY:
            return
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(fd).st_size < RESERVE:
                _allocate(fd)
        finally:
            os.close(fd)


def release(near: str | os.PathLike[str]) -> bool:
    """Gives back a part of the reserve of the registry that the file `near` lies in; False if all
    of it is gone.
    """
    for folder in Path(near).parents[:2]:
        path = folder / "local" / "reserve"
        with contextlib.suppress(OSError):
            if size := path.stat().st_size:
                os.truncate(path, max(size - _PART, 0))
                return True
    return False


def _allocate(fd: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, RESERVE)
    else:
        os.pwrite(fd, bytes(RESERVE), 0)

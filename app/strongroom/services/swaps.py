"""Putting something finished in the place of what is there: at any instant one of the two is
there, and after a crash the next start clears away or puts back what is left.

What is under way is noted in the registry, a locked file each: beside the place itself nothing
would tell a left-over from the work of a living process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from strongroom.disk.durable import exchange, sync_folder, sync_names, told, write_all
from strongroom.disk.temporary import new_file

#: Seconds that a note waits for a place that is not there (a drive that is away).
_WAITED_FOR = 7 * 86_400


@contextlib.contextmanager
def replacing(notes: Path, into: Path) -> Iterator[Path]:
    """A temporary name beside `into` that takes its place on success and is removed on failure.

    Raises `NoSpace` or `Unreachable` for `into`.
    """
    with _noted(notes, into) as mark:
        staging, aside = _beside(into, mark)
        try:
            yield staging
            with told("writing", into):
                _put(staging, into, aside)
                sync_names(into.parent)
                _clear(staging, aside)
        except BaseException:
            if os.path.lexists(aside) and not os.path.lexists(into):
                os.rename(aside, into)
            _clear(staging)
            raise


def settle(notes: Path) -> None:
    """Ends what processes left that are gone: old content whose place is empty is put back, and
    what was only half written goes.
    """
    for path in notes.glob("*.json"):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _settled(Path(os.fsdecode(os.read(fd, 1 << 16))), path.stem, path):
                path.unlink()
        except OSError:
            continue  # its owner lives, or the place cannot be written to: the next time
        finally:
            os.close(fd)


def _settled(into: Path, mark: str, note: Path) -> bool:
    """False to look again the next time."""
    if not into.name:
        return True  # ended before it was written
    if not into.parent.is_dir():
        return time.time() - note.stat().st_mtime > _WAITED_FOR
    staging, aside = _beside(into, mark)
    if os.path.lexists(aside) and not os.path.lexists(into):
        os.rename(aside, into)
        _tell("%s was put back, its replacement was not finished", into)
    _clear(staging, aside)
    return True


def _tell(text: str, thing: Path) -> None:
    import logging  # rarely needed, and slow to load at every start

    logging.getLogger(__name__).warning(text, thing)


def _clear(*left: Path) -> None:
    """Removes them, durably: their note goes next, and without it nobody knows of them."""
    there = [path for path in left if os.path.lexists(path)]
    for path in there:
        _remove(path)
    if there:
        sync_folder(there[0].parent)


def _put(staging: Path, into: Path, aside: Path) -> None:
    if not os.path.lexists(into):
        os.rename(staging, into)
    elif not into.is_dir() and not staging.is_dir():
        os.replace(staging, into)
    elif not exchange(staging, into):  # afterwards `staging` is the old one
        os.rename(into, aside)
        sync_folder(into.parent)
        os.rename(staging, into)


def _beside(into: Path, mark: str) -> tuple[Path, Path]:
    return (
        into.with_name(f".strongroom-{mark[:12]}.part"),
        into.with_name(f".strongroom-{mark[:12]}.old"),
    )


@contextlib.contextmanager
def _noted(notes: Path, into: Path) -> Iterator[str]:
    """Notes durably what is about to be replaced; the mark of its temporary names comes back.

    A registry that cannot be written to takes no note; nobody can clear up after it then.
    """
    fd, path = -1, notes / f"{os.urandom(16).hex()}.json"
    try:
        with contextlib.suppress(OSError):
            notes.mkdir(exist_ok=True)
            fd, path = new_file(notes, after=".json")
            write_all(fd, os.fsencode(into))
            os.fsync(fd)
            sync_folder(notes)
            sync_folder(notes.parent)  # the folder is made by the first who needs it
        yield path.stem
    finally:
        if fd >= 0:
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(fd)


def _remove(path: Path) -> None:
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for folder in reversed(folders(path)):
        for entry in list(os.scandir(folder)):
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
        os.rmdir(folder)


def folders(root: Path) -> list[str]:
    """The folder and all below it, parents first, however deep."""
    found, at = [os.fspath(root)], 0
    while at < len(found):
        found += [e.path for e in os.scandir(found[at]) if e.is_dir(follow_symlinks=False)]
        at += 1
    return found

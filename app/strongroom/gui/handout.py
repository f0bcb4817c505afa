"""Verified copies in a private folder, for programs that versions are dragged into.

Each process has a folder of its own below the user's cache, under a lock that it holds while it
lives: what has no holder was left by a crash, and is removed at the next start.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from platformdirs import user_cache_path

from strongroom.domain.errors import StrongroomError
from strongroom.services.progress import Progress
from strongroom.services.registry import Registry

#: (reference, the name that its copy has).
Wanted = tuple[str, str]
_LOCK = "in-use"
#: Copies that are kept for another drag.
_KEPT = 4
_State = dict[str, tuple[int, int]]


def default_base() -> Path:
    return user_cache_path("strongroom") / "drag-out"


class Handout:
    """Thread-safe; every method works on disk, so none is for the window's thread but `clear`,
    which is for its end.
    """

    def __init__(self, base: Path | None = None) -> None:
        self._base = base
        self._own: Path | None = None
        self._lock_file: int | None = None
        self._guard = threading.Lock()
        self._made: dict[tuple[Wanted, ...], tuple[list[Path], _State]] = {}

    def copies(
        self, registry: Registry, wanted: Sequence[Wanted], progress: Progress
    ) -> list[Path]:
        """A verified file or folder for each version; those of an earlier call if nobody has
        changed them. Raises as `Registry.get`; then nothing is left of what was begun.
        """
        key = tuple(wanted)
        with self._guard:
            made = self._made.get(key)
            if made is not None and _state(made[0]) == made[1]:
                return made[0]
            own = self._folder()
        with _told(own):
            into = Path(tempfile.mkdtemp(dir=own))
        try:
            paths = []
            for reference, name in wanted:
                target = _free(into, _with_ending(registry, reference, name))
                registry.get(reference, target, progress=progress)
                paths.append(target)
        except BaseException:
            shutil.rmtree(into, ignore_errors=True)
            raise
        with self._guard:
            self._made.pop(key, None)
            self._made[key] = paths, _state(paths)
            while len(self._made) > _KEPT:
                oldest = next(iter(self._made))
                for path in self._made.pop(oldest)[0][:1]:
                    shutil.rmtree(path.parent, ignore_errors=True)
        return paths

    def clear(self) -> None:
        """Removes all that was handed out."""
        with self._guard:
            own, self._own = self._own, None
            self._made.clear()
            if own is not None:
                shutil.rmtree(own, ignore_errors=True)
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file = None

    def clear_left_behind(self) -> None:
        """Removes the folders of processes that have ended without removing them."""
        with contextlib.suppress(OSError):
            for folder in list(self._place().iterdir()):
                with contextlib.suppress(OSError):
                    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
                    try:
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        shutil.rmtree(folder, ignore_errors=True)
                    finally:
                        os.close(lock)

    def _place(self) -> Path:
        return self._base if self._base is not None else default_base()

    def _folder(self) -> Path:
        """This process's folder, which nobody else can look into."""
        if self._own is None:
            place = self._place()
            with _told(place):
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
                made = Path(tempfile.mkdtemp(dir=place, prefix="making-"))
                # another process's clearing passes over a folder that has no lock yet
                lock = os.open(made / f"{_LOCK}.new", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.flock(lock, fcntl.LOCK_EX)
                os.rename(made / f"{_LOCK}.new", made / _LOCK)
                self._own, self._lock_file = made, lock
        return self._own


@contextlib.contextmanager
def _told(place: Path):  # type: ignore[no-untyped-def]
    try:
        yield
    except OSError as error:
        raise StrongroomError(
            f"no copy can be made to be dragged ({error.strerror})",
            str(place),
            "use Export… and choose a folder",
        ) from error


def _with_ending(registry: Registry, reference: str, name: str) -> str:
    """A version of one file is handed out as that file: programs go by its ending."""
    files = registry.show(reference, files=2)["manifest"]["files"]
    if len(files) > 1 or "path" not in files[0] or "/" in files[0]["path"]:
        return name
    ending = os.path.splitext(files[0]["path"])[1]
    return name if name.endswith(ending) else name + ending


def _free(folder: Path, name: str) -> Path:
    """`name`, or with a number where two versions are called the same."""
    target, number = folder / name, 2
    while target.exists():
        target = folder / f"{number}-{name}"
        number += 1
    return target


def _state(paths: Sequence[Path]) -> _State:
    """Size and time of every file, by which a change is seen."""
    state: _State = {}
    for path in paths:
        if not path.is_dir():
            found = [path]
        else:
            found = [Path(root, name) for root, _, names in os.walk(path) for name in names]
        for file in found:
            try:
                stat = os.lstat(file)
            except OSError:
                return {}
            state[str(file)] = stat.st_size, stat.st_mtime_ns
    return state

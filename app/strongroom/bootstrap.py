"""Puts the parts of a registry together; the only place that knows them all."""

from __future__ import annotations

import errno
import fcntl
import getpass
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from strongroom.audit.segments import Segments
from strongroom.catalog.catalog import last_seq, lines_after
from strongroom.catalog.engine import Engine
from strongroom.domain.entry import Draft
from strongroom.domain.errors import Busy, Damaged, Denied, Unreachable
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.services.inspection import Inspector
from strongroom.services.local import LocalRegistry
from strongroom.services.progress import Progress
from strongroom.settings import Settings
from strongroom.store.folder import FolderStore
from strongroom.store.place import Place, create, open_place
from strongroom.store.stat_cache import StatCache


def create_registry(root: Path, settings: Settings, origin: str) -> LocalRegistry:
    """Makes a registry in `root` and opens it; `Conflict` where one is already."""
    create(root)
    registry = open_registry(root, settings, origin)
    with registry.desk.recording(StoredDocuments(registry.desk.store)) as recorder:
        recorder.write(
            Draft("registry.created", {"type": "registry", "id": registry.desk.place.registry_id})
        )
    return registry


def open_registry(root: Path, settings: Settings, origin: str) -> LocalRegistry:
    """Opens the registry in `root` for the operating-system user.

    Raises `NotFound`, `Damaged` (the catalog is gone or behind its journal) or `Busy` (it is
    just being rebuilt). What a crash left open is completed first.
    """
    place = open_place(root)
    release = _share(place)
    try:
        segments = Segments(place.journal)
        written = segments.last_seq()
        if written and not place.catalog.exists():
            raise Damaged("the catalog is gone", str(place.catalog), _REBUILD)
        engine = Engine(place.catalog)
        known = last_seq(engine)
        if known < written:
            engine.close()
            raise Damaged(
                f"the catalog ends at entry {known}, the journal at {written}",
                str(place.catalog),
                _REBUILD,
            )
        if known > written:
            segments.catch_up(lambda last: lines_after(engine, last), known)
        desk = Desk(
            place=place,
            engine=engine,
            store=FolderStore(place.root),
            segments=segments,
            stats=StatCache(place.stat_cache),
            inspector=Inspector(
                settings["limits.describe_time"], int(settings["limits.describe_memory"]) << 20
            ),
            actor=_os_user(),
            origin=origin,
        )
        return LocalRegistry(desk, release)
    except BaseException:
        release()
        raise


def rebuild_registry(root: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Makes the catalog again; `Busy` while any other process has the registry open."""
    from strongroom.services import doctor

    place = open_place(root)
    with open(place.root / "local" / "open.lock", "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(
                "another process has the registry open",
                str(root),
                "close its windows and watchers, then try again",
            ) from error
        store = FolderStore(place.root)
        try:
            return doctor.rebuild(place, store, progress)
        finally:
            store.close()


def _share(place: Place) -> Callable[[], None]:
    """Marks the registry as open by this process, so that nobody rebuilds it meanwhile."""
    lock = place.root / "local" / "open.lock"
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise Unreachable(
                f"the registry cannot be opened ({error.strerror})", str(lock), "check the disk"
            ) from error
        raise Denied(
            f"{_os_user()} may not write to the registry ({error.strerror})",
            str(place.root),
            "ask its owner, or check its permissions and whether it is mounted read-only",
        ) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(fd)
        raise Busy(
            "the registry is just being rebuilt", str(place.root), "try again in a moment"
        ) from error
    return lambda: os.close(fd)


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


_REBUILD = "run `strongroom doctor --rebuild`"

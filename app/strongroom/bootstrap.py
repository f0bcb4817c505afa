"""Puts the parts of a registry together; the only place that knows them all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import getpass
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from strongroom.audit.segments import Segments
from strongroom.catalog import blobs, catalog
from strongroom.catalog.engine import Engine
from strongroom.disk import durable
from strongroom.domain.entry import Draft
from strongroom.domain.errors import (
    Busy,
    Conflict,
    Damaged,
    Denied,
    NotFound,
    StrongroomError,
    Unreachable,
)
from strongroom.services.desk import Desk, stored_at
from strongroom.services.documents import StoredDocuments
from strongroom.services.inspection import Inspector
from strongroom.services.local import LocalRegistry
from strongroom.services.progress import Progress
from strongroom.settings import Settings
from strongroom.store.folder import FolderStore, Stored
from strongroom.store.place import Place, create, open_place, remove_database, write_marker
from strongroom.store.stat_cache import StatCache


def create_registry(root: Path, settings: Settings, origin: str) -> LocalRegistry:
    """Makes a registry in `root` and opens it; `Conflict` where one is already.

    One whose making was cut short is made to its end.
    """
    if (root / "registry.json").exists():
        registry = open_registry(root, settings, origin)
        if registry.last_change() > 1 or registry.made_before:
            registry.close()
            raise Conflict("there is a registry already", str(root), "choose another folder")
        return registry
    from strongroom.services.journal import told_id

    if (root / "journal").is_dir() and told_id(root):
        raise Conflict(
            "there is a registry already, whose registry.json is gone",
            str(root),
            "open it, by any command: the file is made again",
        )
    create(root)
    return open_registry(root, settings, origin)


def open_registry(root: Path, settings: Settings, origin: str) -> LocalRegistry:
    """Opens the registry in `root` for the operating-system user.

    Raises `NotFound`, `Damaged` (the catalog is gone, or not of one history with its journal) or
    `Busy` (it is just being rebuilt). What a crash left open is completed first.
    """
    place = _place(root)
    release = _share(place)
    try:
        desk = _desk(place, settings, origin)
        try:
            made_before = catalog.last_seq(desk.engine) > 0
            if not made_before:
                _finish_making(desk)
            _agree(desk)
        except BaseException:
            desk.close()
            raise
        return LocalRegistry(desk, release, made_before)
    except BaseException:
        release()
        raise


def diagnose(root: Path, settings: Settings, origin: str, fix: bool = False) -> dict[str, Any]:
    """The doctor's answer, also where the registry cannot be opened: then that is what is wrong."""
    try:
        registry = open_registry(root, settings, origin)
    except Damaged as error:
        if fix and _mended_unopened(root, settings, origin):
            return diagnose(root, settings, origin)
        return {"ok": False, "checks": [{"name": "opening", "ok": False, "detail": str(error)}]}
    try:
        return registry.doctor(fix)
    finally:
        registry.close()


def rebuild_registry(
    root: Path, progress: Progress | None = None, accept_loss: bool = False
) -> dict[str, Any]:
    """Makes the catalog again; `Busy` where another process keeps the registry open."""
    from strongroom.services import rebuild

    place = _place(root)
    with _alone(place):
        store = FolderStore(place.root)
        try:
            return rebuild.rebuild(place, store, _os_user(), progress, accept_loss)
        finally:
            store.close()


def _desk(place: Place, settings: Settings, origin: str) -> Desk:
    segments = Segments(place.journal)
    if not place.catalog.exists():
        _refuse_empty(place, segments)
    engine = Engine(place.catalog)

    def known(digests: Sequence[bytes]) -> dict[bytes, Stored]:
        return stored_at(blobs.places(engine, digests))

    return Desk(
        place=place,
        engine=engine,
        store=FolderStore(place.root, known=known),
        segments=segments,
        stats=StatCache(place.stat_cache),
        inspector=Inspector(
            settings["limits.describe_time"], int(settings["limits.describe_memory"]) << 20
        ),
        actor=_os_user(),
        origin=origin,
    )


def _agree(desk: Desk) -> None:
    """Makes journal and catalog equal where they are not."""
    written, whole = desk.segments.end(lambda seq: catalog.line_at(desk.engine, seq))
    if not whole or written != catalog.last_seq(desk.engine):
        from strongroom.services import journal

        journal.agree(desk)


def _place(root: Path) -> Place:
    """The registry's place; a `registry.json` that is gone or damaged is made again, where journal
    or catalog tell whose it was.
    """
    try:
        place = open_place(root)
    except (NotFound, Damaged):
        from strongroom.services.journal import told_id

        told = told_id(root) if (root / "journal").is_dir() else ""
        if not told:
            raise
        with durable.told("making registry.json again", root):
            write_marker(root, told)
        place = open_place(root)
    return place


def _refuse_empty(place: Place, segments: Segments) -> None:
    """Raises `Damaged` where there is no catalog though there was one."""
    if segments.files():
        raise Damaged("the catalog is gone", str(place.catalog), _REBUILD)
    store = FolderStore(place.root)
    try:
        if place.earlier_catalogs():
            raise Damaged("catalog and journal are gone", str(place.catalog), _REBUILD)
        if next(store.scan(), None) is not None:
            raise Damaged(
                "catalog and journal are gone, and only they name what is stored",
                str(place.catalog),
                "put one of them back from a copy, then run `strongroom doctor --rebuild`",
            )
    finally:
        store.close()


def _finish_making(desk: Desk) -> None:
    """Writes the first entry of a new registry, once its name is durable."""
    if desk.segments.files() or desk.engine.read_only:
        return  # what that means is for `agree` to say
    with durable.told("making the registry", desk.place.root):
        durable.sync_names(desk.place.root)
    with desk.recording(StoredDocuments(desk.store)) as recorder:
        if not catalog.head(recorder.tx)[0]:
            recorder.write(
                Draft("registry.created", {"type": "registry", "id": desk.place.registry_id})
            )


def _mended_unopened(root: Path, settings: Settings, origin: str) -> bool:
    """Tries to put right what keeps a registry from being opened; False where it cannot be."""
    from strongroom.services import journal

    place = _place(root)
    try:
        with _alone(place):
            desk = _desk(place, settings, origin)
            try:
                return bool(journal.mend(desk))
            finally:
                desk.close()
    except StrongroomError:
        return False


@contextlib.contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Holds the registry while nobody else has it open; others that come wait meanwhile.

    Raises `Busy` where somebody keeps it open for longer than `_TURN` seconds.
    """
    with contextlib.ExitStack() as held:
        with durable.told("locking the registry", place.root):
            turn = held.enter_context(_lock_file(place, "turn"))
            lock = held.enter_context(_lock_file(place, "open"))
        got_turn = _locked(turn.fileno(), fcntl.LOCK_EX, _TURN)
        if not got_turn or not _locked(lock.fileno(), fcntl.LOCK_EX, _TURN):
            raise Busy(
                "another process has the registry open",
                str(place.root),
                "close its windows and watchers, then try again",
            )
        yield


def _lock_file(place: Place, name: str) -> BinaryIO:
    return open(place.root / "local" / f"{name}.lock", "ab")


def _locked(fd: int, mode: int, patience: float) -> bool:
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(fd, mode | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(0.02)


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
    with durable.told("opening the registry", place.root), _lock_file(place, "turn") as turn:
        # Who rebuilds holds the turn: without it a stream of readers would never let it in.
        its_turn = _locked(turn.fileno(), fcntl.LOCK_SH, _WAIT)
    if not its_turn or not _locked(fd, fcntl.LOCK_SH, _WAIT):
        os.close(fd)
        raise Busy("the registry is just being rebuilt", str(place.root), "try again in a moment")
    with contextlib.suppress(OSError):
        remove_database(place.fresh_catalog)  # nobody rebuilds just now
    return lambda: os.close(fd)


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


#: Seconds that a rebuild waits for others to close the registry, and others for a rebuild.
_TURN, _WAIT = 20.0, 5.0
_REBUILD = "run `strongroom doctor --rebuild`"

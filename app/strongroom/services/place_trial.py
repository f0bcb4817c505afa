"""Whether a folder can hold a registry: tried for real, step by step, and left as it was."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from strongroom.disk.durable import sync_folder, write_file
from strongroom.disk.sqlite import DatabaseError, OperationalError, connect
from strongroom.watch.events import on_network

Document = dict[str, Any]
_PROBE = 1 << 20
OK, ODD, BAD = "ok", "odd", "bad"


class _Stopped(Exception):
    """A step failed and the ones after it make no sense."""


def try_place(path: Path, reserve: int) -> list[Document]:
    """`[{"name", "state": "ok" | "odd" | "bad", "detail", "seconds"}]`, in the order tried.

    A folder that is not there yet is tried where it would be made. `reserve` in bytes. Nothing is
    left behind; the steps after a bad one are left out.
    """
    steps: list[Document] = []
    folder = path
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    probe = folder / f".strongroom-test-{secrets.token_hex(6)}"

    def step(name: str, examine: Callable[[], tuple[str, str]]) -> None:
        began = time.monotonic()
        try:
            state, detail = examine()
        except OSError as error:
            state, detail = BAD, error.strerror or str(error)
        except DatabaseError as error:
            state, detail = BAD, str(error)
        steps.append(
            {"name": name, "state": state, "detail": detail, "seconds": time.monotonic() - began}
        )
        if state == BAD:
            raise _Stopped

    with contextlib.suppress(_Stopped):
        step("Reach the folder", lambda: _reach(path, folder))
        step("Make a folder in it", lambda: _make(probe))
        step("Write, read back, compare", lambda: _round_trip(probe / "blob"))
        step("Put in place at once", lambda: _rename(probe))
        step("Database", lambda: _database(probe / "catalog.db"))
        step("Copies that share space", lambda: _clone(probe))
        step("Kind of drive", lambda: _drive(folder))
        step("Free space", lambda: _space(folder, reserve))
        step("Take the test away", lambda: _remove(probe))
    shutil.rmtree(probe, ignore_errors=True)
    return steps


def _reach(path: Path, folder: Path) -> tuple[str, str]:
    if not folder.is_dir():
        return BAD, f"{folder} is not a folder"
    if path == folder:
        holds = "holds a registry" if (path / "registry.json").is_file() else "is there"
        return OK, holds
    return OK, f"will be made in {folder}"


def _make(probe: Path) -> tuple[str, str]:
    probe.mkdir()
    return OK, "allowed"


def _round_trip(file: Path) -> tuple[str, str]:
    data = secrets.token_bytes(_PROBE)
    write_file(file, data)
    if sha256(file.read_bytes()).digest() != sha256(data).digest():
        return BAD, "what was read is not what was written"
    return OK, "1 MiB, made durable, digest equal"


def _rename(probe: Path) -> tuple[str, str]:
    os.replace(probe / "blob", probe / "placed")
    sync_folder(probe)
    return OK, "a file is there whole or not at all"


def _database(file: Path) -> tuple[str, str]:
    with contextlib.closing(connect(file)) as one, contextlib.closing(connect(file)) as two:
        mode = one.execute("pragma journal_mode=wal").fetchone()[0]
        one.execute("create table probe(x)")
        one.execute("begin immediate")
        two.execute("pragma busy_timeout=0")
        try:
            two.execute("begin immediate")
        except OperationalError as error:
            if "locked" not in str(error):  # that is as it must be: the first one has the lock
                raise
        else:
            return BAD, "locks do not hold here: two writers at once would be possible"
        one.execute("insert into probe values (1)")
        one.execute("commit")
        seen = two.execute("select count(*) from probe").fetchone()[0]
    if seen != 1:
        return BAD, "what one process writes the other does not see"
    if mode != "wal":
        return ODD, f"readers will wait for writers (journal mode {mode})"
    return OK, "locks hold, readers do not wait for writers"


def _clone(probe: Path) -> tuple[str, str]:
    import fcntl

    ficlone = 0x40049409  # linux/fs.h
    try:
        with open(probe / "placed", "rb") as source, open(probe / "clone", "wb") as target:
            fcntl.ioctl(target, ficlone, source.fileno())
    except OSError:
        return OK, "not here: every copy takes its own space"
    return OK, "here: a copy takes no space until it is changed"


def _drive(folder: Path) -> tuple[str, str]:
    if on_network(os.fsencode(folder)):
        return ODD, "a network drive: watch folders there, but keep the registry on a local disk"
    return OK, "a local disk"


def _space(folder: Path, reserve: int) -> tuple[str, str]:
    free = shutil.disk_usage(folder).free
    detail = f"{free / (1 << 30):.1f} GiB free, {reserve >> 20} MiB are kept"
    return (OK if free > 2 * reserve else ODD), detail


def _remove(probe: Path) -> tuple[str, str]:
    shutil.rmtree(probe)
    return OK, "nothing is left behind"

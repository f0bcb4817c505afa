"""Verified copies of versions for scripts to read, kept so that the next run need not wait."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strongroom.disk.durable import told

if TYPE_CHECKING:
    from strongroom.services.local import LocalRegistry

_CHUNK = 4 << 20


def cache_folder() -> Path:
    chosen = os.environ.get("STRONGROOM_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("strongroom", False)) / "used"


def cached(registry: LocalRegistry, reference: str) -> Path:
    """A read-only copy of the version's content: a file for a version of one file, else a folder.

    A copy that is there is hashed again before it is handed out, and replaced if it is not what it
    was. Raises `StrongroomError`.
    """
    version = registry.show(reference)
    files = version["manifest"]["files"]
    folder = cache_folder() / str(version["content_digest"]).removeprefix("sha256:")
    alone = len(files) == 1 and "path" in files[0] and "/" not in files[0]["path"]
    path: Path = folder / (files[0]["path"] if alone else "content")
    with _alone_at(folder):
        if not _is_whole(path, files, alone):
            exact = f"{version['name']}@{version['tag']}"
            _let_replace(path)
            registry.get(exact, path, force=True, link=True, as_file=alone)
    return path


@contextlib.contextmanager
def _alone_at(folder: Path) -> Iterator[None]:
    """All ranks of a job ask at once, and none may replace what another has begun to read."""
    with told("caching", folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _is_whole(path: Path, files: list[dict[str, Any]], alone: bool) -> bool:
    if not os.path.lexists(path):
        return False
    if not alone and sum(len(names) for _, _, names in os.walk(path)) != len(files):
        return False
    for file in files:
        name = file["path"] if "path" in file else os.fsdecode(bytes.fromhex(file["path_hex"]))
        one = path if alone else path / name
        if os.path.islink(one) or not os.path.isfile(one):
            return False
        if os.path.getsize(one) != file["size"] or _sha256(one) != file["sha256"]:
            return False
    return True


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _let_replace(path: Path) -> None:
    """Copies are read-only, and so are their folders; a spoilt one must go all the same."""
    if path.is_dir() and not path.is_symlink():
        for base, _, _ in os.walk(path):
            os.chmod(base, 0o700)
        shutil.rmtree(path, ignore_errors=True)

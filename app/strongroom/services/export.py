"""Handing out content: verified on the way, never a partial file under its final name."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from strongroom.catalog.catalog import VersionRow
from strongroom.disk.durable import sync_folder, told
from strongroom.domain.errors import Conflict, Damaged, NotFound
from strongroom.domain.manifest import Entry, Manifest
from strongroom.services import damage
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.services.find import resolve
from strongroom.services.progress import Progress, quiet
from strongroom.services.views import Document


@act("version.read")
def get(
    desk: Desk,
    reference: str,
    into: Path,
    files: Sequence[str] = (),
    force: bool = False,
    link: bool = False,
    as_folder: bool = False,
    progress: Progress | None = None,
    as_file: bool = False,
) -> Document:
    """Writes the verified content of a version to `into`: a file for a version of one file that
    lies in no folder, else a folder; with `as_folder` always a folder.

    `files` chooses some paths, which are then written below the folder `into`, unless `as_file`:
    then `into` is the one chosen file. `link` leaves the copies read-only. Raises `NotFound`,
    `Conflict` (`into` exists and not `force`), `Damaged` or `NoSpace`; then nothing is left under
    the final name.
    """
    progress = progress or quiet()
    row = resolve(desk, reference)
    manifest = StoredDocuments(desk.store).manifest(row.content)
    entries = _chosen(manifest, files, reference)
    into = into.absolute()
    if os.path.lexists(into) and not force:
        raise Conflict("it exists already", str(into), "choose another place or use --force")
    progress.what = str(reference)
    progress.total_bytes = sum(e.size for e in entries)
    progress.total_files = len(entries)
    alone = manifest.files == 1 and not files and b"/" not in entries[0].path
    single = (alone and not as_folder) or (as_file and len(entries) == 1)
    with told("writing", into.parent):
        into.parent.mkdir(parents=True, exist_ok=True)
    with _replacing(into) as staging:
        if single:
            _write(desk, row, entries[0], staging, link, progress)
        else:
            with told("writing", staging):
                staging.mkdir()
            for entry in entries:
                _write(desk, row, entry, _below(staging, entry.path), link, progress)
            _sync_tree(staging)
    return {
        "path": str(into),
        "files": len(entries),
        "size": sum(e.size for e in entries),
        "verified": True,
        "ref": f"{row.artifact}@v{row.n}",
    }


@act("version.read")
def cat(desk: Desk, reference: str, path: str) -> Iterator[bytes]:
    """The verified bytes of one file of a version, in chunks; raises as `get`."""
    return _chunks(desk, *file_of(desk, reference, path))


def file_of(desk: Desk, reference: str, path: str) -> tuple[VersionRow, Entry]:
    """A version and one of its files; raises `NotFound`."""
    row = resolve(desk, reference)
    manifest = StoredDocuments(desk.store).manifest(row.content)
    (entry,) = _chosen(manifest, [path], reference)
    return row, entry


def _chunks(desk: Desk, row: VersionRow, entry: Entry) -> Iterator[bytes]:
    try:
        yield from desk.store.chunks(entry.sha256)
    except Damaged as error:
        raise damage.found(desk, entry.sha256, error, _title(row, entry)) from error


def _chosen(manifest: Manifest, files: Sequence[str], reference: str) -> list[Entry]:
    entries = {e.path: e for e in manifest.entries()}
    if not files:
        return list(entries.values())
    chosen = []
    for file in files:
        raw = os.fsencode(file)
        if raw not in entries:
            raise NotFound(
                "the version has no such file", f"{reference} {file}", "see `strongroom show`"
            )
        chosen.append(entries[raw])
    return chosen


def _write(
    desk: Desk, row: VersionRow, entry: Entry, target: Path, read_only: bool, progress: Progress
) -> None:
    try:
        desk.store.fetch(entry.sha256, target, progress.tick)
    except Damaged as error:
        raise damage.found(desk, entry.sha256, error, _title(row, entry)) from error
    if read_only:
        target.chmod(0o444)
    progress.file_done()


def _title(row: VersionRow, entry: Entry) -> str:
    return f"{row.artifact}@v{row.n} {entry.path.decode('utf-8', 'backslashreplace')}"


def _below(folder: Path, path: bytes) -> Path:
    # Manifests hold no absolute path and no `..` (domain/manifest.py refuses them on reading).
    target = Path(os.fsdecode(os.path.join(os.fsencode(folder), path)))
    missing = []
    for parent in target.parents:  # not `parents=True`, which recurses
        if parent.is_dir():
            break
        missing.append(parent)
    for parent in reversed(missing):
        with told("making a folder", parent):
            parent.mkdir(exist_ok=True)
    return target


@contextlib.contextmanager
def _replacing(into: Path) -> Iterator[Path]:
    """A temporary name beside `into` that takes its place on success and is removed on failure."""
    mark = secrets.token_hex(6)
    staging = into.with_name(f".strongroom-{mark}.part")
    aside = into.with_name(f".strongroom-{mark}.old")
    try:
        yield staging
        with told("writing", into):
            if os.path.lexists(into) and (into.is_dir() or staging.is_dir()):
                os.rename(into, aside)
                os.rename(staging, into)
                _remove(aside)
            else:
                os.replace(staging, into)
            sync_folder(into.parent)
    except BaseException:
        if os.path.lexists(aside) and not os.path.lexists(into):
            os.rename(aside, into)
        _remove(staging)
        raise


def _remove(path: Path) -> None:
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for folder in reversed(_folders(path)):
        for entry in list(os.scandir(folder)):
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
        os.rmdir(folder)


def _sync_tree(folder: Path) -> None:
    with told("writing", folder):
        for one in _folders(folder):
            sync_folder(one)


def _folders(root: Path) -> list[str]:
    """The folder and all below it, parents first, however deep."""
    found, at = [os.fspath(root)], 0
    while at < len(found):
        found += [e.path for e in os.scandir(found[at]) if e.is_dir(follow_symlinks=False)]
        at += 1
    return found

"""Handing out content: verified on the way, never a partial file under its final name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from strongroom.catalog.catalog import VersionRow
from strongroom.disk.durable import sync_folder, told
from strongroom.disk.listing import list_source
from strongroom.domain.errors import Conflict, Damaged, NotFound, StrongroomError
from strongroom.domain.manifest import Entry, Manifest
from strongroom.services import damage, swaps
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.services.find import resolve
from strongroom.services.progress import Progress, quiet
from strongroom.services.views import Document
from strongroom.store.intake import measure


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
    then `into` is the one chosen file. `link` leaves the copies read-only. With `force` what is at
    `into` is replaced, but for a folder that holds anything else than what is written now. Raises
    `NotFound`, `Conflict` (`into` exists, or may not be replaced), `Damaged` or `NoSpace`; then all
    is as it was.
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
    if into.is_dir() and not into.is_symlink():
        _refuse_others(into, set() if single else {e.path for e in entries})
    with told("writing", into.parent):
        into.parent.mkdir(parents=True, exist_ok=True)
    with swaps.replacing(desk.place.swaps, into) as staging:
        if single:
            _write(desk, row, entries[0], staging, link, progress)
        else:
            with told("writing", staging):
                staging.mkdir()
            for entry in entries:
                _write(desk, row, entry, _below(staging, entry.path), link, progress)
            _sync_tree(staging)
    return _exported(row, into, entries)


def _refuse_others(folder: Path, paths: Set[bytes]) -> None:
    """Raises `Conflict` where the folder holds anything but these paths and the folders of them."""
    folders = {parent for path in paths for parent in _parents(path)}
    root = os.fsencode(folder)
    with told("looking into the folder", folder):
        for place in map(os.fsencode, swaps.folders(folder)):
            for entry in os.scandir(place):
                below = os.path.relpath(entry.path, root)
                is_folder = entry.is_dir(follow_symlinks=False)
                if below not in (folders if is_folder else paths):
                    raise Conflict(
                        f"the folder holds something else: {os.fsdecode(below)}",
                        str(folder),
                        "choose another folder, or take away what is in this one",
                    )


def _parents(path: bytes) -> Iterator[bytes]:
    while path := path.rpartition(b"/")[0]:
        yield path


def is_there(
    desk: Desk, reference: str, into: Path, files: Sequence[str] = (), as_file: bool = False
) -> Document | None:
    """What `get` would answer, if just that content lies at `into`; None if it does not. For a job
    that was ended after its work was done and before it could say so.
    """
    row = resolve(desk, reference)
    entries = _chosen(StoredDocuments(desk.store).manifest(row.content), files, reference)
    try:
        found = list_source(os.fsencode(into), follow_outside=False).files
        if into.is_dir():
            there = {f.path: measure(f.location) for f in found}
        else:
            there = {e.path: measure(os.fsencode(into)) for e in entries[:1]}
    except StrongroomError:
        return None
    if there != {e.path: (e.sha256, e.size) for e in entries} or (as_file and into.is_dir()):
        return None
    return _exported(row, into, entries)


def _exported(row: VersionRow, into: Path, entries: Sequence[Entry]) -> Document:
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


def _sync_tree(folder: Path) -> None:
    with told("writing", folder):
        for one in swaps.folders(folder):
            sync_folder(one)

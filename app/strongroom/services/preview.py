"""What one file of a version shows: from the verified stored copy, read in the limited child."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from typing import Any

from strongroom.catalog.catalog import VersionRow
from strongroom.domain.errors import Damaged, printable
from strongroom.domain.manifest import Entry
from strongroom.domain.quantities import size_text
from strongroom.services import damage
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.export import file_of
from strongroom.services.inspection import ChildDied, Piece
from strongroom.services.previews import binary
from strongroom.services.previews.request import Request
from strongroom.services.views import Document

#: A larger file is not hashed for a look; the answer says so.
VERIFIED_BYTES = 1 << 30
#: Up to this the verified bytes themselves go to the child, beyond it reads the stored file.
_INLINE = 4 << 20
#: Up to this a blob has no file of its own (`store/folder.py`).
_SHELVED = 64 << 10
_REMEMBERED = 256
#: Stored files found sound, with the stat they had: a second look need not hash them again.
_sound: dict[str, tuple[int, ...]] = {}


@act("version.read")
def preview(
    desk: Desk, reference: str, path: str, search: str = "", at: int = 0, line: int = 1
) -> Document:
    """What the file `path` of a version shows, bounded in time and memory whatever it holds.

    `kind` is text, table, tensors, image or binary, with `path`, `size`, `sha256`, `verified` and
    `reason` (what is not shown and why, or ""); the rest is of the kind (`services/previews`). With
    `search` the kind is `matches`: lines with their `line` and byte `at`, which a later question
    may ask for. Raises `NotFound` and `Damaged`.
    """
    row, entry = file_of(desk, reference, path)
    piece, verified = _verified_piece(desk, row, entry, path)
    document = _looked(desk, piece, Request(search[:1000], max(0, at), max(1, line)))
    if document["kind"] == "image":
        document["data"] = base64.b64encode(verified_bytes(desk, row, entry)).decode()
    if not verified:
        note = f"a file of {size_text(entry.size)} is not hashed for a look; export verifies it"
        document["reason"] = "; ".join(r for r in (document["reason"], note) if r)
    return {
        **document,
        "path": printable(path),
        "size": entry.size,
        "sha256": entry.sha256.hex(),
        "verified": verified,
    }


def _verified_piece(desk: Desk, row: VersionRow, entry: Entry, path: str) -> tuple[Piece, bool]:
    """What the child may read, and whether its hash was checked."""
    if entry.size <= _INLINE:
        return Piece(path, data=verified_bytes(desk, row, entry)), True
    if entry.size > VERIFIED_BYTES and _state(str(desk.store.object_path(entry.sha256))):
        return Piece(path, file=str(desk.store.object_path(entry.sha256))), False
    return sound_piece(desk, row, entry, path), True


def sound_piece(
    desk: Desk,
    row: VersionRow,
    entry: Entry,
    path: str,
    tick: Callable[[int], None] = lambda count: None,
) -> Piece:
    """A version's file for a limited child to read, hashed before unless it was found sound and has
    not been touched since; `tick` hears of bytes hashed. Raises `Damaged`.
    """
    if entry.size <= _SHELVED:
        return Piece(path, data=verified_bytes(desk, row, entry))
    file = str(desk.store.object_path(entry.sha256))
    before = _state(file)
    try:
        if not before or _sound.get(file) != before:
            desk.store.check(entry.sha256, tick)
            while len(_sound) >= _REMEMBERED:
                _sound.pop(next(iter(_sound)), None)
            _sound[file] = before  # changed while it was read: it is read again next time
    except Damaged as error:
        raise damage.found(desk, entry.sha256, error, _title(row, entry)) from error
    return Piece(path, file=file)


def _looked(desk: Desk, piece: Piece, request: Request) -> dict[str, Any]:
    try:
        return desk.viewer.preview(piece, request)
    except ChildDied as death:
        if request.search:
            return {"kind": "matches", "search": request.search, "matches": [],
                    "reason": f"it could not be searched, {death}"}  # fmt: skip
        head = piece.data
        if head is None and piece.file is not None:
            with open(piece.file, "rb") as stream:
                head = stream.read(binary.SHOWN)
        document = binary.document(piece.path, head or b"")
        return {**document, "reason": f"it could not be shown, {death}"}


def verified_bytes(desk: Desk, row: VersionRow, entry: Entry) -> bytes:
    """A whole small file; raises `Damaged`."""
    try:
        return desk.store.read(entry.sha256)
    except Damaged as error:
        raise damage.found(desk, entry.sha256, error, _title(row, entry)) from error


def _title(row: VersionRow, entry: Entry) -> str:
    return f"{row.artifact}@v{row.n} {entry.path.decode('utf-8', 'backslashreplace')}"


def _state(file: str) -> tuple[int, ...]:
    try:
        stat = os.stat(file)
    except FileNotFoundError:
        return ()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns

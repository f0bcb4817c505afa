"""Paths that a run's own files name as what it read, as versions whose content is there now.

A name is looked up on this computer: what lies there is hashed (or known by its stat), and the
registry is asked for that content. Nothing of the file is kept, and nothing but its digest is used.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from strongroom.catalog import blobs
from strongroom.catalog.catalog import VersionRow
from strongroom.disk.listing import Stat
from strongroom.domain.digest import text_of
from strongroom.domain.errors import StrongroomError
from strongroom.domain.provenance import NAMED
from strongroom.domain.record import Document
from strongroom.services.desk import Desk
from strongroom.services.views import source_path
from strongroom.store.intake import measure

#: A larger file that is not known by its stat is not hashed for this.
_LARGEST = 256 << 20
#: A name is looked for from the run's folder and so many folders above it.
_ABOVE = 4
#: Of a folder so many files are looked at; of a larger one none.
_MOST_FILES = 100


def fill(desk: Desk, document: Document, hints: Iterable[Mapping[str, Any]], folder: str) -> None:
    """Puts what is found into the document's `inputs`, and the other names into its provenance.

    `folder` is where the run lies on this computer.
    """
    inputs: dict[str, Document] = {}
    unknown = []
    for hint in hints:
        rows = found(desk, hint, folder)
        if not rows:
            unknown.append(str(hint["target"]))
        for row in rows:
            one = as_input(row, hint)
            inputs[one["ref"]] = one
    document["inputs"] = list(inputs.values())
    document["provenance"] = {k: v for k, v in document["provenance"].items() if k != NAMED}
    if unknown:
        document["provenance"][NAMED] = unknown


def as_input(row: VersionRow, hint: Mapping[str, Any]) -> Document:
    """An input as a run's document has it."""
    return {
        "ref": f"{row.artifact}@v{row.n}",
        "content_digest": text_of(row.content),
        "basis": hint["basis"],
        "rule": hint["why"],
        "file": hint["file"],
    }


def found(
    desk: Desk,
    hint: Mapping[str, Any],
    folder: str,
    hashed: dict[Stat, bytes] | None = None,
    outside: str = "",
) -> list[VersionRow]:
    """The versions whose content lies where the hint says, or whose digest it tells.

    `hashed` remembers digests for whoever asks again and again. Below `outside` nothing is looked
    for.
    """
    if hint.get("sha256"):
        return _holding(desk, bytes.fromhex(hint["sha256"]), None)
    for place in _places(str(hint["target"]), folder):
        if outside and (place == outside or place.startswith(outside.rstrip("/") + "/")):
            continue
        rows = {row.id: row for path in _files(place) for row in _at(desk, path, hashed)}
        if rows:
            return list(rows.values())
    return []


def _places(target: str, folder: str) -> Iterator[str]:
    if target.startswith("file:"):
        target = target.removeprefix("file://").removeprefix("file:")
    if "://" in target or "\0" in target:
        return
    if posixpath.isabs(target):
        yield target
        return
    above = folder
    for _ in range(_ABOVE + 1):
        yield posixpath.normpath(posixpath.join(above, target))
        if above == posixpath.dirname(above):
            return
        above = posixpath.dirname(above)


def _files(place: str) -> list[bytes]:
    """The regular file, or those in the folder where they are few."""
    path = os.fsencode(place)
    try:
        if stat.S_ISREG(os.stat(path).st_mode):
            return [path]
        names = [entry.path for entry in os.scandir(path) if entry.is_file(follow_symlinks=False)]
    except (OSError, ValueError):
        return []
    return sorted(names) if len(names) <= _MOST_FILES else []


def _at(desk: Desk, path: bytes, hashed: dict[Stat, bytes] | None) -> list[VersionRow]:
    try:
        info = os.stat(path)
    except OSError:
        return []
    if not stat.S_ISREG(info.st_mode) or not info.st_size:
        return []
    state = Stat.of(info)
    (digest,) = desk.stats.look_up([state])
    digest = digest or (hashed or {}).get(state)
    if digest is None:
        if info.st_size > _LARGEST:
            return []
        try:
            digest = measure(path)[0]
        except StrongroomError:
            return []
        if hashed is not None:
            hashed[state] = digest
    return _holding(desk, digest, path)


def _holding(desk: Desk, digest: bytes, path: bytes | None) -> list[VersionRow]:
    """The version that was taken from the path, else one that is this file alone, else any."""
    rows = [row for row, _ in blobs.files_holding(desk.engine, digest)]
    if not rows:
        return []
    taken = [row for row in rows if path is not None and source_path(row) == path]
    alone = [row for row in rows if row.files == 1]
    return (taken or alone or rows)[:1]

"""Damaged content: kept aside, remembered, told of; and mended where sound bytes are found."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator

from strongroom.catalog import catalog
from strongroom.domain.errors import Damaged, StrongroomError
from strongroom.domain.timestamps import now
from strongroom.services.desk import Desk
from strongroom.services.views import source_path
from strongroom.store.intake import take


def found(desk: Desk, digest: bytes, error: Damaged, title: str) -> Damaged:
    """Puts the damaged bytes aside and notes it; the error for the user comes back."""
    note(desk, digest, error)
    return Damaged(
        f"its content is damaged ({error.what})",
        f"{title} in {error.thing}",
        "run `strongroom verify --repair`, with --from FOLDER if you have a copy",
    )


def note(desk: Desk, digest: bytes, error: Damaged) -> None:
    """Remembers and quarantines; a registry that cannot be written to only reports."""
    with contextlib.suppress(StrongroomError), desk.engine.writing() as tx:
        catalog.write_damage(tx, digest, now(), error.what, error.thing)
    with contextlib.suppress(StrongroomError):
        desk.store.quarantine(digest)


def mended(desk: Desk, digest: bytes) -> None:
    """Forgets the damage of a blob that was found sound."""
    stored = desk.store.locate(digest)
    with desk.engine.writing() as tx:
        catalog.clear_damage(tx, digest)
        if stored is not None:
            catalog.write_storage(tx, desk.store.name, [(digest, stored.form, stored.place)])


def repair(desk: Desk, digest: bytes, size: int, below: list[bytes]) -> str | None:
    """Looks for sound bytes where the blob was taken from and in the folders `below`.

    Where they came from comes back, or None if there are none.
    """
    for path in _candidates(desk, digest, size, below):
        try:
            taken = take(path, desk.store.staging)
        except StrongroomError:
            continue
        if taken.digest != digest:
            taken.discard()
            continue
        try:
            desk.store.remove([digest])  # what is left of the damaged bytes
            desk.store.keep([taken])
        finally:
            taken.discard()
        mended(desk, digest)
        return os.fsdecode(path)
    return None


def _candidates(desk: Desk, digest: bytes, size: int, below: list[bytes]) -> Iterator[bytes]:
    for version, path in catalog.files_holding(desk.engine, digest):
        source = source_path(version)
        if source:
            yield from _of_size((os.path.join(source, path), source), size)
    for root in below:
        if os.path.isfile(root):
            yield from _of_size((root,), size)
        for folder, _, names in os.walk(root):
            yield from _of_size((os.path.join(folder, n) for n in names), size)
    for name in os.listdir(os.fsencode(desk.store.quarantine_folder)):
        if name.startswith(digest.hex().encode()):  # moved aside by a read error that has gone
            yield from _of_size(
                (os.path.join(os.fsencode(desk.store.quarantine_folder), name),), size
            )


def _of_size(paths: Iterable[bytes], size: int) -> Iterator[bytes]:
    for path in paths:
        try:
            if os.path.getsize(path) == size and os.path.isfile(path):
                yield path
        except OSError:
            continue

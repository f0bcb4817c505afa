"""Re-hashing what is stored, and mending it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from strongroom.catalog import blobs
from strongroom.domain.digest import text_of
from strongroom.domain.errors import (
    BadInput,
    Cancelled,
    Damaged,
    StrongroomError,
    Unreachable,
)
from strongroom.services import damage
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.find import resolve
from strongroom.services.progress import Progress, quiet
from strongroom.services.views import Document
from strongroom.store.folder import MissingBlob
from strongroom.store.shelf import SHELF_LIMIT


@act("version.verify")
def verify(
    desk: Desk,
    references: Sequence[str] = (),
    sample: float = 1.0,
    repair: bool = False,
    below: Sequence[bytes] = (),
    progress: Progress | None = None,
) -> Document:
    """Reads every blob of the references (none: of the whole registry) and checks its hash.

    `sample` in (0, 1]: only that share, chosen at random. With `repair` what is damaged is looked
    for where it was taken from, in the folders `below` and in what is left of damaged shelves.
    `{"checked", "damaged": [{"digest", "versions", "reason"}], "repaired": […]}`, where
    `damaged` lists what was found and `repaired` the digests of it that are sound again.
    """
    if not 0 < sample <= 1:
        raise BadInput("a sample is a share above 0 and up to 1", str(sample), "try 0.1")
    progress = progress or quiet()
    found: dict[bytes, tuple[int, StrongroomError]] = {}
    checked, known = 0, {digest for digest, _, _ in blobs.damaged_blobs(desk.engine)}
    for digest, size in _blobs(desk, references):
        if sample < 1 and random.random() >= sample:
            continue
        checked += 1
        error = _check(desk, digest, progress)
        if error is not None:
            found[digest] = (size, error)
        elif digest in known and not desk.engine.read_only:
            damage.mended(desk, digest)
    repaired = _repair(desk, found, list(below), progress) if repair else []
    damage.complete_unread(desk)
    return {
        "checked": checked,
        "damaged": [_view(desk, digest, error) for digest, (_, error) in found.items()],
        "repaired": repaired,
    }


def _view(desk: Desk, digest: bytes, error: StrongroomError) -> Document:
    versions = blobs.versions_holding(desk.engine, digest)
    return {
        "digest": text_of(digest),
        "versions": [f"{v.artifact}@v{v.n}" for v in versions],
        "reason": error.what,
        "path": error.thing,
    }


def _repair(
    desk: Desk,
    found: Mapping[bytes, tuple[int, StrongroomError]],
    below: list[bytes],
    progress: Progress,
) -> list[Document]:
    """Mends shelves as a whole first, then each blob that is still not sound."""
    desk.engine.check_writable()
    small = {d for d, (size, _) in found.items() if size <= SHELF_LIMIT}
    damage.mend_shelves(desk, damage.broken_shelves(desk, wholly=bool(small)))
    repaired, aside = {}, damage.moved_aside(desk)
    for digest, (size, _) in found.items():
        progress.tick()
        source = "its own place" if _is_sound(desk, digest) else None
        source = source or damage.repair(desk, digest, size, below, aside)
        if source is not None:
            repaired[digest] = source
    for digest in damage.repair_from_shelves(desk, small - repaired.keys()):
        repaired[digest] = "a damaged shelf"
    return [{"digest": text_of(d), "from": source} for d, source in repaired.items()]


def _is_sound(desk: Desk, digest: bytes) -> bool:
    """Whether it is by now, be it by another process."""
    try:
        desk.store.check(digest)
    except StrongroomError:
        return False
    damage.mended(desk, digest)
    return True


def _check(desk: Desk, digest: bytes, progress: Progress) -> StrongroomError | None:
    """What is wrong with a blob. That it cannot be read just now is told, but is no damage."""
    try:
        desk.store.check(digest, progress.tick)
    except Damaged as error:
        if isinstance(error, MissingBlob) and not _is_missing(desk, digest):
            return None
        return damage.note(desk, digest, error)
    except Cancelled:
        raise
    except Unreachable as error:
        return error
    progress.file_done()
    return None


def _is_missing(desk: Desk, digest: bytes) -> bool:
    """Whether a blob that was not there is missed: it may just have been collected."""
    with desk.store.no_collection():
        return blobs.is_referred(desk.engine, digest) and desk.store.locate(digest) is None


def _blobs(desk: Desk, references: Sequence[str]) -> Iterator[tuple[bytes, int]]:
    if not references:
        last = 0
        while rows := blobs.blobs_after(desk.engine, last):
            last = rows[-1][0]
            yield from ((digest, size) for _, digest, size in rows)
        return
    seen: set[bytes] = set()
    for reference in references:
        # From the catalog, not the manifest: a damaged manifest must not hide damaged files.
        for digest, size in blobs.blobs_of(desk.engine, resolve(desk, reference)):
            if digest not in seen:
                seen.add(digest)
                yield digest, size

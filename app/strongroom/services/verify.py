"""Re-hashing what is stored, and mending it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from strongroom.catalog import catalog
from strongroom.domain.digest import text_of
from strongroom.domain.errors import BadInput, Damaged
from strongroom.services import damage
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.find import resolve
from strongroom.services.progress import Progress, quiet
from strongroom.services.views import Document
from strongroom.store.folder import MissingBlob


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
    for where it was taken from and in the folders `below`.
    `{"checked", "damaged": [{"digest", "versions", "reason"}], "repaired": […]}`, where
    `damaged` lists what was found and `repaired` the digests of it that are sound again.
    """
    if not 0 < sample <= 1:
        raise BadInput("a sample is a share above 0 and up to 1", str(sample), "try 0.1")
    progress = progress or quiet()
    damaged, repaired, checked = [], [], 0
    known = {digest for digest, _, _ in catalog.damaged_blobs(desk.engine)}
    for digest, size in _blobs(desk, references):
        if sample < 1 and random.random() >= sample:
            continue
        checked += 1
        error = _check(desk, digest, progress)
        if error is None:
            if digest in known:
                damage.mended(desk, digest)
            continue
        versions = catalog.versions_holding(desk.engine, digest)
        damaged.append(
            {
                "digest": text_of(digest),
                "versions": [f"{v.artifact}@v{v.n}" for v in versions],
                "reason": error.what,
                "path": error.thing,
            }
        )
        if repair:
            source = damage.repair(desk, digest, size, list(below))
            if source is not None:
                repaired.append({"digest": text_of(digest), "from": source})
    return {"checked": checked, "damaged": damaged, "repaired": repaired}


def _check(desk: Desk, digest: bytes, progress: Progress) -> Damaged | None:
    try:
        desk.store.check(digest, progress.tick)
    except Damaged as error:
        if isinstance(error, MissingBlob) and not _is_missing(desk, digest):
            return None
        damage.note(desk, digest, error)
        return error
    progress.file_done()
    return None


def _is_missing(desk: Desk, digest: bytes) -> bool:
    """Whether a blob that was not there is missed: it may just have been collected."""
    with desk.store.no_collection():
        return catalog.is_referred(desk.engine, digest) and desk.store.locate(digest) is None


def _blobs(desk: Desk, references: Sequence[str]) -> Iterator[tuple[bytes, int]]:
    if not references:
        last = 0
        while rows := catalog.blobs_after(desk.engine, last):
            last = rows[-1][0]
            yield from ((digest, size) for _, digest, size in rows)
        return
    seen: set[bytes] = set()
    for reference in references:
        # From the catalog, not the manifest: a damaged manifest must not hide damaged files.
        for digest, size in catalog.blobs_of(desk.engine, resolve(desk, reference)):
            if digest not in seen:
                seen.add(digest)
                yield digest, size

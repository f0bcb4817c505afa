"""Profiles: what stored files are deeply made of, found out once a blob, after it was committed.

A profile is derived from bytes alone, so it is no fact of the journal; it is kept in the catalog
and made again where it is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strongroom.catalog import profiles
from strongroom.catalog.profiles import TensorRow
from strongroom.domain.errors import Damaged, StrongroomError
from strongroom.extract import deep
from strongroom.services import damage
from strongroom.services.desk import Desk
from strongroom.services.ingest import stored_piece
from strongroom.services.inspection import ChildDied

Document = dict[str, Any]
Tick = Callable[[int], None]
#: At most so many files of one version are looked into.
MOST_FILES = 256


def profile_of(desk: Desk, digest: bytes, path: str, tick: Tick) -> Document:
    """The profile of a stored file: `{"kind": "tensors" | "table" | "", …}` (`extract/deep.py`).

    It is made and kept if it is not known. `tick` gets bytes read and may raise to stop. The
    tensors themselves are in `catalog.profiles.tensors`. Raises `Damaged`.
    """
    known = profiles.profile(desk.engine, digest)
    if known is not None:
        return known
    try:
        desk.store.check(digest, tick)
    except Damaged as error:
        raise damage.found(desk, digest, error, path) from error
    try:
        found = desk.prober.look_deeply(stored_piece(desk, path, digest), lambda: tick(0))
    except ChildDied as death:
        found = {"kind": "", "why": f"{path}: {death}"}
    tensors = [
        TensorRow(
            t["name"], t["dtype"], tuple(t["shape"]), t["size"], t["telling"],
            bytes.fromhex(t["sha256"]),
        )
        for t in found.pop("tensors", ())
    ]  # fmt: skip
    if found["kind"] == "tensors":
        found["count"] = len(tensors)
    if not desk.engine.read_only:
        profiles.write_profile(desk.engine, digest, found, tensors)
    return found


def look_into(desk: Desk, version: int, tick: Tick) -> None:
    """Makes the profiles of a version's files; what is damaged is noted and passed over."""
    for path, digest, _ in profiles.files_of(desk.engine, version, MOST_FILES):
        name = path.decode("utf-8", "surrogateescape")
        if deep.worth_it(name):
            try:
                profile_of(desk, digest, name, tick)
            except Damaged:
                continue
            except StrongroomError as error:
                if error.code == "cancelled":
                    raise
                continue

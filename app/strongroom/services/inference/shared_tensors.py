"""Models that hold some of the very same tensors have a common origin: the later is derived."""

from __future__ import annotations

from strongroom.catalog import catalog, profiles
from strongroom.catalog.catalog import VersionRow
from strongroom.services.desk import Desk
from strongroom.services.inference import checkpoint_order
from strongroom.services.inference.rule import Candidate, Rule

NAME = "shared tensors"
#: Less than this share of its weights is no model's origin (a common position table, say).
_LEAST = 0.05


def find(desk: Desk, row: VersionRow) -> list[Candidate]:
    """The one version that shares most bytes, the newest of equals.

    Equal in chance are only constants, masks and very small tensors; those do not count
    (`extract/tensor_digests.py`).
    """
    count, size = profiles.telling_size(desk.engine, row.id)
    if not size or checkpoint_order.find(desk, row):  # the run itself wrote what came before
        return []
    for other, shared, shared_bytes in profiles.sharing_tensors(desk.engine, row.id):
        share = shared_bytes / size
        if share < _LEAST:
            break
        (source,) = catalog.versions_by_ids(desk.engine, [other])
        if source.content == row.content:
            continue  # the same content under another name
        tensors = "tensor" if count == 1 else "tensors"
        return [
            Candidate(
                source,
                NAME,
                round(0.35 + 0.6 * min(1.0, share), 3),
                f"{shared} of {count} {tensors} are equal, {share:.0%} of the weights",
            )
        ]
    return []


rule = Rule(NAME, frozenset({"model"}), find)

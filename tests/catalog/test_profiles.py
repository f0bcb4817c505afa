"""Profiles: what is known of a blob goes when the blob does."""

from __future__ import annotations

from strongroom.catalog import profiles
from strongroom.domain.digest import digest_of
from strongroom.services import collect


def test_a_blob_that_was_looked_into_can_be_collected(registry):
    desk, data = registry.desk, b"tensors" * 20
    digest = digest_of(data)
    desk.store.put_all([(digest, data)])
    collect.collect(desk)  # condemns it: nothing refers to it
    found = [profiles.TensorRow("w", "F32", (2,), 8, True, b"d" * 32)]
    profiles.write_profile(desk.engine, digest, {"kind": "tensors"}, found)
    assert profiles.tensors(desk.engine, digest) == found
    assert collect.collect(desk, grace=0).deleted == 1
    assert profiles.profile(desk.engine, digest) is None
    assert profiles.tensors(desk.engine, digest) == []

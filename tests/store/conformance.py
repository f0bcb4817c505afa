"""What every store must do. A test module subclasses this and gives the fixture `store`."""

from __future__ import annotations

import hashlib
import os

import pytest

from strongroom.domain.errors import Damaged
from strongroom.store.intake import take

SMALL = b"small bytes"
LARGE = os.urandom(300_000)


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def kept(store, tmp_path, *contents: bytes):
    taken = []
    for number, data in enumerate(contents):
        path = tmp_path / f"source{number}"
        path.write_bytes(data)
        taken.append(take(os.fsencode(path), store.staging))
    return store.keep(taken)


class Conformance:
    @pytest.mark.parametrize("data", [b"", SMALL, b"x" * 65536, b"x" * 65537, LARGE])
    def test_what_is_kept_is_read_back(self, store, tmp_path, data):
        (stored,) = kept(store, tmp_path, data)
        assert (stored.digest, stored.size) == (digest(data), len(data))
        assert store.read(stored.digest) == data
        assert b"".join(store.chunks(stored.digest)) == data
        target = tmp_path / "out"
        assert store.fetch(stored.digest, target, lambda n: None) == len(data)
        assert target.read_bytes() == data

    def test_the_same_bytes_twice_lie_there_once(self, store, tmp_path):
        kept(store, tmp_path, SMALL, LARGE)
        kept(store, tmp_path, SMALL, LARGE, SMALL)
        assert sorted(s.size for s in store.scan()) == [len(SMALL), len(LARGE)]

    def test_nothing_is_left_in_staging(self, store, tmp_path):
        kept(store, tmp_path, SMALL, LARGE)
        assert list(store.staging.iterdir()) == []

    def test_a_blob_that_is_not_there_is_damage_and_not_a_wrong_name(self, store):
        with pytest.raises(Damaged):
            store.read(digest(b"never kept"))

    def test_removed_blobs_are_gone(self, store, tmp_path):
        kept(store, tmp_path, SMALL, LARGE)
        with store.collection():
            store.remove([digest(SMALL), digest(LARGE)])
        assert list(store.scan()) == []
        assert store.locate_all([digest(SMALL), digest(LARGE)]) == {}

    def test_locating_tells_size_and_form(self, store, tmp_path):
        kept(store, tmp_path, SMALL, LARGE)
        found = store.locate_all([digest(SMALL), digest(LARGE), digest(b"no")])
        assert {d: (s.size, s.form) for d, s in found.items()} == {
            digest(SMALL): (len(SMALL), "shelf"),
            digest(LARGE): (len(LARGE), "plain"),
        }

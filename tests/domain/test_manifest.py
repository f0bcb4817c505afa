"""Manifests: identity of content, paging, and refusal of hostile documents."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.digest import text_of
from strongroom.domain.manifest import (
    MAX_PAGE,
    MAX_SINGLE,
    BadManifest,
    Entry,
    assemble,
    build,
    parse_page,
    parse_root,
)

VECTORS = Path(__file__).parents[1] / "vectors"
LIST = json.loads((VECTORS / "manifest.json").read_text())
PAGED = json.loads((VECTORS / "paged_manifest.json").read_text())


def entry(path: bytes, data: bytes) -> Entry:
    return Entry(path, hashlib.sha256(data).digest(), len(data))


def many(count: int, changed: int = -1) -> list[Entry]:
    return [
        entry(f"d/{n}".encode(), b"changed" if n == changed else str(n).encode())
        for n in range(count)
    ]


@pytest.mark.parametrize("vector", LIST, ids=[v["what"] for v in LIST])
def test_vector(vector):
    manifest = build(
        entry(bytes.fromhex(f["path_hex"]), bytes.fromhex(f["data_hex"])) for f in vector["files"]
    )
    assert manifest.data.decode() == vector["canonical"]
    assert text_of(manifest.digest) == vector["digest"]
    assert parse_page(manifest.data).entries == tuple(manifest.entries())


def test_paged_vector():
    manifest = build(many(10_000))
    assert text_of(manifest.digest) == PAGED["digest"]
    assert json.loads(manifest.data) == PAGED["root"]
    assert manifest.is_root and manifest.files == 10_000


PATHS = st.binary(min_size=1, max_size=12).filter(
    lambda p: b"\0" not in p and all(part not in (b"", b".", b"..") for part in p.split(b"/"))
)


@given(st.dictionaries(PATHS, st.binary(max_size=8), max_size=12))
def test_order_of_files_does_not_matter_and_bytes_are_jcs(files):
    entries = [entry(p, d) for p, d in files.items()]
    manifest = build(entries)
    assert manifest.digest == build(reversed(entries)).digest
    assert rfc8785.dumps(json.loads(manifest.data)) == manifest.data
    assert {e.path for e in parse_page(manifest.data).entries} == set(files)


def test_one_changed_file_rewrites_one_page():
    before, after = build(many(50_000)), build(many(50_000, changed=31_234))
    old = {p.digest for p in before.pages}
    assert len(before.pages) > 10
    assert len([p for p in after.pages if p.digest not in old]) == 1
    assert before.digest != after.digest


def test_pages_have_a_hard_limit():
    # Paths none of which ends a page by its hash.
    paths = (f"x{n}".encode() for n in range(200_000))
    uncut = [p for p in paths if hashlib.sha256(p).digest()[-1] != 0][: MAX_PAGE + 5]
    manifest = build(entry(p, b"") for p in uncut)
    assert max(len(p.entries) for p in manifest.pages) == MAX_PAGE
    assert sum(len(p.entries) for p in manifest.pages) == MAX_PAGE + 5


def test_a_root_begins_above_the_single_limit():
    assert not build(many(MAX_SINGLE)).is_root
    assert build(many(MAX_SINGLE + 1)).is_root


def test_root_and_pages_read_back_as_they_were():
    manifest = build(many(9_000))
    by_digest = {p.digest: p.data for p in manifest.pages}
    pages = [parse_page(by_digest[d]) for d in parse_root(manifest.data)]
    assert list(assemble(manifest.data, pages).entries()) == list(manifest.entries())


@pytest.mark.parametrize(
    "path", [b"", b"/etc/passwd", b"../x", b"a/../../x", b"a//b", b"./a", b"a\0b", b"a/"]
)
def test_a_path_that_leads_outside_is_refused(path):
    with pytest.raises(BadManifest):
        build([entry(path, b"x")])
    hostile = {
        "schema": "strongroom.manifest/1",
        "files": [{"path_hex": path.hex(), "sha256": "sha256:" + "0" * 64, "size": 1}],
    }
    with pytest.raises(BadManifest):
        parse_page(json.dumps(hostile).encode())


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"schema":"other/1","files":[]}',
        b"\xff\xfe",
        b'{"schema":"strongroom.manifest/1"}',
        b'{"schema":"strongroom.manifest/1","files":[1]}',
        b'{"schema":"strongroom.manifest/1","files":[{"path":"a","sha256":"x","size":1}]}',
        b'{"schema":"strongroom.manifest/1","files":[{"path":"a","sha256":"sha256:'
        + b"0" * 64
        + b'","size":-1}]}',
    ],
)
def test_a_document_that_is_no_manifest_is_refused(document):
    with pytest.raises(BadManifest):
        parse_page(document)


def test_a_path_listed_twice_is_refused():
    with pytest.raises(BadManifest):
        build([entry(b"a", b"1"), entry(b"a", b"2")])

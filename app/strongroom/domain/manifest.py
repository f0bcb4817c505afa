"""Manifests: the canonical list of a version's files, and its pages (design §4).

Up to 4,096 entries a manifest is one document; above, a root that lists pages. Pages are cut
after an entry whose sha256(path) ends in ten zero bits, so that one changed file rewrites one
page; a page never holds more than 8,192 entries.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

from strongroom.domain.digest import digest_of, parse_digest, text_of

SCHEMA = "strongroom.manifest/1"
ROOT_SCHEMA = "strongroom.manifest-root/1"
MAX_SINGLE = 4096
MAX_PAGE = 8192
_CUT_MASK = (1 << 10) - 1


class Entry(NamedTuple):
    """One file: its path's raw bytes, 32-byte digest and size in bytes."""

    path: bytes
    sha256: bytes
    size: int

    def document(self) -> dict[str, Any]:
        doc: dict[str, Any] = path_document(self.path)
        doc["sha256"] = text_of(self.sha256)
        doc["size"] = self.size
        return doc


@dataclass(frozen=True, slots=True)
class Page:
    """A stored list of entries; `data` are its canonical bytes, `digest` their SHA-256."""

    digest: bytes
    data: bytes
    entries: tuple[Entry, ...]


class Pages(Sequence[Page]):
    """Pages known by their digests, each made or read when it is asked for: of a million files
    no more than one page is in memory at a time.
    """

    def __init__(self, digests: Sequence[bytes], load: Callable[[int], Page]) -> None:
        self.digests, self._load = tuple(digests), load

    def __len__(self) -> int:
        return len(self.digests)

    @overload
    def __getitem__(self, index: int) -> Page: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Page]: ...
    def __getitem__(self, index: int | slice) -> Page | Sequence[Page]:
        if isinstance(index, slice):
            return [self._load(i) for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._load(index % len(self))


@dataclass(frozen=True, slots=True)
class Manifest:
    """`digest` is the version's content digest, `data` the document it names.

    `pages` are the blobs that hold entries: the manifest itself where it has no root.
    """

    digest: bytes
    data: bytes
    pages: Sequence[Page]
    files: int
    size: int

    @property
    def is_root(self) -> bool:
        return self.page_digests != (self.digest,)

    @property
    def page_digests(self) -> tuple[bytes, ...]:
        if isinstance(self.pages, Pages):
            return self.pages.digests
        return tuple(page.digest for page in self.pages)

    def entries(self) -> Iterator[Entry]:
        for page in self.pages:
            yield from page.entries


class BadManifest(ValueError):
    """The bytes are not a manifest, page or root of a known schema."""


def path_document(path: bytes) -> dict[str, Any]:
    """`{"path": …}`, or `{"path_hex": …}` for a name that is not UTF-8."""
    try:
        return {"path": path.decode()}
    except UnicodeDecodeError:
        return {"path_hex": path.hex()}


def check_path(path: bytes) -> None:
    """Raises `BadManifest` unless `path` is relative, `/`-separated and stays inside."""
    if not path or path.startswith(b"/") or b"\0" in path:
        raise BadManifest(f"not a relative path: {path!r}")
    if any(part in (b"", b".", b"..") for part in path.split(b"/")):
        raise BadManifest(f"a path part is empty, . or ..: {path!r}")


def build(entries: Iterable[Entry]) -> Manifest:
    """The manifest of `entries` in any order; raises `BadManifest` for a bad or repeated path.

    A sequence that is in order already is only walked through, and asked again for the entries
    of each page that is wanted.
    """
    ordered = entries
    if not isinstance(ordered, Sequence) or not _is_ordered(ordered):
        ordered = sorted(ordered, key=lambda e: e.path)
    size, last = 0, b""
    for entry in ordered:
        check_path(entry.path)
        if entry.path == last:
            raise BadManifest(f"the path {last!r} is listed twice")
        size, last = size + entry.size, entry.path
    if len(ordered) <= MAX_SINGLE:
        page = _page(ordered)
        return Manifest(page.digest, page.data, (page,), len(ordered), size)
    cuts, lines, digests = [], [], []
    for start, end in _cuts(ordered):
        page = _page(ordered[start:end])
        cuts.append((start, end))
        lines.append(_page_line(page))
        digests.append(page.digest)
    data = _canonical({"schema": ROOT_SCHEMA, "pages": lines})
    pages = Pages(digests, lambda i: _page(ordered[slice(*cuts[i])]))
    return Manifest(digest_of(data), data, pages, len(ordered), size)


def _is_ordered(entries: Sequence[Entry]) -> bool:
    return all(one.path <= two.path for one, two in itertools.pairwise(entries))


def parse_page(data: bytes) -> Page:
    """Reads a manifest that has no pages, or one page; raises `BadManifest`."""
    doc = _load(data, SCHEMA)
    try:
        entries = tuple(
            Entry(_path_of(d), parse_digest(d["sha256"]), _size_of(d)) for d in doc["files"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadManifest(f"malformed manifest entry: {error}") from error
    for entry in entries:
        check_path(entry.path)
    return Page(digest_of(data), data, entries)


def parse_root(data: bytes) -> tuple[bytes, ...]:
    """The page digests that a document needs: of a root its pages, of a plain manifest itself."""
    try:
        schema = json.loads(data)["schema"]
    except (ValueError, TypeError, KeyError) as error:
        raise BadManifest("not a manifest") from error
    if schema == SCHEMA:
        return (digest_of(data),)
    doc = _load(data, ROOT_SCHEMA)
    try:
        return tuple(parse_digest(p["sha256"]) for p in doc["pages"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadManifest(f"malformed manifest root: {error}") from error


def assemble(data: bytes, pages: Sequence[Page]) -> Manifest:
    """A manifest from its document and its parsed pages, in the document's order.

    Raises `BadManifest` for a root that does not say how much its pages hold.
    """
    if json.loads(data)["schema"] == SCHEMA:
        entries = pages[0].entries
        return Manifest(digest_of(data), data, pages, len(entries), sum(e.size for e in entries))
    lines = _load(data, ROOT_SCHEMA)["pages"]
    try:
        files = sum(_count(line["files"]) for line in lines)
        size = sum(_count(line["bytes"]) for line in lines)
    except (KeyError, TypeError, ValueError) as error:
        raise BadManifest(f"malformed manifest root: {error}") from error
    return Manifest(digest_of(data), data, pages, files, size)


def _cuts(ordered: Sequence[Entry]) -> Iterator[tuple[int, int]]:
    """Where each page begins and ends."""
    start = 0
    for index, entry in enumerate(ordered, 1):
        tail = int.from_bytes(hashlib.sha256(entry.path).digest()[-2:], "big")
        if tail & _CUT_MASK == 0 or index - start == MAX_PAGE:
            yield start, index
            start = index
    if start < len(ordered):
        yield start, len(ordered)


def _page(entries: Sequence[Entry]) -> Page:
    data = _canonical({"schema": SCHEMA, "files": [e.document() for e in entries]})
    return Page(digest_of(data), data, tuple(entries))


def _page_line(page: Page) -> dict[str, Any]:
    first = path_document(page.entries[0].path)
    return {
        "sha256": text_of(page.digest),
        ("first" if "path" in first else "first_hex"): next(iter(first.values())),
        "files": len(page.entries),
        "bytes": sum(e.size for e in page.entries),
    }


def _canonical(doc: dict[str, Any]) -> bytes:
    # Text and integers below 2^53 only: here the C encoder's output is JCS (a test compares it
    # with the library on every vector), at a tenth of the cost for a million entries.
    return json.dumps(doc, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _load(data: bytes, schema: str) -> dict[str, Any]:
    try:
        doc = json.loads(data)
    except ValueError as error:
        raise BadManifest("not JSON") from error
    if not isinstance(doc, dict) or doc.get("schema") != schema:
        raise BadManifest(f"not a document of schema {schema}")
    return doc


def _path_of(doc: dict[str, Any]) -> bytes:
    if "path_hex" in doc:
        return bytes.fromhex(doc["path_hex"])
    path = doc["path"]
    if not isinstance(path, str):
        raise TypeError("path is not text")
    return path.encode()


def _size_of(doc: dict[str, Any]) -> int:
    return _count(doc["size"])


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"not a size: {value!r}")
    return value

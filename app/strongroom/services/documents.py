"""Reading sealed documents back from the store: manifests with their pages, records, runs."""

from __future__ import annotations

from strongroom.domain.digest import parse_digest, text_of
from strongroom.domain.errors import Damaged
from strongroom.domain.manifest import (
    BadManifest,
    Entry,
    Manifest,
    Page,
    Pages,
    assemble,
    parse_page,
    parse_root,
)
from strongroom.domain.record import (
    INDEX_SCHEMA,
    RECORD_SCHEMA,
    RUN_SCHEMA,
    Document,
    Sealed,
    is_index,
    parse_document,
)
from strongroom.store.folder import FolderStore


class StoredDocuments:
    """Documents by digest. What was just sealed is handed in, so that it is not read back."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store
        self._manifests: dict[bytes, Manifest] = {}
        self._sealed: dict[bytes, Sealed] = {}

    def hand_in(self, *sealed: Sealed | Manifest) -> None:
        for one in sealed:
            if isinstance(one, Manifest):
                self._manifests[one.digest] = one
            else:
                self._sealed[one.digest] = one

    def manifest(self, digest: bytes) -> Manifest:
        """Raises `Damaged` where it is gone or not a manifest; so do its pages, when asked for."""
        if digest in self._manifests:
            return self._manifests[digest]
        data = self._store.read(digest)
        try:
            digests = parse_root(data)
            if digests == (digest,):
                return assemble(data, [parse_page(data)])
            return assemble(data, Pages(digests, lambda i: self._page(digests[i])))
        except BadManifest as error:
            raise Damaged(f"not a manifest ({error})", text_of(digest), _HINT) from error

    def _page(self, digest: bytes) -> Page:
        try:
            return parse_page(self._store.read(digest))
        except BadManifest as error:
            raise Damaged(f"not a manifest's page ({error})", text_of(digest), _HINT) from error

    def files(self, digest: bytes, limit: int | None = None) -> list[Entry]:
        """The manifest's first `limit` files (None: all); only the pages they need are read."""
        data = self._store.read(digest)
        entries: list[Entry] = []
        try:
            for page in parse_root(data):
                parsed = parse_page(data if page == digest else self._store.read(page))
                entries += parsed.entries
                if limit is not None and len(entries) >= limit:
                    break
        except BadManifest as error:
            raise Damaged(f"not a manifest ({error})", text_of(digest), _HINT) from error
        return entries if limit is None else entries[:limit]

    def record(self, digest: bytes) -> Document:
        return self._document(digest, RECORD_SCHEMA)

    def run(self, digest: bytes) -> Document:
        return self._document(digest, RUN_SCHEMA)

    def curves(self, digest: bytes) -> list[tuple[bytes, int]]:
        """`(digest, size)` of the blobs that a series document names."""
        if digest in self._sealed:
            document = self._sealed[digest].document
            return _curves(document) if document.get("schema") == INDEX_SCHEMA else []
        data = self._store.read(digest)
        return _curves(parse_document(data, INDEX_SCHEMA)) if is_index(data) else []

    def size(self, digest: bytes) -> int:
        if digest in self._sealed:
            return len(self._sealed[digest].data)
        return len(self._store.read(digest))

    def _document(self, digest: bytes, schema: str) -> Document:
        if digest in self._sealed:
            return self._sealed[digest].document
        try:
            return parse_document(self._store.read(digest), schema)
        except ValueError as error:
            raise Damaged(f"not a document of {schema}", text_of(digest), _HINT) from error


def _curves(document: Document) -> list[tuple[bytes, int]]:
    return [(parse_digest(c["blob"]), c["size"]) for c in document["curves"].values()]


_HINT = "run `strongroom verify --all --repair`"

"""The folder store: plain objects, shelves for small blobs, quarantine for damaged ones."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import secrets
import time
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from strongroom.disk.durable import explained, sync_folder, told, write_all, write_file
from strongroom.domain.digest import text_of
from strongroom.domain.errors import Damaged, StrongroomError
from strongroom.store.intake import CHUNK, Taken, clear_staging
from strongroom.store.shelf import SEAL_BYTES, SHELF_LIMIT, Shelves

#: A larger file is not verified as a whole before its first byte is handed out (design §5).
WHOLE_BYTES = 64 << 20
_WITHHELD = 1 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """Where one blob lies. `form`: plain (a file of its own) or shelf; `place`: shelf number."""

    digest: bytes
    size: int
    form: str
    place: str = ""


class FolderStore:
    """Thread-safe; any number of processes may use one folder at once."""

    name = "folder"

    def __init__(self, root: Path, seal_bytes: int = SEAL_BYTES) -> None:
        self.root = root
        self.objects = root / "objects"
        self.staging = root / "staging"
        self.quarantine_folder = root / "quarantine"
        self.shelves = Shelves(root / "shelves", seal_bytes)

    def object_path(self, digest: bytes) -> Path:
        text = digest.hex()
        return self.objects / text[:2] / text[2:]

    # ------------------------------------------------------------------ writing

    def keep(self, taken: Sequence[Taken]) -> list[Stored]:
        """Makes the bytes of all `taken` durable in one group; already stored ones are left.

        Raises `NoSpace`, `Unreachable`, `Busy`; whatever it kept before that is a blob that
        nothing refers to yet. Temporary files stay with the caller on failure.
        """
        small = {t.digest: t for t in taken if t.data is not None}
        large = {t.digest: t for t in taken if t.data is None}
        stored = []
        if small:
            place = self.put_small([(d, t.data or b"") for d, t in small.items()])
            stored += [Stored(d, t.size, "shelf", place) for d, t in small.items()]
        folders: set[Path] = set()
        for digest, one in large.items():
            if one.temporary is not None:
                with told("storing the file", self.object_path(digest)):
                    self._name(one.temporary, digest, folders)
                one.temporary = None
            stored.append(Stored(digest, one.size, "plain"))
        self._sync(folders)
        for one in taken:
            one.discard()
        return stored

    def put_small(self, blobs: Sequence[tuple[bytes, bytes]]) -> str:
        """Keeps blobs of at most 64 KiB durably on a shelf; its number comes back as text."""
        return str(self.shelves.put(blobs))

    def put(self, digest: bytes, data: bytes) -> Stored:
        """Keeps one blob of any size that is in memory (a document)."""
        (stored,) = self.put_all([(digest, data)])
        return stored

    def put_all(self, blobs: Sequence[tuple[bytes, bytes]]) -> list[Stored]:
        """Keeps documents of any size, durably, in one group."""
        small = [(digest, data) for digest, data in blobs if len(data) <= SHELF_LIMIT]
        place = self.put_small(small) if small else ""
        stored = [Stored(digest, len(data), "shelf", place) for digest, data in small]
        folders: set[Path] = set()
        for digest, data in blobs:
            if len(data) > SHELF_LIMIT:
                self._put_large(digest, data, folders)
                stored.append(Stored(digest, len(data), "plain"))
        self._sync(folders)
        return stored

    def _put_large(self, digest: bytes, data: bytes, folders: set[Path]) -> None:
        if self.object_path(digest).exists():
            return
        temporary = self.staging / f"{secrets.token_hex(16)}.tmp"
        try:
            with told("storing a document", temporary):
                fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX)  # in use: `clear_staging` leaves it alone
                    write_all(fd, data)
                    os.fsync(fd)
                    self._name(temporary, digest, folders)
                finally:
                    os.close(fd)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _name(self, temporary: Path, digest: bytes, folders: set[Path]) -> None:
        """Gives whole bytes their place; `folders` are those to be synced for it."""
        target = self.object_path(digest)
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            folders.add(self.objects)
        os.chmod(temporary, 0o444)
        os.replace(temporary, target)
        folders.add(target.parent)

    def _sync(self, folders: Iterable[Path]) -> None:
        for folder in folders:
            with told("storing the file", folder):
                sync_folder(folder)

    @contextlib.contextmanager
    def no_collection(self) -> Iterator[None]:
        """While held, nothing is deleted: for the moment from claiming to having the bytes."""
        with self._gate(fcntl.LOCK_SH):
            yield

    @contextlib.contextmanager
    def collection(self) -> Iterator[None]:
        """While held, nobody claims: for the moment from the last check to the deletion."""
        with self._gate(fcntl.LOCK_EX):
            yield

    def remove(self, digests: Sequence[bytes]) -> None:
        """Deletes the bytes; the caller holds `collection()` and has made sure.

        Files go first: on a full disk they make the room that a shelf needs to shrink.
        """
        for digest in digests:
            with told("deleting a file", self.object_path(digest)):
                self.object_path(digest).unlink(missing_ok=True)
        self.shelves.remove(digests)

    def clear_staging(self) -> int:
        """Removes what crashed processes left half written; how many files comes back."""
        return clear_staging(self.staging)

    # ------------------------------------------------------------------ finding

    def locate(self, digest: bytes) -> Stored | None:
        return self.locate_all([digest]).get(digest)

    def locate_all(
        self, digests: Collection[bytes], small: Container[bytes] = ()
    ) -> dict[bytes, Stored]:
        """Where those of `digests` lie that are here; `small` ones can lie on shelves alone."""
        found = {
            d: Stored(d, size, "shelf", str(shelf))
            for d, (shelf, size) in self.shelves.which(list(digests)).items()
        }
        objects = os.fspath(self.objects)
        for digest in digests:
            if digest not in found and digest not in small:
                text = digest.hex()
                with contextlib.suppress(FileNotFoundError):
                    info = os.stat(f"{objects}/{text[:2]}/{text[2:]}")
                    found[digest] = Stored(digest, info.st_size, "plain")
        return found

    def are_there(self, places: Iterable[tuple[str, str, bytes | None]]) -> bool:
        """Whether all of `(form, place, digest of a plain object)` are on disk; nothing is read."""
        for form, place, digest in places:
            if form == "shelf":
                there = self.shelves.path(int(place)).exists()
            else:
                there = digest is not None and self.object_path(digest).exists()
            if not there:
                return False
        return True

    def scan(self) -> Iterator[Stored]:
        """Every stored blob, found by looking at the folder and the shelves."""
        for digest, shelf, size in self.shelves.scan():
            yield Stored(digest, size, "shelf", str(shelf))
        for folder in sorted(p for p in self.objects.iterdir() if p.is_dir()):
            for entry in sorted(os.scandir(folder), key=lambda e: e.name):
                text = folder.name + entry.name
                if len(text) == 64 and set(text) <= set("0123456789abcdef"):
                    with contextlib.suppress(FileNotFoundError):  # just deleted
                        yield Stored(bytes.fromhex(text), entry.stat().st_size, "plain")

    # ------------------------------------------------------------------ reading

    def read(self, digest: bytes) -> bytes:
        """A whole blob of at most 64 MiB, verified; raises `Damaged`."""
        on_shelf = self.shelves.get(digest)
        if on_shelf is not None:
            data, where = on_shelf[1], str(self.shelves.path(on_shelf[0]))
        else:
            path = self.object_path(digest)
            where = str(path)
            with self._object(digest) as stream, _reading(path):
                data = stream.read(WHOLE_BYTES + 1)
            if len(data) > WHOLE_BYTES:
                raise StrongroomError("too large to be read at once", text_of(digest))
        if hashlib.sha256(data).digest() != digest:
            raise self._damaged(digest, where)
        return data

    def chunks(self, digest: bytes) -> Iterator[bytes]:
        """The blob's bytes, hashed on the way.

        Up to 64 MiB all is verified before the first chunk; of a larger one the last MiB is
        withheld until the hash is known to match, else `Damaged` is raised before the end.
        """
        located = self.locate(digest)
        if located is None:
            raise self._missing(digest)
        if located.form == "shelf" or located.size <= WHOLE_BYTES:
            data = self.read(digest)
            for start in range(0, len(data), CHUNK):
                yield data[start : start + CHUNK]
            return
        path = self.object_path(digest)
        sha, held = hashlib.sha256(), b""
        with self._object(digest) as stream:
            while True:
                with _reading(path):
                    chunk = stream.read(CHUNK)
                if not chunk:
                    break
                sha.update(chunk)
                held += chunk
                if len(held) > _WITHHELD:
                    yield held[:-_WITHHELD]
                    held = held[-_WITHHELD:]
        if sha.digest() != digest:
            raise self._damaged(digest, str(path))
        yield held

    def fetch(self, digest: bytes, target: Path, tick: Callable[[int], None]) -> int:
        """Copies the verified blob into the new file `target`, fsynced; its size comes back.

        On any error `target` is removed again. Raises `Damaged`, `NoSpace`.
        """
        size = 0
        with told("writing", target):
            out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            try:
                for chunk in self.chunks(digest):
                    with told("writing", target):
                        write_all(out, chunk)
                    size += len(chunk)
                    tick(len(chunk))
                with told("writing", target):
                    os.fsync(out)
            finally:
                os.close(out)
        except BaseException:
            with contextlib.suppress(OSError):
                target.unlink()
            raise
        return size

    def open_unverified(self, digest: bytes) -> BinaryIO:
        """A seekable stream over the stored copy, for extraction in the limited child.

        Nothing read here may be served: only `read`, `chunks` and `fetch` verify.
        """
        on_shelf = self.shelves.get(digest)
        return io.BytesIO(on_shelf[1]) if on_shelf is not None else self._object(digest)

    def check(self, digest: bytes, tick: Callable[[int], None] = lambda n: None) -> None:
        """Reads the whole blob; raises `Damaged`."""
        for chunk in self.chunks(digest):
            tick(len(chunk))

    # ------------------------------------------------------------------ damage

    def quarantine(self, digest: bytes) -> Path | None:
        """Moves the stored bytes aside, so that they are kept but never served.

        The folder's file name begins with the digest; None if the bytes are gone already.
        """
        aside = self.quarantine_folder / f"{digest.hex()}.{time.time_ns()}"
        on_shelf = None
        with contextlib.suppress(StrongroomError):
            on_shelf = self.shelves.get(digest)
        with told("moving a damaged file aside", aside):
            if on_shelf is not None:
                write_file(aside, on_shelf[1])
                self.shelves.remove([digest])
                return aside
            try:
                os.replace(self.object_path(digest), aside)
            except FileNotFoundError:
                return None
        return aside

    def close(self) -> None:
        self.shelves.close()

    def _object(self, digest: bytes) -> BinaryIO:
        path = self.object_path(digest)
        try:
            with _reading(path):
                return open(path, "rb")
        except FileNotFoundError as error:
            raise self._missing(digest) from error

    def _missing(self, digest: bytes) -> Damaged:
        return MissingBlob("the stored file is gone", str(self.object_path(digest)), _MEND)

    def _damaged(self, digest: bytes, where: str) -> Damaged:
        return Damaged(f"the stored bytes are not {text_of(digest)}", where, _MEND)

    @contextlib.contextmanager
    def _gate(self, mode: int) -> Iterator[None]:
        path = self.root / "local" / "collection.lock"
        with told("locking the store", path):
            lock = open(path, "ab")  # noqa: SIM115 (closed below; what is done meanwhile says its own)
        with lock:
            with told("locking the store", path):
                fcntl.flock(lock, mode)
            yield


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """A bad sector is damage; that we may not read, or just cannot, says nothing of the bytes."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno == errno.EIO:
            raise Damaged(
                f"a stored file cannot be read ({error.strerror})", str(path), _MEND
            ) from error
        raise explained(error, "reading", path) from error


class MissingBlob(Damaged):
    """Bytes that the catalog knows are not in the store: damage, not a wrong name."""


_MEND = "run `strongroom verify --repair`"

"""The folder store: plain objects, shelves for small blobs, quarantine for damaged ones."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from strongroom.disk import temporary
from strongroom.disk.durable import explained, sync_folder, told, write_all, write_file
from strongroom.domain.digest import text_of
from strongroom.domain.errors import Damaged, StrongroomError
from strongroom.store.intake import CHUNK, Taken
from strongroom.store.shelf import SEAL_BYTES, SHELF_LIMIT, Shelves, salvage

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


class Found(Enum):
    """What became of bytes that were said to be damaged."""

    ASIDE = "they are wrong and were moved aside"
    SOUND = "they are sound, or were mended meanwhile"
    UNREADABLE = "they can be neither read nor judged, and stay where they are"
    GONE = "there are none"


#: Where blobs lie as far as somebody keeps a list of them.
Known = Callable[[Sequence[bytes]], Mapping[bytes, Stored]]


class FolderStore:
    """Thread-safe; any number of processes may use one folder at once.

    `known` tells where a blob lies, so that no other place is asked for it; what it does not know
    is looked for. A wrong copy is passed over where there is a sound one.
    """

    name = "folder"

    def __init__(
        self,
        root: Path,
        seal_bytes: int = SEAL_BYTES,
        known: Known = lambda digests: {},
    ) -> None:
        self.root = root
        self.objects = root / "objects"
        self.staging = root / "staging"
        self.quarantine_folder = root / "quarantine"
        self.shelves = Shelves(root / "shelves", self.quarantine_folder, seal_bytes)
        self.known = known
        self._durable_folders: set[str] = set()

    def object_path(self, digest: bytes) -> Path:
        text = digest.hex()
        return self.objects / text[:2] / text[2:]

    # ------------------------------------------------------------------ writing

    def keep(self, taken: Sequence[Taken]) -> list[Stored]:
        """Makes the bytes of all `taken` durable in one group, in place of others that may lie
        there under their digests.

        Raises `NoSpace`, `Unreachable`, `Busy`; whatever it kept before that is a blob that
        nothing refers to yet. Temporary files stay with the caller on failure.
        """
        small = {t.digest: t for t in taken if t.data is not None}
        large = {t.digest: t for t in taken if t.data is None}
        stored = []
        if small:
            place = self.put_small([(d, t.data or b"") for d, t in small.items()])
            stored += [Stored(d, t.size, "shelf", place) for d, t in small.items()]
        names: set[Path] = set()
        for digest, one in large.items():
            if one.temporary is not None:
                with told("storing the file", self.object_path(digest)):
                    self._name(one.temporary, digest, names)
                one.temporary = None
            stored.append(Stored(digest, one.size, "plain"))
        self._sync(names)
        for one in taken:
            one.discard()
        return stored

    def put_small(self, blobs: Sequence[tuple[bytes, bytes]]) -> str:
        """Keeps blobs of at most 64 KiB durably on a shelf; its number comes back as text."""
        return str(self.shelves.put(blobs))

    def put_all(self, blobs: Sequence[tuple[bytes, bytes]]) -> list[Stored]:
        """Keeps blobs of any size that are in memory (documents), durably, in one group."""
        small = [(digest, data) for digest, data in blobs if len(data) <= SHELF_LIMIT]
        place = self.put_small(small) if small else ""
        stored = [Stored(digest, len(data), "shelf", place) for digest, data in small]
        names: set[Path] = set()
        for digest, data in blobs:
            if len(data) > SHELF_LIMIT:
                self._put_large(digest, data, names)
                stored.append(Stored(digest, len(data), "plain"))
        self._sync(names)
        return stored

    def _put_large(self, digest: bytes, data: bytes, names: set[Path]) -> None:
        with told("storing a document", self.staging):
            fd, path = temporary.new_file(self.staging)
        try:
            with told("storing a document", path):
                try:
                    write_all(fd, data)
                    os.fsync(fd)
                    self._name(path, digest, names)
                finally:
                    os.close(fd)
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _name(self, path: Path, digest: bytes, names: set[Path]) -> None:
        """Gives whole bytes their place; `names` are the folders to be synced for it."""
        target = self.object_path(digest)
        if target.parent.name not in self._durable_folders:
            target.parent.mkdir(exist_ok=True)
            names.add(self.objects)  # whoever made it: it may have ended before it synced it
        os.chmod(path, 0o444)
        os.replace(path, target)
        names.add(target.parent)

    def _sync(self, names: Iterable[Path]) -> None:
        for folder in names:
            with told("storing the file", folder):
                here = os.listdir(folder) if folder == self.objects else []
                sync_folder(folder)
                self._durable_folders.update(here)

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

    def drop_others(self, stored: Stored) -> None:
        """Deletes copies of a blob elsewhere than where it was just stored."""
        if stored.form == "shelf":
            self.object_path(stored.digest).unlink(missing_ok=True)
        self.shelves.remove([stored.digest], int(stored.place) if stored.form == "shelf" else None)

    def clear_left_over(self) -> int:
        """Removes what crashed processes left half written; how many files comes back."""
        folders = (self.staging, self.root, self.root / "journal", self.quarantine_folder)
        return sum(map(temporary.clear, folders)) + self.shelves.clear_left_over()

    # ------------------------------------------------------------------ finding

    def locate(self, digest: bytes) -> Stored | None:
        return self.locate_all([digest]).get(digest)

    def locate_all(self, digests: Collection[bytes]) -> dict[bytes, Stored]:
        """Where those of `digests` lie that are here: where they are known to lie, else wherever
        they are found. Rows and files are looked for, their bytes are not read.
        """
        found = self.where(self.known(list(digests)))
        for digest in digests:
            if digest not in found:
                path = self.object_path(digest)
                with contextlib.suppress(FileNotFoundError), _reading(path):
                    found[digest] = Stored(digest, os.stat(path).st_size, "plain")
        rest = [d for d in digests if d not in found]
        for digest, (shelf, size) in (self.shelves.which(rest) if rest else {}).items():
            found[digest] = Stored(digest, size, "shelf", str(shelf))
        return found

    def where(self, known: Mapping[bytes, Stored]) -> dict[bytes, Stored]:
        """Those of `known` that lie where they should, with their size there."""
        found: dict[bytes, Stored] = {}
        on_shelves: dict[str, list[bytes]] = {}
        objects = os.fspath(self.objects)
        for digest, stored in known.items():
            if stored.form == "shelf":
                on_shelves.setdefault(stored.place, []).append(digest)
                continue
            text = digest.hex()
            with contextlib.suppress(FileNotFoundError), _reading(self.objects):
                size = os.stat(f"{objects}/{text[:2]}/{text[2:]}").st_size
                found[digest] = Stored(digest, size, "plain")
        for place, some in on_shelves.items():
            with contextlib.suppress(Damaged):
                for digest, size in self.shelves.sizes(int(place), some).items():
                    found[digest] = Stored(digest, size, "shelf", place)
        return found

    def there(self, by_place: Mapping[tuple[str, str], Set[bytes]]) -> set[bytes]:
        """Those of `{(form, place): digests}` that have a row or a file there; their bytes are not
        read.
        """
        found: set[bytes] = set()
        for (form, place), digests in by_place.items():
            if form == "shelf":
                with contextlib.suppress(Damaged):
                    found |= self.shelves.among(int(place), digests)
            else:
                found |= {digest for digest in digests if self.object_path(digest).exists()}
        return found

    def present(
        self, known: Mapping[bytes, Stored], contents: Mapping[bytes, bytes | None]
    ) -> set[bytes]:
        """Those of `known` that lie where they should and, where the bytes are at hand in
        `contents`, are just those. All that it answers is durable.
        """
        sound: set[bytes] = set()
        on_shelves: dict[str, list[bytes]] = {}
        for digest, stored in known.items():
            data = contents.get(digest)
            if stored.form == "shelf":
                on_shelves.setdefault(stored.place, []).append(digest)
            elif data is None:
                with contextlib.suppress(OSError):
                    if os.stat(self.object_path(digest)).st_size == stored.size:
                        sound.add(digest)
            else:
                with contextlib.suppress(OSError):
                    if self.object_path(digest).read_bytes() == data:
                        sound.add(digest)
        for place, some in on_shelves.items():
            with contextlib.suppress(Damaged):
                for digest, row in self.shelves.rows(int(place), some).items():
                    data = contents.get(digest)
                    if row == data or (data is None and hashlib.sha256(row).digest() == digest):
                        sound.add(digest)
        return sound

    def scan(self) -> Iterator[Stored]:
        """Every stored blob, found by looking at the folder and the shelves that can be read.

        One that lies in several places comes several times, the one to be read first first.
        """
        for folder in sorted(p for p in self.objects.iterdir() if p.is_dir()):
            for entry in sorted(os.scandir(folder), key=lambda e: e.name):
                text = folder.name + entry.name
                if len(text) == 64 and set(text) <= set("0123456789abcdef"):
                    with contextlib.suppress(FileNotFoundError):  # just deleted
                        yield Stored(bytes.fromhex(text), entry.stat().st_size, "plain")
        for digest, shelf, size in self.shelves.scan():
            yield Stored(digest, size, "shelf", str(shelf))

    # ------------------------------------------------------------------ reading

    def read(self, digest: bytes) -> bytes:
        """A whole blob of at most 64 MiB, verified; raises `Damaged`."""
        wrong: Damaged | None = None
        for stored in self._places(digest):
            try:
                data, where = self._bytes_at(stored)
            except Damaged as error:
                if wrong is None or isinstance(wrong, MissingBlob):
                    wrong = error
                continue
            if hashlib.sha256(data).digest() == digest:
                return data
            if wrong is None or isinstance(wrong, MissingBlob):
                wrong = self._damaged(digest, where)
        raise wrong or self.shelves.unreadable() or self._missing(digest)

    def _places(self, digest: bytes) -> Iterator[Stored]:
        """Where a blob may lie: where it is known to, then wherever else it is found."""
        known = self.known([digest]).get(digest)
        if known is not None:
            yield known
        if known is None or known.form != "plain":
            with contextlib.suppress(OSError):
                yield Stored(digest, self.object_path(digest).stat().st_size, "plain")
        for number in self.shelves.holding(digest):
            if known is None or (known.form, known.place) != ("shelf", str(number)):
                yield Stored(digest, 0, "shelf", str(number))

    def _bytes_at(self, stored: Stored) -> tuple[bytes, str]:
        """`(bytes, file)` as they are; raises `Damaged` where there are none."""
        if stored.form == "shelf":
            number = int(stored.place)
            row = self.shelves.get(number, stored.digest)
            where = str(self.shelves.path(number))
            if row is None:
                raise MissingBlob("the stored row is gone", where, _MEND)
            return row, where
        path = self.object_path(stored.digest)
        with self._object(stored.digest) as stream, _reading(path):
            data = stream.read(WHOLE_BYTES + 1)
        if len(data) > WHOLE_BYTES:
            raise StrongroomError("too large to be read at once", text_of(stored.digest))
        return data, str(path)

    def chunks(self, digest: bytes) -> Iterator[bytes]:
        """The blob's bytes, hashed on the way.

        Up to 64 MiB all is verified before the first chunk; of a larger one the last MiB is
        withheld until the hash is known to match, else `Damaged` is raised before the end.
        """
        path = self.object_path(digest)
        try:
            large = path.stat().st_size > WHOLE_BYTES
        except OSError:
            large = False
        if not large:
            data = self.read(digest)
            for start in range(0, len(data), CHUNK):
                yield data[start : start + CHUNK]
            return
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

    def small(self, digest: bytes) -> bytes | None:
        """The unverified bytes of a blob that lies on a shelf, for extraction; None for others."""
        for stored in self._places(digest):
            if stored.form == "plain":
                return None
            with contextlib.suppress(MissingBlob):
                return self._bytes_at(stored)[0]
        return None

    def check(self, digest: bytes, tick: Callable[[int], None] = lambda n: None) -> None:
        """Reads the whole blob; raises `Damaged`."""
        for chunk in self.chunks(digest):
            tick(len(chunk))

    # ------------------------------------------------------------------ damage

    def quarantine(self, digest: bytes) -> Found:
        """Looks again at bytes that were found damaged, while nobody adds or deletes, and moves
        those aside that are wrong: they are kept, but never served.

        A file's name there begins with the digest. Raises `Unreachable`, `NoSpace`.
        """
        with self.collection():
            found = Found.GONE
            for stored in list(self._places(digest)):
                if stored.form == "plain" and stored.size > WHOLE_BYTES:
                    one = self._quarantine_large(digest)
                else:
                    one = self._quarantine_one(stored)
                if one == Found.SOUND:
                    return one
                if one != Found.GONE:
                    found = one
            return found

    def _quarantine_one(self, stored: Stored) -> Found:
        try:
            data, _ = self._bytes_at(stored)
        except MissingBlob:
            return Found.GONE
        except StrongroomError:
            return Found.UNREADABLE
        if hashlib.sha256(data).digest() == stored.digest:
            return Found.SOUND
        if stored.form == "plain":
            return self._move_aside(stored.digest)
        aside = self._aside(stored.digest)
        with told("moving a damaged file aside", aside):
            write_file(aside, data)
        self.shelves.remove_wrong(int(stored.place), stored.digest, data)
        return Found.ASIDE

    def _quarantine_large(self, digest: bytes) -> Found:
        try:
            for _ in self.chunks(digest):
                pass
        except MissingBlob:
            return Found.GONE
        except Damaged as error:
            if isinstance(error.__cause__, OSError):
                return Found.UNREADABLE
            return self._move_aside(digest)
        except StrongroomError:
            return Found.UNREADABLE
        return Found.SOUND

    def _move_aside(self, digest: bytes) -> Found:
        aside = self._aside(digest)
        with told("moving a damaged file aside", aside):
            os.replace(self.object_path(digest), aside)
            sync_folder(self.quarantine_folder)
        return Found.ASIDE

    def _aside(self, digest: bytes) -> Path:
        return self.quarantine_folder / f"{digest.hex()}.{time.time_ns()}"

    def mend_shelf(self, number: int) -> list[Stored]:
        """Puts what can be read of a damaged shelf on another one and then sets it aside; where
        its rows lie now comes back. Raises `NoSpace`, `Unreachable`.
        """
        stored: list[Stored] = []
        batch: list[tuple[bytes, bytes]] = []
        self.shelves.refuse(number)
        with self.collection():
            for digest, data in salvage(self.shelves.path(number)):
                batch.append((digest, data))
                if len(batch) == _SALVAGED:
                    stored += self.put_all(batch)
                    batch = []
            stored += self.put_all(batch)
            self.shelves.set_aside(number)
        return stored

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


#: Rows of a damaged shelf that are put on another in one go: up to 64 MiB.
_SALVAGED = 1000
_MEND = "run `strongroom verify --repair`"

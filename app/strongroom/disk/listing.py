"""Walking what the user points at: which regular files are there, and what is left out and why."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from strongroom.domain.errors import NotFound, Unreachable, printable


class Stat(NamedTuple):
    """What tells one state of a file from another (design §5). A tuple: there are many of them."""

    dev: int
    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, info: os.stat_result) -> Stat:
        dev, ino = info.st_dev, info.st_ino
        if dev >= _SIGNED or ino >= _SIGNED:  # as the kernel's own kind of integer
            dev, ino = dev - 2 * _SIGNED * (dev >= _SIGNED), ino - 2 * _SIGNED * (ino >= _SIGNED)
        return cls(dev, ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


#: Numbers of devices and inodes may use 64 bits, which SQLite's integers take only with a sign.
_SIGNED = 1 << 63
_STAT = struct.Struct("<5q")


class SourceFile:
    """A regular file to be taken: where it lies, and its path below what was pointed at.

    Of a million of them each takes a third of what its parts would: `location` is kept as what
    comes before `path`, which all files of one folder share, and the stat as its bytes.
    """

    __slots__ = ("_before", "state")

    def __init__(self, location: bytes, path: bytes, stat: Stat) -> None:
        before = location
        if location.endswith(path) and location[-len(path) - 1 : -len(path)] == b"/":
            before = location[: -len(path)]
        self._before = _shared(before)
        #: Stat and path in one: equal for files that are the same in both.
        self.state = _STAT.pack(*stat) + path

    @property
    def path(self) -> bytes:
        return self.state[_STAT.size :]

    @property
    def location(self) -> bytes:
        return self._before + self.path if self._before.endswith(b"/") else self._before

    @property
    def stat(self) -> Stat:
        return Stat._make(_STAT.unpack_from(self.state))

    def replaced(self, *, path: bytes | None = None, stat: Stat | None = None) -> SourceFile:
        """The same file under another path, or as it was seen later."""
        return SourceFile(
            self.location, self.path if path is None else path, self.stat if stat is None else stat
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SourceFile):
            return NotImplemented
        return self.state == other.state and self.location == other.location

    def __hash__(self) -> int:
        return hash(self.state)

    def __repr__(self) -> str:
        return f"SourceFile({self.location!r}, {self.path!r}, {self.stat!r})"


@lru_cache(maxsize=1024)
def _shared(before: bytes) -> bytes:
    """One object for all that are equal."""
    return before


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something below the root that is not taken, and why."""

    path: bytes
    why: str

    def __str__(self) -> str:
        return f"{printable(os.fsdecode(self.path))}: left out, {self.why}"


@dataclass
class Listing:
    """The files below one root in path order, and a sentence for each thing left out."""

    root: bytes
    files: list[SourceFile] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


#: Says why a path below the root (a folder's ends in `/`) is passed over; "" to take it, and
#: "-" to pass it over without a word.
Skip = Callable[[bytes], str]


def list_source(
    root: bytes,
    *,
    follow_outside: bool,
    follow_folders: bool = True,
    skip: Skip = lambda path: "",
) -> Listing:
    """The file at `root`, or all below the folder `root`.

    Links to files inside the root are taken as content, links to folders with `follow_folders`,
    links that lead outside only with `follow_outside`; loops are cut. Raises `NotFound` or
    `Unreachable` for the root itself.
    """
    name = os.fsdecode(root)
    try:
        info = os.stat(root)
    except FileNotFoundError as error:
        raise NotFound("there is no such file or folder", name, "check the path") from error
    except OSError as error:
        raise Unreachable(
            f"it cannot be read ({error.strerror})", name, "check its permissions"
        ) from error
    listing = Listing(os.path.abspath(root))
    if stat.S_ISREG(info.st_mode):
        base = os.path.basename(listing.root)
        listing.files.append(SourceFile(listing.root, base, Stat.of(info)))
    elif stat.S_ISDIR(info.st_mode):
        inside = os.path.realpath(root)
        _Walk(listing, inside, follow_outside, follow_folders, skip).all_below(listing.root)
        listing.files.sort(key=lambda f: f.path)
        listing.left_out.sort(key=lambda one: one.path)
    else:
        raise NotFound("it is neither a file nor a folder", name, "only those can be kept")
    return listing


class _Walk:
    def __init__(
        self,
        listing: Listing,
        inside: bytes,
        follow_outside: bool,
        follow_folders: bool,
        skip: Skip,
    ) -> None:
        self.listing, self.inside, self.skip = listing, inside, skip
        self.follow_outside, self.follow_folders = follow_outside, follow_folders
        self._waiting: list[tuple[bytes, bytes, tuple[bytes, ...]]] = []

    def all_below(self, root: bytes) -> None:
        """Everything below the folder `root`; folders wait their turn, so no depth is too deep."""
        self._waiting = [(root, b"", (self.inside,))]
        while self._waiting:
            self._folder(*self._waiting.pop())

    def _folder(self, location: bytes, path: bytes, parents: tuple[bytes, ...]) -> None:
        try:
            with os.scandir(location) as found:
                entries = list(found)
        except OSError as error:
            self._out(path or location, f"the folder cannot be read ({error.strerror})")
            return
        for entry in entries:
            below = path + b"/" + entry.name if path else entry.name
            try:
                self._entry(entry, below, parents)
            except OSError as error:
                self._out(below, f"it cannot be looked at ({error.strerror})")

    def _entry(self, entry: os.DirEntry[bytes], path: bytes, parents: tuple[bytes, ...]) -> None:
        is_folder = entry.is_dir(follow_symlinks=False)
        why = self.skip(path + b"/" if is_folder else path)
        if why:
            if why != "-":
                self._out(path, why)
            return
        if entry.is_file(follow_symlinks=False):  # nearly all are
            info = entry.stat(follow_symlinks=False)
            self.listing.files.append(SourceFile(entry.path, path, Stat.of(info)))
        elif is_folder:
            self._waiting.append((entry.path, path, parents))
        elif entry.is_symlink():
            self._link(entry, path, parents)
        else:
            self._out(path, "it is a pipe, socket or device, not a file")

    def _link(self, entry: os.DirEntry[bytes], path: bytes, parents: tuple[bytes, ...]) -> None:
        try:
            info = os.stat(entry.path)
        except FileNotFoundError:
            self._out(path, "the link leads nowhere")
            return
        except OSError:
            self._out(path, "the link leads in a circle")
            return
        target = os.path.realpath(entry.path)
        outside = target != self.inside and not target.startswith(self.inside + b"/")
        if outside and not self.follow_outside:
            self._out(path, "the link leads out of the folder")
        elif stat.S_ISDIR(info.st_mode) and not self.follow_folders:
            self._out(path, "the link leads to a folder that is taken already")
        elif stat.S_ISDIR(info.st_mode):
            here = os.path.realpath(os.path.dirname(entry.path))
            if (here + b"/").startswith(target.rstrip(b"/") + b"/") or target in parents:
                self._out(path, "the link leads in a circle")
            else:
                self._waiting.append((entry.path, path, (*parents, target)))
        elif stat.S_ISREG(info.st_mode):
            self.listing.files.append(SourceFile(entry.path, path, Stat.of(info)))
        else:
            self._out(path, "the link leads to a pipe, socket or device")

    def _out(self, path: bytes, why: str) -> None:
        self.listing.left_out.append(LeftOut(path, why))

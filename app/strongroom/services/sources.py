"""Walking what the user points at: which regular files are there, and what is left out and why."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field

from strongroom.domain.errors import NotFound, Unreachable, printable
from strongroom.store.intake import Stat


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A regular file to be taken: where it lies, and its path below what was pointed at."""

    location: bytes
    path: bytes
    stat: Stat


@dataclass
class Listing:
    """The files below one root in path order, and a sentence for each thing left out."""

    root: bytes
    files: list[SourceFile] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    links_outside: list[bytes] = field(default_factory=list)


def list_source(root: bytes, follow_outside: bool) -> Listing:
    """The file at `root`, or all below the folder `root`.

    Links inside the root are taken as content; links that lead outside only with
    `follow_outside`; loops are cut. Raises `NotFound` or `Unreachable` for the root itself.
    """
    name = os.fsdecode(root)
    try:
        info = os.stat(root)
    except FileNotFoundError as error:
        raise NotFound("there is no such file or folder", name, "check the path") from error
    except OSError as error:
        raise Unreachable(f"it cannot be read ({error.strerror})", name,
                          "check its permissions") from error
    listing = Listing(os.path.abspath(root))
    if stat.S_ISREG(info.st_mode):
        base = os.path.basename(listing.root)
        listing.files.append(SourceFile(listing.root, base, Stat.of(info)))
    elif stat.S_ISDIR(info.st_mode):
        inside = os.path.realpath(root)
        _Walk(listing, inside, follow_outside).folder(listing.root, b"", (inside,))
        listing.files.sort(key=lambda f: f.path)
    else:
        raise NotFound("it is neither a file nor a folder", name, "only those can be kept")
    return listing


class _Walk:
    def __init__(self, listing: Listing, inside: bytes, follow_outside: bool) -> None:
        self.listing, self.inside, self.follow_outside = listing, inside, follow_outside

    def folder(self, location: bytes, path: bytes, parents: tuple[bytes, ...]) -> None:
        try:
            entries = list(os.scandir(location))
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
        if entry.is_symlink():
            self._link(entry, path, parents)
        elif entry.is_dir(follow_symlinks=False):
            self.folder(entry.path, path, parents)
        elif entry.is_file(follow_symlinks=False):
            info = entry.stat(follow_symlinks=False)
            self.listing.files.append(SourceFile(entry.path, path, Stat.of(info)))
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
            self.listing.links_outside.append(path)
            self._out(path, "the link leads out of the folder")
        elif stat.S_ISDIR(info.st_mode):
            here = os.path.realpath(os.path.dirname(entry.path))
            if (here + b"/").startswith(target.rstrip(b"/") + b"/") or target in parents:
                self._out(path, "the link leads in a circle")
            else:
                self.folder(entry.path, path, (*parents, target))
        elif stat.S_ISREG(info.st_mode):
            self.listing.files.append(SourceFile(entry.path, path, Stat.of(info)))
        else:
            self._out(path, "the link leads to a pipe, socket or device")

    def _out(self, path: bytes, why: str) -> None:
        self.listing.left_out.append(f"{printable(os.fsdecode(path))}: left out, {why}")

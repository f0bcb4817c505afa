"""Hints from the operating system that something below a folder changed (watchdog).

Events may be lost or come in any order, so they only say where to look; the rescan has the word.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import sys
import threading
import warnings
from dataclasses import dataclass, field
from pathlib import Path

#: File systems whose changes elsewhere send no events here.
_NETWORK = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "fuse.sshfs",
        "9p",
        "afs",
        "ceph",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.rclone",
        "davfs",
        "lustre",
    }
)

#: What watchdog shall tell us of. Not that a file was opened or read: we do that ourselves.
_WANTED = (
    "FileCreatedEvent",
    "FileModifiedEvent",
    "FileAttribEvent",
    "FileMovedEvent",
    "FileDeletedEvent",
    "FileClosedEvent",
    "DirCreatedEvent",
    "DirMovedEvent",
    "DirDeletedEvent",
)
_IN_CREATE = 0x100


@dataclass
class Hints:
    """Paths to look at (absolute), and whether to look at everything."""

    changed: set[bytes] = field(default_factory=set)
    renamed: dict[bytes, bytes] = field(default_factory=dict)
    all: bool = False


class EventSource:
    """Listens below one folder and sets `wake` when it hears something.

    `polling`: no events come here, so the caller must rescan often.
    """

    #: So many events between two looks may be more than the kernel's queue held.
    MANY = 8_000

    def __init__(self, root: bytes, wake: threading.Event, polling: bool = False) -> None:
        self.root = root
        self.polling = polling or on_network(root)
        self.why_polling = "the folder is on a network mount" if self.polling else ""
        self._lock = threading.Lock()
        self._hints = Hints()
        self._heard_since = 0
        self._wake = wake
        self._observer: object | None = None
        self._overflow: _Overflow | None = None

    def start(self) -> None:
        """Begins to listen; where the system has no watches left it falls back to polling."""
        if self.polling:
            return
        from watchdog import events
        from watchdog.observers import Observer

        source = self

        class Handler(events.FileSystemEventHandler):
            def on_any_event(self, event: events.FileSystemEvent) -> None:
                source._heard(event.event_type, event.src_path, event.dest_path, event.is_directory)

        self._overflow = _Overflow(self)
        logging.getLogger("watchdog").addHandler(self._overflow)
        # Its own bookkeeping, which it repeats for folders that come and go.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="watchdog")
        kinds = [getattr(events, name) for name in _WANTED if hasattr(events, name)]
        try:
            observer = Observer()
            observer.schedule(Handler(), os.fsdecode(self.root), recursive=True, event_filter=kinds)
            observer.start()
        except OSError as error:
            self._poll(error.strerror or str(error))
            return
        self._observer = observer
        self.check()

    def check(self) -> None:
        """Falls back to polling when the system has run out of watches: then some folders below
        are not listened to, and nothing else says so.
        """
        if not self.polling and not _watches_left(self.root):
            self._poll("inotify watch limit reached")

    def stop(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()  # type: ignore[attr-defined]
            observer.join(10)  # type: ignore[attr-defined]
        if self._overflow is not None:
            logging.getLogger("watchdog").removeHandler(self._overflow)
            self._overflow = None

    def lost(self) -> None:
        """Events were lost, so everything has to be looked at."""
        with self._lock:
            self._hints.all = True
        self._wake.set()

    def take(self) -> Hints:
        """What was heard since the last call."""
        with self._lock:
            hints, self._hints = self._hints, Hints()
            self._heard_since = 0
        return hints

    def _heard(self, kind: str, source: str | bytes, target: str | bytes, folder: bool) -> None:
        with self._lock:
            hints = self._hints
            self._heard_since += 1
            if folder and kind in ("moved", "deleted", "created"):
                hints.all = True  # what was written before the new folder was listened to
            if kind == "moved":
                hints.renamed[os.fsencode(target)] = os.fsencode(source)
                hints.changed.add(os.fsencode(target))
            hints.changed.add(os.fsencode(source))
            if self._heard_since >= self.MANY:
                hints.changed.clear()
                hints.all = True
        self._wake.set()

    def _poll(self, why: str) -> None:
        self.polling = True
        self.why_polling = f"the system has no watches left ({why})"


class _Overflow(logging.Handler):
    """Hears watchdog say that the kernel's queue was full, which it tells to its log alone."""

    def __init__(self, source: EventSource) -> None:
        super().__init__(logging.WARNING)
        self._source = source

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage():
            self._source.lost()


def _watches_left(folder: bytes) -> bool:
    """Whether one more folder could be listened to; True where the system does not tell."""
    if sys.platform != "linux":
        return True
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_CLOEXEC)
    if fd < 0:
        return True
    try:
        found = libc.inotify_add_watch(fd, folder, _IN_CREATE)
        return not (found < 0 and ctypes.get_errno() == errno.ENOSPC)
    finally:
        os.close(fd)


def on_network(path: bytes) -> bool:
    """Whether the file system of `path` is a network mount, where the system can tell."""
    try:
        mounts = Path("/proc/self/mounts").read_bytes().splitlines()
    except OSError:
        return False
    real, best, kind = os.path.realpath(path), b"", ""
    for line in mounts:
        fields = line.split()
        if len(fields) < 3:
            continue
        where = fields[1].replace(b"\\040", b" ")
        inside = real == where or real.startswith(where.rstrip(b"/") + b"/")
        if inside and len(where) >= len(best):
            best, kind = where, fields[2].decode("ascii", "replace")
    return kind in _NETWORK

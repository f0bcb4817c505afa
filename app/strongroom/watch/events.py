"""Hints from the operating system that something below a folder changed (watchdog).

Events may be lost or come in any order, so they only say where to look; the rescan has the word.
"""

from __future__ import annotations

import os
import threading
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


@dataclass
class Hints:
    """Paths to look at (absolute), and whether to look at everything."""

    changed: set[bytes] = field(default_factory=set)
    renamed: dict[bytes, bytes] = field(default_factory=dict)
    all: bool = False


class EventSource:
    """Listens below one folder. `polling`: no events come here, so the caller must rescan often."""

    _MANY = 20_000

    def __init__(self, root: bytes, polling: bool = False) -> None:
        self.root = root
        self.polling = polling or on_network(root)
        self.why_polling = "the folder is on a network mount" if self.polling else ""
        self._lock = threading.Lock()
        self._hints = Hints()
        self._wake = threading.Event()
        self._observer: object | None = None

    def start(self) -> None:
        """Begins to listen; where the system has no watches left it falls back to polling."""
        if self.polling:
            return
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        source = self

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                source._heard(event.event_type, event.src_path, event.dest_path, event.is_directory)

        observer = Observer()
        try:
            observer.schedule(Handler(), os.fsdecode(self.root), recursive=True)
            observer.start()
        except OSError as error:
            self.polling = True
            self.why_polling = f"the system has no watches left ({error.strerror})"
            return
        self._observer = observer

    def stop(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()  # type: ignore[attr-defined]
            observer.join(10)  # type: ignore[attr-defined]

    def take(self) -> Hints:
        """What was heard since the last call."""
        with self._lock:
            hints, self._hints = self._hints, Hints()
            self._wake.clear()
        return hints

    def wait(self, seconds: float) -> None:
        """Returns when something is heard, or after `seconds`."""
        self._wake.wait(seconds)

    def _heard(self, kind: str, source: str | bytes, target: str | bytes, folder: bool) -> None:
        if kind in ("opened", "closed_no_write"):
            return
        with self._lock:
            hints = self._hints
            if folder and kind in ("moved", "deleted", "created"):
                hints.all = True  # what was written before the new folder was listened to
            if kind == "moved":
                hints.renamed[os.fsencode(target)] = os.fsencode(source)
                hints.changed.add(os.fsencode(target))
            hints.changed.add(os.fsencode(source))
            if len(hints.changed) > self._MANY:
                hints.changed.clear()
                hints.renamed.clear()
                hints.all = True
        self._wake.set()


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

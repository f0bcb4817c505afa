"""The parts of one open registry that use cases work with, and who is asking."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from strongroom.audit.entry import seal
from strongroom.audit.segments import Segments
from strongroom.catalog.blobs import Place as BlobPlace
from strongroom.catalog.blobs import places
from strongroom.catalog.catalog import head, line_at, lines_after
from strongroom.catalog.engine import Engine
from strongroom.catalog.replay import Documents, replay
from strongroom.domain.entry import Draft, Entry
from strongroom.domain.errors import StrongroomError
from strongroom.domain.timestamps import new_id, now
from strongroom.services.inspection import Inspector
from strongroom.services.swaps import settle
from strongroom.store.folder import FolderStore, Stored
from strongroom.store.place import Place
from strongroom.store.stat_cache import StatCache


def process_identity() -> str:
    """`host:pid:start`: names this process so that others can tell when it is gone."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def is_dead(owner: str) -> bool:
    """Whether the process that `owner` names has certainly ended; False on another host."""
    host, _, rest = owner.partition(":")
    pid, _, started = rest.partition(":")
    started = started.partition("#")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _started(int(pid)) != started


def _started(pid: int) -> str:
    """The kernel's start time of a process, so that a reused pid is not mistaken; "" if unknown."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return ""


#: Seconds and bytes of address space that showing one file may take.
_VIEW_TIME, _VIEW_MEMORY = 30.0, 1 << 30


#: Seconds without a sign of life, and address space, of comparing the content of large files.
_COMPARE_SILENCE, _COMPARE_MEMORY = 60.0, 1 << 30


def _viewer() -> Inspector:
    return Inspector(_VIEW_TIME, _VIEW_MEMORY)


def _comparer() -> Inspector:
    return Inspector(_COMPARE_SILENCE, _COMPARE_MEMORY, ("numpy",))


@dataclass
class Desk:
    """One open registry. Thread-safe; `origin` is cli, gui, api or worker.

    `viewer` reads files for people to look at: its own child, so that nobody waits for an ingest;
    `prober` looks into whole files after they were committed, and `comparer` sets the content of
    large files against each other: both take their time.
    """

    place: Place
    engine: Engine
    store: FolderStore
    segments: Segments
    stats: StatCache
    inspector: Inspector
    actor: str
    origin: str
    role: str = "owner"
    viewer: Inspector = field(default_factory=_viewer)
    comparer: Inspector = field(default_factory=_comparer)
    prober: Inspector = field(default_factory=Inspector)
    owner: str = field(default_factory=process_identity)
    _listeners: list[Callable[[Entry], None]] = field(default_factory=list)
    _listening: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        with suppress(OSError, StrongroomError):  # what crashed processes left half written
            self.store.clear_left_over()
            settle(self.place.swaps)

    @contextmanager
    def recording(self, documents: Documents) -> Iterator[Recorder]:
        """One transaction of facts: rows and entries together, then the segment, then success.

        Where the segment cannot be written the facts stand, and the error says so: the next act
        or the next opening completes the journal.
        """
        with self.engine.writing() as tx:
            recorder = Recorder(self, tx, documents)
            yield recorder
        if recorder.entries:
            try:
                self.write_journal(recorder.entries[-1].seq)
            except StrongroomError as error:
                error.hint = f"what was asked is done and will be in the journal; {error.hint}"
                raise
            for entry in recorder.entries:
                self.publish(entry)

    def write_journal(self, upto: int) -> None:
        """Writes out, durably, the entries up to number `upto` that the segments lack."""
        self.segments.catch_up(
            lambda last: lines_after(self.engine, last),
            upto,
            lambda seq: line_at(self.engine, seq),
        )

    def present(self, contents: Mapping[bytes, bytes | None]) -> set[bytes]:
        """Those of the blobs that are noted as durable and not as damaged, and lie there; where
        the bytes are at hand, with just those bytes.
        """
        return self.store.present(self.store.known(list(contents)), contents)

    def there(self, digests: Collection[bytes]) -> dict[bytes, int]:
        """Sizes of those that are noted as durable and not as damaged, and lie there."""
        known = places(self.engine, list(digests))
        by_place: dict[tuple[str, str], set[bytes]] = {}
        for digest, (_, form, place) in known.items():
            by_place.setdefault((form, place), set()).add(digest)
        return {digest: known[digest][0] for digest in self.store.there(by_place)}

    def subscribe(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Calls `listener` with every entry this process writes; the answer unsubscribes."""
        with self._listening:
            self._listeners.append(listener)

        def stop() -> None:
            with self._listening:
                self._listeners.remove(listener)

        return stop

    def publish(self, entry: Entry) -> None:
        with self._listening:
            listeners = list(self._listeners)
        for listener in listeners:
            listener(entry)

    def close(self) -> None:
        self.inspector.close()
        self.viewer.close()
        self.comparer.close()
        self.prober.close()
        self.store.close()
        self.stats.close()
        self.engine.close()


def stored_at(places: Mapping[bytes, BlobPlace]) -> dict[bytes, Stored]:
    """The catalog's places as the store has them."""
    return {d: Stored(d, size, form, place) for d, (size, form, place) in places.items()}


class Recorder:
    """Gives entries their number, time and chain inside one transaction."""

    def __init__(self, desk: Desk, tx: Any, documents: Documents) -> None:
        self.tx = tx
        self.entries: list[Entry] = []
        self._desk, self._documents = desk, documents
        self._seq, self._prev, self._last_at = head(tx)
        self._request = new_id()

    def write(self, draft: Draft) -> Entry:
        at = max(now(), self._last_at)  # order comes from the sequence; time never runs back
        entry = seal(
            draft, self._seq + 1, at, self._desk.actor, self._desk.origin, self._request, self._prev
        )
        replay(self.tx, entry, self._documents)
        self._seq, self._prev, self._last_at = entry.seq, entry.hash, at
        self.entries.append(entry)
        return entry

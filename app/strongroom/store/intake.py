"""One pass over a source file: hashed, copied and sniffed while it is read once.

A file up to 64 KiB stays in memory; a larger one goes to a temporary file beside the objects,
hashed in a second thread (hashlib and file I/O release the interpreter lock). Whether it changed
meanwhile is told by its stat before and after, and on Linux by a read lease.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from strongroom.disk.durable import explained, start_writeback, told, write_all
from strongroom.disk.listing import Stat
from strongroom.disk.temporary import new_file
from strongroom.domain.errors import Conflict, NoSpace, NotFound, Unreachable
from strongroom.formats.source import HEAD_BYTES
from strongroom.store.shelf import SHELF_LIMIT

CHUNK = 1 << 20
_FICLONE = 0x40049409
_BUFFERS = 8
_WRITEBACK = 32 << 20


@dataclass(slots=True)
class Taken:
    """A file that was read: small ones carry `data`, large ones a locked temporary file.

    `written_to`: a writer or a shared writable mapping was still there when it had been read.
    """

    digest: bytes
    size: int
    head: bytes
    stat: Stat
    data: bytes | None = None
    temporary: Path | None = None
    written_to: bool = False
    _fd: int = field(default=-1, repr=False)

    def discard(self) -> None:
        """Forgets the temporary file; harmless when called again."""
        if self.temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(self.temporary)
            self.temporary = None
        self.close()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Changed(Conflict):
    """The file changed, shrank or vanished while it was read."""

    code = "changed"


class StoreFailed(Unreachable):
    """The registry's own disk fails: not a matter of the file that was just being read."""


Tick = Callable[[int], None]


def take(path: bytes, staging: Path, tick: Tick = lambda n: None) -> Taken:
    """Reads the regular file at `path` (links are followed) into memory or below `staging`.

    `tick(n)` hears of every n bytes read and may raise to stop; nothing is left then.
    Raises `NotFound`, `Unreachable`, `Changed` for the file, `NoSpace` and `StoreFailed` for the
    store.
    """
    fd = _open_regular(path)
    try:
        before = os.fstat(fd)
        if before.st_size <= SHELF_LIMIT:
            taken = _take_small(fd, before, path)
            tick(taken.size)
        else:
            taken = _take_large(fd, before, path, staging, tick)
        try:
            _check_unchanged(fd, before, taken.size, path)
            taken.written_to = has_writer(fd)
        except BaseException:
            taken.discard()
            raise
        return taken
    finally:
        os.close(fd)


def measure(path: bytes, tick: Tick = lambda n: None) -> tuple[bytes, int]:
    """Digest and size of the regular file at `path`, which is read once and kept nowhere.

    Raises as `take`, but for a lack of space.
    """
    fd = _open_regular(path)
    try:
        before, sha, size, buffer = os.fstat(fd), hashlib.sha256(), 0, bytearray(CHUNK)
        while True:
            with told("reading", path):
                count = os.readv(fd, [buffer])
            if not count:
                break
            sha.update(memoryview(buffer)[:count])
            size += count
            if size > before.st_size:
                break  # it grows; what follows says so
            tick(count)
        _check_unchanged(fd, before, size, path)
        return sha.digest(), size
    finally:
        os.close(fd)


def _open_regular(path: bytes) -> int:
    name = os.fsdecode(path)
    try:
        # O_NONBLOCK: a FIFO that takes the file's place must not hang us.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError as error:
        raise NotFound("there is no such file", name, "check the path") from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotFound("the link leads in a circle", name, "remove the link") from error
        raise Unreachable(
            f"the file cannot be read ({error.strerror})", name, "check its permissions"
        ) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotFound("it is not a regular file", name, "only regular files are kept")
    return fd


def _take_small(fd: int, before: os.stat_result, path: bytes) -> Taken:
    size = before.st_size
    with told("reading", path):
        data = os.read(fd, size + 1)  # one byte more would come if it had grown
        while len(data) < size and (more := os.read(fd, size + 1 - len(data))):
            data += more
    if len(data) != size:
        raise Changed("the file changed while it was read", os.fsdecode(path), "add it again")
    return Taken(hashlib.sha256(data).digest(), len(data), data, Stat.of(before), data=data)


def _take_large(fd: int, before: os.stat_result, path: bytes, staging: Path, tick: Tick) -> Taken:
    with _storing(staging):
        out, temporary = new_file(staging)
    taken = Taken(b"", 0, b"", Stat.of(before), temporary=temporary, _fd=out)
    try:
        source = out if _clone(fd, out) else fd
        taken.digest, taken.size, taken.head = _pump(
            source, before.st_size, None if source == out else out, path, temporary, tick
        )
        with _storing(temporary):
            os.fsync(out)
    except BaseException:
        taken.discard()
        raise
    return taken


def _clone(source: int, target: int) -> bool:
    """A copy-on-write copy where the file system has it (Btrfs, XFS): the bytes move once."""
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def _pump(
    source: int, expected: int, target: int | None, path: bytes, temporary: Path, tick: Tick
) -> tuple[bytes, int, bytes]:
    """Reads `source` once, into `target` and into the hash; `(digest, size, head)`.

    A few buffers go round between the reading and the hashing thread, so that memory stays
    bounded and is not asked for anew; writing to the disk begins while the rest is still read.
    """
    sha, total, head, written = hashlib.sha256(), 0, b"", 0
    free: SimpleQueue[bytearray] = SimpleQueue()
    filled: SimpleQueue[tuple[bytearray, int] | None] = SimpleQueue()
    for _ in range(_BUFFERS):
        free.put(bytearray(CHUNK))

    def hash_filled() -> None:
        while (item := filled.get()) is not None:
            buffer, count = item
            sha.update(memoryview(buffer)[:count])
            free.put(buffer)

    hasher = threading.Thread(target=hash_filled, name="hash")
    hasher.start()
    try:
        while True:
            buffer = free.get()
            with told("reading", path):
                count = os.readv(source, [buffer])
            if not count:
                break
            head = head or bytes(buffer[: min(count, HEAD_BYTES)])
            total += count
            if total > expected:  # it grows; following it could go on for ever
                raise Changed("the file grew while it was read", os.fsdecode(path), "add it again")
            filled.put((buffer, count))
            if target is not None:
                with _storing(temporary):
                    write_all(target, memoryview(buffer)[:count])
                if total - written >= _WRITEBACK:
                    start_writeback(target, written, total - written)
                    written = total
            tick(count)
    finally:
        filled.put(None)
        hasher.join()
    return sha.digest(), total, head


@contextlib.contextmanager
def _storing(temporary: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        said = explained(error, "writing to the store", temporary)
        if isinstance(said, NoSpace):
            raise said from error
        raise StoreFailed(said.what, said.thing, said.hint) from error


def _check_unchanged(fd: int, before: os.stat_result, size: int, path: bytes) -> None:
    after = os.fstat(fd)
    if size != before.st_size or Stat.of(after) != Stat.of(before):
        raise Changed("the file changed while it was read", os.fsdecode(path), "add it again")


def has_writer(fd: int) -> bool:
    """Whether someone still has the file open for writing or mapped; False where unknown."""
    if sys.platform != "linux":
        return False
    try:
        # Whoever opens the file for writing just now makes the kernel send us a signal: not
        # SIGIO, which would end the process, but one that nobody minds.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False

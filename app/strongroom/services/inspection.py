"""The one child process that reads what files say, so that none can hurt us.

It gets stored copies, has limits on memory and time, no network and no way to write or start
anything; when it dies or takes too long it is started again, and the file is named in a warning.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strongroom.domain.facts import Kind
from strongroom.services.carried_series import unpacked

if TYPE_CHECKING:
    from strongroom.services.previews.request import Request

#: Seconds one request may take before the child is killed.
TIME_LIMIT = 60.0
#: Bytes of address space the child may use.
MEMORY_LIMIT = 1 << 30
#: Bytes a second that reading takes at least: a longer file may take longer.
SLOWEST = 4 << 20
_MAX_ANSWER = 512 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """One file to read: `path` within its version, and its bytes inline or as a stored file.

    `growing`: it is still being written, so its last line may be half there.
    """

    path: str
    data: bytes | None = None
    file: str | None = None
    growing: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """What a version's files say; sections as records keep them (`domain/record.py`)."""

    kind: Kind | None = None
    params: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class ChildDied(Exception):
    """The child ended or was killed while it worked on a request."""


class Inspector:
    """Asks the child; one request at a time, from any thread. Starts it at the first one."""

    def __init__(
        self,
        time_limit: float = TIME_LIMIT,
        memory_limit: int = MEMORY_LIMIT,
        modules: tuple[str, ...] = (),
    ) -> None:
        """`modules` are loaded before the limits hold: numpy could not be, later."""
        self._time_limit, self._memory_limit = time_limit, memory_limit
        self._modules = modules
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Starts the child, so that it is ready when the first question comes."""
        with self._lock:
            self._running()

    def describe(self, pieces: Sequence[Piece]) -> Described:
        """Never raises for what a file holds: what cannot be read becomes a warning."""
        if not pieces:
            return Described()
        try:
            answer = self._ask({"do": "describe"}, pieces)
        except ChildDied as death:
            if len(pieces) == 1:
                name = pieces[0].path
                return Described(warnings=(f"{name}: could not be described, {death}",))
            return _merged([self.describe([piece]) for piece in pieces])
        kind = Kind(answer["kind"]) if answer["kind"] else None
        return Described(
            kind, answer["params"], answer["metrics"], answer["about"], tuple(answer["warnings"])
        )

    def read_run(
        self, layout: str, pieces: Sequence[Piece], most: int | None = None
    ) -> dict[str, Any]:
        """What a layout reads from a run's files: see `inspection_child.run_answer`; its `series`
        come as `{name: Series}`.
        """
        try:
            answer, columns = self._ask_all({"do": "run", "layout": layout, "most": most}, pieces)
            series, *inner = unpacked(answer["series"], columns)
            for run, curves in zip(answer["inner"], inner, strict=True):
                run["series"] = curves
            return {**answer, "series": series}
        except ChildDied as death:
            return {"warnings": [f"the run could not be read, {death}"]}
        except ValueError:
            return {"warnings": ["the run could not be read: the reader gave no sound curves"]}

    def preview(self, piece: Piece, request: Request) -> dict[str, Any]:
        """What `previews.look` shows of one file; raises `ChildDied`."""
        return self._ask({"do": "preview", "request": asdict(request)}, [piece])

    def evaluations(self, piece: Piece) -> list[dict[str, Any]]:
        """What `extract.evaluation` finds in one file: `kind`, `name` and `value` of each. Raises
        `ChildDied`.
        """
        found: list[dict[str, Any]] = self._ask({"do": "evaluations"}, [piece])["found"]
        return found

    def look_deeply(self, piece: Piece, tick: Callable[[], None]) -> dict[str, Any]:
        """What `extract.deep` finds in one file; raises `ChildDied`, and what `tick` raises: it is
        called a few times a second while the child works.
        """
        return self._ask({"do": "deep"}, [piece], tick)

    def compare_tensors(
        self,
        before: Sequence[Piece],
        after: Sequence[Piece],
        same: Sequence[tuple[int, int]],
        tick: Callable[[int, int], None],
    ) -> dict[str, Any]:
        """See `extract.tensor_change.differences`. The time limit begins anew with each sign of
        life; raises `ChildDied`, and what `tick` raises, which ends the child.
        """
        request = {"do": "tensors", "split": len(before), "same": list(same)}
        pieces = [*before, *after]
        return self._ask_all(request, pieces, lambda: tick(0, 0), lambda told: tick(*told))[0]

    def close(self) -> None:
        with self._lock:
            self._kill()

    def _ask(
        self,
        request: dict[str, Any],
        pieces: Sequence[Piece],
        tick: Callable[[], None] = lambda: None,
    ) -> dict[str, Any]:
        return self._ask_all(request, pieces, tick)[0]

    def _ask_all(
        self,
        request: dict[str, Any],
        pieces: Sequence[Piece],
        tick: Callable[[], None] = lambda: None,
        tell: Callable[[list[int]], None] = lambda told: None,
    ) -> tuple[dict[str, Any], bytearray]:
        """The answer, and the columns of numbers that follow it; `tell` hears what comes before."""
        inline = [p.data or b"" for p in pieces]
        limit = self._time_limit + sum(map(_size, pieces)) / SLOWEST
        header = json.dumps(
            {
                **request,
                "pieces": [
                    {"path": p.path, "file": p.file, "size": len(d), "growing": p.growing}
                    for p, d in zip(pieces, inline, strict=True)
                ],
            }
        ).encode()
        with self._lock:
            child = self._running()
            assert child.stdin is not None and child.stdout is not None
            try:
                child.stdin.write(len(header).to_bytes(8, "big") + header + b"".join(inline))
                child.stdin.flush()
                while True:
                    deadline, out = time.monotonic() + limit, child.stdout.fileno()
                    answer: dict[str, Any] = json.loads(_part(out, deadline, tick))
                    columns = _part(out, deadline, tick)
                    if "told" not in answer:
                        return answer, columns
                    tell(answer["told"])
            except (BrokenPipeError, EOFError) as error:
                self._kill()
                raise ChildDied("reading it ended the reader (out of memory?)") from error
            except TimeoutError as error:
                self._kill()
                raise ChildDied(f"reading it took over {limit:.0f} s") from error
            except BaseException:
                self._kill()
                raise

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            root = str(Path(__file__).resolve().parents[2])
            code = (
                f"import sys; sys.path[:0] = [{root!r}]; "
                "from strongroom.services.inspection_child import main; "
                f"main({self._memory_limit}, {self._modules!r})"
            )
            # A bare environment: no token or password reaches the process that reads files.
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"LC_ALL": "C.UTF-8", "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1"},
                cwd="/",
                start_new_session=True,
            )
        return self._child

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            for stream in (self._child.stdin, self._child.stdout):
                if stream is not None:
                    try:
                        stream.close()
                    except BrokenPipeError:
                        continue  # what was still buffered for a dead child
            self._child.wait()
            self._child = None


def _size(piece: Piece) -> int:
    """Bytes of the file; 0 for one that is gone by now."""
    if piece.file is None:
        return len(piece.data or b"")
    try:
        return os.stat(os.fsencode(piece.file)).st_size
    except OSError:
        return 0


def _part(fd: int, deadline: float, tick: Callable[[], None]) -> bytearray:
    """One part of an answer, with its length before it."""
    length = int.from_bytes(_read(fd, 8, deadline, tick), "big")
    if length > _MAX_ANSWER:
        raise ChildDied("it says more than can be kept")
    return _read(fd, length, deadline, tick)


def _read(fd: int, count: int, deadline: float, tick: Callable[[], None]) -> bytearray:
    """`tick` is called a few times a second while nothing comes; what it raises ends it."""
    found = bytearray()
    while len(found) < count:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if not select.select([fd], [], [], min(left, 0.2))[0]:
            tick()
            continue
        part = os.read(fd, min(count - len(found), 1 << 20))
        if not part:
            raise EOFError
        found += part
    return found


def _merged(parts: Sequence[Described]) -> Described:
    kinds = [p.kind for p in parts if p.kind is not None]
    return Described(
        kinds[0] if kinds else None,
        {k: v for p in parts for k, v in p.params.items()},
        {k: v for p in parts for k, v in p.metrics.items()},
        {k: v for p in parts for k, v in p.about.items()},
        tuple(w for p in parts for w in p.warnings),
    )

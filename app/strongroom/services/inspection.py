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

from strongroom.domain.errors import Cancelled
from strongroom.domain.facts import Kind

if TYPE_CHECKING:
    from strongroom.services.previews.request import Request

#: Seconds one request may take before the child is killed.
TIME_LIMIT = 60.0
#: Bytes of address space the child may use.
MEMORY_LIMIT = 1 << 30
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
        """What a layout reads from a run's files: see `inspection_child.run_answer`."""
        try:
            return self._ask({"do": "run", "layout": layout, "most": most}, pieces)
        except ChildDied as death:
            return {"warnings": [f"the run could not be read, {death}"]}

    def preview(self, piece: Piece, request: Request) -> dict[str, Any]:
        """What `previews.look` shows of one file; raises `ChildDied`."""
        return self._ask({"do": "preview", "request": asdict(request)}, [piece])

    def compare_tensors(
        self,
        before: Sequence[Piece],
        after: Sequence[Piece],
        same: Sequence[tuple[int, int]],
        tick: Callable[[int, int], None],
    ) -> dict[str, Any]:
        """See `extract.tensor_change.differences`. The time limit is for each sign of life; when
        `tick` raises, the child is ended. Raises `ChildDied`.
        """
        request = {"do": "tensors", "split": len(before), "same": list(same)}
        return self._ask(request, [*before, *after], lambda told: tick(*told))

    def close(self) -> None:
        with self._lock:
            self._kill()

    def _ask(
        self,
        request: dict[str, Any],
        pieces: Sequence[Piece],
        tell: Callable[[list[int]], None] = lambda told: None,
    ) -> dict[str, Any]:
        inline = [p.data or b"" for p in pieces]
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
                    answer = self._answer(child.stdout.fileno())
                    if "told" not in answer:
                        return answer
                    tell(answer["told"])
            except (BrokenPipeError, EOFError) as error:
                self._kill()
                raise ChildDied("reading it ended the reader (out of memory?)") from error
            except TimeoutError as error:
                self._kill()
                raise ChildDied(f"reading it took over {self._time_limit:.0f} s") from error
            except (ChildDied, Cancelled):
                self._kill()
                raise

    def _answer(self, fd: int) -> dict[str, Any]:
        """The answer, or `{"told": …}` while there is none yet."""
        deadline = time.monotonic() + self._time_limit
        length = int.from_bytes(_read(fd, 8, deadline), "big")
        if length > _MAX_ANSWER:
            raise ChildDied("it says more than can be kept")
        answer: dict[str, Any] = json.loads(_read(fd, length, deadline))
        return answer

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


def _read(fd: int, count: int, deadline: float) -> bytes:
    parts = []
    while count:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            raise TimeoutError
        part = os.read(fd, min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _merged(parts: Sequence[Described]) -> Described:
    kinds = [p.kind for p in parts if p.kind is not None]
    return Described(
        kinds[0] if kinds else None,
        {k: v for p in parts for k, v in p.params.items()},
        {k: v for p in parts for k, v in p.metrics.items()},
        {k: v for p in parts for k, v in p.about.items()},
        tuple(w for p in parts for w in p.warnings),
    )

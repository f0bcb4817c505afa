"""What a training logs, line by line, before it is sealed: one file a process, only appended to.

A line is JSON: `{"s": step or null, "t": Unix seconds, "v": {metric: number}}`, or `{"p": {…}}` for
parameters. A process that is killed loses at most what it had not handed to the kernel yet, and a
last line that is half there is passed over.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from strongroom.domain.series import Series, double, doubles, is_whole

_SUFFIX = ".jsonl"
#: The file that names the run.
_RUN = "run.json"


def folder_for(live: Path, run: str) -> Path:
    """A run's id is whatever its caller liked, so its digest names the folder."""
    return live / f"{hashlib.sha256(run.encode('utf-8', 'surrogatepass')).hexdigest()}.spool"


class Spool:
    """The file of this process, locked while it may still write. `write` may raise `OSError`;
    nothing is synced.
    """

    def __init__(self, folder: Path, run: str = "") -> None:
        """`run` tells whoever finds the folder left behind whose it is."""
        while True:  # until nobody has cleared the new file away before it was locked
            folder.mkdir(parents=True, exist_ok=True)
            self.path = folder / f"{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            with contextlib.suppress(FileNotFoundError):
                self._fd = os.open(self.path, flags, 0o600)
                with contextlib.suppress(OSError):  # a file system without locks
                    fcntl.flock(self._fd, fcntl.LOCK_SH)
                if os.fstat(self._fd).st_nlink:
                    if run:
                        (folder / _RUN).write_text(json.dumps(run))
                    return
                os.close(self._fd)

    def write(self, lines: str) -> None:
        """All of the lines or, where it raises, none of them that would be read."""
        data = memoryview(lines.encode("utf-8", "surrogatepass"))
        start = os.fstat(self._fd).st_size
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, start)
            raise

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._fd)


def line(values: Mapping[str, Any], step: Any, time: float) -> str:
    """One logged line; NaN and infinities as Python's `json` writes and reads them."""
    return json.dumps({"s": step, "t": time, "v": dict(values)}) + "\n"


def params_line(params: Mapping[str, Any]) -> str:
    return json.dumps({"p": dict(params)}, default=str) + "\n"


class Gathered:
    """Curves and parameters of all lines, in columns; `finals` are the values at the last steps."""

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self.finals: dict[str, Any] = {}
        self.last_time = 0.0
        self._columns: dict[str, _Columns] = {}

    def take(self, entry: Mapping[str, Any]) -> None:
        self.params.update(entry.get("p") or {})
        step, time = entry.get("s"), entry.get("t")
        if isinstance(time, float | int):
            self.last_time = max(self.last_time, time)
        for name, value in (entry.get("v") or {}).items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            columns = self._columns.setdefault(name, _Columns())
            if columns.add(step, time, value):
                self.finals[name] = value

    def series(self) -> dict[str, Series]:
        return {name: columns.series() for name, columns in self._columns.items()}


class _Columns:
    def __init__(self) -> None:
        self.steps, self.times, self.values = doubles(), doubles(), doubles()
        self.whole_steps = self.whole_values = True
        self.highest: float | None = None

    def add(self, step: Any, time: Any, value: int | float) -> bool:
        """Whether this is the value at the highest step so far."""
        self.steps.append(double(step))
        self.times.append(double(time))
        self.values.append(double(value))
        self.whole_steps = self.whole_steps and (step is None or is_whole(step))
        self.whole_values = self.whole_values and is_whole(value)
        if step is None or self.highest is None or not step < self.highest:
            self.highest = self.highest if step is None else step
            return True
        return False

    def series(self) -> Series:
        """In step order; points of one step stay in the order in which they came."""
        steps = self.steps
        if all(a <= b for a, b in pairwise(steps)):
            return Series(steps, self.times, self.values, self.whole_steps, self.whole_values)
        if any(step != step for step in steps):
            return Series(steps, self.times, self.values, self.whole_steps, self.whole_values)
        order = sorted(range(len(steps)), key=steps.__getitem__)
        return Series(
            doubles(steps[n] for n in order),
            doubles(self.times[n] for n in order),
            doubles(self.values[n] for n in order),
            self.whole_steps,
            self.whole_values,
        )


def gather(folder: Path, known: Mapping[str, int]) -> tuple[Gathered, dict[str, int]]:
    """What lies in the folder beyond the bytes of each file that are `known`, by the processes'
    files in their order; and how many bytes of each are known then. Raises `OSError`.
    """
    found, taken = Gathered(), dict(known)
    ages: dict[Path, int] = {}
    for path in folder.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):  # somebody else has sealed it meanwhile
            ages[path] = path.stat().st_mtime_ns
    for path in sorted(ages, key=lambda p: (ages[p], p)):
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as lines:
            at = lines.seek(known.get(path.name, 0))
            for text in lines:
                if not text.endswith(b"\n"):
                    break  # of a process that was killed, or is just writing it
                at += len(text)
                with contextlib.suppress(ValueError, RecursionError):
                    entry = json.loads(text)
                    if isinstance(entry, dict):
                        found.take(entry)
            if at:
                taken[path.name] = at
    return found, taken


def forget(folder: Path, known: Mapping[str, int]) -> None:
    """Clears away files that hold nothing but the bytes that are `known` and that no process
    writes any more.
    """
    for path in folder.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _whole_lines(fd) <= known.get(path.name, 0):
                    os.unlink(path)
            finally:
                os.close(fd)
    with contextlib.suppress(OSError):
        if not any(folder.glob(f"*{_SUFFIX}")):
            (folder / _RUN).unlink(missing_ok=True)
            folder.rmdir()


def left_behind(live: Path) -> list[str]:
    """Runs some of whose files were not cleared away, though no process writes them any more."""
    found = []
    for path in live.glob(f"*.spool/{_RUN}"):
        with contextlib.suppress(OSError, ValueError):
            if not any(_is_written(one) for one in path.parent.glob(f"*{_SUFFIX}")):
                found.append(str(json.loads(path.read_text())))
    return found


def _is_written(path: Path) -> bool:
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(fd)


def _whole_lines(fd: int) -> int:
    """Bytes up to the last line's end; what comes after it in a closed file is lost."""
    size = os.fstat(fd).st_size
    while size:
        start = max(0, size - (1 << 16))
        end = os.pread(fd, size - start, start).rfind(b"\n")
        if end >= 0:
            return start + end + 1
        size = start
    return 0

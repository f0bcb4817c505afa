"""What a training logs, line by line, before it is sealed: one file a process, only appended to.

A line is JSON: `{"s": step or null, "t": Unix seconds, "v": {metric: number}}`, or `{"p": {…}}` for
parameters. A process that is killed loses at most what it had not handed to the kernel yet, and a
last line that is half there is passed over.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from strongroom.domain.series import Series, double, doubles, is_whole

_SUFFIX = ".jsonl"


def folder_for(live: Path, run: str) -> Path:
    """A run's id is whatever its caller liked, so its digest names the folder."""
    return live / f"{hashlib.sha256(run.encode('utf-8', 'surrogatepass')).hexdigest()}.spool"


class Spool:
    """The file of this process. `write` may raise `OSError`; nothing is synced."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
        self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, lines: str) -> None:
        data = memoryview(lines.encode("utf-8", "surrogatepass"))
        while data:
            data = data[os.write(self._fd, data) :]

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


def gather(folder: Path, into: Gathered | None = None) -> Gathered:
    """All that lies in the folder, by the processes' files in their order."""
    found = into or Gathered()
    for path in sorted(folder.glob(f"*{_SUFFIX}"), key=lambda p: p.stat().st_mtime_ns):
        for entry in _lines(path):
            found.take(entry)
    return found


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with open(path, encoding="utf-8", errors="surrogatepass") as lines:
        for text in lines:
            with contextlib.suppress(ValueError):  # the last line of a killed process
                entry = json.loads(text)
                if isinstance(entry, dict):
                    yield entry


def forget(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)

"""The curves of runs that are going on: one small file a run, rewritten while training writes.

They are beside the catalog, not in it: each look at the training's files would put a megabyte
into its log. They are shown only, so nothing is synced, and a file that cannot be read is as
good as none: the next look at the run makes it again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from array import array
from pathlib import Path

from strongroom.services.curves import Columns, Curves

_MAGIC = b"strongroom live series 1\n"
#: Points of all curves of one run together; about 24 bytes each.
MOST = 60_000
_LONGEST = 1 << 28


def write(folder: Path, run: str, curves: Curves) -> None:
    """Replaces what was kept of the run; raises `OSError`."""
    head = json.dumps([[name, c.whole, len(c.values)] for name, c in curves.items()]).encode()
    path = _file(folder, run)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    folder.mkdir(exist_ok=True)
    try:
        with open(temporary, "wb") as out:
            out.write(_MAGIC + len(head).to_bytes(4, "big") + head)
            for c in curves.values():
                for column in (c.steps, c.times, c.values):
                    out.write(column)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def read(folder: Path, run: str) -> Curves | None:
    """What was kept last; None where nothing is that can be read."""
    try:
        with open(_file(folder, run), "rb") as kept:
            if kept.read(len(_MAGIC)) != _MAGIC:
                return None
            head = json.loads(kept.read(int.from_bytes(kept.read(4), "big")))
            curves: Curves = {}
            for name, whole, count in head:
                columns = [array("d"), array("d"), array("d")]
                for column in columns:
                    column.frombytes(kept.read(min(8 * count, _LONGEST)))
                    if len(column) != count:
                        return None
                steps, times, values = columns
                curves[name] = Columns(steps, times, values, whole)
            return curves
    except (OSError, ValueError, TypeError):
        return None


def forget(folder: Path, run: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(_file(folder, run))


def _file(folder: Path, run: str) -> Path:
    """A run's id is whatever its caller liked, so its digest names the file."""
    return folder / f"{hashlib.sha256(run.encode('utf-8', 'surrogatepass')).hexdigest()}.series"

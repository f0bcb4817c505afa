"""A place for tests that make very many files or wait for very many writes to be durable."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: What such a test may need at most.
_ROOM = 8 << 30


@contextmanager
def fast_folder() -> Iterator[Path]:
    """A new folder in memory where there is much of it (small containers have little), else on
    the disk; gone afterwards."""
    shared = Path("/dev/shm")
    good = os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > _ROOM
    folder = Path(tempfile.mkdtemp(prefix="strongroom-test-", dir=shared if good else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

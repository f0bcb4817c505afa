"""Asking the kernel whether a writer is there must not harm the one who asks."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

ASKS = """
import os, sys
from strongroom.store.intake import has_writer
fd = os.open(sys.argv[1], os.O_RDONLY)
print("asking", flush=True)
for _ in range(60_000):
    has_writer(fd)
print("alive", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="read leases exist on Linux only")
def test_a_writer_that_comes_while_we_ask_does_not_end_our_process(tmp_path):
    """Opening a leased file sends its holder SIGIO, which ends a process that expects none."""
    path = tmp_path / "busy"
    path.write_bytes(b"x")
    asking = subprocess.Popen([sys.executable, "-c", ASKS, path], stdout=subprocess.PIPE)
    assert asking.stdout is not None
    assert asking.stdout.readline() == b"asking\n"
    until = time.monotonic() + 10
    while asking.poll() is None and time.monotonic() < until:
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except BlockingIOError:
            continue  # the lease is held at this instant
    assert (asking.stdout.read(), asking.wait(timeout=60)) == (b"alive\n", 0)

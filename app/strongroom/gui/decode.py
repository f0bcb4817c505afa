"""Pictures decoded in a process of their own, so that a hostile one can hurt nothing here."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from strongroom.domain.errors import StrongroomError
from strongroom.gui.decode_child import FORMATS, LARGEST

#: Seconds one picture may take.
TIME_LIMIT = 20.0


@dataclass(frozen=True, slots=True)
class Picture:
    """`pixels` as premultiplied RGBA, 4 bytes each, row by row; `original` is its size in the
    file, which may be larger than what was decoded.
    """

    width: int
    height: int
    pixels: bytes
    original: tuple[int, int]


def decode(data: bytes, kind: str) -> Picture:
    """Decodes a picture of one of `FORMATS`; blocks, so not on the window's thread.

    Raises `StrongroomError` where it cannot be decoded within the limits.
    """
    if kind not in FORMATS:
        raise StrongroomError("pictures of this kind are not shown", kind, "export the file")
    root = str(Path(__file__).resolve().parents[2])
    code = (
        f"import sys; sys.path[:0] = [{root!r}]; "
        f"from strongroom.gui.decode_child import main; main({kind!r})"
    )
    try:
        child = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", "-c", code],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LC_ALL": "C.UTF-8", "PATH": os.defpath},
            cwd="/",
            timeout=TIME_LIMIT,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(f"it took over {TIME_LIMIT:.0f} s") from error
    head, _, pixels = child.stdout.partition(b"\n")
    numbers = head.split()
    if child.returncode or len(numbers) != 4 or not all(n.isdigit() for n in numbers):
        why = head.decode("utf-8", "replace")[:200] if head.startswith(b"cannot: ") else ""
        raise _failed(why.removeprefix("cannot: ") or "the decoder ended (out of memory?)")
    width, height, *original = (int(n) for n in numbers)
    if not (0 < width <= LARGEST and 0 < height <= LARGEST) or len(pixels) != width * height * 4:
        raise _failed("the decoder's answer makes no sense")
    return Picture(width, height, pixels, (original[0], original[1]))


def _failed(why: str) -> StrongroomError:
    return StrongroomError("the picture cannot be decoded", why, "export the file to look at it")

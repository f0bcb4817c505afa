"""Text logs: the first line that tells of an error, and the last lines.

Numbers in free text are not taken as metrics: what they mean is anybody's guess.
"""

from __future__ import annotations

import re
from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.conventions import base
from strongroom.extract.reader import Reader
from strongroom.formats.source import Source
from strongroom.formats.text import decode, is_text, visible

_SUFFIXES = (".log", ".out", ".err", ".stdout", ".stderr")
_TAIL_LINES = 20
_LONGEST = 2000
_SEARCHED = 4 << 20
_TAIL_BYTES = 64 << 10
_ERROR = re.compile(
    r"Traceback \(most recent call last\)|\b[A-Z][A-Za-z]{0,60}(?:Error|Exception)\b|\bERROR\b|"
    r"\bFATAL\b|\bCRITICAL\b|Segmentation fault|CUDA out of memory|\bKilled\b"
)


def fits(source: Source) -> bool:
    name = base(source.path)
    return name.endswith(_SUFFIXES) or (
        name.endswith(".txt") and name.startswith(("log", "train", "stdout", "stderr", "output"))
        and is_text(source.head)
    )  # fmt: skip


def read(source: Source) -> Facts:
    with source.open() as stream:
        start = stream.read(_SEARCHED)
        stream.seek(max(0, source.size - _TAIL_BYTES))
        end = stream.read(_TAIL_BYTES)
    about: dict[str, Any] = {"tail": _lines(end)[-_TAIL_LINES:]}
    for line in _lines(start):
        if _ERROR.search(line):
            about["first_error"] = line
            break
    return Facts(kind=Kind.LOG, format="text", about=about)


def _lines(data: bytes) -> list[str]:
    """Visible, stripped of what a terminal hides, each cut at 2,000 characters."""
    raw = re.split(r"\r?\n", decode(data))
    shown = (visible(line[-20 * _LONGEST :])[:_LONGEST].rstrip() for line in raw)
    return [line for line in shown if line]


reader = Reader("log", 1, fits, read)

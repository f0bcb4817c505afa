"""A deep description of one data file: what its columns hold, and a sample that tells its rows.

    {"kind": "table", "rows": N, "partial": bool, "why": what is missing, only if something is,
     "columns": [{"name", "type", "nulls", "distinct",
                  "min", "max", "mean", "std", "quantiles",  of a column of numbers
                  "infinite",                                how many numbers, where some are
                  "min", "max", "top", "approximate"}],      of a column with words
     "row_sketch": {"k": 256, "hashes": the smallest hashes of rows, rising} or None}

`type` is int, float, bool, text, empty, or what the file itself declares. `quantiles` are 101
values, from 0 % to 100 %; a rank is wrong by 0.5 % at most in 99 of 100 cases. `top` are up to 20
`[word, count]`, where `approximate` tells that counts may be too low by a thousandth of all rows.
`distinct` is exact up to 4095, else estimated and wrong by about 2 %. None is not known.

Two files whose rows are the same, in any order and with numbers spelled in any way, have one
`row_sketch`. Of a file whose rows are all in another one, each hash that is not above the other's
greatest is among the other's, if that has all 256; else all are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strongroom.formats.source import Source

Tick = Callable[[int], None]


def profile(source: Source, tick: Tick = lambda done: None) -> dict[str, Any] | None:
    """None for a file that is no table of a kind known here; raises `Unreadable` for a damaged one
    of which nothing can be said. `tick` hears how many bytes of the file are done; what it raises
    ends the work. A file is streamed: less than 200 MB are taken whatever its size.

    numpy is loaded at the first call; in a process with limits, before they are set.
    """
    from strongroom.extract import profile_arrow, profile_text

    if profile_arrow.fits(source):
        return profile_arrow.profile(source, tick)
    return profile_text.profile(source, tick) if profile_text.fits(source) else None

"""LightGBM's text models: feature names at the start, parameters at the end.

Format: https://github.com/microsoft/LightGBM/blob/master/src/boosting/gbdt_model_text.cpp. All
parameters are listed, defaults too; trees are counted by `tree_sizes`.
"""

from __future__ import annotations

import re
from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.reader import Reader
from strongroom.formats.number import parse_scalar
from strongroom.formats.source import Source, Unreadable
from strongroom.formats.text import decode

_MAX_HEADER = 4 << 20
_TAIL = 64 << 10
_MAX_NAMES = 20_000
_PARAMETER = re.compile(r"^\[([A-Za-z_0-9]{1,100}): ([^\n]{0,4000})\]$", re.M)


def fits(source: Source) -> bool:
    return source.head.startswith((b"tree\nversion=v", b"tree\r\nversion=v"))


def read(source: Source) -> Facts:
    with source.open() as stream:
        head = decode(stream.read(_MAX_HEADER))
        stream.seek(max(0, source.size - _TAIL))
        tail = decode(stream.read(_TAIL))
    if "end of trees" not in tail and "end of trees" not in head:
        raise Unreadable("its trees do not end: it is cut off or still being written")
    keys = dict(
        line.partition("=")[::2]
        for line in head.partition("\nTree=0")[0].splitlines()
        if "=" in line
    )
    about: dict[str, Any] = {
        "features": keys.get("feature_names", "").split()[:_MAX_NAMES],
        "trees": len(keys.get("tree_sizes", "").split()),
        "objective": keys.get("objective", "")[:1000],
    }
    _, stated, parameters = tail.partition("\nparameters:")
    params = {name: _value(text) for name, text in _PARAMETER.findall(parameters)} if stated else {}
    return Facts(Kind.MODEL, "lightgbm", params=params, about=about)


def _value(text: str) -> Any:
    """Lists are joined with commas."""
    if "," in text:
        return [parse_scalar(part) for part in text.split(",")]
    return parse_scalar(text)


reader = Reader("lightgbm", 1, fits, read)

"""`k=v` options as values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from strongroom.domain.errors import BadInput


def param_pairs(pairs: Iterable[str]) -> dict[str, Any]:
    """Values that read as JSON numbers, booleans, lists or null are those; all else is text."""
    return {key: _value(text) for key, text in map(_split, pairs)}


def metric_pairs(pairs: Iterable[str]) -> dict[str, int | float]:
    """Numbers, `nan` and `inf` included; raises `BadInput` for anything else."""
    values: dict[str, int | float] = {}
    for key, text in map(_split, pairs):
        try:
            values[key] = int(text)
        except ValueError:
            try:
                values[key] = float(text)
            except ValueError as error:
                raise BadInput(
                    "a metric is a number", f"{key}={text}", "write --metric auc=0.93"
                ) from error
    return values


def _split(pair: str) -> tuple[str, str]:
    key, equals, value = pair.partition("=")
    if not equals or not key:
        raise BadInput("this is not of the form name=value", pair, "write name=value")
    return key, value


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, dict) else value

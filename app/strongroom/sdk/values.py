"""What scripts hand over as numbers and parameters, as plain values that can be kept.

Frameworks wrap numbers, and parameters are whatever a script has at hand: none of it may stop a
training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

#: Deeper than this, and longer than so many characters, a parameter is told in short.
_DEEPEST, _LONGEST = 20, 10_000
#: Bits of an integer that Python still writes out.
_MOST_BITS = 14_000


def number(value: Any) -> int | float | None:
    """A plain number of a number, or of what frameworks wrap one in (`item()`); else None."""
    if not isinstance(value, int | float) and hasattr(value, "item"):
        try:
            value = value.item()
        except Exception:  # whatever a framework raises for more than one number
            return None
    if isinstance(value, float):
        return float(value)
    if not isinstance(value, int):
        return None
    if value.bit_length() > _MOST_BITS:
        return math.inf if value > 0 else -math.inf
    return int(value)


def plain(value: Any, depth: int = 0) -> Any:
    """A parameter as JSON has it; what JSON has no form for is told in words."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if (as_number := number(value)) is not None:
        return as_number
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {_words(key): plain(one, depth + 1) for key, one in list(value.items())}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [plain(one, depth + 1) for one in value]
    return _words(value)


def plain_params(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {_words(key): plain(value) for key, value in dict(params or {}).items()}


def _words(value: Any) -> str:
    try:
        return str(value)[:_LONGEST]
    except Exception:  # its class says nothing of itself
        return f"a {type(value).__name__}"

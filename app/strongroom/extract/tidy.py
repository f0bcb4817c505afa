"""Facts as plain, encodable, bounded data, whatever a file put into them."""

from __future__ import annotations

from typing import Any

_MAX_TEXT = 16 << 10
_MAX_PARAM_ITEMS = 1000
_MAX_VALUES = 400_000
_MAX_DEPTH = 40


def tidy_text(text: str) -> str:
    """Encodable (a lone surrogate becomes `?`) and at most 16,384 characters long."""
    if len(text) > _MAX_TEXT:
        text = text[:_MAX_TEXT] + "…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def tidy_param(value: Any) -> Any:
    """A parameter: of a list with more than 1,000 items only their number is kept."""
    tidied = tidy(value)
    if isinstance(tidied, list) and _count(tidied) > _MAX_PARAM_ITEMS:
        return f"{len(tidied)} items"
    return tidied


def tidy(value: Any) -> Any:
    """Plain JSON values with NaN and infinities; what lies beyond 400,000 values is cut off."""
    return _tidy(value, [_MAX_VALUES], 0)


def _tidy(value: Any, left: list[int], depth: int) -> Any:
    left[0] -= 1
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return tidy_text(value)
    if depth > _MAX_DEPTH or left[0] < 0:
        return None
    if isinstance(value, dict):
        found = {}
        for key, item in value.items():
            if left[0] < 0:
                break
            found[tidy_text(str(key))] = _tidy(item, left, depth + 1)
        return found
    if isinstance(value, (list, tuple)):
        return [_tidy(item, left, depth + 1) for item in value[: max(0, left[0])]]
    return tidy_text(str(value))


def _count(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_count, value.values())) + 1
    return sum(map(_count, value)) + 1 if isinstance(value, list) else 1

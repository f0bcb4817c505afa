"""Colours of what is compared."""

from __future__ import annotations

#: Of the baseline, and of the others in their order.
_BASE = "grey"
_TONES = ("blue", "indigo", "orange", "teal", "violet", "green", "red")


def tones(count: int, baseline: int) -> tuple[str, ...]:
    """A tone for each, the baseline grey."""
    others = iter(_TONES)
    return tuple(_BASE if at == baseline else next(others, _BASE) for at in range(count))

"""Sizes in the words that every front end shows."""

from __future__ import annotations


def size_text(size: int) -> str:
    """Binary units with one decimal: `186.4 MiB`."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"

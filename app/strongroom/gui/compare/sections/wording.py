"""Values of comparisons in words."""

from __future__ import annotations

import math
from typing import Any

from strongroom.domain.errors import printable
from strongroom.gui.compare.grid import Cell
from strongroom.gui.wording import number_text

DASH = "\N{EN DASH}"
ABSENT = Cell(DASH, faint=True)
UP, DOWN, EQUAL = "\N{UPWARDS ARROW}", "\N{DOWNWARDS ARROW}", "="
MINUS, DELTA = "-", "\N{GREEK CAPITAL LETTER DELTA}"
_LONG = 13


def value_text(value: Any, length: int = 200) -> str:
    """A parameter as one would write it: text that could be another type stands in quotes. What
    a double adds in its last digits is left out; the tooltip of a cell has it.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole = repr(value) if math.isfinite(value) else number_text(value)
        return whole if len(whole) <= _LONG else f"{value:.10g}"
    if isinstance(value, str):
        text = printable(value)
        return text[:length] if _is_plainly_text(value) else f'"{text[:length]}"'
    return printable(str(value))[:length]


def _is_plainly_text(value: str) -> bool:
    if not value.strip() or value.strip() != value or value in ("true", "false", "null"):
        return False
    try:
        float(value)
    except ValueError:
        return True
    return False


def signed(value: float, like: float) -> str:
    """`+0.0025`, in as many places as a value of that size is shown with."""
    if not math.isfinite(value):
        return number_text(value)
    size = abs(value)
    if size and size < 1e-4:
        text = f"{size:.2g}"
    elif abs(like) < 1:
        text = f"{size:.4f}"
    else:
        text = f"{size:.4g}" if size < 10_000 else f"{size:,.0f}".replace(",", "\N{THIN SPACE}")
    return f"{'+' if value >= 0 else MINUS}{text}"


def share_text(value: float) -> str:
    """Of a relative change: `18.6 %`; a tiny one is not rounded to nothing."""
    if not math.isfinite(value):
        return "no base" if value == math.inf else number_text(value)
    percent = 100 * value
    if percent and percent < 0.05:
        return f"{percent:.1e} %"
    return f"{percent:.1f} %" if percent < 1000 else f"{percent:.3g} %"

"""How numbers are spelled in files: NaN and infinities by their many names, blanks as nothing."""

from __future__ import annotations

import math
import re
from typing import Any

#: A match without a group is an integer.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?\Z")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?\Z")
_SPECIAL = {
    "nan": math.nan, "+nan": math.nan, "-nan": math.nan, "1.#qnan": math.nan,
    "inf": math.inf, "+inf": math.inf, "-inf": -math.inf,
    "infinity": math.inf, "+infinity": math.inf, "-infinity": -math.inf,
    ".inf": math.inf, "-.inf": -math.inf, ".nan": math.nan,
}  # fmt: skip
_BLANK = frozenset({"", "null", "none", "na", "n/a", "-", "<na>"})


def is_number(value: Any) -> bool:
    """Whether a value can be a metric: an int or a float, never a bool."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_blank(text: str) -> bool:
    return text.strip().lower() in _BLANK


def parse_number(text: str, decimal_comma: bool = False) -> int | float | None:
    """The number that `text` spells, or None.

    An integer stays an int; too large an exponent gives infinity; `1_000` and hex are no numbers.
    """
    text = text.strip()
    if len(text) > 4000:
        return None
    found = _NUMBER.match(text)
    if found:
        return float(text) if found.lastindex else int(text)
    if decimal_comma and _DECIMAL_COMMA.match(text):
        return float(text.replace(",", "."))
    return _SPECIAL.get(text.lower())


def parse_scalar(text: str) -> Any:
    """A number, True, False, None, or the text itself, for stores that keep every value as text."""
    number = parse_number(text)
    if number is not None:
        # an identifier such as 007 would lose its zeros as a number
        return text if re.match(r"[+-]?0[0-9]", text) and "." not in text else number
    return {"True": True, "False": False, "true": True, "false": False, "None": None}.get(
        text, text
    )

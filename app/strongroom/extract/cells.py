"""A column's cells, many at a time, as numbers, words and hashes, whatever file they come from.

A cell is what it says, not how it is written: `1`, `1.0` and `1e0` are one number, and so is a
stored double of that value; `TRUE` is `true`; blanks, NaN and null are nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strongroom.domain.series import double
from strongroom.extract.sketch import Doubles, Hashes, mixed
from strongroom.formats.number import is_blank, parse_number

NOTHING = np.uint64(0x9E3779B97F4A7C15)
_LONGEST = 200
#: How a missing number is spelled by most; the rarer ways are met cell by cell.
_BLANKS = dict.fromkeys(
    ("", "NA", "N/A", "n/a", "na", "null", "NULL", "None", "none", "<NA>", "-"), "nan"
)


@dataclass(frozen=True, slots=True)
class Cells:
    """Some rows of one column. `numbers` are those that are finite, in any order; `infinite` how
    many are not; `words` counts texts and, as `true` and `false`, bools. `hashes` are by row, and
    `hashed` those of rows that hold something.
    """

    hashes: Hashes
    hashed: Hashes
    nulls: int
    numbers: Doubles = field(default_factory=lambda: np.empty(0))
    whole: bool = True
    infinite: int = 0
    words: Counter[str] = field(default_factory=Counter)
    only_bools: bool = True


def of_numbers(values: Doubles, whole: bool) -> Cells:
    """NaN is nothing."""
    nothing = np.isnan(values)
    hashes = _number_hashes(values)
    if nothing.any():
        hashes[nothing] = NOTHING
        hashed, values = hashes[~nothing], values[~nothing]
    else:
        hashed = hashes
    finite = np.isfinite(values)
    infinite = len(values) - int(finite.sum())
    return Cells(
        hashes, hashed, int(nothing.sum()), values[finite] if infinite else values,
        whole and not infinite, infinite,
    )  # fmt: skip


def of_texts(texts: Sequence[str], decimal_comma: bool = False) -> Cells:
    """Of cells as a table spells them."""
    return (None if decimal_comma else _plain_numbers(texts)) or of_values(texts, decimal_comma)


def of_values(values: Sequence[Any], decimal_comma: bool = False) -> Cells:
    """Of texts, numbers, bools and None as they come; each different one is looked at once."""
    types = set(map(type, values))
    if types <= {int, float, type(None)}:
        numbers = np.fromiter(map(double, values), np.float64, len(values))
        return of_numbers(numbers, float not in types)
    known: dict[Any, int] = {}
    looked = _Looked(decimal_comma)
    # True and 1 are one key of a dict, but not one value
    keys = [v if type(v) is str else (type(v), v) for v in values]
    places = np.fromiter(
        (known[k] if k in known else known.setdefault(k, looked.at(v))
         for k, v in zip(keys, values, strict=True)),
        np.int64, len(values),
    )  # fmt: skip
    return looked.cells(places)


def of_places(different: Sequence[Any], places: NDArray[np.int64]) -> Cells:
    """Of values of which each row names one by its place."""
    looked = _Looked(False)
    own = np.fromiter((looked.at(v) for v in different), np.int64, len(different))
    return looked.cells(own[places] if len(different) else places)


class _Looked:
    """Different values, each with what it is."""

    def __init__(self, decimal_comma: bool) -> None:
        self._decimal_comma = decimal_comma
        self._hashes: list[int] = []
        self._numbers: list[float] = []
        self._words: list[str | None] = []
        self._is_nothing: list[bool] = []
        self._is_whole: list[bool] = []

    def at(self, value: Any) -> int:
        word, number = _meant(value, self._decimal_comma)
        nothing = word is None and (number is None or number != number)
        if nothing:
            number_hash = int(NOTHING)
        elif word is not None:
            number_hash = text_hash(word)
        else:
            number_hash = 0  # counted for all together
        self._hashes.append(number_hash)
        self._numbers.append(double(number))
        self._words.append(None if word is None else word[:_LONGEST])
        self._is_nothing.append(nothing)
        self._is_whole.append(isinstance(number, int))
        return len(self._hashes) - 1

    def cells(self, places: NDArray[np.int64]) -> Cells:
        numbers = np.array(self._numbers, np.float64)
        is_number = ~np.isnan(numbers)
        hashes = np.where(is_number, _number_hashes(numbers), np.array(self._hashes, np.uint64))
        nothing = np.array(self._is_nothing, bool)
        rows = numbers[places]
        rows = rows[~np.isnan(rows)]
        finite = np.isfinite(rows)
        counts = np.bincount(places, minlength=len(numbers)).tolist()
        words: Counter[str] = Counter()
        for word, count in zip(self._words, counts, strict=True):
            if word is not None and count:
                words[word] += count
        by_row = hashes[places]
        said = ~nothing[places]
        return Cells(
            by_row, by_row[said], int((~said).sum()), rows[finite],
            bool(np.array(self._is_whole, bool)[is_number].all()), int((~finite).sum()), words,
            words.keys() <= {"true", "false"},
        )  # fmt: skip


def text_hash(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


def _meant(value: Any, decimal_comma: bool) -> tuple[str | None, int | float | None]:
    """A value as a word or as a number; neither: it is nothing."""
    if value is None:
        return None, None
    if isinstance(value, bool):
        return ("true" if value else "false"), None
    if isinstance(value, (int, float)):
        return None, value
    text = str(value).strip()
    number = parse_number(text, decimal_comma)
    if number is not None:
        return None, number
    if is_blank(text):
        return None, None
    lower = text.lower() if len(text) < 6 else text
    return (lower if lower in ("true", "false") else text), None


def _plain_numbers(texts: Sequence[str]) -> Cells | None:
    """All in one go if each is an ordinary number or empty."""
    joined = "\n".join(texts)
    if "_" in joined or not joined.isascii():
        return None
    try:
        values = np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        try:
            filled = (_BLANKS.get(text, text) for text in texts)
            values = np.fromiter(map(float, filled), np.float64, len(texts))
        except ValueError:
            return None
    whole = not any(mark in joined for mark in ".eEnN")
    return of_numbers(values, whole)


def _number_hashes(values: Doubles) -> Hashes:
    return mixed((values + 0.0).view(np.uint64))  # + 0.0: minus zero is zero

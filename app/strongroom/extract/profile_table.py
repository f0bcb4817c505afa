"""Batches of rows put together to the profile of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from strongroom.extract.cells import NOTHING, Cells, text_hash
from strongroom.extract.sketch import Frequent, Moments, Quantiles, Smallest, mixed

ROW_SKETCH = 256
#: Further columns are counted only.
MAX_COLUMNS = 2000
_DISTINCT = 4096
_TOP = 20
_SHARES = [n / 100 for n in range(101)]
#: With more columns each one's quantiles are coarser.
_MANY = 200


class Table:
    """Takes rows by and by; columns may appear later, as in JSON Lines."""

    def __init__(self) -> None:
        self.rows = 0
        self.columns: dict[str, Column] = {}
        self._sample = Smallest(ROW_SKETCH)
        self._left_out = False

    def declare(self, name: str, kind: str, opaque: bool) -> None:
        """A column that the file itself says to be of a type; `opaque` ones get no cells."""
        if len(self.columns) < MAX_COLUMNS:
            coarse = len(self.columns) > _MANY
            self.columns[name] = Column(name, kind, self.rows, coarse, opaque)
        else:
            self._left_out = True

    def add(self, rows: int, cells: Mapping[str, Cells]) -> None:
        """So many rows, with the cells of each column."""
        together = np.zeros(rows, np.uint64)
        for name, some in cells.items():
            column = self.columns.get(name)
            if column is None:
                if len(self.columns) >= MAX_COLUMNS:
                    self._left_out = True
                    continue
                coarse = len(cells) > _MANY
                column = self.columns[name] = Column(name, "", self.rows, coarse)
            column.add(some)
            # Nothing adds nothing: a row is the same row in a file without that column.
            own = mixed(some.hashes + column.salt)
            together += np.where(some.hashes == NOTHING, np.uint64(0), own)
        for name, column in self.columns.items():
            if name not in cells:
                column.missing(rows)
        self.rows += rows
        self._sample.add(mixed(together))

    def document(self, why: str = "") -> dict[str, Any]:
        """The profile (see `profile.profile`); `why` tells what else is missing from it."""
        if self._left_out:
            left_out = f"columns beyond the first {MAX_COLUMNS} are left out"
            why = f"{left_out}; {why}" if why else left_out
        return {
            "kind": "table",
            "rows": self.rows,
            "columns": [column.document() for column in self.columns.values()],
            "row_sketch": {"k": ROW_SKETCH, "hashes": self._sample.plain()},
            "partial": bool(why),
            **({"why": why} if why else {}),
        }


class Column:
    """What is known of one column so far; `before` rows were without it."""

    def __init__(
        self, name: str, declared: str, before: int, coarse: bool, opaque: bool = False
    ) -> None:
        self.name, self._declared, self._opaque = name, declared, opaque
        self.salt = np.uint64(text_hash(name))
        self._nulls = before
        self._numbers = self._infinite = 0
        self._whole = self._only_bools = True
        self._moments = Moments()
        self._quantiles = Quantiles(200 if coarse else 1000)
        self._different = Smallest(_DISTINCT)
        self._words = Frequent()
        self._words_count = 0
        self._low: str | None = None
        self._high: str | None = None

    def missing(self, rows: int) -> None:
        self._nulls += rows

    def add(self, cells: Cells) -> None:
        self._nulls += cells.nulls
        self._different.add(cells.hashed)
        if len(cells.numbers) or cells.infinite:
            self._numbers += len(cells.numbers) + cells.infinite
            self._infinite += cells.infinite
            self._whole = self._whole and cells.whole
            self._moments.add(cells.numbers)
            self._quantiles.add(cells.numbers)
        if cells.words:
            self._only_bools = self._only_bools and cells.words.keys() <= {"true", "false"}
            self._words.add(cells.words)
            self._words_count += cells.words.total()
            low, high = min(cells.words), max(cells.words)
            self._low = low if self._low is None else min(self._low, low)
            self._high = high if self._high is None else max(self._high, high)

    def document(self) -> dict[str, Any]:
        if self._opaque:
            return {"name": self.name, "type": self._declared, "nulls": None, "distinct": None}
        told: dict[str, Any] = {
            "name": self.name,
            "type": self._declared or self._type(),
            "nulls": self._nulls,
            "distinct": min(self._different.estimate(), self._words_count + self._numbers),
        }
        if self._words_count:
            top = self._words.top(_TOP)
            approximate = not self._words.exact
            if self._numbers:  # words among numbers: one entry stands for them
                top = sorted([*top, ["(numbers)", self._numbers]], key=lambda one: -one[1])[:_TOP]
            return {
                **told, "min": self._low, "max": self._high, "top": top, "approximate": approximate
            }  # fmt: skip
        if self._numbers:
            told |= self._told_numbers()
        return told

    def _told_numbers(self) -> dict[str, Any]:
        def plain(value: float) -> int | float:
            return int(value) if self._whole and abs(value) <= 2**53 else value

        quantiles = self._quantiles.quantiles(_SHARES)
        told: dict[str, Any] = {"min": None, "max": None, "mean": None, "std": None}
        if quantiles:
            told = {
                "min": plain(self._quantiles.low),
                "max": plain(self._quantiles.high),
                "mean": self._moments.mean,
                "std": self._moments.deviation(),
            }
        told["quantiles"] = list(map(plain, quantiles))
        if self._infinite:
            told["infinite"] = self._infinite
        return told

    def _type(self) -> str:
        if self._words_count:
            return "bool" if self._only_bools and not self._numbers else "text"
        if self._numbers:
            return "int" if self._whole else "float"
        return "empty"

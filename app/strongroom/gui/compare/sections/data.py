"""Data: rows and columns of each table, and how far the values of each column have drifted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.domain.errors import printable
from strongroom.gui.compare.grid import Cell, Column, Grid, Names, Part
from strongroom.gui.compare.sections.wording import ABSENT
from strongroom.gui.compare.tones import tones
from strongroom.gui.wording import count_text, number_text

#: From where on a drift is called one, and a great one (see `domain/drift.py`); a full bar.
_SOME, _GREAT, _FULL = 0.1, 0.25, 0.5
#: With more to compare only the drift is told in columns of its own, the rest by tooltips.
_WIDE = 1


def grids(document: dict[str, Any], names: Names, only: bool) -> Sequence[Grid]:
    made = [_table(line, names, only) for line in document["rows"]]
    warnings = tuple(map(printable, document["warnings"]))
    return [*made, Grid((), (), notes=warnings)] if warnings else made


def _table(line: dict[str, Any], names: Names, only: bool) -> Grid:
    shown = [c for c in line["columns"] if not (only and c["same"])]
    same = len(line["columns"]) - len(shown)
    columns = [Column("Column"), Column("Type", 70)]
    wide = len(names.others) <= _WIDE
    for at in names.others:
        columns.append(Column("Values" if wide else f"Values {names.short[at]}", 74))
        columns.append(Column(f"PSI {names.base} → {names.short[at]}", 126))
        columns.append(Column("KS", 54, True))
        if wide:
            columns += [Column("Nulls", 110, True), Column("Mean", 150, True)]
    first = names.others[0] if len(names.others) == 1 else None
    if only and line["same"]:
        return Grid((), (), same=same)
    return Grid(
        tuple(columns) if shown else (),
        tuple(_row(c, names, wide) for c in shown),
        title=printable(line["name"]),
        caption=_rows_text(line, names),
        parts=_parts(line, names.baseline, first) if first is not None else (),
        same=same,
    )


def _rows_text(line: dict[str, Any], names: Names) -> str:
    counts = [line["rows"][at] for at in (names.baseline, *names.others)]
    if not any(n is not None for n in counts):
        return ""
    texts = ["none" if n is None else count_text(n) for n in counts]
    return " → ".join(texts) + " rows" if len(set(texts)) > 1 else f"{texts[0]} rows"


def _parts(line: dict[str, Any], base: int, other: int) -> tuple[Part, ...]:
    """Rows by whether both have them, if that is known."""
    shared = line["shared"][other]
    before, after = line["rows"][base], line["rows"][other]
    if shared is None or before is None or after is None:
        return ()
    about = "" if shared["exact"] else " about"
    both = shared["rows"]
    return (
        Part(f"same{about}", both, "grey"),
        Part(f"added{about}", after - both, "green"),
        Part(f"removed{about}", before - both, "red"),
    )


def _row(line: dict[str, Any], names: Names, wide: bool) -> tuple[Cell, ...]:
    name = printable(line["name"])
    kinds = [c["type"] if c else None for c in line["columns"]]
    last = next((k for k in reversed(kinds) if k), "")
    cells = [Cell(name, tip=name), Cell(str(last), faint=True)]
    for at in names.others:
        cells += [_values(line, names, at), *_pair(line, names.baseline, at, wide)]
    return tuple(cells)


def _values(line: dict[str, Any], names: Names, at: int) -> Cell:
    """The baseline's histogram with the other's over it, in the colour of the other."""
    found = line["histogram"]
    before, after = (found["shares"][n] if found else None for n in (names.baseline, at))
    if not before and not after:
        return ABSENT
    highest = max(*(before or ()), *(after or ()), 1e-9)
    bars = tuple(tuple(share / highest for share in one or ()) for one in (before, after))
    tone = tones(len(names.short), names.baseline)[at]
    return Cell(tone=tone, bars=bars, tip=_bars_text(found, names, at))


def _bars_text(found: dict[str, Any], names: Names, at: int) -> str:
    """What the bars stand for: the greatest shares of each, in words."""
    said = [f"grey {names.base}, coloured {names.short[at]}"]
    if not found["words"]:
        low, high = (number_text(found[key]) for key in ("low", "high"))
        said.append(f"from {low} to {high}, values beyond in the outermost bars")
        return "\n".join(said)
    for n, word in enumerate([*found["words"], "all others"]):
        shares = [found["shares"][one] for one in (names.baseline, at)]
        both = " → ".join(_share(one[n]) if one else "–" for one in shares)
        said.append(f"{printable(word)[:40]} {both}")
    return "\n".join(said)


def _pair(line: dict[str, Any], base: int, at: int, wide: bool) -> list[Cell]:
    state, found = line["states"][at], line["drift"][at]
    rest = 3 if wide else 1
    if state == "absent":
        return [ABSENT] * (rest + 1)
    if state in ("added", "removed"):
        tone = "green" if state == "added" else "red"
        mark = "+ added" if state == "added" else "removed"
        return [Cell(mark, tone=tone, chip=True), *[Cell()] * rest]
    before, after = line["columns"][base], line["columns"][at]
    moved = _moved(before, after)
    if before["type"] != after["type"]:
        text = f"was {before['type']}"
        return [
            Cell(text, tone="amber", chip=True, tip=moved),
            *_numbers(None, before, after, wide),
        ]
    psi = found["psi"] if found else 0.0 if state == "same" else None
    if psi is None:
        return [Cell("not known", faint=True, tip=moved), *_numbers(found, before, after, wide)]
    tone = "orange" if psi >= _GREAT else "amber" if psi >= _SOME else "grey"
    drift = Cell(f"{psi:.2f}", tone=tone, share=min(1.0, psi / _FULL), tip=moved)
    return [drift, *_numbers(found, before, after, wide)]


def _numbers(
    found: dict[str, Any] | None, before: dict[str, Any], after: dict[str, Any], wide: bool
) -> list[Cell]:
    ks = Cell(f"{found['ks']:.2f}") if found and found["ks"] is not None else ABSENT
    if not wide:
        return [ks]
    return [ks, Cell(_change(before, after, "nulls", _share)), Cell(_change(before, after, "mean"))]


def _change(
    before: dict[str, Any], after: dict[str, Any], key: str, text: Any = number_text
) -> str:
    a, b = (text(one[key]) if one[key] is not None else "–" for one in (before, after))
    return a if a == b else f"{a} → {b}"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _moved(before: dict[str, Any], after: dict[str, Any]) -> str:
    """All that is known of both, for a tooltip."""
    lines = []
    for key in ("nulls", "mean", "min", "max", "distinct"):
        if before[key] is not None or after[key] is not None:
            lines.append(f"{key} {_change(before, after, key, _short)}")
    return "\n".join(lines)


def _short(value: Any) -> str:
    return number_text(value) if not isinstance(value, str) else printable(value)[:60]

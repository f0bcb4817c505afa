"""Evaluations: confusion matrices as heat maps, reports by class, and ROC and PR curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.domain.errors import printable
from strongroom.gui.compare.grid import Cell, Chart, Column, Grid, Line, Names
from strongroom.gui.compare.sections.wording import ABSENT, DELTA, DOWN, EQUAL, MINUS, UP, signed
from strongroom.gui.compare.tones import tones
from strongroom.gui.wording import count_text, number_text

#: Matrices with more columns in all stand below each other.
_BESIDE = 24
#: Cells of all matrices together, more or less, and classes of one that are shown.
_CELLS, _FEWEST, _MOST = 2400, 8, 24
_BETWEEN = Column("", 18)
_TITLES = {
    "confusion": "Confusion matrix",
    "report": "By class",
    "roc": "ROC curve",
    "precision_recall": "Precision and recall",
}
_MEASURES = ("precision", "recall", "f1-score", "support")


def grids(document: dict[str, Any], names: Names, only: bool) -> Sequence[Grid]:
    made: list[Grid] = []
    same = 0
    for line in document["rows"]:
        if only and line["same"]:
            same += 1
        elif line["kind"] == "confusion":
            made += _matrices(line, names)
        elif line["kind"] == "report":
            made.append(_report(line, names, only))
        else:
            made.append(_curves(line, names))
    notes = tuple(map(printable, document["warnings"]))
    return [*made, Grid((), (), same=same, notes=notes)] if same or notes else made


def _title(line: dict[str, Any]) -> str:
    return f"{_TITLES[line['kind']]}: {printable(line['name'])}"


# ---------------------------------------------------------------------- confusion matrices


@dataclass(frozen=True, slots=True)
class _Matrix:
    """A matrix to look counts up in: `places` of the labels, `wholes` of the rows."""

    counts: list[list[float]]
    places: dict[str, int]
    wholes: list[float]

    def at(self, true: str, predicted: str) -> tuple[float, float | None] | None:
        """The count and its share of the row; None where it has no such class."""
        row, column = self.places.get(true), self.places.get(predicted)
        if row is None or column is None:
            return None
        count, whole = self.counts[row][column], self.wholes[row]
        return count, count / whole if whole else None

    def errors(self, name: str) -> float:
        """Of one class: what it was taken for, and what was taken for it."""
        at = self.places.get(name)
        if at is None:
            return 0.0
        return self.wholes[at] + sum(row[at] for row in self.counts) - 2 * self.counts[at][at]


def _matrix(value: dict[str, Any]) -> _Matrix:
    places = {name: at for at, name in enumerate(value["labels"])}
    return _Matrix(value["counts"], places, [sum(row) for row in value["counts"]])


def _matrices(line: dict[str, Any], names: Names) -> list[Grid]:
    """All in one table, with the differences to the baseline's behind; large ones in one each."""
    made = {at: _matrix(value) for at, value in enumerate(line["values"]) if value is not None}
    everything = list(dict.fromkeys(name for one in made.values() for name in one.places))
    labels = _most_confused(list(made.values()), everything)
    base = made.get(names.baseline)
    parts = [_counts(one, labels, names.short[at]) for at, one in made.items()]
    if base is not None:
        parts += [_gaps(base, one, labels, names.short[at]) for at, one in made.items()
                  if at != names.baseline]  # fmt: skip
    caption = "rows true, columns predicted; shares are of the row"
    missing = [name for at, name in enumerate(names.short) if at not in made]
    said = [f"{', '.join(missing)}: none"] if missing else []
    if len(labels) < len(everything):
        said.append(f"the {len(labels)} classes with the most errors of {len(everything)}")
    notes = tuple(said)
    rows = [Cell(printable(name), bold=True, tip=printable(name)) for name in labels]
    title = _title(line)
    if len(parts) * len(labels) <= _BESIDE:
        columns, cells = [Column("True")], [[head] for head in rows]
        for at, (heads, body) in enumerate(parts):
            if at:
                columns.append(_BETWEEN)
                cells = [[*row, Cell()] for row in cells]
            columns += heads
            cells = [[*row, *more] for row, more in zip(cells, body, strict=True)]
        return [Grid(tuple(columns), tuple(map(tuple, cells)), title, caption, notes=notes)]
    return [
        Grid(
            (Column("True"), *heads),
            tuple((head, *more) for head, more in zip(rows, body, strict=True)),
            title if at == 0 else "",
            caption if at == 0 else "",
            notes=notes if at == len(parts) - 1 else (),
        )
        for at, (heads, body) in enumerate(parts)
    ]


def _most_confused(matrices: list[_Matrix], labels: list[str]) -> list[str]:
    """Those that are shown, in their order: of very many the ones with the most errors."""
    most = max(_FEWEST, min(_MOST, math.isqrt(_CELLS // (2 * len(matrices) - 1))))
    if len(labels) <= most:
        return labels
    wrong = {name: sum(one.errors(name) for one in matrices) for name in labels}
    worst = set(sorted(labels, key=lambda name: -wrong[name])[:most])
    return [name for name in labels if name in worst]


Part = tuple[list[Column], list[list[Cell]]]


def _counts(one: _Matrix, labels: list[str], who: str) -> Part:
    heads = [Column(f"{who} {printable(name)}", 84, True) for name in labels]
    return heads, [[_count(one, true, predicted) for predicted in labels] for true in labels]


def _count(one: _Matrix, true: str, predicted: str) -> Cell:
    found = one.at(true, predicted)
    if found is None:
        return ABSENT
    count, share = found
    right = true == predicted
    if share is None:
        return Cell(number_text(count))
    tone = "green" if right else "red"
    tip = f"true {printable(true)}, predicted {printable(predicted)}"
    return Cell(_number(count), _percent(share), tone, bold=right, heat=share, tip=tip)


def _gaps(base: _Matrix, one: _Matrix, labels: list[str], who: str) -> Part:
    heads = [Column(f"{DELTA} {who} {printable(name)}", 84, True) for name in labels]
    return heads, [[_gap(base, one, true, predicted) for predicted in labels] for true in labels]


def _gap(base: _Matrix, one: _Matrix, true: str, predicted: str) -> Cell:
    before, after = base.at(true, predicted), one.at(true, predicted)
    if before is None or after is None:
        return ABSENT
    change = after[0] - before[0]
    shares = (before[1] or 0.0, after[1] or 0.0)
    moved = shares[1] - shares[0]
    if not change and not moved:
        return Cell(EQUAL, faint=True)
    better = (moved > 0) == (true == predicted)
    tone = "grey" if not moved else "green" if better else "red"
    said = f"{MINUS if moved < 0 else '+'}{100 * abs(moved):.1f} %"
    sign = "+" if change > 0 else MINUS if change < 0 else ""
    word = "" if not moved else "better" if better else "worse"
    return Cell(
        f"{sign}{_number(abs(change))}", said, tone, heat=min(1.0, 4 * abs(moved)), tip=word
    )  # fmt: skip


def _number(value: float) -> str:
    return count_text(int(value)) if float(value).is_integer() else number_text(value)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


# ---------------------------------------------------------------------- reports


def _report(line: dict[str, Any], names: Names, only: bool) -> Grid:
    """A row for each class and measure; what a report tells of the whole comes last."""
    values = line["values"]
    classes = dict.fromkeys(c for v in values if v for c in v["classes"])
    rows, same = [], 0
    for name in classes:
        first = True
        for measure in _MEASURES:
            found = [v["classes"].get(name, {}).get(measure) if v else None for v in values]
            if all(one is None for one in found):
                continue
            if only and _all_alike(found):
                same += 1
                continue
            head = Cell(printable(name) if first else "", bold=True, tip=printable(name))
            rows.append((head, Cell(measure, faint=True), *_deltas(found, names, measure)))
            first = False
    for name in dict.fromkeys(n for v in values if v for n in v["overall"]):
        found = [v["overall"].get(name) if v else None for v in values]
        if only and _all_alike(found):
            same += 1
            continue
        head = Cell(printable(name), bold=True, tip=printable(name))
        rows.append((head, Cell(), *_deltas(found, names, name)))
    columns = (Column("Class", mono=False), Column("Measure", 84, mono=False), *_heads(names))
    return Grid(
        columns, tuple(rows), _title(line), "green better, red worse", same=same
    )  # fmt: skip


def _heads(names: Names) -> list[Column]:
    return [
        Column(f"{name} baseline" if at == names.baseline else name, 112, True)
        for at, name in enumerate(names.short)
    ]


def _all_alike(found: Sequence[float | None]) -> bool:
    return all(one == found[0] for one in found)


def _deltas(found: Sequence[float | None], names: Names, measure: str) -> list[Cell]:
    base = found[names.baseline]
    known = [one for one in found if one is not None]
    judged = measure != "support"
    cells = []
    for at, value in enumerate(found):
        if value is None:
            cells.append(ABSENT)
            continue
        bold = judged and len(set(known)) > 1 and value == max(known)
        text = number_text(value)
        if at == names.baseline or base is None:
            cells.append(Cell(text, bold=bold, faint=at == names.baseline and not bold))
            continue
        change = value - base
        if not change:
            cells.append(Cell(text, EQUAL, "grey", bold=bold, tip="equal"))
            continue
        tone = ("green" if change > 0 else "red") if judged else "grey"
        word = ("better" if change > 0 else "worse") if judged else "changed"
        arrow = UP if change > 0 else DOWN
        cells.append(Cell(text, f"{arrow}{signed(change, value)}", tone, bold=bold, tip=word))
    return cells


# ---------------------------------------------------------------------- curves


def _curves(line: dict[str, Any], names: Names) -> Grid:
    roc = line["kind"] == "roc"
    colours = tones(len(names.short), names.baseline)
    lines = tuple(
        Line(names.short[at], colours[at], tuple(zip(value["x"], value["y"], strict=True)))
        for at, value in enumerate(line["values"])
        if value is not None
    )
    across, up = ("false positive rate", "true positive rate") if roc else ("recall", "precision")
    areas = [v["area"] if v else None for v in line["values"]]
    points = [v["points"] if v else None for v in line["values"]]
    area = "area under it" if roc else "average precision"
    return Grid(
        (Column("Measure", mono=False), *_heads(names)),
        (
            (Cell(area), *_deltas(areas, names, area)),
            (Cell("points"), *_deltas(points, names, "support")),
        ),
        _title(line),
        chart=Chart(across, up, lines, diagonal=roc),
    )

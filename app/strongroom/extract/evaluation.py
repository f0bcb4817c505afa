"""What a JSON document says of how a model was evaluated, known by its structure.

Confusion matrices as `sklearn.metrics.confusion_matrix` gives them (a row for each true class, a
column for each predicted one), reports as `classification_report(output_dict=True)`, ROC and
precision-recall curves as `roc_curve` and `precision_recall_curve`; see
https://scikit-learn.org/stable/modules/model_evaluation.html. Nothing is taken for granted: sizes
are bounded, and what is no finite number makes a thing be passed over.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.formats.document import read_json
from strongroom.formats.source import Source, Unreadable

CONFUSION, REPORT, ROC, PRECISION_RECALL = "confusion", "report", "roc", "precision_recall"
KINDS = (CONFUSION, REPORT, ROC, PRECISION_RECALL)
#: Classes of a matrix or report; points of a curve that are read, and that are kept of it.
MOST_CLASSES, _MOST_POINTS, KEPT_POINTS = 200, 500_000, 400
_DEEPEST, _MOST_LOOKED_AT, _MOST_FOUND, _LONGEST = 6, 5000, 40, 200
_MATRICES = ("confusion_matrix", "confusionmatrix", "confusion", "conf_matrix", "conf_mat", "cm")
_INSIDE = ("matrix", "counts", "values", "data")
_LABELS = ("labels", "classes", "class_names", "target_names", "label_names", "names")
#: Of a class in a report; the first three make it one.
MEASURES = ("precision", "recall", "f1-score", "support")
_LARGEST, _LONGEST_FILE = 1e15, 4 << 20
#: Numbers of all matrices that are found in one file.
_MOST_CELLS = 200_000


@dataclass(frozen=True, slots=True)
class Found:
    """`name`: dotted keys on the way to it, "" for the document itself. `value` is of the kind:

    confusion: `{"labels": [text], "counts": [[number]]}`; `labels` are numbers where none are told
    report: `{"classes": {class: {measure: number}}, "overall": {name: number}}`
    roc, precision_recall: `{"x": [number], "y": [number], "area": number, "points": N}`, thinned
    """

    kind: str
    name: str
    value: dict[str, Any]


def look(source: Source) -> list[Found]:
    """Nothing for a file that is no JSON, or too long to be a summary."""
    try:
        return found_in(read_json(source.read(_LONGEST_FILE)), source.path)
    except Unreadable:
        return []


def found_in(document: Any, path: str = "") -> list[Found]:
    """All that is recognised; `path` of the file tells what a bare matrix is."""
    bare = _matrix(document)
    if bare is not None:
        is_one = _says_matrix(path.lower()) or _is_of_counts(bare)
        return [_confusion("", bare, None)] if is_one else []
    found: list[Found] = []
    for name, one in itertools.islice(_mappings(document), _MOST_LOOKED_AT):
        found += _of_mapping(name, one)
        cells = sum(len(f.value["counts"]) ** 2 for f in found if f.kind == CONFUSION)
        if len(found) >= _MOST_FOUND or cells > _MOST_CELLS:
            break
    return found[:_MOST_FOUND]


def _mappings(document: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All objects, outer ones first."""
    waiting: list[tuple[str, Any, int]] = [("", document, 0)]
    while waiting:
        name, one, depth = waiting.pop(0)
        if not isinstance(one, dict):
            continue
        yield name, one
        if depth < _DEEPEST and len(waiting) < _MOST_LOOKED_AT:
            waiting += [
                (f"{name}.{key}" if name else key, value, depth + 1)
                for key, value in one.items()
                if isinstance(value, dict)
            ]


def _of_mapping(name: str, one: Mapping[str, Any]) -> list[Found]:
    found = []
    for key, value in itertools.islice(one.items(), _MOST_LOOKED_AT):
        if key.lower() in _MATRICES or _says_matrix(key.lower()):
            inner = value if isinstance(value, dict) else one
            rows = value
            if isinstance(value, dict):
                rows = next((value[k] for k in _INSIDE if k in value), None)
            matrix = _matrix(rows)
            if matrix is not None:
                full = f"{name}.{key}" if name else key
                found.append(_confusion(full, matrix, _labels(inner, len(matrix))))
    report = _report(one)
    if report is not None:
        found.append(Found(REPORT, name, report))
    for kind, across, up in ((ROC, "fpr", "tpr"), (PRECISION_RECALL, "recall", "precision")):
        x, y = _points(one.get(across)), _points(one.get(up))
        if x is not None and y is not None and len(x) == len(y):
            found.append(Found(kind, name, _curve(kind, x, y)))
    return found


def _says_matrix(text: str) -> bool:
    return "confusion" in text


def _matrix(value: Any) -> list[list[float]] | None:
    """A square of numbers that are not negative, of two classes at least."""
    if not isinstance(value, list) or not 2 <= len(value) <= MOST_CLASSES:
        return None
    rows = []
    for row in value:
        if not isinstance(row, list) or len(row) != len(value) or not all(map(_is_count, row)):
            return None
        rows.append(row)
    return rows


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_LARGEST <= value <= _LARGEST  # False for NaN


def _is_of_counts(rows: list[list[float]]) -> bool:
    return all(float(n).is_integer() for row in rows for n in row) and any(map(any, rows))


def _labels(one: Mapping[str, Any], count: int) -> list[str] | None:
    for key in _LABELS:
        names = one.get(key)
        if isinstance(names, list) and len(names) == count:
            return [str(n)[:_LONGEST] if isinstance(n, str | int | float) else "?" for n in names]
    return None


def _confusion(name: str, rows: list[list[float]], labels: list[str] | None) -> Found:
    told = labels or [str(n) for n in range(len(rows))]
    return Found(CONFUSION, name, {"labels": told, "counts": rows})


def _report(one: Mapping[str, Any]) -> dict[str, Any] | None:
    classes: dict[str, dict[str, float]] = {}
    for key, value in itertools.islice(one.items(), MOST_CLASSES):
        if isinstance(value, dict) and all(_is_number(value.get(m)) for m in MEASURES[:3]):
            classes[key[:_LONGEST]] = {m: value[m] for m in MEASURES if _is_number(value.get(m))}
    if not classes:
        return None
    overall = {
        k: v for k, v in itertools.islice(one.items(), MOST_CLASSES) if _is_number(v)
    }  # `accuracy` stands among the classes
    return {"classes": classes, "overall": overall}


def _points(value: Any) -> list[float] | None:
    if not isinstance(value, list) or not 2 <= len(value) <= _MOST_POINTS:
        return None
    if not all(_is_number(v) and 0 <= v <= 1 for v in value):
        return None
    return value


def _curve(kind: str, x: Sequence[float], y: Sequence[float]) -> dict[str, Any]:
    area = _roc_area(x, y) if kind == ROC else _average_precision(x, y)
    keep = _kept(len(x))
    return {
        "x": [x[at] for at in keep], "y": [y[at] for at in keep], "area": area, "points": len(x)
    }  # fmt: skip


def _kept(count: int) -> list[int]:
    """Places in equal steps, the first and the last among them."""
    if count <= KEPT_POINTS:
        return list(range(count))
    return [round(n * (count - 1) / (KEPT_POINTS - 1)) for n in range(KEPT_POINTS)]


def _roc_area(x: Sequence[float], y: Sequence[float]) -> float:
    """By trapezoids."""
    pairs = zip(itertools.pairwise(x), itertools.pairwise(y), strict=True)
    return abs(math.fsum((x1 - x0) * (y0 + y1) / 2 for (x0, x1), (y0, y1) in pairs))


def _average_precision(recall: Sequence[float], precision: Sequence[float]) -> float:
    """AP = Σ (Rₙ − Rₙ₋₁) · Pₙ with rising recall, as `average_precision_score` has it."""
    if recall[0] > recall[-1]:
        recall, precision = recall[::-1], precision[::-1]
    steps = itertools.pairwise(recall)
    return math.fsum((b - a) * p for (a, b), p in zip(steps, precision[1:], strict=True))

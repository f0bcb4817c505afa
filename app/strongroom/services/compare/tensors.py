"""Tensors of safetensors files and PyTorch checkpoints, by name: which changed, and by how much."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.services.compare import rows
from strongroom.services.compare.section import Section
from strongroom.services.compare.subject import Held, Subject, Tick, files_of, paired
from strongroom.services.desk import Desk
from strongroom.services.inspection import ChildDied, Piece
from strongroom.services.preview import sound_piece
from strongroom.services.views import Document

_SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".torch", ".ptl")
#: Files of one subject; a sharded model of a trillion parameters has fewer.
_MOST_FILES = 400
_EMPTY: Document = {"changed": [], "added": [], "removed": [], "same": 0}
#: Rows of one table; those that differ come first.
_SHOWN = 5000


def compare(desk: Desk, a: Subject, b: Subject, tick: Tick) -> Document:
    """A changed tensor is `{"name", "dtype", "shape", "relative_l2", "max_abs", "changed_share"}`
    (see `extract/tensor_change.py`), with `was` where type or shape were others; an added or
    removed one has the first three. `warnings` name the files that could not be read.
    """
    found = _differences(desk, a, b, tick)
    if found is None:
        return _EMPTY
    told = {k: v for k, v in found.items() if k not in ("unchanged", "warnings")}
    return {**told, "warnings": found["warnings"]} if found["warnings"] else told


def table(desk: Desk, subjects: Sequence[Subject], baseline: int, tick: Tick) -> Document | None:
    """Rows `{"name", "dtype", "shape", "states", "pairs": [None or measures], "same"}`, each
    subject against the baseline; `differ` and `total` count, `left_out` rows are not told.
    """
    pairs = [
        None if at == baseline else _differences(desk, subjects[baseline], one, tick)
        for at, one in enumerate(subjects)
    ]
    if not any(pairs):
        return None
    lines: dict[str, Document] = {}

    def line_of(tensor: Document) -> Document:
        empty = {"states": [rows.ABSENT] * len(subjects), "pairs": [None] * len(subjects)}
        about = {k: tensor[k] for k in ("name", "dtype", "shape")}
        return lines.setdefault(tensor["name"], {**about, **empty})

    for at, found in enumerate(pairs):
        for key, state in (
            ("unchanged", rows.SAME), ("changed", rows.CHANGED), ("added", rows.ADDED),
            ("removed", rows.REMOVED),
        ):  # fmt: skip
            for tensor in found[key] if found else ():
                line = line_of(tensor)
                line["states"][at] = state
                if state is not rows.ADDED:
                    line["states"][baseline] = rows.SAME
                if state is rows.CHANGED:
                    line["pairs"][at] = {k: v for k, v in tensor.items() if k not in ("name",)}
    for line in lines.values():
        line["same"] = all(state == rows.SAME for state in line["states"])
    counted = rows.counted(sorted(lines.values(), key=lambda line: bool(line["same"])))
    warnings = dict.fromkeys(w for found in pairs if found for w in found["warnings"])
    left_out = max(0, counted["total"] - _SHOWN)
    return {
        **counted, "rows": counted["rows"][:_SHOWN], "left_out": left_out,
        "warnings": list(warnings),
    }  # fmt: skip


def _differences(desk: Desk, a: Subject, b: Subject, tick: Tick) -> Document | None:
    """None where neither has tensors."""
    of_a, of_b = _held(desk, a), _held(desk, b)
    if not of_a and not of_b:
        return None
    same = [
        (of_a.index(one), of_b.index(other))
        for one, other in paired([of_a, of_b]).values()
        if one is not None and other is not None and one.sha256 == other.sha256
    ]
    try:
        before, after = _pieces(desk, of_a, tick), _pieces(desk, of_b, tick)
        found = desk.comparer.compare_tensors(before, after, same, tick)
    except ChildDied as death:
        why = f"the tensors of {a.ref} and {b.ref} could not be compared, {death}"
        return {**_EMPTY, "unchanged": [], "warnings": [why]}
    if max(len(of_a), len(of_b)) == _MOST_FILES:
        found["warnings"].append(f"only the first {_MOST_FILES} files of each are compared")
    nothing = not any(found[k] for k in ("changed", "added", "removed", "same", "warnings"))
    return None if nothing else found


def _held(desk: Desk, subject: Subject) -> list[Held]:
    found = [h for h in files_of(desk, subject) if h.path.lower().endswith(_SUFFIXES)]
    return found[:_MOST_FILES]


def _pieces(desk: Desk, files: Sequence[Held], tick: Tick) -> list[Piece]:
    tick(0, sum(h.entry.size for h in files))
    pieces = []
    for held in files:
        told = 0

        def hashed(count: int) -> None:
            nonlocal told
            told += count
            tick(count, 0)

        pieces.append(sound_piece(desk, held.version, held.entry, held.path, hashed))
        tick(held.entry.size - told, 0)  # what was known to be sound
    return pieces


section = Section("tensors", compare, rows.differs, table)

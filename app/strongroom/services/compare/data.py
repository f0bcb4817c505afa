"""Data: tables of the subjects themselves and of what they were made from, column by column."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.domain import drift, histogram
from strongroom.domain.errors import BadInput, NotFound
from strongroom.services import profiles
from strongroom.services.compare import rows
from strongroom.services.compare.section import Section
from strongroom.services.compare.subject import Held, Subject, Tick, files_of, subject_of
from strongroom.services.desk import Desk
from strongroom.services.views import Document

_SUFFIXES = (
    ".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", ".arrow", ".feather",
)  # fmt: skip
#: What a training writes down is no data that it learned from.
_NOT_DATA = ("metrics", "log", "config")
_MOST_TABLES = 20
#: A column's numbers that tell whether it changed.
_TELLING = ("type", "nulls", "min", "max", "mean", "std", "quantiles", "top")


@dataclass(frozen=True, slots=True)
class Table:
    """A data file: `ref` is the version that has it; `profile` as of `extract/profile.py`, None
    where the file could not be read as a table.
    """

    ref: str
    sha256: str
    profile: Document | None
    why: str = ""

    @property
    def columns(self) -> dict[str, Document]:
        return {c["name"]: c for c in self.profile["columns"]} if self.profile else {}

    @property
    def rows(self) -> int | None:
        return self.profile["rows"] if self.profile else None


def compare(desk: Desk, a: Subject, b: Subject, tick: Tick) -> Document | None:
    """Columns: a changed one is `{"file", "name", "type", "nulls", "mean", "min", "max", "psi",
    "ks"}`, with pairs [before, after] (`nulls` are shares), PSI and KS None where unknown (see
    `domain/drift.py`); an added or removed one has `file`, `name` and `type`. `tables` tell of
    rows, `warnings` of files that could not be read.
    """
    found = _side_by_side(desk, [a, b], tick)
    if not found:
        return None
    told: Document = {"changed": [], "added": [], "removed": [], "same": 0, "tables": []}
    warnings = []
    for title, (of_a, of_b) in found.items():
        warnings += [t.why for t in (of_a, of_b) if t and t.why]
        told["tables"].append(
            {
                "file": title,
                "a": _about(of_a),
                "b": _about(of_b),
                "shared": _shared(of_a, of_b),
            }
        )
        before, after = (t.columns if t else {} for t in (of_a, of_b))
        for name in {**before, **after}:
            old, new = before.get(name), after.get(name)
            if old is None or new is None:
                kind, one = ("added", new) if old is None else ("removed", old)
                assert one is not None
                told[kind].append({"file": title, "name": name, "type": one["type"]})
            elif _same(of_a, of_b, old, new):
                told["same"] += 1
            else:
                told["changed"].append({"file": title, "name": name, **_moved(of_a, of_b, name)})
    return {**told, "warnings": warnings} if warnings else told


def differs(section: Document) -> bool:
    return rows.differs(section) or any(
        (t["a"] or {}).get("sha256") != (t["b"] or {}).get("sha256") for t in section["tables"]
    )


def table(desk: Desk, subjects: Sequence[Subject], baseline: int, tick: Tick) -> Document | None:
    """One row a data file: `{"name", "refs", "rows", "states", "shared", "columns", "same"}`, its
    columns `{"name", "states", "columns": [summary or None], "drift": [None or {"psi", "ks"}],
    "histogram", "same"}`. A histogram is None or `{"shares": [None or shares by bin], "low",
    "high", "words"}` (see `domain/histogram.py`). `total` and `differ` count columns.
    """
    found = _side_by_side(desk, subjects, tick)
    if not found:
        return None
    lines, warnings = [], []
    for title, tables in found.items():
        warnings += [t.why for t in tables if t and t.why]
        base = tables[baseline]
        digests = [{title: t.sha256} if t else {} for t in tables]
        (line,) = rows.side_by_side(digests, baseline)
        names = {n: None for t in tables if t for n in t.columns}
        lines.append(
            {
                "name": title,
                "refs": [t.ref if t else None for t in tables],
                "rows": [t.rows if t else None for t in tables],
                "states": line["states"],
                "same": line["same"],
                "shared": [
                    None if at == baseline else _shared(base, t) for at, t in enumerate(tables)
                ],
                "columns": [_column(name, tables, baseline) for name in names],
            }
        )
    columns = [c for line in lines for c in line["columns"]]
    return {
        "rows": lines,
        "total": len(columns),
        "differ": sum(not c["same"] for c in columns),
        "warnings": list(dict.fromkeys(warnings)),
    }


def _column(name: str, tables: Sequence[Table | None], baseline: int) -> Document:
    base = tables[baseline]
    old = base.columns.get(name) if base else None
    states: list[str] = []
    drifts: list[Document | None] = []
    for at, one in enumerate(tables):
        new = one.columns.get(name) if one else None
        if old is None or new is None:
            states.append(
                rows.ABSENT if old is new else rows.ADDED if old is None else rows.REMOVED
            )
            drifts.append(None)
        elif at == baseline or _same(base, one, old, new):
            states.append(rows.SAME)
            drifts.append(None)
        else:
            states.append(rows.CHANGED)
            drifts.append(_drift(base, one, old, new))
    return {
        "name": name,
        "states": states,
        "columns": [_summary(t, name) for t in tables],
        "drift": drifts,
        "histogram": _histogram(tables, name),
        "same": all(s == rows.SAME for s in states),
    }


def _summary(found: Table | None, name: str) -> Document | None:
    one = found.columns.get(name) if found else None
    if one is None:
        return None
    assert found is not None
    told = {key: one.get(key) for key in ("type", "min", "max", "mean", "distinct")}
    return {**told, "nulls": _null_share(found, one)}


def _moved(a: Table | None, b: Table | None, name: str) -> Document:
    before, after = _summary(a, name), _summary(b, name)
    assert a and b and before and after
    old, new = a.columns[name], b.columns[name]
    told = {key: [before[key], after[key]] for key in ("nulls", "mean", "min", "max", "distinct")}
    if before["type"] != after["type"]:
        told["was"] = before["type"]
    return {"type": after["type"], **told, **_drift(a, b, old, new)}


def _same(a: Table | None, b: Table | None, old: Document, new: Document) -> bool:
    assert a and b
    if a.sha256 == b.sha256:
        return True
    return a.rows == b.rows and all(rows.alike(old.get(k), new.get(k)) for k in _TELLING)


def _drift(a: Table | None, b: Table | None, old: Document, new: Document) -> Document:
    assert a and b
    if old.get("quantiles") and new.get("quantiles"):
        before, after = (sorted(map(float, c["quantiles"])) for c in (old, new))
        return {"psi": drift.psi_of_numbers(before, after), "ks": drift.ks(before, after)}
    if old.get("top") and new.get("top"):
        words = {word for c in (old, new) for word, _ in c["top"]}
        shares = [_word_shares(t, c, words) for t, c in ((a, old), (b, new))]
        return {"psi": drift.psi_of_words(*shares), "ks": None}
    return {"psi": None, "ks": None}


def _histogram(tables: Sequence[Table | None], name: str) -> Document | None:
    """None where some have numbers and others words: no bins are common to them."""
    columns = [t.columns.get(name) if t else None for t in tables]
    numbers = [c.get("quantiles") if c else None for c in columns]
    words = [
        _word_shares(t, c, {word for word, _ in c["top"]}) if t and c and c.get("top") else None
        for t, c in zip(tables, columns, strict=True)
    ]
    if any(numbers) and any(words):
        return None
    found = (
        histogram.of_numbers([sorted(map(float, n)) if n else None for n in numbers])
        if any(numbers)
        else histogram.of_words(words)
    )
    return None if found is None else dataclasses.asdict(found)


def _word_shares(found: Table, one: Document, words: set[str]) -> dict[str, float]:
    whole = (found.rows or 0) - (one.get("nulls") or 0)
    return {w: count / whole for w, count in one["top"] if w in words} if whole > 0 else {}


def _null_share(found: Table, one: Document) -> float | None:
    nulls, whole = one.get("nulls"), found.rows
    return nulls / whole if nulls is not None and whole else None


def _shared(a: Table | None, b: Table | None) -> Document | None:
    """How many rows both have, from the smallest hashes of their rows: `{"rows", "exact"}`.

    Of the k smallest hashes of the union the share that both have is the share of rows of the
    union that they have in common (A. Broder, On the resemblance of documents, 1997).
    """
    sketches = [t.profile.get("row_sketch") if t and t.profile else None for t in (a, b)]
    if not all(sketches) or a is None or b is None or a.rows is None or b.rows is None:
        return None
    one, other = ([*map(int, s["hashes"])] for s in sketches if s)
    k = min(s["k"] for s in sketches if s)
    exact = len(one) < k and len(other) < k
    smallest = sorted({*one, *other})[: None if exact else k]
    if not smallest:
        return None
    both = len({*one} & {*other} & {*smallest})
    if exact and len(one) == a.rows and len(other) == b.rows:
        return {"rows": both, "exact": True}
    likeness = both / len(smallest)
    shared = likeness / (1 + likeness) * (a.rows + b.rows)
    return {"rows": min(a.rows, b.rows, round(shared)), "exact": False}


def _about(found: Table | None) -> Document | None:
    if found is None:
        return None
    return {"ref": found.ref, "rows": found.rows, "sha256": found.sha256}


# ---------------------------------------------------------------------- which tables


def _side_by_side(
    desk: Desk, subjects: Sequence[Subject], tick: Tick
) -> dict[str, list[Table | None]]:
    """Tables by what they are called: an artifact that was read by its name, whatever its version,
    a table of the subject itself by its path.
    """
    found: dict[str, list[Held | None]] = {}
    own = [_tables(desk, s) for s in subjects]
    alone = all(len(tables) == 1 for tables in own)
    for at, subject in enumerate(subjects):
        for held in own[at]:
            title = own[0][0].path if alone else held.path
            found.setdefault(title, [None] * len(subjects))[at] = held
        for held in _inputs(desk, subject):
            title = _input_title(held)
            found.setdefault(title, [None] * len(subjects))[at] = held
    made = {
        title: [_table(desk, held, tick) if held else None for held in sides]
        for title, sides in list(found.items())[:_MOST_TABLES]
    }
    for title in list(found)[_MOST_TABLES:]:
        why = f"{title}: only the first {_MOST_TABLES} tables are compared"
        made[title] = [_unread(held, why) if held else None for held in found[title]]
    return made


def _input_title(held: Held) -> str:
    name, last = held.version.artifact, held.path.rpartition("/")[2]
    return name if name.rpartition("/")[2] == last else f"{name}: {held.path}"


def _tables(desk: Desk, subject: Subject) -> list[Held]:
    return [
        h
        for h in files_of(desk, subject)
        if h.path.lower().endswith(_SUFFIXES) and h.version.kind not in _NOT_DATA
    ]


def _inputs(desk: Desk, subject: Subject) -> list[Held]:
    found = []
    for ref in subject.inputs()[:_MOST_TABLES]:
        try:
            found += _tables(desk, subject_of(desk, ref))
        except (NotFound, BadInput):  # it is not in this registry
            continue
    return found


def _unread(held: Held, why: str) -> Table:
    return Table(f"{held.version.artifact}@v{held.version.n}", held.sha256, None, why)


def _table(desk: Desk, held: Held, tick: Tick) -> Table:
    tick(0, held.entry.size)
    ref = f"{held.version.artifact}@v{held.version.n}"
    found = profiles.profile_of(desk, held.entry.sha256, held.path, lambda n: tick(n, 0))
    if found["kind"] == "table":
        return Table(ref, held.sha256, found, _partial(held, found))
    why = found.get("why") or f"{held.path}: it could not be read as a table"
    return Table(ref, held.sha256, None, why)


def _partial(held: Held, profile: Document) -> str:
    return f"{held.path}: {profile['why']}" if profile.get("why") else ""


section = Section("data", compare, differs, table)

"""Configuration and other small texts, line by line, as a unified diff."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from strongroom.formats.text import decode, is_text
from strongroom.services.compare import rows
from strongroom.services.compare.section import Section
from strongroom.services.compare.subject import Held, Subject, Tick, files_of, paired
from strongroom.services.desk import Desk
from strongroom.services.preview import verified_bytes
from strongroom.services.views import Document

_SUFFIXES = (
    ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".txt", ".md", ".py", ".env",
    ".lock", ".properties", ".xml", ".dvc",
)  # fmt: skip
#: A larger file, or one of more lines, is no configuration; comparing takes the square of lines.
_LARGEST, _MOST_LINES = 256 << 10, 6000
_MOST_FILES = 100
#: Lines told of one file's diff, and characters of a line.
_SHOWN, _LONGEST = 1000, 500


def compare(desk: Desk, a: Subject, b: Subject, tick: Tick) -> Document | None:
    """A changed file is `{"path", "lines": [[sign, text]], "reason"}`; signs are `+`, `-`, ` ` and
    `@`. `reason` says why there are no lines, or fewer.
    """
    pairs = paired([_texts(desk, a), _texts(desk, b)])
    if not pairs:
        return None
    changed: list[Document] = []
    added: list[Document] = []
    removed: list[Document] = []
    same = 0
    for path, (of_a, of_b) in sorted(pairs.items()):
        if of_a is None or of_b is None:
            (added if of_a is None else removed).append({"path": path})
        elif of_a.sha256 == of_b.sha256:
            same += 1
        else:
            changed.append({"path": path, **_diff(desk, of_a, of_b)})
    return {"changed": changed, "added": added, "removed": removed, "same": same}


def table(desk: Desk, subjects: Sequence[Subject], baseline: int, tick: Tick) -> Document | None:
    """Rows `{"name", "states", "diffs": [None or {"lines", "reason"}], "same"}`; `full`: there may
    be more texts than are compared.
    """
    texts = [_texts(desk, s) for s in subjects]
    pairs = paired(texts)
    if not pairs:
        return None
    lines = []
    for path, sides in sorted(pairs.items()):
        digests = [{path: held.sha256} if held else {} for held in sides]
        (line,) = rows.side_by_side(digests, baseline)
        base = sides[baseline]
        line["diffs"] = [
            _diff(desk, base, held) if state == rows.CHANGED and base and held else None
            for state, held in zip(line["states"], sides, strict=True)
        ]
        lines.append(line)
        tick(0, 0)
    return {**rows.counted(lines), "full": any(len(t) == _MOST_FILES for t in texts)}


def _texts(desk: Desk, subject: Subject) -> list[Held]:
    found = [
        held
        for held in files_of(desk, subject)
        if held.path.lower().endswith(_SUFFIXES) and held.entry.size <= _LARGEST
    ]
    return found[:_MOST_FILES]


def _diff(desk: Desk, a: Held, b: Held) -> Document:
    texts = []
    for held in (a, b):
        data = verified_bytes(desk, held.version, held.entry)
        if not is_text(data[:4096]):
            return {"lines": [], "reason": "it is no text"}
        texts.append(decode(data).splitlines())
    if max(map(len, texts)) > _MOST_LINES:
        return {"lines": [], "reason": f"it has more than {_MOST_LINES:,} lines"}
    told: list[list[str]] = []
    for line in difflib.unified_diff(texts[0], texts[1], n=3, lineterm=""):
        if not told and line.startswith(("--- ", "+++ ")):
            continue  # the names of the two files
        told.append([line[:1], line[1 : _LONGEST + 1] if line[:1] != "@" else line[:_LONGEST]])
        if len(told) >= _SHOWN:
            return {"lines": told, "reason": f"only the first {_SHOWN:,} lines are shown"}
    if not told:
        return {"lines": [], "reason": "only line ends or the encoding differ"}
    return {"lines": told, "reason": ""}


section = Section("config", compare, rows.differs, table)

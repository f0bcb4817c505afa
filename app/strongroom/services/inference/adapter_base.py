"""An adapter's configuration names the model that it was made for, by path or by name."""

from __future__ import annotations

import posixpath

from strongroom.catalog import catalog
from strongroom.catalog.catalog import VersionRow
from strongroom.services.desk import Desk
from strongroom.services.inference.rule import Candidate, Rule
from strongroom.services.views import source_path

NAME = "adapter base name"
_PARAM = "base_model_name_or_path"


def find(desk: Desk, row: VersionRow) -> list[Candidate]:
    """The model with most path parts in common with the name, if no other has as many."""
    named = row.document["params"].get(_PARAM)
    if not isinstance(named, str) or not named.strip("./"):
        return []
    parts = _parts(named)
    best: list[tuple[int, VersionRow]] = []
    for other in catalog.models_named(desk.engine, parts[-1], row.id):
        if other.artifact == row.artifact or other.content == row.content:
            continue
        matched = max(_common(parts, _parts(other.artifact)), _common(parts, _source_parts(other)))
        if matched and (not best or matched >= best[0][0]):
            best = [b for b in best if b[0] == matched] + [(matched, other)]
    if len({other.artifact for _, other in best}) != 1:
        return []
    matched, source = max(best, key=lambda b: b[1].id)
    return [
        Candidate(
            source,
            NAME,
            round(min(0.95, 0.6 + 0.1 * matched), 3),
            f"its configuration names {named!r} as its base model",
        )
    ]


def _parts(path: str) -> list[str]:
    return [p for p in posixpath.normpath(path.replace("\\", "/")).split("/") if p not in ("", ".")]


def _source_parts(row: VersionRow) -> list[str]:
    source = source_path(row)
    return _parts(source.decode("utf-8", "surrogateescape")) if source else []


def _common(named: list[str], other: list[str]) -> int:
    """How many of the last parts of the name stand in this order somewhere in the other path."""
    for length in range(len(named), 0, -1):
        tail = named[-length:]
        if any(other[at : at + length] == tail for at in range(len(other) - length + 1)):
            return length
    return 0


rule = Rule(NAME, frozenset({"model"}), find)

"""A DVC pipeline's folder: what dvc.lock says was read, the rest as in a plain folder.

Layout: https://dvc.org/doc/user-guide/project-structure/dvcyaml-files. Older results are only in
the cache and in git; what lies on disk is the last `dvc repro`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strongroom.domain.facts import FileFacts, InputHint, RunFacts
from strongroom.extract.conventions import base
from strongroom.extract.layouts import plain
from strongroom.extract.layouts.layout import Layout
from strongroom.extract.layouts.paths import parent
from strongroom.formats.document import read_yaml
from strongroom.formats.source import Source, Unreadable

_LOCK = "dvc.lock"
_MAX_LOCK = 4 << 20


def find(paths: Sequence[str]) -> list[str]:
    """A pipeline that has run and left something that a plain run would have too."""
    locked = {parent(path) for path in paths if base(path) == _LOCK}
    return sorted(locked & set(plain.find(paths))) if locked else []


def wanted(path: str) -> bool:
    return path == _LOCK or plain.wanted(path)


def read(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    gathering = plain.gather(facts)
    for target in _dependencies(sources.get(_LOCK)):
        gathering.inputs.setdefault(target, InputHint(target, _LOCK, f"{_LOCK}: deps", "declared"))
    return gathering.run()


def _dependencies(source: Source | None) -> list[str]:
    if source is None:
        return []
    try:
        lock = read_yaml(source.read(_MAX_LOCK))
    except (Unreadable, OSError):
        return []  # a lock in the middle of being written; the next read has it
    found: dict[str, None] = {}
    stages = lock.get("stages") if isinstance(lock, dict) else None
    for stage in stages.values() if isinstance(stages, dict) else ():
        for entry in _list(stage, "deps"):
            path = entry.get("path") if isinstance(entry, dict) else None
            if isinstance(path, str) and not path.endswith(".py"):
                found.setdefault(path[:1024])
    return list(found)


def _list(stage: Any, key: str) -> list[Any]:
    value = stage.get(key) if isinstance(stage, dict) else None
    return value if isinstance(value, list) else []


layout = Layout(
    "dvc",
    1,
    find,
    plain.members,
    plain.role,
    plain.complete,
    plain.ready,
    wanted,
    read,
    split_on_add=False,
)

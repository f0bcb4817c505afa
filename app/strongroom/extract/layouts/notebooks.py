"""Folders with notebooks: each executed one is a run; models beside them are what they wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from strongroom.domain.facts import FileFacts, Kind, RunFacts
from strongroom.extract.conventions import base, model_like
from strongroom.extract.layouts import plain
from strongroom.extract.layouts.gathering import Gathering
from strongroom.extract.layouts.layout import Layout, Role
from strongroom.extract.layouts.paths import below, parent, relative
from strongroom.formats.source import Source


def _notebook(path: str) -> bool:
    return base(path).endswith(".ipynb") and ".ipynb_checkpoints/" not in path


def find(paths: Sequence[str]) -> list[str]:
    return sorted({parent(path) for path in paths if _notebook(path)})


def members(folder: str, paths: Sequence[str]) -> list[str]:
    return [path for path in below(folder, paths) if role(relative(folder, path)) is not None]


def role(path: str) -> Role | None:
    if "/" in path:
        return None
    if _notebook(path):
        return Role(path, Kind.OTHER)
    return plain.role(path) if model_like(path) else None


def complete(paths: Sequence[str], read_text: Callable[[str], str]) -> bool:
    return False


def ready(group: str, paths: Sequence[str]) -> bool:
    return True


def wanted(path: str) -> bool:
    return "/" not in path and _notebook(path)


def read(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    gathering = Gathering()
    for path in sorted(facts):
        gathering.take_runs(facts[path])
    return gathering.only_run()


layout = Layout(
    "notebooks", 1, find, members, role, complete, ready, wanted, read, split_on_add=False
)

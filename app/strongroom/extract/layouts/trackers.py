"""Folders with a tracker's database: mlflow.db with mlruns/ beside it, an Optuna study.

One file holds many runs, so the folder's run is only what they have in common, and they are its
inner runs. What else lies in the folder is not theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from strongroom.domain.facts import FileFacts, Kind, RunFacts
from strongroom.extract.conventions import base, kind_by_name, tracker_database
from strongroom.extract.layouts.gathering import Gathering
from strongroom.extract.layouts.layout import Layout, Role
from strongroom.extract.layouts.paths import below, parent, relative
from strongroom.formats.source import Source

_MODEL = re.compile(r"(mlruns/[^/]+/models/[^/]+)/artifacts/")
_ARTIFACT = re.compile(r"(mlruns/[^/]+/[0-9a-f]{32}/artifacts)/([^/]+)(/?)")


def find(paths: Sequence[str]) -> list[str]:
    return sorted({parent(path) for path in paths if tracker_database(path)})


def members(folder: str, paths: Sequence[str]) -> list[str]:
    return [path for path in below(folder, paths) if role(relative(folder, path)) is not None]


def role(path: str) -> Role | None:
    if "/" not in path:
        return Role(path, Kind.METRICS, live=True) if tracker_database(path) else None
    model = _MODEL.match(path)
    if model:
        return Role("model", Kind.MODEL, group=model[1], root=f"{model[1]}/artifacts")
    artifact = _ARTIFACT.match(path)
    if artifact is None:
        return None
    root, first, inside = artifact.groups()
    if inside and "model" in first.lower():
        return Role(first, Kind.MODEL, group=f"{root}/{first}", root=f"{root}/{first}")
    return Role(path[len(root) + 1 :], kind_by_name(path), group=root, root=parent(path))


def complete(paths: Sequence[str], read_text: Callable[[str], str]) -> bool:
    """A study or an experiment can always go on."""
    return False


def ready(group: str, paths: Sequence[str]) -> bool:
    """A model's MLmodel is written last."""
    here = [p for p in paths if p.startswith(group + "/")]
    return not _MODEL.match(f"{group}/artifacts/") or any(base(p) == "mlmodel" for p in here)


def wanted(path: str) -> bool:
    return "/" not in path and tracker_database(path)


def read(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    gathering = Gathering()
    for path in sorted(facts):
        gathering.take_runs(facts[path])
    return gathering.run()


layout = Layout("trackers", 1, find, members, role, complete, ready, wanted, read)

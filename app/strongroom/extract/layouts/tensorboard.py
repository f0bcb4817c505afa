"""Folders with nothing but TensorBoard event files.

add_hparams() and add_scalars() of the writers make sub-folders with event files of their own,
Keras' callback makes train/ and validation/: none of these is a run by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from strongroom.domain.facts import FileFacts, Kind, RunFacts
from strongroom.extract.conventions import base
from strongroom.extract.layouts import plain
from strongroom.extract.layouts.gathering import Gathering
from strongroom.extract.layouts.layout import Layout, Role
from strongroom.extract.layouts.paths import below, parent
from strongroom.formats.source import Source

_PARTS = ("train", "validation", "val", "valid", "test", "eval", "evaluation")
_HPARAMS = re.compile(r"(?:hparams|\d{9,}(?:\.\d+)?)\Z")


def find(paths: Sequence[str]) -> list[str]:
    holding = {
        parent(path) for path in paths if "tfevents" in base(path) and "catboost_info/" not in path
    }
    runs = set()
    for folder in holding:
        upper, _, last = folder.rpartition("/")
        is_part = bool(folder) and (last in _PARTS or _HPARAMS.match(last) is not None)
        runs.add(upper if is_part else folder)
    # a sub-folder of a run belongs to it, but the watched root only collects runs
    return sorted(f for f in runs if not any(a in runs for a in _ancestors(f)))


def _ancestors(folder: str) -> list[str]:
    parts = folder.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]


def members(folder: str, paths: Sequence[str]) -> list[str]:
    return list(below(folder, paths))


def role(path: str) -> Role | None:
    if "tfevents" in base(path):
        return Role("events", Kind.METRICS, live=True)
    return plain.role(path)


def complete(paths: Sequence[str], read_text: Callable[[str], str]) -> bool:
    return False


def ready(group: str, paths: Sequence[str]) -> bool:
    return True


def wanted(path: str) -> bool:
    return "tfevents" in base(path)


def read(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    """Event files directly in the folder win over those below, whose tags get the folder's name
    (but those of add_hparams, which speak for the whole run)."""
    gathering = Gathering()
    started: list[float] = []
    ended: list[float] = []
    for path in sorted(facts, key=lambda p: (p.count("/"), p)):
        read_here = facts[path]
        gathering.take_params(read_here)
        folder = parent(path)
        speaks_for_all = not folder or _HPARAMS.match(base(folder))
        gathering.take_metrics(read_here, prefix="" if speaks_for_all else f"{folder}/")
        about = read_here.facts.about
        if isinstance(about.get("started_at"), float):
            started.append(about["started_at"])
            ended.append(about["ended_at"])
    return gathering.run(started_at=min(started, default=None), ended_at=max(ended, default=None))


layout = Layout("tensorboard", 1, find, members, role, complete, ready, wanted, read)

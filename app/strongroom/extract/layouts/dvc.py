"""A DVC pipeline's folder: what dvc.lock says was read, the rest as in a plain folder.

Layout: https://dvc.org/doc/user-guide/project-structure/dvcyaml-files. Older results are only in
the cache and in git; what lies on disk is the last `dvc repro`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strongroom.domain.facts import FileFacts, InputHint, RunFacts
from strongroom.domain.secrets import masked_lines
from strongroom.extract.conventions import base
from strongroom.extract.layouts import plain
from strongroom.extract.layouts.layout import Layout
from strongroom.extract.layouts.paths import parent
from strongroom.formats.source import Source

_LOCK = "dvc.lock"


def find(paths: Sequence[str]) -> list[str]:
    """A pipeline that has run and left something that a plain run would have too."""
    locked = {parent(path) for path in paths if base(path) == _LOCK}
    return sorted(locked & set(plain.find(paths))) if locked else []


def wanted(path: str) -> bool:
    return path == _LOCK or plain.wanted(path)


def read(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    """params.yaml wins over the lock, which has the same unless it was edited after the run."""
    stages = facts[_LOCK].facts.about.get("stages", []) if _LOCK in facts else []
    gathering = plain.gather({p: f for p, f in facts.items() if p != _LOCK})
    if _LOCK in facts:
        gathering.take_params(facts[_LOCK])
    made = [entry["path"] for stage in stages for entry in stage.get("outs", ())]
    for stage in stages:
        for entry in stage.get("deps", ()):
            target = entry["path"]
            if not target.endswith(".py"):
                why = f"{_LOCK}: deps of {stage['name']}"
                gathering.inputs.setdefault(target, InputHint(target, _LOCK, why, "declared"))
    commands = [f"{stage['name']}: {stage['cmd']}" for stage in stages if "cmd" in stage]
    if commands:
        gathering.provenance["command"] = masked_lines("; ".join(commands))
    return gathering.run(made=tuple(dict.fromkeys(made)))


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

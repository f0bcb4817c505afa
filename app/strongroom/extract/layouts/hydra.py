"""Hydra jobs, single or of a multirun: a folder with .hydra/ in it.

Layout: https://hydra.cc/docs/tutorials/basic/running_your_app/working_directory/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from strongroom.domain.facts import FileFacts, Kind, RunFacts
from strongroom.extract.conventions import base
from strongroom.extract.layouts import lightning, plain
from strongroom.extract.layouts.layout import Layout, Role
from strongroom.extract.layouts.paths import below, parent
from strongroom.formats.document import read_yaml
from strongroom.formats.source import Source, Unreadable

_FILES = (".hydra/config.yaml", ".hydra/hydra.yaml", ".hydra/overrides.yaml")
_LIGHTNING = re.compile(r"(?:.*/)?version_\d+/")
_MAX_BYTES = 1 << 20


def find(paths: Sequence[str]) -> list[str]:
    return sorted(
        parent(parent(path))
        for path in paths
        if path == ".hydra/config.yaml" or path.endswith("/.hydra/config.yaml")
    )


def members(folder: str, paths: Sequence[str]) -> list[str]:
    return list(below(folder, paths))


def role(path: str) -> Role | None:
    """Lightning's version_N inside a job is no run of its own, and its number is left out."""
    if path in _FILES:
        return Role("hydra", Kind.CONFIG, root=".hydra")
    inner = _LIGHTNING.match(path)
    found = lightning.role(path[inner.end() :]) if inner else plain.role(path)
    if found is None or not inner:
        return found
    start = inner.group()
    group = start + found.group if found.group else ""
    return Role(found.name, found.kind, group, (start + found.root).rstrip("/"), found.live)


def wanted(path: str) -> bool:
    if path in _FILES:
        return True
    inner = _LIGHTNING.match(path)
    return lightning.wanted(path[inner.end() :]) if inner else plain.wanted(path)


def read(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    """.hydra/config.yaml is what the job ran with, so it alone gives the parameters; metrics are
    whatever the program wrote, read as in a plain folder."""
    own = {path: read for path, read in facts.items() if path not in _FILES}
    gathering = plain.gather(own)
    config = facts.get(".hydra/config.yaml")
    if config is not None and config.facts.params:
        gathering.params.clear()
        gathering.inputs.clear()
        gathering.take_params(config)
        for path in own:
            gathering.take_metadata(own[path])
    provenance: dict[str, Any] = {}
    overrides = _document(sources.get(".hydra/overrides.yaml"))
    if isinstance(overrides, list):
        provenance["overrides"] = [str(item) for item in overrides[:1000]]
    hydra = facts.get(".hydra/hydra.yaml")
    if hydra is not None:
        said = hydra.facts.params
        for name, key in (("job", "hydra.job.name"), ("cwd", "hydra.runtime.cwd"),
                          ("version", "hydra.runtime.version")):  # fmt: skip
            if isinstance(said.get(key), str):
                provenance[name] = said[key]
    best = tuple(p for p in facts if base(p).startswith("best"))
    return gathering.run(provenance=provenance, best=best)


def _document(source: Source | None) -> Any:
    if source is None:
        return None
    try:
        return read_yaml(source.read(_MAX_BYTES))
    except (Unreadable, OSError):
        return None  # its warning comes with the file's own facts


layout = Layout("hydra", 1, find, members, role, plain.complete, plain.ready, wanted, read)

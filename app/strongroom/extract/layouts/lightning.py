"""PyTorch Lightning's logger folders: lightning_logs/version_N.

Layout: https://lightning.ai/docs/pytorch/stable/extensions/logging.html (CSVLogger and
TensorBoardLogger), checkpoints as ModelCheckpoint puts them below.
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

_VERSION = re.compile(r"(?:.*/)?version_\d+\Z")


def find(paths: Sequence[str]) -> list[str]:
    """version_N with one of the files that Lightning's loggers or its checkpointing leave."""
    found = set()
    for path in paths:
        folder, _, name = path.rpartition("/")
        if name.endswith(".ckpt") and base(folder) == "checkpoints":
            folder = parent(folder)
        elif name not in ("hparams.yaml", "metrics.csv") and "tfevents" not in name:
            continue
        if _VERSION.match(folder):
            found.add(folder)
    return sorted(found)


def members(folder: str, paths: Sequence[str]) -> list[str]:
    return list(below(folder, paths))


def role(path: str) -> Role | None:
    if path == "metrics.csv":
        return Role("metrics", Kind.METRICS, live=True)
    if path == "hparams.yaml":
        return Role("hparams", Kind.CONFIG)
    if path.endswith(".ckpt"):
        return Role("checkpoint", Kind.MODEL, group=path, root=parent(path))
    if "tfevents" in base(path):
        return Role("events", Kind.METRICS, live=True)
    return plain.role(path)


def complete(paths: Sequence[str], read_text: Callable[[str], str]) -> bool:
    return False


def ready(group: str, paths: Sequence[str]) -> bool:
    return True


def wanted(path: str) -> bool:
    # of the checkpoints only one, as all carry the same parameters
    return path in ("metrics.csv", "hparams.yaml", "checkpoints/last.ckpt") or "tfevents" in path


def read(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    """metrics.csv wins over event files, which have the same as float32 and add `hp_metric`.

    hparams.yaml wins over what a checkpoint carries, which is the same where both are there.
    """
    gathering = Gathering()
    for path in sorted(facts, key=lambda p: (not p.endswith(".yaml"), p.endswith(".ckpt"), p)):
        gathering.take_params(facts[path])
    has_table = bool(facts["metrics.csv"].facts.metrics) if "metrics.csv" in facts else False
    for path in sorted(facts, key=lambda p: (p != "metrics.csv", p)):
        if path == "metrics.csv" or not has_table:
            gathering.take_metrics(facts[path])
    gathering.metrics.pop("hp_metric", None)  # a placeholder of -1 for the hparams page
    gathering.series.pop("hp_metric", None)
    return gathering.run()


layout = Layout("lightning", 1, find, members, role, complete, ready, wanted, read)

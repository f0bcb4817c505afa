"""Ultralytics runs: args.yaml, results.csv and weights/.

Layout: https://docs.ultralytics.com/modes/train/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from strongroom.domain.facts import FileFacts, Kind, RunFacts, RunStatus
from strongroom.extract.conventions import base, image_like
from strongroom.extract.layouts import plain
from strongroom.extract.layouts.gathering import Gathering
from strongroom.extract.layouts.layout import Layout, Role
from strongroom.extract.layouts.paths import below, parent
from strongroom.formats.source import Source


def find(paths: Sequence[str]) -> list[str]:
    arguments = {parent(p) for p in paths if base(p) == "args.yaml"}
    others = {parent(p) for p in paths if base(p) == "results.csv"}
    others |= {
        parent(parent(p)) for p in paths if base(p) in ("last.pt", "best.pt") and "weights/" in p
    }
    return sorted(arguments & others)


def members(folder: str, paths: Sequence[str]) -> list[str]:
    return list(below(folder, paths))


def role(path: str) -> Role | None:
    found = re.match(r"weights/(best|last|epoch)(\d*)\.(?:pt|onnx|torchscript|engine)\Z", path)
    if found and found[2]:
        return Role("checkpoint", Kind.MODEL, group=path, root="weights")
    if found and path.endswith(".pt"):
        return Role(found[1], Kind.MODEL, root="weights")
    if path == "results.csv":
        return Role("metrics", Kind.METRICS, live=True)
    if path == "args.yaml":
        return Role("config", Kind.CONFIG)
    if "tfevents" in base(path):
        return Role("events", Kind.METRICS, live=True)
    if image_like(path):
        return Role("plots", Kind.OTHER, live=True)
    return plain.role(path)


def complete(paths: Sequence[str], read_text: Callable[[str], str]) -> bool:
    """The last row of results.csv is the last epoch asked for, or the final plot is drawn."""
    if "results.png" in paths:
        return True
    asked = re.search(r"^epochs: *(\d+)", read_text("args.yaml"), re.M)
    rows = read_text("results.csv").rstrip("\n").rpartition("\n")[2]
    last = re.match(r" *(\d+) *,", rows)
    return bool(asked and last and int(last[1]) >= int(asked[1]))


def ready(group: str, paths: Sequence[str]) -> bool:
    return True


def wanted(path: str) -> bool:
    return path in ("args.yaml", "results.csv")


def read(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    """results.csv is the only place with all metrics; what weights repeat is one epoch's."""
    gathering = Gathering()
    if "args.yaml" in facts:
        gathering.take_params(facts["args.yaml"])
    if "results.csv" in facts:
        gathering.take_metrics(facts["results.csv"])
    asked = gathering.params.get("epochs")
    rows = facts["results.csv"].facts.about.get("rows") if "results.csv" in facts else None
    done = isinstance(rows, int) and asked is not None and rows == asked.value
    return gathering.run(best=("weights/best.pt",), status=RunStatus.FINISHED if done else None)


layout = Layout("ultralytics", 1, find, members, role, complete, ready, wanted, read)

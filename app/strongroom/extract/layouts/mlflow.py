"""MLflow's file store: mlruns/EXPERIMENT/RUN with one small file a parameter, metric and tag.

Layout: https://mlflow.org/docs/latest/ml/tracking/backend-stores/ and
mlflow/store/tracking/file_store.py. Since MLflow 3 models lie beside the runs in models/m-ID.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from strongroom.domain.facts import FileFacts, Found, InputHint, Kind, RunFacts, RunStatus
from strongroom.extract.conventions import base, kind_by_name
from strongroom.extract.curve import Curve, thinning
from strongroom.extract.layouts.gathering import Gathering, number_series
from strongroom.extract.layouts.layout import Layout, Role
from strongroom.extract.layouts.paths import below, parent
from strongroom.extract.mlflow_db import TAGS, dataset_place
from strongroom.extract.tidy import tidy_text
from strongroom.formats.number import parse_number, parse_scalar
from strongroom.formats.source import Source, Unreadable
from strongroom.formats.text import decode, lines

_RUN = re.compile(r"(?:.*/)?[0-9a-f]{32}\Z")
_STATUS = {3: RunStatus.FINISHED, 4: RunStatus.FAILED, 5: RunStatus.FAILED, 1: RunStatus.RUNNING}
_MAX_VALUE = 64 << 10
_MAX_METRIC = 256 << 20
_LONGEST_LINE = 1000
_NAME, _VERSION = "mlflow", 1


def find(paths: Sequence[str]) -> list[str]:
    """RUN folders by their 32 hex digits; the experiment around them is no run."""
    return sorted(
        parent(path)
        for path in paths
        if base(path) == "meta.yaml" and _RUN.match(parent(path)) and _is_run(parent(path))
    )


def _is_run(folder: str) -> bool:
    return base(parent(folder)) not in ("datasets", "inputs", "outputs", "models")


def members(folder: str, paths: Sequence[str]) -> list[str]:
    """Its own files, the models that its outputs/ name, and the experiment's dataset notes."""
    mine = list(below(folder, paths))
    up = parent(folder)
    start = f"{up}/" if up else ""
    for path in list(mine):
        named = re.match(r"outputs/(m-[0-9A-Za-z]+)/", path[len(folder) :].lstrip("/"))
        if named:
            mine += below(f"{start}models/{named[1]}", paths)
    if any(path.startswith(f"{folder}/inputs/") for path in mine):
        mine += below(f"{start}datasets", paths)
    return list(dict.fromkeys(mine))


def role(path: str) -> Role | None:
    """Artifacts and models by themselves; MLflow's own notes of the run as one version, when it
    has ended. The experiment's dataset notes belong to no single run, so they are only read.
    """
    model = re.match(r"\.\./models/([^/]+)/artifacts/", path)
    if model:
        group = f"../models/{model[1]}"
        return Role("model", Kind.MODEL, group=group, root=f"{group}/artifacts")
    if path.startswith("../datasets/"):
        return None
    if path.startswith("../models/"):
        group = "/".join(path.split("/")[:3])
        return Role("model-tracking", Kind.METRICS, group=group, root=group, live=True)
    if not path.startswith("artifacts/"):
        return Role("tracking", Kind.METRICS, live=True)
    first, slash, rest = path.removeprefix("artifacts/").partition("/")
    if not slash:
        return Role(first, kind_by_name(path), root="artifacts")
    folder = f"artifacts/{first}"
    if "model" in first.lower() or base(path) == "MLmodel":
        return Role(first, Kind.MODEL, group=folder, root=folder)
    return Role(f"{first}/{rest}", kind_by_name(path), root=parent(path))


def complete(paths: Sequence[str], read_text: Callable[[str], str]) -> bool:
    """meta.yaml: status 3 finished, 4 failed, 5 killed."""
    return re.search(r"^status: *[345]\s*$", read_text("meta.yaml"), re.M) is not None


def ready(group: str, paths: Sequence[str]) -> bool:
    """A model's MLmodel is written last."""
    here = [p for p in paths if p.startswith(group + "/")]
    return not group or not here or any(base(p) == "mlmodel" for p in here)


def wanted(path: str) -> bool:
    return path == "meta.yaml" or path.startswith(
        ("params/", "metrics/", "tags/", "inputs/", "../datasets/")
    )


def read(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    gathering = Gathering()
    tags: dict[str, str] = {}
    for path in sorted(sources):
        try:
            if path.startswith("params/"):
                value = parse_scalar(_text(sources[path]))
                name = tidy_text(path.removeprefix("params/"))
                gathering.params[name] = Found(value, path, _NAME, _VERSION)
                gathering.hint(name, value, path)
            elif path.startswith("metrics/"):
                _metric(gathering, path, sources[path])
            elif path.startswith("tags/"):
                tags[tidy_text(path.removeprefix("tags/"))] = _text(sources[path])
        except (Unreadable, OSError) as why:
            gathering.warnings.append(f"{path} could not be read: {why}.")
    for target, file in _datasets(facts):
        gathering.inputs[target] = InputHint(target, file, f"{file}: source", "declared")
    meta = facts["meta.yaml"].facts.params if "meta.yaml" in facts else {}
    status = meta.get("status")
    provenance: dict[str, Any] = {
        key: str(meta[key]) for key in ("run_id", "experiment_id") if meta.get(key)
    }
    provenance |= {t: tags[f"mlflow.{t}"] for t in TAGS if f"mlflow.{t}" in tags}
    own = {k: v for k, v in tags.items() if not k.startswith("mlflow.")}
    if own:
        provenance["tags"] = own
    return gathering.run(
        name=str(meta.get("run_name") or tags.get("mlflow.runName") or ""),
        status=_STATUS.get(status) if isinstance(status, int) else None,
        started_at=_seconds(meta.get("start_time")),
        ended_at=_seconds(meta.get("end_time")),
        provenance=provenance,
    )


def _text(source: Source) -> str:
    return decode(source.read(_MAX_VALUE)).strip()


def _metric(gathering: Gathering, path: str, source: Source) -> None:
    """Lines `milliseconds value step`. log_model() repeats the first line at the end of the file,
    so lines are put in step order and exact repeats are dropped."""
    curve = Curve()
    for line in lines(source.open(), source.head, _LONGEST_LINE, _MAX_METRIC):
        parts = line.split()
        value = parse_number(parts[1]) if len(parts) > 1 else None
        time = parse_number(parts[0]) if parts else None
        if value is None or time is None:
            continue
        step = parse_number(parts[2]) if len(parts) > 2 else None
        curve.add(step, value, time / 1000)
    if points := curve.points():
        name = tidy_text(path.removeprefix("metrics/"))
        gathering.series[name], final = number_series(points)
        gathering.warnings += [f"{path}: {said}" for said in thinning({name: curve})]
        gathering.metrics[name] = Found(final, path, _NAME, _VERSION)


def _datasets(facts: Mapping[str, FileFacts]) -> list[tuple[str, str]]:
    """inputs/*/meta.yaml names a dataset by its id, datasets/ID/meta.yaml its source as JSON."""
    found = []
    for path in sorted(facts):
        if not path.startswith("inputs/"):
            continue
        ident = facts[path].facts.params.get("source_id")
        note = f"../datasets/{ident}/meta.yaml"
        said = facts[note].facts.params.get("source") if note in facts else None
        target = dataset_place(said) if isinstance(said, str) else ""
        if target:
            found.append((target, note))
    return found


def _seconds(value: Any) -> float | None:
    if isinstance(value, (int, float)) and 0 < value < 1e15:
        return value / 1000
    return None


layout = Layout("mlflow", 1, find, members, role, complete, ready, wanted, read)

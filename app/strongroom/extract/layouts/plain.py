"""A folder that holds a model beside its parameters or metrics: a run of nobody's tool."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from strongroom.domain.facts import FileFacts, Kind, RunFacts
from strongroom.extract import environment
from strongroom.extract.conventions import (
    base,
    config_like,
    kind_by_name,
    metric_table,
    metrics_like,
    model_like,
    tracker_database,
    training_state,
)
from strongroom.extract.layouts.gathering import Gathering
from strongroom.extract.layouts.layout import Layout, Role
from strongroom.extract.layouts.paths import (
    CHECKPOINT_FOLDER,
    CHECKPOINT_FOLDERS,
    below,
    is_checkpoint_file,
    parent,
    relative,
    without_numbers,
)
from strongroom.formats.source import Source

#: Folders of a run that are part of it and never runs themselves.
_OWNED = frozenset({
    *CHECKPOINT_FOLDERS, "models", "model", "saved_models", "artifacts", "logs", "log", "tb",
    "tensorboard", "tblogs", "events", "summaries", "catboost_info", "plots", "figures", "metrics",
    "results", "eval", "evaluation", "config", "configs", "predictions",
})  # fmt: skip
_HOLDS_MODELS = (*CHECKPOINT_FOLDERS, "models", "model", "saved_models")
_STATED = (".json", ".yaml", ".yml", ".toml", ".csv", ".tsv", ".jsonl")
_RUN_DOCUMENTS = ("run.json", "summary.json", "experiment.json", "info.json")
#: v1, run_2, exp-003, 2024-05-01, 7: one of several like it, holding a model.
_NUMBERED_FOLDER = re.compile(
    r"(?:v|ver|version|run|exp|experiment|trial|fold|seed|attempt|job)?[-_ ]?\d[\dT:._-]*\Z", re.I
)
_NOT_TAKEN = re.compile(
    r"(?:.*/)?(?:__pycache__|\.git|\.dvc|\.ipynb_checkpoints|node_modules)/|(?:.*/)?(?:\.DS_Store|"
    r"Thumbs\.db|.*\.pyc|\.gitignore|\.dvcignore)\Z"
)
#: Readers of models that hold what the training was started with.
_TELLING_MODELS = ("torch", "lightgbm", "catboost")
_LIVE = (".csv", ".tsv", ".jsonl", ".log", ".out", ".err")


def states_run(path: str) -> bool:
    """Whether a file of this name holds parameters or metrics."""
    name = base(path)
    if name in _RUN_DOCUMENTS:
        return True
    return name.endswith(_STATED) and (config_like(name) or metrics_like(name))


def find(paths: Sequence[str]) -> list[str]:
    stated: set[str] = set()
    with_params: set[str] = set()
    with_metrics: set[str] = set()
    with_model: set[str] = set()
    found: set[str] = set()
    for path in paths:
        if _NOT_TAKEN.match(path):
            continue
        folder, name = parent(path), base(path)
        if base(folder) == "catboost_info":
            if metrics_like(name):
                stated.add(parent(folder))
        elif states_run(name):
            stated.add(folder)
            (with_metrics if metrics_like(name) else with_params).add(folder)
        elif model_like(name):
            with_model.add(folder)
            upper, _, last = folder.rpartition("/")
            if last.lower() in _HOLDS_MODELS or CHECKPOINT_FOLDER.match(last):
                with_model.add(upper)
            if _NUMBERED_FOLDER.match(last):
                found.add(folder)
    # parameters and metrics together are a run whose model is still to come
    found |= (stated & with_model) | (with_params & with_metrics)
    return sorted(folder for folder in found if not _is_checkpoint_folder(folder))


def _is_checkpoint_folder(folder: str) -> bool:
    return bool(CHECKPOINT_FOLDER.match(folder.rpartition("/")[2]))


def owns(path: str) -> bool:
    """Whether a path below a plain run's folder belongs to it rather than to a run of its own."""
    first, slash, _ = path.partition("/")
    return not slash or first.lower() in _OWNED or bool(CHECKPOINT_FOLDER.match(first))


def owns_models(path: str) -> bool:
    """Whether a folder that looks like a run is only where a plain run keeps its models."""
    first = path.partition("/")[0]
    return first.lower() in _HOLDS_MODELS or bool(CHECKPOINT_FOLDER.match(first))


def members(folder: str, paths: Sequence[str]) -> list[str]:
    return [path for path in below(folder, paths) if owns(relative(folder, path))]


def role(path: str) -> Role | None:
    if _NOT_TAKEN.match(path):
        return None
    parts = path.split("/")
    for depth, part in enumerate(parts[:-1]):
        if CHECKPOINT_FOLDER.match(part):
            group = "/".join(parts[: depth + 1])
            name = "checkpoint" if depth == 0 else without_numbers(group)
            return Role(name, Kind.MODEL, group=group, root=group)
    name = base(path)
    if parts[0] == "catboost_info":  # one log in six files, all of them rewritten as it trains
        return Role("catboost_info", Kind.METRICS, root="catboost_info", live=True)
    if "tfevents" in name:
        folder = parent(path)
        joined = f"{folder}/events" if folder else "events"
        return Role(joined, Kind.METRICS, root=folder, live=True)
    kind = Kind.METRICS if name in _RUN_DOCUMENTS else kind_by_name(path)
    if kind is Kind.MODEL and is_checkpoint_file(path):
        return Role(without_numbers(path), Kind.MODEL, group=path, root=parent(path))
    live = name.endswith(_LIVE) and (kind is not Kind.DATASET or metrics_like(name))
    if live and kind is Kind.DATASET:
        kind = Kind.METRICS
    return Role(path, kind, root=parent(path), live=live)


def complete(paths: Sequence[str], read_text: Callable[[str], str]) -> bool:
    """Nobody's tool, so nothing says that it has ended."""
    return False


def ready(group: str, paths: Sequence[str]) -> bool:
    """False while a file `…-00001-of-00003` lacks one of its fellows."""
    shards: dict[tuple[str, str], set[str]] = {}
    for path in paths:
        found = re.match(r"(.*)-(\d{5})-of-(\d{5})(\.\w+)\Z", path)
        if found:
            key = (found[1] + found[4], found[3])
            shards.setdefault(key, set()).add(found[2])
    return all(len(seen) == int(total) for (_, total), seen in shards.items())


def wanted(path: str) -> bool:
    if path.count("/") > 2 or _NOT_TAKEN.match(path):
        return False
    name = base(path)
    if path.startswith("catboost_info/"):
        return name in ("learn_error.tsv", "test_error.tsv")
    if tracker_database(name) or environment.named(name):
        return "/" not in path
    if states_run(path) or "tfevents" in name:
        return not CHECKPOINT_FOLDER.match(path.split("/", 1)[0])
    return model_like(path) and "/" not in path and not training_state(path)


def read(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    """A document with final metrics wins over the end of a history, that over event files:

    the first was written to say the result, the others only to show the way.
    """
    gathering = gather(facts)
    best = tuple(p for p in facts if model_like(p) and base(p).startswith("best"))
    return gathering.run(best=best)


def gather(facts: Mapping[str, FileFacts]) -> Gathering:
    gathering = Gathering()
    for path in sorted(facts, key=_param_rank):
        if facts[path].facts.kind is not Kind.MODEL or facts[path].reader in _TELLING_MODELS:
            gathering.take_params(facts[path])
    for path in sorted(facts):
        gathering.take_packages(facts[path])
    if not gathering.params:  # then a pickled estimator, which lists its defaults too, is welcome
        for path in sorted(path for path in facts if facts[path].reader == "pickle"):
            gathering.take_params(facts[path])
    for path in sorted(facts, key=lambda p: _metric_rank(facts[p])):
        gathering.take_metrics(facts[path], _set_of(path))
        gathering.take_metadata(facts[path])
        gathering.take_runs(facts[path])
    return gathering


def _param_rank(path: str) -> tuple[int, int, str]:
    """Names that say "parameters" before those that say "configuration", models last."""
    name = base(path)
    order = ("param", "hparam", "hyperparam", "run.json", "args", "config")
    rank = next((n for n, word in enumerate(order) if word in name), len(order))
    return (rank if not model_like(path) else len(order) + 1, path.count("/"), path)


def _metric_rank(read: FileFacts) -> tuple[int, int, str]:
    if read.reader == "tensorboard":
        rank = 3
    elif read.facts.series:
        rank = 2 if read.reader in ("table", "jsonl") else 1
    else:
        rank = 0
    # among histories the one that is named for metrics is the main one
    named = 0 if metric_table(read.path) else 1
    return (rank, named + read.path.count("/"), read.path)


def _set_of(path: str) -> str:
    """CatBoost's files name no set; its own API calls them learn and validation."""
    if path.endswith("catboost_info/learn_error.tsv"):
        return "learn/"
    return "validation/" if path.endswith("catboost_info/test_error.tsv") else ""


layout = Layout("plain", 1, find, members, role, complete, ready, wanted, read, split_on_add=False)

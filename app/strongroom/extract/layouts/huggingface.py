"""Hugging Face folders: Trainer output with checkpoint-N, and saved models and adapters.

Layout: https://huggingface.co/docs/transformers/main_classes/trainer
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from strongroom.domain.facts import FileFacts, Kind, RunFacts, RunStatus
from strongroom.extract.conventions import base, config_like, metrics_like, training_state
from strongroom.extract.layouts import plain
from strongroom.extract.layouts.gathering import Gathering
from strongroom.extract.layouts.layout import Layout, Role
from strongroom.extract.layouts.paths import below, parent
from strongroom.formats.source import Source

_CHECKPOINT = re.compile(r"(?:(.*)/)?(checkpoint-(\d+))\Z")
_WEIGHTS = re.compile(
    r"(?:model|pytorch_model)(?:-\d+-of-\d+)?\.(?:safetensors|bin)(?:\.index\.json)?\Z"
)
_ADAPTER = re.compile(r"adapter_(?:model\.(?:safetensors|bin)|config\.json)\Z")
_MODEL_PARTS = re.compile(
    r"(?:config|generation_config|preprocessor_config|processor_config|tokenizer|tokenizer_config|"
    r"special_tokens_map|added_tokens|vocab|chat_template|feature_extractor)\.\w+\Z|merges\.txt\Z|"
    r"vocab\.txt\Z|spiece\.model\Z|tokenizer\.model\Z|sentencepiece\.bpe\.model\Z"
)
_STATES = ("trainer_state.json", "training_args.bin")


def find_trainer(paths: Sequence[str]) -> list[str]:
    """A folder with checkpoint-N that hold a trainer's state, or with that state itself."""
    found = set()
    for path in paths:
        if base(path) not in _STATES:
            continue
        folder = parent(path)
        checkpoint = _CHECKPOINT.match(folder)
        found.add((checkpoint[1] or "") if checkpoint else folder)
    return sorted(found)


def find_model(paths: Sequence[str]) -> list[str]:
    """config.json beside weights of the names that save_pretrained gives, or an adapter."""
    names: dict[str, set[str]] = {}
    for path in paths:
        name = base(path)
        if _WEIGHTS.match(name) or _ADAPTER.match(name) or plain.states_run(name):
            names.setdefault(parent(path), set()).add(name)
    found = []
    for folder, here in names.items():
        if _CHECKPOINT.match(folder):
            continue
        saved = "config.json" in here and any(map(_WEIGHTS.match, here))
        adapter = "adapter_config.json" in here and sum(map(bool, map(_ADAPTER.match, here))) > 1
        others = [n for n in here if not _WEIGHTS.match(n) and not _MODEL_PARTS.match(n)]
        if adapter or (saved and not any(metrics_like(n) or config_like(n) for n in others)):
            found.append(folder)
    return sorted(found)


def find_pipeline(paths: Sequence[str]) -> list[str]:
    """A diffusers pipeline: model_index.json, and a folder for each of its parts."""
    return sorted(
        parent(path)
        for path in paths
        if base(path) == "model_index.json" and not _CHECKPOINT.match(parent(path))
    )


def pipeline_role(path: str) -> Role | None:
    """All of it together is the model."""
    found = plain.role(path)
    return Role("model", Kind.MODEL) if found is not None else None


def members(folder: str, paths: Sequence[str]) -> list[str]:
    return list(below(folder, paths))


def role(path: str) -> Role | None:
    first, slash, _ = path.partition("/")
    if slash and _CHECKPOINT.match(first):
        return Role("checkpoint", Kind.MODEL, group=first, root=first)
    name = base(path)
    if not slash and _ADAPTER.match(name):
        return Role("adapter", Kind.MODEL)
    if not slash and (_WEIGHTS.match(name) or _MODEL_PARTS.match(name)):
        return Role("model", Kind.MODEL)
    if "tfevents" in name:
        return Role("events", Kind.METRICS, live=True)
    if path == "trainer_state.json":
        return Role("trainer_state", Kind.METRICS)
    if path == "training_args.bin":
        return Role("training_args", Kind.CONFIG)
    return plain.role(path)


def complete(paths: Sequence[str], read_text: Callable[[str], str]) -> bool:
    """save_state() writes the root's trainer_state.json when training is over."""
    return "trainer_state.json" in paths


def ready(group: str, paths: Sequence[str]) -> bool:
    """The trainer's state is what a checkpoint ends with; shards come one by one."""
    here = [p for p in paths if not group or p.startswith(group + "/")]
    if not plain.ready(group, here):
        return False
    names = {base(p) for p in here}
    if group and "trainer_state.json" not in names:
        return any(_ADAPTER.match(n) for n in names)
    return True


def pipeline_wanted(path: str) -> bool:
    return path == "model_index.json" or (path.count("/") < 2 and base(path) == "config.json")


def read_pipeline(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    """Which classes it is put together of, and the settings of each part under its name."""
    gathering = Gathering()
    for path in sorted(facts, key=lambda p: (p.count("/"), p)):
        part = parent(path)
        for name, value in facts[path].facts.params.items():
            gathering.param(f"{part}.{name}" if part else name, value, facts[path])
        gathering.warnings.extend(facts[path].facts.warnings)
    return gathering.run()


def wanted(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    if folder and not _CHECKPOINT.match(folder):
        return False
    if folder:
        return name in _STATES
    return name in (*_STATES, "config.json", "adapter_config.json") or metrics_like(name)


def read(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    """The root's trainer_state.json wins: it has one evaluation more than the last checkpoint's.

    Without it the highest checkpoint speaks. Event files repeat the same as float32 and
    `all_results.json` the same rounded, so both only fill gaps.
    """
    gathering = Gathering()
    states = sorted((p for p in facts if base(p) == "trainer_state.json"), key=_step, reverse=True)
    arguments = sorted((p for p in facts if base(p) == "training_args.bin"), key=_step)
    for path in [*arguments[-1:], "config.json", "adapter_config.json"]:
        if path in facts:
            gathering.take_params(facts[path])
    for path in states[:1]:
        gathering.take_metrics(facts[path])
    for path in sorted(facts):
        if not training_state(path) and metrics_like(path):
            gathering.take_metrics(facts[path])
    state = facts[states[0]].facts.about if states else {}
    best = str(state.get("best_model_checkpoint") or "").replace("\\", "/").rpartition("/")[2]
    done = "trainer_state.json" in facts and bool(state)
    return gathering.run(
        best=(best,) if _CHECKPOINT.match(best) else (),
        status=RunStatus.FINISHED if done else None,
    )


def _step(path: str) -> float:
    """The root counts as beyond every checkpoint."""
    found = _CHECKPOINT.match(parent(path))
    return float(found[3][:15]) if found else float("inf")


trainer = Layout("hf_trainer", 1, find_trainer, members, role, complete, ready, wanted, read)
#: Not split by `add`: a saved model is one thing, and no run at all.
model = Layout("hf_model", 1, find_model, members, role, plain.complete, ready, wanted, read, False)
#: Nor is a pipeline.
pipeline = Layout(
    "diffusers", 1, find_pipeline, members, pipeline_role, plain.complete, plain.ready,
    pipeline_wanted, read_pipeline, False,
)  # fmt: skip

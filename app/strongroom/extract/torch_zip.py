"""PyTorch and Lightning checkpoints: a ZIP with a pickle, read by structure and never loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.conventions import training_state
from strongroom.extract.reader import Reader
from strongroom.formats.document import flatten
from strongroom.formats.pickle_walk import Call
from strongroom.formats.source import Source
from strongroom.formats.torch_checkpoint import Checkpoint, Tensor, plain, read_checkpoint

_MAX_TENSORS = 20_000
_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".pt2", ".torchscript", ".ptl")
#: Where trainings put what they were started with, the most telling first.
_PARAMS = ("hyper_parameters", "hparams", "train_args", "args", "config", "cfg", "params")
#: Where they put the model, and what is none of it.
_MODEL = ("state_dict", "model_state_dict", "model", "module", "net", "weights")
_ASIDE = (
    "optimizer.", "optimizer_states.", "optimizer_state_dict.", "lr_schedulers.", "loops.", "rng.",
    "scheduler.", "ema.",
)  # fmt: skip
_TRAINING_ARGUMENTS = "TrainingArguments"
_MAX_GLOBALS = 1000


def aside(name: str) -> bool:
    """Whether a tensor of this name belongs to the training, not to the model."""
    return name.startswith(_ASIDE)


def fits(source: Source) -> bool:
    if not source.head.startswith(b"PK\x03\x04"):
        return False
    return b"/data.pkl" in source.head[:512] or source.name.lower().endswith(_SUFFIXES)


def read(source: Source) -> Facts:
    checkpoint = read_checkpoint(source)
    value = checkpoint.value
    about: dict[str, Any] = {"globals": list(checkpoint.globals[:_MAX_GLOBALS])}
    if isinstance(value, Call) and value.func.endswith(_TRAINING_ARGUMENTS):
        return Facts(Kind.CONFIG, "torch-training-arguments", _arguments(value), about=about)
    if _is_state(source, value):
        return Facts(Kind.OTHER, "torch-training-state", about=about)
    weights = _weights(value, checkpoint)
    about["tensors"] = [
        {"name": t.name, "dtype": t.dtype, "shape": list(t.shape)} for t in weights[:_MAX_TENSORS]
    ]
    about["parameters"] = sum(_elements(t.shape) for t in weights)
    if isinstance(value, Mapping):
        about["state"] = {
            k: v
            for k, v in list(value.items())[:1000]
            if isinstance(k, str) and isinstance(v, (bool, int, float, str)) and len(str(v)) < 4096
        }
    return Facts(Kind.MODEL, "torch", _params(value), about=about)


def _elements(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= max(0, min(size, 1 << 48))
        if count > 1 << 62:
            return 1 << 62
    return count


def _weights(value: Any, checkpoint: Checkpoint) -> list[Tensor]:
    """The model's own tensors by their own names; those of optimizers and loops are not counted."""
    if not isinstance(value, Mapping):
        return list(checkpoint.tensors)
    for key in _MODEL:
        start = f"{key}."
        inside = [t for t in checkpoint.tensors if t.name.startswith(start)]
        if isinstance(value.get(key), (Mapping, Call)) and inside:
            return [replace(t, name=t.name.removeprefix(start)) for t in inside]
    return [t for t in checkpoint.tensors if not t.name.startswith(_ASIDE)]


def _is_state(source: Source, value: Any) -> bool:
    if training_state(source.name):
        return True
    if not isinstance(value, Mapping):
        return False
    keys = {key for key in value if isinstance(key, str)}
    return (
        {"state", "param_groups"} <= keys
        or {"last_epoch", "_step_count"} <= keys
        or ("cpu" in keys and {"python", "numpy"} & keys != set() and len(keys) < 10)
    )


def _arguments(call: Call) -> dict[str, Any]:
    state = plain(call.state)
    if not isinstance(state, dict):
        return {}
    return {k: v for k, v in state.items() if not k.startswith("_") and not isinstance(v, dict)}


def _params(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    for key in _PARAMS:
        found = plain(value.get(key))
        if isinstance(found, dict) and found:
            return {k: v for k, v in flatten(found).items() if k}
    return {}


reader = Reader("torch", 1, fits, read)

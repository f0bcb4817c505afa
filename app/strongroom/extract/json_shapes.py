"""Documents that are known by their keys, whatever their file is called.

Each shape looks at a parsed document and answers with facts, or None where it is not meant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strongroom.domain.facts import Facts, Kind, Number
from strongroom.extract.catboost import told_params
from strongroom.extract.conventions import base, config_like, metrics_like, sound_like_metrics
from strongroom.extract.curve import Curves, counted, finals, series
from strongroom.extract.jsonl import add_record, as_number
from strongroom.extract.notebook import notebook
from strongroom.formats.document import flatten
from strongroom.formats.source import Source

_MAX_TEXTS = 1000


def trainer_state(source: Source, document: Any) -> Facts | None:
    """Transformers: https://huggingface.co/docs/transformers/main_classes/callback TrainerState.

    log_history mixes training, evaluation and summary rows; each metric's value at the highest
    step is final, the later of two at one step.
    """
    if not isinstance(document, dict) or not isinstance(document.get("log_history"), list):
        return None
    if "global_step" not in document:
        return None
    curves = Curves()
    skipped = 0
    for place, row in enumerate(document["log_history"][:1_000_000]):
        if isinstance(row, dict):
            add_record(row, place, curves)
        else:
            skipped += 1
    metrics = finals(curves)
    if as_number(document.get("epoch")) is not None:
        metrics["epoch"] = document["epoch"]
    kept = ("global_step", "max_steps", "num_train_epochs", "best_metric", "best_model_checkpoint",
            "best_global_step", "epoch", "train_batch_size")  # fmt: skip
    about = {k: document[k] for k in kept if isinstance(document.get(k), (int, float, str))}
    said = (f"{skipped} entries of log_history are no objects and are left out.",)
    return Facts(
        kind=Kind.METRICS,
        format="trainer-state",
        metrics=metrics,
        series=series(curves),
        about=about,
        warnings=said if skipped else (),
    )


def _number_list(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(as_number(item) is not None for item in value)
    )


def _numbers(values: list[Any]) -> list[Number]:
    return [number for number in map(as_number, values) if number is not None]


def evals_result(source: Source, document: Any) -> Facts | None:
    """`{set: {metric: [value per round]}}` as XGBoost and LightGBM give it; named `set-metric`."""
    if not isinstance(document, dict) or not document or config_like(source.path):
        return None
    if not all(
        isinstance(inner, dict) and inner and all(map(_number_list, inner.values()))
        for inner in document.values()
    ):
        return None
    curves = {
        f"{group}-{name}": counted(_numbers(values))
        for group, inner in document.items()
        for name, values in inner.items()
    }
    return Facts(Kind.METRICS, "evals-result", metrics=finals(curves), series=series(curves))


def history(source: Source, document: Any) -> Facts | None:
    """`{metric: [value per epoch]}` with lists of one length, as Keras' History.history."""
    if not isinstance(document, dict) or not all(map(_number_list, document.values())):
        return None
    if config_like(source.path) or not (
        metrics_like(source.path) or sound_like_metrics(list(document))
    ):
        return None
    if len({len(values) for values in document.values()}) != 1:
        return None
    if len(next(iter(document.values()))) < 2:
        return None
    curves = {name: counted(_numbers(values)) for name, values in document.items()}
    return Facts(Kind.METRICS, "history", metrics=finals(curves), series=series(curves))


def xgboost(source: Source, document: Any) -> Facts | None:
    """https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html; a saved model has
    attributes, what save_config() gives has not and is configuration."""
    return xgboost_model(document, "json")


def xgboost_model(document: Any, form: str) -> Facts | None:
    """Of a document that was JSON or UBJSON (`form`)."""
    learner = document.get("learner") if isinstance(document, dict) else None
    if not isinstance(learner, dict) or "gradient_booster" not in learner:
        return None
    booster = learner["gradient_booster"]
    model = booster.get("model") if isinstance(booster, dict) else None
    if "attributes" not in learner and not isinstance(model, dict):
        return Facts(Kind.CONFIG, "xgboost-config")
    trees = model.get("trees") if isinstance(model, dict) else None
    about: dict[str, Any] = {
        "metadata": learner.get("attributes") or {},
        "features": _texts(learner.get("feature_names")),
    }
    if isinstance(trees, list):
        about["trees"] = len(trees)
    objective = learner.get("objective")
    if isinstance(objective, dict) and isinstance(objective.get("name"), str):
        about["objective"] = objective["name"][:200]
    version = document.get("version")
    if isinstance(version, list) and all(isinstance(part, int) for part in version[:4]):
        about["library_versions"] = {"xgboost": ".".join(map(str, version[:4]))}
    return Facts(Kind.MODEL, f"xgboost-{form}", about=about)


def lightgbm(source: Source, document: Any) -> Facts | None:
    if not isinstance(document, dict) or "tree_info" not in document:
        return None
    trees = document["tree_info"]
    about = {
        "features": _texts(document.get("feature_names")),
        "trees": len(trees) if isinstance(trees, list) else None,
    }
    return Facts(Kind.MODEL, "lightgbm-json", about=about)


def catboost(source: Source, document: Any) -> Facts | None:
    if not isinstance(document, dict) or "features_info" not in document:
        return None
    trees = document.get("oblivious_trees")
    about = {"trees": len(trees)} if isinstance(trees, list) else {}
    info = document.get("model_info")
    params = info.get("params") if isinstance(info, dict) else None
    told = told_params(params) if isinstance(params, dict) else {}
    return Facts(Kind.MODEL, "catboost-json", params=told, about=about)


def shard_index(source: Source, document: Any) -> Facts | None:
    """`model.safetensors.index.json`: which shard holds which tensor."""
    if not isinstance(document, dict) or not isinstance(document.get("weight_map"), dict):
        return None
    shards = sorted({str(name) for name in document["weight_map"].values()})
    about = {"shards": shards[:_MAX_TEXTS], "tensors_indexed": len(document["weight_map"])}
    return Facts(Kind.MODEL, "shard-index", about=about)


def tokenizer(source: Source, document: Any) -> Facts | None:
    """The vocabulary is no parameter."""
    if not isinstance(document, dict):
        return None
    name = base(source.path)
    if name.startswith(("tokenizer", "special_tokens_map", "vocab", "added_tokens")) or (
        "added_tokens" in document and isinstance(document.get("model"), dict)
    ):
        return Facts(Kind.CONFIG, "tokenizer", about={"keys": list(document)[:_MAX_TEXTS]})
    return None


def pipeline_index(source: Source, document: Any) -> Facts | None:
    """diffusers' model_index.json: which class of which library each part is."""
    if base(source.path) != "model_index.json" or not isinstance(document, dict):
        return None
    if "_class_name" not in document and "_diffusers_version" not in document:
        return None
    parts = {
        name: ".".join(str(word) for word in value)
        for name, value in document.items()
        if isinstance(value, list) and len(value) == 2 and all(value)
    }
    about: dict[str, Any] = {"class": str(document.get("_class_name", ""))[:200], "parts": parts}
    if isinstance(document.get("_diffusers_version"), str):
        about["library_versions"] = {"diffusers": document["_diffusers_version"][:50]}
    params = {f"parts.{name}": value for name, value in parts.items()}
    params |= {
        name: value
        for name, value in document.items()
        if not name.startswith("_") and isinstance(value, (bool, int, float, str))
    }
    if isinstance(document.get("_name_or_path"), str):
        params["_name_or_path"] = document["_name_or_path"]
    return Facts(Kind.CONFIG, "diffusers-index", params=params, about=about)


def adapter(source: Source, document: Any) -> Facts | None:
    """PEFT's adapter_config.json: what is added to which model."""
    if not isinstance(document, dict) or "peft_type" not in document:
        return None
    about = {
        key: document[key]
        for key in ("base_model_name_or_path", "revision", "peft_type", "task_type")
        if isinstance(document.get(key), str)
    }
    if isinstance(document.get("peft_version"), str):
        about["library_versions"] = {"peft": document["peft_version"][:50]}
    return Facts(Kind.CONFIG, "peft-adapter", params=flatten(document), about=about)


def saved_model_config(source: Source, document: Any) -> Facts | None:
    """The config.json that Transformers writes beside a model."""
    if not isinstance(document, dict) or not isinstance(document.get("transformers_version"), str):
        return None
    if "model_type" not in document:
        return None
    about: dict[str, Any] = {"model_type": str(document["model_type"])[:200]}
    about["library_versions"] = {"transformers": document["transformers_version"][:50]}
    if isinstance(document.get("architectures"), list):
        about["class"] = ", ".join(map(str, document["architectures"]))[:200]
    return Facts(Kind.CONFIG, "transformers-config", params=flatten(document), about=about)


def _texts(value: Any) -> list[str]:
    return [str(v) for v in value[:_MAX_TEXTS]] if isinstance(value, list) else []


Shape = Callable[[Source, Any], Facts | None]

#: In order of precedence; the first that answers is believed.
SHAPES: tuple[Shape, ...] = (
    pipeline_index, adapter, saved_model_config, trainer_state, evals_result, xgboost, lightgbm,
    catboost, shard_index, tokenizer, notebook, history,
)  # fmt: skip

"""What file names and column names commonly mean in training folders."""

from __future__ import annotations

import re
from collections.abc import Collection

from strongroom.domain.facts import Kind

_METRICS = re.compile(
    r"(?:^|[._-])(?:metrics?|results?|scores?|history|evals?|evaluation|loss(?:es)?|"
    r"evals_result|progress|train_?log|training_?log|learn_error|test_error|"
    r"eval_results|all_results|train_results)(?:[._-]|$)"
)
#: Names of tables that are metrics without counting steps; "eval.csv" may well be a dataset.
_METRIC_TABLE = re.compile(
    r"(?:^|[._-])(?:metrics?|results?|history|progress|loss(?:es)?|train_?log|training_?log|"
    r"evals_result|learn_error|test_error)$"
)
_CONFIG = re.compile(
    r"(?:^|[._-])(?:config|configuration|params?|parameters|hparams|hyperparameters?|args|"
    r"arguments|settings|options|conf|overrides)(?:[._-]|$)"
)
_STATE = re.compile(
    r"(?:optimizer(?:_\d+)?\.(?:pt|bin|pth)|scheduler(?:_\d+)?\.(?:pt|bin)|scaler\.pt|"
    r"rng_state(?:_\d+)?\.pth|random_states_\d+\.pkl|training_args\.bin)\Z"
)
MODEL_SUFFIXES = (
    ".safetensors", ".pt", ".pth", ".ckpt", ".onnx", ".gguf", ".pkl", ".pickle", ".joblib", ".ubj",
    ".cbm", ".keras", ".h5", ".hdf5", ".tflite", ".pb", ".mlmodel", ".pmml", ".bst", ".ggml",
    ".skops", ".torchscript", ".ptl", ".engine", ".msgpack",
)  # fmt: skip
_DATA_SUFFIXES = (
    ".csv", ".tsv", ".parquet", ".feather", ".arrow", ".avro", ".orc", ".npy", ".npz", ".jsonl",
    ".ndjson", ".tfrecord", ".csv.gz", ".tsv.gz", ".jsonl.gz", ".xlsx",
)  # fmt: skip
_LOG_SUFFIXES = (".log", ".out", ".err", ".stdout", ".stderr")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
#: Names of databases that trackers keep; what is inside is looked at by the reader.
_TRACKER_DATABASE = re.compile(
    r"(?:.*[-_.])?(?:mlflow|optuna|stud(?:y|ies))(?:[-_.].*)?\.(?:db|sqlite3?)\Z"
)
_WEIGHT_FILES = re.compile(r"(?:pytorch_model|adapter_model|model)(?:-\d+-of-\d+)?\.bin\Z")
_MODEL_JSON = re.compile(r"(?:[a-z_]*model|booster)(?:[_-]?\d+)?\.(?:json|txt)\Z")

METRIC_WORDS = (
    "loss", "acc", "accuracy", "auc", "f1", "precision", "recall", "r2", "rmse", "mae", "mse",
    "perplexity", "bleu", "rouge", "error", "score", "map", "iou", "logloss", "top1", "top5",
)  # fmt: skip
#: Columns and keys that count, the finest first: the first one found is the step.
_COUNTERS = (
    "global_step", "step", "steps", "_step", "iteration", "iterations", "iter", "epoch", "epochs",
    "round",
)  # fmt: skip
_TIMES = ("wall_time", "timestamp", "_timestamp", "time", "datetime", "date", "_runtime")


def base(path: str) -> str:
    return path.rpartition("/")[2].lower()


def metrics_like(path: str) -> bool:
    """`metrics.json`, `results.csv`, `history.csv`, `eval_results.json` …"""
    return bool(_METRICS.search(base(path).rpartition(".")[0] or base(path)))


def metric_table(path: str) -> bool:
    """Whether a table's name alone says that it holds metrics: `results.csv`, `history.tsv`."""
    return bool(_METRIC_TABLE.search(base(path).rpartition(".")[0]))


def config_like(path: str) -> bool:
    """`config.json`, `params.yaml`, `adapter_config.json`, `args.yaml` …"""
    return bool(_CONFIG.search(base(path).rpartition(".")[0]))


def training_state(path: str) -> bool:
    """Optimizer, scheduler and random state: they look like models by their suffix but are none."""
    return bool(_STATE.match(base(path)))


def model_like(path: str) -> bool:
    name = base(path)
    if training_state(name):
        return False
    return (
        name.endswith(MODEL_SUFFIXES)
        or bool(_WEIGHT_FILES.match(name))
        or bool(_MODEL_JSON.match(name))
    )


def tracker_database(path: str) -> bool:
    """`mlflow.db`, `study.db`, `optuna-digits.sqlite3` …"""
    return bool(_TRACKER_DATABASE.match(base(path)))


def image_like(path: str) -> bool:
    return base(path).endswith(IMAGE_SUFFIXES)


def kind_by_name(path: str) -> Kind:
    """The last resort where no content tells."""
    name = base(path)
    if training_state(name):
        return Kind.OTHER
    if "tfevents" in name or name.endswith(".wandb") or tracker_database(name):
        return Kind.METRICS
    if model_like(name):
        return Kind.MODEL
    tabular = name.endswith(_DATA_SUFFIXES)
    if tabular and metric_table(name):
        return Kind.METRICS
    if name.endswith((".json", ".txt", ".yaml", ".yml")) and metrics_like(name):
        return Kind.METRICS
    if tabular:
        return Kind.DATASET
    if name.endswith((".yaml", ".yml", ".toml", ".ini", ".cfg")):
        return Kind.CONFIG
    if name.endswith(".json") and config_like(name):
        return Kind.CONFIG
    return Kind.LOG if name.endswith(_LOG_SUFFIXES) else Kind.OTHER


def step_name(names: tuple[str, ...] | list[str]) -> str | None:
    """Which of the columns or keys counts steps; None if none does."""
    lowered = {name.lower(): name for name in reversed(names)}
    return next((lowered[c] for c in _COUNTERS if c in lowered), None)


def sound_like_metrics(names: Collection[str]) -> bool:
    """Whether at least half of the names hold a word that metrics go by."""
    known = sum(any(word in name.lower() for word in METRIC_WORDS) for name in names)
    return bool(names) and 2 * known >= len(names)


def is_counter(name: str) -> bool:
    return name.lower() in _COUNTERS


def is_time(name: str) -> bool:
    return name.lower() in _TIMES

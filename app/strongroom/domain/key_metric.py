"""Which of many metrics stands for a version: in lists, and when they are sorted by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What a row shows of many metrics: the first of these words that one ends in.
_KEY_METRICS = (
    "auc", "accuracy", "acc", "f1", "map50-95", "map50", "map", "bleu", "rouge", "r2", "score",
    "perplexity", "rmse", "mae", "mse", "log_loss", "logloss", "loss",
)  # fmt: skip
_SETS = ("test", "val", "valid", "validation", "eval", "")


def key_metric(metrics: Mapping[str, Any]) -> tuple[str, Any] | None:
    """The one metric that a row shows: a well-known one on held-out data before all others."""
    best: tuple[tuple[int, int, str], str] | None = None
    for name in metrics:
        rank = (_rank_of(name), _set_of(name), name)
        if best is None or rank < best[0]:
            best = rank, name
    return (best[1], metrics[best[1]]) if best else None


def _rank_of(name: str) -> int:
    last = name.lower().replace("/", "_").replace(".", "_").replace("-", "_")
    for rank, word in enumerate(_KEY_METRICS):
        plain = word.replace("-", "_")
        if last == plain or last.endswith("_" + plain):
            return rank
    return len(_KEY_METRICS)


def _set_of(name: str) -> int:
    words = name.lower().replace("/", "_").replace(".", "_").replace("-", "_").split("_")
    for rank, word in enumerate(_SETS):
        if word and word in words:
            return rank
    return len(_SETS) if "train" in words else len(_SETS) - 1

"""Which way a metric is better, by its name; of an unknown name nothing is guessed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

HIGHER, LOWER = "higher", "lower"

_HIGHER = frozenset({
    "acc", "accuracy", "acc1", "acc5", "top1", "top5", "auc", "auroc", "auprc", "aucpr", "roc",
    "ap", "map", "map50", "map75", "ar", "f1", "f05", "f2", "fbeta", "precision", "recall",
    "sensitivity", "specificity", "tpr", "tnr", "r2", "bleu", "sacrebleu", "chrf", "meteor",
    "rouge", "rouge1", "rouge2", "rougel", "rougelsum", "iou", "miou", "dice", "jaccard", "mcc",
    "matthews", "kappa", "ndcg", "mrr", "gini", "psnr", "ssim", "pearson", "spearman", "score",
    "reward", "return", "throughput", "fps", "winrate", "correlation",
})  # fmt: skip
_LOWER = frozenset({
    "loss", "logloss", "nll", "error", "err", "mae", "mse", "rmse", "rmsle", "mape", "smape",
    "medae", "wer", "cer", "ter", "perplexity", "ppl", "fid", "kid", "lpips", "ece", "brier",
    "hinge", "deviance", "fpr", "fnr", "latency", "runtime", "duration", "hamming", "crossentropy",
    "entropy", "divergence", "cost", "regret",
})  # fmt: skip
#: A name that ends in one of these is about the metric's making, not its worth.
_NEITHER = frozenset({"scale", "weight", "count", "steps", "step", "threshold", "samples", "rate"})
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Change:
    """`by` is what was added; `better` None where equal or where nobody knows which way is."""

    by: float
    better: bool | None


def direction(name: str, decided: Mapping[str, str] = MappingProxyType({})) -> str | None:
    """`higher` or `lower` is better, or None: as was decided for the name, else by the last word
    of it that is known.
    """
    if name in decided:
        return decided[name]
    words = _WORD.findall(name.lower())
    if "per" in words and words[-1:] == ["second"]:
        return HIGHER  # a rate of work
    if words[-2:] in (["error", "rate"], ["positive", "rate"], ["negative", "rate"]):
        return HIGHER if "true" in words else LOWER
    if words[-1:] == ["rate"] and words[-2:-1] == ["win"]:
        return HIGHER
    if not words or words[-1] in _NEITHER:
        return None
    for word in reversed(words):
        if word in _HIGHER or word in _LOWER:
            found = HIGHER if word in _HIGHER else LOWER
            if words[0] == "neg":  # scikit-learn turns losses round so that higher is better
                return LOWER if found is HIGHER else HIGHER
            return found
    return None


def change(
    name: str, before: Any, now: Any, decided: Mapping[str, str] = MappingProxyType({})
) -> Change | None:
    """How a value moved; None where the two cannot be compared."""
    for value in (before, now):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not math.isfinite(value):
            return None
    by = now - before
    way = direction(name, decided)
    if by == 0 or way is None:
        return Change(by, None)
    return Change(by, (by > 0) == (way is HIGHER))

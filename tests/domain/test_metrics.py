"""Which way metrics are better, and how a change of one is judged."""

from __future__ import annotations

import math

import pytest

from strongroom.domain.metrics import Change, change, direction


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("auc", "higher"), ("val/accuracy", "higher"), ("recall@fpr1%", "higher"),
        ("f1-macro", "higher"), ("metrics/mAP50-95(B)", "higher"), ("eval_rouge1", "higher"),
        ("log_loss", "lower"), ("train/box_loss", "lower"), ("latency_p95", "lower"),
        ("mean_squared_error", "lower"), ("neg_mean_squared_error", "higher"),
        ("error_rate", "lower"), ("true_positive_rate", "higher"), ("r2_score", "higher"),
        ("train_samples_per_second", "higher"), ("perplexity", "lower"), ("win_rate", "higher"),
        ("learning_rate", None), ("loss_scale", None), ("epoch", None), ("rows", None), ("", None),
        ("temperature", None), ("grad_norm", None),
    ],
)  # fmt: skip
def test_directions(name, way):
    assert direction(name) == way


def test_changes():
    assert change("auc", 0.5, 0.75) == Change(0.25, True)
    assert change("loss", 0.5, 0.75) == Change(0.25, False)
    assert change("price", 1, 3) == Change(2, None)
    assert change("auc", 0.5, 0.5) == Change(0.0, None)
    for before in (None, "x", True, math.nan, math.inf):
        assert change("auc", before, 0.5) is None

"""A project in three stages, written by real libraries: its graph comes with no typing at all."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.journeys.commands import answer, strongroom


@pytest.fixture
def project(tmp_path, place, realruns):
    """Raw data, features of a Hydra job, an MLflow and a Lightning model, and a fine-tuning."""
    truth = json.loads((realruns / "expected.json").read_bytes())["scenarios"]["three_stages"]
    folder = tmp_path / "project"
    shutil.copytree(realruns / "three_stages", folder)
    strongroom("watch", folder, "--name", "p", "--once", "--quiet-time", "0.2", registry=place)
    return truth


def graph_of(place, reference, *more):
    graph = answer("lineage", reference, *more, registry=place)
    names = {n["id"]: n["name"] if n["type"] == "run" else n["id"] for n in graph["nodes"]}
    return {(names[e["from"]], names[e["to"]]): e for e in graph["edges"]}


def test_the_whole_way_is_in_the_graph_and_each_edge_says_why(project, place):
    mlflow = next(
        a["name"]
        for a in answer("list", registry=place)["artifacts"]
        if a["name"].startswith("p/mlruns/") and a["name"].endswith("/model")
    )
    features, raw = "p/features.parquet@v1", "p/data/raw.csv@v1"
    train, tune = (f"p/{f}/lightning_logs/checkpoint@v1" for f in ("train", "tune"))

    linear = graph_of(place, f"{mlflow}@v1", "--up")
    assert {pair: e["basis"] for pair, e in linear.items()} == {
        (raw, "prepared"): "observed",
        ("prepared", features): "observed",
        (features, "linear"): "declared",
        ("linear", f"{mlflow}@v1"): "observed",
    }
    assert linear[raw, "prepared"]["reason"] == ".hydra/config.yaml: data.path"

    tuned = graph_of(place, tune, "--up")
    assert {pair: e["basis"] for pair, e in tuned.items()} == {
        (raw, "prepared"): "observed",
        ("prepared", features): "observed",
        (features, "version_0"): "observed",
        ("version_0", train): "observed",
        ("version_0", tune): "observed",
        (train, tune): "inferred",
    }
    guessed = tuned[train, tune]
    assert guessed["rule"] == "shared tensors" and guessed["confidence"] > 0.8
    assert "tensors are equal" in guessed["reason"]
    assert tuned[features, "version_0"]["reason"] == "hparams.yaml: data_dir"
    assert any(run["parent"] for run in project["runs"])

    damage = answer("lineage", raw, "--impact", registry=place)
    assert damage["by_kind"]["model"] == 3

    strongroom("link", tune, "--from", train, "--refuse", registry=place)
    assert (train, tune) not in graph_of(place, tune, "--up")
    strongroom("doctor", "--rebuild", registry=place)
    assert (train, tune) not in graph_of(place, tune, "--up")

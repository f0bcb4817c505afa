"""`strongroom diff` as a script and as a person use it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.journeys.commands import answer, strongroom
from tests.services.test_compare import layers, safetensors


@pytest.fixture
def two(place, tmp_path):
    """A model in two versions: one layer, one metric and one parameter differ."""
    folder = tmp_path / "model"
    folder.mkdir()
    for take in (1, 2):
        tensors = layers()
        if take == 2:
            weight = tensors["layer.2.weight"][1].copy()
            weight[0] *= 2
            tensors["layer.2.weight"] = ("F32", weight)
        (folder / "model.safetensors").write_bytes(safetensors(tensors, take=str(take)))
        (folder / "notes.yaml").write_text(f"week: {40 + take}\nowner: risk\n")
        strongroom(
            "add", folder, "--param", f"lr=0.{take}", "--param", "seed=1",
            "--metric", f"auc=0.9{take}", "--metric", f"loss=0.{take}", registry=place,
        )  # fmt: skip
    return place


def test_json_as_the_contract_has_it(two):
    found = answer("diff", "model@v1", "model", registry=two)
    assert (found["a"], found["b"]) == ("model@v1", "model@v2")
    sections = found["sections"]
    for name in ("files", "tensors", "params"):
        assert {"changed", "added", "removed", "same"} <= set(sections[name])
    assert [f["path"] for f in sections["files"]["changed"]] == ["model.safetensors", "notes.yaml"]
    (tensor,) = sections["tensors"]["changed"]
    assert {"name", "dtype", "shape", "relative_l2", "max_abs", "changed_share"} <= set(tensor)
    assert tensor["name"] == "layer.2.weight" and sections["tensors"]["same"] == 5
    assert {"name": "lr", "a": 0.1, "b": 0.2} in sections["params"]["changed"]
    assert sections["params"]["same"] == 2  # seed, and owner out of the file
    metrics = {m["name"]: m for m in sections["metrics"]}
    assert set(metrics["auc"]) == {"name", "a", "b", "delta", "better"}
    assert (metrics["auc"]["better"], metrics["loss"]["better"]) == ("b", "a")
    assert sections["config"]["changed"][0]["path"] == "notes.yaml"


def test_exit_codes(two):
    strongroom("diff", "model@v1", "model@v2", registry=two)
    strongroom("diff", "model@v1", "model@v2", "--exit-code", registry=two, code=1)
    strongroom("diff", "model@v1", "model@v1", "--exit-code", registry=two)
    strongroom("diff", "model@v1", "model@v9", registry=two, code=3)
    strongroom("diff", "model@v1", registry=two, code=2)
    strongroom("diff", "model@v1", "model@v2", "--only", "colours", registry=two, code=2)
    only = answer("diff", "model@v1", "model@v2", "--only", "metrics", registry=two)
    assert list(only["sections"]) == ["metrics"]


def test_people_read_what_changed(two):
    told = strongroom("diff", "model@v1", "model@v2", registry=two).stdout
    assert "model@v1 → model@v2" in told and "~ layer.2.weight" in told
    assert "relative L2" in told and "~ lr  0.1 → 0.2" in told
    assert "auc" in told and "better" in told and "worse" in told
    assert "-week: 41" in told and "+week: 42" in told
    same = strongroom("diff", "model@v2", "model@v2", registry=two).stdout
    assert same.splitlines() == ["model@v2 → model@v2", "no difference"]


def test_numbers_that_json_has_not_are_words(place, tmp_path):
    for take, values in ((1, [0.0, 0.0]), (2, [0.0, 1.0])):
        file = tmp_path / "m.safetensors"
        file.write_bytes(safetensors({"w": ("F32", np.array(values, "f4"))}))
        strongroom("add", file, "--metric", f"loss={'nan' if take == 1 else 'inf'}", registry=place)
    done = strongroom("diff", "m.safetensors@v1", "m.safetensors@v2", "--json", registry=place)
    found = json.loads(done.stdout)["sections"]
    assert found["tensors"]["changed"][0]["relative_l2"] == "inf"
    assert found["metrics"][0]["a"] == "nan" and found["metrics"][0]["b"] == "inf"
    assert found["metrics"][0]["better"] == "unknown"


def test_evaluations_and_pictures_are_told_in_a_line(place, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for take in (1, 2):
        score = {"precision": take / 4, "recall": 0.5, "f1-score": 0.5}
        written = {
            "confusion_matrix": [[take, 1], [1, 1]],
            "report": {"yes": score, "accuracy": take / 4},
            "roc": {"fpr": [0, 0, 1], "tpr": [0, take / 2, 1]},
        }
        (folder / "m.json").write_text(json.dumps(written))
        (folder / "p.png").write_bytes(bytes([take]) * 100)
        if take == 2:
            (folder / "more.json").write_text('{"precision": [1, 0], "recall": [0, 1]}')
        strongroom("add", folder, registry=place)
    told = strongroom("diff", "model@v1", "model@v2", registry=place).stdout.splitlines()
    assert "evaluation: 3 changed, 1 added, 0 the same" in told
    assert "  ~ m.json: confusion_matrix  confusion, on the diagonal 0.5 → 0.6" in told
    assert "  ~ m.json: report  report, accuracy 0.25 → 0.5" in told
    assert "  ~ m.json: roc  roc, area 0.75 → 1" in told
    assert "  + more.json  precision recall" in told
    assert "images: 1 changed, 0 the same" in told and "  ~ p.png" in told
    found = answer("diff", "model@v1", "model@v2", "--only", "evaluation", registry=place)
    assert found["different"] is True

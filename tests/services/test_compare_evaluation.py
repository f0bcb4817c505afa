"""Evaluations in JSON: what scikit-learn really writes is recognised, and nothing else is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.extract.evaluation import KEPT_POINTS, found_in
from strongroom.services.inspection import ChildDied
from tests.conftest import add

#: Two classifiers on real data, and what scikit-learn itself computes of their curves.
MAKE = """
import json, sys
from pathlib import Path
import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (auc, average_precision_score, classification_report,
    confusion_matrix, precision_recall_curve, roc_curve)
from sklearn.model_selection import train_test_split
out = Path(sys.argv[1])
for take, c in ((1, 1e-4), (2, 1.0)):
    folder = out / f"take{take}" / "m"
    folder.mkdir(parents=True)
    x, y = load_breast_cancer(return_X_y=True)
    a, b, ya, yb = train_test_split(x, y, random_state=0)
    model = LogisticRegression(C=c, max_iter=5000).fit(a, ya)
    said, score = model.predict(b), model.predict_proba(b)[:, 1]
    fpr, tpr, at = roc_curve(yb, score)
    precision, recall, cuts = precision_recall_curve(yb, score)
    names = ["malignant", "benign"]
    (folder / "evaluation.json").write_text(json.dumps({
        "confusion_matrix": confusion_matrix(yb, said).tolist(), "labels": names,
        "roc": {"fpr": fpr.tolist(), "tpr": tpr.tolist(), "thresholds": at.tolist()},
        "pr": {"precision": precision.tolist(), "recall": recall.tolist()},
    }))
    (folder / "report.json").write_text(json.dumps(
        classification_report(yb, said, target_names=names, output_dict=True)))
    x, y = load_digits(return_X_y=True)
    digits = LogisticRegression(C=c, max_iter=500).fit(x[:900], y[:900])
    (folder / "digits_confusion.json").write_text(
        json.dumps(confusion_matrix(y[900:], digits.predict(x[900:])).tolist()))
    (out / f"truth{take}.json").write_text(json.dumps({
        "roc": auc(fpr, tpr), "pr": average_precision_score(yb, score)}))
"""


@pytest.fixture(scope="session")
def evaluated(realruns, tmp_path_factory) -> Path:
    python = realruns.parent / "venv" / "bin" / "python"
    assert python.exists(), "scikit-learn lies in the environment that tests/realruns made"
    out = tmp_path_factory.mktemp("evaluated")
    subprocess.run([python, "-c", MAKE, out], check=True, timeout=300)
    return out


def test_what_scikit_learn_writes_is_recognised(registry, evaluated):
    for take in (1, 2):
        add(registry, evaluated / f"take{take}" / "m", name="m")
    found = registry.compare(["m@v1", "m@v2"], 0, "evaluation")
    kinds = {(r["kind"], r["name"]): r for r in found["rows"]}
    assert set(kinds) == {
        ("confusion", "evaluation.json: confusion_matrix"),
        ("confusion", "digits_confusion.json"),
        ("report", "report.json"),
        ("roc", "evaluation.json: roc"),
        ("precision_recall", "evaluation.json: pr"),
    }
    assert (found["total"], found["differ"]) == (5, 5)
    for at in (0, 1):
        folder = evaluated / f"take{at + 1}" / "m"
        written = json.loads((folder / "evaluation.json").read_text())
        matrix = kinds["confusion", "evaluation.json: confusion_matrix"]["values"][at]
        assert matrix["labels"] == ["malignant", "benign"]
        assert matrix["counts"] == written["confusion_matrix"]
        digits = kinds["confusion", "digits_confusion.json"]["values"][at]
        assert digits["labels"] == [str(n) for n in range(10)]
        report = kinds["report", "report.json"]["values"][at]
        told = json.loads((folder / "report.json").read_text())
        assert report["classes"]["benign"] == told["benign"]
        assert report["overall"] == {"accuracy": told["accuracy"]}
        truth = json.loads((evaluated / f"truth{at + 1}.json").read_text())
        for kind, name in (("roc", "roc"), ("precision_recall", "pr")):
            area = kinds[kind, f"evaluation.json: {name}"]["values"][at]["area"]
            assert area == pytest.approx(truth[name], abs=1e-12)
    told = registry.diff("m@v1", "m@v2", ["evaluation"])
    assert told["different"] and len(told["sections"]["evaluation"]["changed"]) == 5
    same = registry.diff("m@v1", "m@v1", ["evaluation"])
    assert not same["different"] and same["sections"]["evaluation"]["same"] == 5


def test_what_the_run_wrote_beside_its_model_is_found(registry, make_file):
    for run, right in (("first", 40), ("second", 50)):
        registry.start_run(run)
        add(registry, make_file("m.bin", run.encode()), run=run, name="model")
        text = json.dumps({"cm": [[right, 3], [5, 60]], "classes": ["no", "yes"]})
        add(registry, make_file("scores.json", text.encode()), run=run, name="scores")
        registry.finish_run(run)
    for pair in (["model@v1", "model@v2"], ["run:first", "run:second"], ["model@v1", "run:second"]):
        (row,) = registry.compare(pair, 1, "evaluation")["rows"]
        assert [v["counts"][0][0] for v in row["values"]] == [40, 50]
        assert row["values"][0]["labels"] == ["no", "yes"]


def test_versions_without_an_evaluation_have_no_section(registry, make_file):
    add(registry, make_file("a.json", b'{"lr": 0.1, "betas": [0.9, 0.99]}'), name="a")
    add(registry, make_file("a.json", b'{"broken": '), name="a")
    assert registry.compare(["a@v1", "a@v2"], 0, "evaluation")["rows"] is None
    assert "evaluation" not in registry.diff("a@v1", "a@v2")["sections"]


def test_a_file_that_ends_its_reader_is_named_and_the_others_are_compared(
    registry, tmp_path, monkeypatch
):
    for take in (1, 2):
        folder = tmp_path / f"take{take}" / "m"
        folder.mkdir(parents=True)
        (folder / "deep.json").write_text("[" * 300_000)
        (folder / "good.json").write_text(json.dumps({"cm": [[take, 1], [1, 1]]}))
        (folder / "huge.json").write_text("[" + "[]," * 1_000_000 + f"[{take}]]")
        add(registry, folder, name="m")
    ask = registry.desk.viewer.evaluations

    def dying(piece):
        if piece.path == "huge.json":
            raise ChildDied("reading it ended the reader (out of memory?)")
        return ask(piece)

    monkeypatch.setattr(registry.desk.viewer, "evaluations", dying)
    found = registry.compare(["m@v1", "m@v2"], 0, "evaluation")
    assert [r["name"] for r in found["rows"]] == ["good.json: cm"] and found["differ"] == 1
    assert found["warnings"] == [
        "huge.json: it could not be read, reading it ended the reader (out of memory?)"
    ]


@pytest.mark.parametrize(
    "document",
    [
        [[1, 2], [3]],
        [[1, 2, 3], [4, 5, 6]],
        [[1.5, 2.0], [0.25, 4.0]],
        [[0, 0], [0, 0]],
        {"confusion_matrix": [[1, -2], [3, 4]]},
        {"confusion_matrix": [[1, True], [3, 4]]},
        {"confusion_matrix": [[1, float("nan")], [3, 4]]},
        {"confusion_matrix": [[1, 10**40], [3, 4]]},
        {"confusion_matrix": [[0] * 300] * 300},
        {"fpr": [0, 0.5, 1], "tpr": [0, 1]},
        {"fpr": [0, 2], "tpr": [0, 1]},
        {"precision": 0.5, "recall": 0.5, "f1-score": 0.5},
        {"a": {"precision": "0.5", "recall": 0.5, "f1-score": 0.5}},
    ],
)
def test_what_is_no_evaluation_is_passed_over(document):
    assert found_in(document) == []


def test_a_matrix_of_shares_is_one_where_its_name_says_so():
    shares = [[0.9, 0.1], [0.2, 0.8]]
    assert found_in(shares, "weights.json") == []
    assert found_in(shares, "confusion.json")[0].value["counts"] == shares
    (inner,) = found_in({"test": {"confusion": {"matrix": shares, "labels": ["a", "b"]}}})
    assert inner.name == "test.confusion" and inner.value["labels"] == ["a", "b"]


def test_long_curves_are_thinned_and_measured_whole():
    count = 100_000
    x = [n / (count - 1) for n in range(count)]
    (one,) = found_in({"fpr": x, "tpr": [v**0.5 for v in x]})
    assert len(one.value["x"]) == KEPT_POINTS and one.value["points"] == count
    assert one.value["area"] == pytest.approx(2 / 3, abs=1e-6)
    assert (one.value["x"][0], one.value["x"][-1]) == (0.0, 1.0)


def test_very_many_objects_take_a_bounded_look():
    document = {f"k{n}": {f"j{m}": {"precision": [0.1, 1]} for m in range(30)} for n in range(2000)}
    assert found_in(document) == []
    many = {f"k{n}": {"confusion_matrix": [[1, 2], [3, 4]]} for n in range(500)}
    assert len(found_in(many)) == 40


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["fpr", "tpr", "precision", "recall", "f1-score", "cm", "labels", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(JSON)
def test_nothing_that_json_can_hold_is_too_odd(document):
    for one in found_in(document, "confusion.json"):
        json.dumps(one.value, allow_nan=False)

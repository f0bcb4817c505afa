"""What the trainings of tests/realruns reported, found again in the folders that they left.

The truth (expected.json) comes from each training's memory. What its folder does not state, or
states in a format without a reader yet, is listed in UNSTATED with the reason.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from strongroom.domain.facts import Kind, RunFacts
from strongroom.extract import describe, read_file
from strongroom.extract.layouts import RunFolder, assign, read_run
from strongroom.formats.document import flatten
from strongroom.formats.source import Source, source_from_file

SCENARIOS = [
    "sklearn_joblib_pickle", "xgboost_json_ubj", "lightgbm_txt", "catboost_cbm",
    "pytorch_state_dict", "lightning_logs", "hf_trainer", "peft_lora", "keras_torch", "onnx_export",
    "safetensors_versions", "gguf_tiny", "tensorboard_only", "ultralytics_layout", "mlflow_files",
    "hydra_multirun", "dvc_pipeline", "datasets_schema", "retrain_lineage",
    "mlflow_sqlite", "optuna_sqlite", "wandb_offline", "notebook_executed",
]  # fmt: skip
HOSTILE = ["hostile_names", "hostile_special", "hostile_broken", "hostile_pickle", "hostile_bombs",
           "hostile_metrics"]  # fmt: skip

#: (scenario, what) → names that no file of the folder states, or all of them (None), and why.
UNSTATED: dict[tuple[str, str], tuple[set[str] | None, str]] = {
    ("lightgbm_txt", "metrics"): (None, "those of the best iteration, which no file names"),
    ("onnx_export", "params"): (None, "C is the pickled pipeline's logisticregression__C"),
    ("safetensors_versions", "params"): (None, "the program kept them to itself"),
    ("safetensors_versions", "metrics"): (None, "the program kept them to itself"),
    ("peft_lora", "params"): ({"lr"}, "lr belongs to the loop, not to the adapter"),
    ("peft_lora", "metrics"): (None, "loss.jsonl lies outside of the adapter's folder"),
    ("peft_lora", "series"): (None, "loss.jsonl lies outside of the adapter's folder"),
}
#: What a run states beyond the truth, which lists only what was chosen by hand.
MORE_PARAMS = {
    "lightgbm_txt": "model.txt lists all parameters of LightGBM, defaults too",
    "hf_trainer": "all of TrainingArguments and of the model's config",
    "peft_lora": "all of adapter_config.json",
    "catboost_cbm": "verbose was given too",
    "onnx_export": "the pickled pipeline lists all of its settings",
    "xgboost_json_ubj": "params.json also names the model it began with",
    "ultralytics_layout": "the truth leaves out save_dir, an absolute path",
}
#: Relative tolerance where a file holds fewer digits than the training had.
ROUNDED = {"tensorboard_only": 1e-6, "catboost_cbm": 1e-9, "notebook_executed": 1e-4}
#: Datasets that no file of the run names, though another one that it read is named.
UNNAMED = {
    ("xgboost_json_ubj", "data/valid.csv"), ("keras_torch", "data/val.csv"),
    ("onnx_export", "data/test.parquet"),
}  # fmt: skip
#: A scenario's runs that are not on disk any more.
GONE = {"dvc_pipeline": {"train@10"}}


@cache
def truth(realruns: Path) -> dict[str, Any]:
    return json.loads((realruns / "expected.json").read_bytes())["scenarios"]


@cache
def files(folder: Path) -> tuple[str, ...]:
    found = []
    for base, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if f != ".git"]
        for name in names:
            path = os.path.join(base, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                found.append(os.path.relpath(path, folder))
    return tuple(sorted(found))


def source_in(folder: Path, path: str) -> Source:
    return source_from_file(path, folder / path)


@cache
def runs(folder: Path) -> dict[str, tuple[RunFolder, RunFacts]]:
    return {
        run.folder: (run, read_run(run, lambda p: source_in(folder, p)))
        for run in assign(files(folder))
    }


def found_run(folder: Path, ident: str) -> tuple[RunFolder, RunFacts]:
    """A run by the truth's id: its folder, "." for the root, an MLflow run's id, or the name that
    it has among the runs of one file."""
    here = runs(folder)
    if folder.name == "dvc_pipeline" or ident == ".":
        return here[""]
    if ident in here:
        return here[ident]
    for path, (run, facts) in here.items():
        if path.rpartition("/")[2] == ident:
            return run, facts
        for one in (facts, *facts.inner):
            if ident in (one.name, one.provenance.get("run_id")):
                return run, one
    raise KeyError(ident)


def number(value: Any) -> Any:
    return float(value) if value in ("nan", "inf", "-inf") else value


def same(found: Any, expected: Any, tolerance: float) -> bool:
    expected = number(expected)
    if isinstance(expected, float) and isinstance(found, (int, float)):
        if math.isnan(expected):
            return math.isnan(found)
        return math.isclose(found, expected, rel_tol=tolerance, abs_tol=0)
    if isinstance(expected, list) and isinstance(found, list):
        return sorted(map(str, found)) == sorted(map(str, expected))
    return type(found) is type(expected) and found == expected


@pytest.fixture(params=SCENARIOS)
def scenario(request: pytest.FixtureRequest, realruns: Path) -> tuple[Path, dict[str, Any]]:
    if request.param not in truth(realruns):
        pytest.fail(f"{request.param} was not made: a library is missing; see .realruns/log")
    return realruns / request.param, truth(realruns)[request.param]


def test_runs_say_what_the_training_reported(scenario: tuple[Path, dict[str, Any]]) -> None:
    folder, expected = scenario
    wrong = []
    for run in expected["runs"]:
        if run["id"] in GONE.get(folder.name, ()):
            continue
        _, facts = found_run(folder, run["id"])
        stated = {
            "params": {k: f.value for k, f in facts.params.items()},
            "metrics": {k: f.value for k, f in facts.metrics.items()},
            "series": {k: len(points) for k, points in facts.series.items()},
        }
        for what in ("params", "metrics", "series"):
            hidden, _ = UNSTATED.get((folder.name, what), (set(), ""))
            if hidden is None:
                continue
            told = flatten(run[what]) if what == "params" else run[what]
            for name, value in told.items():
                if name in hidden or (what == "metrics" and run.get("state") == "PRUNED"):
                    continue  # what a pruned trial reported last is no result
                tolerance = ROUNDED.get(folder.name, 0.0) if what == "metrics" else 0.0
                if not same(stated[what].get(name, "nothing"), value, tolerance):
                    wrong.append((run["id"], what, name, value, stated[what].get(name)))
            if what == "params" and folder.name not in MORE_PARAMS:
                wrong += [(run["id"], "made up", n) for n in stated[what].keys() - told.keys()]
    assert wrong == []


def test_models_belong_to_their_runs(scenario: tuple[Path, dict[str, Any]]) -> None:
    folder, expected = scenario
    for run in expected["runs"]:
        found, facts = found_run(folder, run["id"])
        for model in run["models"]:
            if found.layout.name == "wandb":  # it lies elsewhere, and its name is logged
                assert model.rpartition("/")[2] in facts.made
                continue
            assert model in found.members
            assert not facts.made or any(model.startswith(place) for place in facts.made)
            role = found.layout.role(found.role_path(model))
            assert role is not None and role.kind is Kind.MODEL


def test_datasets_of_a_run_are_hinted_where_its_files_name_them(
    scenario: tuple[Path, dict[str, Any]],
) -> None:
    folder, expected = scenario
    for run in expected["runs"]:
        if run["id"] in GONE.get(folder.name, ()) or not run["dataset_evidence"]:
            continue
        _, facts = found_run(folder, run["id"])
        targets = [hint.target for hint in facts.inputs]
        here = [d for d in run["datasets"] if (folder.name, d) not in UNNAMED]
        if folder.name == "retrain_lineage":  # named by a path that now holds other bytes
            (hint,) = facts.inputs
            assert hint.target == "data/current.csv"
            assert hint.sha256 == hashlib.sha256((folder / here[0]).read_bytes()).hexdigest()
            continue
        for dataset in here:
            named = any(dataset == t or dataset.startswith(t + "/") for t in targets)
            assert named, (run["id"], dataset, targets)


def test_what_a_tool_was_told_is_declared_and_what_is_read_off_a_setting_observed(
    realruns: Path,
) -> None:
    bases = {
        name: {hint.basis for _, f in runs(realruns / name).values()
               for one in (f, *f.inner) for hint in one.inputs}
        for name in ("mlflow_files", "mlflow_sqlite", "dvc_pipeline", "wandb_offline",
                     "keras_torch")
    }  # fmt: skip
    assert bases == {
        "mlflow_files": {"declared"}, "mlflow_sqlite": {"declared"}, "dvc_pipeline": {"declared"},
        "wandb_offline": {"observed"}, "keras_torch": {"observed"},
    }  # fmt: skip


def test_trials_that_were_pruned_have_a_curve_and_no_result(realruns: Path) -> None:
    for run in truth(realruns)["optuna_sqlite"]["runs"]:
        _, facts = found_run(realruns / "optuna_sqlite", run["id"])
        assert facts.provenance["state"] == run["state"]
        assert bool(facts.metrics) == (run["state"] == "COMPLETE") and facts.series


def test_where_a_run_came_from_is_told_without_typing(realruns: Path) -> None:
    _, run = found_run(realruns / "wandb_offline", "sample0")
    assert run.provenance["command"][0].endswith("make_runs.py") and run.provenance["host"]
    assert run.provenance["python"].startswith("CPython 3.")
    assert {a["name"]: a["type"] for a in run.provenance["artifacts"]} == {
        "digits": "dataset", "model-0": "model",
    }  # fmt: skip
    assert run.started_at and run.ended_at and run.ended_at >= run.started_at
    _, notebook = found_run(realruns / "notebook_executed", "train.ipynb")
    assert notebook.status == "failed" and "AttributeError" in notebook.provenance["error"]


def test_starting_points_are_hinted(scenario: tuple[Path, dict[str, Any]]) -> None:
    folder, expected = scenario
    for run in expected["runs"]:
        if run["parent"] and run["parent_evidence"]:
            _, facts = found_run(folder, run["id"])
            assert run["parent"] in [hint.target for hint in facts.inputs]


@pytest.mark.parametrize("name", SCENARIOS)
def test_models_are_told_from_what_only_looks_like_one(name: str, realruns: Path) -> None:
    expected = truth(realruns).get(name) or pytest.fail("not made: see .realruns/log")
    for model in expected["models"]:
        read = read_file(source_in(realruns / name, model["path"]))
        assert (read.facts.kind, read.facts.warnings) == (Kind.MODEL, ()), model["path"]
    for path in expected["not_models"]:
        read = read_file(source_in(realruns / name, path))
        assert read.facts.kind is not Kind.MODEL and read.facts.warnings == (), path


@pytest.mark.parametrize("name", SCENARIOS)
def test_datasets_have_their_rows_and_columns(name: str, realruns: Path) -> None:
    expected = truth(realruns).get(name) or pytest.fail("not made: see .realruns/log")
    for data in expected["datasets"]:
        place = realruns / name / data["path"]
        if place.is_dir():
            inside = [source_in(place, p) for p in files(place) if p.endswith(".png")]
            if inside:
                assert describe(inside).kind is Kind.DATASET
                assert len(inside) == data["rows"]
            continue
        read = read_file(source_in(realruns / name, data["path"]))
        assert read.facts.kind is Kind.DATASET, data["path"]
        assert read.facts.about["rows"] == data["rows"]
        if "columns" in data:
            assert [c["name"] for c in read.facts.about["columns"]] == data["columns"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_tensors_are_those_of_the_training(name: str, realruns: Path) -> None:
    expected = truth(realruns).get(name) or pytest.fail("not made: see .realruns/log")
    short = {"F32": "float32", "F16": "float16", "I64": "int64"}
    for model in expected["models"]:
        about = read_file(source_in(realruns / name, model["path"])).facts.about
        if "tensors" not in model or "tensors" not in about:
            continue
        found = {t["name"]: (t["shape"], t["dtype"]) for t in about["tensors"]}
        if model["format"] == "safetensors":
            found = {k: (shape, short.get(dtype, dtype)) for k, (shape, dtype) in found.items()}
        told = {k: (t["shape"], t["dtype"]) for k, t in model["tensors"].items()}
        assert found == told, model["path"]
        if "parameters" in model:
            assert about["parameters"] == model["parameters"]


def test_an_onnx_export_tells_its_shape(realruns: Path) -> None:
    expected = truth(realruns).get("onnx_export") or pytest.fail("not made: see .realruns/log")
    told = next(m for m in expected["models"] if m["format"] == "onnx")
    about = read_file(source_in(realruns / "onnx_export", "model.onnx")).facts.about
    assert [t["name"] for t in about["inputs"]] == told["inputs"]
    assert [t["name"] for t in about["outputs"]] == told["outputs"]
    assert about["opsets"] == told["opset"]
    assert about["operators"] == {op: told["ops"].count(op) for op in told["ops"]}


def test_checkpoints_called_best_are_the_trainings_own(realruns: Path) -> None:
    for run in truth(realruns).get("hf_trainer", {}).get("runs", []):
        _, facts = found_run(realruns / "hf_trainer", run["id"])
        assert [f"{run['id']}/{best}" for best in facts.best] == [run["best_checkpoint"]]


def test_every_run_is_expected_and_every_expected_run_is_found(realruns: Path) -> None:
    """Further run folders are only what save_pretrained left: models without a training."""
    for name in SCENARIOS:
        expected = truth(realruns).get(name)
        if expected is None:
            continue
        ids = {r["id"] for r in expected["runs"]} - GONE.get(name, set())
        claimed = {found_run(realruns / name, i)[0].folder for i in ids}
        further = {f: r for f, (r, _) in runs(realruns / name).items() if f not in claimed}
        assert {r.layout.name for r in further.values()} <= {"hf_model"}, (name, further)


def test_role_names_do_not_vary_from_run_to_run(realruns: Path) -> None:
    """Runs beside each other give the same artifacts, and no name holds a step or a date."""
    for name in SCENARIOS:
        if name not in truth(realruns):
            continue
        for run, _ in runs(realruns / name).values():
            seen: dict[tuple[str, str], str] = {}
            for member in run.members:
                role = run.layout.role(run.role_path(member))
                if role is None:
                    continue
                assert "tfevents" not in role.name and "version_" not in role.name
                if role.group:
                    assert not any(c.isdigit() for c in role.name), role
                assert seen.setdefault((role.name, role.group), role.root) == role.root
                inside = role.root + "/" if role.root else ""
                assert run.role_path(member).startswith(inside)


CHILD = """
import json, os, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20))
from strongroom.extract import read_file
from strongroom.formats.source import source_from_file
folder, out = os.fsencode(sys.argv[1]), {}
for name in json.load(sys.stdin):
    started = time.monotonic()
    read = read_file(source_from_file(name, os.path.join(folder, os.fsencode(name))))
    out[name] = [str(read.facts.kind), list(read.facts.warnings), time.monotonic() - started]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if os.path.exists("/proc/self/status"):  # there the figure above begins with the parent's
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    peak = int(lines["VmHWM"].split()[0])
json.dump({"read": out, "peak": peak}, sys.stdout)
"""


def read_in_child(folder: Path) -> dict[str, Any]:
    """Every file of a folder read by a process with little memory."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder)],
        input=json.dumps(files(folder)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", [*HOSTILE, *SCENARIOS])
def test_files_are_read_in_bounded_time_and_memory(name: str, realruns: Path) -> None:
    expected = truth(realruns).get(name) or pytest.fail("not made: see .realruns/log")
    result = read_in_child(realruns / name)
    slow = {path: seconds for path, (_, _, seconds) in result["read"].items() if seconds > 5}
    assert slow == {}
    assert result["peak"] < 300 << 10, "KiB resident"
    for flag in expected.get("must_not_exist", []):
        assert not (realruns / name / flag).exists()
    assert not any("failed (" in w for _, said, _ in result["read"].values() for w in said)


def test_broken_files_are_said_to_be_unreadable(realruns: Path) -> None:
    folder = realruns / "hostile_broken"
    #: readable as far as they go: what is there is not damaged, or damage cannot be told
    tolerated = {"metrics.csv", "ragged.csv", "notebook.ipynb", "adapter_config.json"}
    for case in truth(realruns)["hostile_broken"]["cases"]:
        read = read_file(source_in(folder, case["path"]))
        if case["path"] not in tolerated:
            assert read.facts.warnings, case["path"]


def test_metrics_in_awkward_dialects(realruns: Path) -> None:
    folder = realruns / "hostile_metrics"
    told = truth(realruns)["hostile_metrics"]["diverged"]
    diverged = read_file(source_in(folder, "diverged/metrics.csv")).facts
    values = [p.value for p in diverged.series["loss"]]
    assert len(values) == told["series"]["loss"] and math.isnan(values[-1])
    assert [v for v in values if math.isfinite(v)][-1] == told["last_finite"]
    assert read_file(source_in(folder, "bom_semicolon.csv")).facts.metrics == {"loss": 0.5}
    assert read_file(source_in(folder, "utf16.csv")).facts.metrics == {"loss": 0.5}
    assert read_file(source_in(folder, "latin1.csv")).facts.metrics == {"pr\u00e9cision": 0.9}
    assert read_file(source_in(folder, "padded.csv")).facts.metrics == {"train/loss": 0.9}
    resumed = read_file(source_in(folder, "resumed.csv")).facts
    assert [p.step for p in resumed.series["loss"]] == [1, 2, 3, 3, 4]

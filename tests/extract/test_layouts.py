"""Which folders are runs, which files are theirs, and what happens where tools overlap."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.domain.facts import Kind, RunFacts, RunStatus
from strongroom.extract.layouts import LAYOUTS, assign, read_run
from strongroom.extract.layouts import plain as plain_module
from strongroom.extract.layouts.gathering import names_input
from strongroom.extract.layouts.layout import Layout
from strongroom.extract.layouts.paths import absolute, is_checkpoint_file, relative, without_numbers
from strongroom.formats.source import source_from_bytes
from tests.formats import made

BY_NAME = {layout.name: layout for layout in LAYOUTS}
MLFLOW = "mlruns/203239610045538265/" + "a" * 32
EVENTS = "events.out.tfevents.1700000000.host.1.0"


def found(*paths: str) -> dict[str, str]:
    return {run.folder: run.layout.name for run in assign(paths)}


def members(folder: str, *paths: str) -> tuple[str, ...]:
    return next(run.members for run in assign(paths) if run.folder == folder)


def run_of(files: dict[str, bytes | str], folder: str) -> RunFacts:
    raw = {p: d.encode() if isinstance(d, str) else d for p, d in files.items()}
    run = next(run for run in assign(raw) if run.folder == folder)
    return read_run(run, lambda path: source_from_bytes(path, raw[path]))


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["out/checkpoint-5/trainer_state.json", "out/checkpoint-5/model.safetensors"],
         {"out": "hf_trainer"}),
        (["checkpoint-5/trainer_state.json"], {"": "hf_trainer"}),
        (["logs/version_3/hparams.yaml"], {"logs/version_3": "lightning"}),
        (["logs/version_3/checkpoints/e.ckpt"], {"logs/version_3": "lightning"}),
        ([f"{MLFLOW}/meta.yaml", "mlruns/203239610045538265/meta.yaml"], {MLFLOW: "mlflow"}),
        (["o/1/.hydra/config.yaml", "o/1/app.log"], {"o/1": "hydra"}),
        (["r/train/args.yaml", "r/train/weights/last.pt"], {"r/train": "ultralytics"}),
        ([f"r/a/{EVENTS}"], {"r/a": "tensorboard"}),
        (["bert/config.json", "bert/model.safetensors"], {"bert": "hf_model"}),
        (["a/adapter_config.json", "a/adapter_model.safetensors"], {"a": "hf_model"}),
        (["a/config.json", "a/model.pt"], {"a": "plain"}),
        (["a/config.json", "a/model.safetensors", "a/metrics.csv"], {"a": "plain"}),
        (["a/config.json", "a/metrics.csv"], {"a": "plain"}),
        (["v1/model.onnx", "v2/model.onnx", "latest/model.onnx"], {"v1": "plain", "v2": "plain"}),
        (["params.yaml", "dvc.lock", "models/m.joblib"], {"": "dvc"}),
        (["data/train.csv", "notes.txt", "conf/config.yaml", "model.pt"], {}),
        (["data/0/1.png", "data/1/2.png"], {}),
    ],
)  # fmt: skip
def test_runs_are_told_by_names(paths: list[str], expected: dict[str, str]) -> None:
    assert found(*paths) == expected


class TestOverlaps:
    def test_lightning_inside_a_hydra_job_is_the_job(self) -> None:
        inner = "o/1/lightning_logs/version_0"
        paths = ["o/1/.hydra/config.yaml", f"{inner}/metrics.csv", f"{inner}/hparams.yaml",
                 f"{inner}/checkpoints/epoch=1.ckpt"]  # fmt: skip
        assert found(*paths) == {"o/1": "hydra"}
        role = BY_NAME["hydra"].role("lightning_logs/version_0/checkpoints/epoch=1.ckpt")
        assert role is not None and (role.name, role.kind) == ("checkpoint", Kind.MODEL)
        assert role.group == "lightning_logs/version_0/checkpoints/epoch=1.ckpt"

    def test_event_files_below_a_trainers_run_are_its_own(self) -> None:
        paths = ["out/trainer_state.json", f"out/runs/Nov24_host/{EVENTS}"]
        assert found(*paths) == {"out": "hf_trainer"}
        assert members("out", *paths) == tuple(sorted(paths))

    @pytest.mark.parametrize("part", ["hparams", "1700000000.5", "train", "validation"])
    def test_parts_of_a_tensorboard_run_are_no_runs(self, part: str) -> None:
        assert found(f"r/a/{EVENTS}", f"r/a/{part}/{EVENTS}") == {"r/a": "tensorboard"}

    def test_keras_writes_only_parts(self) -> None:
        paths = [f"r/a/train/{EVENTS}", f"r/a/validation/{EVENTS}"]
        assert found(*paths) == {"r/a": "tensorboard"}

    def test_the_watched_root_is_no_plain_run_if_it_holds_runs(self) -> None:
        paths = ["config.yaml", "model.pt", "runs/a/config.json", "runs/a/model.pt"]
        assert found(*paths) == {"runs/a": "plain"}

    def test_nested_plain_runs_stay_apart(self) -> None:
        paths = ["cv/config.json", "cv/model.pt", "cv/fold_1/metrics.json", "cv/fold_1/model.pt"]
        assert found(*paths) == {"cv": "plain", "cv/fold_1": "plain"}
        assert members("cv", *paths) == ("cv/config.json", "cv/model.pt")

    def test_checkpoint_folders_are_no_runs(self) -> None:
        paths = ["a/config.json", "a/checkpoints/epoch_1/config.json",
                 "a/checkpoints/epoch_1/model.pt", "a/checkpoints/metrics.json",
                 "a/checkpoints/last.pt"]  # fmt: skip
        assert found(*paths) == {"a": "plain"}

    def test_an_experiment_of_mlflow_is_no_run(self) -> None:
        paths = ["mlruns/1/meta.yaml", f"{MLFLOW}/meta.yaml", f"{MLFLOW}/params/a",
                 f"mlruns/203239610045538265/datasets/{'b' * 32}/meta.yaml"]  # fmt: skip
        assert found(*paths) == {MLFLOW: "mlflow"}

    def test_data_beside_a_plain_run_is_not_its_own(self) -> None:
        paths = ["metrics.json", "model.pt", "data/train.csv"]
        assert members("", *paths) == ("metrics.json", "model.pt")


class TestRoles:
    def role(self, layout: str, path: str):
        found = BY_NAME[layout].role(path)
        assert found is not None
        return (found.name, found.group, found.root)

    def test_a_trainers_checkpoint_is_one_version(self) -> None:
        expected = ("checkpoint", "checkpoint-6", "checkpoint-6")
        assert self.role("hf_trainer", "checkpoint-6/model.safetensors") == expected
        assert self.role("hf_trainer", "checkpoint-6/optimizer.pt") == expected

    def test_a_saved_model_is_one_version(self) -> None:
        for name in (
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "model-00001-of-00003.safetensors",
            "model.safetensors.index.json",
        ):
            assert self.role("hf_trainer", name) == ("model", "", "")

    def test_checkpoints_of_a_plain_run_share_a_name(self) -> None:
        first = self.role("plain", "checkpoints/epoch_003.pt")
        assert first == ("checkpoints/epoch", "checkpoints/epoch_003.pt", "checkpoints")
        assert self.role("plain", "checkpoints/epoch_006.pt")[0] == first[0]

    def test_files_of_one_stem_have_names_of_their_own(self) -> None:
        assert self.role("plain", "model.json")[0] != self.role("plain", "model.ubj")[0]

    def test_what_grows_is_live(self) -> None:
        for layout, path in (
            ("plain", "metrics.csv"),
            ("plain", "train.log"),
            ("plain", EVENTS),
            ("lightning", "metrics.csv"),
            ("ultralytics", "results.csv"),
        ):
            found = BY_NAME[layout].role(path)
            assert found is not None and found.live, path
        for path in ("params.json", "model.pt", "predictions.csv"):
            found = BY_NAME["plain"].role(path)
            assert found is not None and not found.live, path

    @pytest.mark.parametrize("path", [".DS_Store", "__pycache__/a.pyc", ".git/HEAD"])
    def test_what_nobody_wants(self, path: str) -> None:
        assert BY_NAME["plain"].role(path) is None

    def test_mlflow_keeps_artifacts_models_and_its_own_notes_apart(self) -> None:
        mlflow = BY_NAME["mlflow"]
        tracking = mlflow.role("metrics/loss")
        assert tracking is not None and (tracking.name, tracking.live) == ("tracking", True)
        assert self.role("mlflow", "../models/m-1/meta.yaml") == (
            "model-tracking", "../models/m-1", "../models/m-1",
        )  # fmt: skip
        assert mlflow.role("../datasets/x/meta.yaml") is None
        assert self.role("mlflow", "../models/m-1/artifacts/model.pkl") == (
            "model", "../models/m-1", "../models/m-1/artifacts",
        )  # fmt: skip
        assert self.role("mlflow", "artifacts/model/MLmodel") == (
            "model", "artifacts/model", "artifacts/model",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "name"),
    [("checkpoints/epoch_003.pt", "checkpoints/epoch"), ("ckpt/01.weights.h5", "ckpt/weights"),
     ("checkpoints/model_10.ubj", "checkpoints/model"),
     ("epoch=2-step=33.ckpt", "epoch-step"), ("model_epoch_3_loss_0.125.pt", "model_epoch_loss"),
     ("step1000.safetensors", "step")],
)  # fmt: skip
def test_numbers_leave_the_names_of_checkpoints(path: str, name: str) -> None:
    assert is_checkpoint_file(path)
    assert without_numbers(path) == name


@pytest.mark.parametrize(
    "path", ["model.pt", "resnet50.pt", "checkpoints/best.pt", "model-00001-of-00002.safetensors"]
)
def test_other_numbers_stay(path: str) -> None:
    assert not is_checkpoint_file(path)


class TestReading:
    def test_mlflow(self) -> None:
        up = MLFLOW.rpartition("/")[0]
        note = 'source: \'{"uri": "data/train.csv"}\'\nname: train\n'
        facts = run_of({
            f"{MLFLOW}/meta.yaml": "status: 3\nrun_name: n\nstart_time: 1700000000000\n"
            "end_time: 1700000001500\nexperiment_id: '203239610045538265'\nrun_id: " + "a" * 32,
            f"{MLFLOW}/params/lr": "0.1", f"{MLFLOW}/params/name": "007",
            f"{MLFLOW}/metrics/train/loss": "5 0.9 0\n7 0.2 2\n6 0.5 1\n5 0.9 0\n",
            f"{MLFLOW}/metrics/broken": "what\n",
            f"{MLFLOW}/tags/mlflow.parentRunId": "p",
            f"{MLFLOW}/inputs/1/meta.yaml": "source_id: d\n",
            f"{up}/datasets/d/meta.yaml": note,
        }, MLFLOW)  # fmt: skip
        assert {k: f.value for k, f in facts.params.items()} == {"lr": 0.1, "name": "007"}
        assert {k: f.value for k, f in facts.metrics.items()} == {"train/loss": 0.2}
        assert [p.step for p in facts.series["train/loss"]] == [0, 1, 2]
        assert (facts.name, facts.status) == ("n", RunStatus.FINISHED)
        assert (facts.started_at, facts.ended_at) == (1_700_000_000.0, 1_700_000_001.5)
        assert [h.target for h in facts.inputs] == ["data/train.csv"]
        assert facts.provenance["parentRunId"] == "p"
        assert facts.provenance["experiment_id"] == "203239610045538265"

    def test_hydra_takes_parameters_from_its_own_file_alone(self) -> None:
        facts = run_of({
            "o/1/.hydra/config.yaml": "a:\n  b: 1e-3\ndata: {path: d.csv}\n",
            "o/1/.hydra/overrides.yaml": "- a.b=1e-3\n",
            "o/1/params.json": '{"other": 1}',
            "o/1/metrics.json": '{"r2": 0.5}',
        }, "o/1")  # fmt: skip
        assert {k: f.value for k, f in facts.params.items()} == {"a.b": 0.001, "data.path": "d.csv"}
        assert facts.metrics["r2"].file == "metrics.json"
        assert facts.provenance["overrides"] == ["a.b=1e-3"]
        assert [h.target for h in facts.inputs] == ["d.csv"]

    def test_stated_results_win_over_the_end_of_a_history(self) -> None:
        facts = run_of({
            "a/metrics.json": '{"loss": 0.1}', "a/history.csv": "epoch,loss\n1,0.3\n2,0.2\n",
            "a/model.pt": b"",
        }, "a")  # fmt: skip
        assert (facts.metrics["loss"].value, facts.metrics["loss"].file) == (0.1, "metrics.json")
        assert len(facts.series["loss"]) == 2

    def test_event_files_only_fill_gaps(self) -> None:
        """They hold float32, a table has all the digits."""
        logged = [made.scalar_event("loss", 2, 0.1), made.scalar_event("lr", 2, 0.5)]
        files: dict[str, bytes | str] = {
            f"a/{EVENTS}": made.event_file(*logged),
            "a/metrics.csv": "step,loss\n1,0.2\n2,0.1\n",
            "a/model.pt": b"",
        }
        found = run_of(files, "a").metrics
        assert (found["loss"].value, found["loss"].file) == (0.1, "metrics.csv")
        assert found["lr"].value == 0.5

    def test_tensorboard_parts_get_their_name(self) -> None:
        facts = run_of({
            f"r/a/train/{EVENTS}": made.event_file(made.scalar_event("loss", 1, 0.5)),
            f"r/a/validation/{EVENTS}": made.event_file(made.scalar_event("loss", 1, 0.75)),
            f"r/a/1700000000.5/{EVENTS}": made.event_file(made.hparams_event({"lr": 0.1})),
        }, "r/a")  # fmt: skip
        assert {k: f.value for k, f in facts.metrics.items()} == {
            "train/loss": 0.5, "validation/loss": 0.75,
        }  # fmt: skip
        assert facts.params["lr"].value == 0.1

    def test_without_the_roots_state_the_last_checkpoint_speaks(self) -> None:
        def state(step: int) -> str:
            row = {"step": step, "loss": step / 100}
            return json.dumps({"global_step": step, "log_history": [row]})

        facts = run_of({
            "o/checkpoint-5/trainer_state.json": state(5),
            "o/checkpoint-10/trainer_state.json": state(10),
        }, "o")  # fmt: skip
        assert facts.metrics["loss"].file == "checkpoint-10/trainer_state.json"
        assert facts.status is None

    def test_a_file_that_vanishes_is_a_warning(self) -> None:
        run = assign(["a/metrics.json", "a/model.pt"])[0]

        def gone(path: str):
            raise FileNotFoundError(2, "No such file")

        assert len(read_run(run, gone).warnings) == 2


class TestCompletion:
    def test_mlflow_by_status(self) -> None:
        complete = BY_NAME["mlflow"].complete
        assert complete(["meta.yaml"], lambda p: "a: 1\nstatus: 3\n")
        assert not complete(["meta.yaml"], lambda p: "status: 1\n")
        assert not complete(["meta.yaml"], lambda p: "")

    def test_a_trainer_by_the_roots_state(self) -> None:
        complete = BY_NAME["hf_trainer"].complete
        assert complete(["trainer_state.json"], lambda p: "")
        assert not complete(["checkpoint-5/trainer_state.json"], lambda p: "")

    def test_ultralytics_by_its_last_epoch(self) -> None:
        texts = {"args.yaml": "epochs: 2\n", "results.csv": "epoch,x\n1,1\n2,1\n"}
        complete = BY_NAME["ultralytics"].complete
        assert complete(list(texts), texts.__getitem__)
        texts["results.csv"] = "epoch,x\n1,1\n"
        assert not complete(list(texts), texts.__getitem__)

    def test_a_missing_shard_is_not_ready(self) -> None:
        shards = [f"model-0000{n}-of-00003.safetensors" for n in (1, 2, 3)]
        assert BY_NAME["hf_model"].ready("", shards)
        assert not BY_NAME["hf_model"].ready("", shards[:2])

    def test_a_trainers_checkpoint_is_ready_with_its_state(self) -> None:
        ready = BY_NAME["hf_trainer"].ready
        paths = ["checkpoint-5/model.safetensors"]
        assert not ready("checkpoint-5", paths)
        assert ready("checkpoint-5", [*paths, "checkpoint-5/trainer_state.json"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("data", "data/train.csv"), ("train", "train.parquet"), ("data.path", "data/x.csv"),
     ("data_dir", "data"), ("init_from", "runs/a/model.pt"), ("base_model_name_or_path", "base"),
     ("dataset", "s3://bucket/data"), ("cfg.dataset_path", "sets")],
)  # fmt: skip
def test_names_of_what_was_read(name: str, value: str) -> None:
    assert names_input(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("out", "runs/a"), ("data", "mnist"), ("lr", "0.1"), ("train", "true"), ("model", "resnet50"),
     ("output_dir", "runs/a"), ("data", "a\nb/c"), ("test", "")],
)  # fmt: skip
def test_names_of_anything_else(name: str, value: str) -> None:
    assert not names_input(name, value)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", "version_1", "models"]), max_size=3).map("/".join),
    st.lists(st.sampled_from(["a", "b", "version_1", "x.pt"]), min_size=1, max_size=4).map(
        "/".join
    ),
)
def test_relative_paths_lead_back(folder: str, path: str) -> None:
    assert absolute(folder, relative(folder, path)) == path


_WORDS = ["a", "runs", "version_0", "checkpoint-3", ".hydra", "models", "f" * 32, "weights", "data"]
_FILES = ["config.json", "metrics.csv", "model.pt", "model.safetensors", "hparams.yaml", EVENTS,
          "config.yaml", "meta.yaml", "trainer_state.json", "args.yaml", "last.pt", "dvc.lock",
          "adapter_config.json", "x.png", "learn_error.tsv"]  # fmt: skip
_PATHS = st.lists(
    st.tuples(st.lists(st.sampled_from(_WORDS), max_size=4), st.sampled_from(_FILES)).map(
        lambda t: "/".join([*t[0], t[1]])
    ),
    max_size=15,
)


@settings(deadline=None)
@given(_PATHS)
def test_any_tree_is_assigned_once(paths: list[str]) -> None:
    """Each file with a role has one run; names of a run are unambiguous; read_run never raises."""
    seen: set[str] = set()
    for run in assign(paths):
        for member in run.members:
            role = run.layout.role(run.role_path(member))
            if role is not None:
                assert member not in seen
                seen.add(member)
                start = role.root + "/" if role.root else ""
                assert run.role_path(member).startswith(start)
        read_run(run, lambda path: source_from_bytes(path, b"{}"))


@settings(deadline=None)
@given(_PATHS, st.integers(0, 15))
def test_a_run_stays_one_as_its_files_appear(paths: list[str], count: int) -> None:
    """No later file inside a run of a tool makes it disappear."""
    early = {run.folder for run in assign(paths[:count]) if run.layout.name in ("mlflow", "hydra")}
    late = {run.folder for run in assign(paths)}
    for folder in early - late:
        assert any(not f or folder.startswith(f + "/") for f in late)


def test_a_hundred_thousand_paths_are_assigned_in_seconds() -> None:
    paths = [f"data/{n % 10}/{n:06}.png" for n in range(60_000)]
    for n in range(2_000):
        run = f"mlruns/1/{n:032x}"
        paths += [f"{run}/meta.yaml", f"{run}/params/a", f"{run}/metrics/b",
                  f"{run}/inputs/1/meta.yaml", f"runs/r{n}/config.json", f"runs/r{n}/model.pt",
                  f"logs/version_{n}/metrics.csv"]  # fmt: skip
    started = time.monotonic()
    assert len(assign(paths)) == 6_000
    assert time.monotonic() - started < 20


def test_layout_names_are_unique() -> None:
    assert len(BY_NAME) == len(LAYOUTS)
    assert isinstance(plain_module.layout, Layout)

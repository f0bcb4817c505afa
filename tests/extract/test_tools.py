"""What trackers and model libraries leave is told from files made by hand."""

from __future__ import annotations

import gzip
import io
import json
import math
import sqlite3
import zipfile
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from strongroom.domain.facts import Facts, Kind, RunStatus
from strongroom.extract import databases, interesting, read_file
from strongroom.extract.layouts import assign, read_run
from strongroom.extract.media import counted
from strongroom.formats import sqlite
from strongroom.formats.source import Unreadable, source_from_bytes, source_from_file
from tests.formats import made_by_tools as made


def read(name: str, data: bytes | str) -> Facts:
    raw = data.encode() if isinstance(data, str) else data
    return read_file(source_from_bytes(name, raw)).facts


class TestWandb:
    @pytest.mark.parametrize("padding", [0, 32_700, 32_760, 100_000])
    def test_a_run_is_told_whole_wherever_blocks_end(self, padding: int) -> None:
        facts = read("run-r1.wandb", made.wandb(padding))
        assert facts.warnings == () and facts.kind is Kind.METRICS
        assert facts.params == {"lr": 0.1, "net.depth": 3, "data": "data/x.csv"}
        assert facts.metrics == {"loss": 0.25, "acc": 1, "val.loss": 2, "best": 0.75}
        (run,) = facts.runs
        assert (run.name, run.status, run.started_at) == ("night", RunStatus.FAILED, 1.7e9)
        assert run.provenance["git.commit"] == "c" * 40 and run.provenance["tags"] == ["tagged"]
        assert run.made == ("m.pt",)
        assert [(h.target, h.basis) for h in run.inputs] == [("digits:v3", "declared")]
        loss = list(run.series["loss"])
        assert [p.step for p in loss] == [0, 1, 2] and math.isnan(loss[1].value)
        assert loss[0].time == 1_700_000_001.5
        (artifact,) = run.provenance["artifacts"]
        assert artifact["files"][0]["md5"] == "d41d8cd98f00b204e9800998ecf8427e"

    def test_a_file_that_is_still_written_is_read_as_far_as_it_goes(self) -> None:
        whole = made.wandb()
        facts = read("run-r1.wandb", whole[:-20])
        assert facts.metrics["loss"] == 0.25 and "cut off" in facts.warnings[0]
        assert facts.runs[0].status is None and facts.runs[0].ended_at is None

    def test_its_folder_is_a_run_that_names_what_it_read(self) -> None:
        folder = "wandb/offline-run-20260101_000000-r1"
        files = {f"{folder}/run-r1.wandb": made.wandb(),
                 f"{folder}/files/requirements.txt": b"torch==2.9.0\n"}  # fmt: skip
        (run,) = assign(files)
        assert (run.folder, run.layout.name) == (folder, "wandb")
        facts = read_run(run, lambda p: source_from_bytes(p, files[p]))
        assert {h.target for h in facts.inputs} == {"data/x.csv", "digits:v3"}
        assert facts.provenance["packages"] == {"torch": "2.9.0"} and facts.inner == ()


class TestDatabases:
    def test_trials_are_runs_and_only_complete_ones_have_results(self) -> None:
        complete, pruned, failed = read("study.db", made.database(made.OPTUNA)).runs
        assert {k: f.value for k, f in complete.params.items()} == {
            "layers": 3, "kind": "b", "odd": 2.5,
        }  # fmt: skip
        values = {k: f.value for k, f in complete.metrics.items()}
        assert values == {"values.0": 0.5, "values.1": math.inf}
        assert [p.step for p in complete.series["intermediate"]] == [0, 1]
        assert (pruned.metrics, pruned.ended_at) == ({}, None)
        assert failed.status is RunStatus.FAILED and failed.series == {}
        assert complete.provenance["attributes"] == {"data": "data/x.csv", "broken": "{"}

    def test_runs_of_mlflow_are_told_but_for_deleted_ones(self) -> None:
        one, two = read("mlflow.db", made.database(made.MLFLOW)).runs
        assert {k: f.value for k, f in one.params.items()} == {"alpha": 0.001, "zip": "007"}
        values = [p.value for p in one.series["loss"]]
        assert values[0] == 0.5 and math.isnan(values[1]) and values[2] == math.inf
        assert one.metrics["loss"].value == math.inf and one.series["loss"][0].time == 1_700_000_001
        assert one.provenance["experiment"] == "cancer" and one.provenance["tags"] == {
            "stage": "try"
        }
        assert one.made == ("mlruns/1/r1/artifacts",) and two.made == ()
        assert (two.status, two.ended_at) == (RunStatus.FAILED, None)

    def test_a_file_on_disk_is_read_as_it_is_and_left_so(self, tmp_path: Path) -> None:
        path = tmp_path / "odd name?#%.db"
        with closing(sqlite3.connect(path)) as db:
            db.execute("pragma journal_mode = wal")
            db.executescript(made.OPTUNA)
        before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
        assert len(read_file(source_from_file("study.db", path)).facts.runs) == 3
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before

    def test_of_very_many_runs_the_first_are_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(databases, "MOST", 2)
        facts = read("study.db", made.database(made.OPTUNA))
        assert len(facts.runs) == 2 and "first 2 of its 3 runs" in facts.warnings[0]

    def test_another_database_only_says_that_it_is_one(self) -> None:
        facts = read("app.db", made.database("create table t (a); insert into t values (1);"))
        assert (facts.kind, facts.format) == (Kind.OTHER, "sqlite")
        assert facts.about["tables"] == ["t"] and facts.runs == ()

    def test_a_table_of_another_shape_is_a_warning(self) -> None:
        script = made.OPTUNA.replace("study_name text", "label text").split("insert")[0]
        facts = read("study.db", made.database(script))
        assert "database is damaged" in facts.warnings[0]

    def test_a_view_in_place_of_a_table_is_not_asked(self) -> None:
        script = "".join(f"create table {n} (a);" for n in ("studies", "trial_params"))
        script += "create table trial_values (a); create view trials as select 1 as trial_id;"
        assert read("study.db", made.database(script)).format == "sqlite"

    def test_a_query_without_an_end_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite, "_MAX_STEPS", 3_000_000)
        source = source_from_bytes("study.db", made.database(made.OPTUNA))
        endless = (
            "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
        )
        with sqlite.opened(source) as database, pytest.raises(Unreadable, match="interrupted"):
            list(database.rows(endless))

    @pytest.mark.parametrize("query", ["insert into studies values (2, 'x')", "attach 'x' as y"])
    def test_nothing_is_written_and_no_other_file_opened(self, query: str) -> None:
        source = source_from_bytes("study.db", made.database(made.OPTUNA))
        with sqlite.opened(source) as database, pytest.raises(Unreadable):
            list(database.rows(query))

    def test_a_folder_with_a_study_holds_its_trials_and_owns_nothing_else(self) -> None:
        files = {"study.db": made.database(made.OPTUNA), "runs/a/config.json": b"{}",
                 "runs/a/metrics.csv": b"step,loss\n1,2\n", "data/x.csv": b"a\n1\n"}  # fmt: skip
        found = {run.folder: run for run in assign(files)}
        assert {f: r.layout.name for f, r in found.items()} == {"": "trackers", "runs/a": "plain"}
        facts = read_run(found[""], lambda p: source_from_bytes(p, files[p]))
        assert [r.name for r in facts.inner] == ["trial 0", "trial 1", "trial 2"]
        assert [h.target for h in facts.inner[0].inputs] == ["data/x.csv"]
        assert found[""].members == ("study.db",)


class TestNotebooks:
    def test_settings_metrics_and_files_are_read_off_code_and_output(self) -> None:
        facts = read("n.ipynb", made.NOTEBOOK)
        (run,) = facts.runs
        assert facts.params == {"lr": 0.1, "depth": -3, "name": "x"}
        assert facts.metrics == {"test_accuracy": 0.985, "val_loss": 0.25}
        assert [h.target for h in run.inputs] == ["data/a.csv"] and run.made == ("m.joblib",)
        assert run.status is RunStatus.FINISHED

    def test_one_that_was_not_run_or_says_nothing_is_no_run(self) -> None:
        document = json.loads(made.NOTEBOOK)
        for cell in document["cells"]:
            cell["execution_count"] = None
        assert read("n.ipynb", json.dumps(document)).runs == ()
        plain = {"nbformat": 4, "cells": [{"cell_type": "code", "execution_count": 1,
                                           "source": "x = 1", "outputs": []}]}  # fmt: skip
        assert read("n.ipynb", json.dumps(plain)).runs == ()

    @pytest.mark.parametrize("code", ["(" * 5000, "x = ", "a" * 100_000, "\0", "x = 1 " * 9])
    def test_code_that_is_none_is_passed_over(self, code: str) -> None:
        document = json.loads(made.NOTEBOOK)
        document["cells"][0]["source"] = code
        facts = read("n.ipynb", json.dumps(document))
        assert facts.metrics["test_accuracy"] == 0.985 and facts.warnings == ()

    def test_a_later_value_that_is_no_literal_takes_the_setting_away(self) -> None:
        document = json.loads(made.NOTEBOOK)
        document["cells"][1]["source"] = "lr = schedule()\njoblib.dump(model, 'm.joblib')"
        assert "lr" not in read("n.ipynb", json.dumps(document)).params


class TestModels:
    def test_catboost_tells_what_it_was_called_with(self) -> None:
        facts = read("m.cbm", made.catboost({"depth": 4, "learning_rate": 0.1}))
        assert facts.params == {"depth": 4, "learning_rate": 0.1}
        assert facts.about["features"] == ["age", "size"] and facts.about["trees"] == 3
        assert facts.about["best_iteration"] == 2
        assert facts.about["library_versions"] == {"catboost": "1.2.10"}

    def test_xgboost_as_ubjson_tells_as_much_as_json(self) -> None:
        about = read("m.ubj", made.xgboost(trees=2, weights=5000)).about
        assert about["metadata"] == {"train_data": "data/train.csv"} and about["trees"] == 2
        assert about["features"] == ["a", "b"] and about["objective"] == "binary:logistic"
        assert about["library_versions"] == {"xgboost": "3.2.0"}

    @pytest.mark.parametrize("pack", [bytes, zlib.compress, gzip.compress])
    def test_joblib_files_are_walked_past_their_arrays(self, pack) -> None:
        facts = read("m.joblib", pack(made.joblib_file()))
        assert facts.warnings == () and facts.about["class"] == "sklearn.svm.SVC"
        assert facts.about["library_versions"] == {"scikit-learn": "1.9.1"}
        assert facts.params == {"C": 0.5}

    def test_a_joblib_file_that_is_cut_off_still_tells_its_class(self) -> None:
        facts = read("m.joblib", made.joblib_file()[:150])
        assert facts.kind is Kind.MODEL and facts.about["class"] == "sklearn.svm.SVC"

    def test_a_pickle_of_a_gigabyte_of_bytes_is_passed_over(self, tmp_path: Path) -> None:
        path = tmp_path / "m.pkl"
        with open(path, "wb") as out:
            out.write(
                b"\x80\x04csklearn.svm\nSVC\n)\x81}\x8c\x01xB" + (1 << 30).to_bytes(4, "little")
            )
            out.seek(1 << 30, 1)
            out.write(b"s\x8c\x01CK\x07sb.")
        facts = read_file(source_from_file("m.pkl", path)).facts
        assert facts.params == {"C": 7} and facts.warnings == ()

    def test_keras_tells_layers_and_how_it_was_compiled(self) -> None:
        config = {
            "class_name": "Sequential",
            "config": {"layers": [{"class_name": "Dense", "config": {"name": "d", "units": 4}}]},
            "compile_config": {"optimizer": {"class_name": "Adam", "config": {"beta_1": 0.9}},
                               "loss": "mse", "metrics": ["mae"]},
        }  # fmt: skip
        metadata = {"keras_version": "3.15.1", "date_saved": "2026-01-01"}
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("config.json", json.dumps(config))
            archive.writestr("metadata.json", json.dumps(metadata))
        facts = read("m.keras", data.getvalue())
        assert facts.params == {"optimizer": "Adam", "optimizer.beta_1": 0.9, "loss": "mse",
                                "metrics": ["mae"]}  # fmt: skip
        assert facts.about["layers"] == [{"name": "d", "class": "Dense", "units": 4}]
        assert facts.about["library_versions"] == {"keras": "3.15.1"}

    def test_an_adapter_names_its_base_and_a_config_its_library(self) -> None:
        adapter = {"peft_type": "LORA", "base_model_name_or_path": "org/base", "r": 4}
        facts = read("adapter_config.json", json.dumps(adapter))
        assert facts.params == adapter and facts.format == "peft-adapter"
        assert facts.about["base_model_name_or_path"] == "org/base"
        config = {"model_type": "bert", "transformers_version": "5.0", "architectures": ["A"]}
        about = read("config.json", json.dumps(config)).about
        assert about["library_versions"] == {"transformers": "5.0"} and about["class"] == "A"

    def test_a_pipeline_of_several_models_is_one_thing(self) -> None:
        index = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.35.0",
                 "unet": ["diffusers", "UNet2DConditionModel"], "safety_checker": [None, None],
                 "_name_or_path": "base/model"}  # fmt: skip
        files = {"sd/model_index.json": json.dumps(index).encode(),
                 "sd/unet/config.json": b'{"sample_size": 64}',
                 "sd/unet/diffusion_pytorch_model.safetensors": b"x",
                 "sd/text_encoder/config.json": b"{}",
                 "sd/text_encoder/model.safetensors": b"x"}  # fmt: skip
        (run,) = assign(files)
        assert (run.folder, run.layout.name) == ("sd", "diffusers")
        assert {run.layout.role(run.role_path(m)).name for m in run.members} == {"model"}
        facts = read_run(run, lambda p: source_from_bytes(p, files[p]))
        told = {k: f.value for k, f in facts.params.items()}
        assert told["parts.unet"] == "diffusers.UNet2DConditionModel"
        assert told["unet.sample_size"] == 64
        assert [h.target for h in facts.inputs] == ["base/model"]


class TestData:
    def test_arrow_files_and_streams_tell_rows_and_columns(self) -> None:
        for name, data in (("x.arrow", made.arrow_stream(3, 4)), ("f.feather", made.arrow_file(7))):
            about = read(name, data).about
            assert about["rows"] == 7
            assert about["columns"] == [
                {"name": "id", "type": "int64", "nullable": True},
                {"name": "city", "type": "string", "nullable": False},
            ]
        cut = read("x.arrow", made.arrow_stream(3, 4)[:-40])
        assert "rows" not in cut.about and "cut off" in cut.warnings[0]

    def test_arrays_of_an_npz_have_shapes(self) -> None:
        head = b"\x93NUMPY\x01\x00"
        text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\n"
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("x.npy", head + len(text).to_bytes(2, "little") + text + bytes(48))
            archive.writestr("notes.npy", b"no array")
        facts = read("x.npz", data.getvalue())
        assert facts.about["arrays"] == [
            {"name": "x", "dtype": "<f8", "shape": [2, 3]}, {"name": "notes"},
        ]  # fmt: skip

    def test_pictures_and_sounds_are_counted(self) -> None:
        files = [("train/cat/1.png", 10), ("train/cat/2.PNG", 20), ("train/dog/3.jpeg", 5),
                 ("a.wav", 7), ("labels.csv", 3)]  # fmt: skip
        assert counted(files) == {
            "format": "folder",
            "images": {"png": {"files": 2, "bytes": 30}, "jpg": {"files": 1, "bytes": 5}},
            "audio": {"wav": {"files": 1, "bytes": 7}},
            "folders": {"": 1, "train/cat": 2, "train/dog": 1},
        }
        assert counted([("one.png", 1), ("readme.md", 2)]) == {}


class TestEnvironments:
    @pytest.mark.parametrize(
        ("name", "text", "packages"),
        [
            ("requirements.txt", "# c\nTorch_Vision==0.2 ; python_version>'3'\n-r other.txt\n"
             "numpy>=1.26\nfoo[bar]==1.0 --hash=sha256:00\nbare\n",
             {"torch-vision": "0.2", "numpy": ">=1.26", "foo": "1.0", "bare": ""}),
            ("constraints-dev.txt", "a==1\n", {"a": "1"}),
            ("environment.yml", "dependencies:\n  - python=3.11\n  - conda-forge::numpy=2.4=py_0\n"
             "  - pip:\n      - torch==2.9\n", {"python": "3.11", "numpy": "2.4", "torch": "2.9"}),
            ("uv.lock", 'version = 1\n[[package]]\nname = "a"\nversion = "1.2"\n\n'
             '[package.metadata]\nversion = "9"\n[[package]]\nname = "B_c"\nversion = "3"\n',
             {"a": "1.2", "b-c": "3"}),
        ],
    )  # fmt: skip
    def test_pinned_packages(self, name: str, text: str, packages: dict[str, str]) -> None:
        facts = read(name, text)
        assert facts.kind is Kind.CONFIG and facts.about["packages"] == packages
        assert interesting(name)

    def test_base_images_without_the_files_own_stages(self) -> None:
        text = "FROM --platform=linux/amd64 python:3.11 AS build\nRUN x\nfrom build\n"
        text += "FROM nvidia/cuda:12\n"
        assert read("Dockerfile", text).about["images"] == ["python:3.11", "nvidia/cuda:12"]

    def test_packages_beside_a_run_are_its_provenance(self) -> None:
        files = {"a/config.json": b'{"lr": 1}', "a/metrics.json": b'{"loss": 1}',
                 "a/requirements.txt": b"torch==2.9.0\n"}  # fmt: skip
        (run,) = assign(files)
        facts = read_run(run, lambda p: source_from_bytes(p, files[p]))
        assert facts.provenance["packages"] == {"torch": "2.9.0"}
        assert {k: f.value for k, f in facts.params.items()} == {"lr": 1}


class TestDvc:
    def test_a_lock_tells_commands_inputs_outputs_and_params(self) -> None:
        lock = ("schema: '2.0'\nstages:\n  train:\n    cmd: python train.py\n    deps:\n"
                "    - path: data/x.csv\n      md5: aa\n      size: 3\n    - path: train.py\n"
                "    params:\n      params.yaml:\n        train:\n          lr: 0.1\n    outs:\n"
                "    - path: models/m.pt\n      md5: bb\n")  # fmt: skip
        files = {"dvc.lock": lock.encode(), "params.yaml": b"train:\n  lr: 0.1\n",
                 "models/m.pt": b"x"}  # fmt: skip
        (run,) = assign(files)
        facts = read_run(run, lambda p: source_from_bytes(p, files[p]))
        assert [(h.target, h.basis) for h in facts.inputs] == [("data/x.csv", "declared")]
        assert facts.made == ("models/m.pt",)
        assert facts.provenance["command"] == "train: python train.py"
        assert {k: f.value for k, f in facts.params.items()} == {"train.lr": 0.1}

    def test_pipelines_and_tracked_files(self) -> None:
        text = "stages:\n  a:\n    cmd: x\n    deps: [p.py, d/x.csv]\n"
        text += "    metrics:\n    - m.json: {cache: false}\n"
        (stage,) = read("dvc.yaml", text).about["stages"]
        assert stage["metrics"] == [{"path": "m.json"}] and stage["deps"][1] == {"path": "d/x.csv"}
        tracked = read("x.csv.dvc", "outs:\n- md5: aa\n  size: 5\n  path: x.csv\n")
        assert tracked.about["outs"] == [{"path": "x.csv", "md5": "aa", "size": 5}]
        assert read("dvc.lock", "- 1\n").warnings

"""Files as readers see them: kinds by content, metrics, parameters, and no exception ever."""

from __future__ import annotations

import gzip
import json
import math
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.domain.facts import Facts, Kind
from strongroom.extract import READERS, describe, interesting, read_file
from strongroom.extract.curve import MAX_POINTS
from strongroom.formats.source import Source, source_from_bytes
from tests.formats import made


def read(name: str, data: bytes | str) -> Facts:
    raw = data.encode() if isinstance(data, str) else data
    return read_file(source_from_bytes(name, raw)).facts


@pytest.mark.parametrize(
    ("name", "kind", "format"),
    [("model.safetensors", Kind.MODEL, "safetensors"), ("tiny.gguf", Kind.MODEL, "gguf"),
     ("model.onnx", Kind.MODEL, "onnx"), ("table.parquet", Kind.DATASET, "parquet"),
     ("epoch=1.ckpt", Kind.MODEL, "torch"), ("metrics.csv", Kind.METRICS, "csv"),
     ("events.out.tfevents.1.host", Kind.METRICS, "tensorboard"),
     ("log.jsonl", Kind.METRICS, "jsonl"), ("metrics.json", Kind.METRICS, "json"),
     ("config.yaml", Kind.CONFIG, "yaml"), ("settings.toml", Kind.CONFIG, "toml"),
     ("train.log", Kind.LOG, "text"), ("model.keras", Kind.MODEL, "keras"),
     ("array.npy", Kind.DATASET, "numpy"), ("model.pkl", Kind.MODEL, "pickle")],
)  # fmt: skip
def test_good_files(name: str, kind: Kind, format: str) -> None:
    facts = read(name, made.GOOD[name])
    assert (facts.kind, facts.format, facts.warnings) == (kind, format, ())


@pytest.mark.parametrize("name", ["model.safetensors", "tiny.gguf", "table.parquet", "model.pkl"])
def test_content_tells_before_the_name_does(name: str) -> None:
    assert read("blob", made.GOOD[name]).kind == read(name, made.GOOD[name]).kind


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth"])
def test_training_state_is_no_model(name: str) -> None:
    assert read(name, made.torch_zip(made.pickled(made.dict_op({})))).kind is Kind.OTHER
    assert read(name, b"").kind is Kind.OTHER


def test_an_optimizer_is_told_by_its_keys() -> None:
    state = made.pickled(made.dict_op({"state": b"}", "param_groups": b"]"}))
    assert read("any.pt", made.torch_zip(state)).kind is Kind.OTHER


def test_training_arguments_are_parameters() -> None:
    call = made.global_op("transformers.training_args", "TrainingArguments") + b")\x81"
    enum = made.global_op("transformers", "Optim") + b"(" + made.text_op("adamw") + b"tR"
    state = made.dict_op({"seed": made.int_op(7), "optim": enum, "_private": made.int_op(1)})
    facts = read("training_args.bin", made.torch_zip(made.pickled(call + state + b"b")))
    assert (facts.kind, facts.params) == (Kind.CONFIG, {"seed": 7, "optim": "adamw"})


def test_a_checkpoint_tells_epoch_and_parameters() -> None:
    facts = read("last.ckpt", made.lightning_checkpoint())
    assert facts.params == {"lr": 0.01, "hidden": 16}
    assert facts.about["state"] == {"epoch": 2, "global_step": 33}
    assert [t["name"] for t in facts.about["tensors"]] == ["net.weight", "net.bias"]
    assert facts.about["parameters"] == 16 * 64 + 16


class TestTables:
    def test_the_value_at_the_highest_step_is_final(self) -> None:
        facts = read("metrics.csv", "step,loss\n1,0.5\n3,0.1\n2,0.3\n")
        assert facts.metrics == {"loss": 0.1}
        assert [p.step for p in facts.series["loss"]] == [1, 2, 3]

    def test_blanks_are_no_values(self) -> None:
        facts = read("metrics.csv", "epoch,step,train,val\n0,1,0.5,\n0,2,,0.7\n1,3,0.4,\n")
        assert facts.metrics == {"train": 0.4, "val": 0.7}
        assert [p.step for p in facts.series["val"]] == [2]

    def test_nan_and_infinity_stay(self) -> None:
        facts = read("history.csv", "epoch,a,b\n1,0.5,1\n2,nan,-inf\n")
        assert math.isnan(facts.metrics["a"]) and facts.metrics["b"] == -math.inf

    def test_types_of_numbers_stay(self) -> None:
        facts = read("metrics.csv", "epoch,n,x\n1,3,3.0\n")
        assert repr(facts.metrics) == "{'n': 3, 'x': 3.0}"

    def test_a_dataset_has_rows_and_typed_columns(self) -> None:
        facts = read("train.csv", "age,name,ok,score\n1,ann,true,0.5\n2,bob,false,1\n")
        assert facts.kind is Kind.DATASET and facts.about["rows"] == 2
        assert [(c["name"], c["type"]) for c in facts.about["columns"]] == [
            ("age", "int"), ("name", "text"), ("ok", "bool"), ("score", "float"),
        ]  # fmt: skip

    @pytest.mark.parametrize("name", ["eval.csv", "test_eval.csv", "scores_by_user.csv"])
    def test_an_evaluation_set_is_a_dataset(self, name: str) -> None:
        assert read(name, "text,label\nfine,1\nbad,0\n").kind is Kind.DATASET

    def test_a_time_series_is_a_dataset(self) -> None:
        assert read("sales.csv", "date,sold\n2024-01-01,3\n").kind is Kind.DATASET

    def test_a_long_history_is_thinned_but_keeps_its_end(self) -> None:
        count = 5 * MAX_POINTS
        rows = "".join(f"{n},{n}.5\n" for n in range(count))
        facts = read("metrics.csv", "step,loss\n" + rows)
        points = facts.series["loss"]
        assert len(points) <= 2 * MAX_POINTS + 1
        assert points[-1].step == count - 1 and facts.metrics["loss"] == count - 0.5


class TestDocuments:
    def test_parameters_and_metrics_of_one_document(self) -> None:
        facts = read("run.json", '{"params": {"a": {"b": 1}}, "metrics": {"r2": 0.5, "ok": true}}')
        assert (facts.params, facts.metrics) == ({"a.b": 1}, {"r2": 0.5})

    def test_xgboosts_history(self) -> None:
        facts = read(
            "evals_result.json", '{"train": {"auc": [0.5, 0.75]}, "valid": {"auc": [0, 1]}}'
        )
        assert facts.metrics == {"train-auc": 0.75, "valid-auc": 1}
        assert len(facts.series["train-auc"]) == 2

    def test_lists_of_numbers_are_a_history_only_where_something_says_so(self) -> None:
        assert read("config.json", '{"layers": [64, 32]}').params == {"layers": [64, 32]}
        assert read("history.json", '{"loss": [2, 1], "x": [3, 4]}').metrics == {"loss": 1, "x": 4}
        assert read("sizes.json", '{"small": [1, 2], "large": [3, 4]}').metrics == {}

    def test_nan_in_any_spelling(self) -> None:
        facts = read(
            "metrics.json", '{"a": NaN, "b": "inf", "c": "-Infinity", "d": "x", "e": true}'
        )
        assert facts.metrics.keys() == {"a", "b", "c"}
        assert facts.metrics["b"] == math.inf and facts.metrics["c"] == -math.inf

    def test_a_trainers_history(self) -> None:
        state = {"global_step": 4, "epoch": 2.0, "log_history": [
            {"step": 2, "loss": 0.5}, {"step": 4, "eval_loss": 0.75}, {"step": 4, "loss": 0.25},
            {"step": 4, "eval_loss": 0.5},
        ]}  # fmt: skip
        facts = read("trainer_state.json", json.dumps(state))
        assert facts.metrics == {"loss": 0.25, "eval_loss": 0.5, "epoch": 2.0}
        assert [p.value for p in facts.series["eval_loss"]] == [0.75, 0.5]

    def test_models_in_json(self) -> None:
        booster = {"learner": {"attributes": {"parent": "a"}, "gradient_booster": {"model": {}}}}
        assert read("model.json", json.dumps(booster)).kind is Kind.MODEL
        del booster["learner"]["attributes"]
        booster["learner"]["gradient_booster"] = {}
        assert read("config.json", json.dumps(booster)).kind is Kind.CONFIG

    def test_a_list_of_objects_is_a_table(self) -> None:
        facts = read("rows.json", '[{"a": 1}, {"a": 2, "b": 3}]')
        assert facts.kind is Kind.DATASET and facts.about["rows"] == 2

    def test_json_lines_under_the_name_of_json(self) -> None:
        facts = read("metrics.json", '{"iteration": 1, "loss": 2}\n{"iteration": 2, "loss": 1}\n')
        assert facts.metrics == {"loss": 1} and len(facts.series["loss"]) == 2

    def test_a_document_of_comments_only_is_nothing(self) -> None:
        assert read("config.yaml", "# nothing yet\n").warnings == ()

    def test_unknown_documents_stay_unknown(self) -> None:
        assert read("package.json", '{"name": "x", "files": ["a"]}').kind is Kind.OTHER


def test_a_lightgbm_model_tells_parameters_and_trees() -> None:
    text = (
        "tree\nversion=v4\nfeature_names=age bmi\ntree_sizes=10 12\n\nTree=0\n\nend of trees\n\n"
        "parameters:\n[metric: l2,l1]\n[learning_rate: 0.1]\n[label_gain: ]\n\nend of parameters\n"
    )
    facts = read("model.txt", text)
    assert facts.kind is Kind.MODEL
    assert facts.params == {"metric": ["l2", "l1"], "learning_rate": 0.1, "label_gain": ""}
    assert facts.about["trees"] == 2 and facts.about["features"] == ["age", "bmi"]
    assert "cut off" in read("model.txt", text[:60]).warnings[0]


def test_json_lines_of_data_and_of_metrics() -> None:
    assert read("data.jsonl", '{"text": "a", "label": 1}\n').kind is Kind.DATASET
    facts = read(
        "train.jsonl", '{"step": 2, "loss": NaN}\n{"step": 1, "loss": 0.5}\n\n{"step": 3, "l'
    )
    assert facts.kind is Kind.METRICS and math.isnan(facts.metrics["loss"])


def test_a_log_shows_its_first_error_and_its_end() -> None:
    lines = [f"line {n}" for n in range(50)]
    lines[7] = "\x1b[31mValueError: too bad\x1b[0m"
    about = read("train.log", "\n".join(lines)).about
    assert about["first_error"] == "ValueError: too bad"
    assert about["tail"] == lines[-20:]


def test_warnings_name_their_file() -> None:
    facts = read("runs/model.safetensors", b"\xff" * 100)
    assert facts.kind is Kind.MODEL
    assert facts.warnings[0].startswith("runs/model.safetensors could not be read: ")


def test_names_in_warnings_are_printable() -> None:
    (warning,) = read("a\x1b[31m\n\udcff\u202e.pkl", b"no pickle").warnings
    assert warning.isprintable()
    warning.encode()


def test_facts_can_be_encoded_and_are_bounded() -> None:
    facts = read("config.json", json.dumps({"\ud800": "\udfff", "long": "x" * 100_000}))
    assert "".join([*facts.params, *map(str, facts.params.values())]).encode()
    assert len(facts.params["long"]) < 20_000
    assert read("config.json", json.dumps({"a": list(range(5000))})).params == {"a": "5000 items"}
    assert read("config.json", json.dumps({"a": list(range(5))})).params == {"a": [0, 1, 2, 3, 4]}


def test_a_huge_name_makes_no_huge_warning() -> None:
    data = made.safetensors({"x" * 100_000: (2, 3)})
    (warning,) = read("m.safetensors", data.replace(b"[2, 3]", b"[9, 3]")).warnings
    assert len(warning) < 1000


@pytest.mark.parametrize("trouble", [RecursionError, MemoryError, KeyError, OSError(13, "x")])
def test_a_failing_reader_is_a_warning(trouble: BaseException) -> None:
    def opened():
        raise trouble

    source = Source("m.safetensors", 100, made.GOOD["model.safetensors"], opened)
    facts = read_file(source).facts
    assert facts.kind is Kind.MODEL and len(facts.warnings) == 1


class TestDescribe:
    def test_files_are_merged_and_name_their_origin(self) -> None:
        files = {"a/model.safetensors": made.GOOD["model.safetensors"],
                 "a/metrics.json": b'{"loss": 1}', "a/params.json": b'{"lr": 2}'}  # fmt: skip
        found = describe(source_from_bytes(p, d) for p, d in files.items())
        assert found.kind is Kind.MODEL
        assert (found.params["lr"].value, found.params["lr"].file) == (2, "a/params.json")
        assert (found.metrics["loss"].value, found.metrics["loss"].reader) == (1, "document")
        assert found.about["a/model.safetensors"]["parameters"] == 6

    def test_a_folder_of_pictures_is_a_dataset(self) -> None:
        png = b"\x89PNG\r\n\x1a\n" + bytes(20)
        files = [source_from_bytes(f"cat/{n}.png", png) for n in range(3)]
        assert describe(files).kind is Kind.DATASET
        assert describe(files[:1]).kind is Kind.OTHER

    def test_no_files_are_nothing(self) -> None:
        assert describe([]).kind is Kind.OTHER


@pytest.mark.parametrize(
    "path", ["a/model.pt", "metrics.json", "x/config.yaml", "t.parquet", "a.log"]
)
def test_interesting(path: str) -> None:
    assert interesting(path)


@pytest.mark.parametrize("path", ["a/1.png", "train.py", "README.md", ".gitignore"])
def test_not_interesting(path: str) -> None:
    assert not interesting(path)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(sorted(made.GOOD)), st.booleans())
def test_nothing_ever_raises(data: bytes, name: str, start_right: bool) -> None:
    facts = read(name, made.GOOD[name][:10] + data if start_right else data)
    assert not any("failed (" in warning for warning in facts.warnings)


@pytest.mark.parametrize("name", sorted(made.GOOD))
def test_mutated_files_never_raise(name: str) -> None:
    chance = random.Random(name)
    for _ in range(200):
        data = bytearray(made.GOOD[name])
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        facts = read(name, bytes(data))
        assert not any("failed (" in warning for warning in facts.warnings), facts.warnings


def test_reader_names_are_unique_and_words() -> None:
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)
    assert all(reader.version >= 1 and reader.name.isidentifier() for reader in READERS)


def test_an_unknown_binary_is_no_broken_pickle() -> None:
    facts = read("weights/data.bin", bytes(range(256)))
    assert (facts.kind, facts.warnings) == (Kind.OTHER, ())


def test_packed_tables_are_datasets() -> None:
    assert read("train.csv.gz", gzip.compress(b"a,b\n1,2\n")).kind is Kind.DATASET


def test_importing_it_is_cheap() -> None:
    code = "import sys, strongroom.extract.layouts; print('yaml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

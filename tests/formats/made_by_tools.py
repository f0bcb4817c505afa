"""Small good files as trackers and model libraries write them, made by hand."""

from __future__ import annotations

import json
import pickle
import sqlite3
import struct
from contextlib import closing
from typing import Any

from tests.formats.made import field, pickled, text_op


# ---------------------------------------------------------------- W&B
def wandb_frames(records: list[bytes]) -> bytes:
    """Records in LevelDB's blocks of 32 KiB, split where one ends."""
    out = bytearray(b":W&B\xe1\xbe\x00")
    for record in records:
        first = True
        while True:
            left = 32768 - len(out) % 32768
            if left < 7:
                out += bytes(left)
                continue
            piece, record = record[: left - 7], record[left - 7 :]
            kind = {(True, True): 1, (True, False): 2, (False, False): 3, (False, True): 4}[
                first, not record
            ]
            out += bytes(4) + struct.pack("<HB", len(piece), kind) + piece
            first = False
            if not record:
                break
    return bytes(out)


def wandb_item(name: str, value: Any, nested: bool = False) -> bytes:
    return field(2 if nested else 1, name) + field(16, json.dumps(value))


def wandb_history(step: int, values: dict[str, Any]) -> bytes:
    items = b"".join(field(1, wandb_item(k, v, nested=True)) for k, v in values.items())
    return field(2, items + field(2, field(1, step)))


def wandb_run(config: dict[str, Any]) -> bytes:
    settings = b"".join(field(1, wandb_item(k, v)) for k, v in config.items())
    return field(17, field(1, "r1") + field(3, "sample") + field(8, "night") + field(4, settings)
                 + field(10, "tagged") + field(17, field(1, 1_700_000_000))
                 + field(21, field(2, "c" * 40)))  # fmt: skip


def wandb(padding: int = 0) -> bytes:
    return wandb_frames(
        [
            wandb_run({"lr": 0.1, "net": {"depth": 3}, "_wandb": {}, "data": "data/x.csv"}),
            field(4, field(3, "x" * padding)),
            wandb_history(0, {"loss": 0.5, "_timestamp": 1_700_000_001.5, "_step": 0}),
            wandb_history(1, {"loss": "NaN", "acc": 1, "picture": {"_type": "image"}}),
            wandb_history(2, {"loss": 0.25, "val.loss": 2}),
            field(3, field(1, wandb_item("best", 0.75)) + field(1, wandb_item("note", "x"))),
            field(25, field(3, "digits:v3")),
            field(8, field(4, "model") + field(5, "m") + field(12, field(4, field(1, "m.pt")
                  + field(2, "1B2M2Y8AsgTpgAmY7PhCfg==") + field(4, 4)))),
            field(18, field(1, 1) + field(2, 9)),
        ]
    )  # fmt: skip


# ---------------------------------------------------------------- UBJSON
def ubjson(value: Any) -> bytes:
    """As XGBoost writes it: 64-bit lengths, vectors of doubles typed and counted."""
    if isinstance(value, dict):
        return b"{" + b"".join(_text(k) + ubjson(v) for k, v in value.items()) + b"}"
    if isinstance(value, str):
        return b"S" + _text(value)
    if isinstance(value, bool) or value is None:
        return {True: b"T", False: b"F", None: b"Z"}[value]
    if isinstance(value, int):
        return b"l" + struct.pack(">i", value)
    if isinstance(value, float):
        return b"d" + struct.pack(">f", value)
    if value and all(isinstance(one, float) for one in value):
        head = b"[$d#L" + struct.pack(">q", len(value))
        return head + b"".join(struct.pack(">f", one) for one in value)
    return b"[" + b"".join(map(ubjson, value)) + b"]"


def _text(value: str) -> bytes:
    raw = value.encode()
    return b"L" + struct.pack(">q", len(raw)) + raw


def xgboost(trees: int = 2, weights: int = 2000) -> bytes:
    tree = {"split_conditions": [0.5] * weights}
    return ubjson(
        {
            "learner": {
                "attributes": {"train_data": "data/train.csv"},
                "feature_names": ["a", "b"],
                "gradient_booster": {"model": {"trees": [tree] * trees}},
                "objective": {"name": "binary:logistic"},
            },
            "version": [3, 2, 0],
        }
    )


# ---------------------------------------------------------------- FlatBuffers
Fields = dict[int, Any]


def flatbuffer(fields: Fields) -> bytes:
    """A root table of `{place: text, (size, number), fields of a table, or a list of these}`."""
    out = bytearray(4)
    out[:4] = struct.pack("<I", _table(out, fields))
    return bytes(out)


def _table(out: bytearray, fields: Fields) -> int:
    width = max(fields, default=-1) + 1
    offsets, size = [0] * width, 4
    for place, value in sorted(fields.items()):
        offsets[place] = size
        size += value[0] if isinstance(value, tuple) else 4
    start = len(out)
    out += struct.pack(f"<HH{width}H", 4 + 2 * width, size, *offsets)
    at = len(out)
    out += struct.pack("<i", at - start) + bytes(size - 4)
    for place, value in fields.items():
        where = at + offsets[place]
        if isinstance(value, tuple):
            count, number = value
            out[where : where + count] = number.to_bytes(count, "little", signed=True)
        else:
            target = _value(out, value)
            out[where : where + 4] = struct.pack("<I", target - where)
    return at


def _value(out: bytearray, value: Any) -> int:
    if isinstance(value, dict):
        return _table(out, value)
    at = len(out)
    if isinstance(value, str):
        raw = value.encode()
        out += struct.pack("<I", len(raw)) + raw
        return at
    out += struct.pack("<I", len(value)) + bytes(4 * len(value))
    for n, one in enumerate(value):
        where = at + 4 + 4 * n
        target = _value(out, one)
        out[where : where + 4] = struct.pack("<I", target - where)
    return at


def catboost(params: dict[str, Any]) -> bytes:
    trees = {2: ["", "", ""], 4: [{1: (4, 1), 2: "size"}], 5: [{2: (4, 0), 4: "age"}]}
    info = [
        {0: "params", 1: json.dumps({"flat_params": params, "depth": 9})},
        {0: "training", 1: json.dumps({"metrics": {"best_iteration": 2}})},
        {0: "train_finish_time", 1: "2026-01-01T00:00:00Z"},
        {0: "catboost_version_info", 1: "Git info:\n    Branch: tags/v1.2.10\n"},
    ]
    core = flatbuffer({0: "FlabuffersModel_v1", 1: trees, 2: info})
    return b"CBM1" + struct.pack("<I", len(core)) + core


def arrow_stream(*rows: int) -> bytes:
    """A schema of an int64 and a text column, and a batch without a body for each count."""
    columns = [
        {0: "id", 1: (1, 1), 2: (1, 2), 3: {0: (4, 64), 1: (1, 1)}},
        {0: "city", 2: (1, 5), 3: {}},
    ]
    messages = [{0: (2, 4), 1: (1, 1), 2: {1: columns}, 3: (8, 0)}]
    messages += [{0: (2, 4), 1: (1, 3), 2: {0: (8, count)}, 3: (8, 16)} for count in rows]
    out = b""
    for place, message in enumerate(messages):
        data = flatbuffer(message)
        out += b"\xff\xff\xff\xff" + struct.pack("<I", len(data)) + data
        out += bytes(16) if place else b""
    return out + b"\xff\xff\xff\xff" + bytes(4)


def arrow_file(*rows: int) -> bytes:
    return b"ARROW1\0\0" + arrow_stream(*rows) + b"footer" + b"ARROW1"


# ---------------------------------------------------------------- databases
def database(script: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script)
        return connection.serialize()


OPTUNA = """
create table studies (study_id integer primary key, study_name text);
create table trials (trial_id integer primary key, number integer, study_id integer, state text,
    datetime_start text, datetime_complete text);
create table trial_params (trial_id integer, param_name text, param_value float,
    distribution_json text);
create table trial_values (trial_id integer, objective integer, value float, value_type text);
create table trial_intermediate_values (trial_id integer, step integer, intermediate_value float,
    intermediate_value_type text);
create table trial_user_attributes (trial_id integer, key text, value_json text);
insert into studies values (1, 's');
insert into trials values (1, 0, 1, 'COMPLETE', '2026-01-01 00:00:00', '2026-01-01 00:00:09'),
    (2, 1, 1, 'PRUNED', null, 'nonsense'), (3, 2, 1, 'FAIL', null, null);
insert into trial_params values
    (1, 'layers', 3.0, '{"name": "IntDistribution", "attributes": {}}'),
    (1, 'kind', 1.0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}'),
    (1, 'odd', 2.5, 'nonsense');
insert into trial_values values (1, 0, 0.5, 'FINITE'), (1, 1, null, 'INF_POS'),
    (2, 0, 0.1, 'FINITE');
insert into trial_intermediate_values values (1, 0, 0.25, 'FINITE'), (1, 1, null, 'NAN');
insert into trial_user_attributes values (1, 'data', '"data/x.csv"'), (1, 'broken', '{');
"""

MLFLOW = """
create table experiments (experiment_id integer, name text);
create table runs (run_uuid text, name text, status text, start_time integer, end_time integer,
    lifecycle_stage text, artifact_uri text, experiment_id integer);
create table params (run_uuid text, key text, value text);
create table tags (run_uuid text, key text, value text);
create table metrics (run_uuid text, key text, value float, timestamp integer, step integer,
    is_nan boolean);
insert into experiments values (1, 'cancer');
insert into runs values
    ('r1', 'one', 'FINISHED', 1700000000000, 1700000009000, 'active', 'file:///x/mlruns/1/r1/artifacts', 1),
    ('r2', 'two', 'KILLED', 1700000001000, null, 'active', 's3://bucket/1/r2', 1),
    ('r3', 'gone', 'FINISHED', 1700000002000, null, 'deleted', '', 1);
insert into params values ('r1', 'alpha', '0.001'), ('r1', 'zip', '007');
insert into tags values ('r1', 'mlflow.user', 'me'), ('r1', 'stage', 'try');
insert into metrics values ('r1', 'loss', 0.5, 1700000001000, 0, 0),
    ('r1', 'loss', 0.0, 1700000002000, 1, 1), ('r1', 'loss', 1.7976931348623157e308, 1700000003000, 2, 0);
"""  # noqa: E501


# ---------------------------------------------------------------- joblib
def joblib_file() -> bytes:
    """An estimator with an array of numbers and one of objects, as joblib writes them inline."""

    def array(dtype: bytes, raw: bytes) -> bytes:
        wrapper = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}("
        wrapper += text_op("shape") + b"K\x03\x85" + text_op("dtype") + b"cnumpy\ndtype\n"
        wrapper += dtype + b"\x85R" + text_op("numpy_array_alignment_bytes") + b"K\x10ub"
        return wrapper + raw

    numbers = array(text_op("f8"), b"\x05" + b"\xff" * 5 + struct.pack("<3d", 1.0, 2.0, 3.0))
    objects = array(text_op("O8"), pickle.dumps(["a", "b", "c"], 2))
    state = (
        b"}(" + text_op("C") + b"G" + struct.pack(">d", 0.5) + text_op("coef_") + numbers
        + text_op("classes_") + objects + text_op("_sklearn_version") + text_op("1.9.1") + b"u"
    )  # fmt: skip
    return pickled(b"csklearn.svm\nSVC\n)\x81" + state + b"b")


NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "cells": [
            {"cell_type": "code", "execution_count": 1, "outputs": [],
             "source": ["%matplotlib inline\n", "lr, depth = 0.1, -3\n", "name = 'x'\n",
                        "model = fit(lr)\n", "df = pd.read_csv('data/a.csv')"]},
            {"cell_type": "code", "execution_count": 2, "source": "joblib.dump(model, 'm.joblib')",
             "outputs": [{"output_type": "stream", "text": ["Test accuracy: 98.5%\n",
                                                           "val_loss = 0.25, seconds: 3\n"]}]},
        ],
    }
).encode()  # fmt: skip

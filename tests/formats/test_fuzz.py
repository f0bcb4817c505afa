"""Damaged and random bytes: parsers refuse them with `Unreadable`, soon, and with nothing else."""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.extract import catboost, databases, dvc, environment, estimators
from strongroom.extract import wandb as extract_wandb
from strongroom.extract.notebook import notebook
from strongroom.extract.profile import profile
from strongroom.formats import (
    arrow,
    document,
    gguf,
    onnx,
    parquet,
    safetensors,
    tfevents,
    ubjson,
)
from strongroom.formats.archive import Archive
from strongroom.formats.pickle_file import walk_file
from strongroom.formats.pickle_walk import walk
from strongroom.formats.source import Source, Unreadable, source_from_bytes
from strongroom.formats.table import rows, sniff
from strongroom.formats.thrift import read_struct
from strongroom.formats.torch_checkpoint import plain, read_checkpoint
from tests.formats import made, made_by_tools


def _archive(source: Source) -> None:
    with Archive(source) as opened:
        for member in opened.members:
            opened.read(member.name, 1 << 20)


def _flat(read: Callable[[bytes], Any]) -> Callable[[Source], Any]:
    return lambda source: document.flatten(read(source.read(1 << 20)))


PARSERS: dict[str, tuple[Callable[[Source], Any], bytes]] = {
    "safetensors": (safetensors.read_header, made.GOOD["model.safetensors"]),
    "gguf": (gguf.read_header, made.GOOD["tiny.gguf"]),
    "onnx": (onnx.read_model, made.GOOD["model.onnx"]),
    "parquet": (parquet.read_footer, made.GOOD["table.parquet"]),
    "torch": (read_checkpoint, made.GOOD["epoch=1.ckpt"]),
    "events": (
        lambda s: list(tfevents.read_scalars(s, tfevents.Events())),
        made.GOOD["events.out.tfevents.1.host"],
    ),
    "zip": (_archive, made.GOOD["model.keras"]),
    "pickle": (
        lambda s: plain(walk(s.read(1 << 20)).value),
        made.pickled(made.dict_op({"a": made.tensor_op((1, 2)), "b": made.int_op(1)})),
    ),
    "thrift": (lambda s: read_struct(s.read(1 << 20)), made.GOOD["table.parquet"][4:-8]),
    "json": (_flat(document.read_json), b'{"a": [1, {"b": 1e9}]}'),
    "yaml": (_flat(document.read_yaml), made.GOOD["config.yaml"]),
    "toml": (_flat(document.read_toml), made.GOOD["settings.toml"]),
    "table": (lambda s: list(rows(s, sniff(s))), made.GOOD["metrics.csv"]),
    "wandb": (extract_wandb.read, made_by_tools.wandb()),
    "ubjson": (ubjson.read_ubjson, made_by_tools.xgboost(weights=20)),
    "catboost": (catboost.read, made_by_tools.catboost({"depth": 4})),
    "arrow stream": (lambda s: arrow.read_layout(replace(s, path="x.arrow")),
                     made_by_tools.arrow_stream(3, 4)),
    "arrow file": (arrow.read_layout, made_by_tools.arrow_file(3, 4)),
    "joblib": (lambda s: estimators.params(walk_file(s)[0].value), made_by_tools.joblib_file()),
    "packed joblib": (lambda s: walk_file(s, packed=True),
                      zlib.compress(made_by_tools.joblib_file())),
    "profile": (lambda s: profile(replace(s, path="x.csv")), b"a,b\n1,x\n2,\"y\"\n3.5,\n"),
    "profile of records": (lambda s: profile(replace(s, path="x.jsonl")),
                           b'{"a": 1, "b": [1]}\n{"a": null}\n'),
    "notebook": (lambda s: notebook(s, document.read_json(s.read(1 << 20))),
                 made_by_tools.NOTEBOOK),
    "dvc": (lambda s: dvc.read(replace(s, path="dvc.lock")),
            b"stages:\n  a:\n    deps:\n    - path: x\n      md5: a\n"),
    "requirements": (lambda s: environment.read(replace(s, path="requirements.txt")), b"a==1\n"),
}  # fmt: skip


def attempt(parse: Callable[[Source], Any], data: bytes) -> None:
    started = time.monotonic()
    try:
        parse(source_from_bytes("file", data))
    except Unreadable as why:
        assert str(why) and str(why)[-1] != "."
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("name", PARSERS)
def test_good_files_are_read(name: str) -> None:
    parse, good = PARSERS[name]
    parse(source_from_bytes("file", good))


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=400))
def test_random_bytes(name: str, data: bytes) -> None:
    parse, good = PARSERS[name]
    attempt(parse, data)
    attempt(parse, good[:8] + data)


@pytest.mark.parametrize("name", PARSERS)
def test_every_cut(name: str) -> None:
    parse, good = PARSERS[name]
    for size in range(len(good)):
        attempt(parse, good[:size])


@pytest.mark.parametrize("name", PARSERS)
def test_mutations(name: str) -> None:
    """Flipped, repeated, removed and swollen bytes of a good file, from a fixed seed."""
    parse, good = PARSERS[name]
    chance = random.Random(name)
    for _ in range(400):
        data = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            kind = chance.randrange(4)
            if kind == 0:
                data[at] = chance.randrange(256)
            elif kind == 1:
                data[at : at + chance.randint(1, 8)] = b""
            elif kind == 2:
                data[at:at] = data[at : at + chance.randint(1, 16)]
            else:
                data[at : at + 4] = b"\xff\xff\xff\x7f"
            if not data:
                break
        attempt(parse, bytes(data))


@pytest.mark.parametrize("script", [made_by_tools.OPTUNA, made_by_tools.MLFLOW])
def test_mutations_of_a_database(script: str) -> None:
    """Too large to be cut at every byte: whole pages and single bytes are damaged."""
    good = made_by_tools.database(script)
    databases.read(source_from_bytes("study.db", good))
    chance = random.Random(script)
    for n in range(150):
        data = bytearray(good)
        for _ in range(chance.randint(1, 40)):
            at = chance.randrange(len(data)) if n % 3 else chance.randrange(2000)
            data[at] = chance.randrange(256)
        if n % 5 == 0:
            del data[chance.randrange(len(data)) :]
        attempt(databases.read, bytes(data))


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20),
        st.lists(st.integers(0, 5), max_size=4).map(tuple),
        max_size=6,
    ).filter(lambda d: "__metadata__" not in d)
)
def test_safetensors_round_trip(tensors: dict[str, tuple[int, ...]]) -> None:
    header = safetensors.read_header(source_from_bytes("m", made.safetensors(tensors)))
    assert {t.name: t.shape for t in header.tensors} == tensors


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-(1 << 40), 1 << 40), st.floats(width=32)), max_size=20))
def test_events_round_trip(points: list[tuple[int, float]]) -> None:
    data = made.event_file(*(made.scalar_event("loss", step, value) for step, value in points))
    found = list(tfevents.read_scalars(source_from_bytes("e", data), tfevents.Events()))
    assert [(s.step, repr(s.value)) for s in found] == [(s, repr(v)) for s, v in points]


@settings(deadline=None, max_examples=300)
@given(
    st.text(max_size=160), st.integers(-(1 << 63), (1 << 63) - 1), st.floats(width=32),
    st.floats(), st.integers(0, 6), st.integers(0, 255),
)  # fmt: skip
def test_the_short_way_through_an_event_finds_what_the_long_way_finds(
    tag: str, step: int, value: float, clock: float, changes: int, byte: int
) -> None:
    """Of sound messages and of ones with a changed byte."""
    data = bytearray(made.scalar_event(tag, step, value, clock)[12:-4])
    if changes:
        data[(changes * 7919 + byte) % len(data)] = byte
    short, long = tfevents.Events(), tfevents.Events()
    found = tfevents._plain_scalar(bytes(data), short)
    if found is not None:
        assert repr([found]) == repr(tfevents._event(bytes(data), long))
        assert repr(short) == repr(long)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(1 << 31), (1 << 31) - 1) | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
        ),
        max_leaves=12,
    ),
    st.sampled_from([0, 1, 2, 3, 4, 5]),
)
def test_plain_pickles_are_read_as_they_were_written(value: Any, protocol: int) -> None:
    import pickle

    assert walk(pickle.dumps(value, protocol)).value == value

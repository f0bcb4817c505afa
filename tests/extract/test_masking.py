"""Secrets are masked in facts, and what only sounds like one is left alone."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.extract import read_file
from strongroom.extract.layouts import assign, read_run
from strongroom.extract.masking import MASK, Masking
from strongroom.formats.source import source_from_bytes
from tests.formats import made_by_tools as made


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("db.password", "hunter2", MASK),
        ("hub_token", "abcdef", MASK),
        ("AWS_SECRET_ACCESS_KEY", "abc", MASK),
        ("wandb_api_key", "0" * 40, MASK),
        ("note", "use hf_" + "a" * 34 + " here", f"use {MASK} here"),
        ("key", "AKIA" + "A" * 16, MASK),
        ("url", "postgresql://me:pass@host/db", f"postgresql://me:{MASK}@host/db"),
        ("cmd", "train.py --lr 1 --api-key=abc -v", f"train.py --lr 1 --api-key={MASK} -v"),
        ("cmd", "HF_TOKEN=abc python x.py", f"HF_TOKEN={MASK} python x.py"),
        ("argv", ["--api-key", "abc", "--lr", "1"], ["--api-key", MASK, "--lr", "1"]),
        ("deep", {"a": [{"password": "x1"}]}, {"a": [{"password": MASK}]}),
    ],
)
def test_a_secret_is_masked(name: str, value: object, shown: object) -> None:
    masking = Masking()
    assert masking.value(name, value) == shown
    assert "masked" in masking.told()[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pad_token", "<pad>"), ("eos_token", "</s>"), ("max_tokens", 100), ("tokenizer", "bpe"),
        ("hub_token", "<HUB_TOKEN>"), ("password", None), ("api_key", ""), ("monkey", "x"),
        ("secret_santa", "yes"), ("git.commit", "a" * 40), ("cmd", "train.py --max-tokens 100"),
        ("url", "https://host:8080/x"), ("data_sha256", "b" * 64), ("token", "the"),
    ],
)  # fmt: skip
def test_what_only_sounds_like_one_is_left(name: str, value: object) -> None:
    masking = Masking()
    assert masking.value(name, value) == value and masking.told() == ()


@given(st.recursive(st.none() | st.integers() | st.text(max_size=30),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner),
                    max_leaves=20))  # fmt: skip
def test_masking_twice_is_masking_once(value: object) -> None:
    once = Masking().value("x", value)
    assert Masking().value("x", once) == once


def test_facts_of_a_run_hold_no_secret_whatever_file_each_came_from() -> None:
    run = "mlruns/1/" + "a" * 32
    files = {f"{run}/meta.yaml": b"status: 3\n", f"{run}/params/api_key": b"abcdef",
             f"{run}/tags/mlflow.source.name": b"x.py --password=abcdef"}  # fmt: skip
    (found,) = assign(files)
    facts = read_run(found, lambda path: source_from_bytes(path, files[path]))
    assert facts.params["api_key"].value == MASK
    assert facts.provenance["source.name"] == f"x.py --password={MASK}"
    assert facts.warnings == ("What looks like a secret is masked: api_key, source.name.",)


@pytest.mark.parametrize("piece", ["-", "-a", "eyJ", "a", "x=", "://a:", "api_key ", "_", "hf_"])
def test_a_long_text_takes_no_time(piece: str) -> None:
    text = (piece * 16384)[:16384]
    started = time.monotonic()
    for name in ("x", text):
        Masking().value(name, text)
    assert time.monotonic() - started < 1


def test_facts_of_files_and_of_runs_in_them_hold_no_secret() -> None:
    secret = "hunter2-hunter2"
    config = {"lr": 0.1, "database": {"password": secret}, "pad_token": "<pad>"}
    facts = read_file(source_from_bytes("config.json", json.dumps(config).encode())).facts
    assert facts.params == {"lr": 0.1, "database.password": MASK, "pad_token": "<pad>"}
    assert facts.warnings == (
        "config.json: What looks like a secret is masked: database.password.",
    )
    run = made.wandb_frames([made.wandb_run({"api_key": secret, "data": "s3://me:pw12@x/y"})])
    facts = read_file(source_from_bytes("run-x.wandb", run)).facts
    assert secret not in repr(facts) and "pw12" not in repr(facts)

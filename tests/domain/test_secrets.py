"""Secrets are masked, and nothing else is."""

from __future__ import annotations

import pytest

from strongroom.domain.secrets import (
    MASK,
    is_secret_name,
    masked,
    masked_command,
    masked_lines,
    masked_text,
)


@pytest.mark.parametrize(
    "name",
    ["password", "db_password", "DB_PASSWORD", "apiKey", "api_key", "hub_token", "AccessToken",
     "client-secret", "aws_secret_access_key", "token", "privateKey"],
)  # fmt: skip
def test_names_of_secrets(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["pad_token", "eos_token", "tokenizer", "max_new_tokens", "key", "sort_key",
     "num_key_value_heads", "secretary", "author", "tokens_per_second", "passes", "key_metric"],
)  # fmt: skip
def test_names_of_none(name):
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "secret",
    ["AKIAIOSFODNN7EXAMPLE", "ghp_" + "a1B2" * 9, "hf_" + "abcdEFGH12" * 4, "sk-proj-" + "x9" * 20,
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-def_ghi",
     "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"],
)  # fmt: skip
def test_forms_are_found_within_a_text(secret):
    shown = masked_text(f"before {secret} after")
    assert secret not in shown and shown == f"before {MASK} after"


def test_a_password_in_a_url():
    assert masked_text("s3://me:hunter2@host/b") == f"s3://me:{MASK}@host/b"
    assert masked_text("https://host/a:b@c") == "https://host/a:b@c"


def test_values_by_name_and_nested():
    found = masked("", {"lr": 0.1, "db": {"password": "x", "host": "h"}, "api_key": ["a", "b"],
                        "eos_token": "</s>", "token": ""})  # fmt: skip
    assert found == {"lr": 0.1, "db": {"password": MASK, "host": "h"}, "api_key": [MASK, MASK],
                     "eos_token": "</s>", "token": ""}  # fmt: skip


def test_command_lines():
    line = ["train.py", "--api-key", "abc", "--lr", "0.1", "--password=xyz", "--token", "--fast"]
    assert masked_command(line) == [
        "train.py", "--api-key", MASK, "--lr", "0.1", f"--password={MASK}", "--token", "--fast"
    ]  # fmt: skip


def test_a_diff():
    text = '+API_KEY = "abcdef"\n+lr = 0.1\n-  password: "old"\n context key: value\n'
    shown = masked_lines(text)
    assert "abcdef" not in shown and '"old"' not in shown
    assert "+lr = 0.1" in shown and "context key: value" in shown

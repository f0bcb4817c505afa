"""What the journeys through the command line begin with."""

from __future__ import annotations

import os

import pytest

from tests.journeys.commands import strongroom


@pytest.fixture
def place(tmp_path):
    strongroom("init", tmp_path / "registry")
    return tmp_path / "registry"


@pytest.fixture
def folder(tmp_path):
    """A small file, and one too large for a shelf in a folder below."""
    work = tmp_path / "work"
    (work / "sub").mkdir(parents=True)
    (work / "a.bin").write_bytes(b"alpha")
    (work / "sub" / "b.bin").write_bytes(os.urandom(100_000))
    return work

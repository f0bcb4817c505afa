"""Scripts run as processes of their own, with a registry, a cache and a queue of the test."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Script:
    """Writes and runs a training script; `environment` is what it sees beside the test's own."""

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder, self.place = folder, place
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "app"),
            "STRONGROOM_REGISTRY": str(place),
            "STRONGROOM_CACHE": str(folder / "cache"),
            "STRONGROOM_QUEUE": str(folder / "queue"),
        }
        self.python = sys.executable

    def start(self, text: str, **variables: str) -> subprocess.Popen[str]:
        path = self.folder / "train.py"
        path.write_text(textwrap.dedent(text))
        return subprocess.Popen(
            [self.python, str(path)],
            cwd=self.folder,
            env={**self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, text: str, code: int = 0, seconds: float = 120, **variables: str) -> str:
        process = self.start(text, **variables)
        out, err = process.communicate(timeout=seconds)
        assert process.returncode == code, err
        self.err = err
        return out


@pytest.fixture
def script(tmp_path, place):
    folder = tmp_path / "project"
    folder.mkdir()
    return Script(folder, place)

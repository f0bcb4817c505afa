"""The sample project: a small real training, run twice in processes of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from strongroom.gui.resources import resources


def sample_folder(registry: str) -> Path:
    """Where the sample writes: beside the registry, never inside it."""
    place = Path(registry)
    return place.with_name(f"{place.name}-sample")


def sample_runs(folder: Path) -> list[list[str]]:
    """The command lines of its two runs, one after the other."""
    train = str(resources() / "sample" / "train.py")
    return [
        [sys.executable, train, str(folder), "--name", "baseline", "--pause", "0.05"],
        [sys.executable, train, str(folder), "--name", "slower", "--lr", "0.05", "--pause", "0.05"],
    ]

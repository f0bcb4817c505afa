"""Where icons, fonts, help and the sample lie: beside the package, or inside an installed one."""

from __future__ import annotations

import functools
from pathlib import Path


@functools.cache
def resources() -> Path:
    package = Path(__file__).resolve().parents[1]
    installed = package / "resources"
    return installed if installed.is_dir() else package.parents[1] / "resources"

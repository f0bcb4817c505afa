"""Pictures as a table, for reports and copies: size and the beginning of the digest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.gui.compare.grid import Grid, Names
from strongroom.gui.compare.sections import files


def grids(document: dict[str, Any], names: Names, only: bool) -> Sequence[Grid]:
    return files.grids(document, names, only)

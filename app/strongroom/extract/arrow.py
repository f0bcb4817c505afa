"""Arrow IPC and Feather 2: rows and columns."""

from __future__ import annotations

from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.reader import Reader
from strongroom.formats.arrow import plausible, read_layout
from strongroom.formats.source import Source

_MAX_COLUMNS = 20_000


def read(source: Source) -> Facts:
    layout = read_layout(source)
    about: dict[str, Any] = {
        "columns": [
            {"name": name, "type": kind, "nullable": nullable}
            for name, kind, nullable in layout.columns[:_MAX_COLUMNS]
        ],
        "batches": layout.batches,
    }
    if layout.rows is not None:
        about["rows"] = layout.rows
    cut = () if layout.rows is not None else ("It is cut off, so its rows are not counted.",)
    return Facts(Kind.DATASET, "arrow", about=about, warnings=cut)


reader = Reader("arrow", 1, plausible, read)

"""Parquet: rows, columns and types out of the footer."""

from __future__ import annotations

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.reader import Reader
from strongroom.formats.parquet import read_footer
from strongroom.formats.source import Source

_MAX_COLUMNS = 20_000


def fits(source: Source) -> bool:
    return source.head[:4] in (b"PAR1", b"PARE")


def read(source: Source) -> Facts:
    footer = read_footer(source)
    about = {
        "rows": footer.rows,
        "columns": [
            {
                "name": c.name,
                "type": c.type,
                "nullable": c.nullable,
                **({"nulls": c.nulls} if c.nulls is not None else {}),
                **({"min": c.low, "max": c.high} if c.low is not None else {}),
            }
            for c in footer.columns[:_MAX_COLUMNS]
        ],
        "row_groups": footer.row_groups,
        "created_by": footer.created_by,
    }
    return Facts(kind=Kind.DATASET, format="parquet", about=about)


reader = Reader("parquet", 1, fits, read)

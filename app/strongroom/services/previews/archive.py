"""ZIP archives: their members, without unpacking any."""

from __future__ import annotations

from typing import Any

from strongroom.domain.quantities import size_text
from strongroom.formats.archive import Archive
from strongroom.formats.source import Source
from strongroom.services.previews.request import Request
from strongroom.services.previews.table import CELL, table

_SHOWN = 2000


def claims(source: Source) -> bool:
    return source.head.startswith(b"PK\x03\x04")


def show(source: Source, request: Request) -> dict[str, Any]:
    with Archive(source) as archive:
        members = archive.members
    rows = [
        [m.name[:CELL], size_text(m.size), size_text(m.packed), "yes" if m.encrypted else ""]
        for m in members[:_SHOWN]
    ]
    columns = [("Member", "text"), ("Size", "size"), ("Packed", "size"), ("Encrypted", "text")]
    return table(columns, rows, len(members), "an archive: its members are listed, not unpacked")

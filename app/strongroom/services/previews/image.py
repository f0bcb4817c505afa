"""Pictures: which format it is. The front end gets the bytes and decodes them within limits."""

from __future__ import annotations

from typing import Any

from strongroom.domain.quantities import size_text
from strongroom.formats.source import Source, Unreadable
from strongroom.services.previews.request import Request

#: A larger picture is not handed to a decoder.
LARGEST = 32 << 20
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
)


def claims(source: Source) -> bool:
    return bool(_format(source))


def show(source: Source, request: Request) -> dict[str, Any]:
    if source.size > LARGEST:
        raise Unreadable(f"pictures of more than {size_text(LARGEST)} are not decoded here")
    return {"kind": "image", "format": _format(source)}


def _format(source: Source) -> str:
    """By the first bytes alone: a name proves nothing. SVG is active content and never shown."""
    head = source.head
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    found = next((name for magic, name in _MAGIC if head.startswith(magic)), "")
    if found == "bmp" and not source.name.lower().endswith(".bmp"):
        return ""  # two letters are too few to go by
    return found

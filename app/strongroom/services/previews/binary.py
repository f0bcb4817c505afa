"""The first bytes of what nothing else shows."""

from __future__ import annotations

from typing import Any

from strongroom.formats.source import Source
from strongroom.services.previews.request import Request

SHOWN = 512
_PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt")


def claims(source: Source) -> bool:
    return True


def show(source: Source, request: Request) -> dict[str, Any]:
    return document(source.name, source.head)


def document(name: str, head: bytes) -> dict[str, Any]:
    reason = ""
    if name.lower().endswith(_PICKLES) and head[:1] == b"\x80":
        reason = "a pickle can run code when it is loaded, so it is never loaded here"
    return {"kind": "binary", "bytes": head[:SHOWN].hex(), "reason": reason}

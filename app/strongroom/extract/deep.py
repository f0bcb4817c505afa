"""What one file is deeply made of, read whole: its tensors' digests, or its columns' statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strongroom.extract import tensor_digests
from strongroom.extract.profile import profile
from strongroom.formats.source import Source, Unreadable

#: Names that promise something deeper; others are not read a second time.
SUFFIXES = (
    ".safetensors", ".pt", ".pth", ".ckpt", ".bin",
    ".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", ".arrow", ".feather",
)  # fmt: skip


def worth_it(path: str) -> bool:
    """Whether the name promises a profile. No I/O."""
    return path.lower().endswith(SUFFIXES)


def look(source: Source, tick: Callable[[int], None] = lambda count: None) -> dict[str, Any]:
    """`{"kind": "tensors" | "table" | "", …}`; `""` for what is neither, with `"why"`."""
    try:
        if tensor_digests.fits(source):
            return {"kind": "tensors", "tensors": tensor_digests.digests(source, tick)}
        return profile(source, tick) or {"kind": "", "why": ""}
    except Unreadable as why:
        return {"kind": "", "why": f"{source.path}: {why}"}
    except OSError as why:
        return {"kind": "", "why": f"{source.path} could not be read: {why.strerror}"}

"""Safetensors header: https://github.com/huggingface/safetensors#format. No tensor data is read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strongroom.formats.source import Source, Unreadable

#: The reference implementation refuses headers beyond this size.
MAX_HEADER = 100_000_000
#: About 80,000 tensors; parsed it takes some twenty times as much memory.
_MAX_PARSED = 8 << 20
_MAX_TENSORS = 1_000_000
#: Bits of one element; sizes of types that are not listed are not checked.
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "I16": 16, "U16": 16,
    "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64,
    "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """`start` and `stop` are byte offsets behind the header (`data_at`)."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Header:
    tensors: tuple[Tensor, ...]
    metadata: Mapping[str, str]
    data_at: int


def plausible(head: bytes) -> bool:
    """Whether the first bytes can be a safetensors file: a length, then a JSON object."""
    return len(head) > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= MAX_HEADER


def read_header(source: Source) -> Header:
    """Raises `Unreadable` for a header that is cut off or that the rest of the file contradicts."""
    if source.size < 8:
        raise Unreadable("it is shorter than a safetensors header")
    size = int.from_bytes(source.head[:8], "little")
    if size > MAX_HEADER:
        raise Unreadable(f"its header claims {size} bytes; safetensors allows {MAX_HEADER}")
    if 8 + size > source.size:
        raise Unreadable(f"its header claims {size} bytes but the file has {source.size}")
    if size > _MAX_PARSED:
        raise Unreadable(f"its header has {size} bytes, more than the {_MAX_PARSED} read")
    with source.open() as stream:
        stream.seek(8)
        raw = stream.read(size)
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as why:
        raise Unreadable("its header is not JSON") from why
    if not isinstance(document, dict):
        raise Unreadable("its header is not a JSON object")
    if len(document) > _MAX_TENSORS:
        raise Unreadable(f"it has more than {_MAX_TENSORS} tensors")
    metadata = document.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict):
        raise Unreadable("its __metadata__ is not an object")
    room = source.size - 8 - size
    tensors = tuple(_tensor(name, entry, room) for name, entry in document.items())
    return Header(tensors, {str(k): str(v) for k, v in metadata.items()}, 8 + size)


def _tensor(name: str, entry: Any, room: int) -> Tensor:
    if not isinstance(entry, dict):
        raise Unreadable(f"tensor {name!r} is not described")
    dtype = entry.get("dtype")
    shape, span = _counts(entry.get("shape")), _counts(entry.get("data_offsets"))
    if not isinstance(dtype, str) or shape is None or span is None or len(span) != 2:
        raise Unreadable(f"tensor {name!r} is not described as safetensors demands")
    start, stop = span
    if start > stop or stop > room:
        raise Unreadable(f"tensor {name!r} ends at byte {stop} of {room}: the file is cut off")
    if len(shape) > 64:
        raise Unreadable(f"tensor {name!r} has {len(shape)} dimensions")
    if dtype in _BITS and math.prod(shape) * _BITS[dtype] != (stop - start) * 8:
        raise Unreadable(f"tensor {name!r} has a shape that its {stop - start} bytes contradict")
    return Tensor(name, dtype, tuple(shape), start, stop)


def _counts(value: Any) -> list[int] | None:
    if isinstance(value, list) and all(type(n) is int and 0 <= n < 1 << 63 for n in value):
        return value
    return None

"""GGUF v2 and v3 header: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.

Reads at most 64 MiB of keys and tensor descriptions, never tensor data.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from strongroom.formats.source import Source, Unreadable

MAGIC = b"GGUF"
_MAX_HEADER = 64 << 20
_MAX_KEYS = 65_536
_MAX_TENSORS = 200_000
_MAX_TEXT = 1 << 20
#: Longer lists (a tokenizer's vocabulary) are kept as their length and first items.
_KEPT_ITEMS = 16
_SCALARS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
_TEXT, _ARRAY = 8, 9
_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1",
    10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS",
    17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S",
    23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 30: "BF16",
    34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """`shape` in the order arrays use, which is the reverse of the order in the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Header:
    """Long arrays of `metadata` are `{"length": n, "first": [...]}`."""

    version: int
    metadata: Mapping[str, Any]
    tensors: tuple[Tensor, ...]


class _Cursor:
    def __init__(self, stream: BinaryIO, size: int, order: str) -> None:
        self.stream = stream
        self.left = size
        self.order = order

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise Unreadable("its header is cut off or larger than what is read")
        data = self.stream.read(size)
        if len(data) < size:
            raise Unreadable("its header is cut off")
        self.left -= size
        return data

    def number(self, code: str) -> Any:
        return struct.unpack(self.order + code, self.take(struct.calcsize(self.order + code)))[0]

    def text(self) -> str:
        size = self.number("Q")
        if size > _MAX_TEXT:
            raise Unreadable(f"its header holds a text of {size} bytes")
        return self.take(size).decode("utf-8", "replace")

    def value(self, kind: int, depth: int = 0) -> Any:
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _TEXT:
            return self.text()
        if kind != _ARRAY or depth > 3:
            raise Unreadable(f"value type {kind} is unknown")
        inner, count = self.number("I"), self.number("Q")
        if count > self.left:
            raise Unreadable(f"an array claims {count} items, more than the file can hold")
        kept = [self.value(inner, depth + 1) for _ in range(min(count, _KEPT_ITEMS))]
        rest = count - len(kept)
        if inner in _SCALARS:
            self.take(rest * struct.calcsize("=" + _SCALARS[inner]))
        else:
            for _ in range(rest):
                self.value(inner, depth + 1)
        return kept if not rest else {"length": count, "first": kept}


def read_header(source: Source) -> Header:
    """Raises `Unreadable` for versions other than 2 and 3 and for headers that cannot be true."""
    if source.head[:4] != MAGIC or source.size < 24:
        raise Unreadable("it is shorter than a GGUF header")
    order = "<"
    (version,) = struct.unpack_from("<I", source.head, 4)
    if version >> 16 and not version & 0xFFFF:  # written by a big-endian machine
        order, (version,) = ">", struct.unpack_from(">I", source.head, 4)
    if version not in (2, 3):
        raise Unreadable(f"GGUF version {version} is not read; versions 2 and 3 are")
    with source.open() as raw:
        stream = io.BufferedReader(raw, 1 << 16) if isinstance(raw, io.RawIOBase) else raw
        stream.seek(8)
        at = _Cursor(stream, min(source.size - 8, _MAX_HEADER), order)
        tensors, keys = at.number("Q"), at.number("Q")
        if keys > _MAX_KEYS or tensors > _MAX_TENSORS:
            raise Unreadable(f"its header claims {keys} keys and {tensors} tensors")
        metadata = {}
        for _ in range(keys):
            name = at.text()
            metadata[name] = at.value(at.number("I"))
        return Header(version, metadata, tuple(_tensor(at) for _ in range(tensors)))


def _tensor(at: _Cursor) -> Tensor:
    name, dimensions = at.text(), at.number("I")
    if dimensions > 16:
        raise Unreadable(f"tensor {name!r} claims {dimensions} dimensions")
    shape = tuple(at.number("Q") for _ in range(dimensions))
    kind, _offset = at.number("I"), at.number("Q")
    return Tensor(name, _TYPES.get(kind, f"type {kind}"), shape[::-1])

"""Tensors of safetensors, PyTorch, GGUF and ONNX files: names, types and shapes, never the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from strongroom.formats import gguf, onnx, safetensors, torch_checkpoint
from strongroom.formats.source import Source
from strongroom.services.previews.request import Request

#: Tensors that are listed; the totals count all.
SHOWN = 20_000
_METADATA = 300
_VALUE = 500
_TORCH = (".pt", ".pth", ".bin", ".ckpt", ".torch")
_BITS = {
    "float64": 64, "double": 64, "int64": 64, "uint64": 64, "complex64": 64, "complex128": 128,
    "float32": 32, "float": 32, "int32": 32, "uint32": 32, "float16": 16, "bfloat16": 16,
    "int16": 16, "uint16": 16, "int8": 8, "uint8": 8, "bool": 8, "uint4": 4, "int4": 4,
    "f64": 64, "i64": 64, "f32": 32, "i32": 32, "f16": 16, "bf16": 16, "i16": 16, "i8": 8,
}  # fmt: skip
#: GGUF's quantised types: elements and bytes of one block.
_BLOCKS = {
    "Q4_0": (32, 18), "Q4_1": (32, 20), "Q5_0": (32, 22), "Q5_1": (32, 24), "Q8_0": (32, 34),
    "Q8_1": (32, 36), "Q2_K": (256, 84), "Q3_K": (256, 110), "Q4_K": (256, 144),
    "Q5_K": (256, 176), "Q6_K": (256, 210), "Q8_K": (256, 292),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """`bytes` None where the type's size is not known; a dimension may be a name or unknown."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...]
    bytes: int | None

    @property
    def elements(self) -> int:
        return math.prod(d for d in self.shape if isinstance(d, int))


@dataclass(frozen=True, slots=True)
class Listing:
    format: str
    rows: list[Row]
    metadata: Mapping[str, Any]


def claims(source: Source) -> bool:
    return _reader(source) is not None


def show(source: Source, request: Request) -> dict[str, Any]:
    reader = _reader(source)
    assert reader is not None
    listing = reader(source)
    sizes = [row.bytes for row in listing.rows]
    metadata = list(listing.metadata.items())[:_METADATA]
    return {
        "kind": "tensors",
        "format": listing.format,
        "tensors": [[r.name, r.dtype, list(r.shape), r.bytes] for r in listing.rows[:SHOWN]],
        "total": len(listing.rows),
        "parameters": sum(row.elements for row in listing.rows),
        "bytes": sum(s or 0 for s in sizes) if None not in sizes else None,
        "metadata": [[str(key)[:_VALUE], _short(value)] for key, value in metadata],
        "reason": _left_out(len(listing.rows)),
    }


def _left_out(count: int) -> str:
    return f"{SHOWN:,} of {count:,} tensors are listed" if count > SHOWN else ""


def _reader(source: Source) -> Callable[[Source], Listing] | None:
    name, head = source.name.lower(), source.head
    if head.startswith(gguf.MAGIC):
        return _gguf
    if name.endswith(".safetensors") or (not name.endswith(".json") and _looks_safe(head)):
        return _safetensors
    if name.endswith(".onnx"):
        return _onnx
    if head.startswith(b"PK\x03\x04") and name.endswith(_TORCH):
        return _torch
    return None


def _looks_safe(head: bytes) -> bool:
    return head[7:8] == b"\0" and safetensors.plausible(head)


def _safetensors(source: Source) -> Listing:
    header = safetensors.read_header(source)
    rows = [Row(t.name, t.dtype, t.shape, t.stop - t.start) for t in header.tensors]
    return Listing("safetensors", rows, header.metadata)


def _gguf(source: Source) -> Listing:
    header = gguf.read_header(source)
    rows = [Row(t.name, t.dtype, t.shape, _size(t.dtype, t.elements)) for t in header.tensors]
    return Listing(f"GGUF version {header.version}", rows, header.metadata)


def _onnx(source: Source) -> Listing:
    model = onnx.read_model(source)
    rows = [
        Row(w.name, w.dtype, w.shape, _size(w.dtype, math.prod(_known(w.shape))))
        for w in model.weights
    ]
    about: dict[str, Any] = {
        "producer": model.producer,
        "graph": model.graph,
        "opsets": dict(model.opsets),
        **{f"input {t.name}": f"{t.dtype} {_shape(t.shape)}" for t in model.inputs[:50]},
        **{f"output {t.name}": f"{t.dtype} {_shape(t.shape)}" for t in model.outputs[:50]},
        **model.metadata,
    }
    return Listing("ONNX", rows, about)


def _torch(source: Source) -> Listing:
    checkpoint = torch_checkpoint.read_checkpoint(source)
    rows = [
        Row(t.name, t.dtype, t.shape, _size(t.dtype, math.prod(t.shape)))
        for t in checkpoint.tensors
    ]
    about = {"globals it names": ", ".join(checkpoint.globals[:100])}
    return Listing("PyTorch", rows, about)


def _size(dtype: str, elements: int) -> int | None:
    if dtype in _BLOCKS:
        per, size = _BLOCKS[dtype]
        return -(-elements // per) * size
    bits = _BITS.get(dtype.lower())
    return None if bits is None else -(-elements * bits // 8)


def _known(shape: Iterable[int | str | None]) -> list[int]:
    return [d for d in shape if isinstance(d, int)]


def _shape(shape: Iterable[int | str | None]) -> str:
    return " × ".join("?" if d is None else str(d) for d in shape) or "scalar"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= _VALUE else text[: _VALUE - 1] + "…"

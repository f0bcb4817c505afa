"""ONNX models: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Weights stay unread."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from strongroom.formats.source import Source, Unreadable
from strongroom.formats.wire import LEN, VARINT, Budget, Field, payload, signed, stream_fields

_MAX_FIELDS = 500_000
_MAX_TEXT = 1 << 16
_MAX_TENSORS = 20_000
_DTYPES = (
    "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool",
    "float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16",
    "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input, an output or a weight; a dimension is a number, a name or None for unknown."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...]


@dataclass(frozen=True, slots=True)
class Model:
    ir_version: int
    producer: str
    opsets: Mapping[str, int]
    graph: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    weights: tuple[Tensor, ...]
    operators: Mapping[str, int]
    metadata: Mapping[str, str]

    @property
    def parameters(self) -> int:
        return sum(math.prod(d for d in w.shape if isinstance(d, int)) for w in self.weights)


class _Reader:
    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.budget = Budget(_MAX_FIELDS)

    def inside(self, field: Field) -> list[Field]:
        if field.wire != LEN:
            raise Unreadable(f"field {field.number} has an unexpected type")
        return list(stream_fields(self.stream, field.start, field.size, self.budget))

    def text(self, field: Field) -> str:
        return payload(self.stream, field, _MAX_TEXT).decode("utf-8", "replace")

    def texts(self, field: Field, *numbers: int) -> list[str]:
        found = {f.number: f for f in self.inside(field)}
        return [self.text(found[n]) if n in found else "" for n in numbers]

    def dims(self, field: Field) -> tuple[int | str | None, ...]:
        """TensorShapeProto."""
        shape: list[int | str | None] = []
        for dim in self.inside(field):
            size: int | str | None = None
            for f in self.inside(dim):
                if f.number == 1 and f.wire == VARINT:
                    size = signed(f.value)
                elif f.number == 2:
                    size = self.text(f)
            shape.append(size)
        return tuple(shape)

    def value_info(self, field: Field) -> Tensor:
        name, dtype = "", "undefined"
        shape: tuple[int | str | None, ...] = ()
        for f in self.inside(field):
            if f.number == 1:
                name = self.text(f)
            elif f.number == 2:
                for kind in self.inside(f):
                    if kind.number != 1:
                        dtype = {4: "sequence", 5: "map", 9: "optional", 8: "sparse"}.get(
                            kind.number, dtype
                        )
                        continue
                    for part in self.inside(kind):
                        if part.number == 1:
                            dtype = _dtype(part.value)
                        elif part.number == 2:
                            shape = self.dims(part)
        return Tensor(name, dtype, shape)

    def weight(self, field: Field) -> Tensor:
        """TensorProto without its data."""
        name, dtype = "", "undefined"
        shape: list[int | str | None] = []
        for f in self.inside(field):
            if f.number == 8:
                name = self.text(f)
            elif f.number == 2:
                dtype = _dtype(f.value)
            elif f.number == 1 and f.wire == VARINT:
                shape.append(signed(f.value))
            elif f.number == 1:
                shape.extend(_packed(payload(self.stream, f, 1024)))
        return Tensor(name, dtype, tuple(shape))


def _packed(data: bytes) -> list[int]:
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(signed(value & 0xFFFFFFFFFFFFFFFF))
            value = shift = 0
    return numbers


def _dtype(number: int) -> str:
    return _DTYPES[number] if number < len(_DTYPES) else f"type {number}"


def read_model(source: Source) -> Model:
    """Raises `Unreadable` where the file is no ONNX model, is cut off or has too many nodes."""
    with source.open() as stream:
        reader = _Reader(stream)
        ir_version, producer, graph_field = 0, "", None
        opsets: dict[str, int] = {}
        metadata: dict[str, str] = {}
        for f in stream_fields(stream, 0, source.size, reader.budget):
            if f.number == 1 and f.wire == VARINT:
                ir_version = f.value
            elif f.number in (2, 3) and f.wire == LEN:
                producer = f"{producer} {reader.text(f)}".strip()
            elif f.number == 7 and f.wire == LEN:
                graph_field = f
            elif f.number == 8 and f.wire == LEN:
                parts = {p.number: p for p in reader.inside(f)}
                domain = reader.text(parts[1]) if 1 in parts else ""
                opsets[domain] = parts[2].value if 2 in parts else 0
            elif f.number == 14 and f.wire == LEN and len(metadata) < 1000:
                key, value = reader.texts(f, 1, 2)
                metadata[key] = value
        if graph_field is None:
            raise Unreadable("it has no graph, so it is no whole ONNX model")
        return _graph(reader, graph_field, ir_version, producer, opsets, metadata)


def _graph(
    reader: _Reader,
    graph: Field,
    ir_version: int,
    producer: str,
    opsets: dict[str, int],
    metadata: dict[str, str],
) -> Model:
    name = ""
    inputs: list[Tensor] = []
    outputs: list[Tensor] = []
    weights: list[Tensor] = []
    operators: Counter[str] = Counter()
    for f in stream_fields(reader.stream, graph.start, graph.size, reader.budget):
        if f.number == 1:
            operators[_operator(reader, f)] += 1
        elif f.number == 2:
            name = reader.text(f)
        elif f.number == 5 and len(weights) < _MAX_TENSORS:
            weights.append(reader.weight(f))
        elif f.number == 11:
            inputs.append(reader.value_info(f))
        elif f.number == 12:
            outputs.append(reader.value_info(f))
    known = {w.name for w in weights}
    inputs = [i for i in inputs if i.name not in known]  # before IR 4, weights are inputs as well
    return Model(
        ir_version, producer, opsets, name, tuple(inputs), tuple(outputs), tuple(weights),
        dict(operators), metadata,
    )  # fmt: skip


def _operator(reader: _Reader, node: Field) -> str:
    return next((reader.text(f) for f in reader.inside(node) if f.number == 4), "")

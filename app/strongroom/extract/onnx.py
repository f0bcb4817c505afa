"""ONNX: inputs, outputs, operators and what the exporter left in metadata_props."""

from __future__ import annotations

from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.reader import Reader
from strongroom.formats.onnx import Tensor, read_model
from strongroom.formats.source import Source


def fits(source: Source) -> bool:
    """By name: ONNX has no magic number."""
    return source.name.lower().endswith(".onnx")


def read(source: Source) -> Facts:
    model = read_model(source)
    about = {
        "ir_version": model.ir_version,
        "producer": model.producer,
        "opsets": dict(model.opsets),
        "graph": model.graph,
        "inputs": [_described(t) for t in model.inputs[:1000]],
        "outputs": [_described(t) for t in model.outputs[:1000]],
        "operators": dict(model.operators),
        "tensors": [_described(t) for t in model.weights],
        "parameters": model.parameters,
        "metadata": dict(model.metadata),
    }
    return Facts(kind=Kind.MODEL, format="onnx", about=about)


def _described(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "dtype": tensor.dtype, "shape": list(tensor.shape)}


reader = Reader("onnx", 1, fits, read)

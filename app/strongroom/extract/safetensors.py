"""Safetensors: tensors and metadata out of the header."""

from __future__ import annotations

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.reader import Reader
from strongroom.formats.safetensors import plausible, read_header
from strongroom.formats.source import Source

_MAX_TENSORS = 20_000


def fits(source: Source) -> bool:
    return source.name.lower().endswith(".safetensors") or (
        plausible(source.head) and b'"data_offsets"' in source.head[:4096]
    )


def read(source: Source) -> Facts:
    header = read_header(source)
    about = {
        "tensors": [
            {"name": t.name, "dtype": t.dtype, "shape": list(t.shape)}
            for t in header.tensors[:_MAX_TENSORS]
        ],
        "parameters": sum(t.elements for t in header.tensors),
        "metadata": dict(header.metadata),
    }
    return Facts(kind=Kind.MODEL, format="safetensors", about=about)


reader = Reader("safetensors", 1, fits, read)

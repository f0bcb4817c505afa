"""GGUF: keys and tensors out of the header; shapes as arrays have them, not as the file does."""

from __future__ import annotations

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.reader import Reader
from strongroom.formats.gguf import MAGIC, read_header
from strongroom.formats.source import Source

_MAX_TENSORS = 20_000


def fits(source: Source) -> bool:
    return source.head.startswith(MAGIC)


def read(source: Source) -> Facts:
    header = read_header(source)
    about = {
        "gguf_version": header.version,
        "tensors": [
            {"name": t.name, "dtype": t.dtype, "shape": list(t.shape)}
            for t in header.tensors[:_MAX_TENSORS]
        ],
        "parameters": sum(t.elements for t in header.tensors),
        "metadata": dict(header.metadata),
    }
    return Facts(kind=Kind.MODEL, format="gguf", about=about)


reader = Reader("gguf", 1, fits, read)

"""Digests of single tensors, so that "this is that model with two layers changed" is a fact.

A tensor's digest is SHA-256 over its dtype and shape as text and then its bytes, so that it is the
same whatever file and format the tensor lies in. Contents are streamed, never held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, BinaryIO

from strongroom.formats import safetensors
from strongroom.formats.safetensors import Tensor
from strongroom.formats.source import Source, Unreadable

_CHUNK = 4 << 20
#: Fewer elements than this can be equal by chance, or by how they are set at the start.
_FEW = 64
#: Masks, counters and position tables are equal in models that have nothing to do with each other.
_WEIGHTS = ("F", "BF", "I8", "U8", "C")


def fits(source: Source) -> bool:
    return source.name.lower().endswith(".safetensors") and safetensors.plausible(source.head)


def digests(
    source: Source, tick: Callable[[int], None] = lambda count: None
) -> list[dict[str, Any]]:
    """`[{"name", "dtype", "shape", "size", "telling", "sha256"}]` in the order of the header.

    `tick` gets the bytes that were read. Raises `Unreadable`.
    """
    header = safetensors.read_header(source)
    found: dict[str, dict[str, Any]] = {}
    with source.open() as stream:
        for tensor in sorted(header.tensors, key=lambda t: t.start):
            stream.seek(header.data_at + tensor.start)
            found[tensor.name] = _one(stream, tensor, tick)
    return [found[tensor.name] for tensor in header.tensors]


def _one(stream: BinaryIO, tensor: Tensor, tick: Callable[[int], None]) -> dict[str, Any]:
    shape = "x".join(map(str, tensor.shape))
    digest = hashlib.sha256(f"{tensor.dtype}:{shape}:".encode())
    left = tensor.stop - tensor.start
    width = max(1, left // max(1, tensor.elements))
    constant, first = True, b""
    while left:
        chunk = stream.read(min(_CHUNK, left))
        if not chunk:
            raise Unreadable(f"tensor {tensor.name!r} is cut off")
        digest.update(chunk)
        if constant:
            first = first or chunk[:width]
            constant = chunk[:width] == first and chunk[:-width] == chunk[width:]
        left -= len(chunk)
        tick(len(chunk))
    telling = not constant and tensor.elements >= _FEW and tensor.dtype.startswith(_WEIGHTS)
    return {
        "name": tensor.name,
        "dtype": tensor.dtype,
        "shape": list(tensor.shape),
        "size": tensor.stop - tensor.start,
        "telling": telling,
        "sha256": digest.hexdigest(),
    }

"""Digests of single tensors, so that "this is that model with two layers changed" is a fact.

A tensor's digest is SHA-256 over its dtype and shape as text and then its bytes row by row, so that
it is the same whatever file and format the tensor lies in. Contents are streamed, never held.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any

from strongroom.extract.conventions import training_state
from strongroom.extract.tensor_data import TensorData, tensors_of
from strongroom.extract.torch_zip import aside
from strongroom.formats import safetensors
from strongroom.formats.source import Source

#: Fewer elements than this can be equal by chance, or by how they are set at the start.
_FEW = 64
#: Masks, counters and position tables are equal in models that have nothing to do with each other.
_WEIGHTS = ("F", "BF", "I8", "U8", "C")


def fits(source: Source) -> bool:
    name = source.name.lower()
    if name.endswith(".safetensors"):
        return safetensors.plausible(source.head)
    return source.head.startswith(b"PK\x03\x04") and name.endswith((".pt", ".pth", ".ckpt", ".bin"))


def digests(
    source: Source, tick: Callable[[int], None] = lambda count: None
) -> list[dict[str, Any]]:
    """`[{"name", "dtype", "shape", "size", "telling", "sha256"}]` in the order of the file.

    `tick` gets the bytes that were read. Raises `Unreadable`.
    """
    is_state = training_state(source.name)  # an optimizer's file, say
    return [_one(tensor, is_state, tick) for tensor in tensors_of(source)]


def _one(tensor: TensorData, is_state: bool, tick: Callable[[int], None]) -> dict[str, Any]:
    dtype, elements = tensor.code or tensor.dtype, math.prod(tensor.shape)
    shape = "x".join(map(str, tensor.shape))
    digest = hashlib.sha256(f"{dtype}:{shape}:".encode())
    width = max(1, tensor.size // max(1, elements))
    constant, first = True, b""
    for part in tensor.parts():
        digest.update(part)
        if constant:
            first = first or part[:width]
            constant = part[:width] == first and part[:-width] == part[width:]
        tick(len(part))
    telling = (
        not constant
        and elements >= _FEW
        and dtype.startswith(_WEIGHTS)
        and not (is_state or aside(tensor.name))
    )
    return {
        "name": tensor.name,
        "dtype": dtype,
        "shape": list(tensor.shape),
        "size": tensor.size,
        "telling": telling,
        "sha256": digest.hexdigest(),
    }

"""The tensors of safetensors files and PyTorch checkpoints with a way to their bytes, in parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from strongroom.formats import safetensors, torch_checkpoint
from strongroom.formats.archive import Archive
from strongroom.formats.source import Source, Unreadable

#: Bytes read in one go, a multiple of every element's size.
PART = 1 << 20
#: A tensor that does not lie row by row, or is packed, is read as a whole up to this size.
_WHOLE = 64 << 20
_SIZES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1, "U16": 2, "I16": 2,
    "F16": 2, "BF16": 2, "U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8, "C64": 8,
    "C128": 16,
}  # fmt: skip
_TORCH = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64",
    "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8", "uint16": "U16", "uint32": "U32",
    "uint64": "U64", "bool": "BOOL", "complex64": "C64", "complex128": "C128",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0",
}  # fmt: skip
#: What trainings wrap a model's weights in; without it they have the model's own names.
_WRAPPED = ("state_dict.", "model_state_dict.")


@dataclass(frozen=True, slots=True)
class TensorData:
    """`dtype` as its file says, `code` as safetensors would, "" for one whose elements are not
    understood. `parts()` are the bytes row by row, in pieces of `PART`; it raises `Unreadable`
    where they are not there or cannot be put in order.
    """

    name: str
    dtype: str
    code: str
    shape: tuple[int, ...]
    size: int
    parts: Callable[[], Iterator[bytes]]


def has_tensors(source: Source) -> bool:
    """Whether the first bytes are those of one of the two formats. A `.bin` may be anything."""
    return source.head.startswith(b"PK\x03\x04") or safetensors.plausible(source.head)


def tensors_of(source: Source) -> list[TensorData]:
    """Raises `Unreadable` for a file that is neither of the two formats or is damaged."""
    if source.head.startswith(b"PK\x03\x04"):
        return _of_torch(source)
    if safetensors.plausible(source.head):
        return _of_safetensors(source)
    raise Unreadable("it is neither a safetensors file nor a PyTorch ZIP checkpoint")


def _of_safetensors(source: Source) -> list[TensorData]:
    header = safetensors.read_header(source)
    return [
        TensorData(
            t.name,
            t.dtype,
            t.dtype if t.dtype in _SIZES else "",
            t.shape,
            t.stop - t.start,
            _range(source, header.data_at + t.start, t.stop - t.start),
        )
        for t in header.tensors
    ]


def _of_torch(source: Source) -> list[TensorData]:
    tensors = torch_checkpoint.read_checkpoint(source).tensors
    with Archive(source) as archive:
        (data_pickle,) = [
            m.name for m in archive.members if m.name.count("/") == 1
            and m.name.endswith("/data.pkl")
        ][:1]  # fmt: skip
        _check_byte_order(archive, data_pickle)
        members = {m.name: m.size for m in archive.members}
        return [_torch_tensor(source, archive, members, data_pickle, t) for t in tensors]


def _check_byte_order(archive: Archive, data_pickle: str) -> None:
    name = f"{data_pickle.rpartition('/')[0]}/byteorder"
    if any(m.name == name for m in archive.members) and archive.read(name, 100) != b"little":
        raise Unreadable("its numbers are in big-endian order, which is not read here")


def _torch_tensor(
    source: Source,
    archive: Archive,
    members: Mapping[str, int],
    data_pickle: str,
    tensor: torch_checkpoint.Tensor,
) -> TensorData:
    code = _TORCH.get(tensor.dtype, "")
    name = tensor.name
    for wrapping in _WRAPPED:
        name = name.removeprefix(wrapping)
    item, count = _SIZES.get(code, 0), math.prod(tensor.shape)
    member = torch_checkpoint.storage_member(data_pickle, tensor.storage)
    if not code or not tensor.storage:
        why = f"tensor {name!r} is of a type whose data is not read here"
        return TensorData(name, tensor.dtype, "", tensor.shape, 0, _broken(why))
    place = archive.place(member) if member in members else None
    held = place[1] if place else min(members.get(member, 0), _WHOLE)
    last = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride, strict=False))
    end = (tensor.offset + last + 1) * item if count else 0
    negative = any(n < 0 for n in (*tensor.shape, *tensor.stride, tensor.offset))
    cut = place is not None and place[0] + place[1] > source.size
    if negative or cut or end > held or len(tensor.stride) != len(tensor.shape):
        why = f"tensor {name!r} does not lie within its storage: the file is damaged"
        return TensorData(name, tensor.dtype, code, tensor.shape, 0, _broken(why))
    size = count * item
    if place is not None and _is_row_by_row(tensor.shape, tensor.stride):
        parts = _range(source, place[0] + tensor.offset * item, size)
    else:
        parts = _scattered(source, member, tensor, item, end)
    return TensorData(name, tensor.dtype, code, tensor.shape, size, parts)


def _is_row_by_row(shape: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    wanted = 1
    for length, step in zip(reversed(shape), reversed(stride), strict=True):
        if length == 0:
            return True
        if length != 1:
            if step != wanted:
                return False
            wanted *= length
    return True


def _range(source: Source, start: int, size: int) -> Callable[[], Iterator[bytes]]:
    def parts() -> Iterator[bytes]:
        with source.open() as stream:
            stream.seek(start)
            left = size
            while left:
                part = stream.read(min(PART, left))
                if not part:
                    raise Unreadable("the file ends before its tensors do")
                left -= len(part)
                yield part

    return parts


def _scattered(
    source: Source, member: str, tensor: torch_checkpoint.Tensor, item: int, end: int
) -> Callable[[], Iterator[bytes]]:
    """A transposed or otherwise strided tensor, whose last element ends at byte `end` of its
    storage, is put in order in memory.
    """

    def parts() -> Iterator[bytes]:
        import numpy as np

        if math.prod(tensor.shape) * item > _WHOLE:
            raise Unreadable(f"it lies scattered over more than {_WHOLE >> 20} MiB")
        with Archive(source) as archive:
            data = archive.read(member, _WHOLE)
        if end > len(data):  # what the archive claims is not what it holds
            raise Unreadable(f"{member} in the archive is cut off")
        flat = np.frombuffer(data[: len(data) // item * item], dtype=f"V{item}")
        steps = [s * item for s in tensor.stride]
        view = np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.shape, steps)
        ordered = np.ascontiguousarray(view).tobytes()
        for at in range(0, len(ordered), PART):
            yield ordered[at : at + PART]

    return parts


def _broken(why: str) -> Callable[[], Iterator[bytes]]:
    def parts() -> Iterator[bytes]:
        raise Unreadable(why)

    return parts

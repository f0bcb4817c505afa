"""PyTorch's ZIP checkpoints: tensors, plain values and named globals, from the pickle's structure.

Format: https://github.com/pytorch/pytorch/blob/main/torch/serialization.py (a ZIP that holds
`<name>/data.pkl` and one raw storage per `<name>/data/<key>`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from strongroom.formats.archive import Archive
from strongroom.formats.pickle_walk import Call, Global, Persistent, walk
from strongroom.formats.source import Source, Unreadable

#: The pickle holds no tensor data, so this is about a million tensors.
_MAX_PICKLE = 32 << 20
_MAX_TENSORS = 100_000
_MAX_VISITED = 400_000
_MAX_DEPTH = 24
_PARAMETER = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")
_STORAGE_DTYPE = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32",
    "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8",
    "BoolStorage": "bool", "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """`name` is the dotted path to it, for instance `state_dict.net.0.weight`. Its elements lie in
    the storage of that key (see `storage_member`) from `offset` on, `stride` apart, all counted in
    elements; `storage` is "" where that is not said.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    storage: str = ""
    offset: int = 0
    stride: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`value` is the whole symbolic content; see `plain` for reading out of it."""

    value: Any
    tensors: tuple[Tensor, ...]
    globals: tuple[str, ...]
    members: int


def is_torch_zip(names: Iterator[str]) -> bool:
    return any(name.count("/") == 1 and name.endswith("/data.pkl") for name in names)


def read_checkpoint(source: Source) -> Checkpoint:
    """Raises `Unreadable` where it is no PyTorch archive, is damaged or exceeds a bound."""
    with Archive(source) as archive:
        names = [m.name for m in archive.members]
        pickles = [n for n in names if n.count("/") == 1 and n.endswith("/data.pkl")]
        if not pickles:
            raise Unreadable("the archive has no data.pkl, so it is no PyTorch checkpoint")
        data = archive.read(pickles[0], _MAX_PICKLE)
    pickle = walk(data)
    return Checkpoint(pickle.value, tuple(_tensors(pickle.value)), pickle.globals, len(names))


def storage_member(data_pickle: str, key: str) -> str:
    """The member that holds a storage, beside the archive's `data.pkl`."""
    return f"{data_pickle.rpartition('/')[0]}/data/{key}"


def _bare(value: Any) -> Any:
    """The tensor that a parameter wraps."""
    for _ in range(4):
        if isinstance(value, Call) and value.func in _PARAMETER and value.args:
            value = value.args[0]
    return value


def _layout(value: Any) -> tuple[str, int, tuple[int, ...]]:
    """(storage, offset, stride) of a tensor."""
    value = _bare(value)
    ident, offset = value.args[0].ident, value.args[1]
    stride = value.args[3] if len(value.args) > 3 else None
    if not isinstance(ident, tuple) or len(ident) < 3 or not isinstance(ident[2], str):
        return "", 0, ()
    if not isinstance(stride, tuple) or not all(type(n) is int for n in (offset, *stride)):
        return "", 0, ()
    return ident[2], offset, stride[:64]


def tensor(value: Any) -> tuple[str, tuple[int, ...]] | None:
    """(dtype, shape) where `value` is a tensor that would be rebuilt, else None."""
    value = _bare(value)
    if not isinstance(value, Call) or not value.func.startswith("torch._utils._rebuild_"):
        return None
    if len(value.args) < 3 or not isinstance(value.args[0], Persistent):
        return None
    ident, shape = value.args[0].ident, value.args[2]
    if not isinstance(shape, tuple) or not all(isinstance(n, int) for n in shape):
        return None
    dtype = "unknown"
    if len(value.args) > 6 and isinstance(value.args[6], Global):  # _rebuild_tensor_v3
        dtype = value.args[6].name.removeprefix("torch.")
    elif isinstance(ident, tuple) and len(ident) > 1 and isinstance(ident[1], Global):
        storage = ident[1].name.rpartition(".")[2]
        dtype = _STORAGE_DTYPE.get(storage, storage)
    return dtype, shape[:64]


def _tensors(root: Any) -> Iterator[Tensor]:
    """Depth first in the order of the file; shared values are followed again, but within bounds."""
    pending: list[tuple[str, Any, int]] = [("", root, 0)]
    visited = found = 0
    while pending:
        path, value, depth = pending.pop()
        visited += 1
        if visited > _MAX_VISITED:
            raise Unreadable(f"it holds more than {_MAX_VISITED} values")
        described = tensor(value)
        if described is not None:
            found += 1
            if found > _MAX_TENSORS:
                raise Unreadable(f"it holds more than {_MAX_TENSORS} tensors")
            storage, offset, stride = _layout(value)
            yield Tensor(path, *described, storage, offset, stride)
        elif depth < _MAX_DEPTH:
            inner = [
                (f"{path}.{key}" if path else str(key), item, depth + 1)
                for key, item in _children(value)
            ]
            if any(len(name) > 4096 for name, _, _ in inner):
                raise Unreadable("it holds a tensor with a name of more than 4096 characters")
            pending.extend(reversed(inner))


def _children(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return [(k, v) for k, v in value.items() if isinstance(k, (str, int))]
    if isinstance(value, (list, tuple)):
        return [(i, v) for i, v in enumerate(value) if isinstance(v, (dict, list, tuple, Call))]
    if isinstance(value, Call):
        state = value.state if isinstance(value.state, dict) else {}
        return [(k, v) for k, v in {**state, **value.items}.items() if isinstance(k, (str, int))]
    return []


def plain(value: Any, depth: int = 0) -> Any:
    """Scalars, lists and dictionaries of them; an enum-like call is its one argument.

    What would need code to exist (objects, tensors) is left out as `None`.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value[:4096] if isinstance(value, str) else value
    if depth > 6:
        return None
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value[:100]]
    if isinstance(value, dict):
        few = [item for item in value.items() if isinstance(item[0], str)][:1000]
        return {key: plain(item, depth + 1) for key, item in few}
    if isinstance(value, Call):
        if value.items:
            return plain(value.items, depth + 1)
        if len(value.args) == 1 and isinstance(value.args[0], (str, int, float)):
            return plain(value.args[0], depth + 1)
        if isinstance(value.state, dict) and not value.args:
            return plain(value.state, depth + 1)
    return None

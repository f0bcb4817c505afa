"""Small good files of each format, made by hand from their specifications."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any


# ---------------------------------------------------------------- protocol buffers
def varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | float | bytes | str) -> bytes:
    """A field by the type of its value: int varint, float double, else length-delimited."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def float_field(number: int, value: float) -> bytes:
    return varint(number << 3 | 5) + struct.pack("<f", value)


# ---------------------------------------------------------------- tensorboard
def record(message: bytes) -> bytes:
    """A TFRecord frame; the check sums are not looked at, so they are zero."""
    return struct.pack("<QI", len(message), 0) + message + bytes(4)


def scalar_event(tag: str, step: int, value: float, time: float = 1.7e9) -> bytes:
    summary = field(1, field(1, tag) + float_field(2, value))
    return record(field(1, time) + field(2, step) + field(5, summary))


def tensor_event(tag: str, step: int, value: float) -> bytes:
    """As TensorFlow 2 writes scalars: a tensor of one float and the plugin's name."""
    tensor = field(1, 1) + field(4, struct.pack("<f", value))
    summary = field(1, field(1, tag) + field(8, tensor) + field(9, field(1, field(1, "scalars"))))
    return record(field(1, 1.7e9) + field(2, step) + field(5, summary))


def hparams_event(values: Mapping[str, Any]) -> bytes:
    entries = b""
    for name, value in values.items():
        kind = 4 if isinstance(value, bool) else 3 if isinstance(value, str) else 2
        shown = value if isinstance(value, (str, bool)) else float(value)
        wrapped = field(kind, int(shown) if isinstance(shown, bool) else shown)
        entries += field(1, field(1, name) + field(2, wrapped))
    plugin = field(1, "hparams") + field(2, field(3, entries))
    summary = field(1, field(1, "_hparams_/session_start_info") + field(9, field(1, plugin)))
    return record(field(1, 1.7e9) + field(5, summary))


def event_file(*events: bytes) -> bytes:
    return record(field(1, 1.7e9) + field(3, "brain.Event:2")) + b"".join(events)


# ---------------------------------------------------------------- onnx
def onnx_model() -> bytes:
    """x[batch, 4] → MatMul(w[4, 2]) → y, with metadata_props."""

    def info(name: str, *dims: int | str) -> bytes:
        shape = b"".join(field(1, field(1, d) if isinstance(d, int) else field(2, d)) for d in dims)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    weight = field(1, 4) + field(1, 2) + field(2, 1) + field(8, "w") + field(9, bytes(32))
    node = field(1, "x") + field(1, "w") + field(2, "y") + field(4, "MatMul")
    graph = (
        field(1, node) + field(2, "tiny") + field(5, weight)
        + field(11, info("x", "batch", 4)) + field(12, info("y", "batch", 2))
    )  # fmt: skip
    prop = field(1, "train_data") + field(2, "data/train.parquet")
    return (
        field(1, 8) + field(2, "maker") + field(7, graph)
        + field(8, field(1, "") + field(2, 17)) + field(14, prop)
    )  # fmt: skip


# ---------------------------------------------------------------- safetensors, gguf
def safetensors(tensors: Mapping[str, tuple[int, ...]], **metadata: str) -> bytes:
    """float32 tensors of zeros."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    at = 0
    for name, shape in tensors.items():
        size = 4
        for n in shape:
            size *= n
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + bytes(at)


def gguf(order: str = "<") -> bytes:
    def text(value: str) -> bytes:
        return struct.pack(order + "Q", len(value)) + value.encode()

    def pair(name: str, kind: int, value: bytes) -> bytes:
        return text(name) + struct.pack(order + "I", kind) + value

    words = [f"token{n}" for n in range(40)]
    array = struct.pack(order + "IQ", 8, len(words)) + b"".join(map(text, words))
    pairs = [
        pair("general.architecture", 8, text("llama")),
        pair("llama.block_count", 4, struct.pack(order + "I", 1)),
        pair("tokenizer.ggml.tokens", 9, array),
    ]
    tensor = text("blk.0.w") + struct.pack(order + "IQQIQ", 2, 32, 4, 8, 0)
    head = b"GGUF" + struct.pack(order + "IQQ", 3, 1, len(pairs))
    return head + b"".join(pairs) + tensor + bytes(136)


# ---------------------------------------------------------------- parquet
def _compact(fields: Iterable[tuple[int, int, bytes]]) -> bytes:
    out, last = b"", 0
    for number, kind, raw in fields:
        out += bytes([(number - last) << 4 | kind]) + raw
        last = number
    return out + b"\0"


def _zigzag(value: int) -> bytes:
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _binary(value: str) -> bytes:
    return varint(len(value.encode())) + value.encode()


def parquet(rows: int = 3) -> bytes:
    """Columns `age` int64, required, and `name`, an optional string."""
    root = _compact([(4, 8, _binary("schema")), (5, 5, _zigzag(2))])
    age = _compact([(1, 5, _zigzag(2)), (3, 5, _zigzag(0)), (4, 8, _binary("age"))])
    name = _compact([
        (1, 5, _zigzag(6)), (3, 5, _zigzag(1)), (4, 8, _binary("name")), (6, 5, _zigzag(0)),
    ])  # fmt: skip
    footer = _compact([
        (1, 5, _zigzag(2)), (2, 9, bytes([3 << 4 | 12]) + root + age + name),
        (3, 6, _zigzag(rows)), (4, 9, bytes([0 << 4 | 12])), (6, 8, _binary("by hand")),
    ])  # fmt: skip
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


# ---------------------------------------------------------------- pickle and torch
def text_op(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def int_op(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def global_op(module: str, name: str) -> bytes:
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def tensor_op(shape: tuple[int, ...], storage: str = "FloatStorage", key: str = "0") -> bytes:
    """The opcodes of torch._utils._rebuild_tensor_v2(storage, 0, shape, stride, False, {})."""
    ident = (
        b"(" + text_op("storage") + global_op("torch", storage) + text_op(key) + text_op("cpu")
        + int_op(1) + b"tQ"
    )  # fmt: skip
    sizes = b"(" + b"".join(map(int_op, shape)) + b"t"
    hooks = global_op("collections", "OrderedDict") + b")R"
    call = global_op("torch._utils", "_rebuild_tensor_v2")
    return call + b"(" + ident + int_op(0) + sizes + sizes + b"\x89" + hooks + b"tR"


def dict_op(items: Mapping[str, bytes]) -> bytes:
    return b"}(" + b"".join(text_op(k) + v for k, v in items.items()) + b"u"


def pickled(value: bytes) -> bytes:
    return b"\x80\x02" + value + b"."


def torch_zip(pickle: bytes, name: str = "archive") -> bytes:
    return zipped(
        {f"{name}/data.pkl": pickle, f"{name}/data/0": bytes(64), f"{name}/version": b"3"}
    )


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def lightning_checkpoint() -> bytes:
    return torch_zip(pickled(dict_op({
        "epoch": int_op(2),
        "global_step": int_op(33),
        "state_dict": global_op("collections", "OrderedDict") + b")R(" + text_op("net.weight")
        + tensor_op((16, 64)) + text_op("net.bias") + tensor_op((16,), "HalfStorage") + b"u",
        "optimizer_states": b"]" + dict_op({"exp_avg": tensor_op((16, 64))}) + b"a",
        "hyper_parameters": dict_op({"lr": b"G" + struct.pack(">d", 0.01), "hidden": int_op(16)}),
    })))  # fmt: skip


#: A good file of every format that has a parser, by a name that readers know.
GOOD: dict[str, bytes] = {
    "model.safetensors": safetensors({"w": (2, 3)}, data="train.csv"),
    "tiny.gguf": gguf(),
    "model.onnx": onnx_model(),
    "table.parquet": parquet(),
    "epoch=1.ckpt": lightning_checkpoint(),
    "events.out.tfevents.1.host": event_file(
        scalar_event("loss", 1, 0.5), tensor_event("acc", 1, 0.25), hparams_event({"lr": 0.1})
    ),
    "metrics.csv": b"epoch,loss\n1,0.5\n2,nan\n",
    "log.jsonl": b'{"step": 1, "loss": 0.5}\n{"step": 2, "loss": NaN}\n',
    "metrics.json": b'{"loss": 0.5, "by": {"a": 1}}',
    "config.yaml": b"lr: 1e-3\nnet: &n {kind: linear}\nagain: *n\n",
    "settings.toml": b"[train]\nlr = 0.1\n",
    "train.log": b"epoch 1 loss=0.5\nValueError: no\n",
    "model.keras": zipped({"config.json": b"{}", "metadata.json": b"{}", "model.weights.h5": b"1"}),
    "array.npy": b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }".ljust(117) + b"\n" + bytes(24),
    "model.pkl": pickled(global_op("sklearn.svm", "SVC") + b")\x81"),
}  # fmt: skip

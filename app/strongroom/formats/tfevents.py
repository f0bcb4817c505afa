"""TensorBoard event files: TFRecord frames that hold Event messages.

Frames: https://www.tensorflow.org/tutorials/load_data/tfrecord; messages:
https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto and
summary.proto; hyperparameters: tensorboard/plugins/hparams/plugin_data.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from strongroom.formats.source import Source, Unreadable
from strongroom.formats.wire import (
    FIXED32,
    FIXED64,
    LEN,
    VARINT,
    Field,
    fields,
    float32,
    float64,
    signed,
)

_MAX_RECORD = 64 << 20
_MAX_RECORDS = 25_000_000
_HPARAMS_PLUGIN = "hparams"
_DOUBLE, _FLOAT = struct.Struct("<d"), struct.Struct("<f")


class Scalar(NamedTuple):
    """`time` is Unix seconds as the writer had them."""

    tag: str
    step: int
    value: float
    time: float


@dataclass(slots=True)
class Events:
    """What is not a `Scalar`: hyperparameters, the first and last time, and why reading ended."""

    hparams: dict[str, Any] = field(default_factory=dict)
    started_at: float | None = None
    ended_at: float | None = None
    records: int = 0
    torn: str = ""


def plausible(head: bytes) -> bool:
    """Whether the head starts with a frame whose first message states its version."""
    return len(head) >= 24 and b"brain.Event:" in head[12:80]


def read_scalars(source: Source, found: Events) -> Iterator[Scalar]:
    """Every scalar in file order, while the rest is gathered in `found`.

    A torn tail ends the reading and is named in `found.torn`; `Unreadable` only if nothing at all
    could be read. Histograms, images and texts are passed over.
    """
    with source.open() as stream:
        at = 0
        while True:
            header = stream.read(12)
            if not header:
                return
            size = int.from_bytes(header[:8], "little")
            if len(header) < 12 or at + 16 + size > source.size:
                found.torn = f"the record at byte {at} is cut off"
                break
            if size > _MAX_RECORD:
                stream.seek(size + 4, 1)
                at += 16 + size
                continue
            data = stream.read(size)
            if len(data) < size or len(stream.read(4)) < 4:
                found.torn = f"the record at byte {at} is cut off"
                break
            try:
                plain = _plain_scalar(data, found)
                scalars = [plain] if plain is not None else _event(data, found)
            except Unreadable:
                found.torn = f"the record at byte {at} is damaged"
                break
            yield from scalars
            at += 16 + size
            found.records += 1
            if found.records >= _MAX_RECORDS:
                found.torn = f"only the first {_MAX_RECORDS} records are read"
                return
    if not found.records:
        raise Unreadable("it holds no whole event record")


def _plain_scalar(data: bytes, found: Events) -> Scalar | None:
    """The scalar of an event as most writers put it: time, step, and a summary of one value with
    a short tag and a float. None for any other, which `_event` reads in full.
    """
    size = len(data)
    if not 20 < size < 160 or data[0] != 0x09:
        return None
    at, step, shift = 9, 0, 0
    if data[at] == 0x10:
        while data[(at := at + 1)] & 0x80 and shift < 56 and at < size - 12:
            step |= (data[at] & 0x7F) << shift
            shift += 7
        step |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] & 0x80:  # a negative step, or damage
            return None
    if at + 7 > size:
        return None
    inner, tag = data[at + 1], data[at + 5]
    if (
        data[at] != 0x2A or data[at + 2] != 0x0A or data[at + 4] != 0x0A
        or inner != size - at - 2 or data[at + 3] != inner - 2 or tag != inner - 9 or tag == 0
        or inner >= 0x80 or data[size - 5] != 0x15
    ):  # fmt: skip
        return None
    (time,) = _DOUBLE.unpack_from(data, 1)
    (value,) = _FLOAT.unpack_from(data, size - 4)
    if time > 0:
        found.started_at = time if found.started_at is None else min(found.started_at, time)
        found.ended_at = time if found.ended_at is None else max(found.ended_at, time)
    return Scalar(data[at + 6 : at + 6 + tag].decode("utf-8", "replace"), step, value, time)


def _event(data: bytes, found: Events) -> list[Scalar]:
    time, step = 0.0, 0
    summary: Field | None = None
    for f in fields(data):
        if f.number == 1 and f.wire == FIXED64:
            time = float64(f.value)
        elif f.number == 2 and f.wire == VARINT:
            step = signed(f.value)
        elif f.number == 5 and f.wire == LEN:
            summary = f
    if time > 0:
        found.started_at = time if found.started_at is None else min(found.started_at, time)
        found.ended_at = time if found.ended_at is None else max(found.ended_at, time)
    scalars = []
    if summary is not None:
        for f in fields(data, summary.start, summary.size):
            if f.number == 1 and f.wire == LEN:
                scalar = _value(data, f, step, time, found)
                if scalar is not None:
                    scalars.append(scalar)
    return scalars


def _value(data: bytes, at: Field, step: int, time: float, found: Events) -> Scalar | None:
    """Summary.Value: only scalars, as simple_value or as a tensor of one element."""
    tag, plugin, content = "", "", b""
    value: float | None = None
    tensor: Field | None = None
    for f in fields(data, at.start, at.size):
        if f.number == 1 and f.wire == LEN:
            tag = data[f.start : f.start + f.size].decode("utf-8", "replace")
        elif f.number == 2 and f.wire == FIXED32:
            value = float32(f.value)
        elif f.number == 8 and f.wire == LEN:
            tensor = f
        elif f.number == 9 and f.wire == LEN:
            plugin, content = _plugin(data, f)
    if plugin == _HPARAMS_PLUGIN:
        found.hparams.update(_hparams(content))
        return None
    if value is None and tensor is not None and plugin in ("", "scalars"):
        value = _scalar_tensor(data, tensor)
    return None if value is None or not tag else Scalar(tag[:1000], step, value, time)


def _plugin(data: bytes, at: Field) -> tuple[str, bytes]:
    """SummaryMetadata.plugin_data: (plugin name, its content)."""
    name, content = "", b""
    for f in fields(data, at.start, at.size):
        if f.number == 1 and f.wire == LEN:
            for part in fields(data, f.start, f.size):
                raw = data[part.start : part.start + part.size]
                if part.number == 1:
                    name = raw.decode("utf-8", "replace")
                elif part.number == 2:
                    content = raw
    return name, content


def _scalar_tensor(data: bytes, at: Field) -> float | None:
    """TensorProto with one element: float_val, double_val, int_val, int64_val or its raw bytes."""
    dtype, raw = 0, b""
    for f in fields(data, at.start, at.size):
        piece = data[f.start : f.start + f.size]
        if f.number == 1 and f.wire == VARINT:
            dtype = f.value
        elif f.number == 4 and f.wire == LEN:
            raw = piece
        elif f.number == 5 and (f.wire == FIXED32 or len(piece) == 4):
            return float32(f.value) if f.wire == FIXED32 else struct.unpack("<f", piece)[0]
        elif f.number == 6 and (f.wire == FIXED64 or len(piece) == 8):
            return float64(f.value) if f.wire == FIXED64 else struct.unpack("<d", piece)[0]
        elif f.number in (7, 10) and f.wire == VARINT:
            return float(signed(f.value))
    code = {1: "<f", 2: "<d", 3: "<i", 9: "<q", 19: "<e"}.get(dtype)
    if code is None or len(raw) != struct.calcsize(code):
        return None
    return float(struct.unpack(code, raw)[0])


def _hparams(content: bytes) -> dict[str, Any]:
    """HParamsPluginData.session_start_info.hparams: {name: number, text or bool}."""
    found: dict[str, Any] = {}
    for f in fields(content):
        if f.number != 3 or f.wire != LEN:
            continue
        for entry in fields(content, f.start, f.size):
            if entry.number != 1 or entry.wire != LEN:
                continue
            name, value = "", None
            for part in fields(content, entry.start, entry.size):
                if part.number == 1 and part.wire == LEN:
                    name = content[part.start : part.start + part.size].decode("utf-8", "replace")
                elif part.number == 2 and part.wire == LEN:
                    value = _protobuf_value(content, part)
            if name:
                found[name] = value
    return found


def _protobuf_value(data: bytes, at: Field) -> Any:
    """google.protobuf.Value: number, text or bool; anything else is None."""
    for f in fields(data, at.start, at.size):
        if f.number == 2 and f.wire == FIXED64:
            return float64(f.value)
        if f.number == 3 and f.wire == LEN:
            return data[f.start : f.start + f.size].decode("utf-8", "replace")
        if f.number == 4 and f.wire == VARINT:
            return bool(f.value)
    return None

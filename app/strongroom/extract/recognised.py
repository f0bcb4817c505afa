"""Formats that are told by their first bytes and described no further."""

from __future__ import annotations

import math
import re
from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract import keras
from strongroom.extract.conventions import kind_by_name, model_like
from strongroom.extract.reader import Reader
from strongroom.formats.archive import Archive
from strongroom.formats.source import Source, Unreadable

_MAGIC: tuple[tuple[bytes, str, Kind], ...] = (
    (b"\x89HDF\r\n\x1a\n", "hdf5", Kind.MODEL),
    (b"\x93NUMPY", "numpy", Kind.DATASET),
    (b"FEA1", "feather", Kind.DATASET),
    (b"Obj\x01", "avro", Kind.DATASET),
    (b"\x89PNG\r\n\x1a\n", "png", Kind.OTHER),
    (b"\xff\xd8\xff", "jpeg", Kind.OTHER),
    (b"GIF8", "gif", Kind.OTHER),
)
_MAX_MEMBERS = 1000
_MAX_ARRAYS = 200
_NPY_HEAD = 4096


def _match(source: Source) -> tuple[bytes, str, Kind] | None:
    return next((entry for entry in _MAGIC if source.head.startswith(entry[0])), None)


def fits(source: Source) -> bool:
    return (
        _match(source) is not None
        or source.head[4:8] == b"TFL3"
        or source.head.startswith(b"PK\x03\x04")
        or (source.head.startswith(b"\x1f\x8b") and not model_like(source.path))
        or source.name.lower().endswith((".keras", ".npz"))
    )


def read(source: Source) -> Facts:
    if source.head[4:8] == b"TFL3":
        return Facts(Kind.MODEL, "tflite")
    if source.head.startswith(b"\x1f\x8b"):
        return Facts(kind_by_name(source.path), "gzip")
    found = _match(source)
    if found is None:
        return _zipped(source)
    _, name, kind = found
    if name == "numpy":
        found_array = _array(source.head)
        start, need = found_array.pop("start"), found_array.pop("need")
        if start + need > source.size:
            raise Unreadable(f"its array of {need} bytes is cut off")
        return Facts(kind, name, about=found_array)
    return Facts(kind, name)


def _array(head: bytes) -> dict[str, Any]:
    """NPY header: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"""
    start = 10 if head[6:7] == b"\x01" else 12
    size = int.from_bytes(head[8:start], "little")
    header = head[start : start + min(size, 4096)].decode("latin-1")
    sizes = re.search(r"'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\)", header)
    if sizes is None:
        raise Unreadable("its NumPy header is damaged")
    named = re.search(r"'descr': '([^']{1,50})'", header)
    dtype = named[1] if named else "structured"
    shape = [int(n) for n in sizes[1].split(",") if n.strip()]
    item = re.fullmatch(r"[<>|=][biufc](\d{1,2})", dtype)
    need = int(item[1]) * math.prod(shape) if item and len(shape) <= 64 else 0
    return {"dtype": dtype, "shape": shape, "start": start + size, "need": need}


def _shape(archive: Archive, name: str) -> dict[str, Any]:
    """Of one array of an archive; nothing where it is none."""
    head = archive.start(name, _NPY_HEAD)
    if not head.startswith(b"\x93NUMPY"):
        return {}
    found = _array(head)
    return {"dtype": found["dtype"], "shape": found["shape"]}


def _zipped(source: Source) -> Facts:
    name = source.name.lower()
    with Archive(source) as archive:
        members = archive.members
        names = {m.name for m in members}
        about: dict[str, Any] = {
            "members": [{"name": m.name, "size": m.size} for m in members[:_MAX_MEMBERS]],
            "unpacked_size": sum(m.size for m in members),
        }
        if {"config.json", "metadata.json"} <= names:
            return keras.described(archive, about)
        if name.endswith(".npz") or (names and all(n.endswith(".npy") for n in names)):
            about["arrays"] = [
                {"name": m.name.removesuffix(".npy"), **_shape(archive, m.name)}
                for m in members[:_MAX_ARRAYS]
            ]
            return Facts(Kind.DATASET, "npz", about=about)
    return Facts(kind_by_name(source.path), "zip", about=about)


reader = Reader("recognised", 1, fits, read)

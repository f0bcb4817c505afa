"""Formats that are told by their first bytes and described no further."""

from __future__ import annotations

import ast
from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.conventions import kind_by_name
from strongroom.extract.reader import Reader
from strongroom.formats.archive import Archive
from strongroom.formats.source import Source, Unreadable

_MAGIC: tuple[tuple[bytes, str, Kind], ...] = (
    (b"CBM1", "catboost", Kind.MODEL),
    (b"\x89HDF\r\n\x1a\n", "hdf5", Kind.MODEL),
    (b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner", "xgboost-ubjson", Kind.MODEL),
    (b"tree\nversion=v", "lightgbm", Kind.MODEL),
    (b"\x93NUMPY", "numpy", Kind.DATASET),
    (b"ARROW1", "arrow", Kind.DATASET),
    (b"FEA1", "feather", Kind.DATASET),
    (b"Obj\x01", "avro", Kind.DATASET),
    (b"SQLite format 3\x00", "sqlite", Kind.OTHER),
    (b"\x89PNG\r\n\x1a\n", "png", Kind.OTHER),
    (b"\xff\xd8\xff", "jpeg", Kind.OTHER),
    (b"GIF8", "gif", Kind.OTHER),
)
_MAX_MEMBERS = 1000


def _match(source: Source) -> tuple[bytes, str, Kind] | None:
    return next((entry for entry in _MAGIC if source.head.startswith(entry[0])), None)


def fits(source: Source) -> bool:
    return (
        _match(source) is not None
        or source.head[4:8] == b"TFL3"
        or source.head.startswith(b"PK\x03\x04")
        or source.head.startswith(b"\x1f\x8b")
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
    return Facts(kind, name, about=_array(source.head) if name == "numpy" else {})


def _array(head: bytes) -> dict[str, Any]:
    """NPY header: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"""
    start = 10 if head[6:7] == b"\x01" else 12
    size = int.from_bytes(head[8:start], "little")
    try:
        header = ast.literal_eval(head[start : start + min(size, 4096)].decode("latin-1").strip())
        return {"dtype": str(header["descr"])[:200], "shape": [int(n) for n in header["shape"]]}
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError):
        raise Unreadable("its NumPy header is damaged") from None


def _zipped(source: Source) -> Facts:
    name = source.name.lower()
    with Archive(source) as archive:
        members = archive.members
    names = {m.name for m in members}
    about = {
        "members": [{"name": m.name, "size": m.size} for m in members[:_MAX_MEMBERS]],
        "unpacked_size": sum(m.size for m in members),
    }
    if {"config.json", "metadata.json"} <= names:
        return Facts(Kind.MODEL, "keras", about=about)
    if name.endswith(".npz") or (names and all(n.endswith(".npy") for n in names)):
        return Facts(Kind.DATASET, "npz", about=about)
    return Facts(kind_by_name(source.path), "zip", about=about)


reader = Reader("recognised", 1, fits, read)

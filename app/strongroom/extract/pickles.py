"""Pickle and joblib files: what they are and the first class they name; nothing is loaded."""

from __future__ import annotations

import zlib
from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.conventions import training_state
from strongroom.extract.reader import Reader
from strongroom.formats.pickle_walk import first_global
from strongroom.formats.source import Source, Unreadable

_SUFFIXES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt")
_PROTOCOLS = tuple(b"\x80" + bytes([n]) for n in range(2, 6))
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"]\x00\x00\x80", b"\x04\x22\x4d\x18")
_TORCH_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_PIECE = 64 * 1024


def fits(source: Source) -> bool:
    named = source.name.lower().endswith(_SUFFIXES)
    return (named and source.size > 0) or (
        source.head.startswith(_PROTOCOLS) and first_global(source.head[:512]) != ""
    )


def read(source: Source) -> Facts:
    head = source.head
    about: dict[str, Any] = {}
    if head.startswith(_TORCH_MAGIC):
        return Facts(_kind(source), "torch-legacy", about=about)
    if head[:1] == b"x" and head[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda"):
        about["compression"] = "zlib"
        try:
            head = zlib.decompressobj().decompress(head, _PIECE)
        except zlib.error:
            raise Unreadable("its zlib compression is damaged") from None
    elif head.startswith(_PACKED):
        return Facts(_kind(source), "pickle-compressed")
    looks = head.startswith(_PROTOCOLS) or head[:1] in b"(c]}"
    if not looks:
        raise Unreadable("it does not begin like a pickle, although its name says so")
    framed = head[2:3] == b"\x95" and "compression" not in about
    if framed and int.from_bytes(head[3:11], "little") > max(0, source.size - 11):
        raise Unreadable("its pickle is cut off: the first frame is longer than the file")
    first = first_global(head[:_PIECE])
    if first:
        about["class"] = first
    name = source.name.lower()
    return Facts(_kind(source), "joblib" if name.endswith(".joblib") else "pickle", about=about)


def _kind(source: Source) -> Kind:
    return Kind.OTHER if training_state(source.name) else Kind.MODEL


reader = Reader("pickle", 1, fits, read)

"""Pickle and joblib files: what they would be, told without loading them."""

from __future__ import annotations

import zlib
from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.conventions import training_state
from strongroom.extract.estimators import class_of, params, versions
from strongroom.extract.reader import Reader
from strongroom.formats.pickle_file import walk_file
from strongroom.formats.pickle_walk import first_global
from strongroom.formats.source import Source, Unreadable

_SUFFIXES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt")
_PROTOCOLS = tuple(b"\x80" + bytes([n]) for n in range(2, 6))
_PACKED = (b"BZh", b"\xfd7zXZ", b"]\x00\x00\x80", b"\x04\x22\x4d\x18")
_TORCH_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_PIECE = 64 * 1024
_MAX_GLOBALS = 500


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
    elif head.startswith(b"\x1f\x8b"):
        about["compression"] = "gzip"
        try:
            head = zlib.decompressobj(31).decompress(head, _PIECE)
        except zlib.error:
            raise Unreadable("its gzip compression is damaged") from None
    elif head.startswith(_PACKED):
        return Facts(_kind(source), "pickle-compressed")
    looks = head.startswith(_PROTOCOLS) or head[:1] in b"(c]}"
    if not looks:
        raise Unreadable("it does not begin like a pickle, although its name says so")
    framed = head[2:3] == b"\x95" and "compression" not in about
    if framed and int.from_bytes(head[3:11], "little") > max(0, source.size - 11):
        raise Unreadable("its pickle is cut off: the first frame is longer than the file")
    form = "joblib" if source.name.lower().endswith(".joblib") else "pickle"
    first = first_global(head[:_PIECE])
    if first:
        about["class"] = first
    try:
        found, whole = walk_file(source, "compression" in about)
    except Unreadable as why:
        if about.get("class"):  # its start made sense, and nobody can do more without loading it
            return Facts(_kind(source), form, about=about, warnings=(f"{why}.".capitalize(),))
        raise
    if found.globals:
        about["globals"] = list(found.globals[:_MAX_GLOBALS])
    if whole and class_of(found.value):
        about["class"] = class_of(found.value)
    library_versions = versions(found.value)
    if library_versions:
        about["library_versions"] = library_versions
    return Facts(_kind(source), form, params(found.value), about=about)


def _kind(source: Source) -> Kind:
    return Kind.OTHER if training_state(source.name) else Kind.MODEL


reader = Reader("pickle", 1, fits, read)

"""Artifact names, watch names and paths: what they may hold, and how a name is derived.

Typed names with forbidden characters are refused, derived ones percent-encoded (design §14.6).
A part between two `/` is at most 255 bytes.
"""

from __future__ import annotations

import hashlib
import unicodedata

from strongroom.domain.errors import BadInput

MAX_PART_BYTES = 255
MAX_NAME_BYTES = 4096


def check_name(name: str) -> str:
    """`name`, if a person may give it to an artifact; raises `BadInput` with the reason."""
    if not name:
        raise BadInput("an artifact needs a name", "", "give one with --name")
    for char in name:
        if char in "%@" or _is_control(char):
            raise BadInput(f"a name cannot hold {char!a}", name, "use letters, digits, - _ . and /")
    _check_parts(name)
    return name


def check_stored_name(name: str) -> str:
    """`name`, if an artifact may bear it: typed, or derived with percent-encoding."""
    for char in name:
        if char == "@" or _is_control(char):
            raise BadInput(f"a name cannot hold {char!a}", name, "check the spelling")
    _check_parts(name)
    return name


def _check_parts(name: str) -> None:
    if len(name.encode()) > MAX_NAME_BYTES:
        raise BadInput(f"a name has at most {MAX_NAME_BYTES} bytes", name[:80] + "…", "shorten it")
    for part in name.split("/"):
        if part in ("", ".", ".."):
            raise BadInput(
                "the parts of a name between / cannot be empty, . or ..", name, "check the slashes"
            )
        if len(part.encode()) > MAX_PART_BYTES:
            raise BadInput(
                f"a part of a name has at most {MAX_PART_BYTES} bytes",
                name[:80] + "…",
                "shorten it",
            )


def derive_name(*paths: bytes) -> str:
    """The artifact name for file-system paths joined by `/`; injective for sane lengths.

    `%`, `@`, control characters and bytes that are not UTF-8 become `%XX`. A part that grows
    past 255 bytes keeps its beginning and ends in `~` and 16 hex digits of its SHA-256.
    """
    parts = [part for path in paths for part in path.split(b"/") if part not in (b"", b".")]
    return "/".join(_derive_part(part) for part in parts)


def _derive_part(part: bytes) -> str:
    text = "".join(_encode_char(c) for c in part.decode("utf-8", "surrogateescape"))
    if text == "..":
        text = "%2E%2E"
    if len(text.encode()) <= MAX_PART_BYTES:
        return text
    tail = "~" + hashlib.sha256(part).hexdigest()[:16]
    kept = text.encode()[: MAX_PART_BYTES - len(tail)].decode("utf-8", "ignore")
    return kept + tail


def _encode_char(char: str) -> str:
    if char in "%@" or _is_control(char):
        raw = char.encode("utf-8", "surrogateescape")
        return "".join(f"%{byte:02X}" for byte in raw)
    return char


def _is_control(char: str) -> bool:
    # Cc: control; Cs: lone surrogates; Zl/Zp: line and paragraph separators.
    return unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")

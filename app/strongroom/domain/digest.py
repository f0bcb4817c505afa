"""SHA-256 digests, written `sha256:<64 hex>`."""

from __future__ import annotations

import hashlib
import re

_TEXT = re.compile(r"sha256:([0-9a-f]{64})\Z")


def digest_of(data: bytes | bytearray | memoryview) -> bytes:
    """The 32-byte digest of `data`."""
    return hashlib.sha256(data).digest()


def text_of(digest: bytes) -> str:
    return "sha256:" + digest.hex()


def parse_digest(text: str) -> bytes:
    """The 32 bytes that `sha256:<64 hex>` names; raises `ValueError`."""
    match = _TEXT.match(text)
    if not match:
        raise ValueError(f"not a digest: {text!r} (sha256: and 64 lower-case hex digits)")
    return bytes.fromhex(match[1])

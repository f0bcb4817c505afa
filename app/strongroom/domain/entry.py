"""A journal entry as the layers hand it on; sealing and reading it is the journal's (audit)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: What the first entry names as the hash before it.
GENESIS = "sha256:" + "0" * 64


@dataclass(frozen=True, slots=True)
class Draft:
    """A fact about to be written; the sequencer adds its number, time and chain."""

    action: str
    object: Mapping[str, Any]
    details: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = "allowed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact. `at` in microseconds UTC; `line` are the canonical bytes, hash included."""

    seq: int
    at: int
    actor: str
    action: str
    object: Mapping[str, Any]
    outcome: str
    origin: str
    request_id: str
    details: Mapping[str, Any]
    prev: str
    hash: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """The versions that journal entries after `after` and up to `upto` committed; None: open.

    A list that is read in pages while versions come in stays one list within a span.
    """

    after: int | None = None
    upto: int | None = None

"""The shape of a reader: one file format, told by content before name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strongroom.domain.facts import Facts
from strongroom.formats.source import Source


@dataclass(frozen=True, slots=True)
class Reader:
    """`fits` looks at name and head only; `read` may seek in the file within its own bounds.

    `read` raises `Unreadable` with words for the user; any other exception is a bug that the
    caller turns into a warning. A changed meaning of what is read raises `version`.
    """

    name: str
    version: int
    fits: Callable[[Source], bool]
    read: Callable[[Source], Facts]

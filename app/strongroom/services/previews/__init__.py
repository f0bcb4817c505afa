"""What one file shows to a person: one module a kind of preview, in a table tried from the top.

They run in the limited child (`inspection_child`), on a stored copy; the answer is a JSON object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from strongroom.formats.source import Source, Unreadable
from strongroom.services.previews import archive, binary, image, table, tensors, text
from strongroom.services.previews.request import Request

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """`claims(source)`: by name and first bytes, whether to try; `show` may raise `Unreadable`."""

    claims: Callable[[Source], bool]
    show: Callable[[Source, Request], Document]


KINDS: tuple[Kind, ...] = (
    Kind(tensors.claims, tensors.show),
    Kind(archive.claims, archive.show),
    Kind(image.claims, image.show),
    Kind(table.claims, table.show),
    Kind(text.claims, text.show),
    Kind(binary.claims, binary.show),
)


def look(source: Source, request: Request) -> Document:
    """The first preview that can be made; `reason` says what could not be shown, and why."""
    if request.search:
        return text.find(source, request.search)
    reasons: list[str] = []
    for kind in KINDS:
        if not kind.claims(source):
            continue
        try:
            document = kind.show(source, request)
        except Unreadable as why:
            reasons.append(str(why))
        except (MemoryError, RecursionError):
            reasons.append("reading it needs more memory than a preview may take")
        else:
            said = [*reasons, document.get("reason", "")]
            return {**document, "reason": "; ".join(r for r in said if r)}
    raise AssertionError("the last kind takes every file")

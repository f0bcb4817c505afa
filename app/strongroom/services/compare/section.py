"""What a section of a comparison is; the table of them is in `services/compare`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.services.compare.subject import Subject, Tick
from strongroom.services.desk import Desk
from strongroom.services.views import Document


@dataclass(frozen=True, slots=True)
class Section:
    """`compare` tells how `b` differs from `a`, as api.md has it, and `differs` whether it does;
    `table` puts any number of subjects beside each other, with what each is to the baseline. Both
    answer None where no subject has anything of the kind, and may raise `StrongroomError`.
    """

    name: str
    compare: Callable[[Desk, Subject, Subject, Tick], Document | list[Document] | None]
    differs: Callable[[Any], bool]
    table: Callable[[Desk, Sequence[Subject], int, Tick], Document | None]

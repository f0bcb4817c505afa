"""What is asked of a preview beside the file itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """`search`: lines that hold this text, in the whole file, in place of its beginning.
    `at`: the byte that shall be in sight, with the number of the line it is in.
    """

    search: str = ""
    at: int = 0
    line: int = 1

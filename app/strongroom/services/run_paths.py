"""A run's folder as text: names on disk need not be UTF-8, what is kept of them must be."""

from __future__ import annotations

import os

#: No path below a watched folder begins with a slash, so this cannot be one.
_ODD = "/hex/"


def kept_path(folder: str) -> str:
    """The folder below its root (surrogate escapes and all) as `folder_of` finds it again."""
    raw = os.fsencode(folder)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return _ODD + raw.hex()


def folder_of(kept: str) -> str:
    """The folder that `kept_path` wrote, as the file system's functions take it."""
    if kept.startswith(_ODD):
        return os.fsdecode(bytes.fromhex(kept.removeprefix(_ODD)))
    return kept


def shown_path(folder: str) -> str:
    """The folder for people; bytes that are no text as `\\xNN`."""
    return os.fsencode(folder).decode("utf-8", "backslashreplace")

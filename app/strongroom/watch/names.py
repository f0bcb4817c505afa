"""Which names below a watched folder are passed over, and which wait for their rename."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable
from typing import Any

IGNORE_FILE = ".strongroomignore"
#: Written under such a name until complete, then renamed; never taken as they are.
TEMPORARY = (
    "*.tmp",
    "*.part",
    "*.partial",
    "*.crdownload",
    "*.download",
    ".~lock*",
    ".*.sw?",
    "*~",
    "#*#",
    ".#*",
    ".goutputstream-*",
    "*.incomplete",
)
#: Folders that are renamed as a whole when they are complete.
TEMPORARY_FOLDERS = (*TEMPORARY, "tmp-checkpoint-*", "*.orbax-checkpoint-tmp-*")
#: Folders and files of tools, which no training makes.
TOOL_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        "__pycache__",
        ".ipynb_checkpoints",
        "node_modules",
        ".venv",
        ".dvc/cache",
        ".dvc/tmp",
    }
)
TOOL_FILES = frozenset({".DS_Store", "Thumbs.db", IGNORE_FILE})


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns))


_TEMPORARY = _any_of(TEMPORARY)
_TEMPORARY_FOLDERS = _any_of(TEMPORARY_FOLDERS)


def is_temporary(path: bytes) -> bool:
    """Whether the base name says that a rename will follow."""
    return _TEMPORARY.match(_name(path)) is not None


def load_ignore(root: bytes) -> tuple[Callable[[bytes], str], str]:
    """What to pass over below `root`, and what is wrong with its ignore file ("" if nothing).

    The function answers why a path (a folder's ends in `/`) is passed over, "" to take it, "-"
    for what is not worth a word. `.strongroomignore` follows gitignore's rules.
    """
    theirs, problem = _their_rules(root)

    def skip(path: bytes) -> str:
        if _of_tools(path):
            return "-"
        if theirs is not None and theirs.match_file(path.decode("utf-8", "surrogateescape")):
            return f"{IGNORE_FILE} says so"
        return ""

    return skip, problem


def _of_tools(path: bytes) -> bool:
    if not path.endswith(b"/"):
        name = _name(path)
        return name in TOOL_FILES or _TEMPORARY.match(name) is not None
    folder = path[:-1]
    name = _name(folder)
    return (
        name in TOOL_FOLDERS
        or _TEMPORARY_FOLDERS.match(name) is not None
        or f"{_name(os.path.dirname(folder))}/{name}" in TOOL_FOLDERS
    )


def _name(path: bytes) -> str:
    return path[path.rfind(b"/") + 1 :].decode("utf-8", "surrogateescape")


def _their_rules(root: bytes) -> tuple[Any, str]:
    try:
        with open(os.path.join(root, IGNORE_FILE.encode()), encoding="utf-8-sig") as lines:
            text = lines.read(1 << 20)
        import pathspec

        return pathspec.GitIgnoreSpec.from_lines(text.splitlines()), ""
    except FileNotFoundError:
        return None, ""
    except (OSError, ValueError) as error:  # UnicodeDecodeError and bad patterns are ValueErrors
        return None, f"{IGNORE_FILE} cannot be read ({error}), so nothing is ignored"

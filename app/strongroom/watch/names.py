"""Which names below a watched folder are passed over, and which wait for their rename."""

from __future__ import annotations

import fnmatch
import os
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
#: Folders and files of tools, which no training makes.
TOOLS = (
    ".git/",
    ".hg/",
    ".svn/",
    "__pycache__/",
    ".ipynb_checkpoints/",
    "node_modules/",
    ".venv/",
    ".dvc/cache/",
    ".dvc/tmp/",
    ".DS_Store",
    "Thumbs.db",
    IGNORE_FILE,
)


def is_temporary(path: bytes) -> bool:
    """Whether the base name says that a rename will follow."""
    name = os.path.basename(path).decode("utf-8", "surrogateescape")
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in TEMPORARY)


def load_ignore(root: bytes) -> tuple[Callable[[bytes], str], str]:
    """What to pass over below `root`, and what is wrong with its ignore file ("" if nothing).

    The function answers why a path (a folder's ends in `/`) is passed over, "" to take it, "-"
    for what is not worth a word. `.strongroomignore` follows gitignore's rules.
    """
    import pathspec

    tools = pathspec.GitIgnoreSpec.from_lines(TOOLS)
    theirs, problem = _their_rules(pathspec, root)

    def skip(path: bytes) -> str:
        if is_temporary(path):
            return "-"
        text = path.decode("utf-8", "surrogateescape")
        if tools.match_file(text):
            return "-"
        if theirs is not None and theirs.match_file(text):
            return f"{IGNORE_FILE} says so"
        return ""

    return skip, problem


def _their_rules(pathspec: Any, root: bytes) -> tuple[Any, str]:
    try:
        with open(os.path.join(root, IGNORE_FILE.encode()), encoding="utf-8") as lines:
            return pathspec.GitIgnoreSpec.from_lines(lines.read(1 << 20).splitlines()), ""
    except FileNotFoundError:
        return None, ""
    except (OSError, ValueError) as error:  # UnicodeDecodeError and bad patterns are ValueErrors
        return None, f"{IGNORE_FILE} cannot be read ({error}), so nothing is ignored"

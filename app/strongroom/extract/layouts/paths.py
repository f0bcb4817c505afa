"""Run-relative paths and the names of checkpoints, as layouts need them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

#: A folder that is one checkpoint: checkpoint-6, epoch_3, global_step100.
CHECKPOINT_FOLDER = re.compile(
    r"(?:checkpoint|ckpt|epoch|step|global_?step|iter|iteration|snapshot)[-_=]?\d+\Z", re.I
)
_NUMBERED = re.compile(
    r"(?:epoch|step|ckpt|checkpoint|iter|iteration|round|snapshot)[-_=]?\d|[-_=]\d+$|^\d+$", re.I
)
_NUMBER = re.compile(r"[-_=.]*\d+(?:\.\d+)?")
CHECKPOINT_FOLDERS = ("checkpoints", "checkpoint", "ckpt", "ckpts", "weights", "snapshots")


def below(folder: str, paths: Sequence[str]) -> Sequence[str]:
    """The part of the sorted `paths` that lies below `folder` ("" is all)."""
    if not folder:
        return paths
    return paths[bisect_left(paths, folder + "/") : bisect_left(paths, folder + "0")]


def parent(path: str) -> str:
    return path.rpartition("/")[0]


def within(folder: str, path: str) -> bool:
    """Whether `path` lies below `folder`; nothing lies below itself."""
    return path != folder and (not folder or path.startswith(folder + "/"))


def relative(folder: str, path: str) -> str:
    """`path` as seen from `folder`, with `../` where it lies outside."""
    if not folder:
        return path
    if path.startswith(folder) and path[len(folder) : len(folder) + 1] == "/":
        return path[len(folder) + 1 :]
    start, there = folder.split("/"), path.split("/")
    same = 0
    while same < min(len(start), len(there) - 1) and start[same] == there[same]:
        same += 1
    return "/".join([".."] * (len(start) - same) + there[same:])


def absolute(folder: str, path: str) -> str:
    """The root-relative path of a run-relative one."""
    parts = folder.split("/") if folder else []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return "/".join(parts)


def folders(paths: Iterable[str]) -> set[str]:
    """Every folder that directly holds a file."""
    return {parent(path) for path in paths}


def is_checkpoint_file(path: str) -> bool:
    """Whether the name tells one of many states: `epoch_003.pt`, `checkpoints/model_10.ubj`."""
    folder, _, name = path.rpartition("/")
    stem = _stem(name)
    if folder.rpartition("/")[2].lower() in CHECKPOINT_FOLDERS:
        return bool(re.search(r"\d", stem))
    return bool(_NUMBERED.search(stem)) and not re.match(r".*-\d+-of-\d+\Z", stem)


def without_numbers(path: str) -> str:
    """`checkpoints/epoch_003.pt` → `checkpoints/epoch`: what stays the same from step to step."""
    folder, _, name = path.rpartition("/")
    stem = _stem(name)
    kept = _NUMBER.sub("", stem).strip("-_=.") or name[len(stem) :].split(".")[1:2] or "checkpoint"
    if isinstance(kept, list):
        kept = kept[0]
    return f"{folder}/{kept}" if folder else kept


def _stem(name: str) -> str:
    """Without its suffix; a decimal point between digits is no suffix."""
    found = re.match(r"\.?(?:[^.]|\.(?=\d))*", name)
    return found.group() if found else name

"""Folders of pictures, sounds and films, told by counting: nothing of them is opened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_GROUPS = {
    "images": ("png", "jpg", "jpeg", "gif", "bmp", "webp", "tif", "tiff", "heic", "dcm", "nii"),
    "audio": ("wav", "flac", "mp3", "ogg", "opus", "m4a", "aac", "aiff"),
    "video": ("mp4", "avi", "mov", "mkv", "webm"),
}
_GROUP = {suffix: group for group, suffixes in _GROUPS.items() for suffix in suffixes}
_SAME = {"jpeg": "jpg", "tiff": "tif"}
#: Fewer are no collection.
_LEAST = 2
_MAX_FOLDERS = 1000


def counted(files: Iterable[tuple[str, int]]) -> dict[str, Any]:
    """Of `(path, bytes)`: `{"images": {"png": {"files", "bytes"}}, …, "folders": {name: files}}`.

    `folders` counts by the folder that directly holds them, as classes often are; {} where there
    are not two such files.
    """
    found: dict[str, Any] = {}
    folders: dict[str, int] = {}
    total = 0
    for path, size in files:
        folder, _, name = path.rpartition("/")
        suffix = name.rpartition(".")[2].lower() if "." in name else ""
        group = _GROUP.get(suffix)
        if group is None:
            continue
        one = found.setdefault(group, {}).setdefault(
            _SAME.get(suffix, suffix), {"files": 0, "bytes": 0}
        )
        one["files"] += 1
        one["bytes"] += size
        total += 1
        if folder in folders or len(folders) < _MAX_FOLDERS:
            folders[folder] = folders.get(folder, 0) + 1
    if total < _LEAST:
        return {}
    return {"format": "folder", **found, "folders": dict(sorted(folders.items()))}

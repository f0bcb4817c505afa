"""How a file of a version is named and marked, by its name alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from strongroom.gui.wording import Look

_OTHER = Look("file", "file", "grey")
#: Endings of a name → what the file is; the first that fits counts.
_LOOKS: tuple[tuple[tuple[str, ...], Look], ...] = (
    (
        (
            ".safetensors", ".gguf", ".onnx", ".pt", ".pth", ".ckpt", ".h5", ".keras", ".pkl",
            ".joblib", ".bin", ".cbm", ".ubj", ".pb", ".tflite",
        ),
        Look("model", "box", "indigo"),
    ),
    ((".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"), Look("table", "table-2", "teal")),
    ((".db", ".sqlite", ".arrow", ".npy", ".npz"), Look("data", "database", "teal")),
    ((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".svg"), Look("picture", "image", "blue")),
    ((".log", ".out", ".err"), Look("log", "scroll-text", "grey")),
    ((".yaml", ".yml", ".toml", ".ini", ".cfg"), Look("config", "sliders-horizontal", "violet")),
    ((".json", ".ipynb"), Look("JSON", "braces", "violet")),
    ((".py", ".sh", ".js", ".c", ".cpp", ".rs", ".go"), Look("code", "file-code", "grey")),
    ((".zip", ".tar", ".gz", ".xz", ".zst", ".7z"), Look("archive", "file-archive", "grey")),
    ((".md", ".txt", ".rst"), Look("text", "file-text", "grey")),
)  # fmt: skip


def look_of_name(path: str) -> Look:
    name = path.lower()
    if ".tfevents" in name:
        return Look("metrics", "chart-line", "orange")
    return next((look for endings, look in _LOOKS if name.endswith(endings)), _OTHER)


def path_of(file: Mapping[str, Any]) -> str:
    """A manifest entry's path as the registry takes it; odd bytes as surrogate escapes."""
    if "path" in file:
        return str(file["path"])
    return os.fsdecode(bytes.fromhex(file["path_hex"]))


#: Bytes of a name that leave room, in what a file system takes, for a number or an ending more.
_LONGEST = 200


def export_name(version: Mapping[str, Any]) -> str:
    """What a version is called in a folder: `fraud-v3.onnx` for `team/fraud.onnx@v3`."""
    base = version["name"].rpartition("/")[2]
    stem, dot, suffix = base.rpartition(".")
    if not dot or not stem or len(suffix) > _LONGEST // 4:
        stem, suffix = base, ""
    ending = f"-{version['tag']}" + (f".{suffix}" if suffix else "")
    room = _LONGEST - len(ending.encode())
    return str(stem).encode()[:room].decode("utf-8", "ignore") + ending

"""Compares two safetensors files of 4 GB in which one layer differs: time, and memory of the child
above what it has at rest.

    python -m tests.bench.large_tensors FOLDER [GB]

FOLDER needs room for both; prints one JSON document.
"""

from __future__ import annotations

import json
import struct
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil

from strongroom.services.inspection import Inspector, Piece

_LAYER = 64 << 20


def make(path: Path, layers: int, changed: int | None) -> None:
    """Layers of 64 MiB; `changed` is the one that differs."""
    head, at = {}, 0
    for n in range(layers):
        head[f"layer.{n}"] = {
            "dtype": "F32", "shape": [_LAYER // 4], "data_offsets": [at, at + _LAYER],
        }  # fmt: skip
        at += _LAYER
    text = json.dumps(head).encode()
    block = np.random.default_rng(0).normal(size=_LAYER // 4).astype("f4")
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for n in range(layers):
            (block * 1.01 if n == changed else block).astype("f4").tofile(out)


def measure(folder: Path, gigabytes: float = 4.0) -> dict[str, object]:
    layers = max(2, round(gigabytes * 1e9 / _LAYER))
    paths = [folder / "a.safetensors", folder / "b.safetensors"]
    for at, path in enumerate(paths):
        make(path, layers, layers // 2 if at else None)
    inspector = Inspector(60.0, 1 << 30, ("numpy",))
    inspector.warm_up()
    time.sleep(2.0)
    child = psutil.Process(inspector._child.pid)  # type: ignore[union-attr]
    idle, peak, done = child.memory_info().rss, [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], child.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    pieces = [[Piece("m.safetensors", file=str(path))] for path in paths]
    found = inspector.compare_tensors(*pieces, [], lambda count, total: None)
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    inspector.close()
    return {
        "gigabytes": layers * _LAYER / 1e9,
        "seconds": seconds,
        "idle": idle,
        "above_idle": peak[0] - idle,
        "changed": [one["name"] for one in found["changed"]],
        "relative_l2": found["changed"][0]["relative_l2"],
    }


if __name__ == "__main__":
    size = float(sys.argv[2]) if len(sys.argv) > 2 else 4.0
    print(json.dumps(measure(Path(sys.argv[1]), size)))

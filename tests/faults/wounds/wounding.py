"""Random wounds: which file, how, and where."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

#: Which files there are to be wounded, by kind; a kind is chosen first, then one of its files.
TARGETS = {
    "catalog": ("catalog.db",),
    "catalog's log": ("catalog.db-wal",),
    "journal": ("journal/*.jsonl",),
    "shelf": ("shelves/*.db",),
    "shelf's log": ("shelves/*.db-wal",),
    "object": ("objects/*/*",),
    "registry.json": ("registry.json",),
    "stat cache": ("local/stat.db", "local/stat.db-wal"),
}
_SELDOM = {"registry.json": 1, "stat cache": 1}
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Wound:
    """What was done to which file; `at` and `count` in bytes, where they mean something."""

    target: str
    file: str
    kind: str
    at: int = 0
    count: int = 0
    size: int = 0

    def __str__(self) -> str:
        where = "" if self.kind == "remove" else f" at {self.at}+{self.count} of {self.size}"
        return f"{self.kind} {self.file}{where}"


def wound(place: Path, rng: random.Random) -> list[Wound]:
    """One to five random wounds to the registry in `place`; what was done comes back."""
    return [one for _ in range(rng.randint(1, 5)) if (one := _wound_once(place, rng)) is not None]


def _wound_once(place: Path, rng: random.Random) -> Wound | None:
    files = {t: _files(place, patterns) for t, patterns in TARGETS.items()}
    targets = [t for t in TARGETS if files[t]]
    if not targets:
        return None
    (target,) = rng.choices(targets, [_SELDOM.get(t, 3) for t in targets])
    path = rng.choice(files[target])
    name, size = str(path.relative_to(place)), path.stat().st_size
    kind = rng.choice(["flip", "truncate", "zero", "scribble", "remove"])
    if kind == "remove":
        path.unlink()
        return Wound(target, name, kind)
    os.chmod(path, path.stat().st_mode | 0o200)
    with open(path, "r+b") as file:
        at = rng.randrange(size)
        if kind == "truncate":
            file.truncate(at)
            return Wound(target, name, kind, at, size - at, size)
        if kind == "zero" and rng.randrange(4) == 0:
            at, count = 0, size
        elif kind == "zero":
            count = rng.randint(1, size - at)
        else:
            count = min(rng.randint(1, 8) if kind == "flip" else _BLOCK, size - at)
        file.seek(at)
        before = file.read(count)
        if kind == "flip":
            after = bytes(byte ^ rng.randint(1, 255) for byte in before)
        else:
            after = bytes(count) if kind == "zero" else rng.randbytes(count)
        file.seek(at)
        file.write(after)
    return Wound(target, name, kind, at, count, size)


def _files(place: Path, patterns: tuple[str, ...]) -> list[Path]:
    found = [p for pattern in patterns for p in sorted(place.glob(pattern))]
    return [p for p in found if p.is_file() and p.stat().st_size]

"""Random wounds: which file, how, and where."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
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
    """What was done to which file; `at` and `count` in bytes and `data`, what is there now, where
    they mean something.
    """

    target: str
    file: str
    kind: str
    at: int = 0
    count: int = 0
    size: int = 0
    data: bytes = field(default=b"", repr=False)

    def __str__(self) -> str:
        where = "" if self.kind == "remove" else f" at {self.at}+{self.count} of {self.size}"
        return f"{self.kind} {self.file}{where}"


def wound(place: Path, rng: random.Random) -> list[Wound]:
    """One to five random wounds to the registry in `place`; what was done comes back."""
    wounds = []
    for _ in range(rng.randint(1, 5)):
        one = _chosen(place, rng)
        if one is not None:
            inflict(place, one)
            wounds.append(one)
    return wounds


def inflict(place: Path, one: Wound) -> None:
    """Does to the registry in `place` what `one` says."""
    path = place / one.file
    if one.kind == "remove":
        path.unlink()
        return
    os.chmod(path, path.stat().st_mode | 0o200)
    with open(path, "r+b") as file:
        if one.kind == "truncate":
            file.truncate(one.at)
        else:
            file.seek(one.at)
            file.write(one.data)


def _chosen(place: Path, rng: random.Random) -> Wound | None:
    files = {t: _files(place, patterns) for t, patterns in TARGETS.items()}
    targets = [t for t in TARGETS if files[t]]
    if not targets:
        return None
    (target,) = rng.choices(targets, [_SELDOM.get(t, 3) for t in targets])
    path = rng.choice(files[target])
    name, size = str(path.relative_to(place)), path.stat().st_size
    kind = rng.choice(["flip", "truncate", "zero", "scribble", "remove"])
    at = rng.randrange(size)
    if kind == "remove":
        return Wound(target, name, kind)
    if kind == "truncate":
        return Wound(target, name, kind, at, size - at, size)
    if kind == "zero" and rng.randrange(4) == 0:
        return Wound(target, name, kind, 0, size, size, bytes(size))
    if kind == "zero":
        count = rng.randint(1, size - at)
        return Wound(target, name, kind, at, count, size, bytes(count))
    count = min(rng.randint(1, 8) if kind == "flip" else _BLOCK, size - at)
    if kind == "flip":
        before = path.read_bytes()[at : at + count]
        data = bytes(byte ^ rng.randint(1, 255) for byte in before)
    else:
        data = rng.randbytes(count)
    return Wound(target, name, kind, at, count, size, data)


def _files(place: Path, patterns: tuple[str, ...]) -> list[Path]:
    found = [p for pattern in patterns for p in sorted(place.glob(pattern))]
    return [p for p in found if p.is_file() and p.stat().st_size]

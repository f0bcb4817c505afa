"""Sound registries with a past of two hundred acts, to be copied and wounded.

There are four kinds: closed cleanly or copied while open, so that logs with content lie beside the
databases; and with what was added still in its place, or gone.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from strongroom.bootstrap import create_registry
from strongroom.domain.errors import Conflict
from strongroom.domain.series import Point, Series
from strongroom.services.add import AddOptions
from strongroom.services.inspection import Described
from strongroom.services.local import LocalRegistry
from strongroom.services.runs import revise
from strongroom.settings import Settings
from tests.faults.wounds.truth import Truth, truth_of

KINDS = 4
ACTS = 200
_LENGTH = 150
_FILES = ("model", "dataset.csv", "config.yaml", "log", "größe")
_FOLDERS = ("team/set", "team/checkpoint")
_WORDS = ("pelican", "heron", "looks good", "no, it does not", "größer als ☂")


@dataclass(frozen=True, slots=True)
class Base:
    """A registry's folder that nothing opens, and what was in it."""

    place: Path
    truth: Truth


class Unread:
    """In the place of the child process that reads what files say: they say nothing."""

    def warm_up(self) -> None: ...

    def describe(self, pieces: Any) -> Described:
        return Described()

    def close(self) -> None: ...


def without_child(registry: LocalRegistry) -> LocalRegistry:
    registry.desk.inspector = Unread()  # type: ignore[assignment]
    return registry


def make_base(kind: int, folder: Path) -> Base:
    """The base number `kind` below `folder`; the same acts each time."""
    working, place = folder / "working", folder / "registry"
    # Where files came from is in the journal: its length must not change with the folder.
    sources = folder / "s".ljust(_LENGTH - len(os.fspath(folder)), "s")
    is_open, is_kept = kind % 2 == 1, kind >= 2
    with _small_parts(), _same_each_time(random.Random(-kind)):
        registry = without_child(create_registry(working, Settings(), "cli"))
        registry.desk.segments._segment_bytes = 24_000
        registry.desk.store.shelves._seal_bytes = 400_000 if is_kept else 1 << 30
        _Past(registry, sources, random.Random(kind)).happen(ACTS)
        if not is_kept:
            shutil.rmtree(sources)
        truth = truth_of(registry, sources if is_kept else None)
        if is_open:
            copy_registry(working, place)
        registry.close()
        if not is_open:
            copy_registry(working, place)
    shutil.rmtree(working)
    return Base(place, truth)


def copy_registry(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("reserve"))


@contextlib.contextmanager
def _small_parts() -> Iterator[None]:
    """Few files and few points already make manifests and curves of several parts, and stats are
    believed at once.
    """
    with (
        mock.patch("strongroom.domain.manifest.MAX_SINGLE", 4),
        mock.patch("strongroom.domain.manifest._CUT_MASK", 1),
        mock.patch("strongroom.services.runs.MOST_INLINE", 30),
        mock.patch("strongroom.store.stat_cache._TRUST_AFTER_NS", -(10**18)),
    ):
        yield


@contextlib.contextmanager
def _same_each_time(rng: random.Random) -> Iterator[None]:
    """Times and names that are made up are those of the base, so that a seed wounds the same
    places in it whenever and wherever it is made.
    """
    ticks = itertools.count(1_600_000_000_000_000_000, 1_000_000)
    with (
        mock.patch("strongroom.domain.timestamps.time", SimpleNamespace(time_ns=ticks.__next__)),
        mock.patch("strongroom.domain.timestamps.os", SimpleNamespace(urandom=rng.randbytes)),
        mock.patch("getpass.getuser", lambda: "wounded"),
    ):
        yield


class _Past:
    """Acts one after the other, chosen by `rng`."""

    def __init__(self, registry: LocalRegistry, sources: Path, rng: random.Random) -> None:
        self.registry, self.sources, self.rng = registry, sources, rng
        self.refs: list[str] = []
        self.runs: list[str] = []
        self.open_runs: list[str] = []
        self.count = 0

    def happen(self, acts: int) -> None:
        chances = {
            self.add_small: 60,
            self.add_large: 9,
            self.add_folder: 12,
            self.add_again: 8,
            self.label: 36,
            self.note: 24,
            self.start_run: 9,
            self.finish_run: 6,
            self.curve: 6,
            self.link: 10,
            self.direct: 2,
            self.verify: 1,
            self.collect: 2,
        }
        for _ in range(4):
            self.add_small()
        for _ in range(acts - 4):
            (act,) = self.rng.choices(list(chances), list(chances.values()))
            act()

    def add_small(self) -> None:
        size = self.rng.choice([0, 40, 900, 3000, 9000, 60_000])
        name = self.rng.choice(_FILES)
        self._add(self._file(f"{name}.bin", self.rng.randrange(size + 1)), name)

    def add_large(self) -> None:
        name = self.rng.choice(_FILES[:2])
        self._add(self._file(f"{name}.bin", self.rng.randrange(66_000, 160_000)), name)

    def add_folder(self) -> None:
        self.count += 1
        folder = self.sources / str(self.count) / "folder"
        for number in range(self.rng.randrange(2, 9)):
            path = folder / f"part{number % 3}" / f"file{number}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            few = self.rng.randrange(3) == 0  # files that several versions share
            data = b"shared %d" % number if few else self.rng.randbytes(self.rng.randrange(4000))
            path.write_bytes(data)
        if self.rng.randrange(3) == 0:
            (folder / "large.bin").write_bytes(self.rng.randbytes(70_000))
        self._add(folder, self.rng.choice(_FOLDERS))

    def add_again(self) -> None:
        """The content of an earlier version, under another name or as a new version."""
        found = sorted(p for p in self.sources.glob("*/*.bin"))
        self._add(self.rng.choice(found), self.rng.choice(_FILES), self.rng.randrange(2) == 0)

    def _file(self, name: str, size: int) -> Path:
        self.count += 1
        path = self.sources / str(self.count) / name
        path.parent.mkdir(parents=True)
        path.write_bytes(self.rng.randbytes(size))
        return path

    def _add(self, path: Path, name: str, new: bool = False) -> None:
        rng = self.rng
        told = rng.randrange(2) == 0
        options = AddOptions(
            name=name,
            new_version=new,
            run=rng.choice(self.runs) if self.runs and rng.randrange(3) == 0 else None,
            params={"lr": rng.random(), "seed": rng.randrange(1 << 70)} if told else {},
            metrics={"auc": rng.random(), "loss": float("nan")} if told else {},
            inputs=[rng.choice(self.refs)] if self.refs and rng.randrange(4) == 0 else [],
            note=rng.choice(_WORDS) if rng.randrange(5) == 0 else "",
        )
        (version,) = self.registry.add([os.fsencode(path)], options)["versions"]
        ref = f"{version['name']}@{version['tag']}"
        if ref not in self.refs:
            self.refs.append(ref)

    def label(self) -> None:
        key, value = self.rng.choice(["stage", "reviewed"]), self.rng.choice(["final", "größer"])
        self.registry.label(self.rng.choice(self.refs), key, value)

    def note(self) -> None:
        self.registry.note(self.rng.choice(self.refs), self.rng.choice(_WORDS))

    def start_run(self) -> None:
        run = f"run-{len(self.runs)}"
        self.registry.start_run(run, f"name of {run}", {"lr": self.rng.random(), "text": "größer"})
        self.runs.append(run)
        self.open_runs.append(run)

    def finish_run(self) -> None:
        if self.open_runs:
            self.registry.finish_run(self.open_runs.pop(0), failed=self.rng.randrange(3) == 0)

    def curve(self) -> None:
        """New points of a run: kept in one piece, or each curve by itself."""
        if self.runs:
            points = self.rng.choice([5, 40])
            series = {
                name: Series.of(Point(step, self.rng.random()) for step in range(points))
                for name in ("loss", "auc")
            }
            revise(self.registry.desk, self.rng.choice(self.runs), lambda _, doc: (doc, series))

    def link(self) -> None:
        one, two = self.rng.sample(self.refs, 2)
        with contextlib.suppress(Conflict):  # a circle
            self.registry.link(one, source=two, reason=self.rng.choice(_WORDS))

    def direct(self) -> None:
        self.registry.direct_metric("auc", self.rng.choice(["higher", "lower"]))

    def verify(self) -> None:
        assert self.registry.verify()["damaged"] == []

    def collect(self) -> None:
        self.registry.collect()

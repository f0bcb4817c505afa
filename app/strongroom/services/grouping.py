"""Which files belong together: run folders found by layouts, their roles, and the names that
follow from both (design §7).
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from strongroom.disk.listing import SourceFile
from strongroom.domain.facts import Kind
from strongroom.domain.names import derive_name
from strongroom.extract.layouts import LAYOUTS, assign
from strongroom.extract.layouts.layout import Layout, Role
from strongroom.extract.layouts.paths import relative


@dataclass(frozen=True, slots=True)
class Group:
    """Files of one run that become one version together.

    `folder`: the run's folder below the root, `name`: the artifact's name without the watch name,
    `root`: the folder below the root that paths in the version are relative to.
    """

    layout: Layout
    folder: str
    role: Role
    name: str
    root: bytes
    files: tuple[SourceFile, ...]

    @property
    def kind(self) -> Kind:
        return self.role.kind

    def names(self) -> list[str]:
        """The files' paths as the layout speaks of them."""
        return [relative(self.folder, _text(f.path)) for f in self.files]

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.layout.name, self.folder, self.role.name, self.role.group

    def renamed_files(self) -> tuple[SourceFile, ...]:
        """The files with paths as the version has them: a lone file by its base name."""
        if len(self.files) == 1:
            (only,) = self.files
            return (SourceFile(only.location, os.path.basename(only.path), only.stat),)
        return tuple(
            SourceFile(f.location, _relative(f.path, self.root), f.stat) for f in self.files
        )


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder that a layout claims: its path below the root and the files that belong to it."""

    layout: Layout
    folder: str
    members: tuple[SourceFile, ...]

    def relative(self, file: SourceFile) -> str:
        """The file's path as the layout speaks of it; `../` leads out of the run's folder."""
        return relative(self.folder, _text(file.path))


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which files belong together. `passed`: files of a run that its layout does not keep."""

    runs: tuple[RunFolder, ...]
    groups: tuple[Group, ...]
    passed: frozenset[bytes]


class Arrangement:
    """A grouping looked up by path, as watching asks at every turn.

    Which files belong together follows from names alone, so it holds until a name comes or goes;
    the stats in it may be older than the newest look at a file.
    """

    def __init__(self, grouping: Grouping) -> None:
        self.passed = grouping.passed
        self.runs = {run.folder: run for run in grouping.runs}
        self._groups = {f.path: group for group in grouping.groups for f in group.files}
        self._runs_with: dict[bytes, list[str]] = {}
        for run in grouping.runs:
            for member in run.members:
                self._runs_with.setdefault(member.path, []).append(run.folder)

    def group(self, path: bytes) -> Group | None:
        return self._groups.get(path)

    def runs_with(self, path: bytes) -> Sequence[str]:
        """Folders of the runs that the file is a member of; notes may be of several."""
        return self._runs_with.get(path, ())


def group_by_layout(
    files: Sequence[SourceFile], split_on_add: bool = False, only: str | None = None
) -> Grouping:
    """The run folders among `files` and their groups; files of no run are in neither.

    `split_on_add` leaves out layouts that do not split an added folder; `only` names one layout.
    """
    by_text = {_text(f.path): f for f in files}
    layouts = [
        layout
        for layout in LAYOUTS
        if (not split_on_add or layout.split_on_add) and only in (None, layout.name)
    ]
    found: dict[tuple[str, str, str, str], tuple[Layout, str, Role, list[SourceFile]]] = {}
    runs, passed = [], []
    for claim in assign(list(by_text), layouts):
        run = RunFolder(claim.layout, claim.folder, tuple(by_text[m] for m in claim.members))
        runs.append(run)
        for member in run.members:
            role = _role(run.layout.role, run.relative(member))
            if role is None:
                passed.append(member.path)
                continue
            key = (run.layout.name, run.folder, role.name, role.group)
            found.setdefault(key, (run.layout, run.folder, role, []))[3].append(member)
    groups = [
        Group(
            layout,
            folder,
            role,
            role_name(folder, role),
            _root(folder, role.root),
            tuple(members),
        )
        for layout, folder, role, members in found.values()
    ]
    return Grouping(tuple(runs), tuple(groups), frozenset(passed))


@lru_cache(maxsize=1 << 17)
def _role(role: Callable[[str], Role | None], path: str) -> Role | None:
    """`role(path)`; it follows from the path alone, and every new file asks for all again."""
    return role(path)


@lru_cache(maxsize=1 << 17)
def _root(folder: str, root: str) -> bytes:
    """A role's root below the watched one; `../` in it leads out of the run's folder."""
    return os.fsencode(posixpath.normpath(posixpath.join(folder, root)))


@lru_cache(maxsize=1 << 17)
def role_name(folder: str, role: Role) -> str:
    """`<parent of the run folder>/<role>`, percent-encoded where it must be."""
    parent = posixpath.dirname(folder)
    return derive_name(os.fsencode(parent), os.fsencode(role.name))


def _relative(path: bytes, root: bytes) -> bytes:
    prefix = b"" if root in (b"", b".") else root + b"/"
    return path.removeprefix(prefix) if path.startswith(prefix) else os.path.basename(path)


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")

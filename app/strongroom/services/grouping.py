"""Which files belong together: run folders found by layouts, their roles, and the names that
follow from both (design §7).
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.domain.facts import Kind
from strongroom.domain.names import derive_name
from strongroom.extract.layouts import LAYOUTS, assign
from strongroom.extract.layouts.layout import Layout, Role
from strongroom.services.sources import SourceFile


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


def group_by_layout(
    files: Sequence[SourceFile], split_on_add: bool = False, only: str | None = None
) -> list[Group]:
    """The groups of all run folders among `files`; files of no run are in none.

    `split_on_add` leaves out layouts that do not split an added folder; `only` names one layout.
    """
    by_text = {f.path.decode("utf-8", "surrogateescape"): f for f in files}
    layouts = [
        layout for layout in LAYOUTS
        if (not split_on_add or layout.split_on_add) and only in (None, layout.name)
    ]
    groups: dict[tuple[str, str, str, str], tuple[Layout, str, Role, list[SourceFile]]] = {}
    for run in assign(list(by_text), layouts):
        for member in run.members:
            role = run.layout.role(posixpath.relpath(member, run.folder or "."))
            if role is None:
                continue
            key = (run.layout.name, run.folder, role.name, role.group)
            groups.setdefault(key, (run.layout, run.folder, role, []))[3].append(by_text[member])
    return [
        Group(layout, folder, role, role_name(folder, role),
              os.fsencode(posixpath.normpath(posixpath.join(folder, role.root))), tuple(members))
        for layout, folder, role, members in groups.values()
    ]


def role_name(folder: str, role: Role) -> str:
    """`<parent of the run folder>/<role>`, percent-encoded where it must be."""
    parent = posixpath.dirname(folder)
    return derive_name(os.fsencode(parent), os.fsencode(role.name))


def _relative(path: bytes, root: bytes) -> bytes:
    prefix = b"" if root in (b"", b".") else root + b"/"
    return path.removeprefix(prefix) if path.startswith(prefix) else os.path.basename(path)

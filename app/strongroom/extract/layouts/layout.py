"""The shape of a run layout: how one training tool arranges the folder of one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from strongroom.domain.facts import FileFacts, Kind, RunFacts
from strongroom.formats.source import Source


@dataclass(frozen=True, slots=True)
class Role:
    """What a file is in its run.

    name   last part of the artifact's name: "model", "checkpoint", "metrics", "config", "log" …;
           may hold `/` and a file name where a run has several of one kind
    group  files of one run with equal (name, group) become one version together: the folder
           "checkpoint-6", or "" for the files that are one per run
    root   run-relative folder that paths inside the version are relative to ("" is the run folder)
    live   it goes on growing while the run runs: shown live, versioned once when the run ends
    """

    name: str
    kind: Kind
    group: str = ""
    root: str = ""
    live: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """One tool's way to write a run.

    find(paths)      all run-relative claims: given every file path (relative, `/`) below a watched
                     root, the folders ("" = the root itself) that are runs of this layout. Names
                     only, no I/O; must be stable as further files of the same run appear.
                     Run-relative paths of members outside the folder begin with "../".
    members(folder, paths)
                     the root-relative paths that belong to the run in `folder`: those below it
                     and, for trackers that keep models elsewhere, those that it names;
                     `paths` must be sorted
    role(path)       what the file at this run-relative path is; None: not taken (locks, caches)
    complete(paths, read_text)
                     True when the folder itself says that the run has ended
                     (`read_text(path)` gives a small file's text or "" )
    ready(group, paths)
                     False while a group of files is known to be unfinished (a shard missing)
    read(sources, facts)
                     the run as its files tell it: `sources` by run-relative path (only those
                     that `wanted` asked for), `facts` the file facts already read for them
    wanted(path)     whether `read` needs this file
    split_on_add     whether `add FOLDER` is split by this layout (False for the plain folder)
    """

    name: str
    version: int
    find: Callable[[Sequence[str]], list[str]]
    members: Callable[[str, Sequence[str]], list[str]]
    role: Callable[[str], Role | None]
    complete: Callable[[Sequence[str], Callable[[str], str]], bool]
    ready: Callable[[str, Sequence[str]], bool]
    wanted: Callable[[str], bool]
    read: Callable[[Mapping[str, Source], Mapping[str, FileFacts]], RunFacts]
    split_on_add: bool = True

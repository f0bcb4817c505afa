"""W&B's folders: wandb/offline-run-DATE_TIME-ID and run-DATE_TIME-ID with one run each.

Layout: https://docs.wandb.ai/models/track/log/; models lie where the training put them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from strongroom.domain.facts import FileFacts, Kind, RunFacts
from strongroom.extract.conventions import base
from strongroom.extract.layouts import plain
from strongroom.extract.layouts.gathering import Gathering
from strongroom.extract.layouts.layout import Layout, Role
from strongroom.extract.layouts.paths import below, parent
from strongroom.formats.source import Source

_FOLDER = re.compile(r"(?:.*/)?(?:offline-)?run-\d{8}_\d{6}-[^/]+\Z")
_NOT_TAKEN = ("logs/", "tmp/")


def find(paths: Sequence[str]) -> list[str]:
    found = set()
    for path in paths:
        folder = parent(path)
        if base(path).endswith(".wandb") and _FOLDER.match(folder):
            found.add(folder)
    return sorted(found)


def members(folder: str, paths: Sequence[str]) -> list[str]:
    return list(below(folder, paths))


def role(path: str) -> Role | None:
    if path.startswith(_NOT_TAKEN) or path.endswith(".wandb.synced"):
        return None
    if "/" not in path and path.endswith(".wandb"):
        return Role("tracking", Kind.METRICS, live=True)
    if path == "files/output.log":
        return Role("output.log", Kind.LOG, root="files", live=True)
    return plain.role(path)


def complete(paths: Sequence[str], read_text: Callable[[str], str]) -> bool:
    """It says so only inside its binary file."""
    return False


def ready(group: str, paths: Sequence[str]) -> bool:
    return True


def wanted(path: str) -> bool:
    return ("/" not in path and path.endswith(".wandb")) or path == "files/requirements.txt"


def read(sources: Mapping[str, Source], facts: Mapping[str, FileFacts]) -> RunFacts:
    gathering = Gathering()
    for path in sorted(facts):
        gathering.take_runs(facts[path])
        gathering.take_packages(facts[path])
    return gathering.only_run()


layout = Layout("wandb", 1, find, members, role, complete, ready, wanted, read)

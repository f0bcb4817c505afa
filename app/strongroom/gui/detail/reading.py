"""All that the panel shows of one version, asked in one go on a reading thread."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from strongroom.domain.errors import NotFound
from strongroom.services.registry import Registry

Version = Mapping[str, Any]
#: Files and versions that are listed; what is beyond is counted in words.
FILES = 500
HISTORY = 60


@dataclass(frozen=True, slots=True)
class Reading:
    """`run`: what made it, if that is known. `before`: the version before of the same artifact,
    with its run's metrics. `folder`: where it was taken from, if that is still there, else
    `no_folder` says why not. `directions`: which way metrics are better in this registry, where
    somebody has decided on it.
    """

    version: Version
    run: Version | None
    history: list[Version]
    before: Version | None
    before_run_metrics: Mapping[str, Any]
    folder: str | None
    no_folder: str
    directions: Mapping[str, str] = field(default_factory=dict)


def read(registry: Registry, wanted: str) -> Reading:
    """Raises as `Registry.show`."""
    version = registry.show(wanted, files=FILES)
    run = _run(registry, version["run"])
    version["run_brief"] = (
        {key: run[key] for key in ("name", "status", "metrics")} if run is not None else None
    )
    history = registry.list_versions(version["name"], limit=HISTORY)["versions"]
    before = _before(registry, version, history)
    metrics: Mapping[str, Any] = {}
    if before is not None and before["run"]:
        brief = registry.run_briefs([before["run"]]).get(before["run"])
        metrics = brief["metrics"] if brief else {}
    folder, why = folder_of(version["source"])
    directions = registry.metric_directions()
    return Reading(version, run, history, before, metrics, folder, why, directions)


def _run(registry: Registry, run: str | None) -> Version | None:
    if not run:
        return None
    try:
        found: Version = registry.show_run(run)["run"]
    except NotFound:
        return None
    return found


def _before(registry: Registry, version: Version, history: list[Version]) -> Version | None:
    number = int(version["tag"][1:])
    if number <= 1:
        return None
    known = next((one for one in history if int(one["tag"][1:]) < number), None)
    if known is not None:
        return known
    try:  # further back than the history that is shown
        return registry.show(f"{version['name']}@v{number - 1}", files=0)
    except NotFound:
        return None


def folder_of(source: str | None) -> tuple[str | None, str]:
    """The folder a version was taken from, or None and why it cannot be shown. Reads the disk."""
    if not source:
        return None, "It is not known where it was taken from"
    folder = source if os.path.isdir(source) else os.path.dirname(source)
    if not os.path.lexists(source) or not os.path.isdir(folder):
        return None, f"{source} is no longer there"
    return folder, ""

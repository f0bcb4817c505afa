"""Choosing one more to compare: versions and runs by a few letters, the newest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strongroom.gui.bridge import Bridge
from strongroom.gui.command_palette import CommandPalette, matches
from strongroom.gui.filter_completion import quoted
from strongroom.gui.theme import Theme
from strongroom.services.registry import Registry

_MOST = 12


class Picker(CommandPalette):
    """`take(reference)` or `take_run(id)` hears what was chosen."""

    hints = (("#", "digest"),)

    def __init__(
        self,
        bridge: Bridge,
        theme: Theme,
        take: Callable[[str], object],
        take_run: Callable[[str], object],
    ) -> None:
        super().__init__(bridge, theme, [], take, take_run)
        self.field.setPlaceholderText("A name, a version (fraud v12), a digest (#9f3a), a run")
        self.field.setAccessibleName("What to add to the comparison")
        self._look()

    @staticmethod
    def matching(registry: Registry, text: str) -> tuple[list[Any], list[Any], list[Any]]:
        """Versions in place of the artifacts that they are of."""
        if text.startswith("#"):
            return matches(registry, text)
        versions, artifacts, runs = matches(registry, text)
        if not versions and (artifacts or not text):
            words = " ".join(f"name:{quoted(f'*{word}*')}" for word in text.split())
            versions = registry.list_versions(text=words, limit=_MOST)["versions"]
        return versions, [], runs

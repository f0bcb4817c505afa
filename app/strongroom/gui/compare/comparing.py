"""What the Library's rows are compared with: each other, what was chosen before, the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strongroom.gui.bridge import Bridge
from strongroom.gui.compare.screen import CompareScreen
from strongroom.services.registry import Registry

if TYPE_CHECKING:
    from strongroom.gui.window import Window


class Comparing:
    def __init__(self, window: Window, bridge: Bridge) -> None:
        self._window, self._bridge = window, bridge

    def selected(self) -> None:
        """Several selected versions are compared at once; one is added to those compared."""
        references = self._window.acts.selected_references()
        if len(references) == 1:
            self._window.compare_screen.add(*references)
        else:
            self._show(references)

    def with_the_one_before(self) -> None:
        """The selected version against the one before it."""
        version = self._window.acts.selected()
        if version is None:
            return
        name, n = version["name"], int(version["tag"][1:])

        def show(tag: str | None) -> None:
            if tag is None:
                self._window.strip.announce(f"{name}@v{n} is the first version")
            else:
                self._show([f"{name}@{tag}", f"{name}@v{n}"])

        self._bridge.ask(lambda registry: _before(registry, name, n), show)

    def _show(self, references: list[str]) -> None:
        if self._window.compare_screen.compare(references):
            self._window.go_to(CompareScreen.title)


def _before(registry: Registry, name: str, n: int) -> str | None:
    """The tag of the newest version below `n`; removed ones leave gaps."""
    cursor = None
    while True:
        page = registry.list_versions(name, limit=200, cursor=cursor)
        for version in page["versions"]:
            if int(version["tag"][1:]) < n:
                return str(version["tag"])
        cursor = page["next"]
        if cursor is None:
            return None

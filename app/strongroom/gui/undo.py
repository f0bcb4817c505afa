"""What can be taken back: offered for ten seconds, and by Ctrl Z until something else was done."""

from __future__ import annotations

from collections.abc import Callable

from strongroom.gui.fault_bar import FaultBar

Act = Callable[[], object]
_MOST = 20


class Undo:
    def __init__(self, bar: FaultBar) -> None:
        self._bar = bar
        self._done: list[tuple[str, Act]] = []

    def offer(self, text: str, take_back: Act) -> None:
        """`text` says what was done; `take_back` makes it as it was."""
        done = text, take_back
        self._done = [*self._done[-_MOST:], done]

        def press() -> None:
            if done in self._done:
                self._done.remove(done)
            take_back()

        self._bar.offer(text, "Undo", press)

    def why_not(self) -> str:
        return "" if self._done else "nothing to take back"

    def take_back(self) -> None:
        """The last of what was done."""
        if self._done:
            _, act = self._done.pop()
            self._bar.hide()
            act()

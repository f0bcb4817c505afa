"""What the Lineage screen asks the registry for: one graph, and what was unfolded of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strongroom.domain.errors import StrongroomError
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.lineage.graph import merged
from strongroom.gui.lineage.shown import Shown, Wanted, laid_out
from strongroom.services.registry import Registry

Document = dict[str, Any]


class Reading:
    """One question at a time: a later one takes the place of the one before, so that no late
    answer brings an older graph back.

    `wanted()` is what the controls say now; `show(shown, anchor)` gets the graph, in which the
    card `anchor` stays where it is; `failed(error)` is called where there is none, `said(text)`
    where only more of it could not be had.
    """

    def __init__(
        self,
        bridge: Bridge,
        wanted: Callable[[], Wanted],
        show: Callable[[Shown, str], None],
        failed: Callable[[StrongroomError], None],
        said: Callable[[str], None],
    ) -> None:
        self._bridge, self._wanted = bridge, wanted
        self._show, self._failed, self._said = show, failed, said
        #: The version or run in the centre, and the groups that are open.
        self.root = ""
        self.opened: set[str] = set()
        #: Steps more that were asked for at single cards: `(id, upstream)`.
        self._expanded: list[tuple[str, bool]] = []
        self._document: Document | None = None
        self._reads = False
        self._ticket: Ticket | None = None

    def begin(self, root: str) -> None:
        """Another centre: what was open or unfolded belonged to the one before."""
        self.root = root
        self.opened.clear()
        self._expanded.clear()

    def ask_anew(self) -> None:
        """Another way or depth: what was unfolded card by card belonged to the one before."""
        self._expanded.clear()
        self.ask()

    def ask(self, anchor: str = "") -> None:
        self._let_go()
        wanted, expanded = self._wanted(), tuple(self._expanded)

        def question(registry: Registry) -> Shown:
            found = registry.lineage(wanted.root, wanted.up, wanted.down, wanted.steps)
            for name, up in expanded:
                if any(node["id"] == name for node in found["nodes"]):
                    found = merged(found, registry.lineage(name, up, not up, 1))
            return laid_out(found, wanted)

        self._reads = True
        self._ticket = self._bridge.ask(
            question, lambda shown: self._arrived(shown, anchor), self._went_wrong, slow=True
        )

    def arrange_again(self, anchor: str = "") -> None:
        """The same answer seen another way; where a newer one is on its way, that one."""
        if self._reads:
            self.ask(anchor)
            return
        found = self._document
        if found is None:
            return
        self._let_go()
        wanted = self._wanted()
        self._ticket = self._bridge.ask_anyway(
            lambda: laid_out(found, wanted),
            lambda shown: self._arrived(shown, anchor),
            self._went_wrong,
        )

    def expand(self, name: str, up: bool) -> None:
        """One step more from a card."""
        self._expanded.append((name, up))
        before = self._document
        if self._reads or before is None:
            self.ask(name)
            return
        self._let_go()

        def unfolded(more: Document) -> None:
            self._reads, self._document = False, merged(before, more)
            self.arrange_again(name)

        def failed(error: StrongroomError) -> None:
            self._reads = False
            self._expanded.remove((name, up))
            self._said(str(error))

        self._reads = True
        self._ticket = self._bridge.ask(
            lambda registry: registry.lineage(name, up, not up, 1), unfolded, failed
        )

    def _let_go(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()

    def _arrived(self, shown: Shown, anchor: str) -> None:
        self._document, self._reads = shown.document, False
        self.root = shown.whole.root  # the reference may have been said in another way
        self._show(shown, anchor)

    def _went_wrong(self, error: StrongroomError) -> None:
        self._reads = False
        self._failed(error)

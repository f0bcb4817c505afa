"""The sections of a comparison: each reads by itself, in two columns where there is room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.gui.bridge import Bridge
from strongroom.gui.compare.curves_card import CurvesCard
from strongroom.gui.compare.grid import Names
from strongroom.gui.compare.images_card import ImagesCard
from strongroom.gui.compare.section_card import SectionCard
from strongroom.gui.compare.sections import VIEWS
from strongroom.gui.compare.tabs import EVERYTHING
from strongroom.gui.pieces import column, scrolled
from strongroom.gui.theme import MARGIN, Theme
from strongroom.services.progress import Progress
from strongroom.services.registry import Document

#: From this width on there are two columns; their widths are as 5 to 4.
_TWO_COLUMNS = 1060
_GAP = 14
#: Of the sections that read files these do not keep the others waiting for long.
_QUICK_FIRST = ("config", "files")


class Stoppable(Protocol):
    def cancel(self) -> None: ...


class ComparePage(QFrame):
    """`told`: a section came, failed, or shows other rows."""

    told = Signal()

    def __init__(self, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self.setProperty("look", "ground")
        self._bridge = bridge
        self._refs: tuple[str, ...] = ()
        self._names = Names((), 0)
        self._only, self._tab = True, EVERYTHING
        self._under_way: dict[str, list[Stoppable]] = {}
        self.curves: CurvesCard
        self.images: ImagesCard
        self.cards: dict[str, SectionCard] = {}
        for view in VIEWS:
            if view.name == "curves":
                self.curves = CurvesCard(bridge, theme, view)
                card: SectionCard = self.curves
            elif view.name == "images":
                card = self.images = ImagesCard(bridge, theme, view)
            else:
                card = SectionCard(theme, view)
            card.cancelled.connect(lambda n=view.name: self.cancel(n))
            card.wanted.connect(lambda n=view.name: self.read(n))
            self.cards[view.name] = card
        self._flow: QHBoxLayout = QHBoxLayout()
        self._flow.setContentsMargins(MARGIN, _GAP, MARGIN, MARGIN)
        self._flow.setSpacing(_GAP)
        self._left, self._right = QWidget(), QWidget()
        for side, stretch in ((self._left, 5), (self._right, 4)):
            side.setLayout(column(spacing=_GAP))
            side.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            self._flow.addWidget(side, stretch)
        self.area: QScrollArea = scrolled(self._flow)
        self.area.setAccessibleName("Comparison")
        whole = column()
        whole.addWidget(self.area)
        self.setLayout(whole)
        self._two: bool | None = None

    # ------------------------------------------------------------------ reading

    def show_subjects(self, refs: Sequence[str], names: Names) -> None:
        """Reads all sections anew."""
        self.stop()
        self._refs, self._names = tuple(refs), names
        for name in (*_QUICK_FIRST, *(n for n in self.cards if n not in _QUICK_FIRST)):
            self.read(name)
        self.arrange()

    def read(self, name: str) -> None:
        card, refs, names = self.cards[name], self._refs, self._names
        self.cancel(name)
        card.wait()
        tickets: list[Stoppable] = []
        self._under_way[name] = tickets

        def show(document: Document) -> None:
            if self._under_way.get(name) is tickets:
                card.show_document(document, names)
                self.told.emit()

        def fail(error: StrongroomError) -> None:
            if self._under_way.get(name) is tickets:
                card.fail(error)
                self.told.emit()

        def tell(progress: Progress) -> None:
            if self._under_way.get(name) is tickets:
                card.tell(progress)

        if card.view.slow:
            tickets.append(
                self._bridge.ask_slowly(
                    lambda registry, progress: registry.compare(
                        refs, names.baseline, name, progress
                    ),
                    show,
                    fail,
                    tell,
                )
            )
        else:
            tickets.append(
                self._bridge.ask(
                    lambda registry: registry.compare(refs, names.baseline, name), show, fail
                )
            )
        self.told.emit()

    def cancel(self, name: str) -> None:
        """What it reads; the section says so when the reading has ended."""
        for ticket in self._under_way.get(name, ()):
            ticket.cancel()

    def stop(self) -> None:
        for name in self.cards:
            self.cancel(name)
        self._under_way.clear()

    # ------------------------------------------------------------------ showing

    @property
    def only(self) -> bool:
        return self._only

    def set_only(self, only: bool) -> None:
        self._only = only
        self._apply()

    def show_tab(self, name: str) -> None:
        self._tab = name
        self._apply()
        self.arrange(anew=True)
        self.area.verticalScrollBar().setValue(0)

    def _apply(self) -> None:
        for name, card in self.cards.items():
            card.set_view(self._only, self._tab == name)
            if self._tab == name:
                card.set_folded(False)
        self.told.emit()

    @property
    def hidden_rows(self) -> int:
        """Equal rows that the sections in sight leave out."""
        shown = [c for n, c in self.cards.items() if self._tab in (EVERYTHING, n)]
        return sum(card.hidden_rows for card in shown)

    @property
    def is_waiting(self) -> bool:
        return any(card.is_waiting for card in self.cards.values())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def arrange(self, anew: bool = False) -> None:
        """Into one column or two; a section alone has all the width."""
        two = self.width() >= _TWO_COLUMNS and self._tab == EVERYTHING
        if two == self._two and not anew:
            return
        self._two = two
        for name, card in self.cards.items():
            side = self._left if card.view.left or not two else self._right
            layout = side.layout()
            assert layout is not None
            layout.removeWidget(card)
            layout.addWidget(card)
            card.setVisible(self._tab in (EVERYTHING, name))
        for side in (self._left, self._right):
            layout = side.layout()
            assert layout is not None
            for at in reversed(range(layout.count())):
                item = layout.itemAt(at)
                if item is not None and item.spacerItem() is not None:
                    layout.takeAt(at)
            layout.addStretch(1)  # type: ignore[attr-defined]
        self._right.setVisible(two)

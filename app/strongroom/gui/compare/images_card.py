"""Pictures by pairs: the baseline's against those of one other, small ones and a large view."""

from __future__ import annotations

import functools

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSlider, QWidget

from strongroom.domain.errors import StrongroomError, printable
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.compare.pair_view import DIFFERENCE, MODES, ONION, PairView
from strongroom.gui.compare.pictures import Pair, pair
from strongroom.gui.compare.section_card import SectionCard
from strongroom.gui.compare.sections import View
from strongroom.gui.compare.thumbnails import Thumbnails
from strongroom.gui.pieces import Button, Choice, Elided, column, label, row
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.wording import count_text, sentence

#: From this strengthening of differences on it is told.
_TOLD = 1.5
_GRID, _GRID_ALONE, _VIEW, _VIEW_ALONE = 160, 306, 300, 460


class ImagesCard(SectionCard):
    def __init__(self, bridge: Bridge, theme: Theme, view: View) -> None:
        super().__init__(theme, view)
        self._bridge = bridge
        self._ticket: Ticket | None = None
        self.other = Choice(theme, [])
        self.other.setAccessibleName("Pictures of which version")
        self.other.setMinimumWidth(110)
        self.other.currentIndexChanged.connect(self._show_pairs)
        self.other.hide()
        self.beside.addWidget(self.other)
        self.thumbnails = Thumbnails(bridge, theme)
        self.thumbnails.selectionModel().currentChanged.connect(lambda *_: self._show_pair())
        self.pair_view = PairView(theme)
        self.pair_view.moved.connect(self._moved)
        self.pair_view.mode_wanted.connect(self.choose_mode)
        self.pair_view.step_wanted.connect(self.thumbnails.step)
        self._holder = QWidget()
        whole = column(12, 10, 12, 12, spacing=8)
        whole.addWidget(self.thumbnails)
        self._viewer = QWidget()
        inside = column(spacing=8)
        inside.addLayout(self._controls())
        inside.addWidget(self.pair_view)
        self._viewer.setLayout(inside)
        whole.addWidget(self._viewer)
        self._holder.setLayout(whole)
        self._inside.insertWidget(3, self._holder)
        self._holder.hide()

    def _controls(self) -> QHBoxLayout:
        line = row(spacing=6)
        self.modes: dict[str, Button] = {}
        group = QButtonGroup(self)
        for n, (mode, words) in enumerate(MODES):
            button = Button(
                self._theme, words, "", "ghost", functools.partial(self.choose_mode, mode)
            )
            button.setCheckable(True)
            button.setToolTip(f"{words} ({n + 1}, with the keyboard on the pictures)")
            group.addButton(button)
            line.addWidget(button)
            self.modes[mode] = button
        self.modes[self.pair_view.mode].setChecked(True)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setValue(self.pair_view.percent)
        self.slider.setPageStep(10)
        self.slider.setFixedWidth(110)
        self.slider.valueChanged.connect(self.pair_view.set_percent)
        line.addWidget(self.slider)
        self.name = Elided("", "", mono(12, 500), Qt.TextElideMode.ElideMiddle)
        line.addWidget(self.name, 1)
        self.said = label("", "second", font(12))
        line.addWidget(self.said)
        self._name_slider()
        return line

    # ------------------------------------------------------------------ what is shown

    def _fill(self) -> None:
        super()._fill()
        document = self.document
        assert document is not None
        there = document["rows"] is not None
        others = [(str(at), self._names.short[at]) for at in self._names.others]
        known = [
            (self.other.itemData(n), self.other.itemText(n)) for n in range(self.other.count())
        ]
        if known != others:
            self.other.blockSignals(True)
            self.other.clear()
            for value, text in others:
                self.other.addItem(text, value)
            self.other.blockSignals(False)
        left_out = document.get("left_out", 0)
        self.caption.setText(
            f"{count_text(left_out)} further pictures are not listed" if left_out else ""
        )
        self.other.setVisible(there and len(others) > 1)
        for block in self.blocks:
            block.hide()
        if there:
            self._show_pairs()

    def _show_only(self, *parts: QWidget | None) -> None:
        super()._show_only(*parts)
        if hasattr(self, "_holder"):  # the base hides while it is made
            self._holder.hide()

    def wait(self) -> None:
        super().wait()
        self.other.hide()

    @property
    def _at(self) -> int:
        return int(self.other.currentData() or self._names.others[0])

    def _show_pairs(self) -> None:
        document = self.document
        if document is None or document["rows"] is None:
            return
        self.thumbnails.pairs.show(document["rows"], self._names.baseline, self._at, self._only)
        some = self.thumbnails.pairs.rowCount() > 0
        if not some:
            self._say(f"No picture of {self._names.short[self._at]} differs.")
            return
        self._words.hide()
        self._holder.show()
        self.thumbnails.set_most(_GRID_ALONE if self._alone else _GRID)
        self.pair_view.setFixedHeight(_VIEW_ALONE if self._alone else _VIEW)
        self.thumbnails.setCurrentIndex(self.thumbnails.pairs.index(0))
        self._show_pair()

    def _show_pair(self) -> None:
        index = self.thumbnails.currentIndex()
        if self._ticket is not None:
            self._ticket.cancel()
        if not index.isValid():
            self.pair_view.show_pair(None)
            return
        pairs = self.thumbnails.pairs
        first, second = pairs.places(index.row())
        self.name.set_whole(printable(pairs.rows[index.row()]["name"]))
        self.said.setText("")
        self.pair_view.show_pair(None, "Decoding…")
        self._ticket = self._bridge.ask(
            lambda registry: pair(registry, first, second), self._show, self._explain, slow=True
        )

    def _show(self, found: Pair) -> None:
        self.pair_view.show_pair(found)
        base, other = self._names.base, self._names.short[self._at]
        if found.difference is None:
            missing = other if found.second is None else base
            self.said.setText(f"{missing} has none")
            return
        gap = found.difference
        words = f"{100 * gap.share:.2f} % of the pixels differ, by up to {gap.largest} of 255"
        if gap.gain > _TOLD:
            words += f", shown {gap.gain:.1f} times as strong"
        one, two = found.sizes
        if one != two:
            words += f"; {one.width()} × {one.height()} → {two.width()} × {two.height()}"
        if not gap.share:
            words = "equal pixel by pixel"
        self.said.setText(words)
        self.pair_view.setAccessibleDescription(words)

    def _explain(self, error: StrongroomError) -> None:
        document = error.document()
        words = ": ".join(t for t in (sentence(document["message"]), document["object"]) if t)
        self.pair_view.show_pair(None, words)

    # ------------------------------------------------------------------ looking

    def choose_mode(self, mode: str) -> None:
        self.modes[mode].setChecked(True)
        self.pair_view.set_mode(mode)
        self.slider.setVisible(mode != DIFFERENCE)
        self._name_slider()

    def _name_slider(self) -> None:
        onion = self.pair_view.mode == ONION
        words = "How much of the second is seen" if onion else "Where the second begins"
        self.slider.setAccessibleName(words)
        self.slider.setToolTip(words)

    def _moved(self, percent: int) -> None:
        self.slider.setValue(percent)

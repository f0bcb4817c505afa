"""Parameters: the telling ones as chips, all of them when asked."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QGridLayout

from strongroom.gui import wording
from strongroom.gui.detail.chips import Chips
from strongroom.gui.detail.reading import Reading
from strongroom.gui.detail.section import Section
from strongroom.gui.pieces import Button, Elided
from strongroom.gui.theme import Theme, font, mono

_FIRST, _MOST = 6, 300
#: Characters of a name with its value that leave room for another chip beside them.
_SHORT = 28
#: Names that tell most, by their last word.
_TELLING = (
    "lr", "learning_rate", "epochs", "num_train_epochs", "batch_size", "batch", "model",
    "optimizer", "depth", "max_depth", "n_estimators", "hidden", "layers", "dropout",
    "weight_decay", "seed",
)  # fmt: skip


class ParametersSection(Section):
    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "PARAMETERS")
        self._all = False
        self.every = Button(theme, "", "", "inline", self._toggle)
        self.every.setFont(font(12))
        self.head.replaceWidget(self.beside, self.every)
        self.beside.hide()

    def facts(self, reading: Reading) -> Any:
        own = reading.version["params"]
        run = reading.run["params"] if reading.run else {}
        return sorted((own or run).items(), key=_rank)

    def fill(self, facts: Any) -> None:
        count = wording.count_text(len(facts))
        self.every.setText("Fewer" if self._all else f"{count} in all")
        self.every.setAccessibleName("Fewer parameters" if self._all else "All parameters")
        self.every.setToolTip("" if self._all else "Show every parameter")
        if not self._all:
            pairs = [(name, wording.value_text(value, 40)) for name, value in facts[:_FIRST]]
            self.body.addWidget(Chips(self._theme, pairs))
            return
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 3)
        for at, (name, value) in enumerate(sorted(facts)[:_MOST]):
            grid.addWidget(Elided(name, "second", font(12)), at, 0)
            grid.addWidget(Elided(wording.value_text(value, 400), "", mono()), at, 1)
        self.body.addLayout(grid)

    def _toggle(self) -> None:
        self._all = not self._all
        self.redraw()


def _rank(item: tuple[str, Any]) -> tuple[int, str]:
    """Telling names first, then short values, then what would fill a chip alone."""
    name, value = item
    last = name.rpartition(".")[2].lower()
    if last in _TELLING:
        return _TELLING.index(last), name
    long = isinstance(value, list | dict) or len(name) + len(str(value)) > _SHORT
    return len(_TELLING) + long, name

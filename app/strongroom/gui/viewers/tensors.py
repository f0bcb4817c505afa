"""The tensors of a model file: a table to filter and sort, their totals, and its metadata."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QStackedWidget, QWidget

from strongroom.domain.quantities import size_text
from strongroom.gui.pieces import Tab, column, copy_text, frame, label, row
from strongroom.gui.theme import FIELD, font
from strongroom.gui.viewers.plain_table import PlainTable, RowsModel, SortedRows
from strongroom.gui.viewers.viewer import Document, Given, Viewer
from strongroom.gui.wording import count_text, plural

_COLUMNS = ("Tensor", "Type", "Shape", "Parameters", "Size")
_UNKNOWN = "unknown"
#: `[name, type, shape, bytes or None]`, as the preview lists them.
Tensor = Sequence[Any]


class TensorsViewer(Viewer):
    def __init__(self, given: Given, document: Document) -> None:
        super().__init__()
        self._document = document
        self.model = SortedRows(_COLUMNS, document["tensors"], _texts, _KEYS, right=(3, 4))
        self.table = PlainTable("Tensors")
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(PlainTable.SelectionBehavior.SelectRows)
        self.table.fit(520, stretched=0)
        self.table.setSortingEnabled(True)
        self.table.horizontalHeader().setSortIndicatorClearable(True)
        self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.summary = ", ".join((
            document["format"],
            plural(document["total"], "tensor"),
            f"{count_text(document['parameters'])} parameters",
            _size(document["bytes"]),
        ))  # fmt: skip
        layout = column()
        layout.addLayout(self._head())
        layout.addWidget(frame("rule"))
        self._pages = QStackedWidget()
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._metadata())
        layout.addWidget(self._pages, 1)
        self.setLayout(layout)
        self._choose(0)
        self._count()

    def first_focus(self) -> QWidget:
        return self.filter

    def copy(self) -> str:
        table = self._pages.currentWidget()
        assert isinstance(table, PlainTable)
        text, rows = table.copied()
        copy_text(text)
        return plural(rows, "row")

    def _head(self) -> QHBoxLayout:
        head = row(16, 0, 16, 0, spacing=14)
        self._tabs = [Tab("Tensors"), Tab("Metadata")]
        for number, tab in enumerate(self._tabs):
            tab.clicked.connect(lambda _=False, n=number: self._choose(n))
            head.addWidget(tab)
        head.addStretch(1)
        self.counted = label("", "caption", font(12))
        head.addWidget(self.counted)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by name, type or shape")
        self.filter.setAccessibleName("Filter the tensors")
        self.filter.setFixedWidth(260)
        self.filter.setMinimumHeight(FIELD)
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._filter)
        head.addWidget(self.filter)
        return head

    def _metadata(self) -> PlainTable:
        table = PlainTable("Metadata")
        table.setModel(RowsModel(("Key", "Value"), self._document["metadata"]))
        table.fit(stretched=1)
        return table

    def _choose(self, number: int) -> None:
        self._pages.setCurrentIndex(number)
        for at, tab in enumerate(self._tabs):
            tab.setChecked(at == number)
        self.filter.setEnabled(number == 0)

    def _filter(self, text: str) -> None:
        self.model.filter(text.strip())
        self._count()

    def _count(self) -> None:
        """What the rows that are left amount to."""
        rows = self.model.rows
        sizes = [tensor[3] for tensor in rows]
        self.counted.setText(
            f"{plural(len(rows), 'tensor')}, "
            f"{count_text(sum(_elements(tensor) for tensor in rows))} parameters, "
            f"{_size(None if None in sizes else sum(sizes))}"
        )


def _elements(tensor: Tensor) -> int:
    """Its parameters; a dimension that is not known counts as one."""
    return math.prod(d for d in tensor[2] if isinstance(d, int))


def _shape(tensor: Tensor) -> str:
    return " × ".join("?" if d is None else str(d) for d in tensor[2]) or "scalar"


def _texts(tensor: Tensor) -> list[str]:
    return [
        tensor[0],
        tensor[1],
        _shape(tensor),
        count_text(_elements(tensor)),
        _size(tensor[3]),
    ]


def _size(size: int | None) -> str:
    return _UNKNOWN if size is None else size_text(size)


_KEYS: tuple[Callable[[Tensor], Any], ...] = (
    lambda tensor: tensor[0],
    lambda tensor: tensor[1],
    _elements,
    _elements,
    lambda tensor: -1 if tensor[3] is None else tensor[3],
)

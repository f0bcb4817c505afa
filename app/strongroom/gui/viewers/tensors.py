"""The tensors of a model file: a table to filter and sort, their totals, and its metadata."""

from __future__ import annotations

import math

from PySide6.QtCore import QSortFilterProxyModel, Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QStackedWidget, QWidget

from strongroom.domain.quantities import size_text
from strongroom.gui.pieces import Tab, column, copy_text, frame, label, row
from strongroom.gui.theme import FIELD, font
from strongroom.gui.viewers.plain_table import SORT, PlainTable, RowsModel
from strongroom.gui.viewers.viewer import Document, Given, Viewer
from strongroom.gui.wording import count_text, plural

_COLUMNS = ("Tensor", "Type", "Shape", "Parameters", "Size")
_UNKNOWN = "unknown"


class TensorsViewer(Viewer):
    def __init__(self, given: Given, document: Document) -> None:
        super().__init__()
        self._document = document
        found = [_cells(*tensor) for tensor in document["tensors"]]
        keys = [keys for _, keys in found]
        self._amounts = [amounts(*tensor[2:]) for tensor in document["tensors"]]
        model = RowsModel(_COLUMNS, [texts for texts, _ in found], keys, right=(3, 4))
        self.proxy = QSortFilterProxyModel(self)
        self.proxy.setSourceModel(model)
        self.proxy.setSortRole(SORT)
        self.proxy.setFilterKeyColumn(-1)
        self.proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.table = PlainTable("Tensors")
        self.table.setModel(self.proxy)
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
        self.proxy.setFilterFixedString(text.strip())
        self._count()

    def _count(self) -> None:
        """What the rows that are left amount to."""
        rows = [
            self.proxy.mapToSource(self.proxy.index(at, 0)).row()
            for at in range(self.proxy.rowCount())
        ]
        sizes = [self._amounts[r][1] for r in rows]
        self.counted.setText(
            f"{plural(len(rows), 'tensor')}, "
            f"{count_text(sum(self._amounts[r][0] for r in rows))} parameters, "
            f"{_size(None if None in sizes else sum(s or 0 for s in sizes))}"
        )


def _cells(
    name: str, dtype: str, shape: list[int | str | None], size: int | None
) -> tuple[list[str], list[str | int]]:
    """A row's texts and the values it sorts by."""
    elements, _ = amounts(shape, size)
    words = " × ".join("?" if d is None else str(d) for d in shape) or "scalar"
    texts = [name, dtype, words, count_text(elements), _size(size)]
    return texts, [name, dtype, words, elements, -1 if size is None else size]


def amounts(shape: list[int | str | None], size: int | None) -> tuple[int, int | None]:
    """Parameters and bytes of a tensor; a dimension that is not known counts as one."""
    return math.prod(d for d in shape if isinstance(d, int)), size


def _size(size: int | None) -> str:
    return _UNKNOWN if size is None else size_text(size)

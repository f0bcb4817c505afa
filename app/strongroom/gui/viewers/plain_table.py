"""A table of words that is read and copied: what viewers of rows have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from strongroom.gui.theme import DENSE_ROW, HEADER, mono
from strongroom.gui.tips import tip

Index = QModelIndex | QPersistentModelIndex
_WIDEST = 320
#: Rows that are looked at to find how wide a column is, and the space beside its words.
_MEASURED, _PAD = 100, 12


class RowsModel(QAbstractTableModel):
    """Rows of texts; `right` are the columns of numbers."""

    def __init__(
        self, columns: Sequence[str], rows: Sequence[Any], right: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self.columns, self.rows = columns, rows
        self._right = frozenset(right)

    def cells(self, row: int) -> Sequence[str]:
        texts: Sequence[str] = self.rows[row]
        return texts

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.cells(index.row())[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(self.cells(index.row())[index.column()])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft
            if index.column() in self._right:
                side = Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            across = orientation == Qt.Orientation.Horizontal
            return self.columns[section] if across else str(section + 1)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = orientation == Qt.Orientation.Vertical or section in self._right
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


class SortedRows(RowsModel):
    """Items that can be filtered and sorted. What a row says is made when it comes into sight, and
    the order is kept here: of twenty thousand rows a proxy would ask for every cell.
    """

    def __init__(
        self,
        columns: Sequence[str],
        items: Sequence[Any],
        texts: Callable[[Any], Sequence[str]],
        keys: Sequence[Callable[[Any], Any]],
        right: Sequence[int] = (),
    ) -> None:
        """`texts(item)` are its cells; `keys` give each column's value to sort by."""
        super().__init__(columns, items, right)
        self._every, self._texts, self._sort_keys = items, texts, keys
        self._words: list[str] = []
        self._text, self._by, self._down = "", -1, False

    def cells(self, row: int) -> Sequence[str]:
        return self._texts(self.rows[row])

    def filter(self, text: str) -> None:
        """Leaves the rows that hold `text` in a cell, whatever its case."""
        self._text = text.casefold()
        if not self._words:
            self._words = ["\n".join(self._texts(item)).casefold() for item in self._every]
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Column -1: as they came."""
        self._by, self._down = column, order == Qt.SortOrder.DescendingOrder
        self._arrange()

    def _arrange(self) -> None:
        self.beginResetModel()
        found = self._every
        if self._text:
            found = [
                item
                for item, words in zip(self._every, self._words, strict=True)
                if self._text in words
            ]
        if self._by >= 0:
            found = sorted(found, key=self._sort_keys[self._by], reverse=self._down)
        self.rows = found
        self.endResetModel()


class PlainTable(QTableView):
    """Cells in a mono face; columns as wide as their first rows, within reason."""

    def __init__(self, name: str, numbered: bool = False) -> None:
        super().__init__()
        self.setProperty("look", "plain")
        self.setAccessibleName(name)
        self.setFont(mono())
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().setVisible(numbered)
        self.verticalHeader().setFont(mono(11))
        self.verticalHeader().setHighlightSections(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(DENSE_ROW)
        header = self.horizontalHeader()
        header.setFixedHeight(HEADER)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(56)

    def fit(self, widest: int = _WIDEST, stretched: int | None = None) -> None:
        """Gives each column what its first words need; `stretched` takes what is left."""
        model = self.model()
        assert isinstance(model, RowsModel)
        one = self.fontMetrics().horizontalAdvance("0")
        first = [model.cells(row) for row in range(min(_MEASURED, model.rowCount()))]
        for at, title in enumerate(model.columns):
            longest = max((len(cells[at]) for cells in first), default=0)
            self.setColumnWidth(at, min(widest, max(longest, len(title)) * one + 2 * _PAD))
        if stretched is not None:
            self.horizontalHeader().setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)

    def copied(self) -> tuple[str, int]:
        """The selected cells, else all, as lines with tabs; and how many rows they are."""
        model = self.model()
        rows = range(model.rowCount())
        columns = range(model.columnCount())
        chosen = {(i.row(), i.column()) for i in self.selectionModel().selectedIndexes()}
        if chosen:
            rows = range(min(r for r, _ in chosen), max(r for r, _ in chosen) + 1)
            columns = range(min(c for _, c in chosen), max(c for _, c in chosen) + 1)
        lines = [
            "\t".join(
                str(model.index(r, c).data() or "") if not chosen or (r, c) in chosen else ""
                for c in columns
            )
            for r in rows
        ]
        if not chosen:
            across = Qt.Orientation.Horizontal
            lines.insert(0, "\t".join(str(model.headerData(c, across)) for c in columns))
        return "\n".join(lines), len(rows)

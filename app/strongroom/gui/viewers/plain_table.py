"""A table of words that is read and copied: what viewers of rows have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from strongroom.gui.theme import DENSE_ROW, HEADER, mono
from strongroom.gui.tips import tip

Index = QModelIndex | QPersistentModelIndex
#: The role that gives a cell's value for sorting.
SORT = Qt.ItemDataRole.UserRole
_WIDEST = 320


class RowsModel(QAbstractTableModel):
    """Rows of texts; `keys` are the values by which they sort, `right` the columns of numbers."""

    def __init__(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        keys: Sequence[Sequence[Any]] | None = None,
        right: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.columns, self.rows = columns, rows
        self._keys, self._right = keys or rows, frozenset(right)

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        text = self.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(text)
        if role == SORT:
            return self._keys[index.row()][index.column()]
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
        header.setResizeContentsPrecision(60)

    def fit(self, widest: int = _WIDEST, stretched: int | None = None) -> None:
        """Gives each column what its words need; `stretched` takes what is left."""
        self.resizeColumnsToContents()
        for at in range(self.model().columnCount()):
            self.setColumnWidth(at, min(widest, self.columnWidth(at) + 16))
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

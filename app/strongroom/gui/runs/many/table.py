"""The runs that are kept, as a table: a column an axis, sorted by any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from strongroom.gui.runs.many.frame import Frame
from strongroom.gui.theme import DENSE_ROW, mono
from strongroom.gui.tips import tip

Index = QModelIndex | QPersistentModelIndex
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ManyModel(QAbstractTableModel):
    """Row by row the places in the frame; sorting moves them, what has no value comes last."""

    def __init__(self) -> None:
        super().__init__()
        self._frame = Frame()
        self._names: tuple[str, ...] = ()
        self.order: list[int] = []
        self._by: tuple[int, bool] = (-1, False)

    def show_frame(self, frame: Frame, names: Sequence[str], inside: Sequence[int]) -> None:
        self.beginResetModel()
        self._frame, self._names = frame, tuple(n for n in names if frame.at(n) >= 0)
        self.order = list(inside)
        self._arrange()
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._names) + 1

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        title = "Run" if section == 0 else self._names[section - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            return title
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT if section == 0 else _RIGHT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._frame.rows[self.order[index.row()]]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            text = row.name
            if index.column():
                text = row.texts[self._frame.at(self._names[index.column() - 1])]
            return text if role == Qt.ItemDataRole.DisplayRole else tip(text)
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return _RIGHT
        if role == Qt.ItemDataRole.FontRole and index.column():
            return mono(12)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        self._by = column, order == Qt.SortOrder.DescendingOrder
        self._arrange()
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        column, down = self._by
        if column == 0:
            self.order.sort(key=lambda n: self._frame.rows[n].name.lower(), reverse=down)
        elif 0 < column <= len(self._names):
            at = self._frame.at(self._names[column - 1])
            known = [n for n in self.order if self._frame.rows[n].places[at] is not None]
            rest = [n for n in self.order if self._frame.rows[n].places[at] is None]
            known.sort(key=lambda n: self._frame.rows[n].places[at] or 0.0, reverse=down)
            self.order = known + rest


class ManyTable(QTableView):
    """`chosen(rows)`: places in the frame of the selected rows; `opened(row)`."""

    chosen = Signal(object)
    opened = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.runs = ManyModel()
        self.setModel(self.runs)
        self.setProperty("look", "plain")
        self.setAccessibleName("Runs that are kept")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.horizontalHeader().setDefaultSectionSize(110)
        self.horizontalHeader().setStretchLastSection(False)
        self.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setColumnWidth(0, 190)
        self._ids: dict[str, int] = {}
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(DENSE_ROW)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit(self.selected()))
        self.activated.connect(lambda index: self.opened.emit(self.runs.order[index.row()]))

    def selected(self) -> list[int]:
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
        return [self.runs.order[row] for row in rows]

    def show_frame(self, frame: Frame, names: Sequence[str], inside: Sequence[int]) -> None:
        """Rows that were selected and are still there stay so."""
        before = {name for name, row in self._ids.items() if row in set(self.selected())}
        self._ids = {run.id: row for row, run in enumerate(frame.rows)}
        at = self.verticalScrollBar().value()
        self.selectionModel().blockSignals(True)
        self.runs.show_frame(frame, names, inside)
        self.select({self._ids[name] for name in before & self._ids.keys()} & set(inside), False)
        self.selectionModel().blockSignals(False)
        self.verticalScrollBar().setValue(at)
        self.viewport().update()

    def select(self, rows: set[int], into_sight: bool = True) -> None:
        chosen = QItemSelection()
        for place, row in enumerate(self.runs.order):
            if row in rows:
                index = self.runs.index(place, 0)
                chosen.select(index, index)
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(chosen, flags.ClearAndSelect | flags.Rows)
        for index in chosen.indexes()[:1]:
            self.selectionModel().setCurrentIndex(index, flags.NoUpdate)
            if into_sight:
                self.scrollTo(index)

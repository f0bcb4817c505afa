"""Curves as a table: every x at which one has a point, and all values there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from strongroom.domain.errors import printable
from strongroom.gui.pieces import copy_text
from strongroom.gui.runs.wording import point_text
from strongroom.gui.theme import DENSE_ROW, Theme, mono
from strongroom.gui.tips import tip

if TYPE_CHECKING:
    from strongroom.gui.runs.traces import Doubles, Trace

Index = QModelIndex | QPersistentModelIndex
DASH = "\N{EM DASH}"


class ValuesModel(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self._x: Doubles | None = None
        self._traces: list[Trace] = []
        self._by_time = False

    def show(self, x: Doubles, traces: list[Trace], by_time: bool) -> None:
        """`x` are the rows; what has grown at the end is added there, so that reading goes on."""
        same = by_time == self._by_time and [t.name for t in traces] == [
            t.name for t in self._traces
        ]
        before = 0 if self._x is None else len(self._x)
        if same and self._x is not None and len(x) >= before and (x[:before] == self._x).all():
            if len(x) > before:
                self.beginInsertRows(QModelIndex(), before, len(x) - 1)
                self._x, self._traces = x, traces
                self.endInsertRows()
            self._traces = traces
            return
        self.beginResetModel()
        self._x, self._traces, self._by_time = x, traces, by_time
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() or self._x is None else len(self._x)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._traces) + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole or self._x is None:
            return None
        wanted = self._x[index.row()]
        if index.column() == 0:
            return f"{wanted:.1f}" if self._by_time else f"{wanted:.10g}"
        trace = self._traces[index.column() - 1]
        x = trace.x(self._by_time)
        at = int(x.searchsorted(wanted, side="right")) - 1 if x is not None else -1
        if x is None or at < 0 or x[at] != wanted:
            return DASH
        return point_text(float(trace.values[at]))

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or section > len(self._traces):
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            if section == 0:
                return "Seconds" if self._by_time else "Step"
            name = printable(self._traces[section - 1].name)
            return tip(name) if role == Qt.ItemDataRole.ToolTipRole else name
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None


class ValuesTable(QTableView):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.values = ValuesModel()
        self.setModel(self.values)
        self.setProperty("look", "plain")
        self.setAccessibleName("Values of the curves")
        self.setFont(mono())
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(DENSE_ROW)
        self.horizontalHeader().setDefaultSectionSize(128)
        self.horizontalHeader().setHighlightSections(False)
        copy = QShortcut(QKeySequence.StandardKey.Copy, self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self._copy)
        theme.changed.connect(self.viewport().update)

    def _copy(self) -> None:
        cells: dict[int, list[str]] = {}
        for index in sorted(self.selectedIndexes(), key=lambda i: (i.row(), i.column())):
            cells.setdefault(index.row(), []).append(str(index.data()))
        copy_text("\n".join("\t".join(line) for line in cells.values()))

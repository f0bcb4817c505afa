"""A card of names and values: a run's parameters, metrics or origin; filtered if they are many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QColor, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QLineEdit, QTableView

from strongroom.domain.errors import printable
from strongroom.gui import wording
from strongroom.gui.pieces import column, copy_text, frame, label, row
from strongroom.gui.theme import DENSE_ROW, FIELD, Theme, font, mono
from strongroom.gui.tips import tip

#: From so many on there is a filter, and more rows than these scroll.
_MANY, _SHOWN = 12, 10
Index = QModelIndex | QPersistentModelIndex


class PairsModel(QAbstractTableModel):
    def __init__(self, theme: Theme, numbers: bool) -> None:
        super().__init__()
        self._theme, self._numbers = theme, numbers
        self._pairs: list[tuple[str, Any]] = []

    def show(self, pairs: Mapping[str, Any]) -> None:
        """Puts in what differs; rows that stay keep their place."""
        new = sorted(pairs.items())
        if [name for name, _ in new] == [name for name, _ in self._pairs]:
            changed = [at for at, pair in enumerate(new) if pair[1] is not self._pairs[at][1]]
            self._pairs = new
            if changed:
                self.dataChanged.emit(self.index(changed[0], 1), self.index(changed[-1], 1))
            return
        self.beginResetModel()
        self._pairs = new
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._pairs)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 2

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        name, value = self._pairs[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            if index.column() == 0:
                return printable(name)
            return wording.number_text(value) if self._numbers else wording.value_text(value, 300)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(printable(name if index.column() == 0 else str(value))[:2000])
        if role == Qt.ItemDataRole.FontRole:
            return font(13) if index.column() == 0 else mono()
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 0:
            return QColor(self._theme.colours.text2)
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == 1 and self._numbers:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None


class PairsCard(QFrame):
    """`numbers`: values stand at the right; else parameters of any kind, at the left."""

    def __init__(self, theme: Theme, title: str, nothing: str, numbers: bool = False) -> None:
        super().__init__()
        self.setProperty("look", "card")
        self._model = PairsModel(theme, numbers)
        self._sieve = QSortFilterProxyModel(self)
        self._sieve.setSourceModel(self._model)
        self._sieve.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._sieve.setFilterKeyColumn(-1)
        layout = column(1, 0, 1, 6)
        head = row(14, 0, 10, 0, spacing=8)
        head.addWidget(label(title, fnt=font(13, 600)))
        self.count = label("", "caption", font(12))
        head.addWidget(self.count)
        head.addStretch(1)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Find…")
        self.filter.setAccessibleName(f"Find in {title.lower()}")
        self.filter.setClearButtonEnabled(True)
        self.filter.setMaximumWidth(150)
        self.filter.textChanged.connect(self._sift)
        head.addWidget(self.filter)
        top = frame("plain")
        top.setFixedHeight(FIELD + 10)
        top.setLayout(head)
        layout.addWidget(top)
        layout.addWidget(frame("rule"))
        self.nothing = label(nothing, "caption", font(12))
        self.nothing.setContentsMargins(14, 10, 14, 6)
        self.nothing.setWordWrap(True)
        layout.addWidget(self.nothing)
        self.table = self._make_table(title, numbers)
        layout.addWidget(self.table)
        layout.addStretch(1)
        self.setLayout(layout)
        theme.changed.connect(self.table.viewport().update)
        self.show_pairs({})

    def _make_table(self, title: str, numbers: bool) -> QTableView:
        table = QTableView()
        table.setProperty("look", "pairs")
        table.setModel(self._sieve)
        table.setAccessibleName(title)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.horizontalHeader().hide()
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(DENSE_ROW)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.setContentsMargins(8, 0, 8, 0)
        copy = QShortcut(QKeySequence.StandardKey.Copy, table)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self._copy)
        return table

    def show_pairs(self, pairs: Mapping[str, Any]) -> None:
        self._model.show(pairs)
        many = len(pairs) > _MANY
        self.filter.setVisible(many)
        if not many:
            self.filter.clear()
        self._sift(self.filter.text())

    def _sift(self, text: str) -> None:
        self._sieve.setFilterFixedString(text)
        whole, found = self._model.rowCount(), self._sieve.rowCount()
        self.count.setText(
            f"{found} of {wording.count_text(whole)}" if text else wording.count_text(whole)
        )
        self.count.setVisible(whole > 0)
        self.nothing.setVisible(whole == 0)
        self.table.setVisible(whole > 0)
        self.table.setFixedHeight(DENSE_ROW * max(1, min(whole, _SHOWN)) + 2)

    def _copy(self) -> None:
        rows = sorted({i.row() for i in self.table.selectedIndexes()})
        cells = [[self._sieve.index(r, c).data() for c in (0, 1)] for r in rows]
        copy_text("\n".join("\t".join(cell) for cell in cells))

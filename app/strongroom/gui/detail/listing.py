"""Lists of the panel: rows are painted, Enter, Space and a click open one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from strongroom.gui.theme import DENSE_ROW, MARGIN, Theme
from strongroom.gui.tips import tip

Index = QModelIndex | QPersistentModelIndex
#: The role that gives a row's whole item.
ITEM = Qt.ItemDataRole.UserRole


class Items(QAbstractListModel):
    """`text` is what is read out and typed for, `about` the tooltip."""

    def __init__(self, text: Callable[[Any], str], about: Callable[[Any], str]) -> None:
        super().__init__()
        self.items: list[Any] = []
        self._text, self._about = text, about

    def put(self, items: list[Any]) -> bool:
        """Shows other items; False if they are what is shown already."""
        if items == self.items:
            return False
        self.beginResetModel()
        self.items = items
        self.endResetModel()
        return True

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.items)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self.items[index.row()]
        if role == ITEM:
            return item
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(item)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            about = self._about(item)
            return tip(about) if role == Qt.ItemDataRole.ToolTipRole else about
        return None


class Listing(QListView):
    """`opened(row)`: Enter, Space or a click on a row."""

    opened = Signal(int)

    def __init__(
        self,
        theme: Theme,
        model: Items,
        name: str,
        paint: Callable[[QPainter, QRect, Any], None],
    ) -> None:
        super().__init__()
        self.items = model
        self.setModel(model)
        self.setItemDelegate(_Rows(theme, self, paint))
        self.setAccessibleName(name)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(DENSE_ROW)
        self.clicked.connect(lambda index: self.opened.emit(index.row()))
        theme.changed.connect(self.viewport().update)

    def put(self, items: list[Any]) -> None:
        """Other items begin at the top; the same ones stay as they are."""
        row, scrolled = self.currentIndex().row(), self.verticalScrollBar().value()
        before = self.items.items
        if not self.items.put(items):
            return
        if before and items and before[0] == items[0]:  # it has grown or one has changed
            self.setCurrentIndex(self.items.index(min(row, len(items) - 1)))
            self.verticalScrollBar().setValue(scrolled)
        else:
            self.scrollToTop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in keys and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: Any) -> None:
        super().focusInEvent(event)
        if not self.currentIndex().isValid() and self.items.rowCount():
            self.setCurrentIndex(self.items.index(0))


class _Rows(QStyledItemDelegate):
    def __init__(
        self, theme: Theme, parent: QWidget, paint: Callable[[QPainter, QRect, Any], None]
    ) -> None:
        super().__init__(parent)
        self._theme, self._paint = theme, paint

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, DENSE_ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colours, rect = self._theme.colours, option.rect
        view = self.parent()
        focused = isinstance(view, QWidget) and view.hasFocus()
        if option.state & QStyle.StateFlag.State_Selected and focused:
            painter.fillRect(rect, QColor(colours.selected))
            painter.fillRect(QRect(rect.x(), rect.y(), 3, rect.height()), QColor(colours.accent))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(colours.panel2))
        painter.save()
        self._paint(painter, rect.adjusted(MARGIN, 0, -MARGIN, 0), index.data(ITEM))
        painter.restore()

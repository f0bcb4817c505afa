"""The table widget of the Library: whole rows, hover, remembered columns, what keys do."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QByteArray,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QSettings,
    Qt,
    Signal,
)
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from strongroom.gui.library.columns import COLUMNS, reference
from strongroom.gui.library.delegate import RowDelegate
from strongroom.gui.library.model import HEADING, VersionsModel
from strongroom.gui.menus import passing_menu
from strongroom.gui.theme import HEADER, ROW, Theme

_MADE_FOR = ",".join(f"{c.title}:{c.width}" for c in COLUMNS)


class VersionTable(QTableView):
    """Signals: `chosen` when the current version changes (None: no row), `opened` by Enter or a
    double click, `picked` when what is selected changes.
    """

    chosen = Signal(object)
    opened = Signal(object)
    picked = Signal()

    def __init__(self, model: VersionsModel, theme: Theme) -> None:
        super().__init__()
        self._model, self._theme = model, theme
        self.delegate = RowDelegate(theme, self)
        self.setModel(model)
        self.setItemDelegate(self.delegate)
        self.setAccessibleName("Versions")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().setSingleStep(ROW)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW)
        self._set_up_header()
        self.selectionModel().currentRowChanged.connect(self._tell_chosen)
        self.selectionModel().selectionChanged.connect(lambda *_: self.picked.emit())
        self._takes_focus = False
        self._before: tuple[str | None, int] = (None, 0)
        model.modelAboutToBeReset.connect(self._before_reset)
        model.modelReset.connect(self._after_reset)
        model.dataChanged.connect(self._after_change)
        theme.changed.connect(self.viewport().update)
        self.doubleClicked.connect(lambda index: self._open(index.row()))

    def _set_up_header(self) -> None:
        header = self.horizontalHeader()
        header.setFixedHeight(HEADER)
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(48)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(
            lambda at: self.column_menu(header.mapToGlobal(at))
        )
        for at, column in enumerate(COLUMNS):
            self.setColumnWidth(at, column.width)
            self.setColumnHidden(at, not column.shown)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.setSortingEnabled(True)
        created = next(i for i, c in enumerate(COLUMNS) if c.sort == "created")
        header.setSortIndicator(created, Qt.SortOrder.DescendingOrder)
        header.sortIndicatorChanged.connect(self._keep_sortable)

    def _keep_sortable(self, section: int, order: Qt.SortOrder) -> None:
        if not COLUMNS[section].sort:  # the arrow goes back to where the order comes from
            self.show_order()

    def show_order(self) -> None:
        """The header tells the order that the list is asked for."""
        question = self._model.question
        at = next(i for i, c in enumerate(COLUMNS) if c.sort == question.sort)
        down, up = Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder
        header = self.horizontalHeader()
        header.blockSignals(True)
        header.setSortIndicator(at, down if question.descending else up)
        header.blockSignals(False)

    def column_menu(self, at: Any) -> None:
        """Which columns are shown; the name always is."""
        menu = passing_menu(self)
        for number, column in enumerate(COLUMNS[1:], 1):
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(number))
            action.toggled.connect(lambda on, n=number: self.setColumnHidden(n, not on))
        menu.exec(at)

    # ------------------------------------------------------------------ what is selected

    def selected_rows(self) -> list[int]:
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def selected_versions(self) -> list[dict[str, Any]]:
        """Those of the selected rows that are loaded."""
        found = (self._model.version_at(row) for row in self.selected_rows())
        return [version for version in found if version is not None]

    @property
    def is_being_read(self) -> bool:
        """Whether rows that move would disturb someone."""
        scrolled = self.verticalScrollBar().value() > 0
        return scrolled or (self.hasFocus() and self.selectionModel().hasSelection())

    def select_reference(self, wanted: str) -> bool:
        """Selects a version where it stands, if it is loaded."""
        row = self._model.row_of(wanted)
        if row is None:
            return False
        self.select_row(row)
        return True

    def select_row(self, row: int) -> None:
        self.selectionModel().setCurrentIndex(
            self._model.index(row, 0),
            QItemSelectionModel.SelectionFlag.ClearAndSelect
            | QItemSelectionModel.SelectionFlag.Rows,
        )

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt makes the first row the current one; nobody has chosen it, so it shall not look so."""
        self._takes_focus = not self.currentIndex().isValid()
        super().focusInEvent(event)
        if self._takes_focus:
            self.selectionModel().clearCurrentIndex()
            self._takes_focus = False

    def _tell_chosen(self, current: QModelIndex, previous: QModelIndex) -> None:
        if self._takes_focus:
            return
        self.chosen.emit(self._model.version_at(current.row()) if current.isValid() else None)

    def _after_change(self, first: QModelIndex, last: QModelIndex) -> None:
        current = self.currentIndex()
        if current.isValid() and first.row() <= current.row() <= last.row():
            self.chosen.emit(self._model.version_at(current.row()))

    def _before_reset(self) -> None:
        chosen = self.selected_versions()
        self._before = reference(chosen[0]) if chosen else None, self.verticalScrollBar().value()

    def _after_reset(self) -> None:
        """What was selected stays selected and in sight, if it is still there."""
        self.delegate.hovered = -1
        chosen, scrolled = self._before
        if chosen is not None and self.select_reference(chosen):
            self.verticalScrollBar().setValue(scrolled)
            self.scrollTo(self.currentIndex())
        self.picked.emit()

    def _open(self, row: int) -> None:
        version = self._model.version_at(row)
        if version is not None:
            self.opened.emit(version)
        else:
            self._model.turn(row)

    # ------------------------------------------------------------------ mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.rowAt(event.position().toPoint().y()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self.rowAt(event.position().toPoint().y())
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self._model.heading_at(row):
            self._model.turn(row)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._model.heading_at(self.rowAt(event.position().toPoint().y())) is None:
            super().mouseDoubleClickEvent(event)

    def _hover(self, row: int) -> None:
        if row != self.delegate.hovered:
            self.delegate.hovered = row
            self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex().row())
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self._model.question.group:
            self._fold_by_key(self.currentIndex().row(), key == Qt.Key.Key_Left)
        elif key == Qt.Key.Key_Space and self.currentIndex().isValid():
            self.selectionModel().select(
                self.currentIndex(),
                QItemSelectionModel.SelectionFlag.Toggle | QItemSelectionModel.SelectionFlag.Rows,
            )
        elif key == Qt.Key.Key_Escape and self.selectionModel().hasSelection():
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            row = 0 if key == Qt.Key.Key_Home else self._model.rowCount() - 1
            self.select_row(row)
        else:
            super().keyPressEvent(event)

    def _fold_by_key(self, row: int, fold: bool) -> None:
        """Left folds the group that the row is in, Right unfolds it."""
        while row > 0 and self._model.heading_at(row) is None:
            row -= 1
        heading = self._model.index(row, 0).data(HEADING)
        if heading is not None and heading[1] != fold:
            self.select_row(row)
            self._model.turn(row)

    def remember(self, memory: QSettings) -> None:
        memory.setValue("library/columns", self.horizontalHeader().saveState())
        memory.setValue("library/made-for", _MADE_FOR)

    def recall(self, memory: QSettings) -> None:
        """Puts columns as they were; widths that were made for other columns are passed over."""
        state, header = memory.value("library/columns"), self.horizontalHeader()
        if isinstance(state, QByteArray) and memory.value("library/made-for") == _MADE_FOR:
            header.restoreState(state)
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

"""A grid on the page: a table that is painted, copied as Markdown or CSV, and read out cell by
cell.
"""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    Qt,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeySequence,
    QPainter,
    QPen,
    QResizeEvent,
    QShortcut,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from strongroom.gui.compare.grid import Cell, Column, Grid
from strongroom.gui.menus import menu_of
from strongroom.gui.paint import draw_text
from strongroom.gui.pieces import copy_text
from strongroom.gui.theme import DENSE_ROW, PILL, Theme, font, mono
from strongroom.gui.tips import tip

Index = QModelIndex | QPersistentModelIndex
#: No column is wider than this by what it holds, and the one that takes what is left is never
#: narrower than that, unless all of it fits; else the table scrolls sideways.
_WIDEST, _NARROWEST, _SHORTEST = 230, 130, 92
_CODE_ROW = 20
_BAR, _GAP, _EDGE, _FIRST = 52, 8, 8, 14
_MEASURED = 400
#: Above and below small histograms; how strong the fullest heat is.
_MARGIN, _HOTTEST = 5, 0.42
#: What a header keeps free beside a title.
_TITLE_EDGE = 6
_EMPTY = Grid((), ())


class GridModel(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.grid = _EMPTY

    def show(self, grid: Grid) -> None:
        self.beginResetModel()
        self.grid = grid
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.grid.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.grid.columns)

    def cell(self, index: Index) -> Cell:
        return self.grid.rows[index.row()][index.column()]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        cell = self.cell(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.plain
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(dict.fromkeys(t for t in (cell.plain, cell.tip) if t))
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(cell.tip) if cell.tip else None
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.grid.columns):
            return None
        column = self.grid.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(column.title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


class _CellPainter(QStyledItemDelegate):
    def __init__(self, model: GridModel, theme: Theme, table: QTableView) -> None:
        super().__init__(table)
        self._model, self._theme, self._table = model, theme, table
        self.notes: list[int] = []
        self.widths: list[int] = []

    def measure(self) -> None:
        """So that values stand below each other in front of notes of any width, and that columns
        are as wide as what they hold.
        """
        grid = self._model.grid
        rows = grid.rows[:_MEASURED]
        self.notes = [
            max((_advance(r[at].note, mono()) for r in rows), default=0)
            for at in range(len(grid.columns))
        ]
        self.widths = []
        for at, column in enumerate(grid.columns):
            held = max((_held(r[at], column) for r in rows), default=0)
            note = self.notes[at] + _GAP if self.notes[at] else 0
            title = _advance(column.title, font(12, 500)) + _TITLE_EDGE
            edges = (_FIRST if at == 0 else _EDGE) + _EDGE + 4
            if at == len(grid.columns) - 1:
                edges += _FIRST - _EDGE
            self.widths.append(max(held + note, title) + edges)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        grid, c = self._model.grid, self._theme.colours
        cell, column = self._model.cell(index), grid.columns[index.column()]
        rect: QRect = option.rect
        state = option.state
        painter.save()
        if column.code and cell.chip:
            painter.fillRect(rect, QColor(self._theme.tone(cell.tone).fill))
        if cell.heat is not None:
            painter.fillRect(rect.adjusted(1, 1, -1, -2), _heated(self._theme, cell))
        if state & QStyle.StateFlag.State_Selected and self._table.hasFocus():
            painter.fillRect(rect, QColor(c.selected))
        if not column.code:
            painter.fillRect(QRect(rect.x(), rect.bottom(), rect.width(), 1), QColor(c.line2))
        inside = rect.adjusted(_FIRST if index.column() == 0 else _EDGE, 0, -_EDGE, -1)
        if index.column() == len(grid.columns) - 1:
            inside.setRight(rect.right() - (_FIRST if column.right else 4))
        colour = c.text3 if cell.faint else c.text
        if cell.chip or (column.code and cell.tone):
            colour = self._theme.tone(cell.tone).text
        if cell.chip and not column.code:
            self._chip(painter, inside, cell, colour)
        else:
            self._text(painter, inside, cell, column, colour, index.column())
        if state & QStyle.StateFlag.State_HasFocus and self._table.hasFocus():
            painter.setPen(QPen(QColor(c.accent), 1))
            painter.drawRect(rect.adjusted(0, 0, -1, -2))
        painter.restore()

    def _text(
        self, painter: QPainter, area: QRect, cell: Cell, column: Column, colour: str, at: int
    ) -> None:
        fnt = _font(column, cell)
        if cell.bars:
            self._bars(painter, area, cell)
            area = area.adjusted(_BAR + _GAP, 0, 0, 0)
        if cell.share is not None:
            self._bar(painter, area, cell)
            area = area.adjusted(_BAR + _GAP, 0, 0, 0)
        room = self.notes[at] + _GAP if at < len(self.notes) and self.notes[at] else 0
        if column.right:
            draw_text(painter, area.adjusted(0, 0, -room, 0), cell.text, fnt, colour, right=True)
            if cell.note:
                tone = self._theme.tone(cell.tone or "grey").text
                draw_text(painter, area, cell.note, mono(), tone, right=True)
            return
        elide = Qt.TextElideMode.ElideRight if column.code else Qt.TextElideMode.ElideMiddle
        draw_text(painter, area, cell.text, fnt, colour, elide=elide)

    def _chip(self, painter: QPainter, area: QRect, cell: Cell, colour: str) -> None:
        tone, fnt = self._theme.tone(cell.tone), mono()
        width = min(QFontMetrics(fnt).horizontalAdvance(cell.text) + 14, area.width())
        box = QRectF(area.x() - 5.5, area.center().y() - PILL / 2 + 1.5, width, PILL - 1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tone.edge), 1))
        painter.setBrush(QColor(tone.fill))
        painter.drawRoundedRect(box, 4, 4)
        inner = QRect(area.x() + 1, area.y(), round(width) - 12, area.height())
        draw_text(painter, inner, cell.text, fnt, colour)

    def _bar(self, painter: QPainter, area: QRect, cell: Cell) -> None:
        track = QRectF(area.x(), area.center().y() - 2, _BAR, 6)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.colours.sunken))
        painter.drawRoundedRect(track, 3, 3)
        share = max(0.0, min(1.0, cell.share or 0.0))
        if share > 0:
            painter.setBrush(QColor(self._theme.tone(cell.tone or "indigo").solid))
            track.setWidth(max(6.0, _BAR * share))
            painter.drawRoundedRect(track, 3, 3)

    def _bars(self, painter: QPainter, area: QRect, cell: Cell) -> None:
        """The baseline's as solid grey, the other's as bars in its colour that let it through."""
        colours = self._theme.colours
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)
        base = area.bottom() - _MARGIN
        painter.fillRect(QRectF(area.x(), base, _BAR, 1), QColor(colours.line))
        for at, heights in enumerate(cell.bars):
            colour = QColor(self._theme.tone(cell.tone if at else "grey").solid)
            colour.setAlphaF(0.62 if at else 0.5)
            width = _BAR / max(1, len(heights))
            for n, height in enumerate(heights):
                tall = (base - area.top() - _MARGIN) * max(0.0, min(1.0, height))
                if tall > 0:
                    tall = max(1.0, tall)
                    left = area.x() + n * width
                    painter.fillRect(QRectF(left, base - tall, max(1.0, width - 0.6), tall), colour)


def _heated(theme: Theme, cell: Cell) -> QColor:
    """The tone over the ground, so thin that the text on it can be read."""
    colour = QColor(theme.tone(cell.tone or "indigo").solid)
    colour.setAlphaF(_HOTTEST * max(0.0, min(1.0, cell.heat or 0.0)))
    return colour


def _advance(text: str, fnt: QFont) -> int:
    return QFontMetrics(fnt).horizontalAdvance(text) if text else 0


def _held(cell: Cell, column: Column) -> int:
    width = _advance(cell.text, mono() if cell.chip else _font(column, cell))
    return (
        width
        + (14 if cell.chip else 0)
        + (_BAR + _GAP if cell.share is not None or cell.bars else 0)
    )


def _font(column: Column, cell: Cell) -> QFont:
    if column.mono:
        return mono(12, 600 if cell.bold else 400)
    return font(13, 600 if cell.bold else 500) if not cell.faint else font(12)


class GridTable(QTableView):
    """As high as its rows, up to `most` of them; beyond that it scrolls."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._most = theme, 12
        self.model_ = GridModel()
        self.setModel(self.model_)
        self._painter = _CellPainter(self.model_, theme, self)
        self.setItemDelegate(self._painter)
        self.setProperty("look", "grid")
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(DENSE_ROW)
        header = self.horizontalHeader()
        header.setFixedHeight(DENSE_ROW)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header.setMinimumSectionSize(20)
        self.verticalHeader().setMinimumSectionSize(_CODE_ROW)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        copy = QShortcut(QKeySequence.StandardKey.Copy, self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy_rows)
        theme.changed.connect(self.viewport().update)

    @property
    def grid(self) -> Grid:
        return self.model_.grid

    def show_grid(self, grid: Grid, most: int) -> None:
        self._most = most
        self.model_.show(grid)
        self._painter.measure()
        titled = any(column.title for column in grid.columns)
        self.horizontalHeader().setVisible(titled)
        self._lay_out()
        self.fit()

    def fit(self) -> None:
        rows = min(len(self.grid.rows), self._most)
        # One that comes for a moment, while columns get their widths, would take from these.
        whole = rows == len(self.grid.rows)
        off, needed = (
            Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        )  # fmt: skip
        self.setVerticalScrollBarPolicy(off if whole else needed)
        head = 0 if self.horizontalHeader().isHidden() else DENSE_ROW
        sideways = 14 if self._whole_width() > self.viewport().width() else 0
        self.setFixedHeight(self._row * rows + head + sideways)

    @property
    def _row(self) -> int:
        return _CODE_ROW if any(column.code for column in self.grid.columns) else DENSE_ROW

    def _whole_width(self) -> int:
        return sum(self._widths())

    def _widths(self) -> list[int]:
        """Columns have the width of what they hold; the first has what is left."""
        held = self._painter.widths
        if not held:
            return []
        if len(held) == 1:
            return [self.viewport().width()]
        others = [
            max(min(column.width, _WIDEST), min(width, _WIDEST))
            for column, width in zip(self.grid.columns[1:], held[1:], strict=True)
        ]
        room, least = self.viewport().width(), min(held[0], _NARROWEST)
        if sum(others) + least > room:
            others = [min(width, _WIDEST) for width in held[1:]]
        spare = [max(0, w - _SHORTEST) if self._may_be_cut(at) else 0
                 for at, w in enumerate(others, 1)]  # fmt: skip
        missing = min(sum(others) + least - room, sum(spare))
        if missing > 0:
            others = [
                w - math.ceil(missing * s / sum(spare)) for w, s in zip(others, spare, strict=True)
            ]
        return [max(least, room - sum(others)), *others]

    def _may_be_cut(self, at: int) -> bool:
        """Texts may; numbers and bars are of no use in part."""
        column = self.grid.columns[at]
        return not column.right and not any(
            r[at].share is not None or r[at].bars for r in self.grid.rows[:50]
        )

    def _lay_out(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self._row)
        for at, width in enumerate(self._widths()):
            self.setColumnWidth(at, width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()
        self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """At its end the page goes on scrolling."""
        if self.verticalScrollBar().maximum() == 0:
            event.ignore()
            return
        super().wheelEvent(event)

    # ------------------------------------------------------------------ copying

    def _open_menu(self, at: QPoint) -> None:
        self.menu().exec(self.viewport().mapToGlobal(at))

    def menu(self) -> Any:
        entries = [
            ("Copy the rows", "copy", self.copy_rows),
            None,
            ("Copy the table as Markdown", "table-2", lambda: copy_text(self.grid.markdown())),
            ("Copy the table as CSV", "file-text", lambda: copy_text(self.grid.csv())),
        ]
        return menu_of(self, entries, self._theme)

    def copy_rows(self) -> None:
        """The selected rows, or all, with tabs between."""
        rows = sorted({i.row() for i in self.selectedIndexes()}) or range(len(self.grid.rows))
        lines = ("\t".join(c.plain for c in self.grid.rows[r]) for r in rows)
        copy_text("\n".join(lines))

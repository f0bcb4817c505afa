"""The table of the sheet: ticks, names and kinds that can be changed where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCompleter,
    QHeaderView,
    QLineEdit,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from strongroom.domain.quantities import size_text
from strongroom.gui import icons
from strongroom.gui.add_sheet.rows import KNOWN, NO_RUN, RUN, Heading, Item, members
from strongroom.gui.bridge import Bridge
from strongroom.gui.menus import passing_menu
from strongroom.gui.paint import draw_pill, draw_text, pill_width
from strongroom.gui.theme import CELL, HEADER, ROW, Theme, font, mono
from strongroom.gui.tips import tip
from strongroom.gui.wording import KINDS, Look, plural

COLUMNS = ("", "File", "Kind", "Goes to", "Size", "Check")
TICK, FILE, KIND, NAME, SIZE, CHECK = range(6)
_WIDTHS = (44, 190, 108, 0, 84, 250)
_HEADING_ICONS = {
    RUN: ("circle-play", "amber"),
    NO_RUN: ("circle-dashed", "text2"),
    KNOWN: ("copy-check", "text2"),
}
Index = QModelIndex | QPersistentModelIndex


class ItemsModel(QAbstractTableModel):
    """`decided(item, change)`: a tick, a name or a kind was changed by a person."""

    decided = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[Heading | Item] = ()
        self.tags: dict[str, str] = {}

    def show(self, rows: Sequence[Heading | Item], tags: dict[str, str]) -> None:
        self.beginResetModel()
        self.rows, self.tags = rows, tags
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section == SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        row = self.rows[index.row()] if index.isValid() else None
        if isinstance(row, Item) and index.column() == NAME:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.EditRole and isinstance(row, Item):
            return row.name
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            if isinstance(row, Heading):
                return row.title if index.column() == FILE else None
            return self.text(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and isinstance(row, Item):
            if index.column() == FILE:
                return tip(row.source)
            if index.column() == CHECK:
                return tip("\n".join(row.warnings[:20])) or None
            if index.column() == NAME:
                return tip(f"{row.name}\nF2 or a double click changes it")
        return None

    def text(self, item: Item, column: int) -> str:
        if column == TICK:
            return "added" if item.goes_in else "left out"
        if column == FILE:
            name = item.source.rstrip("/").rpartition("/")[2]
            return name if item.files == 1 else f"{name}/, {plural(item.files, 'file')}"
        if column == KIND:
            return item.kind
        if column == NAME:
            return f"{item.name} {item.tag or self.tags.get(item.key, '')}".strip()
        if column == SIZE:
            return size_text(item.size) if item.is_new else "0 B"
        if item.wrong:
            return item.wrong
        if not item.is_new:
            return f"Identical to {item.tag}: nothing to store"
        return item.warnings[0] if item.warnings else "Ready"

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self.rows[index.row()]
        if not isinstance(row, Item) or role != Qt.ItemDataRole.EditRole:
            return False
        if str(value).strip() and str(value).strip() != row.name:
            self.decided.emit(row, {"name": str(value).strip()})
        return True

    def tick(self, at: int) -> None:
        """Turns a row's tick; a heading's turns all below it."""
        row = self.rows[at]
        if isinstance(row, Item):
            if row.is_new:
                self.decided.emit(row, {"wanted": not row.wanted})
            return
        below = [item for item in members(self.rows, at) if item.is_new]
        wanted = not all(item.wanted for item in below)
        for item in below:
            if item.wanted != wanted:
                self.decided.emit(item, {"wanted": wanted})

    def tick_state(self, at: int) -> tuple[Qt.CheckState, bool]:
        """How the tick of a row stands, and whether it can be turned."""
        row = self.rows[at]
        if isinstance(row, Item):
            state = Qt.CheckState.Checked if row.wanted and row.is_new else Qt.CheckState.Unchecked
            return state, row.is_new
        below = [item for item in members(self.rows, at) if item.is_new]
        on = sum(item.wanted for item in below)
        if not on:
            return Qt.CheckState.Unchecked, bool(below)
        full = on == len(below)
        return Qt.CheckState.Checked if full else Qt.CheckState.PartiallyChecked, True


class ItemsDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._bridge = theme, bridge

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        c, rect = self._theme.colours, option.rect
        model = index.model()
        assert isinstance(model, ItemsModel)
        row = model.rows[index.row()]
        if isinstance(row, Heading):
            painter.fillRect(rect, QColor(c.panel2))
        elif option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(c.selected))
        painter.fillRect(QRect(rect.x(), rect.bottom(), rect.width(), 1), QColor(c.line2))
        painter.save()
        if index.column() == TICK:
            self._tick(painter, rect, *model.tick_state(index.row()))
        elif isinstance(row, Heading):
            self._heading(painter, rect, row, model, index.row())
        else:
            self._cell(painter, rect.adjusted(CELL, 0, -CELL, -1), row, index.column(), model)
        painter.restore()

    def _tick(self, painter: QPainter, rect: QRect, state: Qt.CheckState, can: bool) -> None:
        c = self._theme.colours
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(rect.x() + 20.5, rect.center().y() - 7.5, 15, 15)
        on = state != Qt.CheckState.Unchecked
        painter.setPen(QPen(QColor(c.accent_fill if on else c.line3), 1))
        painter.setBrush(QColor(c.accent_fill if on else c.panel if can else c.sunken))
        painter.drawRoundedRect(box, 3, 3)
        if on:
            name = "check" if state == Qt.CheckState.Checked else "minus"
            ratio = painter.device().devicePixelRatioF()
            at = box.topLeft().toPoint()
            painter.drawPixmap(at.x() + 2, at.y() + 2, icons.pixmap(name, "#FFFFFF", 12, ratio))

    def _heading(
        self, painter: QPainter, rect: QRect, heading: Heading, model: ItemsModel, at: int
    ) -> None:
        """Runs through all columns but the tick's; each cell paints its own part."""
        c = self._theme.colours
        view = self.parent()
        assert isinstance(view, QTableView)
        left = view.columnViewportPosition(FILE)
        whole = QRect(left + CELL, rect.y(), view.viewport().width() - left - 28, rect.height() - 1)
        painter.setClipRect(rect)
        icon, colour = _HEADING_ICONS[heading.kind]
        drawn = self._theme.tone(colour).text if colour in c.tones else c.text2
        ratio = painter.device().devicePixelRatioF()
        pixmap = icons.pixmap(icon, drawn, 15, ratio)
        painter.drawPixmap(whole.x(), whole.center().y() - 7, pixmap)
        area = whole.adjusted(24, 0, -170, 0)
        used = draw_text(painter, area, heading.title, font(13, 600), c.text)
        about = area.adjusted(used + 10, 0, 0, 0)
        draw_text(painter, about, heading.about, font(12), c.text2)
        below = members(model.rows, at)
        size = sum(item.size for item in below if item.is_new)
        text = f"{plural(sum(i.files for i in below), 'file')}, {size_text(size)}"
        draw_text(painter, whole, text, font(12), c.text2, right=True)

    def _cell(
        self, painter: QPainter, area: QRect, item: Item, column: int, model: ItemsModel
    ) -> None:
        c = self._theme.colours
        quiet = not item.goes_in
        main = c.text2 if quiet else c.text
        text = model.text(item, column)
        if column == KIND:
            look = KINDS[item.kind]
            draw_pill(painter, area, look, self._theme, square=True)
            arrow = icons.pixmap("chevron-down", c.text2, 12, painter.device().devicePixelRatioF())
            painter.drawPixmap(area.x() + pill_width(look) + 5, area.center().y() - 5, arrow)
        elif column == NAME:
            self._name(painter, area, item, model.tags.get(item.key, ""), main)
        elif column == SIZE:
            draw_text(painter, area, text, mono(), c.text2, right=True)
        elif column == FILE:
            draw_text(painter, area, text, mono(), main, elide=Qt.TextElideMode.ElideMiddle)
        else:
            self._check(painter, area, item, text)

    def _name(self, painter: QPainter, area: QRect, item: Item, tag: str, colour: str) -> None:
        c = self._theme.colours
        pill = None
        if item.goes_in:
            first = tag == "v1"
            pill = Look("new name" if first else "new version", "plus", "teal" if first else "blue")
        room = pill_width(pill) + 8 if pill else 0
        tag_text = item.tag or tag
        tag_room = painter.fontMetrics().horizontalAdvance(tag_text) + 14 if tag_text else 0
        name = area.adjusted(0, 0, -room - tag_room, 0)
        used = draw_text(
            painter, name, item.name, font(13, 600 if item.goes_in else 400), colour,
            elide=Qt.TextElideMode.ElideLeft,
        )  # fmt: skip
        rest = area.adjusted(used + 7, 0, 0, 0)
        used = draw_text(painter, rest, tag_text, font(13), c.text2)
        if pill:
            draw_pill(painter, rest.adjusted(used + 8, 0, 0, 0), pill, self._theme)

    def _check(self, painter: QPainter, area: QRect, item: Item, text: str) -> None:
        c = self._theme.colours
        if item.wrong:
            icon, colour = "circle-x", self._theme.tone("red").text
        elif not item.is_new:
            icon, colour = "equal", c.text2
        elif item.warnings:
            icon, colour = "triangle-alert", self._theme.tone("amber").text
        else:
            icon, colour = "circle-check", self._theme.tone("green").text
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(area.x(), area.center().y() - 6, icons.pixmap(icon, colour, 14, ratio))
        shown = colour if item.wrong or (item.warnings and item.is_new) else c.text2
        draw_text(painter, area.adjusted(22, 0, 0, 0), text, font(12), shown)

    # ------------------------------------------------------------------ changing

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        field = QLineEdit(parent)
        field.setProperty("look", "cell")
        field.setAccessibleName("Goes to")
        completer = QCompleter([], field)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        field.setCompleter(completer)

        def ask(text: str) -> None:
            self._bridge.ask(lambda registry: registry.suggest("name", text, 8), show)

        def show(names: list[str]) -> None:
            try:
                completer.model().setStringList(names)  # type: ignore[attr-defined]
            except RuntimeError:
                return  # the editor was closed before the answer came
            if names and field.hasFocus() and names != [field.text()]:
                completer.complete()

        field.textEdited.connect(ask)
        return field


class ItemsTable(QTableView):
    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._theme = theme
        self.items = ItemsModel()
        self.setModel(self.items)
        self.setItemDelegate(ItemsDelegate(theme, bridge, self))
        self.setAccessibleName("What will be added")
        self.setProperty("look", "plain")
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        header = self.horizontalHeader()
        header.setFixedHeight(HEADER)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for at, width in enumerate(_WIDTHS):
            self.setColumnWidth(at, width)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)

    def show_rows(self, rows: Sequence[Heading | Item], tags: dict[str, str]) -> None:
        current, scrolled = self.currentIndex().row(), self.verticalScrollBar().value()
        self.items.show(rows, tags)
        if 0 <= current < len(rows):
            self.setCurrentIndex(self.items.index(current, NAME))
        self.verticalScrollBar().setValue(scrolled)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        super().mousePressEvent(event)
        if not index.isValid() or event.button() != Qt.MouseButton.LeftButton:
            return
        if index.column() == TICK or isinstance(self.items.rows[index.row()], Heading):
            self.items.tick(index.row())
        elif index.column() == KIND:
            self.kind_menu(index.row()).exec(
                self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())
            )

    def kind_menu(self, at: int) -> QMenu:
        menu = passing_menu(self)
        row = self.items.rows[at]
        if isinstance(row, Item) and row.is_new:
            for kind, look in KINDS.items():
                action = menu.addAction(
                    icons.icon(look.icon, self._theme.tone(look.tone).text), look.word
                )
                action.triggered.connect(
                    lambda _=False, k=kind: self.items.decided.emit(row, {"kind": k})
                )
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        at = self.currentIndex().row()
        if at < 0:
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Space:
            self.items.tick(at)
        elif event.key() in (Qt.Key.Key_F2, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.setCurrentIndex(self.items.index(at, NAME))
            if isinstance(self.items.rows[at], Item):
                self.edit(self.items.index(at, NAME))
        elif event.key() == Qt.Key.Key_K:
            rect = self.visualRect(self.items.index(at, KIND))
            self.kind_menu(at).exec(self.viewport().mapToGlobal(rect.bottomLeft()))
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.HoverMove:
            self.viewport().update()
        return super().viewportEvent(event)

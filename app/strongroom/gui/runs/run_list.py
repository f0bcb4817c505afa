"""The list of runs at the left: two lines a run, and what keys and the mouse do in it."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from strongroom.gui.paint import draw_pill, draw_text, pill_width
from strongroom.gui.runs import wording
from strongroom.gui.runs.model import RunsModel
from strongroom.gui.theme import MARGIN, RUN_ROW, Theme, font, mono


class RunRow(QStyledItemDelegate):
    """Name and state above; tool, age, time taken and key metric below.

    The run comes from the model itself: through a role Qt would turn the whole document into a
    value of its own at every row painted, and fail at numbers that have no place in it.
    """

    def __init__(self, model: RunsModel, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme, self._model, self._list = theme, model, parent
        self.hovered = -1

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(200, RUN_ROW)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        run, c = self._model.run_at(index.row()), self.theme.colours
        if run is None:
            return
        rect: QRect = option.rect
        painter.save()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(rect, QColor(c.selected))
            painter.fillRect(QRect(rect.x(), rect.y(), 3, rect.height()), QColor(c.accent))
        elif index.row() == self.hovered:
            painter.fillRect(rect, QColor(c.panel2))
        painter.fillRect(QRect(rect.x(), rect.bottom(), rect.width(), 1), QColor(c.line2))
        inside = rect.adjusted(MARGIN, 7, -12, -8)
        upper = QRect(inside.x(), inside.y(), inside.width(), inside.height() // 2)
        lower = upper.translated(0, inside.height() // 2)
        look = wording.look_of(run)
        width = pill_width(look) + 1
        pill = QRect(upper.right() - width, upper.y(), width + 1, upper.height())
        draw_pill(painter, pill, look, self.theme)
        draw_text(
            painter,
            upper.adjusted(0, 0, -width - 10, 0),
            wording.name_of(run),
            font(13, 600),
            c.text,
            elide=Qt.TextElideMode.ElideMiddle,
        )
        metric = wording.key_metric(run)
        left = lower
        if metric is not None:
            value = QFontMetrics(mono()).horizontalAdvance(metric[1])
            draw_text(painter, lower, metric[1], mono(), c.text, right=True)
            room = min(
                QFontMetrics(font(12)).horizontalAdvance(metric[0]), lower.width() // 2 - value
            )
            name = QRect(lower.right() - value - 6 - room, lower.y(), room + 1, lower.height())
            draw_text(painter, name, metric[0], font(12), c.text3, right=True)
            left = lower.adjusted(0, 0, -value - room - 18, 0)
        parts = [wording.started_text(run), wording.lasting_text(run), wording.layout_of(run)]
        draw_text(painter, left, " · ".join(filter(None, parts)), font(12), c.text2)
        if option.state & QStyle.StateFlag.State_HasFocus and self._list.hasFocus():
            painter.setPen(QColor(c.accent))
            painter.drawRect(rect.adjusted(0, 0, -1, -2))
        painter.restore()


class RunList(QListView):
    """`chosen(run or None)` when the current run changes, `opened` by Enter or a double click."""

    chosen = Signal(object)
    opened = Signal()

    def __init__(self, model: RunsModel, theme: Theme) -> None:
        super().__init__()
        self._model = model
        self.row = RunRow(model, theme, self)
        self.setModel(model)
        self.setItemDelegate(self.row)
        self.setAccessibleName("Runs")
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(RUN_ROW)
        self._anchor: tuple[str, int] | None = None
        self._before: str | None = None
        self.selectionModel().currentRowChanged.connect(self._tell_chosen)
        model.modelAboutToBeReset.connect(self._before_reset)
        model.modelReset.connect(self._after_reset)
        model.about_to_merge.connect(self._hold)
        model.merged.connect(self._let_go)
        theme.changed.connect(self.viewport().update)
        self.doubleClicked.connect(lambda _: self.opened.emit())

    def current_run(self) -> str | None:
        run = self._model.run_at(self.currentIndex().row())
        return run["id"] if run is not None else None

    def select(self, run: str) -> bool:
        """Selects a run where it stands, if it is loaded."""
        row = self._model.row_of(run)
        if row is None:
            return False
        self.select_row(row)
        return True

    def select_row(self, row: int) -> None:
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.selectionModel().setCurrentIndex(self._model.index(row), flags)

    def _tell_chosen(self, current: QModelIndex, previous: QModelIndex) -> None:
        self.chosen.emit(self._model.run_at(current.row()) if current.isValid() else None)

    # ------------------------------------------------------------------ staying where one looks

    def _hold(self) -> None:
        """Rows come and go: what stands at the top shall stand there afterwards."""
        top = self._model.run_at(self.indexAt(self.viewport().rect().topLeft()).row())
        offset = self.verticalScrollBar().value() % RUN_ROW
        at_top = self.verticalScrollBar().value() == 0
        self._anchor = None if top is None or at_top else (top["id"], offset)

    def _let_go(self) -> None:
        if self._anchor is None:
            return
        row = self._model.row_of(self._anchor[0])
        if row is not None:
            self.doItemsLayout()
            self.verticalScrollBar().setValue(row * RUN_ROW + self._anchor[1])

    def _before_reset(self) -> None:
        self._before = self.current_run()

    def _after_reset(self) -> None:
        self.row.hovered = -1
        if self._before is None or not self.select(self._before):
            self.chosen.emit(None)

    # ------------------------------------------------------------------ mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.indexAt(event.position().toPoint()).row())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def _hover(self, row: int) -> None:
        if row != self.row.hovered:
            self.row.hovered = row
            self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid():
                self.opened.emit()
        else:
            super().keyPressEvent(event)

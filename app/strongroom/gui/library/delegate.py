"""How a row of the Library is drawn: one function a way of drawing, in a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from strongroom.gui import icons, wording
from strongroom.gui.library.columns import COLUMNS, DASH, metric, state
from strongroom.gui.library.groups import Group
from strongroom.gui.library.model import HEADING, VersionsModel
from strongroom.gui.paint import draw_pill, draw_placeholder, draw_text
from strongroom.gui.theme import CELL, MARGIN, ROW, Theme, font, mono

Version = Mapping[str, Any]
_SHARES = (0.62, 0.5, 0.74, 0.56, 0.68)


class RowDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self.hovered = -1

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(COLUMNS[index.column()].width, ROW)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        colours = self.theme.colours
        rect: QRect = option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(rect, QColor(colours.selected))
        elif index.row() == self.hovered:
            painter.fillRect(rect, QColor(colours.panel2))
        painter.fillRect(QRect(rect.x(), rect.bottom(), rect.width(), 1), QColor(colours.line2))
        if chosen and index.column() == 0:
            painter.fillRect(QRect(rect.x(), rect.y(), 3, rect.height()), QColor(colours.accent))
        column = COLUMNS[index.column()]
        left = MARGIN if index.column() == 0 else CELL
        area = rect.adjusted(left, 0, -CELL, -1)
        model = index.model()
        assert isinstance(model, VersionsModel)
        heading = index.data(HEADING) if model.question.group else None
        if heading is not None:
            self._paint_heading(painter, rect, *heading)
            return
        # Not by a role: Qt would turn the whole document into its own types, and back.
        version = model.version_at(index.row(), wanted=True)
        if version is None:
            share = _SHARES[(index.row() + index.column()) % len(_SHARES)]
            draw_placeholder(painter, area, share, self.theme)
            return
        painter.save()
        _PAINTERS[column.paint](self, painter, area, version, column.text(version))
        painter.restore()

    def _paint_heading(self, painter: QPainter, rect: QRect, group: Group, folded: bool) -> None:
        """The heading runs through all columns; each cell paints its own part of it."""
        c = self.theme.colours
        view = self.parent()
        assert isinstance(view, QAbstractScrollArea)
        whole = QRect(MARGIN, rect.y(), view.viewport().width() - 2 * MARGIN, rect.height() - 1)
        painter.save()
        painter.setClipRect(rect)
        arrow = "chevron-right" if folded else "chevron-down"
        ratio = painter.device().devicePixelRatioF()
        middle = whole.center().y()
        painter.drawPixmap(whole.x(), middle - 7, icons.pixmap(arrow, c.text2, 14, ratio))
        area = whole.adjusted(22, 0, 0, 0)
        used = draw_text(painter, area, group.name or "No run", font(13, 600), c.text)
        rest = area.adjusted(used + 10, 0, 0, 0)
        draw_text(painter, rest, wording.plural(group.count, "version"), font(12), c.text3)
        painter.restore()


def _name(d: RowDelegate, painter: QPainter, area: QRect, version: Version, text: str) -> None:
    # The end of a long name tells it from its neighbours, its beginning they have in common.
    weight = 600 if version["kind"] == "model" else 500
    colour = d.theme.colours.text if not version.get("damaged") else d.theme.colours.text2
    draw_text(painter, area, text, font(13, weight), colour, elide=Qt.TextElideMode.ElideLeft)


def _kind(d: RowDelegate, painter: QPainter, area: QRect, version: Version, text: str) -> None:
    draw_pill(painter, area, wording.KINDS[version["kind"]], d.theme, square=True)


def _version(d: RowDelegate, painter: QPainter, area: QRect, version: Version, text: str) -> None:
    tag, dot, digest = text.partition(" · ")
    used = draw_text(painter, area, tag, font(13, 600), d.theme.colours.text)
    rest = area.adjusted(used, 0, 0, 0)
    draw_text(painter, rest, f"{dot}{digest}", mono(), d.theme.colours.text3)


def _state(d: RowDelegate, painter: QPainter, area: QRect, version: Version, text: str) -> None:
    look = state(version)
    if look is None:
        _quiet(d, painter, area, version, DASH)
    else:
        draw_pill(painter, area, look, d.theme)


def _metric(d: RowDelegate, painter: QPainter, area: QRect, version: Version, text: str) -> None:
    found = metric(version)
    if found is None:
        _quiet(d, painter, area, version, DASH)
        return
    value = wording.number_text(found[1])
    width = _width(mono(), value)
    name = area.adjusted(0, 0, -width - 6, 0)
    used = draw_text(painter, name, found[0], font(12), d.theme.colours.text3)
    draw_text(painter, area.adjusted(used + 6, 0, 0, 0), value, mono(), d.theme.colours.text)


def _number(d: RowDelegate, painter: QPainter, area: QRect, version: Version, text: str) -> None:
    draw_text(painter, area, text, mono(), d.theme.colours.text2, right=True)


def _mono(d: RowDelegate, painter: QPainter, area: QRect, version: Version, text: str) -> None:
    if text == DASH:
        _quiet(d, painter, area, version, text)
        return
    middle = Qt.TextElideMode.ElideMiddle
    draw_text(painter, area, text, mono(), d.theme.colours.text2, elide=middle)


def _second(d: RowDelegate, painter: QPainter, area: QRect, version: Version, text: str) -> None:
    draw_text(painter, area, text, font(12), d.theme.colours.text2)


def _quiet(d: RowDelegate, painter: QPainter, area: QRect, version: Version, text: str) -> None:
    draw_text(painter, area, text, font(12), d.theme.colours.text3)


def _width(fnt: QFont, text: str) -> int:
    return QFontMetrics(fnt).horizontalAdvance(text)


_PAINTERS: dict[str, Callable[[RowDelegate, QPainter, QRect, Version, str], None]] = {
    "name": _name,
    "kind": _kind,
    "version": _version,
    "state": _state,
    "metric": _metric,
    "number": _number,
    "mono": _mono,
    "second": _second,
}

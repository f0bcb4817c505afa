"""Pairs of pictures as a grid of small ones, decoded as they come into sight."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from strongroom.domain.errors import printable
from strongroom.gui.bridge import Bridge
from strongroom.gui.compare.pair_view import fitted
from strongroom.gui.compare.pictures import Place, thumbnail
from strongroom.gui.paint import draw_text
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.tips import tip
from strongroom.gui.wording import sentence

Index = QModelIndex | QPersistentModelIndex
_TILE, _PICTURE, _EDGE, _BETWEEN = QSize(228, 138), 96, 8, 4
_KEPT, _AT_ONCE, _WAITING = 400, 2, 48
_STATES = {"changed": ("changed", "amber"), "added": ("+ added", "green"),
           "removed": ("removed", "red"), "same": ("equal", "grey")}  # fmt: skip


class PairModel(QAbstractListModel):
    """Rows of the section's document, as seen from one of the subjects against the baseline."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self.base, self.at = 0, 1

    def show(self, rows: list[dict[str, Any]], base: int, at: int, only: bool) -> None:
        """Those that at least one of the two has; with `only` those that differ between them."""
        self.beginResetModel()
        self.base, self.at = base, at
        hidden = ("absent", "same") if only else ("absent",)
        self.rows = [r for r in rows if r["states"][at] not in hidden]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def state(self, row: int) -> str:
        return str(self.rows[row]["states"][self.at])

    def places(self, row: int) -> tuple[Place | None, Place | None]:
        """The baseline's picture and the other's."""
        found = self.rows[row]["places"]
        return found[self.base], found[self.at]

    def digests(self, row: int) -> tuple[str, str]:
        values = [self.rows[row]["values"][n] for n in (self.base, self.at)]
        first, second = (v["sha256"] if v else "" for v in values)
        return first, second

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        name = printable(self.rows[index.row()]["name"])
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(name)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{name}, {_STATES[self.state(index.row())][0]}"
        return None


class Thumbnails(QListView):
    def __init__(self, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self._bridge, self._theme = bridge, theme
        self.pairs = PairModel()
        self.setModel(self.pairs)
        self.setItemDelegate(_Tile(self, theme))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSpacing(_BETWEEN)
        self.setProperty("look", "grid")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("Pairs of pictures")
        self.setTabKeyNavigation(False)
        self._most = _TILE.height()
        self._made: OrderedDict[str, QImage | str] = OrderedDict()
        self._wanted: deque[tuple[str, Place]] = deque(maxlen=_WAITING)
        self._under_way: set[str] = set()

    def set_most(self, height: int) -> None:
        """As high as its rows, up to `height`; beyond that it scrolls."""
        self._most = height
        self._fit()

    def _fit(self) -> None:
        wide, high = _TILE.width() + 2 * _BETWEEN, _TILE.height() + 2 * _BETWEEN
        abreast = max(1, (self.width() - 16) // wide)
        rows = -(-self.pairs.rowCount() // abreast)
        self.setFixedHeight(min(self._most, rows * high + 2 * _BETWEEN))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def image(self, digest: str, place: Place) -> QImage | str | None:
        """What is there of a picture: itself, why it cannot be shown, or None while it comes."""
        found = self._made.get(digest)
        if found is not None:
            self._made.move_to_end(digest)
            return found
        if digest not in self._under_way and all(d != digest for d, _ in self._wanted):
            self._wanted.append((digest, place))
            self._next()
        return None

    @property
    def is_at_work(self) -> bool:
        return bool(self._under_way or self._wanted)

    def _next(self) -> None:
        """The last wanted first: what was scrolled past can wait."""
        while self._wanted and len(self._under_way) < _AT_ONCE:
            digest, place = self._wanted.pop()
            self._under_way.add(digest)
            self._ask(digest, place)

    def _ask(self, digest: str, place: Place) -> None:
        self._bridge.ask(
            lambda registry: thumbnail(registry, place),
            lambda image: self._keep(digest, image),
            lambda error: self._keep(digest, sentence(error.what)),
            slow=True,
        )

    def _keep(self, digest: str, found: QImage | str) -> None:
        self._under_way.discard(digest)
        self._made[digest] = found
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        self.viewport().update()
        self._next()

    def step(self, by: int) -> None:
        row = self.currentIndex().row() + by
        if 0 <= row < self.pairs.rowCount():
            self.setCurrentIndex(self.pairs.index(row))


class _Tile(QStyledItemDelegate):
    def __init__(self, view: Thumbnails, theme: Theme) -> None:
        super().__init__(view)
        self._view, self._theme = view, theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return _TILE

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        c, pairs, row = self._theme.colours, self._view.pairs, index.row()
        area: QRect = option.rect.adjusted(1, 1, -1, -1)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setPen(QPen(QColor(c.accent if chosen else c.line), 2 if chosen else 1))
        painter.setBrush(QColor(c.selected if chosen else c.panel))
        painter.drawRoundedRect(area, 6, 6)
        wide = (area.width() - 3 * _EDGE) // 2
        both = zip(pairs.digests(row), pairs.places(row), strict=True)
        for n, (digest, place) in enumerate(both):
            left = area.left() + _EDGE + n * (wide + _EDGE)
            self._picture(painter, QRect(left, area.top() + _EDGE, wide, _PICTURE), digest, place)
        word, tone = _STATES[pairs.state(row)]
        line = QRect(area.left() + _EDGE, area.bottom() - 27, area.width() - 2 * _EDGE, 20)
        used = draw_text(painter, line, word, font(11, 500), self._theme.tone(tone).text)
        line.setLeft(line.left() + used + 8)
        name = printable(pairs.rows[row]["name"])
        draw_text(painter, line, name, mono(11), c.text, elide=Qt.TextElideMode.ElideMiddle)
        painter.restore()

    def _picture(self, painter: QPainter, area: QRect, digest: str, place: Place | None) -> None:
        c = self._theme.colours
        painter.fillRect(area, QColor(c.sunken))
        if place is None:
            draw_text(painter, area.adjusted(8, 0, -8, 0), "none", font(11), c.text3)
            return
        found = self._view.image(digest, place)
        if isinstance(found, QImage):
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(fitted(found, area), found)
        elif found is not None:
            draw_text(painter, area.adjusted(8, 0, -8, 0), found, font(11), c.text3)

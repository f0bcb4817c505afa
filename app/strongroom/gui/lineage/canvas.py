"""The canvas: cards and edges at any zoom, moved about by mouse and travelled by keyboard.

Painted by hand and only where one looks: a graph of thousands of nodes costs what is in sight.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence

from PySide6.QtCore import (
    QEasingCurve,
    QEvent,
    QPoint,
    QPointF,
    QRectF,
    QSize,
    Qt,
    QVariantAnimation,
    Signal,
)
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from strongroom.gui.lineage import cards, drawing
from strongroom.gui.lineage.cards import State
from strongroom.gui.lineage.graph import Edge, Graph, Node
from strongroom.gui.lineage.layout import CARD, Placed
from strongroom.gui.lineage.lines import Line, path_data
from strongroom.gui.theme import Theme
from strongroom.gui.tips import tip

SMALLEST, LARGEST = 0.02, 2.5
_MARGIN = 40
_GLIDE_MS = 140
_NEAR = 7.0
Where = tuple[float, QPointF]


class Canvas(QWidget):
    """`chosen(id)`: selected ("" is none); `opened(id)`: double click or Enter; `expand(id, up)`:
    a handle was pressed; `menu_wanted(id, at)`: a card's context menu; `edge_menu(edge, at)`: an
    edge's; `moved`: another part is in sight.
    """

    chosen = Signal(str)
    opened = Signal(str)
    expand = Signal(str, bool)
    menu_wanted = Signal(str, QPoint)
    edge_menu = Signal(object, QPoint)
    moved = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Lineage graph")
        self.setMinimumSize(240, 200)
        self.graph = Graph("", {}, ())
        self.placed = Placed()
        self.selected = ""
        self.affected: set[str] = set()
        self.hits: list[str] = []
        self._way: list[str] = []
        self._lines: Sequence[Line] = []
        self._columns: list[tuple[float, list[float], list[str]]] = []
        self._near: set[str] = set()
        self._far_lines = drawing.far_lines((), self._near)
        self.zoom, self.corner = 1.0, QPointF(0, 0)
        self._pressed: tuple[QPoint, QPointF] | None = None
        self._dragging = False
        self._was_fitted = True
        self._glide = QVariantAnimation(self, duration=_GLIDE_MS)
        self._glide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._glide.setStartValue(0.0)
        self._glide.setEndValue(1.0)
        self._glide.valueChanged.connect(self._glided)
        self._from: Where = (1.0, QPointF())
        self._to: Where = (1.0, QPointF())
        theme.changed.connect(self.update)

    # ------------------------------------------------------------------ what is shown

    def show_graph(
        self, graph: Graph, placed: Placed, drawn: Sequence[Line], anchor: str = ""
    ) -> None:
        """Another graph; the card `anchor` stays where it is on the screen, if it was there."""
        before = self.placed.positions.get(anchor)
        self._glide.stop()
        self.graph, self.placed = graph, placed
        self._lines = drawn
        self._sort()
        if self.selected not in graph.nodes:
            self.selected = ""
        self.hits = [h for h in self.hits if h in graph.nodes]
        if any(name not in graph.nodes for name in self._way):
            self._way = []
        self._mark_near()
        if before is not None and anchor in placed.positions:
            after = placed.positions[anchor]
            self.corner += QPointF(after[0] - before[0], after[1] - before[1])
            self._was_fitted = False
        else:
            self.fit(at_once=True)
        self.setAccessibleDescription(self._described())
        self.update()
        self.moved.emit()

    def _sort(self) -> None:
        """Cards by column and height, so that those in sight are found without asking all."""
        by_x: dict[float, list[tuple[float, str]]] = {}
        for name in self.graph.nodes:
            x, y = self.placed.positions[name]
            by_x.setdefault(x, []).append((y, name))
        self._columns = []
        for x, cells in sorted(by_x.items()):
            cells.sort()
            self._columns.append((x, [y for y, _ in cells], [name for _, name in cells]))

    def select(self, name: str, centre: bool = False, quietly: bool = False) -> None:
        """Selects a card ("" for none) and brings it into sight."""
        if name and name not in self.graph.nodes:
            return
        changed, self.selected = name != self.selected, name
        self._mark_near()
        if name:
            self._bring_into_sight(name, centre)
        self.update()
        if changed:
            self.setAccessibleDescription(self._described())
            QAccessible.updateAccessibility(
                QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
            )
            if not quietly:
                self.chosen.emit(name)

    def show_affected(self, names: Collection[str]) -> None:
        """Marks what is affected; groups that hold some of it too."""
        wanted = set(names)
        self.affected = {
            i
            for i, n in self.graph.nodes.items()
            if i in wanted or (n.members and not wanted.isdisjoint(n.members))
        }
        self.update()

    def show_way(self, names: Sequence[str]) -> None:
        """Sets a way apart instead of what the selected card is connected with; none: as before."""
        self._way = list(names)
        self._mark_near()
        self.update()

    def show_hits(self, names: Sequence[str]) -> None:
        self.hits = list(names)
        self.update()

    def _mark_near(self) -> None:
        """What the selected card was made from and what was made of it."""
        graph, name = self.graph, self.selected
        if self._way:
            self._near = set(self._way)
        else:
            self._near = graph.closure(name, True) | graph.closure(name, False) if name else set()
        self._far_lines = drawing.far_lines(self._lines, self._near)

    def _described(self) -> str:
        if self.selected:
            node = self.graph.nodes[self.selected]
            return cards.spoken(node)
        return f"{len(self.graph.nodes)} nodes, {len(self.graph.edges)} edges"

    # ------------------------------------------------------------------ scene and screen

    def bounds(self) -> QRectF:
        """All cards, in scene units."""
        if not self.placed.positions:
            return QRectF(0, 0, 1, 1)
        xs = [x for x, _ in self.placed.positions.values()]
        ys = [y for _, y in self.placed.positions.values()]
        box = QRectF(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
        return box.adjusted(-CARD[0] / 2, -CARD[1] / 2, CARD[0] / 2, CARD[1] / 2)

    def in_sight(self) -> QRectF:
        """The part of the scene that the widget shows."""
        return QRectF(self.corner, QPointF(self.width(), self.height()) / self.zoom + self.corner)

    def to_scene(self, at: QPointF) -> QPointF:
        return self.corner + at / self.zoom

    def to_screen(self, at: QPointF) -> QPointF:
        return (at - self.corner) * self.zoom

    def middle_of(self, name: str) -> QPointF:
        return QPointF(*self.placed.positions[name])

    def fit(self, at_once: bool = False) -> None:
        """All of the graph in sight, never larger than life."""
        box = self.bounds()
        room = QSize(max(1, self.width() - 2 * _MARGIN), max(1, self.height() - 2 * _MARGIN - 40))
        zoom = min(1.0, room.width() / box.width(), room.height() / box.height())
        zoom = max(SMALLEST, zoom)
        middle = box.center()
        corner = middle - QPointF(self.width(), self.height() - 40) / 2 / zoom
        self._go((zoom, corner), at_once)
        self._was_fitted = True

    def zoom_by(self, factor: float, around: QPointF | None = None) -> None:
        """`around` is a point on the screen that stays; None: the middle."""
        around = around or QPointF(self.width(), self.height()) / 2
        zoom, corner = self._to if self._glide.state() != QVariantAnimation.State.Stopped else (
            self.zoom, self.corner
        )  # fmt: skip
        fixed = corner + around / zoom
        wanted = min(LARGEST, max(SMALLEST, zoom * factor))
        self._go((wanted, fixed - around / wanted))

    def centre(self, name: str = "") -> None:
        """The card, else the selected one, else the root, in the middle."""
        name = name or self.selected or self.graph.root
        if name in self.placed.positions:
            middle = self.middle_of(name)
            self._go((self.zoom, middle - QPointF(self.width(), self.height()) / 2 / self.zoom))

    def look_at(self, at: QPointF) -> None:
        """A point of the scene in the middle, at once: for the small map."""
        self._glide.stop()
        self.corner = at - QPointF(self.width(), self.height()) / 2 / self.zoom
        self._was_fitted = False
        self.update()
        self.moved.emit()

    def _bring_into_sight(self, name: str, centre: bool) -> None:
        if centre:
            self.centre(name)
            return
        box = cards.card_rect(self.middle_of(name)).adjusted(-24, -24, 24, 24)
        seen = self.in_sight()
        if not seen.contains(box):
            shift = QPointF(
                min(0.0, box.left() - seen.left()) + max(0.0, box.right() - seen.right()),
                min(0.0, box.top() - seen.top()) + max(0.0, box.bottom() - seen.bottom()),
            )
            self._go((self.zoom, self.corner + shift))

    def _go(self, to: Where, at_once: bool = False) -> None:
        self._was_fitted = False
        self._glide.stop()
        self._from, self._to = (self.zoom, self.corner), to
        if at_once or not self.isVisible():
            self._glided(1.0)
        else:
            self._glide.start()

    def _glided(self, share: float) -> None:
        (zoom0, corner0), (zoom1, corner1) = self._from, self._to
        self.zoom = zoom0 + (zoom1 - zoom0) * share
        if zoom0 == zoom1:
            self.corner = corner0 + (corner1 - corner0) * share
        else:  # the point that both have in common stays where it is
            part = (zoom1 / self.zoom) * (self.zoom - zoom0) / (zoom1 - zoom0)
            self.corner = corner0 + (corner1 - corner0) * part
        self.update()
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._was_fitted:
            self.fit(at_once=True)
        self.moved.emit()

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self.zoom >= cards.BLOCKS)
        drawing.draw_ground(painter, self.rect(), self.zoom, self.corner, self._theme)
        painter.scale(self.zoom, self.zoom)
        painter.translate(-self.corner)
        seen = self.in_sight()
        if self.zoom < cards.BLOCKS:
            drawing.draw_far_lines(painter, self._far_lines, self._theme)
        else:
            drawing.draw_lines(painter, self._lines, self._near, seen, self._theme)
        self._draw_cards(painter, seen)
        painter.end()

    def _draw_cards(self, painter: QPainter, seen: QRectF) -> None:
        hits = set(self.hits)
        far: list[tuple[QPointF, Node, State]] = []
        for name in self._cards_in(seen.adjusted(-CARD[0], -CARD[1], CARD[0], CARD[1])):
            node, middle = self.graph.nodes[name], self.middle_of(name)
            state = State(
                name == self.selected,
                name in self.affected,
                name in hits,
                bool(hits) and name not in hits and name != self.selected,
            )
            if self.zoom < cards.BLOCKS:
                far.append((middle, node, state))
                continue
            cards.draw_card(painter, middle, node, state, self._theme, self.zoom)
            if self.zoom >= cards.NAMES and node.type != "group":
                for count, up in ((node.hidden_up, True), (node.hidden_down, False)):
                    if count:
                        cards.draw_more(painter, middle, count, up, self._theme)
        drawing.draw_blocks(painter, far, self._theme)
        if self.hasFocus() and not self.selected:
            painter.resetTransform()
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._theme.colours.accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _cards_in(self, area: QRectF) -> Iterator[str]:
        """Names of cards whose middle lies in the area."""
        for x, heights, names in self._columns:
            if area.left() <= x <= area.right():
                first = bisect_left(heights, area.top())
                last = bisect_right(heights, area.bottom())
                yield from names[first:last]

    def drawn_ways(self) -> list[tuple[str, str, str]]:
        """Each edge as it is drawn, for a picture: `(basis, path data, arrow's points)`."""
        return [
            (line.edge.basis, path_data(line.path), _points(line.arrow)) for line in self._lines
        ]

    # ------------------------------------------------------------------ finding

    def card_at(self, at: QPointF) -> str:
        """The card under a point of the screen, or ""."""
        point = self.to_scene(at)
        area = QRectF(point.x() - CARD[0] / 2, point.y() - CARD[1] / 2, *CARD)
        return next(self._cards_in(area), "")

    def _handle_at(self, at: QPointF) -> tuple[str, bool] | None:
        if self.zoom < cards.NAMES:
            return None
        point = self.to_scene(at)
        reach = CARD[0] / 2 + 32
        area = QRectF(point.x() - reach, point.y() - 10, 2 * reach, 20)
        for name in self._cards_in(area):
            node, middle = self.graph.nodes[name], self.middle_of(name)
            for count, up in ((node.hidden_up, True), (node.hidden_down, False)):
                if count and node.type != "group" and cards.more_rect(middle, up).contains(point):
                    return name, up
        return None

    def edge_at(self, at: QPointF) -> Edge | None:
        """The edge under a point of the screen, the nearest of several."""
        point, reach = self.to_scene(at), _NEAR / self.zoom
        best: tuple[float, Edge] | None = None
        for line in self._lines:
            if not line.box.adjusted(-reach, -reach, reach, reach).contains(point):
                continue
            distance = line.distance(point)
            if distance <= reach and (best is None or distance < best[0]):
                best = distance, line.edge
        return best[1] if best else None

    # ------------------------------------------------------------------ mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed = event.position().toPoint(), QPointF(self.corner)
            self._dragging = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            over = self.card_at(event.position()) or self._handle_at(event.position())
            shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            return
        start, corner = self._pressed
        moved = event.position() - QPointF(start)
        if not self._dragging and moved.manhattanLength() < 5:
            return
        self._dragging = True
        self._glide.stop()
        self._was_fitted = False
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        self.corner = corner - moved / self.zoom
        self.update()
        self.moved.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        self.setCursor(Qt.CursorShape.ArrowCursor)
        if pressed is None or self._dragging or event.button() != Qt.MouseButton.LeftButton:
            self._dragging = False
            return
        handle = self._handle_at(event.position())
        if handle is not None:
            self.expand.emit(*handle)
        else:
            self.select(self.card_at(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        name = self.card_at(event.position())
        if name:
            self.opened.emit(name)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel zooms; two fingers on a touch pad, and the wheel with Shift, move."""
        event.accept()
        if event.phase() != Qt.ScrollPhase.NoScrollPhase and not event.pixelDelta().isNull():
            self._glide.stop()
            self.corner -= QPointF(event.pixelDelta()) / self.zoom
            self._was_fitted = False
            self.update()
            self.moved.emit()
            return
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            across = turned.y() or turned.x()
            self._go((self.zoom, self.corner - QPointF(across / self.zoom, 0)), at_once=True)
        elif turned.y():
            self.zoom_by(1.0015 ** turned.y(), event.position())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        name = self.selected if by_key else self.card_at(QPointF(event.pos()))
        if name:
            at = event.globalPos()
            if by_key:
                at = self.mapToGlobal(self.to_screen(self.middle_of(name)).toPoint())
            self.select(name)
            self.menu_wanted.emit(name, at)
            return
        edge = None if by_key else self.edge_at(QPointF(event.pos()))
        if edge is not None:
            self.edge_menu.emit(edge, event.globalPos())

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self._tip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _tip_at(self, at: QPointF) -> str:
        if name := self.card_at(at):
            node = self.graph.nodes[name]
            return tip(f"{cards.title_of(node)}\n{cards.spoken(node)}")
        edge = self.edge_at(at)
        return tip(edge_words(edge)) if edge is not None else ""

    # ------------------------------------------------------------------ keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        arrows: dict[Qt.Key, Callable[[], None]] = {
            Qt.Key.Key_Left: self._to_origin,
            Qt.Key.Key_Right: self._to_product,
            Qt.Key.Key_Up: lambda: self._along_column(-1),
            Qt.Key.Key_Down: lambda: self._along_column(1),
        }
        key = Qt.Key(event.key())
        if key in arrows:
            arrows[key]()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_by(1.25)
        elif key == Qt.Key.Key_Minus:
            self.zoom_by(0.8)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_Period:
            self.centre()
        elif key == Qt.Key.Key_Home:
            self.select(self.graph.root, centre=True)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected:
            self.opened.emit(self.selected)
        elif key == Qt.Key.Key_Escape and self.selected:
            self.select("")
        else:
            super().keyPressEvent(event)

    def _to_origin(self) -> None:
        """Along an edge against its direction, to the nearest card; at the end it unfolds more."""
        self._follow(True)

    def _to_product(self) -> None:
        self._follow(False)

    def _follow(self, up: bool) -> None:
        if not self.selected:
            self.select(self.graph.root)
            return
        at = self.middle_of(self.selected)
        others = self.graph.neighbours(self.selected, up)
        if not others:
            node = self.graph.nodes[self.selected]
            if (node.hidden_up if up else node.hidden_down) and node.type != "group":
                self.expand.emit(self.selected, up)
            return
        self.select(min(others, key=lambda o: abs(self.placed.positions[o][1] - at.y())))

    def _along_column(self, step: int) -> None:
        if not self.selected:
            self.select(self.graph.root)
            return
        x, y = self.placed.positions[self.selected]
        for at, heights, names in self._columns:
            if at == x:
                wanted = bisect_left(heights, y) + step
                if names[min(bisect_left(heights, y), len(names) - 1)] != self.selected:
                    wanted = names.index(self.selected) + step
                if 0 <= wanted < len(names):
                    self.select(names[wanted])
                return


def _points(polygon: QPolygonF) -> str:
    return " ".join(f"{p.x():.1f},{p.y():.1f}" for p in polygon.toList())


def edge_words(edge: Edge) -> str:
    """An edge in words: relation, basis, and for what was inferred the rule, how sure, and why."""
    words = f"{edge.relation}, {edge.basis}"
    if edge.basis == "inferred":
        said = f", {edge.decision}" if edge.decision else ""
        words += f" by {edge.rule} ({edge.confidence:.0%} sure{said})"
    return f"{words}: {edge.reason}" if edge.reason else words

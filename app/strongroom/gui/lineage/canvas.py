"""The canvas: cards and edges at any zoom, moved about by mouse and travelled by keyboard.

Painted by hand and only where one looks: a graph of thousands of nodes costs what is in sight.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence

from PySide6.QtCore import (
    QEvent,
    QPoint,
    QPointF,
    QRectF,
    Qt,
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
from strongroom.gui.lineage.view import View
from strongroom.gui.theme import Theme
from strongroom.gui.tips import tip

_NEAR = 7.0


class Canvas(QWidget):
    """`chosen(id)`: selected ("" is none); `opened(id)`: double click or Enter; `expand(id, up)`:
    a handle was pressed; `menu_wanted(id, at)`: a card's context menu; `edge_menu(edge, at)`: an
    edge's.
    """

    chosen = Signal(str)
    opened = Signal(str)
    expand = Signal(str, bool)
    menu_wanted = Signal(str, QPoint)
    edge_menu = Signal(object, QPoint)

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
        self._doubtful: frozenset[str] = frozenset()
        self.hits: list[str] = []
        self._way: list[str] = []
        self._lines: Sequence[Line] = []
        self._columns: list[tuple[float, list[float], list[str]]] = []
        self._near: set[str] = set()
        self._far_lines = drawing.far_lines((), self._near)
        self.view = View(self)
        self._pressed: QPointF | None = None
        self._dragged: QPointF | None = None
        self.view.moved.connect(self.update)
        theme.changed.connect(self.update)

    # ------------------------------------------------------------------ what is shown

    def show_graph(
        self, graph: Graph, placed: Placed, drawn: Sequence[Line], anchor: str = ""
    ) -> None:
        """Another graph; the card `anchor` stays where it is on the screen, if it was there."""
        before = self.placed.positions.get(anchor)
        self.graph, self.placed = graph, placed
        self._lines = drawn
        self._sort()
        if self.selected not in graph.nodes:
            self.selected = ""
        self.hits = [h for h in self.hits if h in graph.nodes]
        if any(name not in graph.nodes for name in self._way):
            self._way = []
        self._mark_near()
        self._mark_affected()
        if before is not None and anchor in placed.positions:
            self.view.follow(QPointF(*placed.positions[anchor]) - QPointF(*before))
        else:
            self.fit(at_once=True)
        self.setAccessibleDescription(self._described())
        self.update()

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
        if name and centre:
            self.centre(name)
        elif name and changed:
            self.view.bring(cards.card_rect(self.middle_of(name)).adjusted(-24, -24, 24, 24))
        self.update()
        if changed:
            self.setAccessibleDescription(self._described())
            QAccessible.updateAccessibility(
                QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
            )
            if not quietly:
                self.chosen.emit(name)

    def show_affected(self, names: Collection[str]) -> None:
        """Marks what is affected, also what comes into the graph later; none takes it away."""
        self._doubtful = frozenset(names)
        self._mark_affected()
        self.update()

    def _mark_affected(self) -> None:
        """Groups that hold some of it are affected too."""
        self.affected = {
            i
            for i, n in self.graph.nodes.items()
            if i in self._doubtful or not self._doubtful.isdisjoint(n.members)
        }

    def show_way(self, names: Sequence[str]) -> None:
        """Sets a way apart instead of what the selected card is connected with; none: as before."""
        self._way = list(names)
        self._mark_near()
        self.update()

    @property
    def has_way(self) -> bool:
        return bool(self._way)

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

    # ------------------------------------------------------------------ places

    def bounds(self) -> QRectF:
        """All cards, in scene units."""
        if not self.placed.positions:
            return QRectF(0, 0, 1, 1)
        xs = [x for x, _ in self.placed.positions.values()]
        ys = [y for _, y in self.placed.positions.values()]
        box = QRectF(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
        return box.adjusted(-CARD[0] / 2, -CARD[1] / 2, CARD[0] / 2, CARD[1] / 2)

    def middle_of(self, name: str) -> QPointF:
        return QPointF(*self.placed.positions[name])

    def fit(self, at_once: bool = False) -> None:
        """All of the graph in sight."""
        self.view.fit(self.bounds(), at_once)

    def centre(self, name: str = "") -> None:
        """The card, else the selected one, else the root, in the middle."""
        name = name or self.selected or self.graph.root
        if name in self.placed.positions:
            self.view.centre(self.middle_of(name))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.view.is_fitted:
            self.fit(at_once=True)
        self.view.moved.emit()

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self.view.zoom >= cards.BLOCKS)
        drawing.draw_ground(painter, self.rect(), self.view.zoom, self.view.corner, self._theme)
        painter.scale(self.view.zoom, self.view.zoom)
        painter.translate(-self.view.corner)
        seen = self.view.in_sight()
        if self.view.zoom < cards.BLOCKS:
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
            if self.view.zoom < cards.BLOCKS:
                far.append((middle, node, state))
                continue
            cards.draw_card(painter, middle, node, state, self._theme, self.view.zoom)
            if self.view.zoom >= cards.NAMES and node.type != "group":
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
        point = self.view.to_scene(at)
        area = QRectF(point.x() - CARD[0] / 2, point.y() - CARD[1] / 2, *CARD)
        return next(self._cards_in(area), "")

    def _handle_at(self, at: QPointF) -> tuple[str, bool] | None:
        if self.view.zoom < cards.NAMES:
            return None
        point = self.view.to_scene(at)
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
        point, reach = self.view.to_scene(at), _NEAR / self.view.zoom
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
            self._pressed, self._dragged = event.position(), None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is None:
            over = self.card_at(at) or self._handle_at(at)
            shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            return
        if self._dragged is None and (at - self._pressed).manhattanLength() < 5:
            return
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        # From the last place, not from the first: the graph may have changed under the hand.
        self.view.move_by(at - (self._dragged or self._pressed))
        self._dragged = at

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, dragged, self._pressed, self._dragged = self._pressed, self._dragged, None, None
        self.setCursor(Qt.CursorShape.ArrowCursor)
        if pressed is None or dragged is not None or event.button() != Qt.MouseButton.LeftButton:
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
            self.view.move_by(QPointF(event.pixelDelta()))
            return
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            across = turned.y() or turned.x()
            self.view.move_by(QPointF(across, 0))
        elif turned.y():
            self.view.zoom_by(1.0015 ** turned.y(), event.position())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        name = self.selected if by_key else self.card_at(QPointF(event.pos()))
        if name:
            at = event.globalPos()
            if by_key:
                at = self.mapToGlobal(self.view.to_screen(self.middle_of(name)).toPoint())
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
            self.view.zoom_by(1.25)
        elif key == Qt.Key.Key_Minus:
            self.view.zoom_by(0.8)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_Period:
            self.centre()
        elif key == Qt.Key.Key_Home:
            self.select(self.graph.root, centre=True)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected:
            self.opened.emit(self.selected)
        elif key == Qt.Key.Key_Escape and self._doubtful:
            self.show_affected(())
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

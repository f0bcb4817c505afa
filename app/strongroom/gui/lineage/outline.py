"""The graph as a list: the same nodes with what they were made from, for reading and for keys."""

from __future__ import annotations

from collections import defaultdict

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

from strongroom.gui.lineage import cards
from strongroom.gui.lineage.canvas import edge_words
from strongroom.gui.lineage.graph import Edge, Graph
from strongroom.gui.theme import DENSE_ROW
from strongroom.gui.tips import tip

_ID = Qt.ItemDataRole.UserRole
_EDGE = Qt.ItemDataRole.UserRole + 1
_STEPS = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
#: Larger lists begin folded.
_UNFOLDED = 200
_COLUMNS = ("Node", "Kind", "Steps", "Made from", "Basis and reason")


class Outline(QTreeWidget):
    """One row a node, nearest first upstream to downstream; below it a row for each edge into it.

    `chosen(id)`: the current row's node; `opened(id)`: Enter or double click; `menu_wanted(id, at)`
    and `edge_menu(edge, at)`: the context menu of a row.
    """

    chosen = Signal(str)
    opened = Signal(str)
    menu_wanted = Signal(str, QPoint)
    edge_menu = Signal(object, QPoint)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("look", "outline")
        self.setHeaderLabels(list(_COLUMNS))
        self.headerItem().setTextAlignment(2, _STEPS)
        self.setAccessibleName("Lineage as a list")
        self.setUniformRowHeights(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAllColumnsShowFocus(True)
        header = self.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        for column, width in enumerate((280, 90, 70, 240)):
            self.setColumnWidth(column, width)
        self._root = ""
        self._edges: list[Edge] = []
        self._rows: dict[str, QTreeWidgetItem] = {}
        self.currentItemChanged.connect(self._tell)
        self.itemActivated.connect(lambda item, _: self.opened.emit(item.data(0, _ID)))

    def show_graph(self, graph: Graph) -> None:
        """Another graph; of the same root the current row, what is folded and the place stay."""
        same, self._root = graph.root == self._root, graph.root
        current = self._ids_of(self.currentItem()) if same else ()
        folded = {
            name for name, row in self._rows.items() if row.childCount() and not row.isExpanded()
        }
        known, at = set(self._rows), self.verticalScrollBar().value()
        self.blockSignals(True)
        self.clear()
        self._rows.clear()
        self._edges.clear()
        items = []
        arriving: defaultdict[str, list[Edge]] = defaultdict(list)
        for edge in graph.edges:
            arriving[edge.end].append(edge)
        for node in sorted(graph.nodes.values(), key=lambda n: (n.distance, n.id)):
            into = arriving[node.id]
            steps = "root" if node.id == graph.root else f"{node.distance:+d}"
            words = [cards.title_of(node), cards.look_of(node).word, steps, str(len(into) or "")]
            item = QTreeWidgetItem(words)
            item.setData(0, _ID, node.id)
            item.setSizeHint(0, QSize(0, DENSE_ROW))
            item.setTextAlignment(2, _STEPS)
            item.setToolTip(0, tip(words[0]))
            for edge in into:
                start = graph.nodes[edge.start]
                child = QTreeWidgetItem(
                    ["", cards.look_of(start).word, "", cards.title_of(start), edge_words(edge)]
                )
                child.setData(0, _ID, edge.start)
                child.setData(0, _EDGE, len(self._edges))
                child.setToolTip(3, tip(cards.title_of(start)))
                child.setToolTip(4, tip(edge_words(edge)))
                self._edges.append(edge)
                item.addChild(child)
            self._rows[node.id] = item
            items.append(item)
        self.addTopLevelItems(items)
        if len(items) <= _UNFOLDED:
            self.expandAll()
        if same:
            for name in known & self._rows.keys():
                self._rows[name].setExpanded(name not in folded)
            self._go_back_to(current)
            self.verticalScrollBar().setValue(at)
        self.blockSignals(False)

    @staticmethod
    def _ids_of(item: QTreeWidgetItem | None) -> tuple[str, ...]:
        """A row's node, after it for a row of an edge where that begins."""
        if item is None:
            return ()
        above = item.parent()
        name = str(item.data(0, _ID))
        return (name,) if above is None else (str(above.data(0, _ID)), name)

    def _go_back_to(self, ids: tuple[str, ...]) -> None:
        row = self._rows.get(ids[0]) if ids else None
        if row is None:
            return
        self.setCurrentItem(row)
        for n in range(row.childCount()):
            below = row.child(n)
            if below is not None and ids[1:] == (below.data(0, _ID),):
                self.setCurrentItem(below)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        item = self.currentItem() if by_key else self.itemAt(event.pos())
        if item is None:
            return
        at = event.globalPos()
        if by_key:
            at = self.viewport().mapToGlobal(self.visualItemRect(item).bottomLeft())
        self.setCurrentItem(item)
        edge = item.data(0, _EDGE)
        if edge is None:
            self.menu_wanted.emit(item.data(0, _ID), at)
        else:
            self.edge_menu.emit(self._edges[edge], at)

    def select(self, name: str) -> None:
        item = self._rows.get(name)
        current = self.currentItem()
        if item is not None and (current is None or current.data(0, _ID) != name):
            self.setCurrentItem(item)

    def _tell(self, current: QTreeWidgetItem | None, _: object) -> None:
        if current is not None:
            self.chosen.emit(current.data(0, _ID))

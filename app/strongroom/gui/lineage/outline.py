"""The graph as a list: the same nodes with what they were made from, for reading and for keys."""

from __future__ import annotations

from collections import defaultdict

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

from strongroom.gui.lineage import cards
from strongroom.gui.lineage.canvas import edge_words
from strongroom.gui.lineage.graph import Edge, Graph

_ID = Qt.ItemDataRole.UserRole
_COLUMNS = ("Node", "Kind", "Steps", "Made from", "Basis and reason")


class Outline(QTreeWidget):
    """One row a node, nearest first upstream to downstream; below it a row for each edge into it.

    `chosen(id)`: the current row's node; `opened(id)`: Enter or double click.
    """

    chosen = Signal(str)
    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderLabels(list(_COLUMNS))
        self.setAccessibleName("Lineage as a list")
        self.setUniformRowHeights(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAllColumnsShowFocus(True)
        header = self.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        self._rows: dict[str, QTreeWidgetItem] = {}
        self.currentItemChanged.connect(self._tell)
        self.itemActivated.connect(lambda item, _: self.opened.emit(item.data(0, _ID)))

    def show_graph(self, graph: Graph) -> None:
        self.blockSignals(True)
        self.clear()
        self._rows.clear()
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
            item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight)
            for edge in into:
                start = graph.nodes[edge.start]
                child = QTreeWidgetItem(
                    ["", cards.look_of(start).word, "", cards.title_of(start), edge_words(edge)]
                )
                child.setData(0, _ID, edge.start)
                child.setToolTip(4, edge_words(edge))
                item.addChild(child)
            self._rows[node.id] = item
            items.append(item)
        self.addTopLevelItems(items)
        if len(items) <= 200:
            self.expandAll()
        self.setColumnWidth(0, 280)
        self.setColumnWidth(3, 240)
        self.blockSignals(False)

    def select(self, name: str) -> None:
        item = self._rows.get(name)
        current = self.currentItem()
        if item is not None and (current is None or current.data(0, _ID) != name):
            self.setCurrentItem(item)

    def _tell(self, current: QTreeWidgetItem | None, _: object) -> None:
        if current is not None:
            self.chosen.emit(current.data(0, _ID))

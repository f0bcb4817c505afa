"""The menus of the lineage screen: of a card, of an edge, and of the formats it goes out in."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from strongroom.gui.lineage.canvas import edge_words
from strongroom.gui.lineage.export import FORMATS
from strongroom.gui.lineage.graph import Edge
from strongroom.gui.menus import menu_of
from strongroom.gui.pieces import copy_text
from strongroom.gui.theme import Theme

if TYPE_CHECKING:
    from strongroom.gui.lineage.screen import LineageScreen

_DECISIONS = (("Confirm", "check", "confirmed"), ("Refuse", "x", "refused"))


class LineageMenus:
    def __init__(self, screen: LineageScreen, theme: Theme) -> None:
        self._screen, self._theme = screen, theme

    def node_menu(self, name: str) -> QMenu:
        """What can be done with a card."""
        screen, node = self._screen, self._screen.canvas.graph.nodes[name]
        if node.type == "group":
            entries: list[Any] = [("Open the group", "ungroup", lambda: screen.open(name))]
            return menu_of(screen, entries, self._theme)
        way = "The way to here" if screen.way_from else "A way from here"
        entries = [
            ("Open", "panel-right", lambda: screen.open(name)),
            ("Centre the graph on it", "locate-fixed", lambda: screen.show_of(name)),
            None,
        ]
        if node.hidden_up:
            entries.append(("One step back", "arrow-up-left", lambda: screen.expand(name, True)))
        if node.hidden_down:
            entries.append(("One step on", "arrow-down-right", lambda: screen.expand(name, False)))
        entries += [
            (way, "workflow", screen.way_between),
            None,
            ("Add to the comparison", "git-compare", lambda: screen.compare.emit([name])),
        ]
        if node.type == "version":
            entries += [
                ("Declare what it was made from…", "plus", lambda: screen.declare(name)),
                ("Copy the reference", "copy", lambda: copy_text(name)),
            ]
        else:
            run = name.removeprefix("run:")
            entries.append(("Copy its id", "copy", lambda: copy_text(run)))
        return menu_of(screen, entries, self._theme)

    def edge_menu(self, edge: Edge) -> QMenu:
        """What can be done with an edge; what was inferred is decided on."""
        words = edge_words(edge)
        entries: list[Any] = [("Copy what is known of it", "copy", lambda: copy_text(words))]
        between_versions = "group:" not in edge.start + edge.end
        for text, icon, decision in _DECISIONS if edge.basis == "inferred" else ():
            if between_versions and edge.decision != decision:
                decide = functools.partial(self._screen.decide, edge.start, edge.end, decision)
                entries.append((text, icon, decide))
        return menu_of(self._screen, entries, self._theme)

    def open_for_node(self, name: str, at: QPoint) -> None:
        self.node_menu(name).exec(at)

    def open_for_edge(self, edge: Edge, at: QPoint) -> None:
        self.edge_menu(edge).exec(at)

    def open_for_export(self) -> None:
        """Under the panel's button."""
        entries: list[Any] = [
            (text, "download", functools.partial(self._screen.export, form))
            for form, (text, _) in FORMATS.items()
        ]
        button = self._screen.side.export_button
        menu_of(self._screen, entries, self._theme).exec(button.mapToGlobal(QPoint(0, -8)))

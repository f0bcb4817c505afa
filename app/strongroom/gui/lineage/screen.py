"""The Lineage screen: where something came from, and what came of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QObject, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QSplitter, QStackedWidget, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.domain.event import Event
from strongroom.gui.bridge import Bridge
from strongroom.gui.commands import Command
from strongroom.gui.lineage import cards
from strongroom.gui.lineage.canvas import Canvas
from strongroom.gui.lineage.centre_field import CentreField
from strongroom.gui.lineage.export import FORMATS, write
from strongroom.gui.lineage.graph import Graph
from strongroom.gui.lineage.legend import BASES, Legend, Zoom
from strongroom.gui.lineage.link_sheet import LinkSheet
from strongroom.gui.lineage.menus import LineageMenus
from strongroom.gui.lineage.outline import Outline
from strongroom.gui.lineage.reading import Reading
from strongroom.gui.lineage.shown import Shown, Wanted, holder
from strongroom.gui.lineage.side import Side
from strongroom.gui.lineage.small_map import SmallMap
from strongroom.gui.lineage.toolbar import Toolbar
from strongroom.gui.pieces import Button, Notice, column, label
from strongroom.gui.screen import Screen
from strongroom.gui.theme import DETAIL, PANEL_FLOATS, SIDEBAR, Theme, font
from strongroom.services.registry import Registry

Document = dict[str, Any]
_REFRESH_MS = 400
_GAP = 16
#: What changes a graph that is shown.
_ACTS = ("lineage.", "version.committed", "run.recorded", "run.output")


class LineageScreen(Screen):
    """`show_version(reference)`, `show_run(id)`: a node was opened; `compare(references)`;
    `sheet_wanted(sheet)`; `said(text, take back or None)`: something was done.
    """

    title = "Lineage"
    icon = "workflow"
    has_panel = True
    show_version = Signal(str)
    show_run = Signal(str)
    compare = Signal(object)
    sheet_wanted = Signal(object)
    said = Signal(str, object)

    def __init__(
        self, bridge: Bridge, theme: Theme, choose_file: Callable[[str, str], str]
    ) -> None:
        """`choose_file(title, name)` asks for the place of a new file, "" for none."""
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # until there is a graph
        self._bridge, self._theme, self._choose_file = bridge, theme, choose_file
        self._select_next = self.way_from = self._between = ""
        self._shown: Shown | None = None
        self._reading = Reading(
            bridge, self._wanted, self._show, self._explain, lambda text: self.said.emit(text, None)
        )
        self._too_far: tuple[str, int] = "", 0
        self._hit = -1
        self._dirty = self._panel_wanted = self._list_is_old = True
        self._in_sight = False
        self.field = CentreField(theme)
        self.middle = self.field
        self.toolbar = Toolbar(theme)
        self.canvas = Canvas(theme)
        self.outline = Outline()
        self.side = Side(bridge, theme)
        self.legend, self.zoom = Legend(self.canvas, theme), Zoom(self.canvas, theme)
        self.map = SmallMap(self.canvas, theme)
        self._alone = label(
            "No links recorded. Press Link… in the panel to say what it was made from, or use"
            " run.use() and --input when you train.", "second", font(12),
        )  # fmt: skip
        self._alone.setParent(self.canvas)
        self._alone.setWordWrap(True)
        self._alone.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._alone.hide()
        self._nothing = Notice(
            theme, "workflow", "indigo", "No lineage yet",
            "Lineage shows what a version was made from and what was made of it. Add something,"
            " or choose a version in the Library and press L.",
        )  # fmt: skip
        self._waiting = Notice(theme, "workflow", "grey", "Reading the lineage…", "")
        self._failure = Notice(theme, "unplug", "red", "", "")
        self._failure.add_button(Button(theme, "Try again", "refresh-cw", "", self.entered))
        self._menus = LineageMenus(self, theme)
        self._build()
        self._connect()

    def _build(self) -> None:
        self._views = QStackedWidget()
        self._views.addWidget(self.canvas)
        self._views.addWidget(self.outline)
        left = QWidget()
        page = column()
        page.addWidget(self.toolbar)
        page.addWidget(self._views, 1)
        left.setLayout(page)
        self._splitter = QSplitter()
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(left)
        self._splitter.addWidget(self.side)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 0)
        self._splitter.setSizes([900, DETAIL])
        self._pages = QStackedWidget()
        for one in (self._waiting, self._nothing, self._splitter, self._failure):
            self._pages.addWidget(one)
        layout = column()
        layout.addWidget(self._pages)
        self.setLayout(layout)
        self.canvas.installEventFilter(self)

    def _connect(self) -> None:
        self.field.sought.connect(self._seek)
        self.field.walk.connect(self._walk)
        self.field.left.connect(self.take_keyboard)
        self.toolbar.asked.connect(self._reading.ask_anew)
        self.toolbar.panel_wanted.connect(self.toggle_panel)
        self.toolbar.filtered.connect(self._reading.arrange_again)
        self.legend.changed.connect(self._reading.arrange_again)
        self.canvas.chosen.connect(self._choose)
        self.canvas.opened.connect(self.open)
        self.canvas.expand.connect(self.expand)
        self.canvas.menu_wanted.connect(self._menus.open_for_node)
        self.canvas.edge_menu.connect(self._menus.open_for_edge)
        self.outline.chosen.connect(lambda name: self.canvas.select(name, centre=True))
        self.outline.opened.connect(self.open)
        self.outline.menu_wanted.connect(self._menus.open_for_node)
        self.outline.edge_menu.connect(self._menus.open_for_edge)
        self.side.decided.connect(self.decide)
        self.side.go_to.connect(self._go_to)
        self.side.show_impact.connect(self._show_impact)
        self.side.open_node.connect(self.open)
        self.side.compare.connect(lambda name: self.compare.emit([name]))
        self.side.link.connect(self.declare)
        self.side.export_wanted.connect(self._menus.open_for_export)
        self.side.hide_wanted.connect(self.toggle_panel)
        self._refresh = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refresh.timeout.connect(self._look_again)
        keys = (
            ("T", self.toggle_outline),
            ("C", self._compare_selected),
            ("P", self.way_between),
        )
        for key, act in keys:
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    # ------------------------------------------------------------------ as every screen

    def ready(self) -> None:
        self._dirty = True
        if self._in_sight:
            self.entered()

    def entered(self) -> None:
        self._in_sight = True
        failed = self._pages.currentWidget() is self._failure
        if self._reading.root and (self._dirty or failed):
            self._ask()
        elif not self._reading.root:
            self._find_root()

    def _look_again(self) -> None:
        if self._reading.root:
            self._ask()
        elif self._pages.currentWidget() is not self._failure:  # that stays until it was read
            self._find_root()

    def left(self) -> None:
        self._in_sight = False
        self._refresh.stop()

    def happened(self, event: Event) -> None:
        if event.name != "entry" or not event.data["action"].startswith(_ACTS):
            return
        self._dirty = True
        if self._in_sight and not self._refresh.isActive():
            self._refresh.start()

    def first_focus(self) -> QWidget:
        if self._pages.currentWidget() is self._splitter:
            return self._view()
        return self

    def _view(self) -> QWidget:
        return self.outline if self._views.currentWidget() is self.outline else self.canvas

    def panes(self) -> Sequence[QWidget]:
        if self._pages.currentWidget() is not self._splitter:
            return [self.first_focus()]
        panes: list[QWidget] = [self.field.edit, self._view()]
        return [*panes, self.side.first_focus()] if self.side.isVisible() else panes

    def commands(self) -> list[Command]:
        def without_graph() -> str:
            return "" if self._shown is not None else "No graph is shown"

        def without_node() -> str:
            return "" if self.canvas.selected else "No node is selected"

        def without_single() -> str:
            node = self.canvas.graph.nodes.get(self.canvas.selected)
            return without_node() or (
                "Open the group first" if node is not None and node.type == "group" else ""
            )

        def without_version() -> str:
            node = self.canvas.graph.nodes.get(self.canvas.selected)
            return "" if node is not None and node.type == "version" else "No version is selected"

        def command(title: str, icon: str, act: Callable[[], object], why_not: Any) -> Command:
            return Command(title, icon, act, why_not=why_not, group="Lineage")

        return [
            command("Show all of the graph (0)", "maximize", self.canvas.fit, without_graph),
            command("Graph as a list, or as cards (T)", "list-tree", self.toggle_outline,
                    without_graph),
            command("Centre the graph on the selected node", "locate-fixed",
                    self._centre_on_selected, without_node),
            command("The way from one node to another (P)", "workflow", self.way_between,
                    without_node),
            command("Add the selected node to the comparison (C)", "git-compare",
                    self._compare_selected, without_single),
            command("Declare what the selected version was made from", "plus",
                    self._declare_selected, without_version),
            command("Open all groups of the graph", "ungroup", self._open_all, without_graph),
            command("Group the graph again", "layers", self._group_again, without_graph),
            *(
                command(f"Export the graph as {text}", "download",
                        functools.partial(self.export, form), without_graph)
                for form, (text, _) in FORMATS.items()
            ),
        ]  # fmt: skip

    def remember(self, memory: QSettings) -> None:
        memory.setValue("lineage/root", self._reading.root)
        memory.setValue("lineage/way", self.toolbar.way)
        memory.setValue("lineage/steps", str(self.toolbar.steps or ""))
        memory.setValue("lineage/split", self._splitter.saveState())
        memory.setValue("lineage/panel", self._panel_wanted)
        memory.setValue("lineage/bases", ",".join(self.legend.bases))

    def recall(self, memory: QSettings) -> None:
        self._reading.root = str(memory.value("lineage/root") or "")
        self.toolbar.choose_way(str(memory.value("lineage/way") or "both"))
        steps = memory.value("lineage/steps")
        if steps is not None:
            self.toolbar.choose_steps(str(steps))
        split = memory.value("lineage/split")
        if not isinstance(split, QByteArray) or not self._splitter.restoreState(split):
            self._splitter.setSizes([self.window().width() - DETAIL - SIDEBAR, DETAIL])
        bases = memory.value("lineage/bases")
        if bases:
            self.legend.set_bases(tuple(str(bases).split(",")))
        self._place_panel()
        wanted = memory.value("lineage/panel", str(self._panel_wanted).lower())
        self._panel_wanted = wanted in (True, "true")
        self._place_panel()

    # ------------------------------------------------------------------ what others ask

    def show_of(self, name: str) -> None:
        """Centres the graph on a version (any reference) or on `run:ID`."""
        if name != self._reading.root:
            self._reading.begin(name)
            self.canvas.selected = ""
            self._select_next = ""
            self._forget_way()
            self.canvas.show_affected(())
        self._dirty = True
        if self._in_sight:
            self._ask()

    @property
    def shown(self) -> Graph | None:
        """The graph on the canvas."""
        return self._shown.graph if self._shown is not None else None

    # ------------------------------------------------------------------ asking

    def _find_root(self) -> None:
        """With nothing chosen, the newest version that there is."""

        def newest(registry: Registry) -> str:
            found = registry.list_versions(limit=1)["versions"]
            return f"{found[0]['name']}@{found[0]['tag']}" if found else ""

        def found(name: str) -> None:
            if name and not self._reading.root:  # nothing else was asked for meanwhile
                self.show_of(name)
            elif not name:
                self._pages.setCurrentWidget(self._nothing)

        self._bridge.ask(newest, found)

    def _wanted(self) -> Wanted:
        way = self.toolbar.way
        return Wanted(
            self._reading.root, way != "down", way != "up", self.toolbar.steps,
            frozenset(self.toolbar.kinds), self.legend.bases, frozenset(self._reading.opened),
            frozenset({self.canvas.selected} if self.canvas.selected else ()),
        )  # fmt: skip

    def _ask(self) -> None:
        self._dirty = False
        self._reading.ask()

    def _show(self, shown: Shown, anchor: str = "") -> None:
        same = self._shown is not None and self._shown.whole.root == shown.whole.root
        self._shown = shown
        waited = self._pages.currentWidget() is not self._splitter and self.hasFocus()
        self._pages.setCurrentWidget(self._splitter)
        if waited:
            self.take_keyboard()
        self._place_panel()
        before = self.canvas.graph.nodes if same else {}
        stay = (anchor, self.canvas.selected, shown.graph.root)
        keep = next((name for name in stay if name in before and name in shown.graph.nodes), "")
        self.canvas.show_graph(shown.graph, shown.placed, shown.drawn, keep)
        self._list_is_old = True
        self._fill_list()
        self.toolbar.show_counts(shown.counts)
        root = shown.whole.nodes[shown.whole.root]
        self.field.show_centre(cards.title_of(root))
        self._alone.setVisible(len(shown.whole.nodes) == 1)
        select = self._select_next or self.canvas.selected or shown.graph.root
        self._select_next = ""
        self.canvas.select(holder(shown.graph, select) or shown.graph.root, quietly=True)
        self._choose(self.canvas.selected)
        self._seek(self.field.edit.text(), keep=True)
        self._place_over()
        more, told = shown.document["more"], self._too_far
        self._too_far = self._reading.root, more
        if more and told != self._too_far:
            self.said.emit(
                f"{more} more nodes are too far away to be shown; ask for fewer steps", None
            )

    def _explain(self, error: StrongroomError) -> None:
        if self._shown is None or error.code == "not_found":
            self._failure.explain(error)
            self._pages.setCurrentWidget(self._failure)
            if error.code == "not_found":
                self._reading.root = ""
        else:  # the last picture stays
            self.said.emit(str(error), None)

    # ------------------------------------------------------------------ selecting and opening

    def _choose(self, name: str) -> None:
        if self._shown is None:
            return
        self.side.show_node(self._shown.graph, name, self._shown.document["refused"])
        self.outline.blockSignals(True)
        self.outline.select(name)
        self.outline.blockSignals(False)

    def _fill_list(self) -> None:
        """Only while it is looked at: a large one takes its time."""
        if self._list_is_old and self._views.currentWidget() is self.outline:
            self._list_is_old = False
            self.outline.show_graph(self.canvas.graph)

    def open(self, name: str) -> None:
        node = self.canvas.graph.nodes.get(name)
        if node is None:
            return
        if node.type == "group":
            self._reading.opened.add(name)
            self._select_next = node.members[0]
            self._reading.arrange_again(anchor=self.canvas.graph.root)
        elif node.type == "run":
            self.show_run.emit(name.removeprefix("run:"))
        else:
            self.show_version.emit(name)

    def _go_to(self, name: str) -> None:
        """A node that may be in a group, or not on the canvas yet."""
        if self._shown is None:
            return
        place = holder(self._shown.graph, name)
        if not place:
            self.show_of(name)
        elif place == name:
            self.canvas.select(name, centre=True)
        else:
            self._reading.opened.add(place)
            self._select_next = name
            self._reading.arrange_again()

    def expand(self, name: str, up: bool) -> None:
        """One step more from a card."""
        if self._shown is not None:
            self._reading.expand(name, up)

    def _open_all(self) -> None:
        if self._shown is not None:
            self._reading.opened |= {
                i for i, n in self._shown.graph.nodes.items() if n.type == "group"
            }
            self._reading.arrange_again()

    def _group_again(self) -> None:
        self._reading.opened.clear()
        self._reading.arrange_again()

    def _centre_on_selected(self) -> None:
        name = self.canvas.selected
        if name and not name.startswith("group:"):
            self.show_of(name)

    def _compare_selected(self) -> None:
        node = self.canvas.graph.nodes.get(self.canvas.selected)
        if node is not None and node.type != "group":
            self.compare.emit([node.id])

    def _declare_selected(self) -> None:
        node = self.canvas.graph.nodes.get(self.canvas.selected)
        if node is not None and node.type == "version":
            self.declare(node.id)

    def way_between(self) -> None:
        """The first call marks where a way begins, the second shows it from there to the node that
        is selected then; once more takes it away.
        """
        name, first = self.canvas.selected, self.way_from
        if self._between or not name or first == name:
            self._forget_way()
            return
        if first not in self.canvas.graph.nodes:
            self.way_from = name
            self.said.emit("The way begins here: select another node and press P again", None)
            return
        graph = self.canvas.graph
        way = graph.way(first, name)
        self.way_from, self._between = "", name
        self.canvas.show_way(way)
        if not way:
            self.said.emit("There is no way between the two in this graph", None)
            self._between = ""
            return
        nodes = [graph.nodes[one] for one in way]
        if "group" in (nodes[0].type, nodes[-1].type):
            self.side.show_between(nodes, [])
            return

        def known(common: Sequence[Document]) -> None:
            if self._between == name and self.canvas.has_way:  # it is still looked at
                self.side.show_between(nodes, common)

        self._bridge.ask(
            lambda registry: registry.common_origins(first, name)["nodes"],
            known,
            lambda error: known([]),
        )

    def _forget_way(self) -> None:
        self.way_from = self._between = ""
        self.canvas.show_way([])
        self.side.show_between([], [])

    def _show_impact(self, names: Collection[str]) -> None:
        """Marks all that is affected; what is not on the canvas yet is brought there."""
        self.canvas.show_affected(names)
        graph = self.shown
        if graph is None or all(holder(graph, name) for name in names):
            return
        self.legend.set_bases(BASES)
        self.toolbar.show_all_kinds()
        if self.toolbar.way == "up":
            self.toolbar.choose_way("both")
        self.toolbar.choose_steps("")
        self._reading.ask_anew()

    # ------------------------------------------------------------------ searching

    def _seek(self, text: str, keep: bool = False) -> None:
        words = text.lower().split()
        graph = self.canvas.graph
        hits = [
            name
            for name, node in sorted(graph.nodes.items(), key=lambda i: (i[1].distance, i[0]))
            if words and all(word in cards.sought_in(node) for word in words)
        ]
        self._hit = min(self._hit, len(hits) - 1) if keep else -1
        self.canvas.show_hits(hits)
        self.field.show_hits(self._hit, len(hits))

    def _walk(self, step: int) -> None:
        hits = self.canvas.hits
        if hits:
            self._hit = (self._hit + step) % len(hits) if self._hit >= 0 else 0
            self.canvas.select(hits[self._hit], centre=True)
            self.field.show_hits(self._hit, len(hits))

    # ------------------------------------------------------------------ deciding and declaring

    def decide(self, source: str, target: str, decision: str) -> None:
        """Confirms or refuses an inferred edge; it can be taken back."""
        words = {"confirmed": "Confirmed", "refused": "Refused", "open": "Open again"}[decision]
        said = f"{words}: {source} → {target}"
        back = "open" if decision != "open" else None

        def done(_: object) -> None:
            again = (lambda: self.decide(source, target, back)) if back else None
            self.said.emit(said, again)
            self.first_focus().setFocus()  # the button that was pressed goes
            self._ask()

        self._bridge.ask(lambda registry: registry.decide_link(target, source, decision), done)

    def declare(self, target: str) -> None:
        def done(edge: dict[str, Any]) -> None:
            self.said.emit(f"Linked: {edge['from']} → {edge['to']}", None)
            self._ask()

        self.sheet_wanted.emit(LinkSheet(self._bridge, self._theme, target, done))

    # ------------------------------------------------------------------ export

    def export(self, form: str) -> None:
        """Writes the graph to a file of the user's choice."""
        if self._shown is None:
            return
        shown, colours = self._shown, self._theme.colours
        name = f"lineage of {self._reading.root}.{FORMATS[form][1]}"
        place = self._choose_file("Export the graph", name)
        if place:
            ways = self.canvas.drawn_ways()
            self._bridge.ask_anyway(
                lambda: write(form, place, shown, ways, colours),
                lambda _: self.said.emit(f"The graph is in {place}", None),
            )

    # ------------------------------------------------------------------ views and places

    def toggle_outline(self) -> None:
        """The same content as a list, or as cards again."""
        to_list = self._views.currentWidget() is self.canvas
        self._views.setCurrentWidget(self.outline if to_list else self.canvas)
        self._fill_list()
        if to_list:
            self.outline.select(self.canvas.selected)
        self._view().setFocus()

    def toggle_panel(self) -> None:
        self._panel_wanted = not self._panel_wanted
        self._place_panel()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_panel()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.canvas and event.type() == QEvent.Type.Resize:
            self._place_over()
        return False

    def _place_panel(self) -> None:
        """Beside the canvas, or where the window is small over it."""
        floats = self.window().width() < PANEL_FLOATS
        if floats and self.side.parent() is not self:
            self._panel_wanted = False  # it would cover what it belongs to
            self.side.setParent(self)
        elif not floats and self.side.parent() is self:
            self._panel_wanted = True
            self._splitter.addWidget(self.side)
        wanted = self._panel_wanted and self._pages.currentWidget() is self._splitter
        self.side.setVisible(wanted if floats else self._panel_wanted)
        if floats:
            width = min(DETAIL, self.width() // 2)
            self.side.setGeometry(self.width() - width, 0, width, self.height())
            self.side.raise_()
        self.toolbar.panel.setVisible(not self._panel_wanted)
        covered = self.side.width() if floats and self.side.isVisible() else 0
        if covered != self.canvas.view.covered:
            self.canvas.view.covered = covered
            if self.canvas.view.is_fitted:
                self.canvas.fit()
            self._place_over()

    def _place_over(self) -> None:
        """Legend, zoom and small map keep their corners; the map gives way where it is narrow."""
        height, width = self.canvas.height(), self.canvas.width()
        width -= self.canvas.view.covered
        low = height - _GAP
        self.legend.move(_GAP, low - self.legend.height())
        beside = _GAP + self.legend.width() + 10
        fits = beside + self.zoom.width() + _GAP <= width
        at = low - self.zoom.height() - (0 if fits else self.legend.height() + 8)
        self.zoom.move(beside if fits else _GAP, at)
        self.map.move(width - _GAP - self.map.width(), low - self.map.height())
        room = (beside + self.zoom.width() if fits else self.legend.width()) + 3 * _GAP
        self.map.setVisible(width - room > self.map.width() and len(self.canvas.graph.nodes) > 1)
        self._alone.setGeometry(width // 6, height // 2 + 70, width * 2 // 3, 44)

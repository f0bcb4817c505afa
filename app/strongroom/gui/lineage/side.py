"""The panel beside the canvas: what is selected, whether its provenance is whole, its impact."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout, QWidget

from strongroom.gui import wording
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.detail.section import empty
from strongroom.gui.lineage import cards
from strongroom.gui.lineage.graph import Graph, Node
from strongroom.gui.paint import Pill
from strongroom.gui.pieces import (
    Button,
    Elided,
    Icon,
    IconButton,
    column,
    copy_text,
    frame,
    label,
    row,
    scrolled,
)
from strongroom.gui.theme import DETAIL, MARGIN, Theme, font, mono
from strongroom.gui.tips import tip
from strongroom.services.registry import Registry

Document = Mapping[str, Any]
#: Inferred edges that are offered for a decision at once; a card each.
_MOST_DOUBTS = 6
_NEAREST = 5
#: What was decided on an inferred edge → tone, icon, title, and what can be done now.
_DOUBTS: dict[str, tuple[str, str, str, tuple[tuple[str, str], ...]]] = {
    "open": (
        "amber", "circle-help", "Inferred: is it right?",
        (("Confirm", "confirmed"), ("Refuse", "refused")),
    ),
    "confirmed": ("green", "circle-check", "Inferred and confirmed", (("Take back", "open"),)),
    "refused": ("grey", "circle-slash", "Inferred and refused", (("Bring back", "open"),)),
}  # fmt: skip


@dataclass(frozen=True)
class _Known:
    """What the registry says of the selected node; None for what does not concern it."""

    provenance: Document | None
    impact: Document


class _ToNode(Button):
    """A node's name to be pressed, cut in the middle where it has no room."""

    def __init__(self, theme: Theme, text: str, act: Callable[[], object]) -> None:
        super().__init__(theme, text, "", "inline", act)
        self._whole = text
        self.setToolTip(tip(text))
        self.setAccessibleName(text)
        self.setMinimumWidth(40)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = max(20, self.width() - 14)
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, room))


class Side(QFrame):
    """`decided(source, target, decision)`: on an inferred edge; `go_to(id)`: a node was pressed;
    `show_impact(ids)`: all that is affected; `open_node(id)`, `compare(id)`, `link(id)`,
    `export_wanted`, `hide_wanted`: pressed.
    """

    decided = Signal(str, str, str)
    go_to = Signal(str)
    show_impact = Signal(object)
    open_node = Signal(str)
    compare = Signal(str)
    link = Signal(str)
    export_wanted = Signal()
    hide_wanted = Signal()

    def __init__(self, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self.setProperty("look", "panel")
        self.setMinimumWidth(300)
        self.resize(DETAIL, 600)
        self._bridge, self._theme = bridge, theme
        self._ticket: Ticket | None = None
        self._node: Node | None = None
        self._graph = Graph("", {}, ())
        self._refused: Sequence[Document] = ()
        layout = column()
        layout.addWidget(self._head())
        layout.addWidget(frame("rule"))
        self._body = column(MARGIN, MARGIN, MARGIN, MARGIN, spacing=14)
        self._provenance, self._impact, self._between = column(), column(), column()
        self._relations, self._doubts = column(spacing=6), column(spacing=8)
        for part in (
            self._between,
            self._doubts,
            self._provenance,
            self._impact,
            self._relations,
        ):
            self._body.addLayout(part)
        self._body.addStretch(1)
        self._area = scrolled(self._body)
        layout.addWidget(self._area, 1)
        layout.addWidget(frame("rule"))
        layout.addLayout(self._foot())
        self.setLayout(layout)

    def _head(self) -> QWidget:
        head = QWidget()
        layout = column(MARGIN, 12, 10, 10, spacing=8)
        title = row(spacing=8)
        self._icon = Icon(self._theme, "workflow", "grey", 18)
        self._name = Elided("", "", font(15, 650))
        self._tag = label("", "second", font(15, 500))
        title.addWidget(self._icon)
        title.addWidget(self._name, 1)
        title.addWidget(self._tag)
        title.addWidget(
            IconButton(
                self._theme, "panel-right-close", "Hide the panel (Ctrl I)", self.hide_wanted.emit
            )
        )
        layout.addLayout(title)
        line = row(spacing=6)
        self._kind = Pill(self._theme, cards.RUN, square=True)
        line.addWidget(self._kind)
        self._fact = label("", "caption", font(12))
        line.addWidget(self._fact)
        line.addStretch(1)
        self._digest = label("", "second", mono())
        line.addWidget(self._digest)
        self._copy = IconButton(self._theme, "copy", "Copy the digest", self._copy_digest)
        line.addWidget(self._copy)
        layout.addLayout(line)
        head.setLayout(layout)
        return head

    def _foot(self) -> QVBoxLayout:
        foot = column(MARGIN, 12, MARGIN, 12, spacing=8)
        theme = self._theme
        first = row(spacing=8)
        self._open = Button(theme, "Open", "panel-right", "", lambda: self.open_node.emit(self._id))
        self._compare = Button(
            theme, "Compare", "git-compare", "", lambda: self.compare.emit(self._id)
        )
        first.addWidget(self._open)
        first.addWidget(self._compare)
        self._link = Button(theme, "Link…", "plus", "", lambda: self.link.emit(self._id))
        foot.addLayout(first)
        second = row(spacing=8)
        second.addWidget(self._link)
        self.export_button = Button(theme, "Export…", "download", "", self.export_wanted.emit)
        self.export_button.setToolTip("Export the graph: a picture, or for another tool")
        second.addWidget(self.export_button)
        foot.addLayout(second)
        return foot

    @property
    def _id(self) -> str:
        return self._node.id if self._node is not None else ""

    def first_focus(self) -> QWidget:
        return self._open if self._open.isEnabled() else self.export_button

    # ------------------------------------------------------------------ what is shown

    def show_node(self, graph: Graph, name: str, refused: Sequence[Document]) -> None:
        """The node of the graph, else the root; what is asked for comes when it is known."""
        node = graph.nodes.get(name) or graph.nodes.get(graph.root)
        same = node is not None and self._node is not None and node.id == self._node.id
        self._graph, self._node, self._refused = graph, node, refused
        if node is None:
            return
        look = cards.GROUP if node.type == "group" else cards.look_of(node)
        self._icon.set_icon(look.icon, look.tone)
        self._name.set_whole(node.name or cards.caption_of(node))
        self._tag.setText(node.tag)
        self._kind.set_look(look)
        self._fact.setText(cards.fact_of(node) if node.type != "group" else "")
        digest = str(node.document.get("content_digest", ""))
        self._digest.setText(wording.short_digest(digest) if digest else "")
        self._copy.setVisible(bool(digest))
        group, version = node.type == "group", node.type == "version"
        first = "Open the group first" if group else ""
        self._compare.setEnabled(not group)
        self._compare.setToolTip(first or "Add it to the comparison (C)")
        self._link.setEnabled(version)
        other = "Declare what it was made from" if version else "A run's record says what it read"
        self._link.setToolTip(first or other)
        self._show_doubts()
        self._show_relations()
        if not same:
            for part in (self._provenance, self._impact):
                empty(part)
        self._ask()

    def _ask(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        node = self._node
        if node is None or node.type == "group":
            return
        name, is_version = node.id, node.type == "version"

        def question(registry: Registry) -> _Known:
            provenance = registry.completeness(name) if is_version else None
            return _Known(provenance, registry.impact(name))

        self._ticket = self._bridge.ask(question, self._show_known)

    def _show_known(self, known: _Known) -> None:
        empty(self._provenance)
        empty(self._impact)
        if known.provenance is not None:
            self._provenance.addWidget(self._provenance_card(known.provenance))
        self._impact.addWidget(self._impact_card(known.impact))

    def _copy_digest(self) -> None:
        if self._node is not None:
            copy_text(str(self._node.document.get("content_digest", "")))

    # ------------------------------------------------------------------ cards

    def _card(
        self, tone: str, icon: str, title: str, beside: str = ""
    ) -> tuple[QFrame, QVBoxLayout]:
        made = frame("toned")
        made.setProperty("tone", tone)
        layout = column(12, 10, 12, 12, spacing=6)
        head = row(spacing=8)
        head.addWidget(Icon(self._theme, icon, tone, 16))
        words = label(title, "tone-words", font(13, 600))
        words.setProperty("tone", tone)
        words.setWordWrap(True)
        head.addWidget(words, 1)
        if beside:
            count = label(beside, "tone-words", font(12, 600))
            count.setProperty("tone", tone)
            head.addWidget(count)
        layout.addLayout(head)
        made.setLayout(layout)
        return made, layout

    def _provenance_card(self, found: Document) -> QFrame:
        checks = found["checks"]
        known = sum(check["ok"] for check in checks)
        whole = bool(found["complete"])
        title = "Provenance complete" if whole else "Provenance has gaps"
        card, layout = self._card(
            "green" if whole else "amber",
            "circle-check" if whole else "triangle-alert",
            title,
            f"{known} of {len(checks)}",
        )
        for check in checks:
            line = row(spacing=8)
            icon, tone = ("check", "green") if check["ok"] else ("x", "amber")
            line.addWidget(Icon(self._theme, icon, tone, 13))
            line.addWidget(label(check["name"], fnt=font(12)))
            detail = Elided(check["detail"], "second", mono(11))
            detail.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            line.addWidget(detail, 1)
            layout.addLayout(line)
            if check["missing"]:
                words = label(wording.sentence(check["missing"]), "second", font(12))
                words.setWordWrap(True)
                words.setContentsMargins(21, 0, 0, 2)
                layout.addWidget(words)
        card.setAccessibleName(f"{title}, {known} of {len(checks)}")
        return card

    def _impact_card(self, found: Document) -> QFrame:
        count = found["versions"] + found["runs"]
        if not count:
            card, layout = self._card("grey", "circle-check", "Nothing was made of it")
            return card
        card, layout = self._card("red", "circle-alert", "Impact: if this were bad")
        kinds = dict(found["by_kind"])
        if found["runs"]:
            kinds["run"] = found["runs"]
        words = label(f"{cards.counted(kinds)} would be doubtful.", fnt=font(12))
        words.setWordWrap(True)
        layout.addWidget(words)
        versions = [n for n in found["nodes"] if n["type"] == "version"]
        for node in versions[:_NEAREST]:
            line = row(spacing=8)
            look = wording.KINDS.get(node["kind"], wording.KINDS["other"])
            line.addWidget(Icon(self._theme, look.icon, look.tone, 13))
            line.addWidget(self._to_node(f"{node['name']} {node['tag']}", node["id"]), 1)
            steps = wording.plural(node["distance"], "step")
            line.addWidget(label(steps, "caption", font(12)))
            layout.addLayout(line)
        ids = [node["id"] for node in found["nodes"]]
        button = Button(self._theme, f"Show all {count} on the graph", "arrow-right", "inline")
        button.clicked.connect(lambda: self.show_impact.emit(ids))
        layout.addWidget(button)
        return card

    def show_between(self, way: Sequence[Node], common: Sequence[Document]) -> None:
        """The way between two nodes, and what both were made from; an empty one takes it away."""
        empty(self._between)
        if not way:
            return
        steps = wording.plural(len(way) - 1, "step")
        card, layout = self._card("indigo", "workflow", "The way between the two", steps)
        for node in way:
            look = cards.GROUP if node.type == "group" else cards.look_of(node)
            line = row(spacing=8)
            line.addWidget(Icon(self._theme, look.icon, look.tone, 13))
            line.addWidget(self._to_node(cards.title_of(node), node.id), 1)
            layout.addLayout(line)
        if common:
            names = ", ".join(f"{one['name']} {one['tag'] or ''}".strip() for one in common[:3])
            more = f" and {len(common) - 3} more" if len(common) > 3 else ""
            words = label(f"Both were made from {names}{more}.", fnt=font(12))
        else:
            words = label("They were made from nothing in common.", "second", font(12))
        words.setWordWrap(True)
        layout.addWidget(words)
        self._between.addWidget(card)

    def _to_node(self, text: str, name: str) -> Button:
        return _ToNode(self._theme, text, lambda: self.go_to.emit(name))

    # ------------------------------------------------------------------ relations and doubts

    def _show_relations(self) -> None:
        empty(self._relations)
        node = self._node
        if node is None:
            return
        self._relations.addWidget(label("RELATIONS", "caption", font(11, 600)))
        for up, icon, title in (
            (True, "arrow-up-left", "Made from"),
            (False, "arrow-down-right", "Made of it"),
        ):
            names = self._graph.closure(node.id, up) - {node.id}
            line = row(spacing=8)
            line.addWidget(Icon(self._theme, icon, "text2", 14))
            line.addWidget(label(title, "second", font(12)))
            count = Elided(self._counted(names), "", font(12, 500), Qt.TextElideMode.ElideRight)
            count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            line.addWidget(count, 1)
            self._relations.addLayout(line)

    def _counted(self, names: set[str]) -> str:
        """`4 datasets, 1 run`: what is on the canvas."""
        counts: dict[str, int] = {}
        for node in sorted((self._graph.nodes[name] for name in names), key=lambda n: n.kind):
            counts[node.kind] = counts.get(node.kind, 0) + max(1, len(node.members))
        return cards.counted(counts) or "nothing shown"

    def _show_doubts(self) -> None:
        """Inferred edges of the node: to be confirmed, confirmed, or refused."""
        empty(self._doubts)
        node = self._node
        if node is None:
            return
        near = [
            e for e in self._graph.edges if e.basis == "inferred" and node.id in (e.start, e.end)
            and self._graph.nodes[e.start].type != "group"
            and self._graph.nodes[e.end].type != "group"
        ]  # fmt: skip
        near.sort(key=lambda edge: (bool(edge.decision), -edge.confidence))  # undecided ones first
        doubts = [
            (e.start, e.end, e.decision or "open", f"{e.rule}, {e.confidence:.0%} sure: {e.reason}")
            for e in near
        ]
        doubts += [
            (gone["from"], gone["to"], "refused", f"{gone['rule']}: {gone['reason']}")
            for gone in self._refused
            if node.id in (gone["from"], gone["to"])
        ]
        for start, end, decision, why in doubts[:_MOST_DOUBTS]:
            self._doubt(start, end, decision, why)
        if len(doubts) > _MOST_DOUBTS:
            more = wording.plural(len(doubts) - _MOST_DOUBTS, "more inferred edge")
            how = "decide from an edge's menu, in the graph or in the list (T)."
            words = label(f"{more}: {how}", "second", font(12))
            words.setWordWrap(True)
            self._doubts.addWidget(words)

    def _doubt(self, start: str, end: str, decision: str, why: str) -> None:
        tone, icon, title, acts = _DOUBTS[decision]
        card, layout = self._card(tone, icon, title)
        words = f"{start} → {end}"
        for text, face in ((words, mono(11)), (wording.sentence(why), font(12))):
            line = label(text, "", face)
            line.setWordWrap(True)
            layout.addWidget(line)
        buttons = row(spacing=8)
        for text, wanted in acts:
            decide = functools.partial(self.decided.emit, start, end, wanted)
            button = Button(self._theme, text, "", "link", decide)
            button.setAccessibleName(f"{text}: {words}")
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        self._doubts.addWidget(card)

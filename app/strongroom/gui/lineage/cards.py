"""How one node is painted: its card at the zoom that holds, and what the card says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from strongroom.domain.timestamps import parse_rfc3339
from strongroom.gui import icons, wording
from strongroom.gui.lineage.graph import Node
from strongroom.gui.lineage.layout import CARD
from strongroom.gui.paint import draw_text
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.wording import Look

#: Below this zoom only stripe and name are painted, below the second only a coloured block.
NAMES, BLOCKS = 0.55, 0.3
_RADIUS = 8.0
RUN = Look("run", "circle-play", "amber")
#: What one of a kind is called where the kind alone does not say it.
_ONE = {"metrics": "metrics file", "other": "other file", "config": "config", "log": "log"}
GROUP = Look("group", "layers", "grey")


@dataclass(frozen=True, slots=True)
class State:
    """What holds for a card just now."""

    selected: bool = False
    affected: bool = False
    hit: bool = False
    faded: bool = False


def look_of(node: Node) -> Look:
    """Icon, word and tone of the node's kind."""
    if node.kind == "run":
        return RUN
    return wording.KINDS.get(node.kind, wording.KINDS["other"])


def title_of(node: Node) -> str:
    """The name as one says it: `fraud-detector v11`, `run train`, `38 versions of checkpoint`."""
    if node.type == "group":
        return f"{caption_of(node)} of {node.name}" if node.name else caption_of(node)
    return f"run {node.name}" if node.type == "run" else f"{node.name} {node.tag}"


def caption_of(node: Node) -> str:
    """What a group is made of: `38 versions`, `12 datasets`."""
    count = len(node.members)
    kinds = node.document.get("kinds", [])
    if node.name:
        return wording.plural(count, "run" if node.kind == "run" else "version")
    if len(kinds) == 1:
        return wording.plural(count, _ONE.get(kinds[0], kinds[0]))
    return wording.plural(count, "node")


def counted(counts: Mapping[str, int]) -> str:
    """`4 datasets, 1 run` of numbers by kind."""
    return ", ".join(wording.plural(n, _ONE.get(kind, kind)) for kind, n in counts.items())


def fact_of(node: Node) -> str:
    """The one fact at the card's right: key metric, run's duration, or size."""
    document = node.document
    if node.type == "run":
        if document["status"] == "finished" and document["ended_at"]:
            took = (
                parse_rfc3339(document["ended_at"]) - parse_rfc3339(document["started_at"])
            ) / 1e6
            return wording.span_text(max(0.0, took))
        return str(document["status"])
    if node.type == "group":
        return "Enter opens it"
    if document["damaged"]:
        return "damaged"
    if document["metric"]:
        name, value = document["metric"]
        return f"{name.rpartition('/')[2][:12]} {wording.number_text(value)}"
    return _size(document["size"])


def _size(size: int) -> str:
    from strongroom.domain.quantities import size_text

    return size_text(size)


def ident_of(node: Node) -> str:
    if node.type == "version":
        digest: str = node.document["content_digest"]
        return digest.removeprefix("sha256:")[:6]
    return node.id.removeprefix("run:")[:8] if node.type == "run" else ""


def spoken(node: Node) -> str:
    """The card in one sentence, for whoever does not see it."""
    parts = [look_of(node).word, title_of(node), fact_of(node) if node.type != "group" else ""]
    if node.hidden_up:
        parts.append(f"{node.hidden_up} more before it")
    if node.hidden_down:
        parts.append(f"{node.hidden_down} more after it")
    return ", ".join(part for part in parts if part)


def card_rect(middle: QPointF) -> QRectF:
    return QRectF(middle.x() - CARD[0] / 2, middle.y() - CARD[1] / 2, *CARD)


def draw_card(
    painter: QPainter, middle: QPointF, node: Node, state: State, theme: Theme, zoom: float
) -> None:
    """One card in scene units; the painter is scaled."""
    rect, c, look = card_rect(middle), theme.colours, look_of(node)
    tone = theme.tone(look.tone)
    painter.save()
    if state.faded:
        painter.setOpacity(0.38)
    if node.type == "group":  # a pile
        for offset in (8, 4):
            painter.setPen(QPen(QColor(c.line3), 1))
            painter.setBrush(QColor(c.panel))
            painter.drawRoundedRect(rect.translated(offset, -offset), _RADIUS, _RADIUS)
    if state.selected or state.hit:
        halo = QColor(c.accent if state.selected else theme.tone("amber").solid)
        halo.setAlphaF(0.22)
        painter.setPen(QPen(halo, 7))
        painter.drawRoundedRect(rect, _RADIUS, _RADIUS)
    edge = c.accent if state.selected else theme.tone("red").solid if state.affected else c.line3
    shape = QPainterPath()
    shape.addRoundedRect(rect, _RADIUS, _RADIUS)
    painter.setPen(QPen(QColor(edge), 1.6 if state.selected or state.affected else 1))
    painter.setBrush(QColor(c.panel))
    painter.drawPath(shape)
    painter.save()
    painter.setClipPath(shape)
    painter.fillRect(QRectF(rect.x(), rect.y(), 4, rect.height()), QColor(tone.solid))
    painter.restore()
    _draw_words(painter, rect, node, look, theme, zoom)
    painter.restore()


def _draw_words(
    painter: QPainter, rect: QRectF, node: Node, look: Look, theme: Theme, zoom: float
) -> None:
    c, tone = theme.colours, theme.tone(look.tone)
    left, width = round(rect.x()) + 14, round(rect.width()) - 24
    top = round(rect.y())
    if zoom < NAMES:
        name = node.name or caption_of(node)
        draw_text(painter, QRect(left, top + 20, width, 38), name, font(17, 600), c.text)
        return
    ratio = painter.device().devicePixelRatioF() * max(1.0, zoom)
    painter.drawPixmap(QPointF(left, top + 10), icons.pixmap(look.icon, tone.text, 14, ratio))
    tag = node.tag or (caption_of(node) if node.type == "group" else "")
    wide = draw_text(
        painter, QRect(left, top + 8, width, 18), tag, font(12, 600), c.text2, right=True
    )
    word = QRect(left + 19, top + 8, width - 19 - wide - 6, 18)
    draw_text(painter, word, wording.sentence(look.word), font(12, 600), tone.text)
    name = node.name or caption_of(node)
    draw_text(
        painter, QRect(left, top + 28, width, 20), name, font(13, 600), c.text,
        elide=Qt.TextElideMode.ElideMiddle,
    )  # fmt: skip
    fact_colour = theme.tone("red").text if node.document.get("damaged") else c.text2
    fact = draw_text(
        painter, QRect(left, top + 51, width - 46, 18).translated(46, 0), fact_of(node),
        font(12, 500), fact_colour, right=True,
    )  # fmt: skip
    rest = QRect(left, top + 51, max(0, width - fact - 8), 18)
    draw_text(painter, rest, ident_of(node), mono(11), c.text3)


def draw_more(painter: QPainter, middle: QPointF, count: int, up: bool, theme: Theme) -> QRectF:
    """The handle at a card's side for neighbours that are not shown; its place comes back."""
    area = more_rect(middle, up)
    c = theme.colours
    painter.setPen(QPen(QColor(c.accent_line), 1))
    painter.setBrush(QColor(c.accent_soft))
    painter.drawRoundedRect(area, 9, 9)
    painter.setFont(font(11, 600))
    painter.setPen(QColor(c.accent_text))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, f"+{min(count, 999)}")
    return area


def more_rect(middle: QPointF, up: bool) -> QRectF:
    side = -CARD[0] / 2 - 16 if up else CARD[0] / 2 + 16
    return QRectF(middle.x() + side - 15, middle.y() - 9, 30, 18)


def sought_in(node: Node) -> str:
    """What search looks through, in small letters; a group's members are in it."""
    words = (title_of(node), node.id, ident_of(node), look_of(node).word, *node.members)
    return " ".join(words).lower()

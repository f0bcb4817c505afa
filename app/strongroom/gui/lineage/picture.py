"""The graph as an SVG, written as text: what is on the canvas, at any size, for a document.

The same text makes the PNG. Neither needs the window's thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QByteArray, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from strongroom.domain.errors import StrongroomError, printable
from strongroom.gui.lineage import cards
from strongroom.gui.lineage.graph import Graph, Node
from strongroom.gui.lineage.layout import CARD, Placed
from strongroom.gui.theme import Colours

_MARGIN = 32
_DASHES = {
    "declared": "",
    "observed": ' stroke-dasharray="7 5"',
    "inferred": ' stroke-dasharray="2 4"',
}
#: Pixels of a PNG at most; a larger graph is drawn smaller.
_LARGEST = 60_000_000
_SIDE = 16_000
_LETTER = 7.3
_MONO = "JetBrains Mono, monospace"


def svg(graph: Graph, placed: Placed, ways: Sequence[tuple[str, str, str]], c: Colours) -> str:
    """`ways`: `(basis, path data, arrow's points)` of each edge, as the canvas draws them."""
    xs = [x for x, _ in placed.positions.values()] or [0.0]
    ys = [y for _, y in placed.positions.values()] or [0.0]
    left, top = min(xs) - CARD[0] / 2 - _MARGIN, min(ys) - CARD[1] / 2 - _MARGIN
    width = max(xs) - min(xs) + CARD[0] + 2 * _MARGIN
    height = max(ys) - min(ys) + CARD[1] + 2 * _MARGIN
    grey = c.tones["grey"].solid
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="{left:.1f} {top:.1f} {width:.1f} {height:.1f}"'
        ' font-family="Inter, sans-serif">',
        f"<title>Lineage of {_text(graph.root)}</title>",
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
        f' fill="{c.window}"/>',
    ]
    for basis, path, arrow in ways:
        parts.append(
            f'<path d="{path}" fill="none" stroke="{grey}" stroke-width="1.5"{_DASHES[basis]}/>'
            f'<polygon points="{arrow}" fill="{grey}"/>'
        )
    for name, node in graph.nodes.items():
        parts += _card(node, placed.positions[name], name == graph.root, c)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _card(node: Node, at: tuple[float, float], is_root: bool, c: Colours) -> list[str]:
    x, y = at[0] - CARD[0] / 2, at[1] - CARD[1] / 2
    look = cards.look_of(node)
    tone = c.tones[look.tone]
    edge = c.accent if is_root else c.line3
    name = node.name or cards.caption_of(node)
    tag = node.tag or (cards.caption_of(node) if node.type == "group" else "")
    right = x + CARD[0] - 10
    return [
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{CARD[0]}" height="{CARD[1]}" rx="8"'
        f' fill="{c.panel}" stroke="{edge}" stroke-width="{1.6 if is_root else 1}"/>',
        f'<rect x="{x:.1f}" y="{y + 6:.1f}" width="4" height="{CARD[1] - 12}"'
        f' fill="{tone.solid}"/>',
        _words(x + 14, y + 22, look.word.capitalize(), 12, 600, tone.text),
        _words(right, y + 22, tag, 12, 600, c.text2, "end"),
        _words(x + 14, y + 43, _cut(name, CARD[0] - 24), 13, 600, c.text),
        _words(x + 14, y + 64, cards.ident_of(node), 11, 400, c.text3, family=_MONO),
        _words(right, y + 64, _cut(cards.fact_of(node), 100), 12, 500, c.text2, "end"),
    ]  # fmt: skip


def _words(
    x: float, y: float, text: str, size: int, weight: int, colour: str, anchor: str = "start",
    family: str = "",
) -> str:  # fmt: skip
    face = f' font-family="{family}"' if family else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}"'
        f' fill="{colour}" text-anchor="{anchor}"{face}>{_text(text)}</text>'
    )


def _text(text: str) -> str:
    return escape(printable(text))


def _cut(text: str, width: float) -> str:
    """Cut in the middle where it would not fit, by the width of an average letter."""
    most = int(width / _LETTER)
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…{text[-(most - most // 2 - 1) :]}"


def png(drawing: str, scale: float = 2.0) -> bytes:
    """The SVG as a PNG at `scale` pixels a unit, less for what would be very large."""
    from PySide6.QtCore import QBuffer, QIODevice

    renderer = QSvgRenderer(QByteArray(drawing.encode()))
    size = renderer.defaultSize()
    area = max(1, size.width() * size.height())
    scale = min(scale, (_LARGEST / area) ** 0.5, _SIDE / max(size.width(), size.height(), 1))
    image = QImage(
        max(1, round(size.width() * scale)),
        max(1, round(size.height() * scale)),
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, image.width(), image.height()))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]
        raise StrongroomError("the picture could not be made", "PNG", "save it as SVG")
    return bytes(buffer.data().data())

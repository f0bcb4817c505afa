"""How the lines of one plot are told apart: by colour and by dashes, the same in every plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from strongroom.gui.theme import Theme

#: Of a line, in pixels.
WIDTH = 1.6
_STROKES = (
    ("indigo", Qt.PenStyle.SolidLine),
    ("orange", Qt.PenStyle.DashLine),
    ("teal", Qt.PenStyle.DotLine),
    ("violet", Qt.PenStyle.DashDotLine),
    ("green", Qt.PenStyle.DashDotDotLine),
    ("red", Qt.PenStyle.SolidLine),
)


#: How the line of that number is drawn.
Stroke = Callable[[Theme, int], QPen]


def stroke(theme: Theme, number: int) -> QPen:
    tone, style = _STROKES[number % len(_STROKES)]
    return _pen(theme, tone, style)


def _pen(theme: Theme, tone: str, style: Qt.PenStyle) -> QPen:
    pen = QPen(QColor(theme.tone(tone).solid), WIDTH, style)
    pen.setCosmetic(True)
    return pen


def subject_stroke(tones: Sequence[str]) -> Stroke:
    """Lines of things compared: each in its tone, all of them drawn through."""

    def drawn(theme: Theme, number: int) -> QPen:
        return _pen(theme, tones[number % len(tones)], Qt.PenStyle.SolidLine)

    return drawn

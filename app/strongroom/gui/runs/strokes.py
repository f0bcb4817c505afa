"""How the lines of one plot are told apart: by colour and by dashes, the same in every plot."""

from __future__ import annotations

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


def stroke(theme: Theme, number: int) -> QPen:
    tone, style = _STROKES[number % len(_STROKES)]
    pen = QPen(QColor(theme.tone(tone).solid), WIDTH, style)
    pen.setCosmetic(True)
    return pen

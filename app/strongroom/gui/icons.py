"""Lucide's SVG outlines in any colour, sharp at any device pixel ratio."""

from __future__ import annotations

import functools
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from strongroom.gui.resources import resources

_STROKE = 'stroke-width="2"', 'stroke-width="1.9"'


@functools.cache
def _source(name: str) -> str:
    path: Path = resources() / "icons" / f"{name}.svg"
    return path.read_text().replace(*_STROKE)


@functools.lru_cache(maxsize=512)
def _pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    svg = _source(name).replace("currentColor", colour)
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(svg.encode())).render(
        painter, QRectF(0, 0, pixmap.width(), pixmap.height())
    )
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def pixmap(name: str, colour: str, size: int = 16, ratio: float | None = None) -> QPixmap:
    """`size` in device-independent pixels; `ratio` None: that of the sharpest screen."""
    if ratio is None:
        ratio = max((s.devicePixelRatio() for s in QGuiApplication.screens()), default=1.0)
    return _pixmap(name, colour, size, ratio)


def icon(name: str, colour: str, size: int = 16, active: str | None = None, gap: int = 0) -> QIcon:
    """As `pixmap`; `active` is the colour while it is checked, `gap` leaves room at its right."""
    made = QIcon(_with_gap(pixmap(name, colour, size), gap))
    if active:
        on = _with_gap(pixmap(name, active, size), gap)
        made.addPixmap(on, QIcon.Mode.Normal, QIcon.State.On)
    return made


def _with_gap(drawn: QPixmap, gap: int) -> QPixmap:
    if not gap:
        return drawn
    ratio = drawn.devicePixelRatio()
    wide = QPixmap(drawn.width() + round(gap * ratio), drawn.height())
    wide.fill(Qt.GlobalColor.transparent)
    wide.setDevicePixelRatio(ratio)
    painter = QPainter(wide)
    painter.drawPixmap(0, 0, drawn)
    painter.end()
    return wide

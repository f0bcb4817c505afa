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
    return _pixmap(name, colour, size, _sharpest() if ratio is None else ratio)


def _sharpest() -> float:
    return max((s.devicePixelRatio() for s in QGuiApplication.screens()), default=1.0)


def icon(
    name: str,
    colour: str,
    size: int = 16,
    active: str | None = None,
    gap: int = 0,
    off: str | None = None,
) -> QIcon:
    """As `pixmap`; `active` is the colour while it is checked, `off` while it is disabled; `gap`
    leaves room at its right.
    """
    ratio = _sharpest()
    made = QIcon(_with_gap(name, colour, size, ratio, gap))
    if active:
        on = _with_gap(name, active, size, ratio, gap)
        made.addPixmap(on, QIcon.Mode.Normal, QIcon.State.On)
    if off:
        made.addPixmap(_with_gap(name, off, size, ratio, gap), QIcon.Mode.Disabled)
    return made


@functools.lru_cache(maxsize=512)
def _with_gap(name: str, colour: str, size: int, ratio: float, gap: int) -> QPixmap:
    """Kept as drawn: of each new picture Qt keeps what it makes of it, for every button anew."""
    drawn = _pixmap(name, colour, size, ratio)
    if not gap:
        return drawn
    wide = QPixmap(drawn.width() + round(gap * ratio), drawn.height())
    wide.fill(Qt.GlobalColor.transparent)
    wide.setDevicePixelRatio(ratio)
    painter = QPainter(wide)
    painter.drawPixmap(0, 0, drawn)
    painter.end()
    return wide

"""One plot, drawn by pyqtgraph from its parts: a whole plot item of its own would take longer to
make than a window may wait.

Import it on the window's thread alone, when the first curve is drawn: loading pyqtgraph changes
classes of Qt, and on another thread that ends the process now and then.
"""

from __future__ import annotations

import math
import os

os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QBrush, QColor, QMouseEvent, QPainterPath, QPen, QResizeEvent, QWheelEvent

from strongroom.gui.pieces import label
from strongroom.gui.runs import traces
from strongroom.gui.runs.strokes import WIDTH, Stroke, stroke
from strongroom.gui.runs.traces import Doubles, Group
from strongroom.gui.theme import Theme, font, mono

# Its own clean-up looks through every object of the process when that ends, also through those
# that Qt is taking down; all that is made here goes with its window.
pg.setConfigOption("exitCleanup", False)
_REDRAW_MS = 30
_SMOOTH_EDGES = 300
_CROSS = QPainterPath()
for _x in (-0.5, 0.5):
    _CROSS.moveTo(_x, -0.5)
    _CROSS.lineTo(-_x, 0.5)


class Plot(pg.GraphicsView):  # type: ignore[misc]  # pyqtgraph has no types
    """`pointed(x or None)` as the mouse moves over it, `enlarge` at a double click."""

    pointed = Signal(object)
    enlarge = Signal()

    def __init__(self, theme: Theme, stroke: Stroke = stroke) -> None:
        super().__init__()
        self._theme, self._stroke = theme, stroke
        self._group: Group | None = None
        self.by_time = self.log = self.zooms = False
        self.smoothing = 0.0
        self.fits = True
        self._lines: list[tuple[pg.PlotCurveItem, pg.PlotCurveItem, pg.ScatterPlotItem]] = []
        self._data: list[tuple[Doubles, Doubles, Doubles]] = []
        self._box = pg.ViewBox(enableMenu=False)
        self._box.setMouseEnabled(x=True, y=False)
        self._box.disableAutoRange()
        self._left, self._bottom = _Axis("left"), _Axis("bottom")
        whole = pg.GraphicsLayout()
        whole.setContentsMargins(0, 4, 8, 0)
        whole.setSpacing(0)
        for item, place in ((self._left, (0, 0)), (self._box, (0, 1)), (self._bottom, (1, 1))):
            whole.addItem(item, *place)
        self._left.linkToView(self._box)
        self._bottom.linkToView(self._box)
        self.setCentralItem(whole)
        self._cross = pg.InfiniteLine(angle=90, movable=False)
        self._cross.hide()
        self._box.addItem(self._cross, ignoreBounds=True)
        for part in (self, self.viewport()):  # the card around it has the keyboard
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self._words = label("", "caption", font(12))
        self._words.setParent(self)
        self._words.hide()
        self._redraw = QTimer(self, singleShot=True, interval=_REDRAW_MS)
        self._redraw.timeout.connect(self.draw)
        self._box.sigXRangeChanged.connect(lambda *_: self._redraw.start())
        self._box.sigRangeChangedManually.connect(self._moved)
        theme.changed.connect(self.dress)
        self.dress()

    # ------------------------------------------------------------------ what is shown

    def show_group(self, group: Group) -> None:
        """Other curves, or the same ones grown."""
        self._group = group
        while len(self._lines) < len(group.traces):
            pale, line, odd = (
                pg.PlotCurveItem(),
                pg.PlotCurveItem(),
                pg.ScatterPlotItem(antialias=True),
            )
            for item in (pale, line, odd):
                self._box.addItem(item, ignoreBounds=True)
            self._lines.append((pale, line, odd))
        for spare in self._lines[len(group.traces) :]:
            for item in spare:
                item.setVisible(False)
        self.dress()
        self.prepare()

    def prepare(self) -> None:
        """After data, axis, scale or smoothing changed: computes what is drawn, and draws."""
        self._data = []
        if self._group is None:
            return
        self._bottom.elapsed = self.by_time
        self._bottom.whole = all(bool((t.steps % 1 == 0).all()) for t in self._group.traces)
        self._left.setLogMode(False, self.log)
        for trace in self._group.traces:
            x = trace.x(self.by_time)
            if x is None:
                none = np.empty(0)
                self._data.append((none, none, none))
                continue
            raw = traces.drawable(trace.values, self.log)
            smooth = traces.drawable(traces.smoothed(trace.values, self.smoothing), self.log)
            self._data.append((x, raw, smooth))
        if self.fits:
            self.fit()
        self.draw()

    def fit(self) -> None:
        """All of the curves, whatever was zoomed."""
        self.fits = True
        across = traces.span([x for x, _, _ in self._data]) or (0.0, 1.0)
        up = traces.span([y for _, raw, smooth in self._data for y in (raw, smooth)]) or (0.0, 1.0)
        self._box.setRange(
            xRange=_widened(across, 0.012), yRange=_widened(up, 0.06), padding=0.0, update=True
        )

    def draw(self) -> None:
        """Puts what lies in sight into the lines, no finer than the screen."""
        self._redraw.stop()
        (left, right), _ = self._box.viewRange()
        columns = max(50, int(self._box.width()) or self.width())
        group = self._group
        if group is None:
            return
        for (pale, line, odd), (x, raw, smooth), trace in zip(
            self._lines, self._data, group.traces, strict=False
        ):
            _put(line, *_line(x, smooth, left, right, columns))
            line.setVisible(True)
            pale.setVisible(self.smoothing > 0)
            if self.smoothing > 0:
                _put(pale, *_line(x, raw, left, right, columns))
            self._mark(odd, line.opts["pen"], x, smooth, trace.values)
        self._say_why_empty()

    def _mark(
        self, item: pg.ScatterPlotItem, pen: QPen, x: Doubles, y: Doubles, values: Doubles
    ) -> None:
        """Crosses for what is no finite number, dots for points that no line leads to."""
        if not len(x):
            item.setVisible(False)
            return
        (across, up), lone = traces.odd_points(x, y, values), traces.lone_points(y)
        red = QPen(QColor(self._theme.tone("red").solid), 1.6)
        red.setCosmetic(True)
        none, full = QBrush(Qt.BrushStyle.NoBrush), QBrush(pen.color())
        dot = QPen(pen.color(), 1)
        item.setData(
            np.concatenate((across, x[lone])),
            np.concatenate((up, y[lone])),
            symbol=[_CROSS] * len(across) + ["o"] * len(lone),
            size=[8] * len(across) + [5] * len(lone),
            pen=[red] * len(across) + [dot] * len(lone),
            brush=[none] * len(across) + [full] * len(lone),
        )
        item.setVisible(len(across) + len(lone) > 0)

    def _say_why_empty(self) -> None:
        drawn = any(bool(np.isfinite(y).any()) for _, _, y in self._data)
        if not drawn:
            timeless = self.by_time and not any(len(x) for x, _, _ in self._data)
            self._words.setText(
                "Its points have no times"
                if timeless
                else "Nothing above zero, as a log scale needs"
                if self.log
                else "None of its values is finite"
            )
            self._words.adjustSize()
            self._words.move((self.width() - self._words.width()) // 2, self.height() // 2 - 16)
        self._words.setVisible(not drawn)

    def set_stroke(self, stroke: Stroke) -> None:
        """Draws the lines in another way."""
        self._stroke = stroke
        self.dress()

    def dress(self) -> None:
        """Colours and fonts of the theme."""
        c = self._theme.colours
        self.setBackground(QColor(c.panel))
        for axis in (self._left, self._bottom):
            axis.setPen(QPen(QColor(c.line3), 1))
            axis.setTextPen(QPen(QColor(c.text3)))
            axis.setTickFont(mono(11))
            axis.setStyle(tickLength=-4 if axis is self._bottom else 0, tickTextOffset=5)
        self._left.setPen(QPen(QColor(c.line), 1))
        self._left.setGrid(110)
        self._left.setWidth(54)
        self._bottom.setHeight(22)
        cross = QPen(QColor(c.text3), 1, Qt.PenStyle.DashLine)
        cross.setCosmetic(True)
        self._cross.setPen(cross)
        for number, (pale, line, _) in enumerate(self._lines):
            pen = self._stroke(self._theme, number)
            line.setPen(pen)
            faint = QPen(pen)
            colour = QColor(pen.color())
            colour.setAlpha(70)
            faint.setColor(colour)
            faint.setStyle(Qt.PenStyle.SolidLine)
            faint.setWidthF(1.0)
            pale.setPen(faint)
        self._redraw.start()

    # ------------------------------------------------------------------ the crosshair

    def point_at(self, x: float | None) -> None:
        self._cross.setVisible(x is not None)
        if x is not None:
            self._cross.setValue(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        scene = self.mapToScene(event.position().toPoint())
        inside = self._box.sceneBoundingRect().contains(scene)
        x = self._box.mapSceneToView(QPointF(scene)).x() if inside else None
        self.pointed.emit(x if x is None or math.isfinite(x) else None)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit(None)

    # ------------------------------------------------------------------ mouse

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The page scrolls; a plot zooms with Ctrl, or when it is the only one."""
        if self.zooms or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
            event.accept()
        else:
            event.ignore()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.enlarge.emit()

    def _moved(self, *_: object) -> None:
        self.fits = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_redraw"):  # the base resizes while it is made
            self._redraw.start()


class _Axis(pg.AxisItem):  # type: ignore[misc]
    """Short words for large numbers and for time."""

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.elapsed = self.whole = False
        self.enableAutoSIPrefix(False)

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        """Time is cut where clocks cut it."""
        if not self.elapsed:
            return super().tickSpacing(low, high, size)  # type: ignore[no-any-return]
        unit = next((u for u in (86400, 3600, 60) if high - low >= 2 * u), 1)
        levels = super().tickSpacing(low / unit, high / unit, size)
        return [(spacing * unit, offset * unit) for spacing, offset in levels]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.elapsed:
            return [elapsed_text(v, spacing) for v in values]
        if self.logMode:
            return [_log_text(v) for v in values]
        if self.whole and spacing < 1:
            return [short_number(v, 1) if v == int(v) else "" for v in values]
        return [short_number(v, spacing) for v in values]


def _log_text(exponent: float) -> str:
    """Only 1, 2 and 5 of each decade have a word: the others would stand too close."""
    mantissa = 10 ** (exponent % 1)
    if min(abs(mantissa - m) for m in (1, 2, 5, 10)) > 0.01:
        return ""
    return f"{10**exponent:.3g}"


def elapsed_text(seconds: float, spacing: float = 1.0) -> str:
    """`40 s`, `5 min`, `1.5 h`."""
    for unit, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= unit or (spacing >= unit and seconds):
            return f"{seconds / unit:.3g} {word}"
    return f"{seconds:.3g} s"


def short_number(value: float, spacing: float) -> str:
    """`20 k`; no more digits than the distance of ticks asks for."""
    for unit, word in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= unit:
            unit = 1e3 if word == "k" else unit
            return f"{value / unit:.4g} {word}"
    if spacing <= 0 or not math.isfinite(spacing):
        return f"{value:.4g}"
    digits = max(0, -math.floor(math.log10(spacing) + 1e-9))
    return f"{value:.{digits}f}" if digits <= 6 else f"{value:.3g}"


def _put(item: pg.PlotCurveItem, x: Doubles, y: Doubles) -> None:
    """Smooth edges where there are few points; a thin plain line, which is quick to paint, where
    there are many: every plot in sight may have to be painted at once.
    """
    few = len(x) <= _SMOOTH_EDGES
    item.setData(x, y, connect="finite", antialias=few)
    pen = QPen(item.opts["pen"])
    pen.setWidthF(WIDTH if few else 1.0)
    item.setPen(pen)


def _line(
    x: Doubles, y: Doubles, left: float, right: float, columns: int
) -> tuple[Doubles, Doubles]:
    return traces.thinned(*traces.seen(x, y, left, right), columns)


def _widened(ends: tuple[float, float], share: float) -> tuple[float, float]:
    """Room on both sides; something to see where all values are equal."""
    low, high = ends
    if low == high:
        room = abs(low) * 0.1 or 0.5
        return low - room, high + room
    room = (high - low) * share
    return low - room, high + room

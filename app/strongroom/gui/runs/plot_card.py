"""A card with one plot: its title, the plot once it comes into sight, and a legend with values.

The card alone knows nothing of pyqtgraph, so a run without curves never loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from strongroom.domain.errors import printable
from strongroom.gui.paint import draw_placeholder, draw_text
from strongroom.gui.pieces import Elided, IconButton, column, label, row
from strongroom.gui.runs.strokes import Stroke, stroke
from strongroom.gui.runs.wording import point_text
from strongroom.gui.theme import PLOT, PLOT_LARGE, Theme, font, mono
from strongroom.gui.tips import tip
from strongroom.gui.wording import plural

if TYPE_CHECKING:
    from strongroom.gui.runs.plot import Plot
    from strongroom.gui.runs.traces import Group, Trace

_LINE = 19


class PlotCard(QFrame):
    """`in_sight(card)`: it is seen and not up to date; `pointed(x or None)`; `enlarge(card)`."""

    in_sight = Signal(object)
    pointed = Signal(object)
    enlarge = Signal(object)

    def __init__(self, theme: Theme, stroke: Stroke = stroke) -> None:
        super().__init__()
        self._stroke = stroke
        self.setProperty("look", "plot")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._theme = theme
        self.group: Group | None = None
        self.plot: Plot | None = None
        self.stale = True
        self.by_time = self.log = self.large = False
        self.smoothing = 0.0
        self._x: float | None = None
        layout = column(1, 6, 1, 8)
        head = row(14, 0, 6, 0, spacing=8)
        self.title = Elided("", "", font(13, 600), Qt.TextElideMode.ElideRight)
        head.addWidget(self.title, 1)
        self.odd = label("", "bad", font(12))
        head.addWidget(self.odd)
        self.button = IconButton(theme, "maximize-2", "Enlarge", lambda: self.enlarge.emit(self))
        self.button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Enter on the card does the same
        head.addWidget(self.button)
        layout.addLayout(head)
        self._place = QWidget()
        self._place.setFixedHeight(PLOT)
        inside = column(6, 0, 6, 0)
        self._place.setLayout(inside)
        self._inside: QVBoxLayout = inside
        layout.addWidget(self._place)
        self.legend = _Legend(theme, stroke)
        layout.addWidget(self.legend)
        layout.addStretch(1)  # beside one with a longer legend the plots stay on one line
        self.setLayout(layout)

    # ------------------------------------------------------------------ what is shown

    def show_group(self, group: Group) -> None:
        """Kept until it is seen; then drawn."""
        from strongroom.gui.runs.traces import odd_count

        self.group = group
        self.title.set_whole(printable(group.title))
        odd = sum(map(odd_count, group.traces))
        self.odd.setText(f"{plural(odd, 'value')} not finite" if odd else "")
        self.legend.show_traces(group.traces)
        self.setAccessibleName(printable(group.title))
        self.setAccessibleDescription("; ".join(map(_described, group.traces)))
        self.mark_stale()
        self._show_values()

    def set_options(self, by_time: bool, log: bool, smoothing: float) -> None:
        if (by_time, log, smoothing) != (self.by_time, self.log, self.smoothing):
            if by_time != self.by_time and self.plot is not None:
                self.plot.fits = True
            self.by_time, self.log, self.smoothing = by_time, log, smoothing
            self.mark_stale()
            self._show_values()

    def set_large(self, large: bool) -> None:
        self.large = large
        self._place.setFixedHeight(PLOT_LARGE if large else PLOT)
        if self.plot is not None:
            self.plot.zooms = large
            if not large:
                self.plot.fits = True
        self.mark_stale()

    def set_stroke(self, stroke: Stroke) -> None:
        """Draws the lines in another way; a plot is never made anew, which would take its time."""
        self._stroke = stroke
        self.legend.set_stroke(stroke)
        if self.plot is not None:
            self.plot.set_stroke(stroke)

    def set_height(self, height: int) -> None:
        """Of the plot alone; it fills what there is."""
        self._place.setFixedHeight(height)
        self.mark_stale()

    def mark_stale(self) -> None:
        self.stale = True
        self.update()

    def bring_up_to_date(self) -> None:
        """Makes the plot if it is not there yet, and draws what is to be seen."""
        if self.group is None:
            return
        self.stale = False
        if self.plot is None:
            from strongroom.gui.runs.plot import Plot

            self.plot = Plot(self._theme, self._stroke)
            self.plot.pointed.connect(self.pointed)
            self.plot.enlarge.connect(lambda: self.enlarge.emit(self))
            self._inside.addWidget(self.plot)
        plot = self.plot
        plot.by_time, plot.log, plot.smoothing = self.by_time, self.log, self.smoothing
        plot.zooms = self.large
        plot.show_group(self.group)
        plot.point_at(self._x)

    def fit(self) -> None:
        if self.plot is not None:
            self.plot.fit()

    def point_at(self, x: float | None) -> None:
        """Where the crosshair stands, here and in every other plot."""
        self._x = x
        if self.plot is not None:
            self.plot.point_at(x)
        self._show_values()

    def _show_values(self) -> None:
        if self.group is None:
            return
        from strongroom.gui.runs.traces import nearest

        shown = []
        for trace in self.group.traces:
            x = trace.x(self.by_time)
            if not len(trace.values):
                shown.append("no curve")
            elif x is None:
                shown.append("no times")
            elif self._x is None:
                shown.append(point_text(trace.last))
            else:
                at = nearest(x, self._x)
                shown.append("" if at is None else point_text(float(trace.values[at])))
        self.legend.show_values(shown)

    # ------------------------------------------------------------------ keys and painting

    def step(self, by: int) -> None:
        """Moves the crosshair by so many points of the longest curve."""
        from strongroom.gui.runs.traces import nearest

        if self.group is None:
            return
        found = [x for t in self.group.traces if (x := t.x(self.by_time)) is not None and len(x)]
        if not found:
            return
        x = max(found, key=len)
        if self._x is None:
            at = len(x) - 1 if by < 0 else 0
        else:
            at = min(len(x) - 1, max(0, (nearest(x, self._x) or 0) + by))
        self.pointed.emit(float(x[at]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        far = 1 << 40
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Home: -far,
            Qt.Key.Key_End: far,
        }
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enlarge.emit(self)
        elif key in steps:
            many = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.step(steps[key] * (10 if many else 1))
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.pointed.emit(None)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.plot is None:
            painter = QPainter(self)
            area = self._place.geometry()
            for n in range(3):
                line = QRect(area.x() + 16, area.y() + 30 + 42 * n, area.width() - 32, 12)
                draw_placeholder(painter, line, (0.8, 0.55, 0.7)[n], self._theme)
            painter.end()
        if self.stale:
            self.in_sight.emit(self)


class _Legend(QWidget):
    """One line a curve: how it is drawn, its name, its value at the crosshair, else its last."""

    def __init__(self, theme: Theme, stroke: Stroke) -> None:
        super().__init__()
        self._theme, self._stroke = theme, stroke
        self._names: list[str] = []
        self.values: list[str] = []
        theme.changed.connect(self.update)

    def set_stroke(self, stroke: Stroke) -> None:
        self._stroke = stroke
        self.update()

    def show_traces(self, traces: tuple[Trace, ...]) -> None:
        self._names = [printable(t.name) for t in traces]
        self.setFixedHeight(_LINE * max(1, len(self._names)) + 2)
        self.setToolTip(tip("\n".join(self._names)))
        self.update()

    def show_values(self, values: list[str]) -> None:
        if values != self.values:
            self.values = values
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c = QPainter(self), self._theme.colours
        metrics = QFontMetrics(mono())
        for number, name in enumerate(self._names):
            top = number * _LINE
            pen = self._stroke(self._theme, number)
            pen.setWidthF(2.0)
            painter.setPen(pen)
            painter.drawLine(14, top + _LINE // 2, 38, top + _LINE // 2)
            value = self.values[number] if number < len(self.values) else ""
            width = metrics.horizontalAdvance(value)
            area = QRect(46, top, self.width() - 46 - width - 24, _LINE)
            draw_text(painter, area, name, font(12), c.text2, elide=Qt.TextElideMode.ElideMiddle)
            place = QRect(self.width() - width - 15, top, width + 1, _LINE)
            draw_text(painter, place, value, mono(), c.text, right=True)
        painter.end()


def _described(trace: Trace) -> str:
    from strongroom.gui.runs.traces import span

    ends = span([trace.values])
    low, high = map(point_text, ends) if ends else ("none", "none")
    return (
        f"{printable(trace.name)}: {plural(trace.whole, 'point')}, last {point_text(trace.last)},"
        f" lowest {low}, highest {high}"
    )

"""What stands over the canvas: the three kinds of edges, each to be hidden, and the zoom."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QPushButton

from strongroom.gui.lineage.canvas import Canvas
from strongroom.gui.lineage.lines import pen_for
from strongroom.gui.pieces import IconButton, label, row
from strongroom.gui.theme import Theme, mono

BASES = ("declared", "observed", "inferred")
_MEANING = {
    "declared": "Somebody or a tool said so",
    "observed": "A run was seen to read or write it",
    "inferred": "A rule found it; confirm or refuse it in the panel",
}


class _Basis(QPushButton):
    """One basis with its stroke; pressed in while such edges are shown."""

    def __init__(self, theme: Theme, basis: str) -> None:
        super().__init__(basis.capitalize())
        self._theme, self._basis = theme, basis
        self.setProperty("look", "toggle")
        self.setCheckable(True)
        self.setChecked(True)
        self.setToolTip(f"{_MEANING[basis]}. Press to hide or show such edges")
        self.setStyleSheet("padding-left: 40px;")

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 58, 30)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isChecked():
            painter.setOpacity(0.35)
        painter.setPen(pen_for(self._basis, self._theme.colours.text2, 1.8))
        middle = self.height() / 2
        painter.drawLine(QPointF(10, middle), QPointF(36, middle))
        painter.end()


class Legend(QFrame):
    """`changed`: other bases are shown."""

    changed = Signal()

    def __init__(self, parent: Canvas, theme: Theme) -> None:
        super().__init__(parent)
        self.setProperty("look", "card")
        layout = row(4, 2, 4, 2, spacing=0)
        self._buttons: dict[str, _Basis] = {}
        for basis in BASES:
            button = _Basis(theme, basis)
            button.toggled.connect(lambda _: self.changed.emit())
            self._buttons[basis] = button
            layout.addWidget(button)
        self.setLayout(layout)
        self.adjustSize()

    @property
    def bases(self) -> tuple[str, ...]:
        return tuple(b for b, button in self._buttons.items() if button.isChecked())

    def set_bases(self, bases: tuple[str, ...]) -> None:
        for basis, button in self._buttons.items():
            button.setChecked(basis in bases)


class Zoom(QFrame):
    """Out, how far, in, all in sight, the selected one in the middle."""

    def __init__(self, canvas: Canvas, theme: Theme) -> None:
        super().__init__(canvas)
        self.setProperty("look", "card")
        layout = row(4, 2, 4, 2, spacing=2)
        self._canvas = canvas
        self._words = label("100 %", "", mono(12, 500))
        self._words.setFixedWidth(52)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setAccessibleName("Zoom")
        out = IconButton(theme, "minus", "Zoom out (-)", lambda: canvas.view.zoom_by(0.8))
        into = IconButton(theme, "plus", "Zoom in (+)", lambda: canvas.view.zoom_by(1.25))
        layout.addWidget(out)
        layout.addWidget(self._words)
        layout.addWidget(into)
        layout.addWidget(IconButton(theme, "maximize", "Show all (0)", canvas.fit))
        layout.addWidget(IconButton(theme, "locate-fixed", "Centre (.)", canvas.centre))
        self.setLayout(layout)
        canvas.view.moved.connect(self._tell)
        self._tell()
        self.adjustSize()

    def _tell(self) -> None:
        self._words.setText(f"{round(self._canvas.view.zoom * 100)} %")

"""What a registry with nothing in it shows: three ways to begin."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QWidget

from strongroom.gui import icons
from strongroom.gui.paint import draw_text
from strongroom.gui.pieces import Button, Icon, column, copy_text, frame, label, row, selectable
from strongroom.gui.theme import Theme, font, mono

Act = Callable[[], object]
_FOR_SCRIPTS = "strongroom add out/ --run my-run"


class Welcome(QScrollArea):
    def __init__(self, theme: Theme, watch: Act, add: Act, sample: Act) -> None:
        super().__init__()
        self._theme = theme
        ground = frame("ground")
        outer = column(24, 24, 24, 24)
        outer.addStretch(2)
        title = label("Start your library", fnt=font(24, 650))
        intro = label(
            "Strongroom keeps every version of your models, datasets, configs, metrics and logs,"
            " by content. Pick any way in; you can use all three.",
            "second",
            font(14),
        )
        for one in (title, intro):
            one.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            one.setWordWrap(True)
            outer.addWidget(one)
            outer.addSpacing(8)
        outer.addSpacing(16)
        cards = row(spacing=18)
        cards.addStretch(1)
        for card in (self._watch_card(watch), self._add_card(add), self._sample_card(sample)):
            cards.addWidget(card)
        cards.addStretch(1)
        outer.addLayout(cards)
        outer.addSpacing(20)
        outer.addLayout(self._script_hint())
        outer.addStretch(3)
        ground.setLayout(outer)
        self.setWidget(ground)
        self.setWidgetResizable(True)

    def _watch_card(self, act: Act) -> QFrame:
        self.watch_button = Button(self._theme, "Choose a folder…", "folder-sync", "primary", act)
        return self._card(
            _WatchPicture(self._theme),
            "Watch a folder",
            "New files in your training output are added on their own, with the run that made"
            " them.",
            ("Waits until a file is complete", "Groups files by run", "Never changes your folder"),
            self.watch_button,
            "Ctrl Shift W",
        )

    def _add_card(self, act: Act) -> QFrame:
        self.add_button = Button(self._theme, "Add files…", "plus", "", act)
        return self._card(
            _DropPicture(self._theme),
            "Drop files here",
            "Drag files or folders anywhere onto this window, and check them before they are"
            " added.",
            ("Kind and name are suggested", "Duplicates cost no space", "Nothing is ever executed"),
            self.add_button,
            "Ctrl O",
        )

    def _sample_card(self, act: Act) -> QFrame:
        self.sample_button = Button(self._theme, "Run the sample", "play", "", act)
        return self._card(
            _SamplePicture(self._theme),
            "Try the sample project",
            "A small real training writes into a folder that is watched: see its data, curves"
            " and model arrive.",
            (
                "Works offline, in seconds",
                "Two runs, two versions",
                "Its folder is yours to delete",
            ),
            self.sample_button,
            "takes 5 s",
        )

    def _card(
        self,
        picture: QWidget,
        title: str,
        text: str,
        points: tuple[str, ...],
        button: Button,
        beside: str,
    ) -> QFrame:
        card = frame("card")
        card.setMinimumWidth(230)
        card.setMaximumWidth(342)
        layout = column(1, 1, 1, 18)
        layout.addWidget(picture)
        inside = column(20, 18, 20, 0, spacing=8)
        inside.addWidget(label(title, fnt=font(15, 650)))
        words = label(text, "second")
        words.setWordWrap(True)
        words.setMinimumHeight(2 * words.fontMetrics().lineSpacing() + 4)
        words.setAlignment(Qt.AlignmentFlag.AlignTop)
        inside.addWidget(words)
        for point in points:
            line = row(spacing=8)
            line.addWidget(Icon(self._theme, "check", "green", 14))
            line.addWidget(label(point, fnt=font(12)), 1)
            inside.addLayout(line)
        inside.addSpacing(28)
        buttons = row(spacing=12)
        buttons.addWidget(button)
        buttons.addWidget(label(beside, "key" if "Ctrl" in beside else "second", font(11, 500)))
        buttons.addStretch(1)
        inside.addLayout(buttons)
        layout.addLayout(inside)
        card.setLayout(layout)
        return card

    def _script_hint(self) -> QHBoxLayout:
        line = row(spacing=8)
        line.addStretch(1)
        line.addWidget(Icon(self._theme, "terminal", "text3", 14))
        line.addWidget(label("From a training script:", "second"))
        well = frame("well")
        inside = row(8, 2, 8, 2)
        inside.addWidget(selectable(label(_FOR_SCRIPTS, "second", mono())))
        well.setLayout(inside)
        line.addWidget(well)
        copy = Button(self._theme, "", "copy", "ghost", lambda: copy_text(_FOR_SCRIPTS), size=14)
        copy.setToolTip("Copy the command")
        copy.setAccessibleName("Copy the command")
        line.addWidget(copy)
        line.addStretch(1)
        return line


class _Picture(QWidget):
    """A quiet drawing on a tint, 124 pixels high."""

    tone = "indigo"

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.setFixedHeight(124)
        theme.changed.connect(self.update)

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path = QPainterPath()
        path.addRoundedRect(QRectF(0, 0, self.width(), self.height() + 12), 7, 7)
        painter.setClipRect(self.rect())
        painter.fillPath(path, QColor(self.theme.tone(self.tone).fill))
        painter.translate((self.width() - 280) / 2, 0)
        self.draw(painter)
        painter.end()

    def draw(self, painter: QPainter) -> None:
        """What stands on the tint; each picture's own."""

    def chip(
        self, painter: QPainter, x: int, y: int, width: int, icon: str, tone: str, text: str
    ) -> None:
        c = self.theme.colours
        painter.setPen(QPen(QColor(c.line3), 1))
        painter.setBrush(QColor(c.panel))
        rect = QRectF(x + 0.5, y + 0.5, width, 28)
        painter.drawRoundedRect(rect, 5, 5)
        ratio = painter.device().devicePixelRatioF()
        pixmap = icons.pixmap(icon, self.theme.tone(tone).solid, 14, ratio)
        painter.drawPixmap(QPointF(x + 9, y + 8), pixmap)
        area = rect.toRect().adjusted(29, 0, -4, 0)
        draw_text(painter, area, text, mono(11), c.text2)

    def line(self, painter: QPainter, colour: str, *points: tuple[float, float]) -> None:
        (x1, y1), (x2, y2) = points
        path = QPainterPath(QPointF(x1, y1))
        middle = (x1 + x2) / 2
        path.cubicTo(QPointF(middle, y1), QPointF(middle, y2), QPointF(x2, y2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colour), 1.5))
        painter.drawPath(path)


class _WatchPicture(_Picture):
    tone = "indigo"

    def draw(self, painter: QPainter) -> None:
        accent = self.theme.colours.accent
        self.line(painter, accent, (150, 38), (190, 62))
        self.line(painter, accent, (150, 88), (190, 62))
        self.chip(painter, 20, 24, 130, "folder", "amber", "training-out/")
        self.chip(painter, 20, 74, 130, "folder", "amber", "eval-reports/")
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.colours.accent_fill))
        painter.drawRoundedRect(QRectF(190, 34, 56, 56), 12, 12)
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(QPointF(204, 48), icons.pixmap("vault", "#FFFFFF", 28, ratio))


class _DropPicture(_Picture):
    tone = "teal"

    def draw(self, painter: QPainter) -> None:
        pen = QPen(QColor(self.theme.tone("teal").solid), 1.5, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(QColor(self.theme.colours.panel))
        painter.drawRoundedRect(QRectF(24, 16, 232, 92), 7, 7)
        self.chip(painter, 52, 32, 160, "box", "indigo", "model.safetensors")
        self.chip(painter, 72, 58, 160, "chart-line", "orange", "metrics.json")
        ratio = painter.device().devicePixelRatioF()
        pointer = icons.pixmap("mouse-pointer-2", self.theme.colours.text, 18, ratio)
        painter.drawPixmap(QPointF(216, 84), pointer)


class _SamplePicture(_Picture):
    tone = "amber"

    def draw(self, painter: QPainter) -> None:
        grey = self.theme.tone("grey").solid
        self.line(painter, grey, (94, 38), (112, 64))
        self.line(painter, grey, (94, 92), (112, 64))
        self.line(painter, grey, (176, 64), (192, 64))
        self.chip(painter, 0, 24, 94, "database", "teal", "data.csv")
        self.chip(painter, 0, 78, 94, "sliders-horizontal", "violet", "config")
        self.chip(painter, 112, 50, 62, "circle-play", "amber", "run")
        self.chip(painter, 192, 50, 88, "box", "indigo", "model")

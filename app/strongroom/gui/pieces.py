"""Small widgets that many places use: labels with a look, buttons with an icon, cards of words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from strongroom.domain.errors import StrongroomError
from strongroom.gui import icons
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.tips import tip
from strongroom.gui.wording import sentence

L = TypeVar("L", bound=QBoxLayout)


def label(text: str = "", look: str = "", fnt: QFont | None = None) -> QLabel:
    """Plain text always: what files say is never taken for markup."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if look:
        made.setProperty("look", look)
    made.setFont(fnt or font())
    return made


def selectable(made: QLabel) -> QLabel:
    made.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return made


class Elided(QLabel):
    """One line that is cut where it does not fit; the tooltip holds the whole."""

    def __init__(
        self,
        text: str = "",
        look: str = "",
        fnt: QFont | None = None,
        where: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
    ) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._whole, self._where = text, where
        if look:
            self.setProperty("look", look)
        self.setFont(fnt or font())
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._cut()

    def set_whole(self, text: str) -> None:
        self._whole = text
        self._cut()

    def whole(self) -> str:
        return self._whole

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._whole) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, self.fontMetrics().height() + 2)

    def _cut(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, self._where, self.width())
        self.setText(shown)
        self.setToolTip(tip(self._whole) if shown != self._whole else "")


def frame(look: str) -> QFrame:
    made = QFrame()
    made.setProperty("look", look)
    return made


def column(*margins: int, spacing: int = 0) -> QVBoxLayout:
    """A vertical layout; margins left, top, right, bottom, or none."""
    return _spaced(QVBoxLayout(), margins, spacing)


def row(*margins: int, spacing: int = 0) -> QHBoxLayout:
    return _spaced(QHBoxLayout(), margins, spacing)


def _spaced(layout: L, margins: tuple[int, ...], spacing: int) -> L:
    layout.setContentsMargins(*(margins or (0, 0, 0, 0)))
    layout.setSpacing(spacing)
    return layout


def scrolled(content: QLayout) -> QScrollArea:
    """The layout in an area that scrolls up and down."""
    area, inside = QScrollArea(), QWidget()
    inside.setLayout(content)
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


class Icon(QLabel):
    """One icon that follows the theme. `colour` names a token of `Colours` or a tone."""

    def __init__(self, theme: Theme, name: str, colour: str = "text2", size: int = 16) -> None:
        super().__init__()
        self._theme, self._name, self._colour, self._size = theme, name, colour, size
        self.setFixedSize(size, size)
        theme.changed.connect(self._draw)
        self._draw()

    def set_icon(self, name: str, colour: str) -> None:
        self._name, self._colour = name, colour
        self._draw()

    def _draw(self) -> None:
        self.setPixmap(icons.pixmap(self._name, colour_of(self._theme, self._colour), self._size))


def colour_of(theme: Theme, name: str) -> str:
    """A token of the palette, or the text colour of a tone, by name."""
    if name in theme.colours.tones:
        return theme.tone(name).text
    return str(getattr(theme.colours, name))


class Button(QPushButton):
    """A button with an icon that follows the theme. `look`: "", primary, danger, ghost, nav …"""

    def __init__(
        self,
        theme: Theme,
        text: str,
        icon: str = "",
        look: str = "",
        act: Callable[[], object] | None = None,
        size: int = 16,
    ) -> None:
        super().__init__(text)
        self._theme, self.icon_name, self._look, self._size = theme, icon, look, size
        if look:
            self.setProperty("look", look)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._gap = 4 if text or look == "nav" else 0
        self.setIconSize(QSize(size + self._gap, size))
        theme.changed.connect(self.draw_icon)
        self.draw_icon()
        if act is not None:
            self.clicked.connect(lambda: act())

    def set_alone(self, alone: bool) -> None:
        """Whether the icon stands without its text, in the middle."""
        self._gap = 0 if alone else 4
        self.setIconSize(QSize(self._size + self._gap, self._size))
        self.draw_icon()

    def draw_icon(self) -> None:
        if not self.icon_name:
            return
        c = self._theme.colours
        colour = {
            "primary": "#FFFFFF",
            "danger": self._theme.tone("red").text,
            "nav": c.text2,
        }.get(self._look, c.text2)
        made = icons.icon(self.icon_name, colour, self._size, c.accent_text, self._gap, c.textoff)
        self.setIcon(made)


class IconButton(QToolButton):
    """An icon alone; what it does is its tooltip and accessible name."""

    def __init__(
        self, theme: Theme, icon: str, what: str, act: Callable[[], object] | None = None
    ) -> None:
        super().__init__()
        self._theme, self._name = theme, icon
        self.setToolTip(what)
        self.setAccessibleName(what)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setIconSize(QSize(16, 16))
        theme.changed.connect(self._draw)
        self._draw()
        if act is not None:
            self.clicked.connect(lambda: act())

    def _draw(self) -> None:
        c = self._theme.colours
        self.setIcon(icons.icon(self._name, c.text2, off=c.textoff))


class Choice(QComboBox):
    """One of several `(value, text)`; the style sheet takes the arrow away, so it is drawn here."""

    def __init__(self, theme: Theme, words: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._theme = theme
        for value, text in words:
            self.addItem(text, value)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        arrow = icons.pixmap("chevron-down", self._theme.colours.text2, 14)
        painter.drawPixmap(self.width() - 24, (self.height() - 14) // 2, arrow)
        painter.end()


class CheckBox(QCheckBox):
    """The style sheet draws the box; the tick is an icon in it."""

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__(text)
        self._theme = theme
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.isChecked():
            return
        option = QStyleOptionButton()
        self.initStyleOption(option)
        box = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        colour = "#FFFFFF" if self.isEnabled() else self._theme.colours.textoff
        painter = QPainter(self)
        tick = icons.pixmap("check", colour, 12)
        painter.drawPixmap(box.center().x() - 5, box.center().y() - 5, tick)
        painter.end()


class Switch(QCheckBox):
    """On or off at once, drawn as a slide with a knob."""

    _WIDE, _HIGH = 30, 17

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__(text)
        self._theme = theme
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFont(font(13, 500))

    def sizeHint(self) -> QSize:
        text = self.fontMetrics().horizontalAdvance(self.text())
        return QSize(self._WIDE + 10 + text, max(24, self.fontMetrics().height()))

    def hitButton(self, at: QPoint) -> bool:
        return self.rect().contains(at)

    def paintEvent(self, event: QPaintEvent) -> None:
        c, on = self._theme.colours, self.isChecked()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = (self.height() - self._HIGH) / 2
        slide = QRectF(1, top, self._WIDE - 2, self._HIGH)
        if self.hasFocus():
            painter.setPen(QPen(QColor(c.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(slide.adjusted(-0.5, -2, 0.5, 2), 10, 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.accent_fill if on else c.line3))
        painter.drawRoundedRect(slide, self._HIGH / 2, self._HIGH / 2)
        painter.setBrush(QColor("#FFFFFF"))
        knob = self._HIGH - 4
        left = slide.right() - knob - 2 if on else slide.left() + 2
        painter.drawEllipse(QRectF(left, top + 2, knob, knob))
        painter.setPen(QColor(c.text if self.isEnabled() else c.textoff))
        painter.setFont(self.font())
        area = self.rect().adjusted(self._WIDE + 8, 0, 0, 0)
        painter.drawText(
            area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.text()
        )
        painter.end()


class Tab(QPushButton):
    """A tab; as wide as its title is when it is chosen, so that nothing moves."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.setProperty("look", "tab")
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFont(font(13, 500))
        self.setMinimumWidth(QFontMetrics(font(13, 600)).horizontalAdvance(title) + 8)


class Notice(QFrame):
    """What a page says in place of its content: icon, a sentence, what to do now."""

    def __init__(self, theme: Theme, icon: str, tone: str, title: str, text: str) -> None:
        super().__init__()
        self.setProperty("look", "page")
        self._theme, self._tone = theme, tone
        layout = column(40, 40, 40, 40, spacing=8)
        layout.addStretch(2)
        self._disc = QLabel()
        self._disc.setFixedSize(52, 52)
        self._disc.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._icon = icon
        layout.addWidget(self._disc, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(8)
        self.title = label(title, fnt=font(15, 650))
        self.text = label(text, "second")
        for one in (self.title, self.text):
            one.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            one.setWordWrap(True)
            layout.addWidget(one)
        self.detail = selectable(label("", "bad", mono()))
        self.detail.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.detail.setWordWrap(True)
        self.detail.hide()
        layout.addWidget(self.detail)
        self.buttons = row(0, 12, 0, 0, spacing=8)
        self.buttons.addStretch(1)
        self.buttons.addStretch(1)
        layout.addLayout(self.buttons)
        layout.addStretch(3)
        self.setLayout(layout)
        theme.changed.connect(self._draw)
        self._draw()

    def add_button(self, button: QWidget) -> None:
        self.buttons.insertWidget(self.buttons.count() - 1, button)

    def explain(self, error: StrongroomError) -> None:
        """Turns the notice into an error's card: what, to which thing, what to do."""
        document = error.document()
        self.title.setText(sentence(document["message"]))
        self.text.setText(sentence(document["hint"]))
        self.detail.setText(document["object"])
        self.detail.setVisible(bool(document["object"]))

    def _draw(self) -> None:
        tone = self._theme.tone(self._tone)
        self._disc.setStyleSheet(
            f"background: {tone.fill}; border: 1px solid {tone.edge}; border-radius: 26px;"
        )
        self._disc.setPixmap(icons.pixmap(self._icon, tone.text, 22))


def copy_text(text: str) -> None:
    QGuiApplication.clipboard().setText(text)

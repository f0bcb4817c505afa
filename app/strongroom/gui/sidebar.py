"""The sidebar: pages, watched folders with their states, and who is here."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from strongroom.gui import icons
from strongroom.gui.paint import Dot
from strongroom.gui.pieces import Button, Elided, Icon, IconButton, column, label, row
from strongroom.gui.theme import SIDEBAR, SIDEBAR_NARROW, Theme, font, mono
from strongroom.gui.tips import tip
from strongroom.gui.wording import WATCHING, plural


class Brand(QWidget):
    """The vault in a filled square."""

    def __init__(self, theme: Theme, size: int = 28) -> None:
        super().__init__()
        self._theme, self._size = theme, size
        self.setFixedSize(size, size)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.colours.accent_fill))
        painter.drawRoundedRect(self.rect(), 7, 7)
        inner = round(self._size * 0.57)
        at = (self._size - inner) // 2
        painter.drawPixmap(at, at, icons.pixmap("vault", "#FFFFFF", inner))
        painter.end()


class Initial(QWidget):
    """A person's first letter in a circle."""

    def __init__(self, theme: Theme, letter: str) -> None:
        super().__init__()
        self._theme, self._letter = theme, letter
        self.setFixedSize(28, 28)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        c = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(c.accent_line))
        painter.setBrush(QColor(c.accent_soft))
        painter.drawEllipse(0, 0, 27, 27)
        painter.setPen(QColor(c.accent_text))
        painter.setFont(font(11, 600))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._letter)
        painter.end()


class Source(QPushButton):
    """A watched folder: dot, name, state in a word."""

    def __init__(self, theme: Theme, watch: dict[str, Any], left_out: int) -> None:
        super().__init__()
        look = WATCHING.get(watch["state"], WATCHING["idle"])
        self.setProperty("look", "source")
        self.setFixedHeight(24)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        inside = row(24, 0, 8, 0, spacing=8)
        self.dot = Dot(theme, look.tone)
        inside.addWidget(self.dot)
        inside.addWidget(Elided(watch["name"], "second", font(12)), 1)
        self.state = label(look.word, "caption", font(11))
        inside.addWidget(self.state)
        self.setLayout(inside)
        more = [watch.get("detail") or ""]
        if left_out:
            more.append(f"{plural(left_out, 'file')} left out; see its menu")
        self.setToolTip(tip("\n".join([watch["path"], *(m for m in more if m)])))
        self.setAccessibleName(f"Watched folder {watch['name']}, {look.word}")


class Sidebar(QFrame):
    """`show_screen(title)`, `add_watch`, `show_watch(watch)`, `watch_menu(watch, point)`,
    `switch(point)` (another registry), `more(point)`: what was asked for.
    """

    show_screen = Signal(str)
    add_watch = Signal()
    show_watch = Signal(object)
    watch_menu = Signal(object, QPoint)
    switch = Signal(QPoint)
    more = Signal(QPoint)

    def __init__(self, theme: Theme, registry: str, actor: str) -> None:
        super().__init__()
        self.setProperty("look", "sidebar")
        self._theme = theme
        self.nav: dict[str, Button] = {}
        self._counts: dict[str, QLabel] = {}
        self._wide: list[QWidget] = []
        self._rows: list[QWidget] = []
        layout = column(8, 0, 8, 0, spacing=2)
        layout.addWidget(self._brand(registry))
        self._pages, self._sources, self._foot = column(spacing=2), column(), column(spacing=2)
        layout.addLayout(self._pages)
        layout.addSpacing(14)
        layout.addLayout(self._sources_head())
        self._source_nav = column(spacing=2)
        layout.addLayout(self._source_nav)
        layout.addLayout(self._sources)
        layout.addStretch(1)
        layout.addLayout(self._foot)
        layout.addWidget(self._who(actor))
        self.setLayout(layout)
        self.narrow = True
        self.set_narrow(False)

    def add_screen(self, title: str, icon: str, group: str = "") -> None:
        """`group`: "" above, "sources" with the watched folders, "foot" at the bottom."""
        button = Button(self._theme, title, icon, "nav", lambda: self.show_screen.emit(title))
        button.setCheckable(True)
        button.setAccessibleName(title)
        button.clicked.connect(lambda: button.setChecked(True))
        count = label("", "caption", mono(11))
        inside = row(0, 0, 10, 0)
        inside.addStretch(1)
        inside.addWidget(count)
        button.setLayout(inside)
        self.nav[title], self._counts[title] = button, count
        self._wide.append(count)
        where = {"": self._pages, "sources": self._source_nav, "foot": self._foot}[group]
        where.addWidget(button)

    def show_current(self, title: str) -> None:
        for name, button in self.nav.items():
            button.setChecked(name == title)

    def show_count(self, title: str, text: str) -> None:
        self._counts[title].setText(text)

    def _brand(self, registry: str) -> QWidget:
        head = Button(self._theme, "", "", "brand")
        head.setFixedHeight(52)
        head.clicked.connect(lambda: self.switch.emit(head.mapToGlobal(QPoint(0, head.height()))))
        self.brand = head
        layout = row(7, 0, 4, 0, spacing=10)
        layout.addWidget(Brand(self._theme))
        names_box = QWidget()
        names = column(spacing=1)
        names.addStretch(1)
        names.addWidget(label("Strongroom", fnt=font(14, 650)))
        self._place = Elided("", "caption", font(11))
        names.addWidget(self._place)
        names.addStretch(1)
        names_box.setLayout(names)
        layout.addWidget(names_box, 1)
        arrows = Icon(self._theme, "chevrons-up-down", "text3", 14)
        layout.addWidget(arrows)
        head.setLayout(layout)
        for inner in (names_box, arrows):
            inner.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._wide += [names_box, arrows]
        self.show_registry(registry)
        whole = QWidget()
        space = column(0, 4, 0, 4)
        space.addWidget(head)
        whole.setLayout(space)
        return whole

    def show_registry(self, registry: str) -> None:
        name = registry.rstrip("/").rpartition("/")[2] or registry
        self._place.set_whole(name)
        self.brand.setToolTip(tip(f"{registry}\nOpen another registry"))
        self.brand.setAccessibleName(f"Registry {name}, open another")

    def _sources_head(self) -> QHBoxLayout:
        head = row(10, 0, 4, 0)
        caption = label("SOURCES", "caption", font(11, 600))
        self.add_button = IconButton(
            self._theme, "folder-plus", "Watch a folder (Ctrl Shift W)", self.add_watch.emit
        )
        head.addWidget(caption)
        head.addStretch(1)
        head.addWidget(self.add_button)
        self._wide.append(caption)
        return head

    def _who(self, actor: str) -> QWidget:
        foot = QWidget()
        foot.setFixedHeight(52)
        layout = row(6, 0, 0, 0, spacing=9)
        initial = Initial(self._theme, actor[:1].upper() or "?")
        layout.addWidget(initial)
        names = QWidget()
        inside = column(spacing=0)
        inside.addStretch(1)
        inside.addWidget(Elided(actor, "", font(13, 600)))
        inside.addWidget(label("Owner", "caption", font(11)))
        inside.addStretch(1)
        names.setLayout(inside)
        layout.addWidget(names, 1)
        self.more_button = IconButton(self._theme, "ellipsis", "Appearance, help and more")
        self.more_button.clicked.connect(
            lambda: self.more.emit(self.more_button.mapToGlobal(QPoint(0, 0)))
        )
        layout.addWidget(self.more_button)
        foot.setLayout(layout)
        self._wide += [initial, names]
        return foot

    def set_narrow(self, narrow: bool) -> None:
        """Icons only, where the window is small."""
        if narrow == self.narrow:
            return
        self.narrow = narrow
        self.setFixedWidth(SIDEBAR_NARROW if narrow else SIDEBAR)
        for one in self._wide:
            one.setVisible(not narrow)
        for title, button in self.nav.items():
            button.setText("" if narrow else title)
            button.setToolTip(title if narrow else "")
        for one in self._rows:
            one.setVisible(not narrow)

    def show_watches(self, watches: list[dict[str, Any]], left_out: dict[str, int]) -> None:
        focused = next((i for i, one in enumerate(self._rows) if one.hasFocus()), None)
        for one in self._rows:
            self._sources.removeWidget(one)
            one.hide()
            one.deleteLater()
        self._rows = []
        for watch in watches:
            source = Source(self._theme, watch, left_out.get(watch["id"], 0))
            source.clicked.connect(lambda _=False, w=watch: self.show_watch.emit(w))
            source.customContextMenuRequested.connect(
                lambda at, w=watch, s=source: self.watch_menu.emit(w, s.mapToGlobal(at))
            )
            self._rows.append(source)
        for one in self._rows:
            self._sources.addWidget(one)
            one.setVisible(not self.narrow)
        if focused is not None and focused < len(self._rows):
            self._rows[focused].setFocus()

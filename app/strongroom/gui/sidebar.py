"""The sidebar: pages, watched folders with their states, and who is here."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from strongroom.gui import icons
from strongroom.gui.paint import Dot
from strongroom.gui.pieces import Button, Elided, IconButton, column, label, row
from strongroom.gui.theme import SIDEBAR, SIDEBAR_NARROW, Theme, font, mono
from strongroom.gui.wording import WATCHING, count_text, plural


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
        self.setToolTip("\n".join([watch["path"], *(m for m in more if m)]))
        self.setAccessibleName(f"Watched folder {watch['name']}, {look.word}")


class Sidebar(QFrame):
    """`add_watch`, `show_watch(watch)`, `menu_wanted(watch, point)`: what was asked for."""

    add_watch = Signal()
    show_library = Signal()
    show_watch = Signal(object)
    watch_menu = Signal(object, QPoint)
    more = Signal(QPoint)

    def __init__(self, theme: Theme, registry: str, actor: str) -> None:
        super().__init__()
        self.setProperty("look", "sidebar")
        self._theme = theme
        layout = column(8, 0, 8, 0, spacing=2)
        layout.addWidget(self._brand(registry))
        self.library = Button(theme, "Library", "library", "nav", self.show_library.emit)
        self.library.setCheckable(True)
        self.library.setChecked(True)
        self.library.clicked.connect(lambda: self.library.setChecked(True))
        self._count = label("", "caption", mono(11))
        inside = row(0, 0, 10, 0)
        inside.addStretch(1)
        inside.addWidget(self._count)
        self.library.setLayout(inside)
        layout.addWidget(self.library)
        layout.addSpacing(14)
        self._wide: list[QWidget] = [self._count]
        layout.addLayout(self._sources_head())
        self._rows: list[QWidget] = []
        self._sources = QVBoxLayout()
        self._sources.setSpacing(0)
        layout.addLayout(self._sources)
        layout.addStretch(1)
        layout.addWidget(self._who(actor))
        self.setLayout(layout)
        self.narrow = True
        self.set_narrow(False)

    def _brand(self, registry: str) -> QWidget:
        head = QWidget()
        head.setFixedHeight(60)
        layout = row(7, 0, 4, 0, spacing=10)
        layout.addWidget(Brand(self._theme))
        self._names = QWidget()
        names = column(spacing=1)
        names.addStretch(1)
        names.addWidget(label("Strongroom", fnt=font(14, 650)))
        self._place = Elided("", "caption", font(11))
        self.show_registry(registry)
        names.addWidget(self._place)
        names.addStretch(1)
        self._names.setLayout(names)
        layout.addWidget(self._names, 1)
        head.setLayout(layout)
        return head

    def show_registry(self, registry: str) -> None:
        self._place.set_whole(registry.rstrip("/").rpartition("/")[2] or registry)
        self._place.setToolTip(registry)

    def _sources_head(self) -> Any:
        head = row(10, 0, 4, 0)
        caption = label("SOURCES", "caption", font(11, 600))
        add = IconButton(self._theme, "folder-plus", "Watch a folder", self.add_watch.emit)
        self.add_button = add
        head.addWidget(caption)
        head.addStretch(1)
        head.addWidget(add)
        self._wide.append(caption)
        return head

    def _who(self, actor: str) -> QWidget:
        foot = QWidget()
        foot.setFixedHeight(52)
        layout = row(6, 0, 0, 0, spacing=9)
        layout.addWidget(Initial(self._theme, actor[:1].upper() or "?"))
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
        self._wide += [names, self._names]
        return foot

    def set_narrow(self, narrow: bool) -> None:
        """Icons only, where the window is small."""
        if narrow == self.narrow:
            return
        self.narrow = narrow
        self.setFixedWidth(SIDEBAR_NARROW if narrow else SIDEBAR)
        for one in self._wide:
            one.setVisible(not narrow)
        self.library.setText("" if narrow else "Library")
        self.library.setToolTip("Library" if narrow else "")
        self.library.setAccessibleName("Library")
        for one in self._rows:
            one.setVisible(not narrow)

    def focus_sources(self) -> None:
        if self._rows:
            self._rows[0].setFocus()

    def show_count(self, count: int) -> None:
        self._count.setText(count_text(count))

    def show_watches(self, watches: list[dict[str, Any]], left_out: dict[str, int]) -> None:
        for one in self._rows:
            self._sources.removeWidget(one)
            one.hide()
            one.deleteLater()
        self._rows = []
        if not watches:
            none = label("No folder is watched yet", "caption", font(12))
            none.setContentsMargins(10, 4, 0, 0)
            self._rows.append(none)
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

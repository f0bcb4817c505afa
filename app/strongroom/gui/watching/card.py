"""One watched folder as a card: what it is, how it goes, and what it made so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from strongroom.domain.quantities import size_text
from strongroom.gui import wording
from strongroom.gui.paint import Pill
from strongroom.gui.pieces import (
    Button,
    Elided,
    Icon,
    IconButton,
    column,
    frame,
    label,
    row,
)
from strongroom.gui.theme import Theme, font, mono

Watch = Mapping[str, Any]


class WatchCard(QFrame):
    """`chosen`: it was pressed; `pause(paused)`, `menu_wanted(point)`, `mend`: its buttons."""

    chosen = Signal()
    pause = Signal(bool)
    menu_wanted = Signal(QPoint)

    def __init__(
        self, theme: Theme, watch: Watch, sentence: str, totals: Mapping[str, Any], busy: int
    ) -> None:
        super().__init__()
        self.setProperty("look", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self.mapToGlobal(at))
        )
        look = wording.WATCHING.get(watch["state"], wording.WATCHING["idle"])
        self.setAccessibleName(f"Watched folder {watch['name']}, {look.word}")
        layout = column(16, 12, 12, 14, spacing=6)
        head = row(spacing=10)
        head.addWidget(Icon(theme, "folder-sync", "text2"))
        head.addWidget(label(watch["name"], fnt=font(13, 600)))
        head.addWidget(Pill(theme, look))
        head.addStretch(1)
        paused = watch["paused"]
        self.pause_button = Button(
            theme, "Go on" if paused else "Pause", "", "ghost", lambda: self.pause.emit(not paused)
        )
        head.addWidget(self.pause_button)
        more = IconButton(theme, "ellipsis", f"What can be done with {watch['name']}")
        more.clicked.connect(
            lambda: self.menu_wanted.emit(more.mapToGlobal(more.rect().bottomLeft()))
        )
        head.addWidget(more)
        layout.addLayout(head)
        inside = column(26, 0, 4, 0, spacing=6)
        inside.addWidget(Elided(watch["path"], "second", mono()))
        words = label(sentence, "", font(12))
        words.setWordWrap(True)
        inside.addWidget(words)
        inside.addLayout(_figures(totals, busy))
        layout.addLayout(inside)
        if watch.get("detail"):
            layout.addWidget(_detail(theme, str(watch["detail"]), look.tone))
        self.setLayout(layout)

    def set_chosen(self, chosen: bool) -> None:
        if self.property("chosen") != chosen:
            self.setProperty("chosen", chosen)
            self.style().unpolish(self)
            self.style().polish(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit()
        elif event.key() == Qt.Key.Key_Menu:
            self.menu_wanted.emit(self.mapToGlobal(self.rect().center()))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: object) -> None:
        super().focusInEvent(event)  # type: ignore[arg-type]
        self.chosen.emit()


def _figures(totals: Mapping[str, Any], busy: int) -> QHBoxLayout:
    """`1 318 versions  96.2 GiB  18 min since last  2 in progress`"""
    line = row(spacing=5)
    last = totals.get("last_at")
    figures = [
        (wording.count_text(totals.get("versions", 0)), "versions"),
        (size_text(totals.get("bytes", 0)), "in them"),
        (wording.ago(last) if last else "—", "since last"),
    ]
    if busy:
        figures.append((wording.count_text(busy), "in progress"))
    if totals.get("left_out"):
        figures.append((wording.count_text(totals["left_out"]), "left out"))
    for number, what in figures:
        line.addWidget(label(number, "", mono(12, 600)))
        line.addWidget(label(what, "second", font(12)))
        line.addSpacing(14)
    line.addStretch(1)
    return line


def _detail(theme: Theme, text: str, tone: str) -> QFrame:
    bad = tone == "red"
    box = frame("fault" if bad else "warning")
    line = row(10, 6, 10, 6, spacing=8)
    line.addWidget(
        Icon(theme, "triangle-alert", "red" if bad else "amber", 14), 0, Qt.AlignmentFlag.AlignTop
    )
    words = label(wording.sentence(text), "", font(12))
    words.setWordWrap(True)
    line.addWidget(words, 1)
    box.setLayout(line)
    return box


class FolderTarget(QFrame):
    """Where a folder can be dropped to be watched."""

    def __init__(self, theme: Theme, choose: Callable[[], object]) -> None:
        super().__init__()
        self.setProperty("look", "target")
        self.setMinimumHeight(150)
        layout = column(20, 20, 20, 20, spacing=6)
        layout.addStretch(1)
        layout.addWidget(
            Icon(theme, "folder-plus", "accent_text", 24), 0, Qt.AlignmentFlag.AlignHCenter
        )
        lines: list[QWidget] = [
            label("Drop a folder here to watch it", fnt=font(13, 600)),
            label("You see what it would take, and how, before anything is added", "second"),
        ]
        for one in lines:
            layout.addWidget(one, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(6)
        self.button = Button(theme, "Choose a folder…", "folder-open", "", choose)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        self.setLayout(layout)

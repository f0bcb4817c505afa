"""A card of references to versions: what a run read, what it made."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView

from strongroom.gui.pieces import column, frame, label, row
from strongroom.gui.theme import DENSE_ROW, FIELD, font, mono
from strongroom.gui.wording import count_text

_SHOWN = 8


class LinkList(QListView):
    """`followed(reference)` by a click or Enter."""

    followed = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("look", "links")
        self.setAccessibleName(name)
        self.setFont(mono())
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setUniformItemSizes(True)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self._follow)

    def _follow(self, index: QModelIndex) -> None:
        if index.isValid():
            self.followed.emit(index.data())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._follow(self.currentIndex())
        else:
            super().keyPressEvent(event)


class LinksCard(QFrame):
    def __init__(self, title: str, nothing: str) -> None:
        super().__init__()
        self.setProperty("look", "card")
        self._model = QStringListModel(self)
        layout = column(1, 0, 1, 6)
        head = row(14, 0, 10, 0, spacing=8)
        head.addWidget(label(title, fnt=font(13, 600)))
        self.count = label("", "caption", font(12))
        head.addWidget(self.count)
        head.addStretch(1)
        top = frame("plain")
        top.setFixedHeight(FIELD + 10)
        top.setLayout(head)
        layout.addWidget(top)
        layout.addWidget(frame("rule"))
        self.nothing = label(nothing, "caption", font(12))
        self.nothing.setContentsMargins(14, 10, 14, 6)
        self.nothing.setWordWrap(True)
        layout.addWidget(self.nothing)
        self.list = LinkList(title)
        self.list.setModel(self._model)
        layout.addWidget(self.list)
        layout.addStretch(1)
        self.setLayout(layout)
        self.show_links([])

    def show_links(self, references: Sequence[str]) -> None:
        if self._model.stringList() != list(references):
            self._model.setStringList(list(references))
        self.count.setText(count_text(len(references)))
        self.count.setVisible(bool(references))
        self.nothing.setVisible(not references)
        self.list.setVisible(bool(references))
        self.list.setFixedHeight(DENSE_ROW * max(1, min(len(references), _SHOWN)) + 2)

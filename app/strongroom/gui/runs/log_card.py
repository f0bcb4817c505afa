"""The end of a run's log, which follows what is written unless someone reads farther up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtGui import QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit

from strongroom.gui.pieces import Button, Elided, column, frame, label, row
from strongroom.gui.theme import FIELD, LOG_HEIGHT, Theme, font, mono

#: Lines kept while one reads on; and how much of the end tells where new lines begin.
_KEPT = 5000
_OVERLAP = 400


class LogCard(QFrame):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("look", "card")
        layout = column(1, 0, 1, 1)
        head = row(14, 0, 10, 0, spacing=8)
        head.addWidget(label("Log", fnt=font(13, 600)))
        self.where = Elided("", "caption", mono())
        head.addWidget(self.where, 1)
        self.end_button = Button(theme, "Go to the end", "arrow-down", "ghost", self.go_to_end, 14)
        self.end_button.hide()
        head.addWidget(self.end_button)
        top = frame("plain")
        top.setFixedHeight(FIELD + 10)
        top.setLayout(head)
        layout.addWidget(top)
        layout.addWidget(frame("rule"))
        self.nothing = label("", "caption", font(12))
        self.nothing.setContentsMargins(14, 10, 14, 12)
        self.nothing.setWordWrap(True)
        layout.addWidget(self.nothing)
        self.text = QPlainTextEdit()
        self.text.setProperty("look", "log")
        self.text.setReadOnly(True)
        self.text.setFont(mono())
        self.text.setAccessibleName("Log")
        self.text.setTabChangesFocus(True)
        self.text.setMaximumBlockCount(_KEPT)
        self.text.setWordWrapMode(QTextOption.WrapMode.NoWrap)
        self.text.setUndoRedoEnabled(False)
        self.text.setFixedHeight(LOG_HEIGHT)
        self.text.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.text.verticalScrollBar().rangeChanged.connect(self._resized)
        #: Whether the end is wanted; the text's own range follows only when it is laid out.
        self.follows, self._changing = True, False
        layout.addWidget(self.text)
        self.setLayout(layout)
        self._whole = ""
        self.forget()

    def forget(self) -> None:
        """Another run: what is here is not its log."""
        self._whole = ""
        self.follows = True
        self.text.clear()
        self.where.set_whole("")
        self._say("Reading…")

    def show_log(self, log: Mapping[str, Any]) -> None:
        self.where.set_whole(
            " · ".join(
                filter(None, [log["file"], log["ref"] or "", "only the end" if log["cut"] else ""])
            )
        )
        if not log["text"]:
            self._whole = ""
            self.text.clear()
            self._say(log["reason"])
            return
        self.nothing.hide()
        self.text.show()
        self._become(log["text"])

    def _become(self, text: str) -> None:
        """Adds what is new at the end; all is replaced only where nothing of it was here."""
        if text == self._whole:
            return
        bar = self.text.verticalScrollBar()
        self._changing = True
        overlap = self._whole[-_OVERLAP:]
        at = text.rfind(overlap) if overlap else -1
        self._whole = text
        if at >= 0:
            end = QTextCursor(self.text.document())
            end.movePosition(QTextCursor.MoveOperation.End)
            end.insertText(text[at + len(overlap) :])
        else:
            before = bar.value()
            self.text.setPlainText(text)
            bar.setValue(before)
        self._changing = False
        if self.follows:
            self.go_to_end()

    def go_to_end(self) -> None:
        self.follows = True
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())
        self.text.horizontalScrollBar().setValue(0)

    def _scrolled(self, value: int) -> None:
        if not self._changing:
            self.follows = value >= self.text.verticalScrollBar().maximum() - 1
        self._offer_end()

    def _resized(self) -> None:
        if self.follows and not self._changing:
            self.go_to_end()
        self._offer_end()

    def _offer_end(self) -> None:
        self.end_button.setVisible(not self.follows and not self.text.isHidden())

    def _say(self, why: str) -> None:
        self.nothing.setText(why)
        self.nothing.show()
        self.text.hide()
        self.end_button.hide()

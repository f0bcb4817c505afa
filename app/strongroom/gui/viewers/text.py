"""Text and logs: a window of lines, and a search that goes through the whole file beside it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.domain.quantities import size_text
from strongroom.gui.bridge import Ticket
from strongroom.gui.pieces import Button, IconButton, column, copy_text, frame, label, row
from strongroom.gui.theme import FIELD, Theme, font, mono
from strongroom.gui.viewers.viewer import Document, Given, Viewer
from strongroom.gui.wording import count_text, plural

_SETTLES_MS = 250
#: Places in sight that are marked; a letter is found more often than anyone wants to see.
_MARKED = 500


class NumberedText(QPlainTextEdit):
    """Lines with their numbers; those behind `until` (the end of a long file) have none."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.first, self.until = 1, 0
        self.setProperty("look", "reader")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFont(mono())
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAccessibleName("Text of the file")
        self.gutter = _Gutter(self)
        self.updateRequest.connect(self._scroll_gutter)
        theme.changed.connect(self.gutter.update)

    def put(self, text: str, first: int, until: int) -> None:
        self.first, self.until = first, until
        self.setPlainText(text)
        self.setViewportMargins(self.gutter_width(), 0, 0, 0)
        self._place()

    def gutter_width(self) -> int:
        digits = max(3, len(str(self.first + self.until)))
        return self.fontMetrics().horizontalAdvance("0") * digits + 28

    def paint_gutter(self, event: QPaintEvent) -> None:
        painter = QPainter(self.gutter)
        painter.fillRect(event.rect(), QColor(self._theme.colours.panel2))
        painter.setFont(self.font())
        painter.setPen(QColor(self._theme.colours.text3))
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        height, width = self.fontMetrics().height(), self.gutter.width() - 12
        while block.isValid() and top <= event.rect().bottom():
            if block.blockNumber() < self.until:
                number = str(self.first + block.blockNumber())
                painter.drawText(
                    QRect(0, round(top), width, height), Qt.AlignmentFlag.AlignRight, number
                )
            top += self.blockBoundingRect(block).height()
            block = block.next()
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        area = self.contentsRect()
        self.gutter.setGeometry(area.left(), area.top(), self.gutter_width(), area.height())

    def _scroll_gutter(self, rect: QRect, dy: int) -> None:
        if dy:
            self.gutter.scroll(0, dy)
        else:
            self.gutter.update(0, rect.y(), self.gutter.width(), rect.height())


class _Gutter(QWidget):
    def __init__(self, text: NumberedText) -> None:
        super().__init__(text)
        self._text = text

    def sizeHint(self) -> QSize:
        return QSize(self._text.gutter_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._text.paint_gutter(event)


class TextViewer(Viewer):
    def __init__(self, given: Given, document: Document) -> None:
        super().__init__()
        self._given = given
        self._theme = given.theme
        self._search: Ticket | None = None
        self._window: Ticket | None = None
        self._searched = ""
        self.matches: list[Document] = []
        self.current = -1
        self._reason = ""
        self.text = NumberedText(given.theme)
        layout = column()
        layout.addLayout(self._find_bar())
        layout.addWidget(frame("rule"))
        layout.addWidget(self.text, 1)
        self.setLayout(layout)
        self._clock = QTimer(self, singleShot=True, interval=_SETTLES_MS)
        self._clock.timeout.connect(self._look)
        self._theme.changed.connect(self._mark)
        self._size = document["size"]
        self._put(document)

    def first_focus(self) -> QWidget:
        return self.text

    def copy(self) -> str:
        chosen = self.text.textCursor().selection().toPlainText()
        copy_text(chosen or self.text.toPlainText())
        return "the selection" if chosen else "the text shown"

    def leave(self) -> None:
        for ticket in (self._search, self._window):
            if ticket is not None:
                ticket.cancel()

    # ------------------------------------------------------------------ what is shown

    def _put(self, document: Document) -> None:
        self._document = document
        text, tail = document["text"], document["tail"]
        if text.endswith("\n"):
            text = text[:-1]
        lines = text.count("\n") + 1
        self._lines = lines
        if tail is not None:
            skipped = tail["start"] - document["end"]
            gap = (
                f"\n\n   ⋯  {size_text(skipped)} not shown here; the search looks there too  ⋯\n\n"
            )
            text += (gap if skipped else "\n") + tail["text"].removesuffix("\n")
        self.text.put(text, document["line"], lines)
        self.beginning.setVisible(document["start"] > 0)
        self.later.setVisible(document["end"] < self._size)
        end = document["line"] + lines - 1
        self.summary = f"Lines {count_text(document['line'])} to {count_text(end)}"
        if document["start"] == 0 and document["end"] >= self._size:
            self.summary = plural(lines if text else 0, "line")
        self.told.emit()
        self._mark()

    def _ask(self, at: int, line: int, match: Document | None = None) -> None:
        """Reads the window around a byte, and goes to the match in it."""
        given = self._given
        if self._window is not None:
            self._window.cancel()

        def put(document: Document) -> None:
            self._put(document)
            if match is not None:
                self._show_line(match)

        self._window = given.bridge.ask(
            lambda registry: registry.preview(given.reference, given.path, at=at, line=line),
            put,
            slow=True,
        )

    # ------------------------------------------------------------------ finding

    def _find_bar(self) -> QHBoxLayout:
        bar = row(16, 8, 16, 8, spacing=6)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find in the whole file (Ctrl F)")
        self.field.setAccessibleName("Find in the file")
        self.field.setMinimumHeight(FIELD)
        self.field.setFixedWidth(300)
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(lambda: self._clock.start())
        self.field.installEventFilter(self)
        bar.addWidget(self.field)
        theme = self._theme
        self.previous = IconButton(theme, "chevron-up", "Previous line found (Shift Enter)")
        self.previous.clicked.connect(lambda: self.step(-1))
        self.next = IconButton(theme, "chevron-down", "Next line found (Enter)")
        self.next.clicked.connect(lambda: self.step(1))
        self.found = label("", "caption", font(12))
        for one in (self.previous, self.next, self.found):
            bar.addWidget(one)
        bar.addStretch(1)
        self.beginning = Button(theme, "Beginning", "", "ghost", lambda: self._ask(0, 1))
        self.later = Button(theme, "Later lines", "", "ghost", self._show_later)
        self.later.setToolTip("Read on where the numbered lines end")
        bar.addWidget(self.beginning)
        bar.addWidget(self.later)
        self._tell()
        return bar

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.step(-1 if back else 1)
                return True
        return False

    def focus_find(self) -> None:
        self.field.setFocus()
        self.field.selectAll()

    def _show_later(self) -> None:
        self._ask(self._document["end"], self._document["line"] + self._lines)

    def _look(self) -> None:
        wanted, given = self.field.text(), self._given
        if wanted == self._searched or (self._search is not None and self._search.open):
            return  # one search at a time: what was typed meanwhile is looked for after it
        self._searched, self.matches, self.current, self._reason = wanted, [], -1, ""
        self._mark()
        if not wanted:
            self._tell()
            return
        self.found.setText("Searching…")
        self._search = given.bridge.ask(
            lambda registry: registry.preview(given.reference, given.path, wanted),
            self._show_matches,
            self._explain,
            slow=True,
        )

    def _show_matches(self, answer: Document) -> None:
        if self.field.text() != self._searched:
            self._look()
            return
        self.matches, self._reason = answer["matches"], answer["reason"]
        self._tell()
        if self.matches:
            self.step(1)

    def _explain(self, error: StrongroomError) -> None:
        if self.field.text() != self._searched:
            self._look()
        else:
            self.found.setText(str(error))

    def step(self, by: int) -> None:
        """Goes to the next or previous line found; from the last to the first."""
        if self.field.text() != self._searched:
            self._clock.stop()
            self._look()
            return
        if not self.matches:
            return
        self.current = (self.current + by) % len(self.matches) if self.current >= 0 else 0
        match = self.matches[self.current]
        self._tell()
        if self._document["start"] <= match["at"] < self._document["end"]:
            self._show_line(match)
        else:
            self._ask(match["at"], match["line"], match)

    def _show_line(self, match: Document) -> None:
        block = self.text.document().findBlockByNumber(match["line"] - self._document["line"])
        cursor = QTextCursor(block)
        cursor.movePosition(
            QTextCursor.MoveOperation.Right, n=min(match["column"], max(0, block.length() - 1))
        )
        self.text.setTextCursor(cursor)
        self.text.centerCursor()
        self._mark()

    def _tell(self) -> None:
        count = len(self.matches)
        if not self._searched:
            words = ""
        elif not count:
            words = "No line holds it"
        elif self.current < 0:
            words = plural(count, "line")
        else:
            line = count_text(self.matches[self.current]["line"])
            words = f"{count_text(self.current + 1)} of {plural(count, 'line')}, line {line}"
        self.found.setText("; ".join(w for w in (words, self._reason) if w))
        for button in (self.previous, self.next):
            button.setEnabled(count > 0)

    def _mark(self) -> None:
        """Tints the found words in sight, and the line that one is at."""
        selections = []
        if self.current >= 0:
            line = QTextEdit.ExtraSelection()
            line.format.setBackground(QColor(self._theme.colours.accent_soft))
            line.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            line.cursor = self.text.textCursor()
            line.cursor.clearSelection()
            selections.append(line)
        if self._searched:
            tone = self._theme.tone("amber")
            tint = QTextCharFormat()
            tint.setBackground(QColor(tone.fill))
            tint.setForeground(QColor(tone.text))
            at = self.text.document().find(self._searched)
            while not at.isNull() and len(selections) < _MARKED:
                one = QTextEdit.ExtraSelection()
                one.format, one.cursor = tint, at
                selections.append(one)
                at = self.text.document().find(self._searched, at)
        self.text.setExtraSelections(selections)

"""One section of the page: a head that folds it, and its tables, its progress or its error."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QProgressBar, QSizePolicy, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.domain.quantities import size_text
from strongroom.gui.compare.chart_view import ChartView
from strongroom.gui.compare.grid import Grid, Names, Part
from strongroom.gui.compare.grid_table import GridTable
from strongroom.gui.compare.sections import View
from strongroom.gui.paint import draw_text
from strongroom.gui.pieces import Button, Elided, IconButton, column, frame, label, row
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.wording import count_text, plural, sentence
from strongroom.services.progress import Progress
from strongroom.services.registry import Document

_HEAD = 40
#: Tables of one section that are shown; a report has all.
_MOST_GRIDS = 40
#: Rows of a table before it scrolls, among the other sections and alone.
_ROWS, _ROWS_ALONE = 12, 200


class SectionCard(QFrame):
    """`cancelled`: its reading shall end; `wanted`: it shall be tried again."""

    cancelled = Signal()
    wanted = Signal()

    def __init__(self, theme: Theme, view: View) -> None:
        super().__init__()
        self.view, self._theme = view, theme
        self.setProperty("look", "card")
        self.setAccessibleName(view.title)
        self.document: Document | None = None
        self._names = Names((), 0)
        self._only, self._alone, self.folded = True, False, False
        self._same = 0
        self.blocks: list[_Block] = []
        layout = column(1, 0, 1, 1)
        layout.addWidget(self._make_head())
        self._rule = frame("rule")
        layout.addWidget(self._rule)
        self._body = QWidget()
        self._inside = column()
        self._waiting = self._make_waiting()
        self._failure = self._make_failure()
        self._words = label("", "caption", font(12))
        self._words.setContentsMargins(14, 10, 14, 10)
        self._words.setWordWrap(True)
        for part in (self._waiting, self._failure, self._words):
            self._inside.addWidget(part)
        self._body.setLayout(self._inside)
        layout.addWidget(self._body)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._show_only(None)

    # ------------------------------------------------------------------ parts

    def _make_head(self) -> QWidget:
        head = QWidget()
        head.setFixedHeight(_HEAD)
        self.head = row(6, 0, 12, 0, spacing=6)
        self._chevron = IconButton(self._theme, "chevron-down", "", self.turn)
        self._unfolded = IconButton(self._theme, "chevron-right", "", self.turn)
        for button, verb in ((self._chevron, "Fold"), (self._unfolded, "Unfold")):
            words = f"{verb} {self.view.title}"
            button.setToolTip(words)
            button.setAccessibleName(words)
            self.head.addWidget(button)
        self._unfolded.hide()
        self.head.addWidget(label(self.view.title, fnt=font(13, 600)))
        self.count = label("", "caption", font(12))
        self.head.addSpacing(2)
        self.head.addWidget(self.count)
        self.beside = row(8, 0, 0, 0)  # what a kind of section puts there
        self.head.addLayout(self.beside)
        self.head.addStretch(1)
        self.caption = label("", "second", font(12))
        self.head.addWidget(self.caption)
        head.setLayout(self.head)
        return head

    def _make_waiting(self) -> QWidget:
        waiting = QWidget()
        line = row(14, 10, 8, 10, spacing=10)
        self._told = label("Comparing…", "second", font(12))
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 0)
        self._bar.setAccessibleName(f"Progress of {self.view.title}")
        line.addWidget(self._told)
        line.addWidget(self._bar, 1)
        self.stop = Button(self._theme, "Cancel", "", "ghost", self.cancelled.emit)
        self.stop.setAccessibleName(f"Cancel {self.view.title}")
        line.addWidget(self.stop)
        waiting.setLayout(line)
        self.stop.setVisible(self.view.slow)  # not before it has a parent: it would be a window
        return waiting

    def _make_failure(self) -> QWidget:
        failure = frame("fault")
        line = row(12, 8, 8, 8, spacing=10)
        texts = column(spacing=2)
        self.what = label("", "bad", font(13, 500))
        self.what.setWordWrap(True)
        self._thing = Elided("", "bad", mono())
        self._hint = label("", "second", font(12))
        self._hint.setWordWrap(True)
        for one in (self.what, self._thing, self._hint):
            texts.addWidget(one)
        line.addLayout(texts, 1)
        again = Button(self._theme, "Try again", "refresh-cw", "", self.wanted.emit, 14)
        line.addWidget(again, 0, Qt.AlignmentFlag.AlignTop)
        failure.setLayout(line)
        holder = QWidget()
        around = column(12, 10, 12, 10)
        around.addWidget(failure)
        holder.setLayout(around)
        return holder

    # ------------------------------------------------------------------ states

    @property
    def is_waiting(self) -> bool:
        return not self._waiting.isHidden()

    @property
    def has_failed(self) -> bool:
        return not self._failure.isHidden()

    @property
    def differ(self) -> int | None:
        """How many rows differ; None while that is not known."""
        return None if self.document is None else int(self.document["differ"])

    @property
    def is_empty(self) -> bool:
        """No subject has anything of the kind."""
        return self.document is not None and self.document["rows"] is None

    @property
    def hidden_rows(self) -> int:
        """Equal rows that are not shown."""
        return self._same

    def wait(self) -> None:
        self.document, self._same = None, 0
        self.count.setText("")
        self.caption.setText("")
        self._told.setText("Comparing…")
        self._bar.setRange(0, 0)
        self._show_only(self._waiting)

    def tell(self, progress: Progress) -> None:
        if progress.total_bytes:
            self._bar.setRange(0, 1000)
            share = min(1.0, max(0.0, progress.bytes / progress.total_bytes))
            self._bar.setValue(round(1000 * share))
            done, whole = size_text(max(0, progress.bytes)), size_text(progress.total_bytes)
            self._told.setText(f"{done} of {whole}")

    def fail(self, error: StrongroomError) -> None:
        document = error.document()
        stopped = error.code == "cancelled"
        self.what.setText("Stopped as asked" if stopped else sentence(document["message"]))
        self._thing.set_whole("" if stopped else document["object"])
        self._thing.setVisible(bool(self._thing.whole()))
        self._hint.setText("" if stopped else sentence(document["hint"]))
        self._hint.setVisible(bool(self._hint.text()))
        self._show_only(self._failure)

    def show_document(self, document: Document, names: Names) -> None:
        self.document, self._names = document, names
        self._fill()

    def set_view(self, only: bool, alone: bool) -> None:
        """`only` differences; `alone`: it is the one section shown, so it takes more room."""
        if (only, alone) != (self._only, self._alone):
            self._only, self._alone = only, alone
            if self.document is not None:
                self._fill()

    @property
    def state_text(self) -> str:
        """How many rows differ, or why there is nothing."""
        if self.has_failed:
            return f"{self.what.text()}. {self._thing.whole()}".strip()
        return self.count.text() or self._words.text()

    def grids(self, only: bool) -> Sequence[Grid]:
        """What it shows, for a report."""
        if self.document is None or self.document["rows"] is None:
            return ()
        return self.view.grids(self.document, self._names, only)

    def _fill(self) -> None:
        document = self.document
        assert document is not None
        self._same = 0
        if document["rows"] is None:
            self._say(self.view.nothing)
            return
        total, differ = document["total"], document["differ"]
        self.count.setText(f"{count_text(differ)} of {count_text(total)} differ")
        grids = self.grids(self._only)
        self._same = sum(g.same for g in grids)
        shown = [g for g in grids if g.rows or g.notes or g.title][:_MOST_GRIDS]
        self.caption.setText(next((g.caption for g in grids if g.caption and not g.title), ""))
        while len(self.blocks) < len(shown):
            block = _Block(self._theme, self.view.title)
            self.blocks.append(block)
            self._inside.addWidget(block)
        for block, grid in zip(self.blocks, shown, strict=False):
            block.show_grid(grid, _ROWS_ALONE if self._alone else _ROWS)
        if not any(g.rows or g.notes or g.title for g in grids):
            self._say(f"No difference; {plural(self._same, 'row')} equal.")
            return
        self._show_only(*self.blocks[: len(shown)])

    def _say(self, words: str) -> None:
        self._words.setText(words)
        self._show_only(self._words)

    def _show_only(self, *parts: QWidget | None) -> None:
        for part in (self._waiting, self._failure, self._words, *self.blocks):
            part.setVisible(part in parts)

    def turn(self) -> None:
        """Folds or unfolds it; the keyboard stays on the arrow."""
        focused = self._chevron.hasFocus() or self._unfolded.hasFocus()
        self.set_folded(not self.folded)
        if focused:
            (self._unfolded if self.folded else self._chevron).setFocus()

    def set_folded(self, folded: bool) -> None:
        self.folded = folded
        self._body.setVisible(not folded)
        self._rule.setVisible(not folded)
        self._chevron.setVisible(not folded)
        self._unfolded.setVisible(folded)


class _Block(QWidget):
    """One grid: its title and caption, a bar of parts, the table, notes below."""

    def __init__(self, theme: Theme, section: str) -> None:
        super().__init__()
        self._section = section
        self.grid = Grid((), ())
        layout = column()
        self._top = QWidget()
        line = row(14, 10, 14, 6, spacing=10)
        self._title = Elided("", "", mono(12, 500))
        self._caption = label("", "second", font(12))
        line.addWidget(self._title, 1)
        line.addWidget(self._caption)
        self._top.setLayout(line)
        layout.addWidget(self._top)
        self._parts = _Parts(theme)
        layout.addWidget(self._parts)
        self._chart = ChartView(theme)
        layout.addWidget(self._chart)
        self.table = GridTable(theme)
        layout.addWidget(self.table)
        self._notes = label("", "second", font(12))
        self._notes.setWordWrap(True)
        self._notes.setContentsMargins(14, 6, 14, 8)
        layout.addWidget(self._notes)
        self._below = QWidget()
        self._below.setFixedHeight(6)
        layout.addWidget(self._below)
        self.setLayout(layout)

    def show_grid(self, grid: Grid, most: int) -> None:
        self.grid = grid
        self._title.set_whole(grid.title)
        self._caption.setText(grid.caption if grid.title else "")
        self._top.setVisible(bool(grid.title))
        self._below.setVisible(bool(grid.title))
        self._parts.show_parts(grid.parts)
        self._chart.show_chart(grid.chart)
        self.table.setVisible(bool(grid.rows))
        self.table.setAccessibleName(f"{self._section} {grid.title}".strip())
        self.table.show_grid(grid, most)
        self._notes.setText("\n".join(grid.notes))
        self._notes.setVisible(bool(grid.notes))


class _Parts(QWidget):
    """How many of each sort, as a bar with its legend."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shown: tuple[Part, ...] = ()
        self.setFixedHeight(40)
        theme.changed.connect(self.update)

    def show_parts(self, parts: tuple[Part, ...]) -> None:
        self._shown = tuple(p for p in parts if p.count)
        self.setVisible(bool(self._shown))
        self.setAccessibleName(", ".join(f"{p.word} {count_text(p.count)}" for p in self._shown))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = sum(p.count for p in self._shown) or 1
        room, left = self.width() - 28 - 2 * (len(self._shown) - 1), 14.0
        for part in self._shown:
            width = max(3.0, room * part.count / whole)
            painter.setBrush(QColor(self._theme.tone(part.tone).solid))
            painter.drawRoundedRect(QRectF(left, 4, width, 8), 3, 3)
            left += width + 2
        at = 14
        for part in self._shown:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.tone(part.tone).solid))
            painter.drawEllipse(QRectF(at, 23, 7, 7))
            text = f"{part.word} {count_text(part.count)}"
            area = self.rect().adjusted(at + 13, 17, 0, -4)
            at += 13 + draw_text(painter, area, text, font(12), self._theme.colours.text2) + 16
        painter.end()

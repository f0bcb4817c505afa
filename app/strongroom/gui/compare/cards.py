"""The subjects as cards in a row: name, state, run and age; which is the baseline; a way out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from strongroom.gui.compare.subjects import Subject
from strongroom.gui.paint import Dot, Pill
from strongroom.gui.pieces import Button, Elided, IconButton, column, label, row
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.tips import tip
from strongroom.gui.wording import Look, since

_BASELINE = Look("Baseline", "flag", "indigo")
_NARROWEST = 252
_HEIGHT = 62
#: From these widths on there is room for words on the button, and for the digest.
_WORDS, _DIGEST = 310, 400
_CHOOSE = "Set as baseline"


class SubjectCard(QFrame):
    """`baseline_wanted(ref)`, `gone(ref)`: removed; `opened(ref)` by a double click or Enter."""

    baseline_wanted = Signal(str)
    gone = Signal(str)
    opened = Signal(str)

    def __init__(self, theme: Theme, subject: Subject, tone: str, is_baseline: bool) -> None:
        super().__init__()
        self.subject, self.is_baseline = subject, is_baseline
        self._choose: Button | None = None
        self.setProperty("look", "card")
        self.setProperty("chosen", "true" if is_baseline else "false")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(_HEIGHT)
        words = f"{subject.title}, {'baseline' if is_baseline else 'not the baseline'}"
        self.setAccessibleName(f"{words}. {subject.wrong}" if subject.wrong else words)
        layout = column(12, 7, 8, 7, spacing=3)
        upper = row(spacing=7)
        upper.addWidget(Dot(theme, tone))
        name = Elided(subject.title, "", font(13, 600), Qt.TextElideMode.ElideMiddle)
        upper.addWidget(name, 1)
        self.digest = label(subject.digest, "caption", mono())
        upper.addWidget(self.digest)
        if is_baseline:
            upper.addWidget(Pill(theme, _BASELINE))
        else:
            choose = Button(theme, _CHOOSE, "flag", "ghost", size=14)
            choose.setFont(font(12))
            self._choose = choose
            choose.setToolTip("Show changes against this one (B)")
            choose.setAccessibleName(f"Set {subject.title} as the baseline")
            choose.clicked.connect(lambda: self.baseline_wanted.emit(subject.ref))
            upper.addWidget(choose)
        remove = IconButton(theme, "x", f"Remove {subject.title} (Del)")
        remove.clicked.connect(lambda: self.gone.emit(subject.ref))
        upper.addWidget(remove)
        lower = row(spacing=8)
        lower.addWidget(Pill(theme, subject.look))
        if subject.wrong:
            lower.addWidget(Elided(subject.wrong, "bad", font(12)), 1)
        else:
            lower.addWidget(Elided(subject.run_name, "second", mono()), 1)
            lower.addWidget(label(since(subject.at), "second", font(12)))
        layout.addLayout(upper)
        layout.addLayout(lower)
        self.setLayout(layout)
        self.setToolTip(tip(subject.ref))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.digest.setVisible(self.width() > _DIGEST)
        if self._choose is not None:
            self._choose.setText(_CHOOSE if self.width() > _WORDS else "")

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.opened.emit(self.subject.ref)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self.subject.ref)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.gone.emit(self.subject.ref)
        elif key == Qt.Key.Key_B:
            self.baseline_wanted.emit(self.subject.ref)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._step(1 if key == Qt.Key.Key_Right else -1)
        else:
            super().keyPressEvent(event)

    def _step(self, by: int) -> None:
        holder = self.parentWidget()
        if isinstance(holder, SubjectCards):
            holder.focus_card(holder.cards.index(self) + by)


class SubjectCards(QWidget):
    """As many beside each other as have room. `add_wanted`: one more is to be chosen."""

    baseline_wanted = Signal(str)
    gone = Signal(str)
    opened = Signal(str)
    add_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.cards: list[SubjectCard] = []
        self._columns = 0
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(12)
        self._line = row(spacing=12)
        self._line.addLayout(self._grid, 1)
        self.add_button = Button(theme, "Add", "plus", "", self.add_wanted.emit)
        self.add_button.setToolTip("Choose one more version or run")
        self.add_button.setAccessibleName("Add a version or run to the comparison")
        self._line.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.setLayout(self._line)

    def show_subjects(self, subjects: Sequence[Subject], tones: Sequence[str], base: int) -> None:
        focused = next((i for i, card in enumerate(self.cards) if card.hasFocus()), None)
        for card in self.cards:
            self._grid.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = []
        for at, subject in enumerate(subjects):
            card = SubjectCard(self._theme, subject, tones[at], at == base)
            card.baseline_wanted.connect(self.baseline_wanted)
            card.gone.connect(self.gone)
            card.opened.connect(self.opened)
            self.cards.append(card)
        self._columns = 0
        self._arrange()
        if focused is not None:
            self.focus_card(min(focused, len(self.cards) - 1))

    def focus_card(self, at: int) -> None:
        if 0 <= at < len(self.cards):
            self.cards[at].setFocus(Qt.FocusReason.TabFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        room = self.width() - 100
        columns = max(1, min(len(self.cards), room // _NARROWEST))
        if columns == self._columns:
            return
        for at in range(self._grid.columnCount()):
            self._grid.setColumnStretch(at, 0)
        for at, card in enumerate(self.cards):
            self._grid.addWidget(card, at // columns, at % columns)
            card.show()
        for at in range(columns):
            self._grid.setColumnStretch(at, 1)
        self._columns = columns

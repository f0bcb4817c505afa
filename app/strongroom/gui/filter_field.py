"""The filter: terms stand as chips, what is typed is read at once; a wrong term says where and
why, and the list stays.
"""

from __future__ import annotations

import time

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QToolButton, QWidget

from strongroom.domain.filters import BadFilter, parse
from strongroom.gui import icons
from strongroom.gui.bridge import Bridge
from strongroom.gui.filter_completion import Completion
from strongroom.gui.filter_terms import Terms, field_of, has_or, is_field_term, same, split
from strongroom.gui.paint import draw_text
from strongroom.gui.pieces import label
from strongroom.gui.theme import CHIP, Theme, font, mono
from strongroom.gui.tips import tip
from strongroom.gui.wording import sentence

_SETTLE_MS = 120
_LEFT, _GAP = 30, 5
#: Chips take at most this share of the field; what does not fit is counted.
_SHARE = 0.62
#: Characters of a wrong filter that are shown around the wrong one.
_AROUND = 44


class Chip(QWidget):
    """One term: `key` `operator` `value`. A click takes it back into the text, its cross away."""

    def __init__(self, theme: Theme, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self.text, self.wrong = theme, text, False
        self.setAccessibleName(f"Filter {text}")
        self.setToolTip(tip(text))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._key, self._value = self._parts()
        self._metrics = self.fontMetrics()
        self.setFont(mono(12))
        self.setFixedSize(self.sizeHint())

    def _parts(self) -> tuple[str, str]:
        if not is_field_term(self.text):
            return "", self.text
        key, operator, value = field_of(self.text)
        return key + operator, value

    def sizeHint(self) -> QSize:
        width = self.fontMetrics().horizontalAdvance(self.text)
        return QSize(min(260, width + 30), CHIP)

    def cross(self) -> QRect:
        return QRect(self.width() - 19, 0, 19, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        c, red = self._theme.colours, self._theme.tone("red")
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(red.edge if self.wrong else c.accent_line), 1))
        painter.setBrush(QColor(red.fill if self.wrong else c.accent_soft))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        area = self.rect().adjusted(7, 0, -19, 0)
        used = draw_text(painter, area, self._key, mono(12), red.text if self.wrong else c.text2)
        rest = area.adjusted(used, 0, 0, 0)
        draw_text(painter, rest, self._value, mono(12), red.text if self.wrong else c.accent_text)
        cross = icons.pixmap("x", red.text if self.wrong else c.accent_text, 12)
        painter.drawPixmap(self.width() - 17, (self.height() - 12) // 2, cross)
        painter.end()


class FilterField(QLineEdit):
    """`settled` brings each filter that can be read, once typing pauses; `left` asks for the list;
    `menu_wanted(point)` for the saved filters. `text` is what is typed, `whole` all of it.
    """

    settled = Signal(str)
    left = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, theme: Theme, bridge: Bridge, hint: str = "", saves: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._hint = hint or "Filter: a name, kind:model, auc>0.9, created:<7d …"
        self._chips: list[Chip] = []
        self._any_of = False
        self._told: str | None = None
        self._bad = False
        self.setFont(font())
        self.setPlaceholderText(self._hint)
        self.setAccessibleName("Filter")
        self._glass = self.addAction(
            icons.icon("list-filter", theme.colours.text2), QLineEdit.ActionPosition.LeadingPosition
        )
        self._clear = self.addAction(
            icons.icon("x", theme.colours.text2), QLineEdit.ActionPosition.TrailingPosition
        )
        self._clear.setToolTip("Clear the filter (Esc)")
        self._clear.triggered.connect(self.clear_all)
        self._save = self.addAction(
            icons.icon("bookmark", theme.colours.text2), QLineEdit.ActionPosition.TrailingPosition
        )
        self._save.setToolTip("Saved filters")
        self._save.setVisible(saves)
        self._save.triggered.connect(
            lambda: self.menu_wanted.emit(
                self.mapToGlobal(QPoint(self.width() - 60, self.height()))
            )
        )
        self.mode = QToolButton(self)
        self.mode.setProperty("look", "mode")
        self.mode.setCursor(Qt.CursorShape.PointingHandCursor)
        self.mode.setToolTip("All terms must hold, or any one of them")
        self.mode.clicked.connect(self._turn_mode)
        self.mode.hide()
        self._more = label("", "count", font(11, 500))
        self._more.setParent(self)
        self._more.hide()
        theme.changed.connect(self._draw_icons)
        self.reason = label("", "bad", font(12))
        self.reason.setProperty("floats", True)
        self.reason.hide()
        self._reason_at = 0
        self.completion = Completion(self, theme, bridge)
        self._timer = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._timer.timeout.connect(self._tell)
        self.textChanged.connect(lambda _: self._read())
        self.textEdited.connect(self._edited)
        self._show_extras()

    def _draw_icons(self) -> None:
        colour = self._theme.colours.text2
        for action, name in (
            (self._glass, "list-filter"), (self._clear, "x"), (self._save, "bookmark"),
        ):  # fmt: skip
            action.setIcon(icons.icon(name, colour))

    def attach_reason(self, parent: QWidget) -> None:
        """Where the reason of a wrong filter and what could be typed float, below the field."""
        self.reason.setParent(parent)
        self.completion.setParent(parent)
        self.completion.hide()

    # ------------------------------------------------------------------ the whole filter

    def whole(self) -> str:
        """All terms as one filter."""
        typed = self.text().strip()
        if not self._chips:
            return typed
        texts = [chip.text for chip in self._chips]
        if self._any_of and typed[:3].lower() == "or ":
            typed = typed[3:].strip()  # it is said already
        if typed:
            texts += split(typed).texts if self._any_of and not split(typed).any_of else [typed]
        return Terms(tuple(texts), self._any_of).whole()

    def set_whole(self, text: str) -> None:
        """Shows a filter as if it had been typed; it is not told."""
        self.completion.hide()
        terms = split(text)
        fields = [t for t in terms.texts if is_field_term(t)]
        words = [t for t in terms.texts if not is_field_term(t)]
        self._any_of = terms.any_of
        if terms.any_of and words and not fields:
            fields, words = list(terms.texts), []
        self._set_chips(fields)
        self.setText(" ".join(words))
        self._keep_meaning(text)
        self._timer.stop()
        self._told = self.whole()

    def _keep_meaning(self, text: str) -> bool:
        """Where chips and words would say something else than `text`, it stays as it is typed."""
        if same(text, self.whole(), int(time.time() * 1e6)):
            return True
        self._set_chips([])
        self.setText(text)
        return False

    def clear_all(self) -> None:
        self.completion.hide()
        self.completion.hide()
        self._set_chips([])
        self.clear()
        self._tell()

    def chips(self) -> list[str]:
        return [chip.text for chip in self._chips]

    # ------------------------------------------------------------------ chips

    def _set_chips(self, texts: list[str]) -> None:
        for chip in self._chips:
            chip.hide()
            chip.deleteLater()
        self._chips = [Chip(self._theme, text, self) for text in texts]
        self._any_of = self._any_of and bool(texts)  # the next filter begins anew
        self._place_chips()
        self._read()

    def _place_chips(self) -> None:
        left = _LEFT
        several = len(self._chips) + bool(self.text().strip()) > 1 and bool(self._chips)
        self.mode.setVisible(several)
        if several:
            self.mode.setText("Any of" if self._any_of else "All of")
            self.mode.adjustSize()
            self.mode.move(left - 4, (self.height() - self.mode.height()) // 2)
            left += self.mode.width()
        room = int(self.width() * _SHARE) - left
        shown: list[Chip] = []
        for chip in reversed(self._chips):  # the last ones are what one works on
            room -= chip.width() + _GAP
            if room < 0 and shown:
                break
            shown.insert(0, chip)
        hidden = len(self._chips) - len(shown)
        self._more.setVisible(hidden > 0)
        if hidden:
            self._more.setText(f"+{hidden}")
            self._more.setToolTip(tip("\n".join(c.text for c in self._chips[:hidden])))
            self._more.adjustSize()
            self._more.move(left, (self.height() - self._more.height()) // 2)
            left += self._more.width() + _GAP
        for chip in self._chips:
            chip.setVisible(chip in shown)
        for chip in shown:
            chip.move(left, (self.height() - chip.height()) // 2)
            left += chip.width() + _GAP
        self.setTextMargins(left - _LEFT + (2 if self._chips else 0), 0, 0, 0)
        self.setPlaceholderText("Add a filter…" if self._chips else self._hint)

    def _take_into_text(self, chip: Chip) -> None:
        """The term can be typed on; what was typed before becomes a chip if it can be one."""
        typed, before = self.text().strip(), self.whole()
        at = self._chips.index(chip)
        texts = self.chips()
        texts[at : at + 1] = [typed] if typed and is_field_term(typed) else []
        rest = "" if typed and is_field_term(typed) else typed
        self._set_chips(texts)
        self.setText(f"{rest} {chip.text}".strip())
        self._keep_meaning(before)
        self.setFocus()

    def _drop(self, chip: Chip) -> None:
        texts = self.chips()
        del texts[self._chips.index(chip)]
        self._set_chips(texts)
        self._tell()

    def _turn_mode(self) -> None:
        self._any_of = not self._any_of
        self._place_chips()
        self._read()
        self._tell()

    def _make_chips(self) -> None:
        """What is typed and says a field becomes chips; words stay words."""
        typed, before = self.text().strip(), self.whole()
        any_of = self._any_of
        if typed[:3].lower() == "or ":
            if len(self._chips) > 1 and not any_of:
                return  # all of some, or this one: only as it is typed can it be said
            any_of = bool(self._chips)
            typed = typed[3:]
        terms = split(typed)
        if terms.any_of:
            if self._chips and not any_of:
                return
            any_of = True
        fields = [t for t in terms.texts if is_field_term(t)]
        if not fields:
            return
        words = [t for t in terms.texts if not is_field_term(t)]
        self._any_of = any_of
        self._set_chips([*self.chips(), *fields])
        self.setText(" ".join(words) + (" " if words else ""))
        self._keep_meaning(before)
        self._place_chips()

    # ------------------------------------------------------------------ reading

    def _edited(self, text: str) -> None:
        # While one types, chips are made only where nothing that may follow can mean them another
        # way: an `or` binds the terms beside it, and words stand behind all chips. Enter tells.
        terms = split(text).texts
        plain = not has_or(text) and all(is_field_term(term) for term in terms)
        done = plain and text.endswith(" ") and self.cursorPosition() == len(text)
        if done and text.count('"') % 2 == 0 and not self._error():
            self._make_chips()
        self.completion.offer(self.text(), self.cursorPosition())

    def _error(self) -> BadFilter | None:
        try:
            parse(self.whole(), int(time.time() * 1e6))
        except BadFilter as error:
            return error
        return None

    def _read(self) -> None:
        error = self._error()
        self._show_extras()
        self._mark(error)
        if error is None:
            self._timer.start()
        else:
            self._timer.stop()

    def _show_extras(self) -> None:
        self._clear.setVisible(bool(self._chips or self.text()))
        if self._chips:
            self._place_chips()

    def show_reason(self) -> None:
        """Tells again what is wrong: what was offered is offered no more, or is from now on."""
        self._mark(self._error())
        self.place_reason()

    def _mark(self, error: BadFilter | None) -> None:
        """The wrong chip turns red, else the field; below it stands why, and at which character.

        What is not finished yet, and can be from what is offered, is not called wrong.
        """
        self._bad = error is not None
        if (
            error is not None
            and error.position >= len(self.whole())
            and self.completion.isVisible()
        ):
            error = None
        at = error.position if error is not None else -1
        begin, bad_chip = 0, None
        step = len(" or " if self._any_of else " ")
        for chip in self._chips:
            chip.wrong = error is not None and begin <= at < begin + len(chip.text)
            bad_chip = chip if chip.wrong else bad_chip
            begin += len(chip.text) + step
            chip.update()
        wrong = error is not None
        if self.property("wrong") != wrong:
            self.setProperty("wrong", wrong)
            self.style().unpolish(self)
            self.style().polish(self)
        parent = self.reason.parentWidget()
        self.reason.setVisible(wrong and self.isVisible())
        self.setToolTip(tip(sentence(error.what)) if error is not None else "")
        if error is not None and parent is not None:
            whole = self.whole()
            first = max(0, at - _AROUND)
            excerpt = whole[first : at + _AROUND].replace("\n", " ")
            self.reason.setFont(mono(12))
            self.reason.setText(f"{excerpt}\n{' ' * (at - first)}^ {sentence(error.what)}")
            self.reason.adjustSize()
            self._reason_at = bad_chip.x() if bad_chip is not None else 0
            self.place_reason()
            self.reason.raise_()

    def place_reason(self) -> None:
        """Below the field, or below what could be typed there: neither covers the other."""
        parent = self.reason.parentWidget()
        if parent is None or parent is self or self.reason.isHidden():
            return
        at = self.mapTo(parent, QPoint(self._reason_at, self.height() + 3))
        if self.completion.isVisible():
            at.setY(self.completion.geometry().bottom() + 4)
        self.reason.move(at)

    def _tell(self) -> None:
        self._timer.stop()
        whole = self.whole()
        if not self._bad and whole != self._told:
            self._told = whole
            self.settled.emit(whole)

    # ------------------------------------------------------------------ mouse and keys

    def take(self, begin: int, end: int, text: str, complete: bool) -> None:
        """Puts what was offered in place of what is typed there; a `complete` term is a chip."""
        typed = self.text()
        self.setText(typed[:begin] + text + typed[end:])
        self.setCursorPosition(begin + len(text))
        if complete and not self._error():
            self._make_chips()
            self._tell()
        else:
            self.completion.offer(self.text(), self.cursorPosition())

    def _chip_at(self, at: QPoint) -> Chip | None:
        found = self.childAt(at)
        return found if isinstance(found, Chip) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        chip = self._chip_at(event.position().toPoint())
        if chip is None:
            super().mousePressEvent(event)
        elif chip.cross().contains(chip.mapFrom(self, event.position().toPoint())):
            self._drop(chip)
        else:
            self._take_into_text(chip)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.completion.key(event):
            return
        key = event.key()
        if key == Qt.Key.Key_Escape:
            if self.whole():
                self.clear_all()
            else:
                self.left.emit()
        elif key == Qt.Key.Key_Down:
            self.left.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not self._error():
                self._make_chips()
            self._tell()
        elif (
            key == Qt.Key.Key_Backspace
            and self._chips
            and self.cursorPosition() == 0
            and not self.hasSelectedText()
        ):
            self._take_into_text(self._chips[-1])
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        if forward and self.completion.take_first():
            return True
        return super().focusNextPrevChild(forward)

    def focusOutEvent(self, event: object) -> None:
        super().focusOutEvent(event)  # type: ignore[arg-type]
        self.completion.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_chips()

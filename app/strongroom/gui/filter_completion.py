"""What could be typed next in the filter: fields, then their values, then names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from strongroom.domain.errors import StrongroomError
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.theme import DENSE_ROW, Theme, font, mono

if TYPE_CHECKING:
    from strongroom.gui.filter_field import FilterField

#: Field → what it is, and the values that are known without asking.
FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "name": ("an artifact's name, * for anything", ()),
    "kind": ("model, dataset, config …", ("model", "dataset", "config", "metrics", "log", "other")),
    "run": ("id of the run that made it", ()),
    "by": ("who added it", ()),
    "status": ("of a run", ("running", "finished", "failed", "lost")),
    "has": ("what it has", ("warning", "damage", "run", "note", "label", "metric", "param")),
    "label": ("a label's name, or name=value", ()),
    "note": ("words of a note", ()),
    "digest": ("begin of its sha256", ()),
    "size": ("bytes", (">100MB", ">1GB", "<1MB")),
    "files": ("how many", (">1", ">1000")),
    "created": ("age or date", ("<1h", "<1d", "<7d", "<30d", "2026-01..2026-03")),
    "tier": ("where the bytes lie", ("hot", "archive")),
}
_TERM = re.compile(r'-?(?:[\w.@/%+-]+(?:>=|<=|[<>=:])(?:"[^"]*"?|[^\s()"]*)|[^\s()"]*)$')
_FIELD = re.compile(r"(-?)([\w.@/%+-]+?)(>=|<=|[<>=:])(.*)", re.S)
_SOON_MS, _MOST = 80, 9
_INSERT = Qt.ItemDataRole.UserRole


class Completion(QListWidget):
    """Floats below the field and never has the keyboard: the field hands its keys on."""

    def __init__(self, field: FilterField, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._field, self._theme, self._bridge = field, theme, bridge
        self._begin = self._end = 0
        self._prefix = ""
        self._ticket: Ticket | None = None
        self.setProperty("look", "completion")
        self.setAccessibleName("What could be typed")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFont(font(12))
        self.hide()
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self._ask)
        self.itemClicked.connect(self._take)

    def offer(self, text: str, cursor: int) -> None:
        """Looks at the term before the cursor."""
        match = _TERM.search(text[:cursor])
        term = match[0] if match else ""
        self._begin, self._end = cursor - len(term), cursor
        self.clear()
        if not term or term in "-":
            self.hide()
            return
        split = _FIELD.match(term)
        if split is None:
            self._offer_fields(term)
        else:
            self._offer_values(split[1] + split[2] + split[3], split[2], split[4])
        self._show()
        self._prefix = term
        self._soon.start()

    def _offer_fields(self, term: str) -> None:
        minus = "-" if term.startswith("-") else ""
        for field, (what, _) in FIELDS.items():
            if field.startswith(term.lstrip("-").lower()):
                self._add(f"{minus}{field}:", what, complete=False)

    def _offer_values(self, before: str, field: str, typed: str) -> None:
        for value in FIELDS.get(field, ("", ()))[1]:
            if value.startswith(typed.lower()) and value != typed:
                self._add(before + value, "", complete=True)

    def _ask(self) -> None:
        """Names, keys and values that the registry knows."""
        if self._ticket is not None:
            self._ticket.cancel()
        term = self._prefix
        split = _FIELD.match(term)
        if split is None:
            bare = term.lstrip("-")
            minus = term[: len(term) - len(bare)]
            prefix, dot, rest = bare.partition(".")
            wanted = {what: bare for what in ("metric", "param", "name")}
            if dot and prefix in ("metric", "param"):
                wanted[prefix] = rest

            def found(answer: dict[str, list[str]]) -> None:
                for key in answer["metric"]:
                    self._add(f"{minus}metric.{key}>", "metric", complete=False)
                for key in answer["param"]:
                    self._add(f"{minus}param.{key}=", "parameter", complete=False)
                for name in answer["name"]:
                    self._add(f"{minus}name:{quoted(name)}", "artifact", complete=True)
                self._show()

            self._ticket = self._bridge.ask(
                lambda registry: {w: registry.suggest(w, text, 5) for w, text in wanted.items()},
                found,
                self._ignore,
            )
            return
        minus, field, operator, typed = split.groups()
        if field.partition(".")[0] not in ("name", "run", "by", "label", "param", "metric"):
            return
        before, value_typed = minus + field + operator, typed.strip('"')

        def values(answer: list[str]) -> None:
            for value in answer:
                if value != value_typed:
                    self._add(before + quoted(value), "", complete=True)
            self._show()

        self._ticket = self._bridge.ask(
            lambda registry: registry.suggest(field, value_typed, _MOST), values, self._ignore
        )

    def _ignore(self, error: StrongroomError) -> None:
        """Nothing to offer is no trouble: the filter itself will tell what is wrong."""

    def _add(self, text: str, what: str, complete: bool) -> None:
        known = {self.item(at).data(_INSERT)[0] for at in range(self.count())}
        if text in known or self.count() >= 2 * _MOST:
            return
        item = QListWidgetItem(f"{text}    {what}" if what else text)
        item.setFont(mono(12))
        item.setData(_INSERT, (text, complete))
        item.setSizeHint(QSize(0, DENSE_ROW))
        self.addItem(item)

    def _show(self) -> None:
        parent = self.parentWidget()
        if not self.count() or parent is None or not self._field.hasFocus():
            self.hide()
            return
        x = max(0, self._field.cursorRect().x() - 12)
        self.setFixedSize(360, min(self.count(), _MOST) * DENSE_ROW + 10)
        at = self._field.mapTo(parent, QPoint(x, self._field.height() + 3))
        self.move(min(at.x(), parent.width() - self.width() - 8), at.y())
        self.show()
        self.raise_()
        self._field.show_reason()

    def hideEvent(self, event: object) -> None:
        self._field.show_reason()
        self._soon.stop()
        if self._ticket is not None:
            self._ticket.cancel()

    def key(self, event: QKeyEvent) -> bool:
        """Whether the key was for what is offered."""
        if not self.isVisible():
            return False
        key, at = event.key(), self.currentRow()
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if key == Qt.Key.Key_Down else -1
            self.setCurrentRow((at + step) % self.count() if at >= 0 or step > 0 else 0)
            return True
        if key == Qt.Key.Key_Escape:
            self.hide()
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and at >= 0:
            self._take(self.item(at))
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.hide()
        return False

    def take_first(self) -> bool:
        """Tab: the chosen one, or the first; False where nothing is offered."""
        if not self.isVisible():
            return False
        self._take(self.item(max(0, self.currentRow())))
        return True

    def _take(self, item: QListWidgetItem) -> None:
        text, complete = item.data(_INSERT)
        self.hide()
        self._field.take(self._begin, self._end, text, complete)


def quoted(value: str) -> str:
    """The value as a filter takes it: in quotes where a space or parenthesis would end it."""
    return value if re.fullmatch(r'[^\s()"]+', value) else f'"{value.replace(chr(34), "")}"'

"""What is wrong now: kept until it is mended or dismissed, listed behind the strip."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from strongroom.domain.event import Event
from strongroom.gui.pieces import (
    Button,
    Elided,
    Icon,
    IconButton,
    column,
    copy_text,
    frame,
    label,
    row,
    scrolled,
    selectable,
)
from strongroom.gui.popup import Popup
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.wording import clock, sentence

_MOST = 50
#: Watched folders in these states need someone; the hint says what to do.
_FOLDER_HINTS = {
    "missing": "bring the folder back, or stop watching it",
    "full": "make room on the disk of the registry; taking goes on by itself",
    "unreadable": "give yourself the right to read it, or stop watching it",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """`key` tells whether it is the same again. `at` in seconds since 1970."""

    key: tuple[str, str]
    message: str
    object: str
    hint: str
    at: float = field(default_factory=time.time)

    def text(self) -> str:
        return ": ".join(part for part in (self.message, self.object, self.hint) if part)


class Problems(QObject):
    """`changed(problems)`, the newest first."""

    changed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._known: dict[tuple[str, str], Problem] = {}

    def all(self) -> list[Problem]:
        return list(reversed(self._known.values()))

    def note(self, error: Mapping[str, Any]) -> None:
        """`error` as api.md's error object."""
        thing = str(error.get("object") or "")
        self._add(
            Problem(
                (str(error.get("code") or ""), thing or str(error["message"])),
                str(error["message"]),
                thing,
                str(error.get("hint") or ""),
            )
        )

    def happened(self, event: Event) -> None:
        if event.name == "problem":
            self.note(event.data)
        elif event.name == "job.changed" and event.data["state"] == "failed":
            error = event.data["result"].get("error")
            if error:
                self.note(error)

    def show_watches(self, watches: Sequence[Mapping[str, Any]]) -> None:
        """Folders that are gone or cannot be taken from; one that is well again is forgotten."""
        seen = set()
        for watch in watches:
            hint = _FOLDER_HINTS.get(watch["state"])
            if hint is None:
                continue
            key = (f"watch.{watch['state']}", str(watch["id"]))
            seen.add(key)
            if key not in self._known:
                what = {
                    "missing": "a watched folder is gone",
                    "full": "the disk is full: nothing more is taken",
                }.get(watch["state"], "a watched folder cannot be read")
                self._add(Problem(key, what, str(watch["path"]), hint))
        self._drop(lambda key: key[0].startswith("watch.") and key not in seen)

    def show_status(self, status: Mapping[str, Any], full: bool) -> None:
        """What `Registry.status` says is wrong with the registry as a whole. `full`: less is free
        than shall be kept free.
        """
        standing = {}
        if full:
            standing["full"] = Problem(
                ("status", "full"),
                "the registry's disk is full",
                status["place"],
                "nothing more is taken until there is room; watching goes on by itself then",
            )
        if status["damaged"]:
            standing["damaged"] = Problem(
                ("status", "damaged"),
                "stored files are not what they were",
                status["place"],
                "filter by has:damage and mend them, or run `strongroom verify --all --repair`",
            )
        if status["read_only"]:
            standing["read only"] = Problem(
                ("status", "read only"),
                "the registry can only be read",
                status["place"],
                "it was made by a newer Strongroom: install that one to add to it",
            )
        for problem in standing.values():
            if problem.key not in self._known:
                self._add(problem)
        self._drop(lambda key: key[0] == "status" and key[1] not in standing)

    def dismiss(self, key: tuple[str, str]) -> None:
        self._drop(lambda one: one == key)

    def dismiss_all(self) -> None:
        self._drop(lambda one: True)

    def _add(self, problem: Problem) -> None:
        self._known.pop(problem.key, None)
        self._known[problem.key] = problem
        while len(self._known) > _MOST:
            self._known.pop(next(iter(self._known)))
        self.changed.emit(self.all())

    def _drop(self, over: Callable[[tuple[str, str]], bool]) -> None:
        gone = [key for key in self._known if over(key)]
        for key in gone:
            del self._known[key]
        if gone:
            self.changed.emit(self.all())


class ProblemsPopup(Popup):
    """Each problem as a card: what, to which thing, what to do, and its words to copy."""

    def __init__(self, theme: Theme, parent: QWidget, problems: Problems) -> None:
        super().__init__(parent, 520)
        self._problems = problems
        layout = column(0, 10, 0, 6, spacing=0)
        head = row(16, 0, 8, 6)
        head.addWidget(label("Problems", fnt=font(13, 600)))
        head.addStretch(1)
        head.addWidget(Button(theme, "Dismiss all", "", "ghost", self._dismiss_all))
        layout.addLayout(head)
        cards = column()
        for problem in problems.all():
            cards.addWidget(frame("rule"))
            cards.addWidget(self._card(theme, problem))
        if not problems.all():
            none = label("Nothing is wrong.", "second")
            none.setContentsMargins(16, 6, 16, 10)
            cards.addWidget(none)
        cards.addStretch(1)
        inner = self.width() - 2
        area = scrolled(cards)  # only now the cards have a parent and count
        height = cards.heightForWidth(inner)
        if height < 0:
            height = cards.sizeHint().height()
        area.setFixedHeight(min(360, height + 2))
        layout.addWidget(area)
        self.setLayout(layout)

    def _card(self, theme: Theme, problem: Problem) -> QWidget:
        card = QWidget()
        layout = row(16, 8, 8, 8, spacing=10)
        layout.addWidget(Icon(theme, "triangle-alert", "red", 15), 0, Qt.AlignmentFlag.AlignTop)
        words = column(spacing=2)
        what = selectable(label(sentence(problem.message), "", font(13, 500)))
        what.setWordWrap(True)
        words.addWidget(what)
        if problem.object:
            words.addWidget(Elided(problem.object, "second", mono(11)))
        if problem.hint:
            hint = selectable(label(sentence(problem.hint), "second", font(12)))
            hint.setWordWrap(True)
            words.addWidget(hint)
        layout.addLayout(words, 1)
        layout.addWidget(
            label(clock(problem.at), "caption", mono(11)), 0, Qt.AlignmentFlag.AlignTop
        )
        layout.addWidget(
            IconButton(theme, "copy", "Copy the details", lambda: copy_text(problem.text())),
            0,
            Qt.AlignmentFlag.AlignTop,
        )
        layout.addWidget(
            IconButton(theme, "x", "Dismiss", lambda: self._dismiss(problem)),
            0,
            Qt.AlignmentFlag.AlignTop,
        )
        card.setLayout(layout)
        return card

    def _dismiss_all(self) -> None:
        self._problems.dismiss_all()
        self.close()

    def _dismiss(self, problem: Problem) -> None:
        self._problems.dismiss(problem.key)
        self.close()

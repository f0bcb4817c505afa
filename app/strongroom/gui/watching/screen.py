"""Watched folders: a card each, and beside them what happens in the chosen one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QFrame, QWidget

from strongroom.domain.event import Event
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.commands import Command
from strongroom.gui.filter_terms import named
from strongroom.gui.pieces import (
    Button,
    Elided,
    Icon,
    column,
    frame,
    label,
    row,
    scrolled,
)
from strongroom.gui.screen import Screen
from strongroom.gui.theme import MARGIN, WATCH_PANEL, Theme, font
from strongroom.gui.watches import Watch, Watches
from strongroom.gui.watching.activity import ActivityList, going_on, happened, left_out
from strongroom.gui.watching.card import FolderTarget, WatchCard
from strongroom.gui.watching.rules import rule_sentence
from strongroom.services.registry import Registry
from strongroom.settings import Settings

_SOON_MS = 250
_HISTORY = 60


class WatchScreen(Screen):
    """`show_version(reference)`: one was asked for."""

    title = "Watch folders"
    icon = "folder-sync"
    show_version = Signal(str)

    def __init__(
        self,
        bridge: Bridge,
        theme: Theme,
        settings: Settings,
        watches: Watches,
        add_watch: Callable[[], object],
    ) -> None:
        super().__init__()
        self._bridge, self._theme, self._settings = bridge, theme, settings
        self._watches = watches
        self._totals: dict[str, dict[str, Any]] = {}
        self._history: list[dict[str, Any]] = []
        self._skipped: list[dict[str, Any]] = []
        self._chosen: str | None = None
        self._cards: dict[str, WatchCard] = {}
        self._shown = False
        self._ticket: Ticket | None = None
        self._hint = self._never_changes()
        self._target = FolderTarget(theme, add_watch)
        self._list = column(MARGIN, 14, MARGIN, MARGIN, spacing=10)
        self._list.addWidget(self._hint)
        self._list.addWidget(self._target, 1)
        whole = row()
        self.area = scrolled(self._list)
        whole.addWidget(self.area, 1)
        self.panel = self._build_panel()
        whole.addWidget(self.panel)
        self.setLayout(whole)
        self.pause_all = Button(theme, "Pause all", "pause", "", self._turn_all)
        add = Button(theme, "Watch a folder", "folder-plus", "primary", add_watch)
        add.setToolTip("Watch a folder (Ctrl Shift W)")
        self.actions_at_top = [self.pause_all, add]
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self._read)
        watches.changed.connect(lambda *_: self._draw())
        watches.activity.connect(self._activity)
        self._draw()

    # ------------------------------------------------------------------ parts

    def _never_changes(self) -> QWidget:
        hint = QWidget()
        line = row(0, 4, 0, 6, spacing=8)
        line.addWidget(Icon(self._theme, "info", "text3", 14))
        words = (
            "Watching never moves, renames or deletes your files. They are copied once, by content."
        )
        line.addWidget(label(words, "second", font(12)), 1)
        hint.setLayout(line)
        return hint

    def _build_panel(self) -> QFrame:
        panel = frame("panel")
        panel.setFixedWidth(WATCH_PANEL)
        layout = column()
        head = row(MARGIN, 12, 10, 12, spacing=8)
        words = column(spacing=3)
        self._name = Elided("", "", font(15, 650))
        words.addWidget(self._name)
        words.addWidget(label("What happened here, newest first", "second", font(12)))
        head.addLayout(words, 1)
        self.edit = Button(self._theme, "Edit rules", "", "link", self._edit)
        head.addWidget(self.edit, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(head)
        layout.addWidget(frame("rule"))
        self.activity = ActivityList(self._theme)
        self.activity.opened.connect(self.show_version)
        layout.addWidget(self.activity, 1)
        self._nothing = label(
            "Nothing yet. What is written into the folder shows up here by itself.", "second"
        )
        self._nothing.setWordWrap(True)
        self._nothing.setContentsMargins(MARGIN, 14, MARGIN, 14)
        layout.addWidget(self._nothing, 1, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(frame("rule"))
        foot = row(MARGIN, 12, MARGIN, 12, spacing=8)
        self.check = Button(self._theme, "Check now", "refresh-cw", "", self._check)
        self.open = Button(self._theme, "Open folder", "folder-open", "", self._open)
        self.stop = Button(self._theme, "Stop watching", "", "danger", self._stop)
        foot.addWidget(self.check)
        foot.addWidget(self.open)
        foot.addStretch(1)
        foot.addWidget(self.stop)
        layout.addLayout(foot)
        panel.setLayout(layout)
        return panel

    # ------------------------------------------------------------------ as every screen

    def ready(self) -> None:
        self._soon.start()

    def entered(self) -> None:
        self._shown = True
        self._read()

    def left(self) -> None:
        self._shown = False

    def happened(self, event: Event) -> None:
        if event.name == "entry" and event.data["action"] in (
            "version.committed", "watch.added", "watch.removed", "watch.changed", "run.recorded",
        ):  # fmt: skip
            self._read_soon()

    def first_focus(self) -> QWidget:
        if not self._cards:
            return self._target.button
        return self._cards.get(self._chosen or "") or next(iter(self._cards.values()))

    def panes(self) -> Sequence[QWidget]:
        return [self.first_focus(), self.activity] if self._cards else [self.first_focus()]

    def commands(self) -> list[Command]:
        def without_watch() -> str:
            return "" if self._current() else "no folder is watched"

        return [
            Command("Check the watched folder now", "refresh-cw", self._check,
                    why_not=without_watch),
            Command("Pause or go on watching all folders", "pause", self._turn_all,
                    why_not=without_watch),
            Command("Edit the rules of the watched folder", "sliders-horizontal", self._edit,
                    why_not=without_watch),
        ]  # fmt: skip

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        least = self.panel.minimumSizeHint().width()
        self.panel.setFixedWidth(max(least, min(WATCH_PANEL, self.width() * 2 // 5)))

    # ------------------------------------------------------------------ reading

    def choose(self, watch: str) -> None:
        """The folder whose activity is shown."""
        if watch != self._chosen:
            self._chosen = watch
            self._history, self._skipped = [], []
            self._mark()
            self._draw_activity()
            self._read()

    def _current(self) -> Watch | None:
        return next((w for w in self._watches.shown if w["id"] == self._chosen), None)

    def _read_soon(self) -> None:
        if self._shown and not self._soon.isActive():
            self._soon.start()

    def _activity(self, watch: str) -> None:
        if self._shown and watch == self._chosen:
            self._draw_activity()
        if self._shown and not self._soon.isActive():
            self._soon.start()

    def _read(self) -> None:
        if not self._shown:
            return
        if self._ticket is not None:
            self._ticket.cancel()
        watch = self._current()
        name = str(watch["name"]) if watch else ""
        chosen = watch["id"] if watch else ""

        def question(registry: Registry) -> tuple[Any, Any, Any]:
            totals = registry.watch_totals()
            if not chosen:
                return totals, [], []
            text = f"{named(name, below=True)} or {named(name)}"
            page = registry.list_versions(text=text, limit=_HISTORY)["versions"]
            briefs = registry.run_briefs(list({v["run"] for v in page if v["run"]}))
            for version in page:
                version["run_brief"] = briefs.get(version["run"])
            return totals, page, registry.watch_left_out(chosen)

        def show(answer: tuple[Any, Any, Any]) -> None:
            totals, self._history, self._skipped = answer
            if totals != self._totals:
                self._totals = totals
                self._draw()
            else:
                self._draw_activity()

        self._ticket = self._bridge.ask(question, show)

    # ------------------------------------------------------------------ showing

    def _draw(self) -> None:
        """Cards are made anew when what they say has changed, in the folders' order."""
        watches = self._watches.shown
        ids = [w["id"] for w in watches]
        focused = self._focused_part()
        if focused is not None:
            self.setFocus()  # else it would go on to the next card, and that would be chosen
        if self._chosen not in ids:
            self._chosen = ids[0] if ids else None
            self._history, self._skipped = [], []
            if self._chosen is not None:
                self._read_soon()
        for card in self._cards.values():
            self._list.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = {}
        for at, watch in enumerate(watches):
            card = self._make_card(watch)
            self._cards[watch["id"]] = card
            self._list.insertWidget(at, card)
        self.panel.setVisible(bool(watches))
        self._mark()
        self._draw_activity()
        if focused is not None and focused[0] in self._cards:
            card, part = self._cards[focused[0]], focused[1]
            card.show()
            parts = card.findChildren(QAbstractButton)
            card.blockSignals(True)  # it has the keyboard again; nothing was chosen
            (parts[part] if 0 <= part < len(parts) else card).setFocus()
            card.blockSignals(False)
        all_paused = bool(watches) and all(w["paused"] for w in watches)
        self.pause_all.setText("Go on with all" if all_paused else "Pause all")
        self.pause_all.icon_name = "play" if all_paused else "pause"
        self.pause_all.draw_icon()
        self.pause_all.setEnabled(bool(watches))
        self.pause_all.setToolTip("" if watches else "No folder is watched")

    def _focused_part(self) -> tuple[str, int] | None:
        """The folder whose card has the keyboard, and which of its buttons, or -1."""
        focus = QApplication.focusWidget()
        for id_, card in self._cards.items():
            if card.hasFocus():
                return id_, -1
            parts = card.findChildren(QAbstractButton)
            if focus in parts:
                return id_, parts.index(focus)
        return None

    def show_settings(self, settings: Settings) -> None:
        """Rules are told as they hold now."""
        self._settings = settings
        self._draw()

    def _make_card(self, watch: Watch) -> WatchCard:
        id_ = watch["id"]
        card = WatchCard(
            self._theme,
            watch,
            rule_sentence(watch["options"], self._settings),
            self._totals.get(id_, {}),
            self._watches.busy(id_),
        )
        card.chosen.connect(lambda: self.choose(id_))
        card.pause.connect(lambda paused: self._watches.pause(id_, paused))
        card.menu_wanted.connect(lambda at: self._watches.menu_for(watch).exec(at))
        return card

    def _mark(self) -> None:
        for id_, card in self._cards.items():
            card.set_chosen(id_ == self._chosen)

    def _draw_activity(self) -> None:
        watch = self._current()
        if watch is None:
            return
        id_, name = watch["id"], str(watch["name"])
        self._name.set_whole(name)
        told = [
            {"path": path, "reason": why}
            for path, why in self._watches.left_out(id_).items()
            if path not in {one["path"] for one in self._skipped}
        ]
        lines = [
            *going_on(self._watches.taking(id_), self._watches.waiting(id_)),
            *happened(self._history, self._watches.known(id_), name),
            *left_out([*self._skipped, *told]),
        ]
        self.activity.lines.show(lines)
        self.activity.setVisible(bool(lines))
        self._nothing.setVisible(not lines)

    # ------------------------------------------------------------------ acting

    def _edit(self) -> None:
        if (watch := self._current()) is not None:
            self._watches.edit(watch)

    def _check(self) -> None:
        if (watch := self._current()) is not None:
            self._bridge.check_watch(watch["id"])

    def _open(self) -> None:
        if (watch := self._current()) is not None:
            self._watches.open_folder(watch)

    def _stop(self) -> None:
        if (watch := self._current()) is not None:
            self._watches.stop(watch)

    def _turn_all(self) -> None:
        watches = self._watches.shown
        pause = not all(w["paused"] for w in watches)
        for watch in watches:
            if watch["paused"] != pause:
                self._watches.pause(watch["id"], pause)

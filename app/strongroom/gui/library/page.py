"""The Library page: kinds as tabs, the table, what is new, and words where nothing is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QModelIndex, QSettings, QTimer, Signal
from PySide6.QtWidgets import QApplication, QFrame, QMenu, QStackedWidget, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.domain.event import Event
from strongroom.domain.quantities import size_text
from strongroom.gui.bridge import Bridge
from strongroom.gui.jobs import has_verified
from strongroom.gui.library.columns import COLUMNS, reference
from strongroom.gui.library.model import Counts, VersionsModel
from strongroom.gui.library.table import VersionTable
from strongroom.gui.library.tabs import KindTabs
from strongroom.gui.library.welcome import Welcome
from strongroom.gui.menus import passing_menu
from strongroom.gui.pieces import Button, IconButton, Notice, column, frame, label, row
from strongroom.gui.theme import MARGIN, Theme, font, mono
from strongroom.gui.wording import PLURALS, count_text, plural

_NEWS_MS = 150
_RUNS_MS = 400
_CLOCK_MS = 30_000
#: Seconds until what may pass by itself (a lock, a disk out of reach) is tried again.
_RETRY_S = 10


@dataclass(frozen=True, slots=True)
class Mend:
    """What may put an error right: `verb` on the button, `about` as its tooltip."""

    verb: str
    about: str
    act: Callable[[], object]


class LibraryPage(QFrame):
    """`chosen` brings the version whose panel is wanted, or None; `opened` one to be looked into.

    `clear_filter` asks for a filter that hides nothing, `counted` tells of new counts.
    """

    chosen = Signal(object)
    opened = Signal(object)
    clear_filter = Signal()
    counted = Signal(object)

    def __init__(self, bridge: Bridge, theme: Theme, welcome: Welcome) -> None:
        super().__init__()
        self.setProperty("look", "page")
        self._theme, self._welcome = theme, welcome
        self._touched_runs: set[str] = set()
        self._again: Callable[[], object] = self.reload
        self._mend: Mend | None = None
        self.model = VersionsModel(bridge, self)
        self.table = VersionTable(self.model, theme)
        self.tabs = KindTabs()
        self._news = self._news_bar()
        self._no_match = self._no_match_notice()
        self._error = Notice(theme, "unplug", "red", "", "")
        self._mend_button = Button(theme, "", "list-checks", "primary", self._press_mend)
        self._error.add_button(self._mend_button)
        self._try_button = Button(theme, "Try again", "refresh-cw", "", self._try_again)
        self._error.add_button(self._try_button)
        self._left = 0
        self._retry = QTimer(self, singleShot=True, interval=1000)
        self._retry.timeout.connect(self._count_down)
        self._list = QWidget()
        inside = column()
        inside.addWidget(self._top())
        inside.addWidget(self._news)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._no_match)
        inside.addWidget(self._stack, 1)
        inside.addWidget(self._footer())
        self._list.setLayout(inside)
        outer = column()
        self._pages = QStackedWidget()
        for page in (self._list, welcome, self._error):
            self._pages.addWidget(page)
        outer.addWidget(self._pages)
        self.setLayout(outer)
        self._connect()

    def _connect(self) -> None:
        self.model.counted.connect(self._show_counts)
        self.model.news.connect(self._show_news)
        self.model.failed.connect(lambda error: self.show_error(error, self.reload))
        self.model.loaded.connect(self._after_load)
        self.tabs.chosen.connect(self._show_kind)
        self.table.chosen.connect(self.chosen)
        self.table.opened.connect(self.opened)
        self.table.picked.connect(self._show_picked)
        self.table.verticalScrollBar().valueChanged.connect(self._back_at_top)
        self._news_timer = QTimer(self, singleShot=True, interval=_NEWS_MS)
        self._news_timer.timeout.connect(self._look_for_news)
        self._runs_timer = QTimer(self, singleShot=True, interval=_RUNS_MS)
        self._runs_timer.timeout.connect(self._refresh_runs)
        self._clock = QTimer(self, interval=_CLOCK_MS)  # ages grow while nothing else happens
        self._clock.timeout.connect(self.table.viewport().update)
        self._clock.start()

    # ------------------------------------------------------------------ parts

    def _top(self) -> QFrame:
        top = frame("page")
        layout = row(MARGIN, 4, MARGIN - 4, 0, spacing=8)
        layout.addWidget(self.tabs, 1)
        self.group_button = Button(self._theme, "Group: none", "", "ghost")
        self.group_button.setToolTip("Gather versions under their artifact or run")
        self.group_button.clicked.connect(
            lambda: self._group_menu().exec(
                self.group_button.mapToGlobal(self.group_button.rect().bottomLeft())
            )
        )
        layout.addWidget(self.group_button)
        columns = IconButton(self._theme, "columns-3", "Choose columns")
        columns.clicked.connect(
            lambda: self.table.column_menu(columns.mapToGlobal(columns.rect().bottomLeft()))
        )
        layout.addWidget(columns)
        whole = column()
        whole.addLayout(layout)
        whole.addWidget(frame("rule"))
        top.setLayout(whole)
        return top

    def _news_bar(self) -> QFrame:
        bar = frame("news")
        layout = row(MARGIN, 4, MARGIN, 4, spacing=8)
        self._news_button = Button(self._theme, "", "arrow-up", "ghost", self.show_news, size=14)
        layout.addStretch(1)
        layout.addWidget(self._news_button)
        layout.addStretch(1)
        bar.setLayout(layout)
        bar.hide()
        return bar

    def _no_match_notice(self) -> Notice:
        notice = Notice(self._theme, "search-x", "indigo", "", "")
        self._other_kinds = Button(self._theme, "", "", "", lambda: self.tabs.choose(None))
        notice.add_button(self._other_kinds)
        notice.add_button(Button(self._theme, "Clear filter", "x", "", self.clear_filter.emit))
        return notice

    def _footer(self) -> QFrame:
        footer = frame("footer")
        footer.setFixedHeight(30)
        layout = row(MARGIN, 0, MARGIN, 0, spacing=12)
        self._matching = label("Reading…", "second", font(12))
        self._took = label("", "caption", font(12))
        self._picked = label("", "", font(12, 500))
        self._picked_size = label("", "second", mono())
        for one in (self._matching, self._took):
            layout.addWidget(one)
        layout.addStretch(1)
        layout.addWidget(self._picked)
        layout.addWidget(self._picked_size)
        footer.setLayout(layout)
        return footer

    # ------------------------------------------------------------------ what others ask

    def filter(self, text: str) -> None:
        if text != self.model.question.text:
            self.model.show(replace(self.model.question, text=text))

    def group(self, by: str) -> None:
        """Under headings of artifacts or runs, or, with "", in one list."""
        self.group_button.setText(f"Group: {by or 'none'}")
        if by != self.model.question.group:
            self.model.show(replace(self.model.question, group=by))

    def _group_menu(self) -> QMenu:
        menu = passing_menu(self)
        for by, title in (("", "None"), ("artifact", "By artifact"), ("run", "By run")):
            action = menu.addAction(title, functools.partial(self.group, by))
            action.setCheckable(True)
            action.setChecked(by == self.model.question.group)
        if self.model.question.group:
            menu.addSeparator()
            menu.addAction("Fold or unfold all", self.model.turn_all)
        return menu

    def reload(self) -> None:
        self.model.reload()

    def _try_again(self) -> None:
        self._left = 0
        self._tell_next_try()
        self._again()

    def _press_mend(self) -> None:
        if self._mend is not None:
            self._mend_button.setEnabled(False)
            self._mend.act()

    def show_news(self) -> None:
        """The bar was pressed: the newest first, from the top."""
        self.table.scrollToTop()
        self.table.clearSelection()
        self.table.setCurrentIndex(QModelIndex())
        self.model.reload()

    def happened(self, event: Event) -> None:
        if event.name == "entry":
            action, thing = event.data["action"], event.data["object"]
            if action == "version.committed":
                self._look_soon()
            elif thing.get("type") == "run":
                self._touch_run(thing["id"])
        elif event.name == "run.changed":
            self._touch_run(event.data["id"])
        elif event.name == "job.changed" and has_verified(event.data):
            self._refresh_visible()

    def _look_soon(self) -> None:
        if not self._news_timer.isActive():  # not restarted: a steady stream must not delay it
            self._news_timer.start()

    def _touch_run(self, run: str) -> None:
        self._touched_runs.add(run)
        if not self._runs_timer.isActive():
            self._runs_timer.start()

    def _refresh_runs(self) -> None:
        self.model.refresh_runs(self._touched_runs)
        self._touched_runs = set()

    def _refresh_visible(self) -> None:
        first = max(0, self.table.rowAt(0))
        last = self.table.rowAt(self.table.viewport().height() - 1)
        self.model.refresh_rows(first, last if last >= 0 else self.model.rowCount() - 1)

    def _look_for_news(self) -> None:
        reading = self.table.is_being_read and self._stack.currentWidget() is self.table
        self.model.look_for_news(reading)

    def _back_at_top(self, value: int) -> None:
        if value == 0 and not self._news.isHidden() and not self.table.is_being_read:
            self._look_for_news()

    # ------------------------------------------------------------------ showing

    def _show_kind(self, kind: str | None) -> None:
        self.model.show(replace(self.model.question, kind=kind))

    def _after_load(self) -> None:
        self._news.hide()
        self.group_button.setText(f"Group: {self.model.question.group or 'none'}")
        if self.model.rowCount():
            self._show_list()
            self._stack.setCurrentWidget(self.table)

    def _show_list(self) -> None:
        """Who was at one of the first buttons goes on in the list, not where Qt would go."""
        focus = QApplication.focusWidget()
        begun = focus is not None and self._welcome.isAncestorOf(focus)
        self._pages.setCurrentWidget(self._list)
        if begun:
            self._stack.setCurrentWidget(self.table)
            self.table.setFocus()

    def _show_counts(self, counts: Counts) -> None:
        question = self.model.question
        self.tabs.show_counts(counts.by_kind)
        if counts.everything == 0:
            self._pages.setCurrentWidget(self._welcome)
        elif self._pages.currentWidget() is self._welcome:
            self._show_list()
            if self.model.rowCount() < counts.matching:
                self.model.reload()
        nothing = self.model.rowCount() == 0 and counts.matching == 0
        self._stack.setCurrentWidget(self._no_match if nothing else self.table)
        if nothing:
            self._explain_no_match(counts)
        if question.text or question.kind:
            everything = plural(counts.everything, "version")
            self._matching.setText(f"{count_text(counts.matching)} of {everything} match")
        else:
            self._matching.setText(f"{plural(counts.everything, 'version')}")
        took = f"filtered in {max(1, round(counts.seconds * 1000))} ms"
        self._took.setText(took if question.text else "")
        self.counted.emit(counts)

    def _explain_no_match(self, counts: Counts) -> None:
        question, others = self.model.question, sum(counts.by_kind.values())
        what = f"“{question.text}”" if question.text else "this kind"
        self._no_match.title.setText(f"No version matches {what}")
        self._no_match.text.setText(
            f"{plural(others, 'version')} of other kinds {'does' if others == 1 else 'do'}."
            if others
            else "Check the spelling, or make the filter wider: a * stands for anything."
        )
        self._other_kinds.setText("Show all kinds")
        self._other_kinds.setVisible(others > 0)

    def _show_news(self, count: int) -> None:
        self._news_button.setText(f"{count_text(count)} new")
        self._news_button.setAccessibleName(f"Show {plural(count, 'new version')}")
        self._news.setVisible(count > 0)

    def show_error(
        self,
        error: StrongroomError,
        again: Callable[[], object],
        mend: Mend | None = None,
    ) -> None:
        """In place of the list: why there is none, a way to try again and one to mend it."""
        self._again, self._mend = again, mend
        self._left = _RETRY_S if error.code in ("busy", "unreachable") else 0
        self._tell_next_try()
        self._mend_button.setVisible(mend is not None)
        if mend is not None:
            self._mend_button.setText(mend.verb)
            self._mend_button.setToolTip(mend.about)
        self._mend_button.setEnabled(True)
        self._error.explain(error)
        self._pages.setCurrentWidget(self._error)

    def _tell_next_try(self) -> None:
        """What may pass by itself is tried again by itself."""
        if self._left:
            self._try_button.setText(f"Try again (in {self._left} s by itself)")
            self._retry.start()
        else:
            self._try_button.setText("Try again")
            self._retry.stop()

    def _count_down(self) -> None:
        if self._pages.currentWidget() is not self._error:
            self._retry.stop()
            return
        self._left -= 1
        if self._left:
            self._tell_next_try()
        else:
            self._try_again()

    def _show_picked(self) -> None:
        rows = self.table.selected_rows()
        versions = self.table.selected_versions()
        self._picked.setText(f"{count_text(len(rows))} selected" if rows else "")
        size = size_text(sum(v["size"] for v in versions)) if versions else ""
        self._picked_size.setText(size if len(versions) == len(rows) else "")

    # ------------------------------------------------------------------ remembering

    def remember(self, memory: QSettings) -> None:
        self.table.remember(memory)
        question = self.model.question
        memory.setValue("library/kind", question.kind or "")
        memory.setValue("library/group", question.group)
        memory.setValue("library/sort", question.sort)
        memory.setValue("library/descending", "true" if question.descending else "false")

    def recall(self, memory: QSettings) -> None:
        """Before the registry is open: only what will be asked for is set."""
        self.table.recall(memory)
        kind = str(memory.value("library/kind") or "") or None
        group, sort = str(memory.value("library/group") or ""), str(memory.value("library/sort"))
        known = sort in {c.sort for c in COLUMNS if c.sort}
        self.model.question = replace(
            self.model.question,
            kind=kind if kind in PLURALS else None,
            group=group if group in ("artifact", "run") else "",
            sort=sort if known else "created",
            descending=memory.value("library/descending", "true") != "false" if known else True,
        )
        self.tabs.show_kind(self.model.question.kind)
        self.table.show_order()

    @property
    def first_button(self) -> QWidget:
        """What has the keyboard where nothing is stored yet."""
        return self._welcome.watch_button

    def select(self, wanted: str) -> bool:
        return self.table.select_reference(wanted)

    def selected_references(self) -> list[str]:
        return [reference(v) for v in self.table.selected_versions()]

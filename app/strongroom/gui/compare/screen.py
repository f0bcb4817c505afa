"""The Compare screen: what is compared above, its sections below, and a report of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QBoxLayout,
    QFrame,
    QLineEdit,
    QStackedWidget,
    QWidget,
)

from strongroom.domain.comparison import FEWEST, RUN
from strongroom.domain.errors import BadInput, StrongroomError
from strongroom.domain.event import Event
from strongroom.gui import dialogs
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.commands import Command
from strongroom.gui.compare.cards import SubjectCards
from strongroom.gui.compare.drop_target import ReferenceDrop
from strongroom.gui.compare.grid import Names
from strongroom.gui.compare.kept import Kept
from strongroom.gui.compare.page import ComparePage
from strongroom.gui.compare.picker import Picker
from strongroom.gui.compare.sections import VIEWS
from strongroom.gui.compare.slots import Slots
from strongroom.gui.compare.subjects import Subject, names_of, read_subjects
from strongroom.gui.compare.tabs import EVERYTHING, SectionTabs
from strongroom.gui.compare.tones import tones
from strongroom.gui.compare.tray import Tray, run_ref
from strongroom.gui.overlay import Overlay
from strongroom.gui.pieces import Button, Switch, column, frame, label, row
from strongroom.gui.screen import Screen
from strongroom.gui.theme import MARGIN, Theme, font
from strongroom.gui.undo import Undo
from strongroom.gui.wording import plural
from strongroom.services.registry import Registry

#: A run that ends is recorded several times within a moment.
_AGAIN_MS = 1000


class CompareScreen(Screen):
    """`show_version(reference)`, `show_run(id)`: a subject was opened; `counted(n)`: so many are in
    the tray; `say(text)`: something was done; `wanted`: it shall come into sight.
    """

    title = "Compare"
    icon = "git-compare"
    show_version = Signal(str)
    show_run = Signal(str)
    counted = Signal(int)
    say = Signal(str)
    wanted = Signal()

    def __init__(self, bridge: Bridge, theme: Theme, overlay: Overlay, undo: Undo) -> None:
        super().__init__()
        self._bridge, self._theme, self._overlay, self._undo = bridge, theme, overlay, undo
        self._ticket: Ticket | None = None
        self._ready = self._had_keyboard = self._in_sight = self._unread = False
        self.subjects: list[Subject] = []
        self.tray = Tray(self)
        self.cards = SubjectCards(theme)
        self.tabs = SectionTabs(VIEWS)
        self.page = ComparePage(bridge, theme)
        self.slots = Slots(theme)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.slots)
        self._pages.addWidget(self.page)
        layout = column()
        self._head = self._make_head()
        layout.addWidget(self._head)
        self._bar = self._make_bar()
        layout.addWidget(self._bar)
        layout.addWidget(self._pages, 1)
        self.setLayout(layout)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Add a version by name@tag or digest, or a run by its id")
        self.field.setAccessibleName("Add a version or run to the comparison")
        self.middle = self.field
        self.export = Button(theme, "Export report", "download", "", self.export_report)
        self.export.setToolTip("Write one file that holds all of it: HTML for any browser, or PDF")
        self.kept = Kept(theme, overlay, undo, self.tray, lambda: self.names.short)
        self.kept.shown.connect(self.wanted)
        self.actions_at_top = [self.kept, self.export]
        ReferenceDrop(self, lambda references: self.add(*references))
        self._connect()
        self._show_tray()

    # ------------------------------------------------------------------ parts

    def _make_head(self) -> QFrame:
        head = frame("page")
        inside = column(MARGIN, 10, MARGIN, 10)
        inside.addWidget(self.cards)
        head.setLayout(inside)
        whole = frame("page")
        layout = column()
        layout.addWidget(head)
        layout.addWidget(frame("rule"))
        whole.setLayout(layout)
        return whole

    def _make_bar(self) -> QFrame:
        bar = frame("page")
        line = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        line.setContentsMargins(MARGIN, 0, MARGIN, 0)
        line.setSpacing(0)
        line.addWidget(self.tabs, 1)
        self._line = line
        right = row(spacing=8)
        self.only = Switch(self._theme, "Only differences")
        self.only.setToolTip("Hide what is equal (D)")
        self.only.setChecked(True)
        right.addWidget(self.only)
        self.hidden = label("", "second", font(12))
        right.addWidget(self.hidden)
        right.addStretch(1)
        self._beside = QWidget()
        self._beside.setLayout(right)
        line.addWidget(self._beside)
        layout = column()
        layout.addLayout(line)
        layout.addWidget(frame("rule"))
        bar.setLayout(layout)
        return bar

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The switch stands below the tabs where there is no room beside them."""
        super().resizeEvent(event)
        self._place_switch()

    def _place_switch(self) -> None:
        needed = self.tabs.sizeHint().width() + self._beside.sizeHint().width()
        beside = self.width() >= needed + 2 * MARGIN
        down = QBoxLayout.Direction.TopToBottom
        self._line.setDirection(QBoxLayout.Direction.LeftToRight if beside else down)
        self._line.setContentsMargins(MARGIN, 0, MARGIN, 0 if beside else 8)

    def _connect(self) -> None:
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self.read_again)
        self.tray.changed.connect(self._show_tray)
        self.tray.refused.connect(self.say)
        self.cards.baseline_wanted.connect(self.tray.set_baseline)
        self.cards.gone.connect(self.remove)
        self.cards.opened.connect(self._open)
        self.cards.add_wanted.connect(self.pick)
        self.slots.pick.connect(self.pick)
        self.tabs.chosen.connect(self.page.show_tab)
        self.only.toggled.connect(self.page.set_only)
        self.page.told.connect(self._count)
        self.field.returnPressed.connect(self._add_typed)
        for keys, act in (
            ("D", self.only.toggle),
            ("B", self.choose_baseline),
            ("[", lambda: self.tabs.step(-1)),
            ("]", lambda: self.tabs.step(1)),
            ("T", self.page.curves.toggle_table),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    # ------------------------------------------------------------------ as every screen

    def ready(self) -> None:
        self._ready = True
        self._show_tray()

    def entered(self) -> None:
        self._in_sight = True
        self._read()

    def left(self) -> None:
        self._in_sight = False

    def happened(self, event: Event) -> None:
        """Versions never change; a run that was recorded anew does, and with it its versions."""
        about = event.data["object"] if event.name == "entry" else {}
        if about.get("type") == "run" and about.get("id") in {s.run for s in self.subjects}:
            self._again.start()

    def first_focus(self) -> QWidget:
        if len(self.tray.refs) < FEWEST:
            return self.slots.first_button()
        return self.cards.cards[0] if self.cards.cards else self.tabs.tabs[self.tabs.name]

    def panes(self) -> Sequence[QWidget]:
        if len(self.tray.refs) < FEWEST:
            return [self.field, self.slots.first_button()]
        return [self.field, self.first_focus(), self.tabs.tabs[self.tabs.name], self.page.area]

    def commands(self) -> list[Command]:
        def without_two() -> str:
            return "" if len(self.tray.refs) >= FEWEST else "two are needed to compare"

        def without_any() -> str:
            return "" if self.tray.refs else "nothing is compared"

        return [
            *self.kept.commands(without_two),
            Command("Add to the comparison…", "plus", self.pick, group="Compare"),
            Command("Only differences, or all (D)", "equal", self.only.toggle, (), without_two,
                    group="Compare"),
            Command("Next section ( ] )", "chevron-right", lambda: self.tabs.step(1), (),
                    without_two, group="Compare"),
            Command("Previous section ( [ )", "chevron-left", lambda: self.tabs.step(-1), (),
                    without_two, group="Compare"),
            Command("Set the next as baseline (B)", "flag", self.choose_baseline, (), without_two,
                    group="Compare"),
            Command("Compare again", "refresh-cw", self.read_again, (), without_two,
                    group="Compare"),
            Command("Export the comparison as a report…", "download", self.export_report, (),
                    self._why_no_report, group="Compare"),
            Command("Empty the comparison", "x", self.clear, (), without_any, group="Compare"),
        ]  # fmt: skip

    def remember(self, memory: QSettings) -> None:
        self.tray.remember(memory)
        memory.setValue("compare/only", self.only.isChecked())
        memory.setValue("compare/tab", self.tabs.name)
        self.page.curves.remember(memory)

    def recall(self, memory: QSettings) -> None:
        self.kept.memory = memory
        self.page.curves.recall(memory)
        self.only.setChecked(memory.value("compare/only", "true") in (True, "true"))
        self.tray.recall(memory)
        self.tabs.choose(str(memory.value("compare/tab") or EVERYTHING))

    # ------------------------------------------------------------------ what others ask

    def compare(self, refs: Sequence[str]) -> bool:
        """These, instead of what was compared; what was can be taken back."""
        before = self.tray.state
        taken = self.tray.replace(refs)
        if taken and before[0] and before != self.tray.state:
            self._undo.offer("Other versions are compared.", lambda: self.tray.put_back(before))
        return taken

    def add(self, *refs: str) -> None:
        if self.tray.add(*refs):
            count = len(self.tray.refs)
            more = "" if count >= FEWEST else ": add one more to compare"
            self.say.emit(f"{plural(count, 'is', 'are')} in the comparison{more}")

    def add_run(self, run: str) -> None:
        self.add(run_ref(run))

    def remove(self, ref: str) -> None:
        back = self.tray.remove(ref)
        if back is not None:
            self._undo.offer(f"{ref} is no longer compared.", back)

    def clear(self) -> None:
        before = self.tray.state
        self.tray.replace(())
        self._undo.offer("Nothing is compared any more.", lambda: self.tray.put_back(before))

    def pick(self) -> None:
        """Versions and runs by a few letters."""
        self._overlay.open(Picker(self._bridge, self._theme, self._take, self.add_run))

    def _add_typed(self) -> None:
        text = self.field.text().strip()
        if text:
            self._take(text)

    def _take(self, text: str) -> None:
        """Adds what is meant by a reference, a run's id, or a bare tag of the one artifact."""
        names = {s.name for s in self.subjects if s.tag}
        if text[:1] == "v" and text[1:].isdigit() and len(names) == 1:
            text = f"{self.tray.refs[0].partition('@')[0]}@{text}"

        def find(registry: Registry) -> str:
            try:
                version = registry.show(text, files=0)
            except StrongroomError:
                registry.show_run(text.removeprefix(RUN))
                return run_ref(text.removeprefix(RUN))
            return f"{version['name']}@{version['tag']}"

        def take(ref: str) -> None:
            self.field.clear()
            self.add(ref)

        self._bridge.ask(find, take, lambda error: self._bridge.problem.emit(error))

    def choose_baseline(self) -> None:
        """The card that has the keyboard, else the one behind the present baseline."""
        focused = next((c.subject.ref for c in self.cards.cards if c.hasFocus()), None)
        refs = self.tray.refs
        if focused is not None:
            self.tray.set_baseline(focused)
        elif refs:
            self.tray.set_baseline(refs[(self.tray.baseline + 1) % len(refs)])

    # ------------------------------------------------------------------ showing

    def _show_tray(self) -> None:
        refs = self.tray.refs
        enough = len(refs) >= FEWEST
        self._had_keyboard = self._has_keyboard()
        self.counted.emit(len(refs))
        self._head.setVisible(bool(refs))
        self._bar.setVisible(enough)
        self.slots.show_count(len(refs))
        self._pages.setCurrentWidget(self.page if enough else self.slots)
        self.export.setEnabled(enough)
        self._unread = False
        if not enough:
            self.page.stop()
        if self._ticket is not None:
            self._ticket.cancel()
        if self._ready and refs:
            self._ticket = self._bridge.ask(
                lambda registry: read_subjects(registry, refs), self._show_subjects
            )
        elif not refs:
            self._show_subjects([])

    def _show_subjects(self, subjects: list[Subject]) -> None:
        self.subjects = subjects
        base = self.tray.baseline
        self.cards.show_subjects(subjects, tones(len(subjects), base), base)
        self._unread = len(subjects) >= FEWEST
        self._read()
        focus = QApplication.focusWidget()
        lost = focus is None or focus is self.window() or not focus.isVisible()
        if self._had_keyboard and lost:  # not where somebody has gone on meanwhile
            self.first_focus().setFocus()  # what had it is not there any more

    def _read(self) -> None:
        """Nothing is compared while nobody looks: it may be gigabytes."""
        if self._unread and self._in_sight:
            self._unread = False
            self.page.show_subjects(self.tray.refs, self.names)

    def _has_keyboard(self) -> bool:
        return self.isAncestorOf(QApplication.focusWidget() or self.window())

    @property
    def names(self) -> Names:
        return names_of(self.subjects, self.tray.baseline)

    def read_again(self) -> None:
        self._show_tray()

    def _count(self) -> None:
        for name, card in self.page.cards.items():
            self.tabs.show_count(name, card.differ)
            self.tabs.offer(name, not card.is_empty)
        hidden = self.page.hidden_rows
        self.hidden.setText(f"{plural(hidden, 'equal row')} hidden" if hidden else "")
        self._place_switch()

    def _open(self, ref: str) -> None:
        if ref.startswith(RUN):
            self.show_run.emit(ref.removeprefix(RUN))
        else:
            self.show_version.emit(ref)

    # ------------------------------------------------------------------ the report

    def _why_no_report(self) -> str:
        if len(self.tray.refs) < FEWEST:
            return "two are needed to compare"
        return "sections are still being read" if self.page.is_waiting else ""

    def export_report(self) -> None:
        why = self._why_no_report()
        if why:
            self._bridge.problem.emit(BadInput("no report can be written yet", "", why))
            return
        name = f"comparison-{'-'.join(self.names.short)}.html".replace("/", "-")
        kinds = ("HTML (*.html)", "PDF (*.pdf)")
        path = dialogs.choose_new_file(self, "Export the report", name, kinds)
        if path:
            self.write_report(path)

    def write_report(self, path: str) -> None:
        """The page as it is, in one file: HTML, or PDF by its name."""
        from strongroom.gui.compare import report

        content = report.Content(
            tuple(self.subjects),
            self.names,
            tuple(
                report.Section(card.view.title, tuple(card.grids(self.page.only)), card.state_text)
                for card in self.page.cards.values()
            ),
            self.page.curves.read_curve(),
            self.page.only,
        )
        self._bridge.ask(
            lambda registry: report.write(content, path),
            lambda size: self.say.emit(f"The report is written: {path}"),
        )

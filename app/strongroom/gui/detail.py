"""The panel of one version: what it is, where it came from, what it holds, what was said of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from strongroom.domain.errors import StrongroomError
from strongroom.domain.event import Event
from strongroom.domain.quantities import size_text
from strongroom.gui import wording
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.jobs import has_verified
from strongroom.gui.library.columns import reference, run_name
from strongroom.gui.paint import Pill
from strongroom.gui.pieces import (
    Button,
    Elided,
    Icon,
    IconButton,
    Notice,
    Tab,
    column,
    copy_text,
    frame,
    label,
    row,
    scrolled,
    selectable,
)
from strongroom.gui.theme import MARGIN, Theme, font, mono
from strongroom.services.registry import Registry

Version = Mapping[str, Any]
#: Rows of one section; what is beyond is counted in words.
_MOST = 60
_FILES = 500
_TABS = ("Overview", "Files", "History", "Notes")


class DetailPanel(QFrame):
    """`export(reference)`, `verify(reference)`: pressed; `hide_wanted`: the panel's own button;
    `show_version(reference)`: a link to another version was pressed.
    """

    export = Signal(object)
    verify = Signal(str)
    repair = Signal(str)
    hide_wanted = Signal()
    show_version = Signal(str)
    filter_run = Signal(str)

    def __init__(self, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self.setProperty("look", "panel")
        self._bridge, self._theme = bridge, theme
        self._ticket: Ticket | None = None
        self._version: Version | None = None
        self._tab = 0
        layout = column()
        self._stack = QStackedWidget()
        self._nothing = Notice(
            theme,
            "mouse-pointer-2",
            "grey",
            "No version selected",
            "Select a row to see its files, metrics, parameters and where it came from.",
        )
        self._failure = Notice(theme, "triangle-alert", "red", "", "")
        self._content = QWidget()
        for page in (self._nothing, self._content, self._failure):
            self._stack.addWidget(page)
        layout.addWidget(self._stack)
        self.setLayout(layout)
        self._inside = column()
        self._content.setLayout(self._inside)

    @property
    def version(self) -> Version | None:
        return self._version

    def focus_first(self) -> None:
        """Brings the keyboard into the panel."""
        if self._stack.currentWidget() is self._content:
            first = self._content.nextInFocusChain()
            if first is not None:
                first.setFocus()

    @property
    def shown(self) -> str | None:
        """The reference of the version in the panel."""
        return reference(self._version) if self._version else None

    def show_of(self, version: Version | None) -> None:
        """Shows a version of the list: what the list knows at once, the rest when it is read."""
        if self._ticket is not None:
            self._ticket.cancel()
        if version is None:
            self._version = None
            self._stack.setCurrentWidget(self._nothing)
            return
        if self.shown != reference(version):
            self._tab = 0 if self._version is None else self._tab
        self._version = version
        self._read(reference(version), version.get("run_brief"))

    def show_reference(self, wanted: str) -> None:
        self._read(wanted, None)

    def happened(self, event: Event) -> None:
        """Reads again what changed in the version that is shown."""
        if self._version is None:
            return
        if event.name == "entry":
            mine = event.data["object"].get("name") == self._version["name"]
            stale = mine and event.data["action"] in ("version.labelled", "version.noted")
        else:
            stale = event.name == "job.changed" and has_verified(event.data)
        if stale:
            self._read(reference(self._version), self._version.get("run_brief"))

    def _read(self, wanted: str, brief: Any) -> None:
        def question(registry: Registry) -> tuple[Version, list[Version]]:
            version = registry.show(wanted, files=_FILES)
            run = version["run"]
            version["run_brief"] = brief or (registry.run_briefs([run]).get(run) if run else None)
            history = registry.list_versions(version["name"], limit=_MOST)["versions"]
            return version, history

        self._ticket = self._bridge.ask(question, self._show, self._explain)

    def _show(self, answer: tuple[Version, list[Version]]) -> None:
        version, history = answer
        focus = self.window().focusWidget()
        had_focus = focus is not None and self.isAncestorOf(focus)
        self._version = version
        _empty(self._inside)
        self._inside.addWidget(self._head(version))
        pages = QStackedWidget()
        builders = (
            self._overview(version),
            self._files(version),
            self._history(version, history),
            self._notes(version),
        )
        for content in builders:
            pages.addWidget(scrolled(content))
        counts = (None, version["files"], len(history), len(version["notes"]))
        self._inside.addWidget(self._tab_row(pages, counts))
        self._inside.addWidget(pages, 1)
        self._inside.addWidget(self._foot(version))
        self._stack.setCurrentWidget(self._content)
        if had_focus:  # what had the keyboard is gone; it must not leave the panel
            self.focus_first()

    def _explain(self, error: StrongroomError) -> None:
        self._failure.explain(error)
        self._stack.setCurrentWidget(self._failure)

    # ------------------------------------------------------------------ head and foot

    def _head(self, version: Version) -> QWidget:
        head = QWidget()
        layout = column(MARGIN, 12, 12, 10, spacing=10)
        look = wording.KINDS[version["kind"]]
        title = row(spacing=8)
        title.addWidget(Icon(self._theme, look.icon, look.tone, 18))
        title.addWidget(Elided(version["name"], "", font(15, 650)), 1)
        title.addWidget(label(version["tag"], "second", font(15, 500)))
        title.addWidget(
            IconButton(
                self._theme, "panel-right-close", "Hide the panel (Ctrl I)", self.hide_wanted.emit
            )
        )
        layout.addLayout(title)
        pills = row(spacing=6)
        if version["damaged"]:
            pills.addWidget(Pill(self._theme, wording.DAMAGED))
        pills.addWidget(Pill(self._theme, look, square=True))
        pills.addStretch(1)
        created = label(f"Created {_ago(version['created_at'])}", "caption", font(12))
        created.setToolTip(wording.exact(version["created_at"]))
        pills.addWidget(created)
        layout.addLayout(pills)
        layout.addWidget(self._digest(version["content_digest"]))
        head.setLayout(layout)
        return head

    def _digest(self, digest: str) -> QFrame:
        well = frame("well")
        line = row(10, 3, 4, 3, spacing=8)
        hexes = digest.removeprefix("sha256:")
        line.addWidget(label("sha256", "caption", font(11)))
        short = label(f"{hexes[:8]} {hexes[8:16]} … {hexes[-8:]}", "", mono())
        short.setToolTip(digest)
        line.addWidget(short)
        line.addStretch(1)
        copy = IconButton(
            self._theme, "copy", "Copy the digest (Ctrl Shift C)", lambda: copy_text(digest)
        )
        line.addWidget(copy)
        well.setLayout(line)
        return well

    def _tab_row(self, pages: QStackedWidget, counts: tuple[int | None, ...]) -> QWidget:
        tabs = QWidget()
        layout = row(MARGIN, 0, 8, 0, spacing=3)
        buttons: list[Tab] = []

        def choose(number: int) -> None:
            self._tab = number
            pages.setCurrentIndex(number)
            for at, button in enumerate(buttons):
                button.setChecked(at == number)

        for number, (title, count) in enumerate(zip(_TABS, counts, strict=True)):
            tab = Tab(title)
            tab.clicked.connect(lambda _=False, n=number: choose(n))
            buttons.append(tab)
            layout.addWidget(tab)
            if count is not None:
                layout.addWidget(label(wording.count_text(count), "count", font(11, 500)))
            layout.addSpacing(4)
        layout.addStretch(1)
        choose(self._tab)
        whole = column()
        whole.addLayout(layout)
        whole.addWidget(frame("rule"))
        tabs.setLayout(whole)
        return tabs

    def _foot(self, version: Version) -> QWidget:
        foot = QWidget()
        layout = column()
        layout.addWidget(frame("rule"))
        buttons = row(MARGIN, 12, MARGIN, 12, spacing=8)
        shown = reference(version)
        verify = Button(self._theme, "Verify", "shield-check", "", lambda: self.verify.emit(shown))
        mend = Button(self._theme, "Mend", "shield-check", "", lambda: self.repair.emit(shown))
        mend.setToolTip("Look for sound bytes where it was taken from, and put them back")
        buttons.addWidget(mend if version["damaged"] else verify)
        export = Button(self._theme, "Export…", "download", "", lambda: self.export.emit(version))
        if version["damaged"]:
            export.setEnabled(False)
            export.setToolTip("A stored file of it is damaged; mend it first")
        buttons.addWidget(export)
        layout.addLayout(buttons)
        foot.setLayout(layout)
        return foot

    # ------------------------------------------------------------------ tabs

    def _overview(self, version: Version) -> QVBoxLayout:
        inside = column(MARGIN, 14, MARGIN, 14, spacing=7)
        for warning in version["warnings"][:8]:
            inside.addWidget(self._warning(warning, "red" if version["damaged"] else "amber"))
        self._run_section(inside, version)
        brief = version["run_brief"]
        self._metrics(inside, "METRICS", version["metrics"])
        if brief and brief["metrics"] != version["metrics"]:
            self._metrics(inside, "METRICS OF THE RUN", brief["metrics"])
        self._values(inside, "PARAMETERS", version["params"])
        if version["inputs"]:
            inside.addWidget(_caption("MADE FROM"))
            for ref in version["inputs"][:_MOST]:
                link = self._link(ref, ref)
                line = row()
                line.addWidget(link)
                line.addStretch(1)
                inside.addLayout(line)
        self._about(inside, version)
        if version["labels"]:
            self._values(inside, "LABELS", version["labels"])
        if version["source"]:
            inside.addWidget(_caption("TAKEN FROM"))
            inside.addWidget(Elided(version["source"], "second", mono(11)))
        inside.addStretch(1)
        return inside

    def _run_section(self, inside: QVBoxLayout, version: Version) -> None:
        if not version["run"]:
            return
        inside.addWidget(_caption("PRODUCING RUN"))
        line = _pair("Run")
        line.addWidget(Icon(self._theme, "circle-play", "amber", 14))
        name = run_name(version)
        link = Button(
            self._theme,
            name if len(name) < 30 else name[:28] + "…",
            "",
            "ghost",
            lambda: self.filter_run.emit(version["run"]),
        )
        link.setToolTip(f"Show what run {version['run']} made")
        line.addWidget(link)
        brief = version["run_brief"]
        line.addWidget(label(brief["status"] if brief else "", "caption", font(12)))
        line.addStretch(1)
        inside.addLayout(line)

    def _metrics(self, inside: QVBoxLayout, title: str, metrics: Mapping[str, Any]) -> None:
        if not metrics:
            return
        inside.addWidget(_caption(title))
        for name, value in list(sorted(metrics.items()))[:_MOST]:
            line = row(spacing=8)
            line.addWidget(Elided(name, "", font(13)), 1)
            number = selectable(label(wording.number_text(value), "", mono()))
            number.setToolTip(str(value))
            line.addWidget(number)
            inside.addLayout(line)
        _more(inside, len(metrics))

    def _values(self, inside: QVBoxLayout, title: str, values: Mapping[str, Any]) -> None:
        if not values:
            return
        inside.addWidget(_caption(title))
        for name, value in list(sorted(values.items()))[:_MOST]:
            line = row(spacing=8)
            line.addWidget(Elided(name, "second", font(12)), 2)
            line.addWidget(Elided(wording.value_text(value, 400), "", mono()), 3)
            inside.addLayout(line)
        _more(inside, len(values))

    def _about(self, inside: QVBoxLayout, version: Version) -> None:
        """What the files say of their structure, one line a file."""
        facts = [
            (path, text) for path, about in version["about"].items() if (text := _structure(about))
        ]
        if not facts:
            return
        inside.addWidget(_caption("STRUCTURE"))
        for path, text in facts[:12]:
            inside.addWidget(Elided(path, "second", mono(11)))
            words = label(text, "", font(12))
            words.setWordWrap(True)
            inside.addWidget(words)
        _more(inside, len(facts), 12)

    def _files(self, version: Version) -> QVBoxLayout:
        inside = column(MARGIN, 12, MARGIN, 12, spacing=7)
        files = version["manifest"]["files"]
        for file in files[:_FILES]:
            line = row(spacing=8)
            path = Elided(wording.path_text(file), "", mono())
            line.addWidget(path, 1)
            line.addWidget(label(size_text(file["size"]), "caption", mono(11)))
            inside.addLayout(line)
        if version["files"] > len(files[:_FILES]):
            rest = wording.plural(version["files"] - len(files[:_FILES]), "more file")
            inside.addWidget(label(f"and {rest}: export it to see all", "caption", font(12)))
        inside.addStretch(1)
        return inside

    def _history(self, version: Version, history: list[Version]) -> QVBoxLayout:
        inside = column(MARGIN, 10, MARGIN, 12, spacing=2)
        for one in history:
            line = row(spacing=8)
            link = self._link(one["tag"], reference(one))
            link.setEnabled(one["tag"] != version["tag"])
            line.addWidget(link)
            digest = wording.short_digest(one["content_digest"])
            line.addWidget(label(digest, "caption", mono()))
            line.addStretch(1)
            age = label(_ago(one["created_at"]), "caption", font(12))
            age.setToolTip(wording.exact(one["created_at"]))
            line.addWidget(age)
            line.addWidget(label(size_text(one["size"]), "second", mono(11)))
            inside.addLayout(line)
        inside.addStretch(1)
        return inside

    def _notes(self, version: Version) -> QVBoxLayout:
        inside = column(MARGIN, 12, MARGIN, 12, spacing=8)
        field = QLineEdit()
        field.setPlaceholderText("Write a note, Enter keeps it")
        field.setAccessibleName("New note")
        wanted = reference(version)

        def keep() -> None:
            text = field.text().strip()
            if text:
                field.setEnabled(False)
                self._bridge.ask(
                    lambda registry: registry.note(wanted, text),
                    lambda _: self._read(wanted, version["run_brief"]),
                )

        field.returnPressed.connect(keep)
        inside.addWidget(field)
        if not version["notes"]:
            inside.addWidget(label("Nothing was noted yet. Notes stay for ever.", "caption"))
        for note in reversed(version["notes"]):
            words = selectable(label(note["text"]))
            words.setWordWrap(True)
            inside.addWidget(words)
            inside.addWidget(label(f"{note['by']}, {_ago(note['at'])}", "caption", font(11)))
        inside.addStretch(1)
        return inside

    def _link(self, text: str, wanted: str) -> Button:
        return Button(self._theme, text, "", "ghost", lambda: self.show_version.emit(wanted))

    def _warning(self, text: str, tone: str) -> QFrame:
        box = frame("warning" if tone == "amber" else "fault")
        line = row(10, 6, 10, 6, spacing=8)
        line.addWidget(
            Icon(self._theme, "triangle-alert", "amber", 14), 0, Qt.AlignmentFlag.AlignTop
        )
        words = selectable(label(text, "", font(12)))
        words.setWordWrap(True)
        line.addWidget(words, 1)
        box.setLayout(line)
        return box


def _ago(at: str) -> str:
    age = wording.ago(at)
    return "just now" if age == "now" else f"{age} ago"


def _caption(text: str) -> QWidget:
    made = label(text, "caption", font(11, 600))
    made.setContentsMargins(0, 8, 0, 0)
    return made


def _pair(name: str) -> QHBoxLayout:
    line = row(spacing=6)
    key = label(name, "second", font(12))
    key.setFixedWidth(64)
    line.addWidget(key)
    return line


def _more(inside: QVBoxLayout, count: int, most: int = _MOST) -> None:
    if count > most:
        inside.addWidget(label(f"and {wording.count_text(count - most)} more", "caption", font(12)))


def _structure(about: Any) -> str:
    """The few facts of a reader's `about` that fit a line: numbers and short words."""
    if not isinstance(about, Mapping):
        return ""
    parts = []
    for key, value in about.items():
        if isinstance(value, bool) or value in (None, "", [], {}):
            continue
        if isinstance(value, int | float):
            parts.append(f"{key.replace('_', ' ')} {wording.number_text(value)}")
        elif isinstance(value, str) and len(value) <= 40:
            parts.append(f"{key.replace('_', ' ')} {wording.value_text(value, 40)}")
        elif isinstance(value, list | Mapping):
            parts.append(f"{wording.count_text(len(value))} {key.replace('_', ' ')}")
    return ", ".join(parts[:8])


def _empty(layout: Any) -> None:
    while item := layout.takeAt(0):
        if item.widget():
            item.widget().hide()
            item.widget().deleteLater()
        elif item.layout():
            _empty(item.layout())

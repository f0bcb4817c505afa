"""Settings: sections at the left, their fields beside, saved together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QWidget

from strongroom import __version__
from strongroom.domain.errors import BadInput, StrongroomError
from strongroom.gui import icons
from strongroom.gui.bridge import Bridge
from strongroom.gui.pieces import (
    Button,
    Elided,
    Icon,
    column,
    frame,
    label,
    row,
    scrolled,
    selectable,
)
from strongroom.gui.screen import Screen
from strongroom.gui.settings.check_card import CheckCard
from strongroom.gui.settings.fields import SettingField, card
from strongroom.gui.theme import SETTINGS_NAV, Theme, font, mono
from strongroom.gui.wording import plural
from strongroom.services.registry import Registry
from strongroom.settings import SETTINGS, Settings, default_registry, load, save, settings_file


@dataclass(frozen=True, slots=True)
class Section:
    """One page of settings: those whose names begin with one of `tables`."""

    title: str
    icon: str
    about: str
    tables: tuple[str, ...]


SECTIONS = (
    Section(
        "Registry",
        "hard-drive",
        "Where versions, catalog and journal are kept. Versions keep their digest wherever they"
        " lie.",
        ("registry",),
    ),
    Section(
        "Watching",
        "folder-sync",
        "When a file of a watched folder is taken, and when a run has ended.",
        ("watch",),
    ),
    Section("Limits", "gauge", "What Strongroom may use of this computer.", ("limits",)),
    Section("Appearance", "palette", "How the window looks.", ("appearance",)),
    Section("Window and log", "monitor-cog", "What the window does and notes.", ("window", "log")),
    Section("About", "info", "", ()),
)


class SettingsScreen(Screen):
    """`saved(settings)`: the file holds these now."""

    title = "Settings"
    icon = "settings"
    saved = Signal(object)

    def __init__(self, bridge: Bridge, theme: Theme, settings: Settings, place: str) -> None:
        super().__init__()
        self._bridge, self._theme, self._settings, self._place = bridge, theme, settings, place
        self.fields: dict[str, SettingField] = {}
        self._nav: list[Button] = []
        self.finder = QLineEdit()
        self.finder.setPlaceholderText("Find a setting…")
        self.finder.setAccessibleName("Find a setting")
        self.finder.setClearButtonEnabled(True)
        self.finder.addAction(
            icons.icon("search", theme.colours.text2), QLineEdit.ActionPosition.LeadingPosition
        )
        self.finder.textChanged.connect(self._find)
        self.middle = self.finder
        whole = row()
        whole.addWidget(self._build_nav())
        right = column()
        self._pages = QStackedWidget()
        for section in SECTIONS:
            self._pages.addWidget(scrolled(self._page(section)))
        right.addWidget(self._pages, 1)
        right.addWidget(self._foot())
        whole.addLayout(right, 1)
        self.setLayout(whole)
        self.show_section(0)
        self._show_pending()

    # ------------------------------------------------------------------ parts

    def _build_nav(self) -> QWidget:
        nav = frame("subnav")
        nav.setFixedWidth(SETTINGS_NAV)
        layout = column(8, 14, 8, 14, spacing=2)
        for number, section in enumerate(SECTIONS):
            button = Button(
                self._theme, section.title, section.icon, "nav",
                lambda n=number: self.show_section(n),  # type: ignore[misc]
            )  # fmt: skip
            button.setCheckable(True)
            self._nav.append(button)
            layout.addWidget(button)
        layout.addStretch(1)
        nav.setLayout(layout)
        return nav

    def _page(self, section: Section) -> Any:
        page = column(24, 20, 24, 20, spacing=12)
        page.addWidget(label(section.title, "", font(17, 650)))
        if section.about:
            about = label(section.about, "second")
            about.setWordWrap(True)
            page.addWidget(about)
        mine = [s for s in SETTINGS if s.name.partition(".")[0] in section.tables]
        if mine:
            box, inside = card("")
            for setting in mine:
                field = SettingField(self._theme, setting, self._settings[setting.name])
                field.changed.connect(self._show_pending)
                self.fields[setting.name] = field
                inside.addWidget(field)
            page.addWidget(box)
        if section.title == "Registry":
            self.place_test = CheckCard(
                self._theme, "Place test", "writes a little into it and takes it away again",
                self._test_place,
            )  # fmt: skip
            self.health = CheckCard(
                self._theme, "Health of the open registry", "catalog, journal, store, space, clock",
                self._check_health, self._mend_health,
            )  # fmt: skip
            page.addWidget(self.place_test)
            page.addWidget(self.health)
        if section.title == "About":
            page.addWidget(self._about())
        page.addStretch(1)
        return page

    def _about(self) -> QWidget:
        box, inside = card("")
        for name, text in (
            ("Version", f"Strongroom {__version__}"),
            ("Open registry", self._place),
            ("Settings file", str(settings_file())),
            ("Fonts", "Inter and JetBrains Mono, SIL Open Font License 1.1"),
            ("Icons", "Lucide, ISC License"),
        ):
            line = row(0, 3, 0, 3, spacing=12)
            key = label(name, "second")
            key.setFixedWidth(120)
            line.addWidget(key)
            value: QWidget = Elided(text, "", mono()) if "/" in text else selectable(label(text))
            line.addWidget(value, 1)
            inside.addLayout(line)
        return box

    def _foot(self) -> QWidget:
        self.foot = frame("footer")
        line = row(24, 10, 24, 10, spacing=10)
        line.addWidget(Icon(self._theme, "info", "text3", 14))
        self._words = label("", "second", font(12))
        line.addWidget(self._words, 1)
        self.discard_button = Button(self._theme, "Discard", "", "", self._discard)
        self.save_button = Button(self._theme, "Save changes", "check", "primary", self._save)
        line.addWidget(self.discard_button)
        line.addWidget(self.save_button)
        self.foot.setLayout(line)
        return self.foot

    # ------------------------------------------------------------------ as every screen

    def first_focus(self) -> QWidget:
        return self._nav[self._pages.currentIndex()]

    def panes(self) -> Sequence[QWidget]:
        fields = [f for f in self.fields.values() if f.isVisible()]
        panes: list[QWidget] = [self.finder, self.first_focus()]
        return [*panes, fields[0].editor] if fields else panes

    # ------------------------------------------------------------------ moving about

    def show_section(self, number: int) -> None:
        self._pages.setCurrentIndex(number)
        for at, button in enumerate(self._nav):
            button.setChecked(at == number)

    def _find(self, text: str) -> None:
        """The section of the first setting that speaks of it; the others are dimmed away."""
        words = text.lower().split()

        def fits(field: SettingField) -> bool:
            s = field.setting
            return all(w in f"{s.name} {s.title} {s.description}".lower() for w in words)

        found = [name for name, field in self.fields.items() if fits(field)]
        for name, field in self.fields.items():
            field.setVisible(not words or name in found)
        if words and found:
            table = found[0].partition(".")[0]
            self.show_section(next(i for i, s in enumerate(SECTIONS) if table in s.tables))
        self._words.setText(
            f"{plural(len(found), 'setting')} found" if words else self._where_saved()
        )

    def _where_saved(self) -> str:
        return f"Settings are kept in {settings_file()}"

    # ------------------------------------------------------------------ saving

    def _changed(self) -> list[SettingField]:
        return [field for field in self.fields.values() if field.is_changed]

    def _show_pending(self) -> None:
        changed = self._changed()
        wrong = [field for field in changed if field.problem]
        for button in (self.discard_button, self.save_button):
            button.setEnabled(bool(changed))
            button.setToolTip("" if changed else "Nothing was changed")
        if wrong:
            self.save_button.setEnabled(False)
            self.save_button.setToolTip(f"{wrong[0].setting.title} must be {wrong[0].problem}")
        later = [f.setting.title for f in changed if not f.setting.at_once]
        if later:
            self._words.setText(f"{', '.join(later)}: from the next start on")
        else:
            text = plural(len(changed), "change") + " not saved yet"
            self._words.setText(text if changed else self._where_saved())

    def _discard(self) -> None:
        for field in self._changed():
            field.discard()
        self._show_pending()

    def _save(self) -> None:
        values = {field.setting.name: field.value for field in self._changed()}

        def write() -> Settings:
            for name, value in values.items():
                save(name, value)
            return load()

        self.save_button.setEnabled(False)
        self._bridge.ask_anyway(write, self._show_saved, self._explain)

    def show_settings(self, settings: Settings) -> None:
        """Shows what the file holds now; what is being edited stays."""
        self._settings = settings
        for name, field in self.fields.items():
            if not field.is_changed:
                field.show_value(settings[name])
        self._show_pending()

    def _show_saved(self, settings: Settings) -> None:
        self._settings = settings
        for name, field in self.fields.items():
            field.show_value(settings[name])
        self._show_pending()
        self._words.setText(f"Saved in {settings_file()}")
        self.saved.emit(settings)

    def _explain(self, error: StrongroomError) -> None:
        self._show_pending()
        self._bridge.problem.emit(error)

    # ------------------------------------------------------------------ tests

    def _test_place(self) -> None:
        chosen = str(self.fields["registry.path"].value)
        reserve = int(self._settings["limits.reserve"]) << 20
        open_now = Path(self._place)

        def test(registry: Registry) -> list[dict[str, Any]]:
            try:
                place = Path(chosen).expanduser() if chosen else None
            except RuntimeError as error:  # ~somebody whom this computer does not know
                raise BadInput("this is no path here", chosen, str(error)) from error
            same = place is None and not self._settings["registry.path"]
            return registry.try_place(place or (open_now if same else default_registry()), reserve)

        self._ask_test(self.place_test, test)

    def _check_health(self) -> None:
        self._ask_test(self.health, lambda registry: _steps(registry.doctor()))

    def _mend_health(self) -> None:
        def mend(registry: Registry) -> list[dict[str, Any]]:
            registry.doctor(fix=True)
            return _steps(registry.doctor())

        self._ask_test(self.health, mend)

    def _ask_test(self, shown: CheckCard, test: Callable[[Registry], Any]) -> None:
        asked = self._bridge.ask(
            test, shown.show_steps, lambda error: shown.show_failure(str(error)), slow=True
        )
        if not asked.open:
            shown.show_failure("No registry is open")


def _steps(health: dict[str, Any]) -> list[dict[str, Any]]:
    """The doctor's checks as the card shows them."""
    return [
        {
            "name": check["name"].capitalize(),
            "state": "ok" if check["ok"] else "bad",
            "detail": check["detail"],
        }
        for check in health["checks"]
    ]

"""The one place with colours, fonts and sizes: light and dark, following the system live."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from strongroom.gui.stylesheet import stylesheet


@dataclass(frozen=True, slots=True)
class Tone:
    """A state's colours: `text` on `fill` within `edge`; `solid` for dots, bars and stripes."""

    text: str
    fill: str
    edge: str
    solid: str


@dataclass(frozen=True, slots=True)
class Colours:
    window: str
    panel: str
    panel2: str
    sidebar: str
    sunken: str
    line: str
    line2: str
    line3: str
    text: str
    text2: str
    text3: str
    textoff: str
    accent: str
    accent_fill: str
    accent_hover: str
    accent_text: str
    accent_soft: str
    accent_line: str
    selected: str
    approve: str
    destroy: str
    veil: str
    tones: dict[str, Tone]


LIGHT = Colours(
    window="#F6F7F9",
    panel="#FFFFFF",
    panel2="#FAFBFC",
    sidebar="#F7F8FA",
    sunken="#F1F3F7",
    line="#E3E6EC",
    line2="#EEF0F4",
    line3="#CBD1DC",
    text="#1A1F2B",
    text2="#525B6D",
    text3="#606A7C",
    textoff="#727B8D",
    accent="#3B5BDB",
    accent_fill="#3B5BDB",
    accent_hover="#3350C8",
    accent_text="#3350C8",
    accent_soft="#EDF1FE",
    accent_line="#C3CFFA",
    selected="#EEF2FE",
    approve="#1B7F4E",
    destroy="#C92A36",
    veil="#4D10141C",
    tones={
        "green": Tone("#17744A", "#E5F5EC", "#BCE3CC", "#2F9E63"),
        "blue": Tone("#0A629F", "#E3F1FB", "#B7DAF2", "#1C86CE"),
        "amber": Tone("#8A5300", "#FFF3DB", "#F2D9A2", "#E29A17"),
        "red": Tone("#B42331", "#FDECEC", "#F3C4C6", "#D9404C"),
        "grey": Tone("#525B6D", "#EFF1F5", "#D9DDE5", "#98A1B2"),
        "indigo": Tone("#3350C8", "#EDF1FE", "#CBD5FB", "#3B5BDB"),
        "teal": Tone("#0B6B6B", "#E1F4F3", "#B3DEDB", "#12908E"),
        "violet": Tone("#6A3DB0", "#F2ECFB", "#D9C9F2", "#8557CF"),
        "orange": Tone("#97470A", "#FDEEE2", "#F2CFB2", "#DB7120"),
    },
)

DARK = Colours(
    window="#11141B",
    panel="#171B24",
    panel2="#1B202A",
    sidebar="#13171F",
    sunken="#222834",
    line="#2A313E",
    line2="#232936",
    line3="#414A5B",
    text="#E8EBF1",
    text2="#AEB6C5",
    text3="#8A94A7",
    textoff="#7A8497",
    accent="#6C8AFB",
    accent_fill="#4263EB",
    accent_hover="#3B5BDB",
    accent_text="#9DB2FF",
    accent_soft="#222B49",
    accent_line="#3A4A86",
    selected="#202841",
    approve="#1B7F4E",
    destroy="#C92A36",
    veil="#8C05070B",
    tones={
        "green": Tone("#6FD6A0", "#16302A", "#23513F", "#3FB97A"),
        "blue": Tone("#7CC4F5", "#152D40", "#214A68", "#3D9FE3"),
        "amber": Tone("#F0BE5C", "#352A15", "#5B4620", "#E0A32E"),
        "red": Tone("#FF8F95", "#3A1E24", "#64303A", "#E65A64"),
        "grey": Tone("#AEB6C5", "#262C38", "#3A4251", "#7B8598"),
        "indigo": Tone("#9DB2FF", "#222B49", "#3A4A86", "#6C8AFB"),
        "teal": Tone("#6AD0CB", "#14302F", "#22504E", "#2FB0AB"),
        "violet": Tone("#C0A0F5", "#2A2242", "#46386C", "#9B74E6"),
        "orange": Tone("#F5AA72", "#37251A", "#5F3E26", "#E58A45"),
    },
)

#: Sizes in device-independent pixels (ui/README: 4 px base).
SIDEBAR = 208
SIDEBAR_NARROW = 56
TOP_BAR = 56
STRIP = 30
DETAIL = 348
WATCH_PANEL = 420
SETTINGS_NAV = 204
ROW = 34
DENSE_ROW = 28
PALETTE_ROW = 36
HEADER = 32
#: The list of runs: its width at first and two lines a run; a plot, small and enlarged; a log.
RUN_LIST = 372
RUN_ROW = 58
PLOT = 176
PLOT_LARGE = 420
PLOT_NARROWEST = 320
LOG_HEIGHT = 260
MARGIN = 16
CELL = 8
FIELD = 32
PILL = 20
CHIP = 22
#: Window widths below which the panel floats over the page, and the sidebar shows icons only.
PANEL_FLOATS = 1280
SIDEBAR_SHRINKS = 1080
SMALLEST = (1024, 640)

_WEIGHTS = {
    400: QFont.Weight.Normal,
    500: QFont.Weight.Medium,
    600: QFont.Weight.DemiBold,
    650: QFont.Weight.DemiBold,
}


def load_fonts(resources: Path) -> None:
    """Makes Inter and JetBrains Mono known to Qt; a missing file leaves the system's font."""
    for file in sorted((resources / "fonts").glob("*/*.?tf")):
        QFontDatabase.addApplicationFont(str(file))


@functools.cache
def font(size: int = 13, weight: int = 400) -> QFont:
    """Inter in pixels, with figures of equal width. Shared: not to be changed."""
    made = QFont("Inter")
    made.setPixelSize(size)
    made.setWeight(_WEIGHTS[weight])
    made.setFeature(QFont.Tag("tnum"), 1)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made


@functools.cache
def mono(size: int = 12, weight: int = 400) -> QFont:
    """JetBrains Mono in pixels, without ligatures: for hashes, sizes, numbers and paths. Shared:
    not to be changed.
    """
    made = QFont("JetBrains Mono")
    made.setStyleHint(QFont.StyleHint.Monospace)
    made.setPixelSize(size)
    made.setWeight(_WEIGHTS[weight])
    made.setFeature(QFont.Tag("calt"), 0)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made


class Theme(QObject):
    """Which colours hold now. `changed` is told after palette and style sheet are in place."""

    changed = Signal()

    def __init__(self, app: QApplication, choice: str = "system") -> None:
        super().__init__(app)
        self._app, self._choice = app, choice
        self.colours = LIGHT
        app.setStyle("Fusion")
        app.setFont(font())
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._apply)
        self._apply()

    @property
    def choice(self) -> str:
        return self._choice

    @property
    def dark(self) -> bool:
        return self.colours is DARK

    def choose(self, choice: str) -> None:
        """`system`, `light` or `dark`."""
        self._choice = choice
        self._apply()

    def tone(self, name: str) -> Tone:
        return self.colours.tones[name]

    def _apply(self) -> None:
        scheme = QGuiApplication.styleHints().colorScheme()
        system_dark = scheme == Qt.ColorScheme.Dark
        dark = self._choice == "dark" or (self._choice == "system" and system_dark)
        self.colours = DARK if dark else LIGHT
        self._app.setPalette(_palette(self.colours))
        self._app.setStyleSheet(stylesheet(self.colours))
        self.changed.emit()


def _palette(c: Colours) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: c.window,
        QPalette.ColorRole.WindowText: c.text,
        QPalette.ColorRole.Base: c.panel,
        QPalette.ColorRole.AlternateBase: c.panel2,
        QPalette.ColorRole.Text: c.text,
        QPalette.ColorRole.Button: c.panel,
        QPalette.ColorRole.ButtonText: c.text,
        QPalette.ColorRole.ToolTipBase: c.panel,
        QPalette.ColorRole.ToolTipText: c.text,
        QPalette.ColorRole.PlaceholderText: c.text3,
        QPalette.ColorRole.Highlight: c.accent_fill,
        QPalette.ColorRole.HighlightedText: "#FFFFFF",
        QPalette.ColorRole.Link: c.accent_text,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(c.textoff))
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText, QColor(c.textoff))
    return palette

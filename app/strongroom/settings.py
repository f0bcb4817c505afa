"""One settings file (TOML), every setting described once; help and docs are made from the table."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strongroom.domain.errors import BadInput

APP = "strongroom"


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds; `whole`: without decimals."""

    low: float
    high: float
    whole: bool = False

    def wrong(self, value: Any) -> str:
        good = isinstance(value, int | float) and not isinstance(value, bool)
        good = good and self.low <= value <= self.high
        if good and not (self.whole and value != int(value)):
            return ""
        whole = "whole " if self.whole else ""
        return f"a {whole}number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some words; `texts` say what each means."""

    words: tuple[str, ...]
    texts: tuple[str, ...]

    def wrong(self, value: Any) -> str:
        return "" if value in self.words else "one of " + ", ".join(self.words)


@dataclass(frozen=True, slots=True)
class FolderPath:
    """A folder's path, or "" for the default."""

    def wrong(self, value: Any) -> str:
        return "" if isinstance(value, str) else "a path in quotes"


@dataclass(frozen=True, slots=True)
class Setting:
    """One entry of the file: `name` is `table.key`, `title` what the window calls it. `at_once`:
    a change holds without a new start.
    """

    name: str
    title: str
    default: Any
    unit: str
    description: str
    allowed: Number | OneOf | FolderPath
    at_once: bool = True

    def check(self, value: Any) -> str:
        """What the value must be, or "" if it is."""
        return self.allowed.wrong(value)


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "registry.path",
        "Registry",
        "",
        "path",
        "The registry that is opened; empty: `default` in the platform's data folder.",
        FolderPath(),
        at_once=False,
    ),
    Setting(
        "watch.quiet_time",
        "Quiet time",
        2.0,
        "seconds",
        "How long a file must stand still before it is taken.",
        Number(0.1, 3600),
    ),
    Setting(
        "watch.idle_end",
        "Silence that ends a run",
        1800.0,
        "seconds",
        "How long a run must be silent before it counts as ended and its growing files are"
        " versioned.",
        Number(1, 7 * 86400),
    ),
    Setting(
        "watch.rescan",
        "Compare as a whole every",
        60.0,
        "seconds",
        "How often a watched folder is compared as a whole, in case an event was missed.",
        Number(1, 86400),
    ),
    Setting(
        "limits.reserve",
        "Disk space kept free",
        512,
        "MiB",
        "Free disk space below which nothing more is taken until there is room again.",
        Number(0, 1 << 20, whole=True),
    ),
    Setting(
        "limits.describe_time",
        "Time to read a version",
        60.0,
        "seconds",
        "How long reading what one version's files say may take.",
        Number(1, 3600),
        at_once=False,
    ),
    Setting(
        "limits.describe_memory",
        "Memory to read files with",
        1024,
        "MiB",
        "How much memory the process that reads files may use.",
        Number(256, 1 << 16, whole=True),
        at_once=False,
    ),
    Setting(
        "appearance.theme",
        "Colours",
        "system",
        "word",
        "Colours of the window: those of the system, or always light or dark.",
        OneOf(("system", "light", "dark"), ("As the system", "Light", "Dark")),
    ),
    Setting(
        "window.closing",
        "Closing during work",
        "ask",
        "word",
        "What closing the window does while work is in hand: ask, go on in the background behind"
        " the tray, or quit and go on at the next start.",
        OneOf(("ask", "background", "quit"), ("Ask", "Go on in the tray", "Quit, go on later")),
    ),
    Setting(
        "log.level",
        "Log",
        "info",
        "word",
        "How much the log file tells.",
        OneOf(
            ("debug", "info", "warning", "error"),
            ("Everything", "What happens", "Warnings and errors", "Errors only"),
        ),
        at_once=False,
    ),
)
_BY_NAME = {s.name: s for s in SETTINGS}
_TABLES = {s.name.partition(".")[0] for s in SETTINGS}


@dataclass(frozen=True)
class Settings:
    """Values by `table.key`; what the file does not name has its default."""

    values: Mapping[str, Any] = field(default_factory=dict)
    file: Path | None = None

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name, _BY_NAME[name].default)


def settings_file() -> Path:
    """`$STRONGROOM_SETTINGS`, else `settings.toml` in the platform's configuration folder."""
    if chosen := os.environ.get("STRONGROOM_SETTINGS"):
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path(APP) / "settings.toml"


def load(file: Path | None = None) -> Settings:
    """Reads the file, if there is one; raises `BadInput` naming the wrong line or setting."""
    file = file or settings_file()
    values: dict[str, Any] = {}
    for table, entries in _tables(file).items():
        if not isinstance(entries, dict):
            if table in _TABLES:
                raise BadInput(f"the setting {table} must be a table", str(file), "mend the file")
            continue
        for key, value in entries.items():
            name = f"{table}.{key}"
            if name not in _BY_NAME:
                continue  # a newer Strongroom's; kept in the file, meaningless here
            if wrong := _BY_NAME[name].check(value):
                raise BadInput(f"the setting {name} must be {wrong}", str(file), "mend the file")
            values[name] = value
    return Settings(values, file)


def _tables(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(
            f"the settings cannot be read ({error})", str(file), "mend the file"
        ) from error


def save(name: str, value: Any, file: Path | None = None) -> None:
    """Changes one setting in the file and leaves the rest, comments included, as it is.

    Raises `BadInput` for an unknown setting, a wrong value or a file that cannot be read, and
    what `told` says of one that cannot be written; the file is as it was then.
    """
    if name not in _BY_NAME:
        raise BadInput(f"there is no setting {name}", "", "see the settings in the README")
    if wrong := _BY_NAME[name].check(value):
        raise BadInput(f"the setting {name} must be {wrong}", str(value), "choose another value")
    import tomlkit

    from strongroom.disk.durable import told, write_file

    file = file or settings_file()
    load(file)  # what is wrong in it already is not written over
    with told("saving the settings", file):
        there = file.exists()
        document = tomlkit.parse(file.read_text("utf-8")) if there else tomlkit.document()
        table, key = name.split(".")
        if table not in document:
            document[table] = tomlkit.table()
        document[table][key] = value
        file.parent.mkdir(parents=True, exist_ok=True)
        # Where the file is a link, what it leads to is changed; its mode stays.
        write_file(file.resolve(), tomlkit.dumps(document).encode())


def default_registry() -> Path:
    from platformdirs import user_data_path

    return user_data_path(APP) / "default"


def registry_path(chosen: str | None, settings: Settings) -> Path:
    """The registry a command means: `--registry`, `$STRONGROOM_REGISTRY`, settings, default."""
    text = chosen or os.environ.get("STRONGROOM_REGISTRY") or settings["registry.path"]
    return Path(text).expanduser().absolute() if text else default_registry()


def described() -> str:
    """All settings as Markdown, for the README and the help."""
    rows = ["| setting | default | unit | what it does |", "| --- | --- | --- | --- |"]
    rows += [f"| `{s.name}` | `{s.default}` | {s.unit} | {s.description} |" for s in SETTINGS]
    return "\n".join(rows) + "\n"

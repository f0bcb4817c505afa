"""One settings file (TOML), every setting described once; help and docs are made from the table."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strongroom.domain.errors import BadInput

APP = "strongroom"


@dataclass(frozen=True, slots=True)
class Setting:
    """One entry of the file: `name` is `table.key`, `check` says what is wrong or returns ""."""

    name: str
    default: Any
    unit: str
    description: str
    check: Callable[[Any], str]


def _number(low: float, high: float) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        good = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if good and low <= value <= high else f"a number from {low:g} to {high:g}"

    return check


def _one_of(*words: str) -> Callable[[Any], str]:
    return lambda value: "" if value in words else "one of " + ", ".join(words)


def _path(value: Any) -> str:
    return "" if isinstance(value, str) else "a path in quotes"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "registry.path",
        "",
        "path",
        "The registry that is opened; empty: `default` in the platform's data folder.",
        _path,
    ),
    Setting(
        "watch.quiet_time",
        2.0,
        "seconds",
        "How long a file must stand still before it is taken.",
        _number(0.1, 3600),
    ),
    Setting(
        "watch.idle_end",
        1800.0,
        "seconds",
        "How long a run must be silent before it counts as ended and its growing files are"
        " versioned.",
        _number(1, 7 * 86400),
    ),
    Setting(
        "watch.rescan",
        60.0,
        "seconds",
        "How often a watched folder is compared as a whole, in case an event was missed.",
        _number(1, 86400),
    ),
    Setting(
        "limits.reserve",
        512,
        "MiB",
        "Free disk space below which nothing more is taken until there is room again.",
        _number(0, 1 << 20),
    ),
    Setting(
        "limits.describe_time",
        60.0,
        "seconds",
        "How long reading what one version's files say may take.",
        _number(1, 3600),
    ),
    Setting(
        "limits.describe_memory",
        1024,
        "MiB",
        "How much memory the process that reads files may use.",
        _number(256, 1 << 16),
    ),
    Setting(
        "appearance.theme",
        "system",
        "word",
        "Colours of the window: those of the system, or always light or dark.",
        _one_of("system", "light", "dark"),
    ),
    Setting(
        "window.closing",
        "ask",
        "word",
        "What closing the window does while work is in hand: ask, go on in the background behind"
        " the tray, or quit and go on at the next start.",
        _one_of("ask", "background", "quit"),
    ),
    Setting(
        "log.level",
        "info",
        "word",
        "How much the log file tells.",
        _one_of("debug", "info", "warning", "error"),
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

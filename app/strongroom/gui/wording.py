"""Numbers, times and states in the words and marks that the window shows."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strongroom.domain.errors import printable
from strongroom.domain.timestamps import parse_rfc3339

_UNITS = ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (math.inf, 86400, "d"))


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: never by colour alone."""

    word: str
    icon: str
    tone: str


KINDS: dict[str, Look] = {
    "model": Look("model", "box", "indigo"),
    "dataset": Look("dataset", "database", "teal"),
    "config": Look("config", "sliders-horizontal", "violet"),
    "metrics": Look("metrics", "chart-line", "orange"),
    "log": Look("log", "scroll-text", "grey"),
    "other": Look("other", "file", "grey"),
}
PLURALS = {
    "model": "Models",
    "dataset": "Datasets",
    "config": "Configs",
    "metrics": "Metrics",
    "log": "Logs",
    "other": "Other",
}
DAMAGED = Look("Damaged", "triangle-alert", "red")
#: State of a watched folder → how it is shown.
WATCHING: dict[str, Look] = {
    "live": Look("live", "circle-check", "green"),
    "polling": Look("polling", "refresh-cw", "green"),
    "scanning": Look("scanning", "loader-circle", "blue"),
    "idle": Look("starting", "loader-circle", "grey"),
    "paused": Look("paused", "pause", "grey"),
    "elsewhere": Look("elsewhere", "info", "amber"),
    "full": Look("disk full", "triangle-alert", "red"),
    "missing": Look("missing", "unplug", "red"),
}


def count_text(count: int) -> str:
    """Thousands apart by a thin space: `12 482`."""
    return f"{count:,}".replace(",", "\N{THIN SPACE}")


def plural(count: int, one: str, many: str = "") -> str:
    """`1 file`, `12 files`."""
    return f"{count_text(count)} {one if count == 1 else many or one + 's'}"


def ago(at: str, now: float | None = None) -> str:
    """An RFC 3339 instant as an age: `18 min`, `5 h`, `3 d`; `now` for less than a second."""
    seconds = max(0.0, (now if now is not None else time.time()) - parse_rfc3339(at) / 1e6)
    if seconds < 1:
        return "now"
    for limit, unit, word in _UNITS:
        if seconds < limit:
            return f"{int(seconds // unit)} {word}"
    raise AssertionError("unreachable")


def exact(at: str) -> str:
    """The instant in the user's own time, for tooltips."""
    moment = datetime.fromisoformat(at).astimezone()
    return moment.strftime("%Y-%m-%d %H:%M:%S %Z")


def clock(at: float) -> str:
    """The time of day of an instant in seconds since 1970, in the user's own time."""
    return datetime.fromtimestamp(at).strftime("%H:%M")


def sentence(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def span_text(seconds: float) -> str:
    """A duration: `42 min 08 s`."""
    whole = int(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"


def short_digest(digest: str) -> str:
    """`9f3a1c…` of a `sha256:…` text."""
    return digest.removeprefix("sha256:")[:6] + "…"


def number_text(value: Any) -> str:
    """A metric's value in at most six significant digits; words for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, float) and value.is_integer() and 10**4 <= abs(value) < 10**9:
        value = int(value)  # a count that a file wrote with a point
    if isinstance(value, int) and abs(value) < 10**9:
        return count_text(value) if abs(value) >= 10_000 else str(value)
    if math.isfinite(value) and 1e-4 <= abs(value) < 1:
        return f"{value:.4f}"
    return f"{value:.6g}"


def value_text(value: Any, length: int = 60) -> str:
    """A parameter's value on one line, cut at `length`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value) if isinstance(value, int) else f"{value:.6g}"
    text = printable(value if isinstance(value, str) else str(value))
    return text if len(text) <= length else text[: length - 1] + "…"


def path_text(file: Mapping[str, Any]) -> str:
    """A manifest entry's path; bytes that are no UTF-8 are shown as `\\xNN`."""
    if "path" in file:
        return printable(str(file["path"]))
    return printable(bytes.fromhex(file["path_hex"]).decode("utf-8", "backslashreplace"))


#: Signs that say nothing where they stand alone.
_SIGNS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space", ":": "colon"}


def about_text(about: Any) -> str:
    """The few facts of a reader's `about` that fit a line: numbers and short words."""
    if not isinstance(about, Mapping):
        return ""
    parts = []
    for key, value in about.items():
        if isinstance(value, bool) or value in (None, "", [], {}) or key == "tail":
            continue
        name = key.replace("_", " ")
        if isinstance(value, int | float):
            parts.append(f"{name} {number_text(value)}")
        elif isinstance(value, str) and len(value) <= 40:
            parts.append(f"{name} {_SIGNS.get(value) or value_text(value, 40)}")
        elif isinstance(value, list | Mapping):
            parts.append(f"{count_text(len(value))} {name}")
    return ", ".join(parts[:8])


def since(at: str) -> str:
    """`just now`, `5 h ago`."""
    age = ago(at)
    return "just now" if age == "now" else f"{age} ago"

"""The log file and crash reports, in the platform's log folder; neither ever holds a secret."""

from __future__ import annotations

import logging
import os
import platform
import re
import sys
import traceback
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from strongroom import __version__

APP = "strongroom"
_SECRET = re.compile(
    r"(?i)((?:pass(?:word|wd)?|secret|token|api[_-]?key|authorization|credential)\w*"
    r"[\"']?\s*[=:]\s*[\"']?)[^\s\"',;]+"
)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]+:)[^/\s@]+(@)")


def log_folder() -> Path:
    """`$STRONGROOM_LOGS`, else the platform's log folder; made if it is not there."""
    if chosen := os.environ.get("STRONGROOM_LOGS"):
        folder = Path(chosen)
    else:
        from platformdirs import user_log_path

        folder = user_log_path(APP)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def masked(text: str) -> str:
    """`text` with values that look like secrets replaced by `***`."""
    return _URL_PASSWORD.sub(r"\1***\2", _SECRET.sub(r"\1***", text))


class _Masking(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


def start_logging(level: str) -> Path:
    """Logs to a file of at most 2 MiB, five of which are kept; its path comes back."""
    path = log_folder() / "strongroom.log"
    handler = RotatingFileHandler(
        path,
        maxBytes=2 << 20,
        backupCount=5,
        encoding="utf-8",
        errors="backslashreplace",
        delay=True,
    )
    handler.setFormatter(_Masking("%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger(APP)
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    root.propagate = False
    return path


def write_crash_report(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> Path | None:
    """Keeps what a developer needs to know of an unexpected error; None if even that fails."""
    moment = datetime.now(UTC)
    lines = [
        f"Strongroom {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"{moment.isoformat()}  {masked(' '.join(sys.argv))}",
        "",
        masked("".join(traceback.format_exception(kind, error, trace))),
    ]
    try:
        path = log_folder() / f"crash-{moment:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
        path.write_text("\n".join(lines), encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None
    return path

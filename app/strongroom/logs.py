"""The log file and crash reports, in the platform's log folder; neither ever holds a secret."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import platform
import re
import shlex
import sys
import traceback
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from strongroom import __version__

APP = "strongroom"
_NAME = (
    r"(?:password|passwd|passphrase|(?<![a-z])pass|pwd|secret|token|api[_-]?key|access[_-]?key"
    r"|authorization|credential|signature)(?:s|[_-][\w-]*)?"
)
_VALUE = r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?:(?:bearer|basic|digest)\s+)?[^\s\"',;&]+)"
_SECRETS = (
    re.compile(rf"({_NAME}[\"']?\s*[=:]\s*){_VALUE}", re.I),
    re.compile(rf"(--[\w-]*{_NAME}\s+)(?!-){_VALUE}", re.I),
    re.compile(r"(cookie[\"']?\s*:\s*)[^\n]+", re.I),
    re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)"),
)


def log_folder() -> Path:
    """`$STRONGROOM_LOGS`, else the platform's log folder; made if it is not there."""
    if chosen := os.environ.get("STRONGROOM_LOGS"):
        folder = Path(chosen)
    else:
        from platformdirs import user_log_path

        folder = user_log_path(APP)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def masked(text: str) -> str:
    """`text` with values that look like secrets replaced by `***`."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\1***", text)
    return text


class _Masking(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class _File(RotatingFileHandler):
    """For the user's eyes only; a log that cannot be written is nothing to trouble anyone with."""

    def _open(self) -> TextIOWrapper:
        fd = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return TextIOWrapper(os.fdopen(fd, "ab"), encoding=self.encoding, errors=self.errors)

    def handleError(self, record: logging.LogRecord) -> None:
        return


def start_logging(level: str) -> Path:
    """Logs to a file of at most 2 MiB, five older of which are kept; its path comes back."""
    root = logging.getLogger(APP)
    for old in root.handlers:
        old.close()
    try:
        path = log_folder() / "strongroom.log"
    except OSError:
        path, root.handlers[:] = Path(os.devnull), [logging.NullHandler()]
    else:
        handler = _File(
            path,
            maxBytes=2 << 20,
            backupCount=5,
            encoding="utf-8",
            errors="backslashreplace",
            delay=True,
        )
        handler.setFormatter(_Masking("%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"))
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
        f"{moment.isoformat()}  {masked(shlex.join(sys.argv))}",
        "",
        masked("".join(traceback.format_exception(kind, error, trace))),
    ]
    try:
        folder = log_folder()
        for number in itertools.count(1):
            name = f"crash-{moment:%Y%m%d-%H%M%S}-{os.getpid()}-{number}.txt"
            with contextlib.suppress(FileExistsError):
                fd = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                break
        with open(fd, "w", encoding="utf-8", errors="backslashreplace") as out:
            out.write("\n".join(lines))
    except OSError:
        return None
    return folder / name

"""Starts the window: fonts and theme first, the registry opens beside it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from types import TracebackType

from strongroom import __version__
from strongroom.domain.errors import BadInput
from strongroom.settings import (
    Settings,
    default_registry,
    load,
    registry_path,
    settings_file,
)


def main() -> None:
    """`strongroom-gui`."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Shows the window until it is closed; the exit code comes back."""
    parser = argparse.ArgumentParser(prog="strongroom-gui", description=__doc__)
    parser.add_argument("--registry", metavar="DIR", help="which registry to open")
    parser.add_argument("--theme", choices=["system", "light", "dark"], help="colours, this once")
    parser.add_argument(
        "--picture", metavar="FILE", type=Path, help="save a picture of the window, then end"
    )
    parser.add_argument("--size", default="1440x900", help="with --picture: width x height")
    parser.add_argument("--version", action="version", version=f"strongroom {__version__}")
    options = parser.parse_args(arguments)
    try:
        settings = load()
    except BadInput as error:
        print(f"strongroom: {error}", file=sys.stderr)
        settings = Settings()
    place = registry_path(options.registry, settings)
    # Where someone says so by name, or at the very first start; a registry that the settings name
    # lies perhaps on a drive that is not there today.
    may_create = options.registry is not None or place == default_registry()
    if options.picture and "QT_QPA_PLATFORM" not in os.environ and not _has_screen():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"

    from strongroom.gui.memory import give_back_memory

    give_back_memory()
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    from strongroom.gui.icons import pixmap
    from strongroom.gui.resources import resources
    from strongroom.gui.session import Session
    from strongroom.gui.theme import Theme, load_fonts
    from strongroom.logs import start_logging

    logs = start_logging(settings["log.level"])
    sys.excepthook = _report_crash
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("Strongroom")
    app.setDesktopFileName("strongroom")
    load_fonts(resources())
    theme = Theme(app, options.theme or settings["appearance.theme"])
    app.setWindowIcon(pixmap("vault", theme.colours.accent, 64))
    memory = QSettings(str(settings_file().with_name("window.ini")), QSettings.Format.IniFormat)
    session = Session(theme, memory, settings, actor(), str(logs.parent))
    if options.picture:
        from strongroom.gui.picture import take_picture

        return take_picture(app, session, str(place), options.picture, options.size, may_create)
    watch = None
    if settings["log.level"] == "debug":
        from strongroom.gui.stall_watch import StallWatch

        watch = StallWatch(app)
    session.open(str(place), create=may_create)
    code = int(app.exec())
    session.wait()
    if watch is not None:
        watch.stop()
    return code


def actor() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


def _has_screen() -> bool:
    return sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _report_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """An error nobody caught: a report without secrets, and a window that goes on if it can."""
    if issubclass(kind, KeyboardInterrupt):
        sys.exit(130)
    from PySide6.QtWidgets import QApplication, QMessageBox

    from strongroom.logs import write_crash_report

    report = write_crash_report(kind, error, trace)
    where = f"A report without secrets is in {report}" if report else "No report could be kept."
    print(f"strongroom: internal error: {kind.__name__}: {where}", file=sys.stderr)
    if QApplication.instance() is not None and _has_screen():
        box = QMessageBox(
            QMessageBox.Icon.Critical, "Strongroom", f"Something went wrong.\n{where}"
        )
        box.exec()


if __name__ == "__main__":
    main()

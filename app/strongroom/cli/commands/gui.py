"""`strongroom gui`."""

from __future__ import annotations

import os
import subprocess
import sys

import click

from strongroom.cli.frame import Frame, common
from strongroom.domain.errors import Unreachable


@click.command()
@common
@click.pass_obj
def gui(frame: Frame) -> int:
    """Open the window. It ends when the window is closed."""
    screen = sys.platform == "darwin" or any(
        os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    )
    if not screen:
        raise Unreachable(
            "there is no screen to open a window on", "DISPLAY", "run it in a desktop session"
        )
    # A process of its own: front ends do not import each other.
    command = [sys.executable, "-m", "strongroom.gui.main"]
    place = frame.path()  # refuses what is no folder
    if frame.registry_option:  # else the window finds it by itself, and makes none unasked
        command += ["--registry", str(place)]
    return subprocess.run(command, check=False).returncode


COMMANDS = {"gui": gui}

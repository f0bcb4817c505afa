"""Runs the real command line as a process, as a user's shell does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-c", "from strongroom.cli.main import main; main()"]


def strongroom(
    *arguments: object,
    registry: Path | None = None,
    code: int = 0,
    before: Sequence[str] = (),
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Runs one command, behind `before`, and checks its exit code; stdout and stderr are text."""
    done = subprocess.run(
        [*before, *COMMAND, *map(os.fspath, map(_text, arguments))],
        env=environment(registry),
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=240,
        **options,
    )
    assert done.returncode == code, f"{arguments} → {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def answer(*arguments: object, registry: Path | None = None, code: int = 0) -> Any:
    """The one JSON document that a command prints with `--json`."""
    done = strongroom(*arguments, "--json", registry=registry, code=code)
    return json.loads(done.stdout)


def as_ordinary_user() -> list[str]:
    """What goes before a command so that it cannot read files against their modes, as root can."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    assert setpriv, "as root this test needs setpriv: apt-get install util-linux"
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search"]


def start(*arguments: object, registry: Path) -> subprocess.Popen[bytes]:
    """A command that goes on in the background."""
    return subprocess.Popen(
        [*COMMAND, *map(_text, arguments)],
        env=environment(registry),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def environment(registry: Path | None) -> dict[str, str]:
    env = dict(os.environ)
    if registry is not None:
        env["STRONGROOM_REGISTRY"] = str(registry)
    return env


def _text(argument: object) -> str:
    return argument if isinstance(argument, str) else os.fsdecode(argument)  # type: ignore[arg-type]

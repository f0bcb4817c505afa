"""What can be known of the process that trains: code, command, environment, machine."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strongroom.domain.secrets import masked_command, masked_lines, masked_text

_GIT_SECONDS = 10
#: A longer diff is kept up to here; it says so at its end.
_LONGEST_DIFF = 4 << 20


@dataclass(frozen=True)
class Seen:
    """`facts` go into the run's document; `diff` is what was not committed, "" for nothing."""

    facts: dict[str, Any]
    diff: str = ""


def look(packages: bool = True) -> Seen:
    """Never raises: what cannot be found out is left out. Takes some tens of milliseconds."""
    facts: dict[str, Any] = {
        "command": masked_command([_shown(a) for a in (sys.orig_argv or sys.argv)]),
        "working_directory": _working_directory(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "user": _user(),
        "hardware": _hardware(),
    }
    entry = _entry_script()
    if entry is not None:
        facts["entry"] = entry
    git, diff = _git()
    if git:
        facts["git"] = git
    if packages:
        facts["packages"] = _packages()
    return Seen(facts, diff)


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _working_directory() -> str:
    try:
        return masked_text(_shown(os.getcwd()))
    except OSError:  # it has been deleted
        return ""


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


def _entry_script() -> dict[str, str] | None:
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    if not file or not os.path.isfile(file):
        return None
    try:
        data = Path(file).read_bytes()
    except OSError:
        return None
    digest = hashlib.sha256(data).hexdigest()
    return {"path": _shown(os.path.abspath(file)), "sha256": digest}


def _hardware() -> dict[str, Any]:
    found: dict[str, Any] = {"cpus": os.cpu_count(), "machine": platform.machine()}
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            found["memory_bytes"] = int(lines.readline().split()[1]) * 1024
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            names = (
                line.partition(":")[2].strip() for line in lines if line.startswith("model name")
            )
            found["cpu"] = next(names, "")
    except (OSError, ValueError, IndexError):
        pass
    gpus = _gpus()
    if gpus:
        found["gpus"] = gpus
    return {key: value for key, value in found.items() if value}


def _gpus() -> list[str]:
    """Names as the NVIDIA driver tells them; nothing is loaded for it."""
    names = []
    for card in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        try:
            for line in card.read_text(errors="replace").splitlines():
                if line.startswith("Model:"):
                    names.append(line.partition(":")[2].strip())
        except OSError:
            continue
    return names


def _packages() -> dict[str, str]:
    from importlib.metadata import distributions

    found: dict[str, str] = {}
    for one in distributions():
        try:
            name, version = one.metadata["Name"], one.version
        except (OSError, KeyError, ValueError, TypeError):
            continue
        if name and version:
            found.setdefault(str(name), str(version))
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _git() -> tuple[dict[str, Any], str]:
    commit = _run_git("rev-parse", "HEAD")
    if not commit:
        return {}, ""
    branch = _run_git("rev-parse", "--abbrev-ref", "HEAD")
    dirty = _run_git("status", "--porcelain", "--untracked-files=no")
    remote = _run_git("config", "--get", "remote.origin.url")
    git: dict[str, Any] = {"commit": commit.strip(), "dirty": bool(dirty and dirty.strip())}
    if branch and branch.strip() != "HEAD":
        git["branch"] = branch.strip()
    if remote and remote.strip():
        git["remote"] = masked_text(remote.strip())
    diff = ""
    if git["dirty"]:
        diff = masked_lines(
            _run_git("diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv") or ""
        )
        if len(diff) > _LONGEST_DIFF:
            diff = diff[:_LONGEST_DIFF] + f"\n… cut after {_LONGEST_DIFF} characters\n"
    return git, diff


def _run_git(*arguments: str) -> str | None:
    """Its answer; None where there is no git or no repository. No hook or pager is run."""
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_GIT_SECONDS,
            check=True,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_PAGER": "cat"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")

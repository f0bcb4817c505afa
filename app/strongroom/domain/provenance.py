"""What one expects to know of how a version was made, under whatever names tools give it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What is expected → its names, the first that has a value counts.
EXPECTED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Git commit", ("git.commit", "git_commit", "source.git.commit", "git.sha", "commit")),
    ("Command", ("command", "cmd", "argv", "source.name", "program", "entrypoint")),
    ("Python", ("python", "python_version", "python.version")),
    ("Host", ("host", "hostname", "git.host")),
    ("User", ("user", "username")),
)
BRANCH = ("git.branch", "git_branch", "branch")
DIRTY = ("git.dirty", "git_dirty", "dirty")
PACKAGES = ("packages", "requirements", "pip_freeze")
#: Inputs that a run's files name and the registry did not hold.
NAMED = "named_inputs"


def flat(source: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Nested facts under dotted names; lists of packages and of inputs stay whole."""
    found: dict[str, Any] = {}
    for key, value in source.items():
        name = key if not prefix else f"{prefix}.{key}"
        if isinstance(value, Mapping) and depth < 3 and key != NAMED and key not in PACKAGES:
            # what a person or a tool gathered under these words stands for itself
            inner = prefix if key in ("meta", "tags") else name
            found.update(flat(value, inner, depth + 1))
        else:
            found[name] = value
    return found


def take(values: dict[str, Any], names: tuple[str, ...]) -> Any:
    """The first value under one of the names; all of them are taken out of `values`."""
    value = None
    for name in names:
        said = values.pop(name, None)
        if value is None and said not in (None, "", [], {}):
            value = said
    return value

"""Provenance in words: what is known of how a version was made, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strongroom.gui import wording

#: What one expects to know → the names that tools give it, the first that has a value counts.
_EXPECTED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Git commit", ("git.commit", "git_commit", "source.git.commit", "git.sha", "commit")),
    ("Command", ("command", "cmd", "argv", "source.name", "program", "entrypoint")),
    ("Python", ("python", "python_version", "python.version")),
    ("Host", ("host", "hostname", "git.host")),
    ("User", ("user", "username")),
)
_BRANCH = ("git.branch", "git_branch", "branch")
_DIRTY = ("git.dirty", "git_dirty", "dirty")
_NAMED = "named_inputs"
_MOST = 40


@dataclass(frozen=True, slots=True)
class Fact:
    """`known` False: nobody said. `mono`: a hash, a path or a command."""

    name: str
    text: str
    known: bool = True
    mono: bool = True


def facts(*sources: Mapping[str, Any]) -> list[Fact]:
    """What earlier sources say stands over later ones; first what one expects, known or not."""
    flat: dict[str, Any] = {}
    for source in reversed(sources):
        flat.update(_flat(source))
    found: list[Fact] = []
    for name, keys in _EXPECTED:
        value = _take(flat, keys)
        if value is None:
            found.append(Fact(name, "unknown", known=False, mono=False))
        elif name == "Git commit":
            found.append(Fact(name, _commit(str(value), flat)))
        else:
            found.append(Fact(name, _words(value)))
    for key, value in list(flat.items())[:_MOST]:
        if key == _NAMED or value in (None, "", [], {}):
            continue
        found.append(Fact(_title(key), _words(value)))
    return found


def named_inputs(*sources: Mapping[str, Any]) -> list[str]:
    """Inputs that the run's files name and the registry does not hold."""
    for source in sources:
        named = source.get(_NAMED)
        if isinstance(named, list):
            return [_words(one) for one in named[:_MOST]]
        if isinstance(named, Mapping):
            return [f"{key}: {_words(value)}" for key, value in list(named.items())[:_MOST]]
    return []


def known_of(found: list[Fact]) -> tuple[int, int]:
    """How many of the facts that one expects are known."""
    expected = found[: len(_EXPECTED)]
    return sum(fact.known for fact in expected), len(expected)


def _flat(source: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in source.items():
        name = key if not prefix else f"{prefix}.{key}"
        if isinstance(value, Mapping) and depth < 3 and key != _NAMED:
            # what a person or a tool gathered under these words stands for itself
            inner = prefix if key in ("meta", "tags") else name
            flat.update(_flat(value, inner, depth + 1))
        else:
            flat[name] = value
    return flat


def _take(flat: dict[str, Any], keys: tuple[str, ...]) -> Any:
    value = None
    for key in keys:
        said = flat.pop(key, None)
        if value is None and said not in (None, "", [], {}):
            value = said
    return value


def _commit(commit: str, flat: dict[str, Any]) -> str:
    branch, dirty = _take(flat, _BRANCH), _take(flat, _DIRTY)
    short = commit[:8] if len(commit) >= 40 else commit
    state = ""
    if isinstance(dirty, bool):
        state = "changed files" if dirty else "clean tree"
    return ", ".join(str(part) for part in (short, branch, state) if part)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return wording.value_text(" ".join(str(one) for one in value), 400)
    if isinstance(value, Mapping):
        return str(value.get("ref") or value.get("target") or wording.value_text(value, 400))
    return wording.value_text(value, 400)


def _title(key: str) -> str:
    text = key.replace("_", " ").replace(".", " ")
    return text[:1].upper() + text[1:]

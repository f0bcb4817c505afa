"""Provenance in words: what is known of how a version was made, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strongroom.domain.provenance import BRANCH, DIRTY, EXPECTED, NAMED, flat, take
from strongroom.gui import wording

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
    values: dict[str, Any] = {}
    for source in reversed(sources):
        values.update(flat(source))
    found: list[Fact] = []
    for name, keys in EXPECTED:
        value = take(values, keys)
        if value is None:
            found.append(Fact(name, "unknown", known=False, mono=False))
        elif name == "Git commit":
            found.append(Fact(name, _commit(str(value), values)))
        else:
            found.append(Fact(name, _words(value)))
    for key, value in list(values.items())[:_MOST]:
        if key == NAMED or value in (None, "", [], {}):
            continue
        found.append(Fact(_title(key), _words(value)))
    return found


def named_inputs(*sources: Mapping[str, Any]) -> list[str]:
    """Inputs that the run's files name and the registry does not hold."""
    for source in sources:
        named = source.get(NAMED)
        if isinstance(named, list):
            return [_words(one) for one in named[:_MOST]]
        if isinstance(named, Mapping):
            return [f"{key}: {_words(value)}" for key, value in list(named.items())[:_MOST]]
    return []


def known_of(found: list[Fact]) -> tuple[int, int]:
    """How many of the facts that one expects are known."""
    expected = found[: len(EXPECTED)]
    return sum(fact.known for fact in expected), len(expected)


def _commit(commit: str, values: dict[str, Any]) -> str:
    branch, dirty = take(values, BRANCH), take(values, DIRTY)
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

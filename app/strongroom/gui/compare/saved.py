"""Comparisons that are kept under a name, in the window's memory."""

from __future__ import annotations

import json

from PySide6.QtCore import QSettings

from strongroom.domain.comparison import FEWEST, MOST
from strongroom.gui.compare.tray import State

_KEY = "compare/saved"


def saved(memory: QSettings) -> dict[str, State]:
    """By name, in the order of names; what cannot be read is passed over."""
    try:
        kept = json.loads(str(memory.value(_KEY) or "{}"))
    except ValueError:
        return {}
    found: dict[str, State] = {}
    for name, one in sorted(kept.items()) if isinstance(kept, dict) else ():
        refs, baseline = (one.get(k) if isinstance(one, dict) else None for k in ("refs", "base"))
        if not isinstance(refs, list) or not all(isinstance(r, str) for r in refs):
            continue
        if FEWEST <= len(refs) <= MOST and isinstance(baseline, int) and 0 <= baseline < len(refs):
            found[name] = tuple(refs), baseline
    return found


def save(memory: QSettings, name: str, state: State) -> None:
    _write(memory, {**saved(memory), name: state})


def remove(memory: QSettings, name: str) -> None:
    _write(memory, {k: v for k, v in saved(memory).items() if k != name})


def _write(memory: QSettings, kept: dict[str, State]) -> None:
    plain = {name: {"refs": refs, "base": baseline} for name, (refs, baseline) in kept.items()}
    memory.setValue(_KEY, json.dumps(plain))
    memory.sync()

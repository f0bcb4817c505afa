"""Filters kept by name on this desktop."""

from __future__ import annotations

import json

from PySide6.QtCore import QSettings

_KEY = "filters/saved"


def saved(memory: QSettings) -> dict[str, str]:
    """Name → filter, in the order they were saved."""
    try:
        stored = json.loads(str(memory.value(_KEY) or "{}"))
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in stored.items()} if isinstance(stored, dict) else {}


def save(memory: QSettings, name: str, text: str) -> None:
    _write(memory, {**saved(memory), name: text})


def remove(memory: QSettings, name: str) -> None:
    _write(memory, {k: v for k, v in saved(memory).items() if k != name})


def _write(memory: QSettings, filters: dict[str, str]) -> None:
    memory.setValue(_KEY, json.dumps(filters, ensure_ascii=False))

"""The registries this desktop knows: the open one, those opened before, another one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings

_KEY, _MOST = "registries/recent", 8


def recent(memory: QSettings) -> list[str]:
    """Paths of registries that were opened here, the last one first."""
    stored = memory.value(_KEY) or []
    places = [stored] if isinstance(stored, str) else [str(one) for one in stored]
    return [place for place in places if place]


def remember(memory: QSettings, place: str) -> None:
    memory.setValue(_KEY, [place, *(p for p in recent(memory) if p != place)][:_MOST])


def forget(memory: QSettings, place: str) -> None:
    memory.setValue(_KEY, [p for p in recent(memory) if p != place])


def is_registry(place: str) -> bool:
    return (Path(place) / "registry.json").is_file()


def may_become_registry(place: str) -> str:
    """Why no registry can be made in the folder, or "" if one can."""
    folder = Path(place)
    try:
        if folder.is_dir() and any(folder.iterdir()):
            return "it holds other files; choose or make an empty folder"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return ""

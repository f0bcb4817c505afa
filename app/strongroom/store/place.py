"""`registry.json`: what marks a folder as a registry, and which features it needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strongroom.disk.durable import told, write_file
from strongroom.disk.reserve import tend
from strongroom.domain.errors import BadInput, Conflict, Damaged, NotFound
from strongroom.domain.timestamps import new_id

FORMAT = 1
KNOWN_FEATURES = frozenset({"shelves"})
#: Files that are only locked. They are made with the folders, so that a full disk finds them.
LOCKS = ("local/open.lock", "local/collection.lock", "journal/.lock", "shelves/.lock")
FOLDERS = ("objects", "shelves", "staging", "quarantine", "journal", "local")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a registry lies and who it is."""

    root: Path
    registry_id: str

    @property
    def catalog(self) -> Path:
        return self.root / "catalog.db"

    @property
    def journal(self) -> Path:
        return self.root / "journal"

    @property
    def stat_cache(self) -> Path:
        return self.root / "local" / "stat.db"

    @property
    def live(self) -> Path:
        """Where curves of runs that are going on are kept until they end."""
        return self.root / "local" / "live"


def create(root: Path) -> Place:
    """Makes the folders and `registry.json`; raises `Conflict` where a registry is already."""
    marker = root / "registry.json"
    if marker.exists():
        raise Conflict("there is a registry already", str(root), "choose another folder")
    if root.exists() and not root.is_dir():
        raise BadInput("this is not a folder", str(root), "choose a folder")
    if root.is_dir() and any(p.name not in FOLDERS for p in root.iterdir()):
        raise Conflict("the folder is not empty", str(root), "choose a new or empty folder")
    registry_id = new_id()
    with told("making the registry", root):
        for name in FOLDERS:
            (root / name).mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)
        document = {"id": registry_id, "format": FORMAT, "features": sorted(KNOWN_FEATURES)}
        write_file(marker, (json.dumps(document, indent=2) + "\n").encode())
    return Place(root, registry_id)


def open_place(root: Path) -> Place:
    """The registry in `root`; raises `NotFound`, `Damaged`, or `Conflict` for unknown features."""
    marker = root / "registry.json"
    try:
        document: Any = json.loads(marker.read_bytes())
        registry_id, number = document["id"], document["format"]
        features = set(document["features"])
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(
            "there is no registry here", str(root), "make one with `strongroom init`"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged("registry.json cannot be read", str(marker), "restore it") from error
    except OSError as error:
        raise NotFound(
            f"the registry cannot be opened ({error.strerror})", str(root), "check its permissions"
        ) from error
    unknown = sorted(features - KNOWN_FEATURES)
    if number != FORMAT or unknown:
        need = f"format {number}" if number != FORMAT else "the feature " + ", ".join(unknown)
        raise Conflict(
            f"the registry needs {need}, which this version of Strongroom does not know",
            str(root),
            "install a newer Strongroom",
        )
    with told("opening the registry", root):
        for name in FOLDERS:
            (root / name).mkdir(exist_ok=True)
        for name in LOCKS:
            if not (root / name).exists():
                (root / name).touch(0o600)
    tend(root)
    return Place(root, registry_id)

"""`registry.json`: what marks a folder as a registry, and which features it needs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strongroom.disk.durable import sync_names, told, write_file
from strongroom.disk.reserve import tend
from strongroom.disk.temporary import clear
from strongroom.domain import canonical
from strongroom.domain.digest import digest_of, text_of
from strongroom.domain.errors import BadInput, Conflict, Damaged, NotFound
from strongroom.domain.timestamps import new_id

FORMAT = 1
KNOWN_FEATURES = frozenset({"shelves"})
#: Files that are only locked. They are made with the folders, so that a full disk finds them.
LOCKS = (
    "local/open.lock",
    "local/turn.lock",
    "local/collection.lock",
    "journal/.lock",
    "shelves/.lock",
)
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

    @property
    def fresh_catalog(self) -> Path:
        """Where a catalog is made again before it takes the place of the other."""
        return self.root / "catalog.rebuilt.db"

    @property
    def staging(self) -> Path:
        """Where files lie until they have their place, and what is needed for a moment."""
        return self.root / "staging"

    @property
    def swaps(self) -> Path:
        """Notes of what is just being replaced outside of the registry."""
        return self.root / "local" / "swaps"

    def earlier_catalogs(self) -> list[Path]:
        """Catalogs that were kept when another one took their place, the newest first."""
        kept = [
            path
            for path in self.root.glob("catalog.db.*")
            if path.suffix != ".half" and not path.name.endswith(("-wal", "-shm"))
        ]
        return sorted(kept, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def remove_database(path: Path) -> None:
    """Removes a database with all that SQLite keeps beside it; raises `OSError`."""
    for side in path.parent.glob(f"{path.name}*"):
        if side.name[len(path.name) :] in ("", "-wal", "-shm", "-journal"):
            side.unlink(missing_ok=True)


def create(root: Path) -> Place:
    """Makes the folders and `registry.json`; raises `Conflict` where a registry is already.

    What an earlier attempt left that was cut short is gone on with.
    """
    marker = root / "registry.json"
    if marker.exists():
        raise Conflict("there is a registry already", str(root), "choose another folder")
    if root.exists() and not root.is_dir():
        raise BadInput("this is not a folder", str(root), "choose a folder")
    if root.is_dir() and not all(map(_is_begun, root.iterdir())):
        raise Conflict("the folder is not empty", str(root), "choose a new or empty folder")
    registry_id = new_id()
    with told("making the registry", root):
        for name in FOLDERS:
            (root / name).mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)
        clear(root)
        write_marker(root, registry_id)
        sync_names(root)
    return Place(root, registry_id)


def _is_begun(path: Path) -> bool:
    """Whether it is what an attempt to make a registry leaves that was cut short."""
    if path.name in FOLDERS:
        inside = path.iterdir() if path.is_dir() else [path]
        return path.name == "local" or all(one.name == ".lock" for one in inside)
    return path.name.startswith(".registry.json.") and path.suffix == ".tmp"


def write_marker(root: Path, registry_id: str) -> None:
    """Writes `registry.json`, with a sum over what it says; raises `OSError`.

    One that is there is kept beside it: it is written again only where it is damaged.
    """
    marker = root / "registry.json"
    document = {"id": registry_id, "format": FORMAT, "features": sorted(KNOWN_FEATURES)}
    if marker.exists():
        write_file(root / f"registry.json.damaged.{time.time_ns()}", marker.read_bytes())
    document["check"] = _sum(document)
    write_file(marker, (json.dumps(document, indent=2) + "\n").encode())


def _sum(document: Mapping[str, Any]) -> str:
    said = {key: value for key, value in document.items() if key != "check"}
    return text_of(digest_of(canonical.dumps(said)))


def open_place(root: Path) -> Place:
    """The registry in `root`; raises `NotFound`, `Damaged`, or `Conflict` for unknown features."""
    marker = root / "registry.json"
    try:
        document: Any = json.loads(marker.read_bytes())
        registry_id, number = str(document["id"]), document["format"]
        features = set(document["features"])
        if document.get("check", _sum(document)) != _sum(document):
            raise ValueError("it does not say what was written")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(
            "there is no registry here", str(root), "make one with `strongroom init`"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(
            "registry.json cannot be read, and nothing else tells what it said",
            str(marker),
            "put it back from a copy",
        ) from error
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

"""What scripts added while the registry was out of reach: kept whole on this computer, brought in
once.

One folder a run below the platform's state folder: `run.json` (locked while its process lives),
`adds.jsonl`, the contents in `files/`, and what was logged in `spool/`. Nothing of it has a tag
before it arrives. `sdk/queue.py` writes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

from strongroom.catalog import catalog
from strongroom.domain.errors import BadInput, Cancelled, Conflict, NotFound, StrongroomError
from strongroom.domain.facts import Kind, RunStatus
from strongroom.services import add, spool, tracking
from strongroom.services.add import AddOptions
from strongroom.services.desk import Desk
from strongroom.services.find import resolve
from strongroom.services.progress import Progress

log = logging.getLogger(__name__)
#: What was brought in and is being cleared away.
_DONE = ".done"


def queue_folder() -> Path:
    chosen = os.environ.get("STRONGROOM_QUEUE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_state_dir("strongroom", False)) / "queue"


def deliver(desk: Desk, progress: Progress | None = None) -> int:
    """Brings in what waits for this registry, run by run; how many runs were comes back.

    What cannot be brought in stays and is told of in the log. Raises `Cancelled`.
    """
    done = 0
    for folder in queue_folder().glob(f".*{_DONE}"):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in sorted(queue_folder().glob("[!.]*")):
        try:
            done += _deliver_one(desk, folder, progress)
        except Cancelled:
            raise
        except (StrongroomError, OSError, ValueError, LookupError, TypeError) as error:
            log.warning("what waits in %s cannot be brought in yet: %s", folder, error)
    return done


def _deliver_one(desk: Desk, folder: Path, progress: Progress | None) -> int:
    path = folder / "run.json"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0  # just begun, or just brought in by somebody else
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(lock).st_ino != os.stat(path).st_ino:
                return 0  # just ended
        except (BlockingIOError, FileNotFoundError):
            return 0  # its process still lives, or somebody else was faster
        said = json.loads(path.read_text())
        if not _same(said["place"], str(desk.place.root)):
            return 0
        _bring_in(desk, folder, said, progress)
        gone = folder.with_name(f".{folder.name}{_DONE}")
        os.rename(folder, gone)
        shutil.rmtree(gone, ignore_errors=True)
        return 1
    finally:
        os.close(lock)


def _bring_in(desk: Desk, folder: Path, said: dict[str, Any], progress: Progress | None) -> None:
    """All of it may be there already: whoever brought it in may have died before it was cleared."""
    run = said["run"]
    if catalog.run_by_id(desk.engine, run) is None:
        tracking.begin(
            desk, said["name"], run, said["params"], said["provenance"], said["started_at"]
        )
    for entry in _adds(folder):
        _add(desk, run, entry, progress)
    into = spool.folder_for(desk.place.live, run)
    into.mkdir(parents=True, exist_ok=True)
    for file in (folder / "spool").glob("*.jsonl"):
        shutil.copyfile(file, into / f"{folder.name}-{file.name}")
    status = RunStatus(said["status"] or RunStatus.LOST)
    if said.get("ends", not said["joins"]):
        tracking.end(desk, run, status, said["error"], said.get("ended_at", 0))
    elif not tracking.is_going_on(desk, run):
        tracking.end(desk, run, None)


def _adds(folder: Path) -> list[dict[str, Any]]:
    found = []
    with contextlib.suppress(FileNotFoundError), open(folder / "adds.jsonl") as lines:
        for text in lines:
            with contextlib.suppress(ValueError):  # half written when its process was killed
                found.append(json.loads(text))
    return found


def _add(desk: Desk, run: str, entry: dict[str, Any], progress: Progress | None) -> None:
    """Inputs could not be looked up when it was queued; one that is none must not keep it out."""
    inputs, note = [], entry["note"]
    for reference in entry["inputs"]:
        try:
            resolve(desk, reference)
            inputs.append(reference)
        except (NotFound, BadInput, Conflict) as error:
            note = f"{note}\nthe input {reference} is not known: {error.what}".strip()
    options = AddOptions(
        name=entry["name"],
        kind=Kind(entry["kind"]) if entry["kind"] else None,
        run=run,
        params=entry["params"],
        metrics=entry["metrics"],
        inputs=inputs,
        note=note,
        split="whole",
    )
    add.add(desk, [bytes.fromhex(entry["path"])], options, progress)


def _same(place: str, other: str) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samefile(place, other)
    return os.path.abspath(place) == os.path.abspath(other)

"""What scripts add while the registry is out of reach: kept whole here, brought in once.

One folder a run below the platform's state folder: `run.json` (locked while its process lives),
`adds.jsonl`, the contents in `files/`, and what was logged in `spool/`. Nothing of it has a tag
before it arrives.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strongroom.domain.digest import text_of
from strongroom.domain.errors import StrongroomError
from strongroom.domain.timestamps import new_id, now

if TYPE_CHECKING:
    from strongroom.sdk.registry import Version
    from strongroom.services.local import LocalRegistry

log = logging.getLogger(__name__)


def queue_folder() -> Path:
    chosen = os.environ.get("STRONGROOM_QUEUE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_state_dir("strongroom", False)) / "queue"


class Queue:
    """The queue of one run of this process."""

    def __init__(self, folder: Path, run: str, lock: int) -> None:
        self.folder, self.run, self._lock = folder, run, lock
        from strongroom.services.spool import Spool

        self._spool = Spool(folder / "spool")

    @classmethod
    def begin(
        cls,
        name: str,
        run: str,
        params: Mapping[str, Any],
        place: str | os.PathLike[str] | None,
        joins: bool = False,
    ) -> Queue:
        """`joins`: the registry knows the run already; only what is added waits here."""
        from strongroom.sdk import provenance

        run = run or new_id()
        folder = queue_folder() / new_id()
        (folder / "files").mkdir(parents=True)
        seen = {} if joins else provenance.look().facts
        said = {
            "run": run,
            "name": name,
            "params": dict(params),
            "place": os.path.abspath(place) if place is not None else None,
            "started_at": now(),
            "provenance": seen,
            "joins": joins,
            "status": None,
            "error": "",
        }
        path = folder / "run.json"
        path.write_text(json.dumps(said, default=str))
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return cls(folder, run, lock)

    def write(self, lines: str) -> None:
        self._spool.write(lines)

    def add(
        self,
        path: str | os.PathLike[str],
        name: str | None,
        kind: str | None,
        params: Mapping[str, Any] | None,
        metrics: Mapping[str, Any] | None,
        inputs: Sequence[str],
        note: str,
    ) -> Version:
        """Copies the content and names it by its digest; raises `StrongroomError`."""
        from strongroom.disk.durable import told
        from strongroom.disk.listing import list_source
        from strongroom.domain.manifest import Entry, build
        from strongroom.domain.names import check_name, derive_name
        from strongroom.sdk.registry import Version
        from strongroom.store.intake import measure

        source = os.fsencode(path)
        base = os.path.basename(os.path.abspath(source))
        chosen = check_name(name) if name else derive_name(base)
        holder = self.folder / "files" / new_id()
        target = holder / os.fsdecode(base)
        with told("queueing", holder):
            holder.mkdir()
            if os.path.isdir(source):
                shutil.copytree(os.fsdecode(source), target)
            else:
                shutil.copyfile(os.fsdecode(source), target)
            kept = list_source(os.fsencode(target), follow_outside=True)
            entries = [Entry(f.path, measure(f.location)[0], f.stat.size) for f in kept.files]
            digest = text_of(build(entries).digest)
            entry = {
                "path": os.fsencode(target).hex(),
                "name": chosen,
                "kind": kind,
                "params": dict(params or {}),
                "metrics": dict(metrics or {}),
                "inputs": list(inputs),
                "note": note,
                "content_digest": digest,
            }
            with open(self.folder / "adds.jsonl", "a") as adds:
                adds.write(json.dumps(entry, default=str) + "\n")
                adds.flush()
                os.fsync(adds.fileno())
        return Version(chosen, None, kind or "other", digest, pending=True)

    def end(self, status: str, error: str) -> None:
        """Ready to be brought in."""
        path = self.folder / "run.json"
        said = json.loads(path.read_text())
        said.update(status=status, error=error, ended_at=now())
        path.write_text(json.dumps(said))
        self._spool.close()
        os.close(self._lock)


def deliver(registry: LocalRegistry) -> int:
    """Brings in what waits for this registry, run by run; how many runs were comes back.

    What cannot be brought in stays and is told of in the log.
    """
    done = 0
    for folder in sorted(queue_folder().glob("*")):
        try:
            done += _deliver_one(registry, folder)
        except (StrongroomError, OSError, ValueError, KeyError) as error:
            log.warning("what waits in %s cannot be brought in yet: %s", folder, error)
    return done


def _deliver_one(registry: LocalRegistry, folder: Path) -> int:
    from strongroom.catalog import catalog
    from strongroom.domain.facts import RunStatus
    from strongroom.services import spool, tracking

    path = folder / "run.json"
    lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0  # its process still lives
        said = json.loads(path.read_text())
        if said["place"] is not None and not _same(said["place"], registry.place):
            return 0
        desk, run = registry.desk, said["run"]
        row = catalog.run_by_id(desk.engine, run)
        if row is None:
            tracking.begin(
                desk, said["name"], run, said["params"], said["provenance"], said["started_at"]
            )
        for entry in _adds(folder):
            _bring_in(registry, run, entry)
        into = spool.folder_for(desk.place.live, run)
        into.mkdir(parents=True, exist_ok=True)
        for file in (folder / "spool").glob("*.jsonl"):
            shutil.copyfile(file, into / f"{folder.name}-{file.name}")
        ended = said["status"] or RunStatus.LOST
        if not said["joins"] or (row is not None and row.status != RunStatus.RUNNING):
            tracking.end(desk, run, RunStatus(ended), said["error"])
        shutil.rmtree(folder, ignore_errors=True)
        return 1
    finally:
        os.close(lock)


def _adds(folder: Path) -> list[dict[str, Any]]:
    found = []
    with contextlib.suppress(FileNotFoundError), open(folder / "adds.jsonl") as lines:
        for text in lines:
            with contextlib.suppress(ValueError):  # half written when its process was killed
                found.append(json.loads(text))
    return found


def _bring_in(registry: LocalRegistry, run: str, entry: dict[str, Any]) -> None:
    from strongroom.sdk.registry import added

    path = os.fsdecode(bytes.fromhex(entry["path"]))
    added(
        registry, path, entry["name"], entry["kind"], run, entry["params"], entry["metrics"],
        entry["inputs"], entry["note"],
    )  # fmt: skip


def _same(place: str, other: str) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samefile(place, other)
    return os.path.abspath(place) == os.path.abspath(other)

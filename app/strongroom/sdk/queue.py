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
from strongroom.domain.errors import BadInput, Conflict, NotFound, StrongroomError
from strongroom.domain.timestamps import new_id, now
from strongroom.sdk.values import plain_params

if TYPE_CHECKING:
    from strongroom.sdk.registry import Version
    from strongroom.services.local import LocalRegistry

log = logging.getLogger(__name__)
#: What was brought in and is being cleared away.
_DONE = ".done"


def queue_folder() -> Path:
    chosen = os.environ.get("STRONGROOM_QUEUE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_state_dir("strongroom", False)) / "queue"


class Queue:
    """The queue of one run of this process.

    `joins`: the registry knows the run already, or another process tells of it; only what is
    added and logged waits here.
    """

    def __init__(self, folder: Path, run: str, joins: bool, lock: int) -> None:
        self.folder, self.run, self.joins, self._lock = folder, run, joins, lock
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
        """Raises `OSError`."""
        from strongroom.sdk import provenance
        from strongroom.sdk.registry import place_of
        from strongroom.services.desk import process_identity

        run = run or new_id()
        folder = queue_folder() / new_id()
        (folder / "files").mkdir(parents=True)
        seen = {} if joins else provenance.look().facts
        said = {
            "run": run,
            "name": name,
            "params": plain_params(params),
            "place": os.path.abspath(place_of(place)),
            "started_at": now(),
            "provenance": {**seen, "process": process_identity()},
            "joins": joins,
            "status": None,
            "error": "",
        }
        # Under its own name it is locked from the first moment, so nobody takes it for left behind.
        path = folder / "run.json"
        half = path.with_suffix(".new")
        half.write_text(json.dumps(said))
        lock = os.open(half, os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.rename(half, path)
        return cls(folder, run, joins, lock)

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
                "params": plain_params(params),
                "metrics": plain_params(metrics),
                "inputs": list(inputs),
                "note": note,
                "content_digest": digest,
            }
            with open(self.folder / "adds.jsonl", "a") as adds:
                adds.write(json.dumps(entry) + "\n")
                adds.flush()
                os.fsync(adds.fileno())
        return Version(chosen, None, kind or "other", digest, pending=True)

    def end(self, status: str, error: str, ends: bool) -> None:
        """Ready to be brought in; `ends`: with it the run ends too. Raises `OSError`."""
        from strongroom.disk.durable import write_file

        self._spool.close()
        path = self.folder / "run.json"
        said = json.loads(path.read_text())
        said.update(status=status, error=error, ended_at=now(), ends=ends)
        write_file(path, json.dumps(said).encode())
        os.close(self._lock)


def deliver(registry: LocalRegistry) -> int:
    """Brings in what waits for this registry, run by run; how many runs were comes back.

    What cannot be brought in stays and is told of in the log.
    """
    done = 0
    for folder in queue_folder().glob(f".*{_DONE}"):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in sorted(queue_folder().glob("[!.]*")):
        try:
            done += _deliver_one(registry, folder)
        except (StrongroomError, OSError, ValueError, LookupError, TypeError) as error:
            log.warning("what waits in %s cannot be brought in yet: %s", folder, error)
    return done


def _deliver_one(registry: LocalRegistry, folder: Path) -> int:
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
        if not _same(said["place"], registry.place):
            return 0
        _bring_in(registry, folder, said)
        gone = folder.with_name(f".{folder.name}{_DONE}")
        os.rename(folder, gone)
        shutil.rmtree(gone, ignore_errors=True)
        return 1
    finally:
        os.close(lock)


def _bring_in(registry: LocalRegistry, folder: Path, said: dict[str, Any]) -> None:
    """All of it may be there already: whoever brought it in may have died before it was cleared."""
    from strongroom.catalog import catalog
    from strongroom.domain.facts import RunStatus
    from strongroom.services import spool, tracking

    desk, run = registry.desk, said["run"]
    if catalog.run_by_id(desk.engine, run) is None:
        tracking.begin(
            desk, said["name"], run, said["params"], said["provenance"], said["started_at"]
        )
    for entry in _adds(folder):
        _add(registry, run, entry)
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


def _add(registry: LocalRegistry, run: str, entry: dict[str, Any]) -> None:
    """Inputs could not be looked up when it was queued; one that is none must not keep it out."""
    from strongroom.sdk.registry import added
    from strongroom.services.find import resolve

    inputs, note = [], entry["note"]
    for reference in entry["inputs"]:
        try:
            resolve(registry.desk, reference)
            inputs.append(reference)
        except (NotFound, BadInput, Conflict) as error:
            note = f"{note}\nthe input {reference} is not known: {error.what}".strip()
    added(
        registry, os.fsdecode(bytes.fromhex(entry["path"])), entry["name"], entry["kind"], run,
        entry["params"], entry["metrics"], inputs, note,
    )  # fmt: skip


def _same(place: str, other: str) -> bool:
    with contextlib.suppress(OSError):
        return os.path.samefile(place, other)
    return os.path.abspath(place) == os.path.abspath(other)

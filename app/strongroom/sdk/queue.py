"""What a script adds while the registry is out of reach; `services/queued.py` brings it in."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strongroom.domain.digest import text_of
from strongroom.domain.timestamps import new_id, now
from strongroom.sdk.values import plain_params
from strongroom.services.queued import queue_folder

if TYPE_CHECKING:
    from strongroom.sdk.registry import Version


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

"""What the worker tells those who watch it: the window, and the command line's streams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. Names and what `data` holds:

    version.created  version (as api.md's version object)
    version.known    version: a watched file or run has content that is a version already
    entry            seq, action, object: a journal entry, of this process or another
    job.changed      a job as `Registry.list_jobs` gives it
    watch.state      id, name, path, state (live, paused, missing, waiting, full, scanning),
                     files, settling, live, kept, detail
    watch.waiting    id, settling and live: the first [{path, size}] that may still change, and
                     that wait for their run's end; settling_count, live_count
    watch.progress   id, name, files, total_files, bytes, total_bytes, rate: what is being taken
    watch.ignored    id, path, reason: a file that is not taken, and why
    watch.idle       id: nothing is pending in the folder
    run.changed      id
    problem          code, message, hint, object: an error as api.md's error object
    """

    name: str
    data: Mapping[str, Any] = field(default_factory=dict)

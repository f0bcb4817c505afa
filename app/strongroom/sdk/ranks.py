"""How the processes of one job, begun by a launcher, find the one run that they share."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from strongroom.services import tracking
from strongroom.services.desk import Desk

#: Seconds that other ranks wait for the first one to begin.
_PATIENCE = 30.0
_RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
#: What the ranks of one job have in common.
_JOB = (
    "TORCHELASTIC_RUN_ID",
    "MASTER_ADDR",
    "MASTER_PORT",
    "SLURM_JOB_ID",
    "OMPI_MCA_orte_hnp_uri",
)


def is_first() -> bool:
    """Whether this process begins the run; so does one that belongs to no job."""
    return next((os.environ[v] for v in _RANKS if os.environ.get(v)), "0") == "0"


def announce(desk: Desk, name: str, run: str) -> None:
    """Tells the other ranks of the job, if there is one. Raises `OSError`."""
    meeting = _meeting(desk, name)
    if meeting is None:
        return
    meeting.parent.mkdir(parents=True, exist_ok=True)
    half = meeting.with_suffix(f".{os.getpid()}.tmp")
    half.write_text(run)
    os.replace(half, meeting)


def is_in_job(desk: Desk, name: str) -> bool:
    return _meeting(desk, name) is not None


def wait_for_first(desk: Desk, name: str) -> str | None:
    """The run that the job's first rank began; None where there is no sign of it."""
    meeting = _meeting(desk, name)
    if meeting is None:
        return None
    began, until = time.time(), time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            run = meeting.read_text()
            # It may be left from an earlier job at the same address.
            is_new = meeting.stat().st_mtime >= began
            if run and (is_new or tracking.is_going_on(desk, run)):
                return run
        except OSError:
            pass
        time.sleep(0.1)
    return None


def _meeting(desk: Desk, name: str) -> Path | None:
    job = [os.environ.get(variable, "") for variable in _JOB]
    if not any(job):
        return None
    digest = hashlib.sha256("\0".join([name, *job]).encode()).hexdigest()
    return desk.place.live / f"{digest}.job"

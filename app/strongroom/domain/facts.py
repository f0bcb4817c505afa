"""What files say about themselves and about the run that wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from strongroom.domain.series import Series

#: A number as a metric: finite, NaN or infinite; never a bool.
Number = int | float
#: What a parameter may be after flattening: nested dicts become dotted names, lists stay lists.
ParamValue = Any


class Kind(StrEnum):
    """What an artifact is. `OTHER` is the honest answer where content does not tell."""

    MODEL = "model"
    DATASET = "dataset"
    CONFIG = "config"
    METRICS = "metrics"
    LOG = "log"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file says, as its reader tells it.

    `metrics` are final values (the value at the highest step, not the last line of a file);
    `series` the points in step order; `about` is plain JSON about structure (tensors, columns,
    opsets …), bounded in size; `warnings` are whole sentences a user can act on. `runs` are whole
    runs that the file tells of, as a tracker's database does.
    """

    kind: Kind | None = None
    format: str = ""
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    metrics: Mapping[str, Number] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    runs: tuple[RunFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A value together with who read it from where, as records keep it."""

    value: Any
    file: str
    reader: str
    reader_version: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """The facts of one file with the reader that found them (reader "" where none fits)."""

    path: str
    facts: Facts
    reader: str = ""
    reader_version: int = 0


class RunStatus(StrEnum):
    """How far a run has come; `LOST` is a run whose process was found dead."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class InputHint:
    """A path or URI that the run's own files name as something it read.

    `basis` "declared": a tool was told so by the training; "observed": it is read off a setting.
    `sha256` are 64 hex digits of the content that the run says it read there, or "".
    """

    target: str
    file: str
    why: str
    basis: str = "observed"
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the files of one run folder say about the run.

    Times are Unix seconds. `status` None: the folder does not tell. `best` lists path prefixes
    (run-relative) of the checkpoints the training itself calls best. `made` lists paths or names of
    files that it wrote, as far as it says so; `inner` the runs that one folder holds beside or
    below it: trials of a study, runs of a tracker's database.
    """

    name: str = ""
    params: Mapping[str, Found] = field(default_factory=dict)
    metrics: Mapping[str, Found] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)
    inputs: tuple[InputHint, ...] = ()
    status: RunStatus | None = None
    started_at: float | None = None
    ended_at: float | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    best: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    inner: tuple[RunFacts, ...] = ()

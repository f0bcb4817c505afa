"""MLflow's database: mlflow.db, or what `--backend-store-uri sqlite:///…` names.

Schema: mlflow/store/tracking/dbmodels/models.py of https://github.com/mlflow/mlflow. One run each
comes out of it, with its whole series; deleted runs are left out.
"""

from __future__ import annotations

import json
import math
import posixpath
from collections import defaultdict
from typing import Any

from strongroom.domain.facts import Found, InputHint, RunFacts, RunStatus
from strongroom.domain.series import Series
from strongroom.extract.curve import Curves, shared
from strongroom.formats.number import is_number, parse_scalar
from strongroom.formats.source import Source
from strongroom.formats.sqlite import Database

TABLES = {"runs", "params", "metrics", "tags", "experiments"}
_MAX_RUNS = 5000
_MAX_VALUES = 2_000_000
_MAX_POINTS = 20_000_000
_STATUS = {
    "FINISHED": RunStatus.FINISHED, "FAILED": RunStatus.FAILED, "KILLED": RunStatus.FAILED,
    "RUNNING": RunStatus.RUNNING, "SCHEDULED": RunStatus.RUNNING,
}  # fmt: skip
#: Tags that say where the run came from, without the prefix that MLflow gives them.
TAGS = ("source.name", "source.type", "source.git.commit", "user", "parentRunId", "note.content")
_INFINITE = 1.7976931348623157e308

_Texts = dict[str, dict[str, Any]]


def read(source: Source, database: Database, reader: str, version: int) -> list[RunFacts]:
    """By the time of their start. Raises `Unreadable`."""
    params = _texts(database, "params")
    tags = _texts(database, "tags")
    series, finals = _metrics(database)
    inputs = _inputs(database, source)
    made = _made(database)
    experiments = dict(database.rows("select experiment_id, name from experiments limit 100000"))
    runs = []
    for run, name, status, start, end, experiment in database.rows(
        "select run_uuid, name, status, start_time, end_time, experiment_id from runs"
        " where lifecycle_stage = 'active' order by start_time, run_uuid limit ?", [_MAX_RUNS]
    ):  # fmt: skip
        own = tags.get(run, {})
        provenance: dict[str, Any] = {
            "run_id": str(run),
            "experiment": str(experiments.get(experiment, experiment)),
            **{tag: own[f"mlflow.{tag}"] for tag in TAGS if f"mlflow.{tag}" in own},
        }
        free = {key: value for key, value in own.items() if not key.startswith("mlflow.")}
        if free:
            provenance["tags"] = free
        runs.append(
            RunFacts(
                name=str(name or own.get("mlflow.runName") or run),
                params={
                    key: Found(parse_scalar(str(value)), source.path, reader, version)
                    for key, value in params.get(run, {}).items()
                },
                metrics={
                    key: Found(value, source.path, reader, version)
                    for key, value in finals.get(run, {}).items()
                },
                series=shared(series.get(run, {})),
                inputs=tuple(inputs.get(run, ())),
                status=_STATUS.get(str(status)),
                started_at=_seconds(start),
                ended_at=_seconds(end),
                provenance=provenance,
                made=tuple(made.get(run, ())),
            )
        )
    return runs


def _texts(database: Database, table: str) -> _Texts:
    found: _Texts = defaultdict(dict)
    query = f"select run_uuid, key, value from {table} limit ?"  # one of our own two names
    for run, key, value in database.rows(query, [_MAX_VALUES]):
        found[run][str(key)] = value
    return found


def _metrics(database: Database) -> tuple[dict[str, dict[str, Series]], _Texts]:
    """Whole series by run, and the value at each one's highest step, the latest of those."""
    gathered: dict[str, Curves] = defaultdict(Curves)
    for run, key, value, nan, time, step in database.rows(
        "select run_uuid, key, value, is_nan, timestamp, step from metrics"
        " order by run_uuid, key, step, timestamp limit ?", [_MAX_POINTS]
    ):  # fmt: skip
        if not is_number(value):
            continue
        number = math.nan if nan else _unbounded(float(value))
        gathered[run][str(key)].add(step if is_number(step) else None, number, _seconds(time))
    return (
        {run: {name: c.points() for name, c in curves.items()} for run, curves in gathered.items()},
        {run: {name: c.final for name, c in curves.items()} for run, curves in gathered.items()},
    )


def _unbounded(value: float) -> float:
    """An infinity is stored as the largest double."""
    return math.copysign(math.inf, value) if abs(value) >= _INFINITE else value


def _inputs(database: Database, source: Source) -> dict[str, list[InputHint]]:
    found: dict[str, list[InputHint]] = defaultdict(list)
    if not {"inputs", "datasets"} <= database.tables():
        return found
    for run, name, where in database.rows(
        "select i.destination_id, d.name, d.dataset_source from inputs i join datasets d"
        " on i.source_id = d.dataset_uuid where i.source_type = 'DATASET'"
        " and i.destination_type = 'RUN' limit ?", [_MAX_VALUES]
    ):  # fmt: skip
        target = dataset_place(str(where))
        if target:
            why = f"{source.name}: dataset {name}"[:300]
            found[run].append(InputHint(target, source.path, why, "declared"))
    return found


def dataset_place(text: str) -> str:
    """Where a dataset's source, as MLflow writes it as JSON, says that it lies; "" if nowhere."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    for key in ("uri", "url", "path", "table_name"):
        if isinstance(said, dict) and isinstance(said.get(key), str):
            return str(said[key])[:2000]
    return ""


def _made(database: Database) -> dict[str, list[str]]:
    """The folders of a run's artifacts and models, as they lie below `mlruns`."""
    found: dict[str, list[str]] = defaultdict(list)
    for run, place in database.rows("select run_uuid, artifact_uri from runs limit ?", [_MAX_RUNS]):
        _add_place(found[run], place)
    if "logged_models" in database.tables():
        query = "select source_run_id, artifact_location from logged_models limit ?"
        for run, place in database.rows(query, [_MAX_VALUES]):
            if run is not None:
                _add_place(found[run], place)
    return found


def _add_place(places: list[str], place: Any) -> None:
    """`…/mlruns/1/RUN/artifacts` as `mlruns/1/RUN/artifacts`."""
    parts = posixpath.normpath(str(place or "").removeprefix("file://")).split("/")
    for name in ("mlruns", "mlartifacts"):
        if name in parts:
            places.append("/".join(parts[len(parts) - 1 - parts[::-1].index(name) :]))
            return


def _seconds(milliseconds: Any) -> float | None:
    if is_number(milliseconds) and 0 < milliseconds < 1e15:
        return float(milliseconds / 1000)
    return None

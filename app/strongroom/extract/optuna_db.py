"""Optuna's database: the trials of its studies, each one a run.

Schema: optuna/storages/_rdb/models.py of https://github.com/optuna/optuna. A trial that was pruned
or failed has no result: what it reported on the way is a curve, and nothing more.
"""

from __future__ import annotations

import datetime
import json
import math
from collections import defaultdict
from typing import Any

from strongroom.domain.facts import Found, RunFacts, RunStatus
from strongroom.extract.curve import Curves, series
from strongroom.formats.number import is_number
from strongroom.formats.source import Source
from strongroom.formats.sqlite import Database

TABLES = {"studies", "trials", "trial_params", "trial_values"}
_MAX_TRIALS = 20_000
_MAX_VALUES = 2_000_000
_STATUS = {
    "COMPLETE": RunStatus.FINISHED, "PRUNED": RunStatus.FINISHED, "FAIL": RunStatus.FAILED,
    "RUNNING": RunStatus.RUNNING, "WAITING": RunStatus.RUNNING,
}  # fmt: skip
_WORDS = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}


def read(source: Source, database: Database, reader: str, version: int) -> list[RunFacts]:
    """By study and number. Raises `Unreadable`.

    What a study's user attributes name is what each of its trials read.
    """
    studies = dict(database.rows("select study_id, study_name from studies limit 10000"))
    directions = _directions(database)
    params = _params(database)
    values = _values(database)
    curves = _curves(database)
    of_study = _attributes(database, "study")
    of_trial = _attributes(database, "trial")
    runs = []
    for trial, number, study, state, start, end in database.rows(
        "select trial_id, number, study_id, state, datetime_start, datetime_complete from trials"
        " order by study_id, number limit ?", [_MAX_TRIALS]
    ):  # fmt: skip
        name = f"trial {number}" if len(studies) == 1 else f"{studies.get(study)} trial {number}"
        provenance: dict[str, Any] = {
            "study": str(studies.get(study, study)), "trial": number, "state": str(state),
            "directions": directions.get(study, []),
        }  # fmt: skip
        attributes = {**of_study.get(study, {}), **of_trial.get(trial, {})}
        if attributes:
            provenance["attributes"] = attributes
        complete = state == "COMPLETE"
        runs.append(
            RunFacts(
                name=name,
                params={
                    key: Found(value, source.path, reader, version)
                    for key, value in params.get(trial, {}).items()
                },
                metrics={
                    key: Found(value, source.path, reader, version)
                    for key, value in (values.get(trial, {}) if complete else {}).items()
                },
                series=series(curves[trial]) if trial in curves else {},
                status=_STATUS.get(str(state)),
                started_at=_seconds(start),
                ended_at=_seconds(end),
                provenance=provenance,
            )
        )
    return runs


def _directions(database: Database) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    if "study_directions" in database.tables():
        query = "select study_id, direction from study_directions order by study_id, objective"
        for study, direction in database.rows(query + " limit ?", [_MAX_VALUES]):
            found[study].append(str(direction).lower())
    return found


def _params(database: Database) -> dict[int, dict[str, Any]]:
    """Values are stored as doubles, with the distribution that says what they stand for."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    query = "select trial_id, param_name, param_value, distribution_json from trial_params"
    for trial, name, value, text in database.rows(f"{query} limit ?", [_MAX_VALUES]):
        found[trial][str(name)] = _meant(value, str(text))
    return found


def _meant(value: Any, distribution: str) -> Any:
    try:
        said = json.loads(distribution)
        kind, attributes = said["name"], said["attributes"]
        if kind == "CategoricalDistribution":
            return attributes["choices"][int(value)]
        if kind in ("IntDistribution", "IntUniformDistribution", "IntLogUniformDistribution"):
            return int(value)
    except (ValueError, TypeError, LookupError, RecursionError, OverflowError):
        return value
    return value


def _values(database: Database) -> dict[int, dict[str, Any]]:
    """`value`, or `values.0`, `values.1` … of several objectives."""
    by_place: dict[int, dict[int, float]] = defaultdict(dict)
    kind = "value_type" if "value_type" in database.columns("trial_values") else "'FINITE'"
    query = f"select trial_id, objective, value, {kind} from trial_values limit ?"
    for trial, objective, value, word in database.rows(query, [_MAX_VALUES]):
        number = _WORDS.get(str(word), value)
        if is_number(number):
            by_place[trial][objective] = float(number)
    return {
        trial: {("value" if len(told) == 1 else f"values.{n}"): v for n, v in sorted(told.items())}
        for trial, told in by_place.items()
    }


def _curves(database: Database) -> dict[int, Curves]:
    found: dict[int, Curves] = {}
    table = "trial_intermediate_values"
    columns = database.columns(table)
    if "intermediate_value" not in columns:
        return found
    kind = "intermediate_value_type" if "intermediate_value_type" in columns else "'FINITE'"
    query = f"select trial_id, step, intermediate_value, {kind} from {table}"
    for trial, step, value, word in database.rows(
        f"{query} order by trial_id, step limit ?", [_MAX_VALUES]
    ):
        number = _WORDS.get(str(word), value)
        if is_number(number) and is_number(step):
            found.setdefault(trial, Curves())["intermediate"].add(step, float(number))
    return found


def _attributes(database: Database, owner: str) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    table = f"{owner}_user_attributes"
    if table in database.tables():
        query = f"select {owner}_id, key, value_json from {table} limit ?"
        for ident, key, text in database.rows(query, [_MAX_VALUES]):
            try:
                found[ident][str(key)] = json.loads(str(text))
            except (ValueError, RecursionError):
                found[ident][str(key)] = str(text)
    return found


def _seconds(text: Any) -> float | None:
    """Optuna writes the local time without its zone; this machine's is assumed."""
    try:
        return datetime.datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None

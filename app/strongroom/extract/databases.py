"""SQLite databases: those of trackers tell whole runs, any other is only what it is."""

from __future__ import annotations

from strongroom.domain.facts import Facts, Kind, RunFacts
from strongroom.extract import mlflow_db, optuna_db
from strongroom.extract.conventions import kind_by_name
from strongroom.extract.reader import Reader
from strongroom.formats import sqlite
from strongroom.formats.source import Source

_NAME, _VERSION = "database", 1
_MAX_NAMES = 200
#: Each becomes a run of its own with a document, so there is an end to them.
MOST = 2000


def fits(source: Source) -> bool:
    return sqlite.plausible(source.head)


def read(source: Source) -> Facts:
    with sqlite.opened(source) as database:
        tables = database.tables()
        runs: list[RunFacts] = []
        if tables >= mlflow_db.TABLES:
            form, runs = "mlflow-db", mlflow_db.read(source, database, _NAME, _VERSION)
        elif tables >= optuna_db.TABLES:
            form, runs = "optuna-db", optuna_db.read(source, database, _NAME, _VERSION)
        else:
            about = {"tables": sorted(tables)[:_MAX_NAMES]}
            return Facts(kind_by_name(source.path), "sqlite", about=about)
    cut = (f"Only the first {MOST} of its {len(runs)} runs are told.",) if len(runs) > MOST else ()
    return Facts(
        Kind.METRICS, form, about={"runs": len(runs)}, warnings=cut, runs=tuple(runs[:MOST])
    )


reader = Reader(_NAME, _VERSION, fits, read)

"""The metric by which a version is listed: its own, else for models and metrics that of its run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from strongroom.domain.key_metric import key_metric

#: Kinds that a run's metrics speak of.
_OF_RUN = ("model", "metrics")
#: What no range compares stands below all numbers.
_NO_NUMBER = -1e308
_ENDLESS = {"inf": math.inf, "-inf": -math.inf}  # as documents say it, see `canonical.plain`


def shown_metric(kind: str, own: Mapping[str, Any], of_run: Mapping[str, Any]) -> tuple[str, float]:
    """`(name, value)`; `("", 0.0)` where there is none."""
    found = key_metric(own) or (key_metric(of_run) if kind in _OF_RUN else None)
    if found is None:
        return "", 0.0
    name, value = found
    if isinstance(value, str):
        value = _ENDLESS.get(value, value)
    if not isinstance(value, int | float) or value != value:  # `isnan` takes no endless integers
        return name, _NO_NUMBER
    return name, float(min(max(value, -1e307), 1e307))


def of_run(tx: Any, run: str | None) -> Mapping[str, Any]:
    """The recorded metrics of a run."""
    if not run:
        return {}
    row = tx.execute("select text from runs where id = ?", (run,)).fetchone()
    return json.loads(row[0])["metrics"] if row else {}


def run_changed(tx: Any, run: str, metrics: Mapping[str, Any]) -> None:
    """Versions of the run that have no metrics of their own are listed by the run's."""
    for kind in _OF_RUN:
        tx.execute(
            "update versions set metric = ?, metric_value = ? where run_id = ? and kind = ?"
            " and json_extract(document, '$.metrics') = '{}'",
            (*shown_metric(kind, {}, metrics), run, kind),
        )


def refill(db: Any) -> None:
    """Sets what every version is listed by, from what the catalog knows."""
    runs = {r[0]: json.loads(r[1])["metrics"] for r in db.execute("select id, text from runs")}
    rows = db.execute("select id, kind, run_id, document from versions").fetchall()
    for version, kind, run, document in rows:
        name, value = shown_metric(kind, json.loads(document)["metrics"], runs.get(run, {}))
        if name:
            db.execute(
                "update versions set metric = ?, metric_value = ? where id = ?",
                (name, value, version),
            )

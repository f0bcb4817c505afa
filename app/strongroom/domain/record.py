"""Sealed documents: the record of a version and the record of a run (design §4, §14.2).

Each value in `params` and `metrics` is `{"value": …}` with where it came from: `reader`,
`reader_version` and `file` for an extracted one, `"by": "user"` for a declared one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.domain import canonical
from strongroom.domain.digest import digest_of
from strongroom.domain.facts import Found, Point

RECORD_SCHEMA = "strongroom.record/1"
RUN_SCHEMA = "strongroom.run/1"
SERIES_SCHEMA = "strongroom.series/1"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A document with its canonical bytes and their digest."""

    document: Document
    data: bytes
    digest: bytes


def seal(document: Document) -> Sealed:
    data = canonical.dumps(document)
    return Sealed(document, data, digest_of(data))


def version_record(
    *,
    manifest: str,
    run: str | None,
    params: Document,
    metrics: Document,
    inputs: Sequence[Document],
    provenance: Document,
    about: Document,
) -> Sealed:
    """The record sealed with a version; no name, tag or time of commit is in it."""
    return seal(
        {
            "schema": RECORD_SCHEMA,
            "manifest": manifest,
            "run": run,
            "params": params,
            "metrics": metrics,
            "inputs": list(inputs),
            "provenance": provenance,
            "about": about,
        }
    )


def found_values(found: Mapping[str, Found]) -> Document:
    return {
        key: {
            "value": one.value,
            "reader": one.reader,
            "reader_version": one.reader_version,
            "file": one.file,
        }
        for key, one in found.items()
    }


def declared_values(values: Mapping[str, Any]) -> Document:
    return {key: {"value": value, "by": "user"} for key, value in values.items()}


def plain_values(section: Mapping[str, Any]) -> Document:
    """`{name: value}` of a `params` or `metrics` section."""
    return {key: one["value"] for key, one in section.items()}


def series_document(series: Mapping[str, Iterable[Point]]) -> Document:
    """Whole curves by column: `{"name": {"steps", "times", "values"}}`."""
    columns: Document = {}
    for name, points in series.items():
        rows = list(points)
        columns[name] = {
            "steps": [p.step for p in rows],
            "times": [p.time for p in rows],
            "values": [p.value for p in rows],
        }
    return {"schema": SERIES_SCHEMA, "series": columns}


def series_summary(series: Mapping[str, Iterable[Point]]) -> Document:
    """`{name: {points, last, min, max}}`; NaN counts as a point but is no minimum or maximum."""
    summary: Document = {}
    for name, points in series.items():
        values = [p.value for p in points]
        ordered = [v for v in values if v == v]
        summary[name] = {
            "points": len(values),
            "last": values[-1] if values else None,
            "min": min(ordered, default=None),
            "max": max(ordered, default=None),
        }
    return summary


def parse_document(data: bytes, schema: str) -> Document:
    """Reads a sealed document; raises `ValueError` if it is not one of `schema`."""
    document = canonical.loads(data)
    if not isinstance(document, dict) or document.get("schema") != schema:
        raise ValueError(f"not a document of schema {schema}")
    return document

"""Sealed documents: the record of a version and the record of a run (design §4, §14.2).

Each value in `params` and `metrics` is `{"value": …}` with where it came from: `reader`,
`reader_version` and `file` for an extracted one, `"by": "user"` for a declared one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.domain import canonical
from strongroom.domain.digest import digest_of
from strongroom.domain.facts import Found
from strongroom.domain.secrets import masked
from strongroom.domain.series import Series

RECORD_SCHEMA = "strongroom.record/1"
RUN_SCHEMA = "strongroom.run/1"
SERIES_SCHEMA = "strongroom.series/1"
#: Curves of more points than this together are blobs of their own (`domain/curve_blob.py`).
MOST_INLINE = 5000
INDEX_SCHEMA = "strongroom.series/2"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A document with its canonical bytes and their digest."""

    document: Document
    data: bytes
    digest: bytes


def seal(document: Document) -> Sealed:
    """Text without a UTF-8 form becomes what a reader of the bytes will find."""
    document = canonical.well_formed(document)
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
            "value": masked(key, one.value),
            "reader": one.reader,
            "reader_version": one.reader_version,
            "file": one.file,
        }
        for key, one in found.items()
    }


def declared_values(values: Mapping[str, Any]) -> Document:
    return {key: {"value": masked(key, value), "by": "user"} for key, value in values.items()}


def plain_values(section: Mapping[str, Any]) -> Document:
    """`{name: value}` of a `params` or `metrics` section."""
    return {key: one["value"] for key, one in section.items()}


def series_document(series: Mapping[str, Series]) -> Document:
    """Whole curves by column: `{"name": {"steps", "times", "values"}}`."""
    columns = {
        name: {
            "steps": one.plain_steps(),
            "times": one.plain_times(),
            "values": one.plain_values(),
        }
        for name, one in series.items()
    }
    return {"schema": SERIES_SCHEMA, "series": columns}


def series_index(curves: Mapping[str, tuple[str, int]]) -> Document:
    """Curves that are blobs of their own: `{name: (digest, size)}`."""
    return {
        "schema": INDEX_SCHEMA,
        "curves": {name: {"blob": blob, "size": size} for name, (blob, size) in curves.items()},
    }


def is_index(data: bytes) -> bool:
    """Whether a series document names blobs; keys are sorted, so its beginning tells."""
    return data.startswith(b'{"curves":')


def series_summary(series: Mapping[str, Series]) -> Document:
    """`{name: {points, last, min, max}}`; NaN counts as a point but is no minimum or maximum."""
    return {name: one.summary() for name, one in series.items()}


def parse_document(data: bytes, schema: str) -> Document:
    """Reads a sealed document; raises `ValueError` if it is not one of `schema`."""
    document = canonical.loads(data)
    if not isinstance(document, dict) or document.get("schema") != schema:
        raise ValueError(f"not a document of schema {schema}")
    return document

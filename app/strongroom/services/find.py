"""Finding: references resolved, and artifacts, versions and runs listed page by page."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from strongroom.catalog import blobs, catalog
from strongroom.catalog import suggest as catalog_suggest
from strongroom.catalog.catalog import VersionRow
from strongroom.domain.entry import Span
from strongroom.domain.errors import BadInput, NotFound
from strongroom.domain.filters import parse
from strongroom.domain.reference import DigestPrefix, Latest, Reference, Tag
from strongroom.domain.timestamps import now
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.services.views import (
    Document,
    artifact_view,
    live_text,
    manifest_view,
    run_view,
    source_path,
    version_view,
)

MAX_LIMIT = 1000


def resolve(desk: Desk, reference: str | Reference) -> VersionRow:
    """The version that a reference means now; raises `NotFound` with a hint, or `BadInput`."""
    ref = Reference.parse(reference) if isinstance(reference, str) else reference
    row: VersionRow | None = None
    match ref.selector:
        case Latest():
            row = catalog.latest_version(desk.engine, ref.artifact)
        case Tag(n):
            row = catalog.version_by_n(desk.engine, ref.artifact, n)
        case DigestPrefix(prefix):
            rows = catalog.versions_with_prefix(desk.engine, ref.artifact, prefix)
            if len({r.content for r in rows}) > 1 and len({r.record for r in rows}) > 1:
                raise BadInput("the digest is ambiguous", str(ref), "give more digits of it")
            row = rows[0] if rows else None
    if row is None:
        raise _not_found(desk, ref)
    return row


def _not_found(desk: Desk, ref: Reference) -> NotFound:
    if catalog.artifact_exists(desk.engine, ref.artifact):
        return NotFound(
            "there is no such version", str(ref), f"see `strongroom versions {ref.artifact}`"
        )
    close = catalog.similar_names(desk.engine, ref.artifact)
    hint = "did you mean " + " or ".join(close) + "?" if close else "see `strongroom list`"
    return NotFound("there is no artifact of this name", ref.artifact, hint)


def version_views(desk: Desk, rows: Sequence[VersionRow]) -> list[Document]:
    """A page of versions with all that was added to them later, in a few queries."""
    ids = [row.id for row in rows]
    damaged = blobs.damaged_versions(desk.engine, ids)
    labels = catalog.labels_by_version(desk.engine, ids)
    notes = catalog.notes_by_version(desk.engine, ids)
    return [
        version_view(row, row.id in damaged, labels.get(row.id, {}), notes.get(row.id, ()))
        for row in rows
    ]


@act("version.find")
def list_artifacts(
    desk: Desk, text: str = "", kind: str | None = None, limit: int = 100, cursor: str | None = None
) -> Document:
    """`{"artifacts": […], "next": cursor or None}`, latest change first."""
    limit = _limit(limit)
    rows = catalog.page_of_artifacts(
        desk.engine,
        where=parse(text, now()),
        kind=kind,
        after=_after(cursor, int, int),
        limit=limit + 1,
    )
    shown = rows[:limit]
    latest = version_views(desk, [r.latest for r, _ in shown])
    return {
        "artifacts": [artifact_view(r, v) for (r, _), v in zip(shown, latest, strict=True)],
        "next": _cursor(shown[-1][1]) if len(rows) > limit else None,
    }


@act("version.find")
def list_versions(
    desk: Desk,
    name: str | None = None,
    text: str = "",
    kind: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
    sort: str | None = None,
    descending: bool = True,
    span: Span = Span(),
    skip: int = 0,
) -> Document:
    """`{"versions": […], "next"}`: of one artifact newest first, else sorted as asked.

    `span` and `skip` as in the catalog: for a view that stays still while versions come in.
    """
    if name is not None and not catalog.artifact_exists(desk.engine, name):
        raise _not_found(desk, Reference.parse(name))
    limit = _limit(limit)
    sort = sort or ("version" if name is not None else "created")
    if sort not in catalog.SORTS:
        raise BadInput("one cannot sort by this", sort, "sort by " + ", ".join(catalog.SORTS))
    rows = catalog.page_of_versions(
        desk.engine,
        where=parse(text, now()),
        artifact=name,
        kind=kind,
        sort=sort,
        descending=descending,
        after=_after(cursor, *catalog.SORTS[sort][1], int),
        span=span,
        skip=skip,
        limit=limit + 1,
    )
    shown = rows[:limit]
    more = len(rows) > limit
    return {
        "versions": version_views(desk, shown),
        "next": _cursor(catalog.sort_value(shown[-1], sort)) if more else None,
    }


@act("version.find")
def count_versions(desk: Desk, text: str = "", span: Span = Span()) -> dict[str, int]:
    """Matching versions by kind."""
    return catalog.count_by_kind(desk.engine, parse(text, now()), span)


@act("version.find")
def count_groups(
    desk: Desk, by: str, text: str = "", kind: str | None = None, span: Span = Span()
) -> list[Document]:
    """Matching versions gathered `by` artifact or run: `[{"key", "name", "count"}]`, in the order
    of `list_versions` sorted by `sort` of `GROUPS`. A run's key is its id, "" for no run.
    """
    if by not in catalog.GROUPS:
        raise BadInput("one cannot group by this", by, "group by " + " or ".join(catalog.GROUPS))
    found = catalog.count_by_group(desk.engine, by, parse(text, now()), kind, span)
    names = {}
    if by == "run":
        for start in range(0, len(found), MAX_LIMIT):
            ids = [key for key, _ in found[start : start + MAX_LIMIT] if key]
            names.update({row.id: row.name for row in catalog.runs_by_ids(desk.engine, ids)})
    return [{"key": key, "name": names.get(key, key), "count": count} for key, count in found]


@act("version.find")
def suggest(desk: Desk, field: str, prefix: str, limit: int = 20) -> list[str]:
    """What could be typed for a filter's `field`: `name`, `run`, `by`, `label`; `metric` and
    `param` give their names, `param.NAME` and `label.NAME` the values. Best matches first.
    """
    return catalog_suggest.suggest(desk.engine, field, prefix, _limit(limit))


@act("version.find")
def show(desk: Desk, reference: str, files: int | None = None) -> Document:
    """Everything known of one version: sealed record, manifest, and what was added later.

    `files`: at most so many of the manifest's files are listed; None: all.
    """
    row = resolve(desk, reference)
    documents = StoredDocuments(desk.store)
    (view,) = version_views(desk, [row])
    record = documents.record(row.record)
    source = source_path(row)
    return {
        **view,
        "manifest": manifest_view(row.content, documents.files(row.content, files)),
        "record": record,
        "about": record["about"],
        "source": source.decode("utf-8", "backslashreplace") if source else None,
    }


@act("run.find")
def list_runs(desk: Desk, text: str = "", limit: int = 100, cursor: str | None = None) -> Document:
    """`{"runs": […], "next"}`, latest start first."""
    limit = _limit(limit)
    rows = catalog.page_of_runs(
        desk.engine, where=parse(text, now()), after=_after(cursor, int, str), limit=limit + 1
    )
    shown = rows[:limit]
    outputs = catalog.outputs_by_run(desk.engine, [r.id for r in shown])
    return {
        "runs": [run_view(r, outputs.get(r.id, [])) for r in shown],
        "next": _cursor([shown[-1].started_at, shown[-1].id]) if len(rows) > limit else None,
    }


@act("run.find")
def run_briefs(desk: Desk, runs: Sequence[str]) -> dict[str, Document]:
    """`{id: {"name", "status", "metrics"}}` of those that are known, for lists that name runs."""
    return {
        row.id: {"name": row.name, "status": row.status, "metrics": live_text(row)["metrics"]}
        for row in catalog.runs_by_ids(desk.engine, runs)
    }


@act("run.find")
def show_run(desk: Desk, run: str, series: bool = False) -> Document:
    """`{"run": {…}}`; with `series` each curve carries its steps, times and values."""
    row = catalog.run_by_id(desk.engine, run)
    if row is None:
        raise NotFound("there is no such run", run, "see `strongroom run list`")
    view = run_view(row, catalog.outputs_by_run(desk.engine, [row.id]).get(row.id, []))
    if series and row.series is not None:
        from strongroom.services.curves import plain_series

        view["series"] = {
            name: {**view["series"].get(name, {}), **columns}
            for name, columns in plain_series(desk, row.series).items()
        }
    return {"run": view}


def _limit(limit: int) -> int:
    if not 1 <= limit <= MAX_LIMIT:
        raise BadInput(f"a page holds 1 to {MAX_LIMIT} rows", str(limit), "choose another --limit")
    return limit


def _cursor(value: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(value)).encode()).decode().rstrip("=")


def _after(cursor: str | None, *types: type) -> list[Any] | None:
    """Where the page before ended: values of `types`, so that a cursor fits its own list only."""
    if cursor is None:
        return None
    try:
        value = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(value, list) or tuple(map(type, value)) != types:
            raise ValueError
    except ValueError as error:
        raise BadInput(
            "this cursor is not one of ours", cursor, "use the `next` of a page"
        ) from error
    return value

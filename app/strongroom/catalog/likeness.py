"""Whether two catalogs say the same, by what they mean and not by how their rows are numbered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from strongroom.catalog.engine import Engine

_OF_VERSION = (
    "(select a.name || '@v' || v.n from versions v join artifacts a on a.id = v.artifact_id"
    " where v.id = cast({} as integer))"
)
_NODE = "case {0}_type when 'version' then " + _OF_VERSION.format("{0}_id") + " else {0}_id end"
_START, _END = _NODE.replace("{0}", "from"), _NODE.replace("{0}", "to")

#: What is compared: all that the journal's entries make, each in an order of its own.
_SAID = {
    "entries": "select seq, at, actor, action, outcome, hash, line, "
    + ", ".join(f"json_extract(object, '$.{key}')" for key in ("type", "id", "name", "digest"))
    + " from entries order by seq",
    "artifacts": "select name, kind, last_n, versions, created_at, latest_at,"
    " (select n from versions where id = latest_id) from artifacts order by name",
    "versions": "select a.name, v.n, v.seq, v.kind, v.content, v.record, v.size, v.files,"
    " v.created_at, v.actor, v.run_id, v.source, v.document, v.warnings, v.metric, v.metric_value"
    " from versions v join artifacts a on a.id = v.artifact_id order by a.name, v.n",
    "files": "select a.name, v.n, vp.position, p.digest, f.path, b.digest, b.size from versions v"
    " join artifacts a on a.id = v.artifact_id join version_pages vp on vp.version_id = v.id"
    " join pages p on p.id = vp.page_id join page_files f on f.page_id = p.id"
    " join blobs b on b.id = f.blob_id order by a.name, v.n, vp.position, f.path",
    "runs": "select id, name, status, layout, watch_id, path, generation, started_at, ended_at,"
    " document, series, created_at, text from runs order by id",
    "facts": "select owner_type, case owner_type when 'version' then "
    + _OF_VERSION.format("owner_id")
    + " else owner_id end, field, key, number, text from facts order by 1, 2, 3, 4",
    # What runs have read also stands in earlier documents of theirs, which may be collected.
    "edges": f"select from_type, {_START}, to_type, {_END}, relation, basis, rule, confidence,"
    " reason, decision from edges where to_type <> 'run' order by 1, 2, 3, 4, 5, 6",
    "labels": f"select {_OF_VERSION.format('version_id')}, key, value, seq from labels"
    " order by 1, 2",
    "notes": f"select seq, owner_type, {_OF_VERSION.format('owner_id')}, text, at, actor"
    " from notes order by seq",
    "watches": "select id, root, name, options, created_at from watches order by id",
    "metric directions": "select name, direction, seq from metric_directions order by name",
    "search": f"select {_OF_VERSION.format('s.id')}, name, run, notes from search s order by 1",
}


def difference(catalog: Engine, other: Engine) -> str:
    """The first thing that `catalog` says otherwise than `other`; "" where there is none."""
    for name, sql in _SAID.items():
        for mine, its in zip_longest(_rows(catalog, sql), _rows(other, sql)):
            if not _equal(mine, its):
                row = its if its is not None else mine
                return f"{name}: {' '.join(map(_shown, row[:2]))}"
    return ""


def size(engine: Engine) -> int:
    """How much there is to compare: entries, and files of versions."""
    ((count,),) = engine.rows(
        "select (select count(*) from entries) + (select coalesce(sum(files), 0) from versions)"
    )
    return int(count)


def stray_versions(engine: Engine) -> list[str]:
    """Versions that are not as the entry that committed them says; quick also for millions."""
    rows = engine.rows(
        "select a.name || '@v' || v.n from versions v left join artifacts a on a.id = v.artifact_id"
        " left join entries e on e.seq = v.seq where e.action is not 'version.committed'"
        " or json_extract(e.object, '$.name') is not a.name"
        " or json_extract(e.object, '$.tag') is not 'v' || v.n"
        " or json_extract(e.object, '$.digest') is not 'sha256:' || lower(hex(v.content)) limit 20"
    )
    found = [str(row[0]) for row in rows]
    ((told, made),) = engine.rows(
        "select (select count(*) from entries where action = 'version.committed'),"
        " (select count(*) from versions)"
    )
    return found or ([f"{made} versions where {told} were committed"] if made != told else [])


def _rows(engine: Engine, sql: str) -> Iterator[tuple[Any, ...]]:
    with engine.snapshot() as tx:
        cursor = tx.execute(sql)
        while rows := cursor.fetchmany(1000):
            yield from rows


def _equal(mine: tuple[Any, ...] | None, its: tuple[Any, ...] | None) -> bool:
    """Rows are equal whatever order the keys of documents in them have."""
    if mine == its:
        return True
    return (
        mine is not None
        and its is not None
        and all(a == b or _is_same_document(a, b) for a, b in zip(mine, its, strict=True))
    )


def _is_same_document(a: Any, b: Any) -> bool:
    if not (isinstance(a, str) and isinstance(b, str) and a[:1] == b[:1] and a[:1] in ("{", "[")):
        return False
    try:
        return bool(json.loads(a) == json.loads(b))
    except ValueError:
        return False


def _shown(value: Any) -> str:
    return value.hex()[:12] if isinstance(value, bytes) else str(value)

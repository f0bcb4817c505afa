"""Reading the catalog: artifacts, versions, runs and the head of the journal, page by page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.catalog.engine import Engine, Row
from strongroom.catalog.search import run_condition, version_condition
from strongroom.domain.canonical import plain
from strongroom.domain.entry import GENESIS, Entry, Span
from strongroom.domain.errors import Damaged
from strongroom.domain.filters import All, Filter

#: What a list may be sorted by: columns, and the types of their values.
SORTS: dict[str, tuple[tuple[str, ...], tuple[type, ...]]] = {
    "created": (("v.created_at",), (int,)),
    "name": (("a.name",), (str,)),
    "kind": (("v.kind",), (str,)),
    "size": (("v.size",), (int,)),
    "version": (("v.n",), (int,)),
    "run": (("coalesce(v.run_id, '')",), (str,)),
    "by": (("v.actor",), (str,)),
    "files": (("v.files",), (int,)),
    "metric": (("v.metric", "v.metric_value"), (str, float)),
    "state": (("v.warnings",), (int,)),
    # An artifact's versions together, the newest first.
    "artifact": (("a.name", "-v.n"), (str, int)),
}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version as lists show it. `document`: params, metrics, inputs, provenance, warnings."""

    id: int
    artifact: str
    n: int
    kind: str
    content: bytes
    record: bytes
    size: int
    files: int
    created_at: int
    actor: str
    run_id: str | None
    tier: str
    source: str | None
    document: dict[str, Any]
    seq: int
    metric: str
    metric_value: float


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    name: str
    kind: str
    versions: int
    latest: VersionRow


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run; `text` is its document with plain values."""

    id: str
    name: str
    status: str
    layout: str
    watch_id: str
    path: str
    generation: int
    started_at: int
    ended_at: int | None
    document: bytes | None
    series: bytes | None
    text: dict[str, Any]
    live: dict[str, Any] | None


_VERSION = (
    "v.id, a.name, v.n, v.kind, v.content, v.record, v.size, v.files, v.created_at, v.actor,"
    " v.run_id, v.tier, v.source, v.document, v.seq, v.metric, v.metric_value"
)
_FROM = "versions v join artifacts a on a.id = v.artifact_id"
_RUN = (
    "r.id, r.name, r.status, r.layout, r.watch_id, r.path, r.generation, r.started_at, r.ended_at,"
    " r.document, r.series, r.text, r.live"
)


def head(tx: Any) -> tuple[int, str, int]:
    """Number, hash and time of the last journal entry, inside a transaction."""
    row = tx.execute("select seq, hash, at from entries order by seq desc limit 1").fetchone()
    if row is None:
        return 0, GENESIS, 0
    if not (isinstance(row[1], str) and isinstance(row[2], int)):
        raise _damaged_row()
    return row[0], row[1], row[2]


def last_seq(engine: Engine) -> int:
    row = engine.row("select max(seq) from entries")
    return int(row[0] or 0) if row else 0


def lines_after(engine: Engine, seq: int, limit: int = 2000) -> list[tuple[int, bytes]]:
    """`(number, canonical line)` of the entries after `seq`, in order."""
    rows = engine.rows(
        "select seq, cast(line as blob) from entries where seq > ? order by seq limit ?",
        (seq, limit),
    )
    return [(r[0], bytes(r[1] or b"")) for r in rows]


def line_at(engine: Engine, seq: int) -> bytes | None:
    """The canonical line of one entry; None where there is none, or it cannot be read."""
    try:
        row = engine.row("select cast(line as blob) from entries where seq = ?", (seq,))
    except Damaged:
        return None
    return bytes(row[0]) if row else None


def first_object_id(engine: Engine) -> str:
    """The id that the first entry names: the registry's."""
    row = engine.row("select object from entries where seq = 1")
    return str(json.loads(row[0]).get("id", "")) if row else ""


def lines_of_action(engine: Engine, action: str) -> list[bytes]:
    """The lines of all entries of a (rare) action, in order."""
    rows = engine.rows(
        "select cast(line as blob) from entries where action = ? order by seq", (action,)
    )
    return [bytes(row[0] or b"") for row in rows]


def correct_lines(engine: Engine, entries: Iterable[Entry]) -> int:
    """Puts right the rows of entries that are not as these say; how many were."""
    wrong = 0
    with engine.writing() as tx:
        for entry in entries:
            wrong += tx.execute(
                "insert or ignore into entries(seq, at, actor, action, object, outcome, hash, line)"
                " values (?,?,?,?,?,?,?,?)",
                (entry.seq, entry.at, entry.actor, entry.action,
                 json.dumps(plain(dict(entry.object)), sort_keys=True), entry.outcome, entry.hash,
                 entry.line),
            ).rowcount  # fmt: skip
            wrong += tx.execute(
                "update entries set line = ?, hash = ?, at = ?, actor = ?, action = ?"
                " where seq = ? and (line is not ? or hash is not ?)",
                (entry.line, entry.hash, entry.at, entry.actor, entry.action, entry.seq,
                 entry.line, entry.hash),
            ).rowcount  # fmt: skip
    return wrong


def entries_after(engine: Engine, seq: int, limit: int = 500) -> list[tuple[int, str, str]]:
    """`(number, action, object as JSON)` of the entries after `seq`, for live views."""
    return [
        (r[0], r[1], r[2])
        for r in engine.rows(
            "select seq, action, object from entries where seq > ? order by seq limit ?",
            (seq, limit),
        )
    ]


def version_by_n(engine: Engine, artifact: str, n: int) -> VersionRow | None:
    return _one(engine, "a.name = ? and v.n = ?", (artifact, n))


def latest_version(engine: Engine, artifact: str) -> VersionRow | None:
    return _one(engine, "v.id = (select latest_id from artifacts where name = ?)", (artifact,))


def versions_with_prefix(engine: Engine, artifact: str, prefix: str) -> list[VersionRow]:
    """Versions whose content or record digest begins with the hex `prefix`, lowest n first."""
    low = bytes.fromhex(prefix + "0" * (len(prefix) % 2)).ljust(32, b"\0")
    high = bytes.fromhex(prefix + "f" * (len(prefix) % 2)).ljust(32, b"\xff")
    return versions_where(
        engine,
        "a.name = ? and (v.content between ? and ? or v.record between ? and ?) order by v.n",
        (artifact, low, high, low, high),
    )


def version_with_content(tx: Any, artifact: str, content: bytes) -> VersionRow | None:
    """The newest version of the artifact with this content, inside a transaction."""
    row = tx.execute(
        # `+v.n`: without it SQLite walks all versions of the artifact in this order.
        f"select {_VERSION} from {_FROM} where a.name = ? and v.content = ?"
        " order by +v.n desc limit 1",
        (artifact, content),
    ).fetchone()
    return _version(row) if row else None


def next_number(tx: Any, artifact: str) -> int:
    """The number of the artifact's next version. None is given twice, not even one that a lost
    entry may have given.
    """
    (last,) = tx.execute(
        "select coalesce((select last_n from artifacts where name = ?),"
        " (select value from meta where key = 'lost_entries'), 0)",
        (artifact,),
    ).fetchone()
    return int(last) + 1


def versions_by_ids(engine: Engine, ids: Sequence[int]) -> list[VersionRow]:
    marks = ",".join("?" * len(ids))
    return versions_where(engine, f"v.id in ({marks}) order by v.id", list(ids))


def models_named(engine: Engine, part: str, before: int) -> list[VersionRow]:
    """Models committed before version `before` whose name or source holds the path part `part`."""
    like = "%" + part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return versions_where(
        engine,
        "v.kind = 'model' and v.id < ?1 and (a.name like ?2 escape '\\'"
        " or v.source like ?2 escape '\\') order by v.id desc limit 200",
        (before, like),
    )


def artifact_exists(engine: Engine, name: str) -> bool:
    return engine.row("select 1 from artifacts where name = ?", (name,)) is not None


def similar_names(engine: Engine, name: str, limit: int = 3) -> list[str]:
    """Names that begin alike or contain the last part, for a hint at a misspelt one."""
    tail = name.rpartition("/")[2]
    rows = engine.rows(
        "select name from artifacts where name like ? or name like ? order by name limit 200",
        (f"{name[:3]}%", f"%{tail}%"),
    )
    from difflib import get_close_matches

    return get_close_matches(name, [r[0] for r in rows], limit, 0.5)


def _within(span: Span) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    bound: list[Any] = []
    if span.after is not None:
        conditions.append("v.seq > ?")
        bound.append(span.after)
    if span.upto is not None:
        conditions.append("v.seq <= ?")
        bound.append(span.upto)
    return conditions, bound


def page_of_versions(
    engine: Engine,
    *,
    where: Filter = All(()),
    artifact: str | None = None,
    kind: str | None = None,
    span: Span = Span(),
    sort: str = "created",
    descending: bool = True,
    after: Sequence[Any] | None = None,
    skip: int = 0,
    limit: int = 100,
) -> list[VersionRow]:
    """One page by keyset: `after` is `sort_value` of the last row of the page before.

    `skip` passes over rows, for a view that jumps to where no page before is known.
    """
    sql, values = version_condition(where)
    within, bounds = _within(span)
    conditions, bound = [sql, *within], [*values, *bounds]
    if artifact is not None:
        conditions.append("a.name = ?")
        bound.append(artifact)
    if kind is not None:
        conditions.append("v.kind = ?")
        bound.append(kind)
    columns, order = [*SORTS[sort][0], "v.id"], "desc" if descending else "asc"
    if after is not None:
        marks = ", ".join("?" * len(columns))
        conditions.append(f"({', '.join(columns)}) {'<' if descending else '>'} ({marks})")
        bound += after
    by = ", ".join(f"{column} {order}" for column in columns)
    return versions_where(
        engine,
        f"{' and '.join(conditions)} order by {by} limit ? offset ?",
        [*bound, limit, skip],
    )


def sort_value(row: VersionRow, sort: str) -> list[Any]:
    """What `after` of the next page is, if `row` ends this one."""
    values = {
        "created": row.created_at,
        "name": row.artifact,
        "kind": row.kind,
        "size": row.size,
        "version": row.n,
        "run": row.run_id or "",
        "by": row.actor,
        "files": row.files,
        "metric": (row.metric, row.metric_value),
        "state": len(row.document["warnings"]),
        "artifact": (row.artifact, -row.n),
    }
    value = values[sort]
    return [*(value if isinstance(value, tuple) else (value,)), row.id]


#: What versions can be gathered under: the sort that keeps them together, and its direction.
GROUPS = {"artifact": ("a.name", "artifact", False), "run": ("coalesce(v.run_id, '')", "run", True)}


def count_by_group(
    engine: Engine, by: str, where: Filter, kind: str | None, span: Span
) -> list[tuple[str, int]]:
    """`(artifact or run id, matching versions)`, in the order that the list has."""
    sql, values = version_condition(where)
    within, bounds = _within(span)
    conditions, bound = [sql, *within], [*values, *bounds]
    if kind is not None:
        conditions.append("v.kind = ?")
        bound.append(kind)
    column, _, descending = GROUPS[by]
    return engine.rows(
        f"select {column}, count(*) from {_FROM} where {' and '.join(conditions)}"
        f" group by 1 order by 1 {'desc' if descending else 'asc'}",
        bound,
    )


def count_by_kind(engine: Engine, where: Filter = All(()), span: Span = Span()) -> dict[str, int]:
    """Matching versions per kind."""
    sql, values = version_condition(where)
    within, bounds = _within(span)
    return {
        kind: count
        for kind, count in engine.rows(
            f"select v.kind, count(*) from versions v"
            f" where {' and '.join([sql, *within])} group by v.kind",
            [*values, *bounds],
        )
    }


def page_of_artifacts(
    engine: Engine,
    *,
    where: Filter = All(()),
    kind: str | None = None,
    after: Sequence[Any] | None = None,
    limit: int = 100,
) -> list[tuple[ArtifactRow, list[Any]]]:
    """Artifacts by their newest version, latest change first, with each row's cursor."""
    sql, values = version_condition(where)
    conditions, bound = [sql], list(values)
    if kind is not None:
        conditions.append("a.kind = ?")
        bound.append(kind)
    if after is not None:
        conditions.append("(a.latest_at, a.id) < (?, ?)")
        bound += after
    rows = engine.rows(
        f"select {_VERSION}, a.kind, a.versions, a.latest_at, a.id from artifacts a"
        f" join versions v on v.id = a.latest_id where {' and '.join(conditions)}"
        " order by a.latest_at desc, a.id desc limit ?",
        [*bound, limit],
    )
    return [(ArtifactRow(r[1], r[17], r[18], _version(r[:17])), [r[19], r[20]]) for r in rows]


def labels_by_version(engine: Engine, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Labels of a page of versions; those that have none are not in the answer."""
    found: dict[int, dict[str, str]] = {}
    marks = ",".join("?" * len(ids))
    for version, key, value in engine.rows(
        f"select version_id, key, value from labels where version_id in ({marks})"
        " order by version_id, key",
        list(ids),
    ):
        found.setdefault(version, {})[key] = value
    return found


def notes_by_version(engine: Engine, ids: Sequence[int]) -> dict[int, list[tuple[str, int, str]]]:
    """`(text, at, actor)` of each note, in the order they were made."""
    found: dict[int, list[tuple[str, int, str]]] = {}
    marks = ",".join("?" * len(ids))
    for owner, text, at, actor in engine.rows(
        f"select owner_id, text, at, actor from notes where owner_type = 'version'"
        f" and owner_id in ({marks}) order by seq",
        [str(version) for version in ids],
    ):
        found.setdefault(int(owner), []).append((text, at, actor))
    return found


def outputs_by_run(engine: Engine, runs: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    """`(artifact, n)` of the versions that each run of a page made."""
    found: dict[str, list[tuple[str, int]]] = {}
    marks = ",".join("?" * len(runs))
    for run, name, n in engine.rows(
        "select e.from_id, a.name, v.n from edges e join versions v on"
        " v.id = cast(e.to_id as integer) join artifacts a on a.id = v.artifact_id"
        f" where e.from_type='run' and e.from_id in ({marks}) and e.relation='output'"
        " order by e.seq, v.id",
        list(runs),
    ):
        found.setdefault(run, []).append((name, n))
    return found


def pages_of(engine: Engine, version: int) -> list[bytes]:
    return [
        bytes(r[0])
        for r in engine.rows(
            "select p.digest from version_pages vp join pages p on p.id = vp.page_id"
            " where vp.version_id=? order by vp.position",
            (version,),
        )
    ]


def entry_hash(engine: Engine, seq: int) -> str | None:
    row = engine.row("select hash from entries where seq = ?", (seq,))
    return row[0] if row else None


def metric_directions(engine: Engine) -> dict[str, str]:
    """`{metric: "higher" | "lower"}` of those that somebody has decided on."""
    return dict(engine.rows("select name, direction from metric_directions order by name"))


def run_by_id(engine: Engine, run: str) -> RunRow | None:
    row = engine.row(f"select {_RUN} from runs r where r.id = ?", (run,))
    return _run(row) if row else None


def run_state(tx: Any, run: str) -> tuple[bytes | None, bytes | None] | None:
    """`(document, series)` of a run inside a transaction; None where there is no such run."""
    row = tx.execute("select document, series from runs where id = ?", (run,)).fetchone()
    if row is None:
        return None
    return bytes(row[0]) if row[0] else None, bytes(row[1]) if row[1] else None


def runs_by_ids(engine: Engine, runs: Sequence[str]) -> list[RunRow]:
    marks = ",".join("?" * len(runs))
    return [
        _run(r) for r in engine.rows(f"select {_RUN} from runs r where r.id in ({marks})", runs)
    ]


def runs_at(engine: Engine, watch: str, path: str) -> list[RunRow]:
    """The runs that were seen in one folder of a watch, newest generation first."""
    return [
        _run(r)
        for r in engine.rows(
            f"select {_RUN} from runs r where r.watch_id=? and r.path=? order by r.generation desc",
            (watch, path),
        )
    ]


def is_run_at(tx: Any, watch: str, path: str, generation: int) -> bool:
    """Whether the folder has that run already, inside a transaction."""
    row = tx.execute(
        "select 1 from runs where watch_id = ? and path = ? and generation = ?",
        (watch, path, generation),
    ).fetchone()
    return row is not None


def running(engine: Engine, watch: str, layout: str | None = None) -> list[RunRow]:
    """Runs of a watch ("" is none) that go on, of one layout or of any."""
    rows = engine.rows(
        f"select {_RUN} from runs r where r.watch_id = ?1 and r.status = 'running'"
        " and (?2 is null or r.layout = ?2)",
        (watch, layout),
    )
    return [_run(row) for row in rows]


def page_of_runs(
    engine: Engine,
    *,
    where: Filter = All(()),
    after: Sequence[Any] | None = None,
    limit: int = 100,
) -> list[RunRow]:
    sql, values = run_condition(where)
    if after is not None:
        sql, values = f"({sql}) and (r.started_at, r.id) < (?, ?)", [*values, *after]
    return [
        _run(r)
        for r in engine.rows(
            f"select {_RUN} from runs r where {sql} order by r.started_at desc, r.id desc limit ?",
            [*values, limit],
        )
    ]


def write_live(engine: Engine, run: str, live: dict[str, Any]) -> None:
    """What a running run's files say just now: shown, never sealed, gone after a rebuild."""
    with engine.quick() as tx:
        tx.execute("update runs set live=? where id=?", (json.dumps(live), run))


def _one(engine: Engine, where: str, values: Sequence[Any]) -> VersionRow | None:
    rows = versions_where(engine, where + " limit 1", values)
    return rows[0] if rows else None


def versions_where(engine: Engine, where: str, values: Sequence[Any]) -> list[VersionRow]:
    """Versions `v` of artifacts `a` by an SQL condition."""
    return [
        _version(r) for r in engine.rows(f"select {_VERSION} from {_FROM} where {where}", values)
    ]


def _version(row: Row) -> VersionRow:
    try:
        return VersionRow(  # type: ignore[call-arg]
            row[0],
            row[1],
            row[2],
            row[3],
            bytes(row[4]),
            bytes(row[5]),
            *row[6:13],
            json.loads(row[13]),
            *row[14:17],
        )
    except (TypeError, ValueError) as error:
        raise _damaged_row() from error


def _run(row: Row) -> RunRow:
    try:
        return RunRow(  # type: ignore[call-arg]
            *row[:9],
            bytes(row[9]) if row[9] else None,
            bytes(row[10]) if row[10] else None,
            json.loads(row[11]),
            json.loads(row[12]) if row[12] else None,
        )
    except (TypeError, ValueError) as error:
        raise _damaged_row() from error


def _damaged_row() -> Damaged:
    """A flipped bit can make a digest a text, or a document none."""
    return Damaged(
        "a row of the catalog is damaged", "catalog.db", "run `strongroom doctor --rebuild`"
    )

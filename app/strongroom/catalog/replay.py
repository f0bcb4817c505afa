"""What each journal entry does to the catalog: one function an action.

A live commit and `doctor --rebuild` both come through `replay`, so the catalog that a rebuild
makes is equal to the one that was lost by construction.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from strongroom.catalog.edges import decide, version_named, write_edge, write_run_inputs
from strongroom.catalog.shown_metric import of_run, run_changed, shown_metric
from strongroom.domain.canonical import plain
from strongroom.domain.digest import parse_digest
from strongroom.domain.entry import Entry
from strongroom.domain.errors import Damaged
from strongroom.domain.manifest import Manifest, Page
from strongroom.domain.record import Document, plain_values

Tx = Any


class Documents(Protocol):
    """Where the sealed documents that entries name are read from."""

    def manifest(self, digest: bytes) -> Manifest: ...
    def record(self, digest: bytes) -> Document: ...
    def run(self, digest: bytes) -> Document: ...
    def curves(self, digest: bytes) -> Sequence[tuple[bytes, int]]: ...
    def size(self, digest: bytes) -> int: ...


def replay(tx: Tx, entry: Entry, documents: Documents) -> None:
    """Writes the entry and applies it, inside the caller's transaction."""
    _write_entry(tx, entry)
    _apply(tx, entry, documents)


def restore(tx: Tx, entry: Entry, documents: Documents) -> str:
    """As `replay` of an entry that was committed before; "" or what of it cannot be made again.

    What the entry alone says stands in any case: a version keeps its number, digests, kind and
    times though its documents are unreadable. Such an entry is marked, for `complete`.
    """
    _write_entry(tx, entry)
    return _attempt(tx, entry, documents)


def complete(tx: Tx, entry: Entry, documents: Documents) -> str:
    """Tries again what `restore` could not do; "" where it is done now."""
    tx.execute("update entries set outcome = ? where seq = ?", (entry.outcome, entry.seq))
    return "" if _is_superseded(tx, entry) else _attempt(tx, entry, documents)


def _is_superseded(tx: Tx, entry: Entry) -> bool:
    """Whether a later entry has said anew what this one says of its run."""
    if entry.action != "run.recorded":
        return False
    row = tx.execute(
        "select 1 from entries where seq > ? and action = 'run.recorded' and outcome = 'allowed'"
        " and json_extract(object, '$.id') = ? limit 1",
        (entry.seq, entry.object["id"]),
    ).fetchone()
    return row is not None


def forgive_superseded(tx: Tx) -> set[int]:
    """Ends the marks of entries of runs of which later ones have said all anew: what only the
    earlier one named may have been collected. Their numbers come back.
    """
    runs: dict[str, int] = {}
    forgiven = set()
    for seq, run, outcome, line in tx.execute(
        "select seq, json_extract(object, '$.id'), outcome, cast(line as blob) from entries"
        " where action = 'run.recorded' and exists(select 1 from entries"
        " where outcome = 'unreadable' and action = 'run.recorded') order by seq desc"
    ).fetchall():
        if outcome == "unreadable" and run in runs:
            forgiven.add(seq)
            tx.execute("update entries set outcome = 'allowed' where seq = ?", (seq,))
            details = json.loads(bytes(line))["details"]
            for text in filter(None, (details["document"], details.get("series"))):
                tx.execute(
                    "delete from damage where digest = ?1 and not exists(select 1 from blobs b"
                    " join documents d on d.blob_id = b.id where b.digest = ?1)",
                    (parse_digest(text),),
                )
        elif outcome == "allowed":
            runs[run] = seq
    return forgiven


def _attempt(tx: Tx, entry: Entry, documents: Documents) -> str:
    tx.execute("savepoint attempt")
    try:
        _apply(tx, entry, documents)
    except (Damaged, KeyError, ValueError) as error:
        tx.execute("rollback to attempt")
        tx.execute("update entries set outcome = 'unreadable' where seq = ?", (entry.seq,))
        if entry.action == "version.committed":
            _bare_version(tx, entry, documents)
        elif entry.action == "run.recorded":
            _bare_run(tx, entry, documents)
        tx.execute("release attempt")
        return f"entry {entry.seq} ({entry.action}): {error}"
    tx.execute("release attempt")
    return ""


def unread(tx: Tx) -> list[tuple[int, bytes]]:
    """`(number, line)` of the entries that `restore` marked, in order."""
    rows = tx.execute(
        "select seq, cast(line as blob) from entries where outcome = 'unreadable' order by seq"
    ).fetchall()
    return [(row[0], bytes(row[1])) for row in rows]


def _write_entry(tx: Tx, entry: Entry) -> None:
    tx.execute(
        "insert into entries(seq, at, actor, action, object, outcome, hash, line)"
        " values (?,?,?,?,?,?,?,?)",
        (
            entry.seq,
            entry.at,
            entry.actor,
            entry.action,
            json.dumps(plain(dict(entry.object)), sort_keys=True),
            entry.outcome,
            entry.hash,
            entry.line,
        ),
    )


def _apply(tx: Tx, entry: Entry, documents: Documents) -> None:
    act = ACTIONS.get(entry.action)
    if act is not None and entry.outcome == "allowed":
        act(tx, entry, documents)


def _committed(tx: Tx, entry: Entry, documents: Documents) -> None:
    details = entry.details
    content, record = (
        parse_digest(details["content_digest"]),
        parse_digest(details["record_digest"]),
    )
    manifest, document = documents.manifest(content), documents.record(record)
    params, metrics = plain_values(document["params"]), plain_values(document["metrics"])
    shown = shown_metric(
        details["kind"], metrics, of_run(tx, details.get("run")) if not metrics else {}
    )
    summary = {
        "params": params,
        "metrics": metrics,
        "inputs": document["inputs"],
        "provenance": document["provenance"],
    }
    version = _put_version(tx, entry, manifest.size, manifest.files, summary, shown)
    add_manifest(tx, version, manifest)
    keep_document(tx, content, len(manifest.data), "version", str(version))
    keep_document(tx, record, documents.size(record), "version", str(version))
    _write_facts(tx, "version", str(version), "param", params)
    _write_facts(tx, "version", str(version), "metric", metrics)
    if details.get("run"):
        _output(tx, entry.seq, details["run"], version)
    for hint in document["inputs"]:
        _input(tx, entry.seq, version, hint)
    tx.execute("insert or ignore into waiting values (?)", (version,))
    tx.execute(
        "insert into search(id, name, run, params, notes) values (?,?,?,?,'') on conflict(id)"
        " do update set params = excluded.params",
        (version, details["artifact"], details.get("run") or "", _words(params)),
    )


def _bare_version(tx: Tx, entry: Entry, documents: Documents) -> None:
    """The version as its entry alone tells it, marked damaged by the documents that are."""
    details = entry.details
    summary: dict[str, Any] = {"params": {}, "metrics": {}, "inputs": [], "provenance": {}}
    version = _put_version(tx, entry, 0, 0, summary, ("", 0.0))
    for digest, read in (
        (parse_digest(details["content_digest"]), documents.manifest),
        (parse_digest(details["record_digest"]), documents.record),
    ):
        keep_document(tx, digest, 0, "version", str(version))
        try:
            found = read(digest)
            if isinstance(found, Manifest):
                for position in range(len(found.page_digests)):
                    _ = found.pages[position]
        except (Damaged, ValueError) as error:
            _note_damage(tx, entry, digest, error)
    if details.get("run"):
        _output(tx, entry.seq, details["run"], version)
    tx.execute(
        "insert or ignore into search(id, name, run, params, notes) values (?,?,?,'','')",
        (version, details["artifact"], details.get("run") or ""),
    )


def _put_version(
    tx: Tx,
    entry: Entry,
    size: int,
    files: int,
    summary: Mapping[str, Any],
    shown: tuple[str, float],
) -> int:
    """The version's row, new or filled in; its id comes back."""
    details = entry.details
    artifact = _artifact(tx, details["artifact"], details["kind"], entry.at)
    warnings = list(details.get("warnings", ()))
    text = json.dumps(plain({**summary, "warnings": warnings}))
    row = tx.execute(
        "insert into versions(artifact_id, n, seq, kind, content, record, size, files, created_at,"
        " actor, run_id, tier, source, document, warnings, metric, metric_value)"
        " values (?,?,?,?,?,?,?,?,?,?,?,'hot',?,?,?,?,?) on conflict(artifact_id, n) do nothing"
        " returning id",
        (
            artifact,
            details["n"],
            entry.seq,
            details["kind"],
            parse_digest(details["content_digest"]),
            parse_digest(details["record_digest"]),
            size,
            files,
            entry.at,
            entry.actor,
            details.get("run"),
            json.dumps(details.get("source")),
            text,
            len(warnings),
            *shown,
        ),
    ).fetchone()
    if row is None:  # what it says could not be read before
        return int(
            tx.execute(
                "update versions set size = ?, files = ?, document = ?, metric = ?,"
                " metric_value = ? where artifact_id = ? and n = ? returning id",
                (size, files, text, *shown, artifact, details["n"]),
            ).fetchone()[0]
        )
    tx.execute(
        "update artifacts set last_n = max(last_n, ?), versions = versions + 1, latest_id = ?,"
        " latest_at = ? where id = ?",
        (details["n"], row[0], entry.at, artifact),
    )
    return int(row[0])


def add_manifest(tx: Tx, version: int, manifest: Manifest) -> None:
    """Hangs the manifest's pages on the version; pages already known are shared."""
    for position, digest in enumerate(manifest.page_digests):
        row = tx.execute("select id from pages where digest = ?", (digest,)).fetchone()
        page = int(row[0]) if row else add_page(tx, manifest.pages[position])
        tx.execute("insert into version_pages values (?,?,?)", (version, position, page))


def add_page(tx: Tx, page: Page) -> int:
    """Makes the page's files known; its number comes back. Nothing hangs on it yet."""
    number = int(
        tx.execute("insert into pages(digest) values (?) returning id", (page.digest,)).fetchone()[
            0
        ]
    )
    tx.executemany(
        "insert or ignore into blobs(digest, size) values (?,?)",
        [(e.sha256, e.size) for e in page.entries],
    )
    tx.executemany(
        "insert into page_files(page_id, path, blob_id)"
        " select ?, ?, id from blobs where digest = ?",
        [(number, e.path, e.sha256) for e in page.entries],
    )
    keep_document(tx, page.digest, len(page.data), "page", str(number))
    return number


def keep_document(tx: Tx, digest: bytes, size: int, owner_type: str, owner: str) -> None:
    """Marks a document blob as referred to, so that collection leaves it. `size` 0: unknown."""
    tx.execute(
        "insert into blobs(digest, size) values (?,?) on conflict(digest)"
        " do update set size = excluded.size where size = 0",
        (digest, size),
    )
    tx.execute(
        "insert or ignore into documents select id, ?, ? from blobs where digest = ?",
        (owner_type, owner, digest),
    )


def _artifact(tx: Tx, name: str, kind: str, at: int) -> int:
    tx.execute(
        "insert or ignore into artifacts(name, kind, last_n, versions, created_at)"
        " values (?,?,(select coalesce(max(value), 0) from meta where key = 'lost_entries'),0,?)",
        (name, kind, at),
    )
    return int(tx.execute("select id from artifacts where name = ?", (name,)).fetchone()[0])


def _run_recorded(tx: Tx, entry: Entry, documents: Documents) -> None:
    details, run = entry.details, entry.object["id"]
    digest = parse_digest(details["document"])
    series = parse_digest(details["series"]) if details.get("series") else None
    _put_run(tx, entry, digest, series, documents.run(digest))
    keep_document(tx, digest, documents.size(digest), "run", run)
    if series is not None:
        keep_document(tx, series, documents.size(series), "run", run)
        for curve, size in documents.curves(series):
            keep_document(tx, curve, size, "run", run)


def _bare_run(tx: Tx, entry: Entry, documents: Documents) -> None:
    """A run whose document or curves cannot be read: as it can be, or as it was recorded before, or
    its id alone.
    """
    details, run = entry.details, entry.object["id"]
    digest = parse_digest(details["document"])
    series = parse_digest(details["series"]) if details.get("series") else None
    try:
        document = documents.run(digest)
    except (Damaged, ValueError) as error:
        _note_damage(tx, entry, digest, error)
        changed = tx.execute(
            "update runs set document = ?, series = ? where id = ?", (digest, series, run)
        ).rowcount
        if not changed:
            _put_run(tx, entry, digest, series, _unknown_run(entry))
    else:
        _put_run(tx, entry, digest, series, document)
    if series is not None:
        try:
            documents.curves(series)
            documents.size(series)
        except (Damaged, ValueError) as error:
            _note_damage(tx, entry, series, error)
    for one in filter(None, (digest, series)):
        keep_document(tx, one, 0, "run", run)


def _unknown_run(entry: Entry) -> Document:
    return {
        "name": entry.object["id"],
        "layout": "",
        "status": "finished",
        "params": {},
        "metrics": {},
        "series": {},
        "inputs": [],
        "provenance": {},
        "started_at": entry.at,
        "ended_at": entry.at,
        "warnings": ["what was recorded of this run cannot be read"],
    }


def _note_damage(tx: Tx, entry: Entry, digest: bytes, error: Exception) -> None:
    tx.execute("insert or ignore into damage values (?,?,?,'')", (digest, entry.at, str(error)))


def _put_run(tx: Tx, entry: Entry, digest: bytes, series: bytes | None, document: Document) -> None:
    """The run's row and what is found by it."""
    details, run = entry.details, entry.object["id"]
    params, metrics = plain_values(document["params"]), plain_values(document["metrics"])
    text = json.dumps(plain({**document, "params": params, "metrics": metrics}))
    tx.execute(
        "insert into runs(id, name, status, layout, watch_id, path, generation, started_at,"
        " ended_at, document, series, created_at, text) values (?,?,?,?,?,?,?,?,?,?,?,?,?)"
        " on conflict(id) do update set name=excluded.name, status=excluded.status,"
        " started_at=excluded.started_at, ended_at=excluded.ended_at,"
        " document=excluded.document, series=excluded.series, text=excluded.text, live=null",
        (
            run,
            document["name"],
            document["status"],
            document["layout"],
            details.get("watch", ""),
            details.get("path", ""),
            details.get("generation", 0),
            document["started_at"],
            document["ended_at"],
            digest,
            series,
            entry.at,
            text,
        ),
    )
    tx.execute("delete from documents where owner_type = 'run' and owner_id = ?", (run,))
    tx.execute("delete from facts where owner_type = 'run' and owner_id = ?", (run,))
    _write_facts(tx, "run", run, "param", params)
    _write_facts(tx, "run", run, "metric", metrics)
    run_changed(tx, run, metrics)
    write_run_inputs(tx, entry.seq, run, document["inputs"])


def _run_output(tx: Tx, entry: Entry, documents: Documents) -> None:
    version = version_id(tx, entry.details["artifact"], entry.details["n"])
    _output(tx, entry.seq, entry.object["id"], version)


def _output(tx: Tx, seq: int, run: str, version: int) -> None:
    write_edge(tx, seq, ("run", run), ("version", str(version)), "output", "observed", "ingest")


def _input(tx: Tx, seq: int, version: int, hint: Mapping[str, Any]) -> None:
    source = version_named(tx, hint["ref"])
    if source is not None:
        basis = hint.get("basis", "declared")
        write_edge(tx, seq, ("version", str(source)), ("version", str(version)), "input", basis)


def _linked(tx: Tx, entry: Entry, documents: Documents) -> None:
    """A declared edge into the version: from another version, or from the run that made it."""
    details = entry.details
    version = version_id(tx, entry.object["name"], details["n"])
    start = ("run", details["run"]) if details.get("run") else _version_node(tx, details["from"])
    write_edge(
        tx,
        entry.seq,
        start,
        ("version", str(version)),
        details["relation"],
        "declared",
        reason=details.get("reason", ""),
    )


def _inferred(tx: Tx, entry: Entry, documents: Documents) -> None:
    details = entry.details
    version = version_id(tx, entry.object["name"], details["n"])
    write_edge(
        tx,
        entry.seq,
        _version_node(tx, details["from"]),
        ("version", str(version)),
        details["relation"],
        "inferred",
        details["rule"],
        details["confidence"],
        details["reason"],
    )


def _decided(tx: Tx, entry: Entry, documents: Documents) -> None:
    details = entry.details
    version = version_id(tx, entry.object["name"], details["n"])
    start = _version_node(tx, details["from"])
    decide(tx, start, ("version", str(version)), details["relation"], details["decision"])


def _version_node(tx: Tx, reference: str) -> tuple[str, str]:
    found = version_named(tx, reference)
    if found is None:
        raise KeyError(reference)
    return "version", str(found)


def _metric_directed(tx: Tx, entry: Entry, documents: Documents) -> None:
    name, direction = entry.object["name"], entry.details["direction"]
    if direction is None:
        tx.execute("delete from metric_directions where name = ?", (name,))
    else:
        tx.execute(
            "insert or replace into metric_directions values (?,?,?)", (name, direction, entry.seq)
        )


def _rebuilt(tx: Tx, entry: Entry, documents: Documents) -> None:
    """Each entry that was lost may have made a version of any artifact: no tag is given again."""
    lost = entry.details.get("lost", 0)
    if lost:
        tx.execute("update artifacts set last_n = last_n + ?", (lost,))
        tx.execute(
            "insert into meta values ('lost_entries', ?) on conflict(key)"
            " do update set value = cast(value as integer) + excluded.value",
            (lost,),
        )


def _labelled(tx: Tx, entry: Entry, documents: Documents) -> None:
    version = version_id(tx, entry.object["name"], entry.details["n"])
    key, value = entry.details["key"], entry.details["value"]
    tx.execute(
        "insert into labels values (?,?,?,?) on conflict(version_id, key)"
        " do update set value=excluded.value, seq=excluded.seq",
        (version, key, value, entry.seq),
    )
    _write_facts(tx, "version", str(version), "label", {key: value})


def _noted(tx: Tx, entry: Entry, documents: Documents) -> None:
    version = version_id(tx, entry.object["name"], entry.details["n"])
    tx.execute(
        "insert into notes values (?,'version',?,?,?,?)",
        (entry.seq, str(version), entry.details["text"], entry.at, entry.actor),
    )
    tx.execute(
        "update search set notes = notes || ' ' || ? where id = ?",
        (entry.details["text"], version),
    )


def _watch_added(tx: Tx, entry: Entry, documents: Documents) -> None:
    details = entry.details
    tx.execute(
        "insert into watches(id, root, name, options, created_at) values (?,?,?,?,?)"
        " on conflict(id) do update set options=excluded.options",
        (
            entry.object["id"],
            bytes.fromhex(details["root_hex"]),
            details["name"],
            json.dumps(dict(details["options"])),
            entry.at,
        ),
    )


def _watch_removed(tx: Tx, entry: Entry, documents: Documents) -> None:
    tx.execute("delete from watches where id = ?", (entry.object["id"],))
    tx.execute("delete from seen where watch_id = ?", (entry.object["id"],))


def version_id(tx: Tx, name: str, n: int) -> int:
    """The catalog's id of `name@vn`; raises `KeyError`."""
    row = tx.execute(
        "select v.id from versions v join artifacts a on a.id = v.artifact_id"
        " where a.name = ? and v.n = ?",
        (name, n),
    ).fetchone()
    if row is None:
        raise KeyError(f"{name}@v{n}")
    return int(row[0])


def _write_facts(
    tx: Tx, owner_type: str, owner: str, field: str, values: Mapping[str, Any]
) -> None:
    rows = []
    for key, value in values.items():
        number = _number(value)
        text = value if isinstance(value, str) else json.dumps(plain(value))
        rows.append((owner_type, owner, field, key, number, text[:1000]))
    tx.executemany(
        "insert into facts values (?,?,?,?,?,?) on conflict(owner_type, owner_id, field, key)"
        " do update set number=excluded.number, text=excluded.text",
        rows,
    )


def _number(value: Any) -> float | None:
    """What ranges compare; None for what is no number, NaN among it."""
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
        return None
    try:
        return float(value)
    except OverflowError:  # an integer beyond all floats
        return math.inf if value > 0 else -math.inf


def _words(params: Mapping[str, Any]) -> str:
    return " ".join(f"{k} {v}" for k, v in params.items())[:20_000]


ACTIONS: dict[str, Callable[[Tx, Entry, Documents], None]] = {
    "version.committed": _committed,
    "version.labelled": _labelled,
    "version.noted": _noted,
    "run.recorded": _run_recorded,
    "run.output": _run_output,
    "lineage.linked": _linked,
    "lineage.inferred": _inferred,
    "lineage.decided": _decided,
    "metric.directed": _metric_directed,
    "registry.rebuilt": _rebuilt,
    "watch.added": _watch_added,
    "watch.changed": _watch_added,
    "watch.removed": _watch_removed,
}

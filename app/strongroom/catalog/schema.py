"""The catalog's tables, as numbered forward migrations applied through sqlite-utils.

`pragma user_version` carries the number of the last one, so that opening an up-to-date catalog
needs neither the migrations table nor the library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from strongroom.catalog.edges import refill_run_inputs
from strongroom.catalog.shown_metric import refill

if TYPE_CHECKING:
    from sqlite_utils import Database

VERSION = 4

_V1 = """
create table meta(key text primary key, value text not null);

create table entries(
    seq integer primary key, at integer not null, actor text not null, action text not null,
    object text not null, outcome text not null, hash text not null, line blob not null);

create table artifacts(
    id integer primary key, name text not null unique, kind text not null,
    last_n integer not null, versions integer not null, created_at integer not null,
    latest_id integer, latest_at integer not null default 0);
create index artifacts_recent on artifacts(latest_at, id);
create index artifacts_kind on artifacts(kind, name);

create table versions(
    id integer primary key, artifact_id integer not null references artifacts(id),
    n integer not null, seq integer not null, kind text not null,
    content blob not null, record blob not null, size integer not null, files integer not null,
    created_at integer not null, actor text not null, run_id text, tier text not null,
    source text, document text not null, warnings integer not null,
    unique(artifact_id, n));
create index versions_content on versions(content);
create index versions_record on versions(record);
create index versions_artifact_content on versions(artifact_id, content);
create index versions_created on versions(created_at, id, seq, artifact_id);
create index versions_kind on versions(kind, created_at, id, seq, artifact_id);
create index versions_size on versions(size, id);
create index versions_run on versions(run_id);
create index versions_by_run on versions(coalesce(run_id, ''), id);
create index versions_by_n on versions(n, id);
create index versions_by_actor on versions(actor, id);

create table blobs(
    id integer primary key, digest blob not null unique, size integer not null,
    condemned_at integer);
create index blobs_condemned on blobs(condemned_at) where condemned_at is not null;
create table storage(
    blob_id integer not null references blobs(id), store text not null, form text not null,
    tier text not null, place text not null, primary key(blob_id, store)) without rowid;
create table damage(
    digest blob primary key, found_at integer not null, reason text not null, place text not null);

create table pages(id integer primary key, digest blob not null unique);
create table page_files(
    page_id integer not null references pages(id), path blob not null,
    blob_id integer not null references blobs(id), primary key(page_id, path)) without rowid;
create index page_files_blob on page_files(blob_id);
create table version_pages(
    version_id integer not null references versions(id), position integer not null,
    page_id integer not null references pages(id), primary key(version_id, position)) without rowid;
create index version_pages_page on version_pages(page_id);
create table documents(
    blob_id integer not null references blobs(id), owner_type text not null, owner_id text not null,
    primary key(blob_id, owner_type, owner_id)) without rowid;
create index documents_owner on documents(owner_type, owner_id);

create table claims(
    digest blob not null, owner text not null, primary key(digest, owner)) without rowid;
create table owners(owner text primary key, heartbeat integer not null);

create table runs(
    id text primary key, name text not null, status text not null, layout text not null,
    watch_id text not null, path text not null, generation integer not null,
    started_at integer not null, ended_at integer, document blob, series blob,
    created_at integer not null, text text not null, live text);
create index runs_started on runs(started_at, id);
create index runs_path on runs(watch_id, path, generation);

create table facts(
    owner_type text not null, owner_id text not null, field text not null, key text not null,
    number real, text text not null,
    primary key(owner_type, owner_id, field, key)) without rowid;
create index facts_number on facts(field, key, number, owner_type, owner_id);
create index facts_text on facts(field, key, text, owner_type, owner_id);

create table edges(
    id integer primary key, seq integer not null, from_type text not null, from_id text not null,
    to_type text not null, to_id text not null, relation text not null, basis text not null,
    rule text not null, confidence real not null,
    unique(from_type, from_id, to_type, to_id, relation, basis));
create index edges_to on edges(to_type, to_id);

create table labels(
    version_id integer not null references versions(id), key text not null, value text not null,
    seq integer not null, primary key(version_id, key)) without rowid;
create table notes(
    seq integer primary key, owner_type text not null, owner_id text not null, text text not null,
    at integer not null, actor text not null);
create index notes_owner on notes(owner_type, owner_id);

create table watches(
    id text primary key, root text not null unique, name text not null unique,
    options text not null, created_at integer not null, paused integer not null default 0);
create table leases(key text primary key, owner text not null, until integer not null);
create table seen(
    watch_id text not null, path blob not null, dev integer not null, ino integer not null,
    size integer not null, mtime_ns integer not null, ctime_ns integer not null,
    digest blob, version_id integer, run_id text, outcome text not null, reason text not null,
    primary key(watch_id, path)) without rowid;
create index seen_run on seen(run_id);

create table jobs(
    id integer primary key, kind text not null, arguments text not null, state text not null,
    progress text not null, result text not null, attempts integer not null,
    due_at integer not null, created_at integer not null, updated_at integer not null,
    owner text, lease_until integer, cancel integer not null default 0);
create index jobs_state on jobs(state, due_at);

create table search(id integer primary key, name text, run text, params text, notes text);
"""


#: The metric that stands for a version, its own or its run's, so that lists can be sorted by it.
_V2 = """
alter table versions add column metric text not null default '';
alter table versions add column metric_value real not null default 0;
create index versions_by_metric on versions(metric, metric_value, id);
create index versions_by_state on versions(warnings, id);
create index versions_by_files on versions(files, id);
"""

#: Lineage: what people decided on edges, why an edge is there, and what versions are deeply made of
#: (`profiles`, `tensors`; both are made again from the stored bytes). `waiting` lists versions that
#: nobody has looked into yet.
_V3 = """
alter table edges add column reason text not null default '';
alter table edges add column decision text not null default '';
drop index edges_to;
create index edges_to on edges(to_type, to_id, from_type, from_id, decision);
create index edges_from on edges(from_type, from_id, to_type, to_id, decision);
create table metric_directions(
    name text primary key, direction text not null, seq integer not null);
create table waiting(version_id integer primary key);
create table profiles(blob_id integer primary key references blobs(id), document text not null);
create table tensors(
    blob_id integer not null references blobs(id), position integer not null, name text not null,
    dtype text not null, shape text not null, size integer not null, telling integer not null,
    digest blob not null, primary key(blob_id, position)) without rowid;
create index tensors_digest on tensors(digest, telling);
create index runs_going_on on runs(watch_id) where status = 'running';
insert into waiting select id from versions;
"""

#: Entries whose effect could not be made again, because documents that they name were unreadable.
_V4 = "create index entries_unread on entries(seq) where outcome = 'unreadable'"


def user_version(connection: Any) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])


def migrate(connection: Any) -> None:
    """Brings the schema up to `VERSION`; raises whatever SQLite raises, leaving it as it was."""
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    steps = Migrations("strongroom")

    @steps()
    def m0001_first(db: Database) -> None:
        _run(db, _V1)
        db.table("search").enable_fts(
            ["name", "run", "params", "notes"], create_triggers=True, tokenize="unicode61"
        )

    @steps()
    def m0002_key_metric(db: Database) -> None:
        _run(db, _V2)
        refill(db)

    @steps()
    def m0003_lineage(db: Database) -> None:
        _run(db, _V3)
        refill_run_inputs(db)

    @steps()
    def m0004_unread(db: Database) -> None:
        _run(db, _V4)

    steps.apply(Database(connection))
    connection.execute(f"pragma user_version = {VERSION}")


def _run(db: Database, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            db.execute(statement)

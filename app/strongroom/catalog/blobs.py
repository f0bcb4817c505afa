"""Blobs: where their bytes lie, what refers to them, and which are known to be damaged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from strongroom.catalog.catalog import VersionRow, versions_where
from strongroom.catalog.claims import REFERRED
from strongroom.catalog.engine import Engine
from strongroom.catalog.replay import add_page
from strongroom.domain.manifest import Page

#: Digests asked for in one statement.
_ASKED = 4000
#: `(size, form, place)` of a blob in the store.
Place = tuple[int, str, str]


def places(engine: Engine, digests: Sequence[bytes]) -> dict[bytes, Place]:
    """Where those of the digests lie that are known as stored and undamaged."""
    found: dict[bytes, Place] = {}
    for start in range(0, len(digests), _ASKED):
        part = digests[start : start + _ASKED]
        marks = ",".join("?" * len(part))
        for digest, size, form, place in engine.rows(
            "select b.digest, b.size, s.form, s.place from blobs b join storage s on"
            f" s.blob_id = b.id where b.digest in ({marks}) and not exists(select 1 from damage d"
            " where d.digest = b.digest)",
            list(part),
        ):
            if _is_place(form, place):
                found[bytes(digest)] = (size, form, place)
    return found


def _is_place(form: Any, place: Any) -> bool:
    """Whether it can be one: a flipped bit makes a place that is none, and is looked over."""
    return form == "plain" or (form == "shelf" and str(place).isdigit())


def files_by_place(engine: Engine, version: int) -> dict[tuple[str, str], set[bytes]] | None:
    """The files of a version by `(form, place)`; None where one lies nowhere that is known."""
    rows = engine.rows(
        "select s.form, s.place, b.digest from version_pages vp"
        " join page_files f on f.page_id = vp.page_id join blobs b on b.id = f.blob_id"
        " left join storage s on s.blob_id = b.id where vp.version_id = ?",
        (version,),
    )
    places = {(form, place) for form, place, _ in rows}
    if not all(_is_place(form, place) for form, place in places):
        return None
    return {
        (form, place): {digest for f, p, digest in rows if p == place and f == form}
        for form, place in places
    }


def without_place(engine: Engine) -> list[bytes]:
    """Blobs that something refers to, and of which nobody noted where they lie."""
    return [
        bytes(row[0])
        for row in engine.rows(
            "select b.digest from blobs b left join storage s on s.blob_id = b.id"
            f" where s.blob_id is null and {REFERRED}"
        )
    ]


def has_lost(tx: Any) -> bool:
    """Whether entries were lost at some time."""
    return tx.execute("select 1 from meta where key = 'lost_entries'").fetchone() is not None


def has_unread(tx: Any) -> bool:
    """Whether there are committed entries whose documents could not be read: what they refer to
    is not known then, so that nothing may be deleted.
    """
    row = tx.execute("select 1 from entries where outcome = 'unreadable' limit 1").fetchone()
    return row is not None


def blobs_of(engine: Engine, version: VersionRow) -> list[tuple[bytes, int]]:
    """`(digest, size)` of all a version is made of: its record, manifest, pages and files."""
    rows = engine.rows(
        "select b.digest, b.size from documents d join blobs b on b.id = d.blob_id where"
        " (d.owner_type = 'version' and d.owner_id = ?) or (d.owner_type = 'page' and d.owner_id in"
        " (select cast(page_id as text) from version_pages where version_id = ?))"
        " union select b.digest, b.size from version_pages vp join page_files f on f.page_id ="
        " vp.page_id join blobs b on b.id = f.blob_id where vp.version_id = ?",
        (str(version.id), version.id, version.id),
    )
    return [(bytes(d), size) for d, size in rows]


def versions_holding(engine: Engine, digest: bytes) -> list[VersionRow]:
    """Versions one of whose files or documents is this blob."""
    return versions_where(
        engine,
        "v.id in (select vp.version_id from blobs b join page_files f on f.blob_id = b.id"
        " join version_pages vp on vp.page_id = f.page_id where b.digest = ?1)"
        " or v.content = ?1 or v.record = ?1 or v.id in (select vp.version_id from pages p"
        " join version_pages vp on vp.page_id = p.id where p.digest = ?1) order by v.id",
        (digest,),
    )


def files_holding(engine: Engine, digest: bytes) -> list[tuple[VersionRow, bytes]]:
    """`(version, path)` of every file that is this blob."""
    found = []
    for version in versions_holding(engine, digest):
        for (path,) in engine.rows(
            "select f.path from blobs b join page_files f on f.blob_id = b.id join version_pages"
            " vp on vp.page_id = f.page_id where b.digest = ? and vp.version_id = ?",
            (digest, version.id),
        ):
            found.append((version, bytes(path)))
    return found


def blobs_after(engine: Engine, last: int, limit: int = 1000) -> list[tuple[int, bytes, int]]:
    """`(id, digest, size)` of blobs that something refers to, in id order."""
    return [
        (r[0], bytes(r[1]), r[2])
        for r in engine.rows(
            f"select id, digest, size from blobs b where id > ? and {REFERRED} order by id limit ?",
            (last, limit),
        )
    ]


def is_referred(engine: Engine, digest: bytes) -> bool:
    """Whether a version, a page or a run needs the blob."""
    return (
        engine.row(f"select 1 from blobs b where digest = ? and {REFERRED}", (digest,)) is not None
    )


def write_blobs(engine: Engine, store: str, stored: Sequence[tuple[bytes, int, str, str]]) -> None:
    """Notes what was just made durable: `(digest, size, form, place)`. What was damaged is sound
    again. Nothing refers to it yet: claims hold it.
    """
    with engine.quick() as tx:
        tx.executemany(
            "insert or ignore into blobs(digest, size) values (?,?)", [s[:2] for s in stored]
        )
        write_storage(tx, store, [(digest, form, place) for digest, _, form, place in stored])
        if tx.execute("select 1 from damage limit 1").fetchone():
            for digest, *_ in stored:
                clear_damage(tx, digest)


def write_pages(engine: Engine, pages: Iterable[Page]) -> None:
    """Makes pages known before the version that they are for, in a short transaction each."""
    for page in pages:
        with engine.quick() as tx:
            if not tx.execute("select 1 from pages where digest = ?", (page.digest,)).fetchone():
                add_page(tx, page)


def known_pages(engine: Engine, digests: Sequence[bytes]) -> set[bytes]:
    """Those of the digests that are pages in the catalog."""
    marks = ",".join("?" * len(digests))
    rows = engine.rows(f"select digest from pages where digest in ({marks})", list(digests))
    return {bytes(digest) for (digest,) in rows}


def write_storage(tx: Any, store: str, rows: Sequence[tuple[bytes, str, str]]) -> None:
    """Notes where blobs lie: `(digest, form, place)`; unknown digests are passed over."""
    tx.executemany(
        "insert or replace into storage select id, ?, ?, 'hot', ? from blobs where digest = ?",
        [(store, form, place, digest) for digest, form, place in rows],
    )


def write_first_storage(tx: Any, store: str, rows: Sequence[tuple[bytes, str, str]]) -> None:
    """As `write_storage`, but a place that is known already stays."""
    tx.executemany(
        "insert or ignore into storage select id, ?, ?, 'hot', ? from blobs where digest = ?",
        [(store, form, place, digest) for digest, form, place in rows],
    )


def write_damage(tx: Any, digest: bytes, at: int, reason: str, place: str) -> None:
    tx.execute("insert or replace into damage values (?,?,?,?)", (digest, at, reason, place))
    tx.execute(
        "delete from storage where blob_id = (select id from blobs where digest=?)", (digest,)
    )


def clear_damage(tx: Any, digest: bytes) -> None:
    tx.execute("delete from damage where digest=?", (digest,))


def forget_needless_damage(engine: Engine) -> None:
    """Takes damage off the list of blobs that nothing refers to any more, if all is known that
    does.
    """
    if not engine.row("select 1 from damage limit 1") or engine.read_only:
        return
    with engine.writing() as tx:
        if not has_unread(tx):
            tx.execute(
                "delete from damage where not exists(select 1 from blobs b"
                f" where b.digest = damage.digest and {REFERRED})"
            )


def damaged_blobs(engine: Engine) -> list[tuple[bytes, str, str]]:
    """`(digest, reason, place)` of blobs known to be damaged and not mended."""
    return [
        (bytes(r[0]), r[1], r[2])
        for r in engine.rows("select digest, reason, place from damage order by found_at")
    ]


def damaged_versions(engine: Engine, ids: Sequence[int]) -> set[int]:
    """Those of the versions that hold a damaged blob, be it a file or a document."""
    if not ids or not engine.row("select 1 from damage limit 1"):
        return set()
    marks = ",".join("?" * len(ids))
    rows = engine.rows(
        "select vp.version_id from damage d join blobs b on b.digest = d.digest join"
        " page_files f on f.blob_id = b.id join version_pages vp on vp.page_id = f.page_id"
        f" where vp.version_id in ({marks})"
        " union select v.id from damage d join versions v on d.digest in (v.content, v.record)"
        f" where v.id in ({marks})"
        " union select vp.version_id from damage d join pages p on p.digest = d.digest"
        f" join version_pages vp on vp.page_id = p.id where vp.version_id in ({marks})",
        [*ids, *ids, *ids],
    )
    return {row[0] for row in rows}

"""The list of watched folders: added, renamed, paused, removed; watching itself is `watching`."""

from __future__ import annotations

import os
from typing import Any

from strongroom.catalog import watching as rows
from strongroom.catalog.watching import Watch
from strongroom.domain.entry import Draft
from strongroom.domain.errors import BadInput, Conflict, NotFound
from strongroom.domain.names import check_name, derive_name
from strongroom.domain.timestamps import new_id, now, rfc3339
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments

Document = dict[str, Any]
#: What a watch may be told, with defaults; `layout` "" lets the layouts decide.
DEFAULTS: Document = {"layout": "", "mode": "auto", "keep": "all", "polling": False}
MODES = ("auto", "each", "whole")


@act("watch.find")
def list_watches(desk: Desk) -> Document:
    """`{"watches": [{id, path, name, options, paused, state, since}]}`."""
    return {"watches": [view(desk, w) for w in rows.all_watches(desk.engine)]}


def view(desk: Desk, watch: Watch) -> Document:
    holder = rows.lease_holder(desk.engine, lease_key(watch), now())
    there = os.path.isdir(watch.root)
    state = "missing" if not there else "paused" if watch.paused else "live" if holder else "idle"
    return {
        "id": watch.id,
        "path": os.fsdecode(watch.root),
        "name": watch.name,
        "options": watch.options,
        "paused": watch.paused,
        "state": state,
        "holder": holder,
        "since": rfc3339(watch.created_at),
    }


def lease_key(watch: Watch) -> str:
    return f"watch:{watch.id}"


@act("watch.write")
def add_watch(desk: Desk, root: bytes, options: Document) -> Document:
    """Registers a folder; watching it again with the same options changes nothing.

    `options` as `DEFAULTS`, and `name`. Raises `NotFound`, `BadInput`, `Conflict` (the name or
    a folder above or below is watched already, or the folder is the registry's own).
    """
    return view(desk, ensure(desk, root, options))


def ensure(desk: Desk, root: bytes, options: Document) -> Watch:
    root = os.path.realpath(root)
    shown = os.fsdecode(root)
    if not os.path.isdir(root):
        raise NotFound("there is no such folder", shown, "check the path")
    name = options.get("name")
    kept = {k: options.get(k, v) for k, v in DEFAULTS.items()}
    if kept["mode"] not in MODES:
        raise BadInput("there is no such way to watch", str(kept["mode"]), f"use {MODES}")
    all_watches = rows.all_watches(desk.engine)
    for watch in all_watches:
        if watch.root == root:
            return _changed(desk, watch, name, {k: v for k, v in options.items() if k in DEFAULTS})
    _check_place(desk, root, all_watches)
    name = (
        check_name(name)
        if name is not None
        else _free_name(
            derive_name(os.path.basename(root) or b"root"), {w.name for w in all_watches}
        )
    )
    if name in {w.name for w in all_watches}:
        raise Conflict("another watched folder has this name", name, "choose another --name")
    watch_id = new_id()
    with desk.recording(StoredDocuments(desk.store)) as recorder:
        recorder.write(
            Draft(
                "watch.added",
                {"type": "watch", "id": watch_id},
                {"root_hex": root.hex(), "name": name, "options": kept},
            )
        )
    return next(w for w in rows.all_watches(desk.engine) if w.id == watch_id)


def _changed(desk: Desk, watch: Watch, name: str | None, options: Document) -> Watch:
    if name is not None and name != watch.name:
        raise Conflict(
            f"this folder is watched as {watch.name} already",
            os.fsdecode(watch.root),
            "remove the watch first",
        )
    wanted = {**watch.options, **options}
    if wanted != watch.options:
        with desk.recording(StoredDocuments(desk.store)) as recorder:
            recorder.write(
                Draft(
                    "watch.changed",
                    {"type": "watch", "id": watch.id},
                    {"root_hex": watch.root.hex(), "name": watch.name, "options": wanted},
                )
            )
    return next(w for w in rows.all_watches(desk.engine) if w.id == watch.id)


def check_folder(desk: Desk, root: bytes) -> None:
    """Raises `Conflict` where the folder (a real path) cannot be watched; one that is already
    watched itself may be.
    """
    others = [w for w in rows.all_watches(desk.engine) if w.root != root]
    _check_place(desk, root, others)


def _check_place(desk: Desk, root: bytes, others: list[Watch]) -> None:
    shown, registry = os.fsdecode(root), os.path.realpath(os.fsencode(desk.place.root))
    if _overlap(root, registry):
        raise Conflict("the folder holds the registry or lies in it", shown, "choose another one")
    for other in others:
        if _overlap(root, other.root):
            raise Conflict(
                f"the folder overlaps with the watched {os.fsdecode(other.root)}",
                shown,
                "remove that watch first",
            )


def _overlap(one: bytes, other: bytes) -> bool:
    """Whether one folder is the other or lies below it."""
    one, other = one.rstrip(b"/") + b"/", other.rstrip(b"/") + b"/"
    return one.startswith(other) or other.startswith(one)


def _free_name(name: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


@act("watch.write")
def remove_watch(desk: Desk, root: bytes) -> Document:
    """Stops watching; what it made stays. Raises `NotFound`."""
    watch = find(desk, root)
    answer = view(desk, watch)
    with desk.recording(StoredDocuments(desk.store)) as recorder:
        recorder.write(
            Draft("watch.removed", {"type": "watch", "id": watch.id}, {"name": watch.name})
        )
    return answer


@act("watch.write")
def pause_watch(desk: Desk, watch: str, paused: bool) -> None:
    rows.set_paused(desk.engine, watch, paused)


def find(desk: Desk, root: bytes) -> Watch:
    real = os.path.realpath(root)
    for watch in rows.all_watches(desk.engine):
        if watch.root == real or os.fsencode(watch.name) == root:
            return watch
    raise NotFound("this folder is not watched", os.fsdecode(root), "see `strongroom watch --list`")


def still_wanted(desk: Desk, watch: Watch) -> bool:
    """Whether the folder is watched as it was when `watch` was read, and not paused."""
    now_watched = {w.id: w for w in rows.all_watches(desk.engine)}
    found = now_watched.get(watch.id)
    return found is not None and not found.paused and found.options == watch.options

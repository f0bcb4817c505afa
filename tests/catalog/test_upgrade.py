"""Registries that earlier Strongrooms made, stored with what those said of them: today's opens
them, says the same, hands out the same bytes and goes on counting.

They and what was said are made by `tests/vectors/registries/make.py`.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import sqlite3
import tarfile
from pathlib import Path
from typing import Any

import pytest

from strongroom.bootstrap import open_registry, rebuild_registry
from strongroom.catalog import schema
from strongroom.catalog.engine import Engine
from strongroom.domain.canonical import plain
from strongroom.services.add import AddOptions
from strongroom.services.local import LocalRegistry
from strongroom.settings import Settings

STORED = Path(__file__).parents[1] / "vectors" / "registries"
SCHEMAS = sorted(
    int(p.name.removeprefix("schema").removesuffix(".tar.xz")) for p in STORED.glob("*.tar.xz")
)
#: Of a watch: who holds it and whether its folder is there is not a matter of the catalog.
_PASSING = ("state", "holder")


@pytest.fixture(params=SCHEMAS, ids=lambda number: f"schema{number}")
def stored(request, tmp_path) -> tuple[Path, dict[str, Any]]:
    """The registry of one schema, and what was said of it."""
    name = f"schema{request.param}"
    with tarfile.open(STORED / f"{name}.tar.xz") as packed:
        packed.extractall(tmp_path, filter="tar")
    return tmp_path / "registry", json.loads((STORED / f"{name}.json").read_text())


def test_every_earlier_schema_has_a_stored_registry():
    """A new schema asks for one that the last Strongroom before it made."""
    assert set(range(1, schema.VERSION)) <= set(SCHEMAS)


def opened(place: Path) -> LocalRegistry:
    return open_registry(place, Settings(), "cli")


def contained(expected: Any, found: Any, where: str = "") -> list[str]:
    """What of `expected` is not in `found`: keys may have come, lists and values are equal."""
    if isinstance(expected, dict) and isinstance(found, dict):
        gone = [f"{where}.{k} is gone" for k in expected if k not in found]
        both = [k for k in expected if k in found]
        return gone + [p for k in both for p in contained(expected[k], found[k], f"{where}.{k}")]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [p for i, (one, two) in pairs for p in contained(one, two, f"{where}[{i}]")]
    same = type(expected) is type(found) and expected == found
    return [] if same else [f"{where}: {expected!r} was said, now it is {found!r}"]


def said_now(registry: LocalRegistry, then: dict[str, Any]) -> dict[str, Any]:
    """What is said today, of the same things and in the same shape."""
    now = {
        "list": registry.list_artifacts(limit=1000),
        "versions": {name: registry.list_versions(name) for name in then["versions"]},
        "show": {ref: registry.show(ref) for ref in then["show"]},
        "runs": registry.list_runs(limit=1000),
        "run": {run: registry.show_run(run, series=True) for run in then["run"]},
        "watches": registry.list_watches(),
        "lineage": {ref: registry.lineage(ref) for ref in then["lineage"]},
        "directions": {"metrics": registry.metric_directions()} if then["directions"] else {},
    }
    document: dict[str, Any] = json.loads(json.dumps(plain(now)))  # as `--json` prints it
    return document


def check_said(registry: LocalRegistry, then: dict[str, Any], pauses: bool = True) -> None:
    expected = json.loads(
        json.dumps({k: v for k, v in then.items() if k not in ("schema", "edges")})
    )
    for watch in expected["watches"]["watches"]:
        for key in (*_PASSING, *([] if pauses else ["paused"])):
            del watch[key]
    assert contained(expected, said_now(registry, then)) == []
    assert missing_edges(registry, then["edges"]) == []


def missing_edges(registry: LocalRegistry, edges: list[list[str]]) -> list[list[str]]:
    """Those of `[from, to, relation, basis]` that are in no graph of their ends."""
    return [
        edge
        for edge in edges
        if edge
        not in [
            [e["from"], e["to"], e["relation"], e["basis"]]
            for e in registry.lineage(edge[1], down=False, depth=1)["edges"]
        ]
    ]


def check_bytes(registry: LocalRegistry, then: dict[str, Any], into: Path) -> None:
    """Every file of every version is handed out and is what its digest says."""
    for number, (ref, shown) in enumerate(then["show"].items()):
        target = into / str(number)
        registry.get(ref, target, as_folder=True)
        files = shown["manifest"]["files"]
        for file in files:
            name = os.fsdecode(bytes.fromhex(file["path_hex"])) if "path_hex" in file else None
            data = (target / (name or file["path"])).read_bytes()
            assert hashlib.sha256(data).hexdigest() == file["sha256"], (ref, file)
        assert sum(p.is_file() for p in target.rglob("*")) == len(files)


def test_what_was_said_then_is_said_now(stored, tmp_path):
    place, then = stored
    registry = opened(place)
    check_said(registry, then)
    check_bytes(registry, then, tmp_path / "before")
    assert registry.doctor()["ok"], registry.doctor()
    assert registry.verify()["damaged"] == []
    registry.close()
    rebuild_registry(place)
    registry = opened(place)
    check_said(registry, then, pauses=False)
    check_bytes(registry, then, tmp_path / "after")
    assert registry.doctor()["ok"], registry.doctor()
    registry.close()


def test_a_rebuild_makes_it_of_the_old_files_too(stored):
    """The journal and documents of then are enough, without the catalog of then."""
    place, then = stored
    (place / "catalog.db").unlink()
    rebuild_registry(place)
    registry = opened(place)
    check_said(registry, then, pauses=False)
    assert registry.doctor()["ok"], registry.doctor()
    registry.close()


def test_values_that_json_has_no_numbers_for_are_whole(stored):
    place, _ = stored
    registry = opened(place)
    shown = registry.show("base@v1")
    assert shown["params"]["steps"] == 2**53 + 1
    assert shown["metrics"] == {"auc": 0.93, "loss": "nan", "top": "inf", "low": "-inf"}
    assert math.isnan(shown["record"]["metrics"]["loss"]["value"])
    assert registry.show_run("run-1")["run"]["params"]["seed"] == 123456789012345678901234567890
    assert [v["tag"] for v in registry.list_versions("base", "top>1e300")["versions"]] == ["v1"]
    registry.close()


def test_counting_goes_on(stored, tmp_path):
    place, then = stored
    registry = opened(place)
    new = tmp_path / "new.txt"
    for name, versions in then["versions"].items():
        new.write_text(f"new content of {name}\n")
        (version,) = registry.add([os.fsencode(new)], AddOptions(name=name))["versions"]
        assert version["created"] and version["tag"] == f"v{len(versions['versions']) + 1}"
    registry.label("base@v1", "later", "yes")
    assert registry.show("base@v1")["labels"]["reviewed"] == "no"
    assert registry.doctor()["ok"], registry.doctor()
    registry.close()


def test_content_that_is_there_already_is_found(stored, tmp_path):
    """Digests of then and now are the same."""
    place, _ = stored
    registry = opened(place)
    entries = registry.last_change()
    for name in ("notes.txt", "größe-模型", "empty.bin"):
        registry.get(f"{name}@v1", tmp_path / name, as_folder=True)
        (file,) = (tmp_path / name).iterdir()
        (version,) = registry.add([os.fsencode(file)], AddOptions(name=name))["versions"]
        assert not version["created"]
    assert registry.last_change() == entries
    registry.close()


def test_the_old_file_is_kept_as_it_was(stored):
    place, then = stored
    before = rows_of(place / "catalog.db")
    opened(place).close()
    kept = list(place.glob("catalog.db.schema*"))
    if then["schema"] == schema.VERSION:
        assert kept == []
        return
    assert [p.name for p in kept] == [f"catalog.db.schema{then['schema']}"]
    assert rows_of(kept[0]) == before
    with sqlite3.connect(place / "catalog.db") as connection:
        assert schema.user_version(connection) == schema.VERSION


def test_what_an_old_catalog_lacks_is_as_a_fresh_one_has_it(stored, tmp_path):
    """Tables, columns and indexes of a catalog that was brought up to date are today's."""
    place, _ = stored
    opened(place).close()

    Engine(tmp_path / "fresh.db").close()
    assert structure(place / "catalog.db") == structure(tmp_path / "fresh.db")


def structure(path: Path) -> dict[str, list[str]]:
    with sqlite3.connect(path) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "select name from sqlite_master where type in ('table', 'index')"
                " and name not like 'sqlite_%'"
            )
        ]
        return {
            name: [str(row) for row in connection.execute(f'pragma table_xinfo("{name}")')]
            + [str(row[2]) for row in connection.execute(f'pragma index_xinfo("{name}")')]
            for name in names
        }


def rows_of(path: Path) -> dict[str, list[Any]]:
    """All rows of all tables, and the schema's number."""
    with sqlite3.connect(path) as connection:
        tables = connection.execute(
            "select name from sqlite_master where type = 'table' and name not like 'search_%'"
        ).fetchall()
        found = {
            name: connection.execute(f'select * from "{name}"').fetchall() for (name,) in tables
        }
        found["user_version"] = connection.execute("pragma user_version").fetchall()
        return found

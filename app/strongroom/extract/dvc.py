"""DVC's files: what stages and tracked data depend on, with the digests that DVC keeps of them.

Formats: https://dvc.org/doc/user-guide/project-structure (dvc.yaml, dvc.lock and *.dvc files).
"""

from __future__ import annotations

from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.conventions import base
from strongroom.extract.reader import Reader
from strongroom.formats.document import flatten, read_yaml
from strongroom.formats.source import Source, Unreadable

_MAX_FILE = 4 << 20
_MAX_STAGES = 1000
_MAX_ENTRIES = 5000


def fits(source: Source) -> bool:
    name = base(source.path)
    return name in ("dvc.yaml", "dvc.lock") or (name.endswith(".dvc") and name != ".dvc")


def read(source: Source) -> Facts:
    """`about["stages"]`: `[{"name", "cmd", "deps", "outs", "metrics"}]` with entries
    `{"path", "md5", "size"}`; of a `.dvc` file `about["outs"]`. The lock's parameters are those
    that each stage ran with.
    """
    document = read_yaml(source.read(_MAX_FILE))
    if not isinstance(document, dict):
        raise Unreadable("it holds no object of names and values")
    if base(source.path).endswith(".dvc"):
        about = {"outs": entries(document, "outs"), "deps": entries(document, "deps")}
        return Facts(Kind.CONFIG, "dvc-tracked", about=about)
    stages = document.get("stages")
    told: list[dict[str, Any]] = []
    params: dict[str, Any] = {}
    for name, stage in list(stages.items())[:_MAX_STAGES] if isinstance(stages, dict) else ():
        if not isinstance(stage, dict):
            continue
        one: dict[str, Any] = {"name": str(name)[:200]}
        if isinstance(stage.get("cmd"), (str, list)):
            one["cmd"] = stage["cmd"]
        for key in ("deps", "outs", "metrics", "plots"):
            if found := entries(stage, key):
                one[key] = found
        told.append(one)
        params |= _params(stage.get("params"))
    form = "dvc-lock" if base(source.path) == "dvc.lock" else "dvc-pipeline"
    return Facts(Kind.CONFIG, form, params, about={"stages": told})


def entries(stage: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Paths as they are listed: texts, `{path: options}` or `{"path": …, "md5": …}`."""
    found: list[dict[str, Any]] = []
    listed = stage.get(key)
    for entry in listed[:_MAX_ENTRIES] if isinstance(listed, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("path"), str):
            kept = ("path", "md5", "size", "nfiles", "etag", "rev_lock", "url")
            found.append({k: entry[k] for k in kept if isinstance(entry.get(k), (str, int))})
        elif isinstance(entry, dict) and len(entry) == 1:
            found.append({"path": str(next(iter(entry)))[:1024]})
        elif isinstance(entry, str):
            found.append({"path": entry[:1024]})
    return found


def _params(section: Any) -> dict[str, Any]:
    """A lock's `{file: {name: value}}`; a pipeline only lists names."""
    found: dict[str, Any] = {}
    for inner in section.values() if isinstance(section, dict) else ():
        if isinstance(inner, dict):
            found |= flatten(inner)
    return found


reader = Reader("dvc", 1, fits, read)

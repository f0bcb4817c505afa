"""CatBoost's own model format: what the training was told, and how it went.

Format: `CBM1`, a size, and a FlatBuffers table (catboost/libs/model/flatbuffers/model.fbs of
https://github.com/catboost/catboost); its info map holds the parameters as JSON.
"""

from __future__ import annotations

import json
from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.reader import Reader
from strongroom.formats import flatbuffers
from strongroom.formats.document import flatten
from strongroom.formats.source import Source, Unreadable

_MAX_CORE = 256 << 20
_MAX_VALUE = 8 << 20
_MAX_FEATURES = 1000
_INFO, _TREES = 2, 1
#: Of TModelTrees the vectors of categorical and float features, and in each of these the place
#: among all features and the name.
_FEATURES = ((4, 1, 2), (5, 2, 4))
_TREE_SIZES = 2


def fits(source: Source) -> bool:
    return source.head.startswith(b"CBM1")


def read(source: Source) -> Facts:
    size = int.from_bytes(source.head[4:8], "little")
    if size > source.size - 8:
        raise Unreadable(f"its model of {size} bytes is cut off")
    if size > _MAX_CORE:
        return Facts(Kind.MODEL, "catboost")
    with source.open() as stream:
        stream.seek(8)
        core = flatbuffers.root(stream.read(size))
    info = {one.text(0, 200): one.text(1, _MAX_VALUE) for one in core.tables(_INFO)}
    about: dict[str, Any] = {}
    if "model_guid" in info:
        about["metadata"] = {"model_guid": info["model_guid"]}
    if "train_finish_time" in info:
        about["trained_at"] = info["train_finish_time"][:100]
    version = _line(info.get("catboost_version_info", ""), "Branch: tags/v")
    if version:
        about["library_versions"] = {"catboost": version}
    trees = core.table(_TREES)
    if trees is not None:
        about["trees"] = trees.length(_TREE_SIZES)
        named = sorted(
            (one.number(place, 4), one.text(name, 1000))
            for vector, place, name in _FEATURES
            for one in trees.tables(vector)
        )
        about["features"] = [name for _, name in named[:_MAX_FEATURES]]
    training = _json(info.get("training", ""))
    best = training.get("metrics")
    if isinstance(best, dict) and isinstance(best.get("best_iteration"), int):
        about["best_iteration"] = best["best_iteration"]
    return Facts(Kind.MODEL, "catboost", params=_params(info), about=about)


def _params(info: dict[str, str]) -> dict[str, Any]:
    """What the training was called with; where that is not kept, everything that it resolved to."""
    return told_params(_json(info.get("params", "")))


def told_params(params: dict[str, Any]) -> dict[str, Any]:
    """Without the folder that CatBoost writes its own logs into, which is called `train_dir`."""
    flat = params.get("flat_params")
    told = flatten(flat if isinstance(flat, dict) else params)
    told.pop("train_dir", None)
    return told


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _line(text: str, start: str) -> str:
    for line in text.splitlines():
        if line.strip().startswith(start):
            return line.strip().removeprefix(start)[:50]
    return ""


reader = Reader("catboost", 1, fits, read)

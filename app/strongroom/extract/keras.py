"""Keras' .keras archives: the model's make-up and how it was compiled.

Format: https://keras.io/api/models/model_saving_apis/model_saving_and_loading/; a ZIP with
config.json, metadata.json and model.weights.h5.
"""

from __future__ import annotations

import json
from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.formats.archive import Archive
from strongroom.formats.document import flatten
from strongroom.formats.source import Unreadable

_MAX_CONFIG = 16 << 20
_MAX_LAYERS = 2000


def described(archive: Archive, about: dict[str, Any]) -> Facts:
    """Of an archive with config.json and metadata.json; `about` tells its members already."""
    metadata, config = (_read(archive, name) for name in ("metadata.json", "config.json"))
    if isinstance(metadata.get("keras_version"), str):
        about["library_versions"] = {"keras": metadata["keras_version"][:50]}
    if isinstance(metadata.get("date_saved"), str):
        about["saved_at"] = metadata["date_saved"][:50]
    about["class"] = str(config.get("class_name", ""))[:200]
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else None
    if isinstance(layers, list):
        about["layers"] = [_layer(one) for one in layers[:_MAX_LAYERS] if isinstance(one, dict)]
    return Facts(Kind.MODEL, "keras", params=_compiled(config.get("compile_config")), about=about)


def _layer(layer: dict[str, Any]) -> dict[str, Any]:
    inner = layer.get("config")
    inner = inner if isinstance(inner, dict) else {}
    kept = ("units", "filters", "kernel_size", "rate", "activation", "pool_size", "strides")
    told = {key: inner[key] for key in kept if isinstance(inner.get(key), (int, float, str, list))}
    return {
        "name": str(inner.get("name", ""))[:200],
        "class": str(layer.get("class_name", ""))[:200],
        **told,
    }


def _compiled(section: Any) -> dict[str, Any]:
    """Optimizer, loss and metrics as `compile()` was told; of an object its name and settings."""
    if not isinstance(section, dict):
        return {}
    params: dict[str, Any] = {}
    for name in ("optimizer", "loss", "metrics"):
        value = section.get(name)
        if isinstance(value, dict) and isinstance(value.get("class_name"), str):
            params[name] = value["class_name"]
            settings = value.get("config")
            if isinstance(settings, dict):
                params |= flatten(settings, name)
        elif isinstance(value, (str, list)):
            params[name] = value
    return {name: value for name, value in params.items() if value is not None}


def _read(archive: Archive, name: str) -> dict[str, Any]:
    try:
        found = json.loads(archive.read(name, _MAX_CONFIG))
    except (ValueError, RecursionError):
        raise Unreadable(f"{name} in the archive is no JSON") from None
    return found if isinstance(found, dict) else {}

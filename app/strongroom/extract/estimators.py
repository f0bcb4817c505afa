"""What a pickled estimator says of itself: its class, its library, and how it was set up.

scikit-learn's estimators keep what they were made with in attributes of the same name, and what
they learned in ones that end with `_`: https://scikit-learn.org/stable/developers/develop.html.
"""

from __future__ import annotations

from typing import Any

from strongroom.formats.pickle_walk import Call, Global

_LIBRARIES = ("sklearn.", "xgboost.", "lightgbm.", "catboost.", "imblearn.")
_MAX_STEPS = 100
_MAX_DEPTH = 6
_MAX_PARAMS = 2000
_LONGEST = 200
_RECONSTRUCTORS = ("copyreg._reconstructor", "copy_reg._reconstructor", "copyreg.__newobj__")


def class_of(value: Any) -> str:
    """The dotted name of the class that a call makes one of, or ""."""
    if not isinstance(value, Call):
        return ""
    if value.func in _RECONSTRUCTORS and value.args and isinstance(value.args[0], Global):
        return value.args[0].name
    return value.func


def versions(value: Any) -> dict[str, str]:
    """The versions of libraries that wrote it, as far as it keeps them."""
    state = _state(value)
    found = state.get("_sklearn_version")
    return {"scikit-learn": found[:50]} if isinstance(found, str) else {}


def params(value: Any) -> dict[str, Any]:
    """Plain settings of an estimator; those of a pipeline's steps as `step__name`."""
    found: dict[str, Any] = {}
    _take(value, "", found, 0)
    return found


def _take(value: Any, prefix: str, found: dict[str, Any], depth: int) -> None:
    state = _state(value)
    known = class_of(value).startswith(_LIBRARIES) or "_sklearn_version" in state
    if not known or depth > _MAX_DEPTH:
        return
    for name, setting in state.items():
        if not isinstance(name, str) or name.startswith("_") or name.endswith("_"):
            continue
        if name in ("steps", "transformers", "estimators") and isinstance(setting, list):
            for step in setting[:_MAX_STEPS]:
                if isinstance(step, tuple) and len(step) > 1 and isinstance(step[0], str):
                    _take(step[1], f"{prefix}{step[0]}__", found, depth + 1)
        elif isinstance(setting, Call):
            _take(setting, f"{prefix}{name}__", found, depth + 1)
        elif len(found) < _MAX_PARAMS and _plain(setting):
            found[prefix + name] = list(setting) if isinstance(setting, tuple) else setting


def _state(value: Any) -> dict[Any, Any]:
    state = value.state if isinstance(value, Call) else None
    return state if isinstance(state, dict) else {}


def _plain(value: Any) -> bool:
    if value is None or isinstance(value, (bool, int, float)):
        return True
    if isinstance(value, str):
        return len(value) <= _LONGEST
    return isinstance(value, (list, tuple)) and len(value) <= 20 and all(
        isinstance(one, (bool, int, float, str)) for one in value
    )  # fmt: skip

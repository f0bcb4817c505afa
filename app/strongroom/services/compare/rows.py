"""What comparing names with values comes to: the same whatever the values are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from strongroom.services.views import Document

SAME, CHANGED, ADDED, REMOVED, ABSENT = "same", "changed", "added", "removed", "absent"
Equal = Callable[[Any, Any], bool]
_NOTHING = object()


def alike(a: Any, b: Any) -> bool:
    """The same value of the same type: 1, 1.0, True and "1" are four values; NaN is itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    return bool(a == b)


def alike_numbers(a: Any, b: Any) -> bool:
    """The same number, whether a file wrote 1 or 1.0; NaN is itself."""
    return bool(a == b or (a != a and b != b))


def changes(
    a: Mapping[str, Any], b: Mapping[str, Any], equal: Equal = alike, key: str = "name"
) -> Document:
    """`{"changed": [{name, a, b}], "added": [{name, value}], "removed": [{name, value}],
    "same": N}`, by name.
    """
    both = sorted(a.keys() & b.keys())
    changed = [n for n in both if not equal(a[n], b[n])]
    return {
        "changed": [{key: n, "a": a[n], "b": b[n]} for n in changed],
        "added": [{key: n, "value": b[n]} for n in sorted(b.keys() - a.keys())],
        "removed": [{key: n, "value": a[n]} for n in sorted(a.keys() - b.keys())],
        "same": len(both) - len(changed),
    }


def differs(section: Document) -> bool:
    return bool(section["changed"] or section["added"] or section["removed"])


def side_by_side(
    values: Sequence[Mapping[str, Any]], baseline: int, equal: Equal = alike
) -> list[Document]:
    """`[{"name", "values": [value or None], "states": [state], "same": bool}]`, by name.

    A state tells how a subject's value is to the baseline's, `same` for the baseline itself;
    `absent`: neither has one.
    """
    names = sorted(set().union(*values))
    return [_line(name, [v.get(name, _NOTHING) for v in values], baseline, equal) for name in names]


def _line(name: str, found: list[Any], baseline: int, equal: Equal) -> Document:
    states = [state_of(found[baseline], one, equal) for one in found]
    return {
        "name": name,
        "values": [None if one is _NOTHING else one for one in found],
        "states": states,
        "same": set(states) == {SAME},
    }


def state_of(base: Any, other: Any, equal: Equal) -> str:
    if base is _NOTHING:
        return ABSENT if other is _NOTHING else ADDED
    if other is _NOTHING:
        return REMOVED
    return SAME if equal(base, other) else CHANGED


def counted(rows: list[Document]) -> Document:
    """`{"rows", "total", "differ"}`."""
    return {"rows": rows, "total": len(rows), "differ": sum(not r["same"] for r in rows)}

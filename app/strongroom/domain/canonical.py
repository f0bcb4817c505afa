"""Canonical JSON (RFC 8785, JCS) and the two escapes for what it cannot carry.

JSON numbers are IEEE doubles, so integers beyond ±(2^53−1) are written `{"$int": "…"}`, and
floats that are integral, −0.0 or not finite `{"$float": "…"}` (else 1.0 and 1 would be one
value). A dict that itself has the single key `$int` or `$float` is wrapped as `{"$dict": {…}}`.
"""

from __future__ import annotations

import json
import math
from typing import Any

import rfc8785

MAX_SAFE_INT = 2**53 - 1
_ESCAPES = frozenset({"$int", "$float", "$dict"})


def encode(value: Any) -> Any:
    """`value` with the escapes put in; raises `TypeError` for what has no JSON form."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_SAFE_INT else {"$int": str(value)}
    if isinstance(value, float):
        if math.isfinite(value) and not value.is_integer():
            return value
        return {"$float": _float_word(value)}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        inner = {_key(k): encode(v) for k, v in value.items()}
        return {"$dict": inner} if len(inner) == 1 and not _ESCAPES.isdisjoint(inner) else inner
    raise TypeError(f"{type(value).__name__} has no canonical form")


def decode(value: Any) -> Any:
    """The inverse of `encode`; raises `ValueError` for a malformed escape."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key == "$int":
            return int(inner)
        if key == "$float":
            return float(inner)
        if key == "$dict":
            return {k: decode(v) for k, v in inner.items()}
    return {k: decode(v) for k, v in value.items()}


def dumps(value: Any) -> bytes:
    """The canonical bytes of `value`. Lone surrogates, which have no UTF-8, become `\\udcXX`."""
    return rfc8785.dumps(well_formed(encode(value)))


def loads(data: bytes | str) -> Any:
    """Reads what `dumps` wrote; raises `ValueError` on anything that is not JSON."""
    return decode(json.loads(data))


def plain(value: Any) -> Any:
    """`value` for `--json` and REST: non-finite floats are the words nan, inf and -inf."""
    if isinstance(value, float) and not math.isfinite(value):
        return _float_word(value)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _float_word(value: float) -> str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(value)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError("keys are text")
    return key


def well_formed(value: Any) -> Any:
    """`value` with lone surrogates, which have no UTF-8, as `\\udcXX`."""
    if isinstance(value, str):
        return value if _is_utf8(value) else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list | tuple):
        return [well_formed(item) for item in value]
    if isinstance(value, dict):
        return {well_formed(k): well_formed(v) for k, v in value.items()}
    return value


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

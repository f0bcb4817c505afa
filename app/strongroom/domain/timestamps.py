"""UTC instants as integer microseconds inside, RFC 3339 with `Z` outside; and UUIDv7 ids."""

from __future__ import annotations

import os
import time
import uuid
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = (
    (moment.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
    for moment in (datetime.min, datetime.max)
)


def now() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def rfc3339(at: int) -> str:
    """An instant that no calendar has is shown as the first or the last there is."""
    at = min(max(at, _FIRST), _LAST)
    moment = _EPOCH + timedelta(microseconds=at)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def micros(seconds: float) -> int:
    """Unix seconds as a file claims them, in microseconds within what a calendar has."""
    if seconds != seconds:
        return 0
    return int(min(max(seconds, _FIRST // 10**6), _LAST // 10**6) * 1e6)


def parse_rfc3339(text: str) -> int:
    """Microseconds of an RFC 3339 instant; raises `ValueError`. Without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def new_id() -> str:
    """A UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, then random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))

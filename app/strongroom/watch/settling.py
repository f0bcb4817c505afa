"""When a file has come to rest: a pure state machine over observations and a clock."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from strongroom.disk.listing import Stat


@dataclass(slots=True)
class _Moving:
    stat: Stat
    since: float


class Settling:
    """Files that were seen to change and have not yet stood still for the quiet time.

    Times: `at` is a monotonic clock in seconds, `wall_ns` the wall clock in nanoseconds.
    """

    def __init__(self, quiet_time: float) -> None:
        self.quiet_time = quiet_time
        self._moving: dict[bytes, _Moving] = {}

    def observe(
        self, path: bytes, stat: Stat, at: float, wall_ns: int, renamed: bool = False
    ) -> None:
        """Notes the file's state. A file renamed from a temporary name is at rest already, and so
        is one whose last change (ctime cannot be set by hand) lies a quiet time back.
        """
        known = self._moving.get(path)
        if known is not None and known.stat == stat and not renamed:
            return
        since = at - self.quiet_time if renamed else still_since(stat, at, wall_ns)
        self._moving[path] = _Moving(stat, since)

    def wait_again(self, path: bytes, at: float) -> None:
        """Starts the file's quiet time anew: a writer was still there, or it changed."""
        if path in self._moving:
            self._moving[path].since = at

    def forget(self, path: bytes) -> None:
        self._moving.pop(path, None)

    def stat_of(self, path: bytes) -> Stat | None:
        moving = self._moving.get(path)
        return moving.stat if moving else None

    def due(self, at: float) -> list[bytes]:
        """Files at rest, in path order."""
        return sorted(p for p, m in self._moving.items() if at - m.since >= self.quiet_time)

    def moving(self, at: float) -> list[bytes]:
        """Files that may still change."""
        return [p for p, m in self._moving.items() if at - m.since < self.quiet_time]

    def due_at(self, path: bytes) -> float:
        """When the file will be at rest, if it does not change again; infinite if unknown."""
        moving = self._moving.get(path)
        return moving.since + self.quiet_time if moving else inf

    def next_after(self, at: float) -> float:
        """When the next file will be at rest, if no further one changes; infinite for none."""
        times = (m.since + self.quiet_time for m in self._moving.values())
        return min((t for t in times if t > at), default=inf)

    def __contains__(self, path: bytes) -> bool:
        return path in self._moving

    def __len__(self) -> int:
        return len(self._moving)


def still_since(stat: Stat, at: float, wall_ns: int) -> float:
    """Since when, on the monotonic clock, the file is as it is; a change that its times put into
    the future happened now.
    """
    still_for = (wall_ns - max(stat.mtime_ns, stat.ctime_ns)) / 1e9
    return at - max(0.0, still_for)

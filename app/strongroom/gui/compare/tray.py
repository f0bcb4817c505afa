"""What is to be compared: two to eight versions or runs as they came, one of them the baseline."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QSettings, Signal

from strongroom.domain.comparison import MOST, RUN

#: References and the number of the baseline, to come back to.
State = tuple[tuple[str, ...], int]


class Tray(QObject):
    """`changed`: other subjects or another baseline; `refused(why)`: something was not taken."""

    changed = Signal()
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._refs: tuple[str, ...] = ()
        self._baseline = 0

    @property
    def refs(self) -> tuple[str, ...]:
        return self._refs

    @property
    def baseline(self) -> int:
        return self._baseline

    @property
    def state(self) -> State:
        return self._refs, self._baseline

    def put_back(self, state: State) -> None:
        self._set(*state)

    def replace(self, refs: Sequence[str]) -> bool:
        """These instead of what was chosen; False where they are too many."""
        wanted = tuple(dict.fromkeys(refs))
        if len(wanted) > MOST:
            self.refused.emit(f"At most {MOST} are compared at once, and {len(wanted)} are chosen")
            return False
        self._set(wanted, 0)
        return True

    def add(self, *refs: str) -> bool:
        """Behind what is chosen; what is there already stays where it is."""
        wanted = tuple(dict.fromkeys((*self._refs, *refs)))
        if len(wanted) > MOST:
            self.refused.emit(f"At most {MOST} are compared at once: remove one first")
            return False
        self._set(wanted, self._baseline)
        return True

    def remove(self, ref: str) -> Callable[[], None] | None:
        """Takes one out; what comes back puts it in again."""
        if ref not in self._refs:
            return None
        before = self.state
        at = self._refs.index(ref)
        rest = self._refs[:at] + self._refs[at + 1 :]
        moved = self._baseline - 1 if at < self._baseline else self._baseline
        self._set(rest, 0 if at == self._baseline else moved)
        return lambda: self.put_back(before)

    def set_baseline(self, ref: str) -> None:
        if ref in self._refs:
            self._set(self._refs, self._refs.index(ref))

    def _set(self, refs: tuple[str, ...], baseline: int) -> None:
        if (refs, baseline) != self.state:
            self._refs, self._baseline = refs, baseline
            self.changed.emit()

    def remember(self, memory: QSettings) -> None:
        memory.setValue("compare/subjects", json.dumps(self._refs))
        memory.setValue("compare/baseline", self._baseline)

    def recall(self, memory: QSettings) -> None:
        try:
            refs = json.loads(str(memory.value("compare/subjects") or "[]"))
            baseline = int(str(memory.value("compare/baseline") or 0))
        except ValueError:
            return
        if isinstance(refs, list) and all(isinstance(r, str) for r in refs):
            kept = tuple(refs[:MOST])
            self._set(kept, baseline if 0 <= baseline < len(kept) else 0)


def run_ref(run: str) -> str:
    return f"{RUN}{run}"

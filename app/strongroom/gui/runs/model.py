"""The list of runs: those that are going on first, then the others, the newest of each first.

Pages come as one scrolls. When something happens the beginning of the list is read again and
what differs is put in row by row, so that selection and place stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from strongroom.domain.errors import NotFound, StrongroomError
from strongroom.domain.timestamps import parse_rfc3339
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.runs import wording
from strongroom.gui.tips import tip
from strongroom.services.registry import Document, Registry

PAGE = 100
#: Of runs that changed outside the beginning of the list, at most so many are read one by one.
_SINGLY = 20
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of the list: a page of those going on, a page of the others.

    `singly` holds runs that were asked for by id, None for one that is gone.
    """

    running: list[Document]
    more_running: str | None
    ended: list[Document]
    more_ended: str | None
    singly: dict[str, Document | None] = field(default_factory=dict)


class RunsModel(QAbstractListModel):
    """`loaded` after each reading of the beginning or of a page, `failed(error)`; rows come, go
    and move between `about_to_merge` and `merged`.
    """

    loaded = Signal()
    failed = Signal(object)
    about_to_merge = Signal()
    merged = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.text = ""
        self.is_loading = True
        self._rows: list[Document] = []
        self._more_running: str | None = None
        self._more_ended: str | None = None
        self._ticket: Ticket | None = None
        self._page: Ticket | None = None

    # ------------------------------------------------------------------ asking

    def show(self, text: str) -> None:
        """Asks for another list; what is there stays until the answer is."""
        self.text = text
        self.reload()

    def reload(self) -> None:
        """Reads the list as it is now, from its beginning."""
        self._cancel()
        self._ticket = self._bridge.ask(_head(self.text, ()), self._show_first, self._fail)

    def look_again(self, touched: set[str]) -> None:
        """Reads the beginning again, and of these runs those that are farther down."""
        if self._ticket is not None and self._ticket.open:
            self._ticket.cancel()
            if self.is_loading:
                self.reload()
                return
        known = {run["id"] for run in self._rows}
        wanted = [run for run in touched if run in known or not self.text][:_SINGLY]
        self._ticket = self._bridge.ask(_head(self.text, wanted), self._merge, self._fail)

    def _cancel(self) -> None:
        for ticket in (self._ticket, self._page):
            if ticket is not None:
                ticket.cancel()

    # ------------------------------------------------------------------ Qt's questions

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        run = self.run_at(index.row()) if index.isValid() else None
        if run is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return wording.name_of(run)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return wording.sentence(run)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(f"{wording.name_of(run)}\n{wording.times_tip(run)}\nRun {run['id']}")
        return None

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and not self.is_complete

    def fetchMore(self, parent: Index) -> None:
        if parent.isValid() or (self._page is not None and self._page.open):
            return
        running = self._more_running is not None
        cursor = self._more_running if running else self._more_ended
        if cursor is None:
            return
        text = _of(self.text, running)
        self._page = self._bridge.ask(
            lambda registry: registry.list_runs(text, limit=PAGE, cursor=cursor),
            lambda page: self._append(page, running),
            self._fail,
        )

    @property
    def is_complete(self) -> bool:
        return self._more_running is None and self._more_ended is None

    def run_at(self, row: int) -> Document | None:
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def row_of(self, run: str) -> int | None:
        """Where a loaded run stands."""
        return next((at for at, one in enumerate(self._rows) if one["id"] == run), None)

    @property
    def running(self) -> int:
        """How many of the loaded ones are going on."""
        return sum(wording.is_running(run) for run in self._rows)

    # ------------------------------------------------------------------ answers

    def _show_first(self, head: Head) -> None:
        self.beginResetModel()
        self._rows = [*head.running, *([] if head.more_running else head.ended)]
        self._more_running, self._more_ended = head.more_running, head.more_ended
        self.is_loading = False
        self.endResetModel()
        self.loaded.emit()

    def _append(self, page: Document, running: bool) -> None:
        known = {run["id"] for run in self._rows}
        fresh = [run for run in page["runs"] if run["id"] not in known]
        if running:
            self._more_running = page["next"]
        else:
            self._more_ended = page["next"]
        if fresh:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(fresh) - 1)
            self._rows += fresh
            self.endInsertRows()
        if running and page["next"] is None:
            self.reload()  # the others have not been shown yet
        self.loaded.emit()

    def _merge(self, head: Head) -> None:
        self.about_to_merge.emit()
        self._become(self._joined(head))
        self.merged.emit()
        self.loaded.emit()

    def _joined(self, head: Head) -> list[Document]:
        """The rows as they shall be: the beginning as read, below it what was loaded before."""
        fresh = {run["id"] for run in (*head.running, *head.ended)}
        rest = [
            newer
            for run in self._rows
            if run["id"] not in fresh and (newer := head.singly.get(run["id"], run)) is not None
        ]
        known = fresh | {run["id"] for run in rest}
        rest += [r for i, r in head.singly.items() if r is not None and i not in known]
        running, self._more_running = self._below(
            head.running, head.more_running, self._more_running, rest, running=True
        )
        if head.more_running is not None:
            return running
        ended, self._more_ended = self._below(
            head.ended, head.more_ended, self._more_ended, rest, running=False
        )
        return [*running, *ended]

    def _below(
        self,
        head: list[Document],
        more: str | None,
        before: str | None,
        rest: Sequence[Document],
        running: bool,
    ) -> tuple[list[Document], str | None]:
        """A page that was read again, with the rows known to follow it, and where the next begins.

        What stands below all that was read so far is left to the pages still to come.
        """
        if more is None or not head:
            return head, more
        end = _key(head[-1])
        loaded = [_key(r) for r in self._rows if wording.is_running(r) == running]
        lowest = min(loaded, default=end) if before is not None else (0, "")
        below = [r for r in rest if wording.is_running(r) == running and lowest <= _key(r) < end]
        if not below:
            return head, more
        return [*head, *sorted(below, key=_key, reverse=True)], before

    def _become(self, target: Sequence[Document]) -> None:
        """Turns the rows into these with the fewest signals: rows go, come, move and change."""
        wanted = {run["id"] for run in target}
        for at in range(len(self._rows) - 1, -1, -1):
            if self._rows[at]["id"] not in wanted:
                self.beginRemoveRows(QModelIndex(), at, at)
                del self._rows[at]
                self.endRemoveRows()
        for at, run in enumerate(target):
            if at < len(self._rows) and self._rows[at]["id"] == run["id"]:
                if self._rows[at] != run:
                    self._rows[at] = run
                    self.dataChanged.emit(self.index(at), self.index(at))
                continue
            before = self.row_of(run["id"])
            if before is None:
                self.beginInsertRows(QModelIndex(), at, at)
                self._rows.insert(at, run)
                self.endInsertRows()
            else:
                self.beginMoveRows(QModelIndex(), before, before, QModelIndex(), at)
                del self._rows[before]
                self._rows.insert(at, run)
                self.endMoveRows()
                self.dataChanged.emit(self.index(at), self.index(at))

    def _fail(self, error: StrongroomError) -> None:
        self.is_loading = False
        self.failed.emit(error)


def _key(run: Document) -> tuple[int, str]:
    return parse_rfc3339(run["started_at"]), run["id"]


def _of(text: str, running: bool) -> str:
    """The filter, held to those that are going on or to the others."""
    return (
        f"({text}) {'' if running else '-'}status:running"
        if text
        else ("status:running" if running else "-status:running")
    )


def _head(text: str, singly: Sequence[str]) -> Callable[[Registry], Head]:
    def read(registry: Registry) -> Head:
        running = registry.list_runs(_of(text, True), limit=PAGE)
        ended = registry.list_runs(_of(text, False), limit=PAGE)
        seen = {run["id"] for page in (running, ended) for run in page["runs"]}
        found: dict[str, Document | None] = {}
        for run in singly:
            if run not in seen:
                try:
                    found[run] = registry.show_run(run)["run"]
                except NotFound:
                    found[run] = None
        return Head(running["runs"], running["next"], ended["runs"], ended["next"], found)

    return read

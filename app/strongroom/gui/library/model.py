"""The paged model of all versions: rows come as they are looked at, and stay where they are.

A list is read as it was after one journal entry (`_upto`), so that pages fit together while
versions come in. What came since is told as news; the page decides when it is shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from strongroom.domain.entry import Span
from strongroom.domain.errors import StrongroomError
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.library.columns import COLUMNS
from strongroom.gui.library.groups import Folding, Group, groups_of
from strongroom.gui.tips import tip
from strongroom.services.registry import Document, Registry

PAGE = 200
#: More rows than these are forgotten again, those far from where one looks first.
_KEPT = 10_000
#: The role that gives the `Group` whose heading a row is, and whether it is folded; else None.
HEADING = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Question:
    """What the list shows: filter text, kind, order."""

    text: str = ""
    kind: str | None = None
    sort: str = "created"
    descending: bool = True
    #: "", "artifact" or "run": gathered under headings, the newest first below each.
    group: str = ""

    @property
    def order(self) -> tuple[str, bool]:
        """Sort and direction as the list is read."""
        return {"artifact": ("artifact", False), "run": ("run", True)}.get(
            self.group, (self.sort, self.descending)
        )

    @property
    def newest_first(self) -> bool:
        return not self.group and self.sort == "created" and self.descending


#: Journal entry up to which the list is read, its first page, headings, and what it took.
First = tuple[int, Document, list[Group] | None, float]


@dataclass(frozen=True, slots=True)
class Counts:
    """Matching versions: how many of each kind, of the chosen one, and what it took."""

    by_kind: dict[str, int] = field(default_factory=dict)
    matching: int = 0
    everything: int = 0
    seconds: float = 0.0


class VersionsModel(QAbstractTableModel):
    counted = Signal(object)
    news = Signal(int)
    failed = Signal(object)
    loaded = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.question = Question()
        self.counts = Counts()
        self.is_loading = True
        self._rows: list[Document | None] = [None] * 12
        self._folding: Folding | None = None
        self._upto = 0
        self._cursors: dict[int, str] = {}
        self._asked: dict[int, Ticket] = {}
        self._shift = 0
        self._whole: Ticket | None = None
        self._fresh: Ticket | None = None
        self._missed: bool | None = None

    # ------------------------------------------------------------------ asking

    def show(self, question: Question) -> None:
        """Asks for another list; what is there stays until the answer is."""
        self.question = question
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)
        self.reload()

    def reload(self) -> None:
        """Reads the list as it is now, from its beginning."""
        for ticket in (self._whole, self._fresh, *self._asked.values()):
            if ticket is not None:
                ticket.cancel()
        self._asked.clear()
        self._whole = self._bridge.ask(_first(self.question), self._show_first, self._fail)

    def look_for_news(self, reading: bool) -> None:
        """Counts what came since; not `reading`, the new rows are put in at the top at once."""
        if self._whole is not None and self._whole.open:
            self._missed = reading  # asked again when the list that is on its way is there
            return
        if self._fresh is not None and self._fresh.open:
            self._fresh.cancel()
        still = reading or not self.question.newest_first
        self._fresh = self._bridge.ask(
            _news(self.question, self._upto, with_rows=not still),
            lambda answer: self._show_news(answer, still),
            self._fail,
        )

    def refresh_runs(self, runs: set[str]) -> None:
        """Reads again what loaded rows show of these runs."""
        wanted = [r for r in runs if any(v and v["run"] == r for v in self._rows)]
        if wanted:
            self._bridge.ask(lambda registry: registry.run_briefs(wanted), self._show_runs)

    def refresh_rows(self, first: int, last: int) -> None:
        """Reads the rows in sight again; others are read when they come into sight."""
        self._cursors.clear()
        if self._folding is not None and self._folding.rows:
            seen = [self._folding.at(r) for r in (first, last)]
            first, last = (group.first if n is None else n for group, n in seen)
        for page in range(first // PAGE, last // PAGE + 1):
            self._load(page)
        for at in range(len(self._rows)):
            if not first // PAGE * PAGE <= at <= last + PAGE:
                self._rows[at] = None

    # ------------------------------------------------------------------ Qt's questions

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        if parent.isValid():
            return 0
        return len(self._rows) if self._folding is None else self._folding.rows

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        group, number = self._at(index.row())
        if group is not None and number is None:
            return self._heading(group, index.column(), role)
        if number is None or role == HEADING:
            return None
        version = self._rows[number]
        if version is None:
            self._load(number // PAGE)
            return None
        column = COLUMNS[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return column.text(version)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(column.tip(version) or "") or None
        if role == Qt.ItemDataRole.TextAlignmentRole and column.right:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            arrow = " ↓" if self.question.descending else " ↑"
            sorted_by = column.sort == self.question.sort and not self.question.group
            return column.title + (arrow if sorted_by else "")
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        key = COLUMNS[column].sort
        descending = order == Qt.SortOrder.DescendingOrder
        question = replace(self.question, sort=key, descending=descending, group="")
        if key and question != self.question:
            self.show(question)

    def version_at(self, row: int, wanted: bool = False) -> Document | None:
        """The version in a row; None where it is not loaded, or the row is a heading. `wanted`:
        one that is not loaded shall be.
        """
        if not 0 <= row < self.rowCount():
            return None
        _, number = self._at(row)
        if number is None:
            return None
        if wanted and self._rows[number] is None:
            self._load(number // PAGE)
        return self._rows[number]

    def row_of(self, reference: str) -> int | None:
        """Where a loaded version stands; None if it is not loaded or folded away."""
        for at, version in enumerate(self._rows):
            if version is not None and f"{version['name']}@{version['tag']}" == reference:
                return at if self._folding is None else self._folding.row_of(at)
        return None

    # ------------------------------------------------------------------ headings

    def _at(self, row: int) -> tuple[Group | None, int | None]:
        return (None, row) if self._folding is None else self._folding.at(row)

    def _heading(self, group: Group, column: int, role: int) -> Any:
        if role == HEADING:
            return group, self._folding is not None and group.key in self._folding.folded
        words = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        if role in words and column == 0:
            return f"{group.name or 'No run'}, {group.count}"
        return None

    def heading_at(self, row: int) -> Group | None:
        """The group whose heading stands in `row`."""
        if self._folding is None or not 0 <= row < self.rowCount():
            return None
        group, number = self._folding.at(row)
        return group if number is None else None

    def turn(self, row: int) -> None:
        """Folds or unfolds the group whose heading stands in `row`."""
        group = self.heading_at(row)
        if group is None or self._folding is None:
            return
        folded = group.key in self._folding.folded
        first, last = row + 1, row + group.count
        if folded:
            self.beginInsertRows(QModelIndex(), first, last)
        else:
            self.beginRemoveRows(QModelIndex(), first, last)
        self._folding.turn(group.key)
        (self.endInsertRows if folded else self.endRemoveRows)()
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def turn_all(self) -> None:
        if self._folding is not None:
            self.beginResetModel()
            self._folding.turn_all()
            self.endResetModel()

    def _tell_changed(self, first: int, last: int) -> None:
        """Versions of these numbers have changed."""
        if self._folding is not None:
            first, last = self._folding.row_near(first), self._folding.row_near(last)
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))

    # ------------------------------------------------------------------ answers

    def _show_first(self, answer: First) -> None:
        """The first page stands at once; how many follow is counted after that."""
        upto, page, groups, seconds = answer
        self.beginResetModel()
        self._upto, self._shift = upto, 0
        self._rows = [*page["versions"]]
        if groups is None:
            self._folding = None
        else:
            kept = self._folding.folded if self._folding is not None else ()
            self._folding = Folding(groups, kept)
            total = sum(g.count for g in groups)
            self._rows += [None] * (total - len(self._rows))
        self._cursors = {len(page["versions"]): page["next"]} if page["next"] else {}
        self._asked.clear()
        self.is_loading = False
        self.endResetModel()
        self.loaded.emit()
        question = self.question
        self._whole = self._bridge.ask(
            lambda registry: replace(_counts(registry, question, Span(upto=upto)), seconds=seconds),
            self._show_total,
            self._fail,
        )

    def _show_total(self, counts: Counts) -> None:
        more = counts.matching - len(self._rows)
        if more > 0 and self._folding is None:
            self.beginInsertRows(QModelIndex(), len(self._rows), counts.matching - 1)
            self._rows += [None] * more
            self.endInsertRows()
        self._count(counts)
        if self._missed is not None:
            reading, self._missed = self._missed, None
            self.look_for_news(reading)

    def _show_news(self, answer: tuple[int, Counts, int, list[Document]], still: bool) -> None:
        upto, counts, fresh, rows = answer
        if still or fresh == 0:
            self._count(counts)
            self.news.emit(fresh)
            if fresh == 0:
                self._upto = upto
            return
        # Too many to be put in one by one, or as many were put in as are kept: read anew.
        if len(rows) < fresh or self._shift + fresh > _KEPT:
            self.reload()
            return
        self.beginInsertRows(QModelIndex(), 0, len(rows) - 1)
        self._rows[:0] = rows
        self._shift += len(rows)
        self._cursors = {at + len(rows): cursor for at, cursor in self._cursors.items()}
        self._upto = upto
        self.endInsertRows()
        self._count(counts)
        self.news.emit(0)

    def _show_runs(self, briefs: dict[str, Document]) -> None:
        for at, version in enumerate(self._rows):
            if version is not None and version["run"] in briefs:
                version["run_brief"] = briefs[version["run"]]
                self._tell_changed(at, at)

    def _count(self, counts: Counts) -> None:
        self.counts = counts
        self.counted.emit(counts)

    def _fail(self, error: StrongroomError) -> None:
        self.is_loading = False
        self.failed.emit(error)

    # ------------------------------------------------------------------ pages

    def _load(self, page: int) -> None:
        start = page * PAGE
        if page in self._asked or start >= len(self._rows) or self._upto == 0:
            return
        cursor, shift = self._cursors.get(start), self._shift
        question, upto = self.question, self._upto
        sort, descending = question.order

        def read(registry: Registry) -> Document:
            return _with_runs(
                registry,
                registry.list_versions(
                    text=question.text,
                    kind=question.kind,
                    sort=sort,
                    descending=descending,
                    span=Span(upto=upto),
                    cursor=cursor,
                    skip=0 if cursor else start,
                    limit=PAGE,
                ),
            )

        self._asked[page] = self._bridge.ask(
            read, lambda answer: self._fill(page, start + self._shift - shift, answer), self._fail
        )

    def _fill(self, page: int, start: int, answer: Document) -> None:
        self._asked.pop(page, None)
        rows = answer["versions"]
        end = min(start + len(rows), len(self._rows))
        self._rows[start:end] = rows[: end - start]
        if answer["next"]:
            self._cursors[end] = answer["next"]
        self._forget_far_from(start)
        if end > start:
            self._tell_changed(start, end - 1)

    def _forget_far_from(self, start: int) -> None:
        if sum(v is not None for v in self._rows) <= _KEPT:
            return
        for at in range(len(self._rows)):
            if abs(at - start) > _KEPT // 4:
                self._rows[at] = None


def _first(question: Question) -> Callable[[Registry], First]:
    sort, descending = question.order

    def read(registry: Registry) -> First:
        upto, began = registry.last_change(), time.monotonic()
        groups = None
        if question.group:
            counted = registry.count_groups(
                question.group, question.text, question.kind, Span(upto=upto)
            )
            groups = groups_of((g["key"], g["name"], g["count"]) for g in counted)
        page = registry.list_versions(
            text=question.text,
            kind=question.kind,
            sort=sort,
            descending=descending,
            span=Span(upto=upto),
            limit=PAGE,
        )
        return upto, _with_runs(registry, page), groups, time.monotonic() - began

    return read


def _news(
    question: Question, since: int, with_rows: bool
) -> Callable[[Registry], tuple[int, Counts, int, list[Document]]]:
    def read(registry: Registry) -> tuple[int, Counts, int, list[Document]]:
        upto = registry.last_change()
        span = Span(since, upto)
        fresh = _counts(registry, question, span).matching
        rows: list[Document] = []
        if fresh and with_rows:
            page = registry.list_versions(
                text=question.text, kind=question.kind, sort="created", span=span, limit=PAGE
            )
            rows = _with_runs(registry, page)["versions"]
        return upto, _counts(registry, question, Span(upto=upto)), fresh, rows

    return read


def _counts(registry: Registry, question: Question, span: Span) -> Counts:
    found = registry.count_versions(question.text, span)
    everything = found if not question.text else registry.count_versions("", Span(upto=span.upto))
    return Counts(
        by_kind=found,
        matching=sum(count for k, count in found.items() if question.kind in (None, k)),
        everything=sum(everything.values()),
    )


def _with_runs(registry: Registry, page: Document) -> Document:
    """Puts what rows show of their runs (name, metrics) beside them, in one question."""
    ids = list({v["run"] for v in page["versions"] if v["run"]})
    briefs = registry.run_briefs(ids) if ids else {}
    for version in page["versions"]:
        version["run_brief"] = briefs.get(version["run"])
    return page

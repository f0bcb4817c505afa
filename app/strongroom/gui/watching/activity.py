"""What happens in one watched folder, newest first."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from strongroom.domain.quantities import size_text
from strongroom.domain.timestamps import parse_rfc3339
from strongroom.gui import icons, wording
from strongroom.gui.jobs import progress_text, share
from strongroom.gui.paint import draw_text
from strongroom.gui.pieces import colour_of
from strongroom.gui.theme import MARGIN, Theme, font, mono
from strongroom.gui.tips import tip

_LINE, _HEADING, _WITH_BAR = 50, 28, 60
Index = QModelIndex | QPersistentModelIndex
LINE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened or goes on. `share` per mille, None without a bar; `reference` the
    version that it speaks of. A heading has a title alone.
    """

    title: str
    detail: str = ""
    icon: str = ""
    colour: str = "text2"
    right: str = ""
    share: int | None = None
    reference: str = ""

    @property
    def is_heading(self) -> bool:
        return not self.icon


def going_on(taking: Mapping[str, Any] | None, waiting: Mapping[str, Any] | None) -> list[Line]:
    """What is being taken, still being written, or waits for the end of its run."""
    lines = []
    if taking is not None:
        lines.append(
            Line(
                "Taking what has settled",
                progress_text(taking),
                "loader-circle",
                "accent_text",
                f"{share(taking) // 10} %",
                share(taking),
            )
        )
    for file in (waiting or {}).get("settling", ()):
        lines.append(
            Line(file["path"], "Still being written, or not yet still for long enough",
                 "hourglass", "amber", size_text(file["size"]))
        )  # fmt: skip
    more = (waiting or {}).get("settling_count", 0) - len((waiting or {}).get("settling", ()))
    if more > 0:
        lines.append(Line(f"and {wording.plural(more, 'more file')}", "", "hourglass", "amber"))
    for file in (waiting or {}).get("live", ()):
        lines.append(
            Line(file["path"], "Live: shown as it grows, kept once its run has ended",
                 "circle-dot-dashed", "blue", size_text(file["size"]))
        )  # fmt: skip
    return [Line("In progress"), *lines] if lines else []


def happened(
    versions: Sequence[Mapping[str, Any]], known: Sequence[Mapping[str, Any]], watch_name: str
) -> list[Line]:
    """Versions that came in, and files whose content was there already, day by day."""
    dated = [(parse_rfc3339(v["created_at"]) / 1e6, _added(v, watch_name)) for v in versions]
    dated += [(one["at"], _known(one, watch_name)) for one in known]
    dated.sort(key=lambda pair: pair[0], reverse=True)
    lines: list[Line] = []
    day = ""
    for at, line in dated:
        its_day = _day(at)
        if its_day != day:
            day = its_day
            lines.append(Line(day))
        lines.append(line)
    return lines


def left_out(files: Sequence[Mapping[str, Any]]) -> list[Line]:
    lines = [Line(f["path"], wording.sentence(f["reason"]), "eye-off", "amber") for f in files]
    return [Line("Left out"), *lines] if lines else []


def _added(version: Mapping[str, Any], watch_name: str) -> Line:
    name = version["name"].removeprefix(f"{watch_name}/")
    at = parse_rfc3339(version["created_at"]) / 1e6
    brief = version.get("run_brief")
    of_run = f" from {brief['name']}" if brief and brief["name"] else ""
    files = wording.plural(version["files"], "file")
    odd = bool(version["warnings"]) or version["damaged"]
    return Line(
        f"{name} {version['tag']}",
        f"{files}{of_run}, {size_text(version['size'])}"
        + (f"; {version['warnings'][0]}" if version["warnings"] else ""),
        "triangle-alert" if odd else "circle-check",
        "amber" if odd else "green",
        wording.clock(at),
        None,
        f"{version['name']}@{version['tag']}",
    )


def _known(one: Mapping[str, Any], watch_name: str) -> Line:
    version = one["version"]
    name = version["name"].removeprefix(f"{watch_name}/")
    return Line(
        name,
        f"Same bytes as {version['tag']}: linked, no space used",
        "copy-check",
        "text2",
        wording.clock(one["at"]),
        None,
        f"{version['name']}@{version['tag']}",
    )


def _day(at: float) -> str:
    day, today = datetime.fromtimestamp(at).date(), datetime.fromtimestamp(time.time()).date()
    days = (today - day).days
    return {0: "Today", 1: "Yesterday"}.get(days, day.isoformat())


class LinesModel(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Where the same number of lines stays, only their words change: nothing jumps."""
        if lines == self.lines:
            return
        if len(lines) == len(self.lines):
            self.lines = lines
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, 0))
            return
        self.beginResetModel()
        self.lines = lines
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.lines)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if index.isValid() and self.lines[index.row()].is_heading:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line = self.lines[index.row()]
        if role == LINE:
            return line
        if role == Qt.ItemDataRole.DisplayRole:
            return line.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (line.title, line.detail, line.right) if part)
        if role == Qt.ItemDataRole.ToolTipRole and not line.is_heading:
            return tip(f"{line.title}\n{line.detail}")
        return None


class LineDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        line: Line = index.data(LINE)
        if line.is_heading:
            return QSize(0, _HEADING)
        return QSize(0, _LINE if line.share is None else _WITH_BAR)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        c, line = self._theme.colours, index.data(LINE)
        rect: QRect = option.rect
        painter.save()
        if line.is_heading:
            area = rect.adjusted(MARGIN, 4, -MARGIN, 0)
            draw_text(painter, area, line.title, font(12, 600), c.text2)
            painter.restore()
            return
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(c.selected))
            painter.fillRect(QRect(rect.x(), rect.y(), 3, rect.height()), QColor(c.accent))
        painter.fillRect(QRect(rect.x(), rect.bottom(), rect.width(), 1), QColor(c.line2))
        ratio = painter.device().devicePixelRatioF()
        pixmap = icons.pixmap(line.icon, colour_of(self._theme, line.colour), 16, ratio)
        painter.drawPixmap(rect.x() + MARGIN, rect.y() + 17, pixmap)
        area = QRect(rect.x() + MARGIN + 28, rect.y() + 6, rect.width() - 2 * MARGIN - 28, 19)
        used = painter.fontMetrics().horizontalAdvance(line.right) + 16 if line.right else 0
        title = area.adjusted(0, 0, -used, 0)
        draw_text(
            painter, title, line.title, font(13, 600), c.text, elide=Qt.TextElideMode.ElideMiddle
        )
        draw_text(painter, area, line.right, mono(11), c.text2, right=True)
        below = area.translated(0, 19)
        draw_text(painter, below, line.detail, font(12), c.text2)
        if line.share is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            bar = QRectF(below.x(), below.bottom() + 3, below.width(), 4)
            painter.setBrush(QColor(c.sunken))
            painter.drawRoundedRect(bar, 2, 2)
            bar.setWidth(bar.width() * line.share / 1000)
            painter.setBrush(QColor(c.accent_fill))
            painter.drawRoundedRect(bar, 2, 2)
        painter.restore()


class ActivityList(QListView):
    """`opened(reference)`: a version was asked for."""

    opened = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.lines = LinesModel()
        self.setModel(self.lines)
        self.setItemDelegate(LineDelegate(theme, self))
        self.setAccessibleName("What happened in the folder")
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.doubleClicked.connect(self._open)
        theme.changed.connect(self.viewport().update)

    def _open(self, index: Index) -> None:
        reference = index.data(LINE).reference if index.isValid() else ""
        if reference:
            self.opened.emit(reference)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)

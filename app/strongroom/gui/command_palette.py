"""`Ctrl K`: every command, artifact, version and run by a few letters.

`>` narrows to commands, `#` to digests.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from strongroom.domain.errors import StrongroomError
from strongroom.gui import icons
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.commands import Command, run
from strongroom.gui.filter_completion import quoted
from strongroom.gui.overlay import Sheet
from strongroom.gui.paint import draw_pill, draw_text
from strongroom.gui.pieces import Icon, colour_of, column, frame, label, row
from strongroom.gui.theme import PALETTE_ROW, Theme, font, mono
from strongroom.gui.wording import KINDS, Look, plural, short_digest
from strongroom.services.registry import Registry

_LINE = Qt.ItemDataRole.UserRole
_CAPTION, _MOST, _SOON_MS = 26, 8, 120
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Line:
    """One match, or a caption above matches if it has no `act`. `why_not`: it cannot be done."""

    title: str
    icon: str = ""
    colour: str = "text2"
    about: str = ""
    keys: tuple[str, ...] = ()
    pill: Look | None = None
    why_not: str = ""
    act: Callable[[], object] | None = None


class _LineDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        line: Line = index.data(_LINE)
        return QSize(0, PALETTE_ROW if line.act or line.why_not else _CAPTION)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        c, line = self._theme.colours, index.data(_LINE)
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not line.act and not line.why_not:
            area = rect.adjusted(14, 4, -14, 0)
            draw_text(painter, area, line.title.upper(), font(11, 600), c.text3)
            painter.restore()
            return
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.accent_soft))
            painter.drawRoundedRect(QRectF(rect).adjusted(4, 1, -4, -1), 6, 6)
        off = bool(line.why_not)
        ratio = painter.device().devicePixelRatioF()
        shade = c.text3 if off else colour_of(self._theme, line.colour)
        pixmap = icons.pixmap(line.icon, shade, 16, ratio)
        painter.drawPixmap(rect.x() + 14, rect.center().y() - 7, pixmap)
        right = rect.right() - 14
        for key in reversed(line.keys[:1] if not off else ()):
            right = self._key(painter, right, rect, key)
        area = QRect(rect.x() + 42, rect.y(), right - rect.x() - 52, rect.height())
        weight = 600 if line.pill else 400
        used = draw_text(
            painter, area, line.title, font(13, weight), c.text3 if off else c.text,
            elide=Qt.TextElideMode.ElideMiddle,
        )  # fmt: skip
        area = area.adjusted(used + 9, 0, 0, 0)
        about = line.why_not or line.about
        used = draw_text(painter, area, about, mono(11) if line.pill else font(12), c.text3)
        if line.pill:
            draw_pill(painter, area.adjusted(used + 9, 0, 0, 0), line.pill, self._theme, True)
        painter.restore()

    def _key(self, painter: QPainter, right: int, rect: QRect, key: str) -> int:
        """A key cap that ends at `right`; where the next one ends comes back."""
        c, fnt = self._theme.colours, font(11, 500)
        painter.setFont(fnt)
        width = painter.fontMetrics().horizontalAdvance(key) + 12
        cap = QRectF(right - width + 0.5, rect.center().y() - 9.5, width, 20)
        painter.setPen(QPen(QColor(c.line3), 1))
        painter.setBrush(QColor(c.panel))
        painter.drawRoundedRect(cap, 4, 4)
        draw_text(painter, cap.toRect().adjusted(6, 0, 0, 0), key, fnt, c.text2)
        return right - width - 5


class CommandPalette(Sheet):
    """`open_version(reference)` and `open_run(id)` hear what was chosen."""

    hints: tuple[tuple[str, str], ...] = ((">", "commands only"), ("#", "digest"))

    def __init__(
        self,
        bridge: Bridge,
        theme: Theme,
        commands: list[Command],
        open_version: Callable[[str], object],
        open_run: Callable[[str], object],
    ) -> None:
        super().__init__(680, 480)
        self._bridge, self._theme = bridge, theme
        self._commands = commands
        self._open_version, self._open_run = open_version, open_run
        self._ticket: Ticket | None = None
        self._found: list[Line] = []
        layout = column(1, 6, 1, 6)
        line = row(16, 4, 16, 6, spacing=10)
        line.addWidget(Icon(theme, "search", "accent_text", 18))
        self.field = QLineEdit()
        self.field.setProperty("look", "bare")
        self.field.setFont(font(15))
        self.field.setPlaceholderText("A command, a name, a version, a run")
        self.field.setAccessibleName("Command, artifact, version or run")
        line.addWidget(self.field, 1)
        layout.addLayout(line)
        layout.addWidget(frame("rule"))
        self.list = QListWidget()
        self.list.setAccessibleName("Matches")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setItemDelegate(_LineDelegate(theme, self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout.addWidget(self.list, 1)
        layout.addWidget(frame("rule"))
        layout.addLayout(self._foot())
        self.setLayout(layout)
        self._timer = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._timer.timeout.connect(self._look)
        self.field.textChanged.connect(self._narrow)
        self.list.itemClicked.connect(self._run)
        self._narrow("")

    def _foot(self) -> Any:
        foot = row(16, 7, 16, 3, spacing=6)
        for keys, what in ((("↑", "↓"), "move"), (("Enter",), "open"), (("Esc",), "close")):
            for key in keys:
                foot.addWidget(label(key, "key", font(11, 500)))
            foot.addWidget(label(what, "second", font(12)))
            foot.addSpacing(8)
        foot.addStretch(1)
        for key, what in self.hints:
            foot.addWidget(label(key, "key", font(11, 500)))
            foot.addWidget(label(what, "second", font(12)))
            foot.addSpacing(8)
        return foot

    def first_focus(self) -> QWidget:
        return self.field

    def put_away(self) -> None:
        """Items that are deleted with their list, and not before it, make PySide crash at times."""
        if self._ticket is not None:
            self._ticket.cancel()
        self._timer.stop()
        self.list.clear()

    # ------------------------------------------------------------------ finding

    def _narrow(self, text: str) -> None:
        self._found = []
        self._draw()
        if self._ticket is not None:
            self._ticket.cancel()
        if text.strip() and not text.lstrip().startswith(">"):
            self._timer.start()

    def _commands_of(self, text: str) -> list[Line]:
        if text.startswith("#"):
            return []
        words = text.lstrip("> ").lower().split()
        return [
            Line(
                c.title, c.icon, keys=c.keys, why_not=c.why_not(), act=functools.partial(run, c)
            )
            for c in self._commands
            if all(word in c.title.lower() for word in words)
        ]  # fmt: skip

    def _draw(self) -> None:
        text = self.field.text().strip()
        commands = self._commands_of(text)
        lines = [*self._found]
        if commands:
            lines += [Line("Commands"), *commands] if lines or text else commands
        self.list.clear()
        for line in lines:
            item = QListWidgetItem(line.title)
            item.setData(_LINE, line)
            spoken = ", ".join(p for p in (line.title, line.why_not or line.about, *line.keys) if p)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
            if line.act is None or line.why_not:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self._to_first()

    def _look(self) -> None:
        text = self.field.text().strip()
        find = self.matching  # no sheet goes to the reading thread, where it could end
        self._ticket = self._bridge.ask(
            lambda registry: find(registry, text), self._show, self._explain
        )

    @staticmethod
    def matching(registry: Registry, text: str) -> tuple[list[Any], list[Any], list[Any]]:
        """Versions, artifacts and runs; called on a reading thread."""
        return matches(registry, text)

    def _show(self, answer: tuple[list[Any], list[Any], list[Any]]) -> None:
        versions, artifacts, runs = answer
        lines: list[Line] = []
        if versions:
            lines.append(Line("Versions"))
            lines += [self._version_line(v) for v in versions]
        if artifacts:
            lines.append(Line("Artifacts"))
            for artifact in artifacts:
                look = KINDS[artifact["kind"]]
                name = artifact["name"]
                open_it = functools.partial(self._open_version, name)
                about = plural(artifact["versions"], "version")
                lines.append(Line(name, look.icon, look.tone, about, act=open_it))
        if runs:
            lines.append(Line("Runs"))
            for one in runs:
                lines.append(
                    Line(one["name"] or one["id"], "circle-play", "amber", one["status"],
                         act=functools.partial(self._open_run, one["id"]))
                )  # fmt: skip
        self._found = lines
        self._draw()

    def _version_line(self, version: dict[str, Any]) -> Line:
        look = KINDS[version["kind"]]
        reference = f"{version['name']}@{version['tag']}"
        return Line(
            f"{version['name']} {version['tag']}",
            look.icon,
            look.tone,
            short_digest(version["content_digest"]),
            pill=look,
            act=lambda: self._open_version(reference),
        )

    def _explain(self, error: StrongroomError) -> None:
        self._found = [Line(str(error), "triangle-alert", "red", why_not=error.hint or " ")]
        self._draw()

    # ------------------------------------------------------------------ choosing

    def _to_first(self) -> None:
        for at in range(self.list.count()):
            if self.list.item(at).flags() & Qt.ItemFlag.ItemIsEnabled:
                self.list.setCurrentRow(at)
                return

    def _run(self, item: QListWidgetItem | None) -> None:
        if item is None or not item.flags() & Qt.ItemFlag.ItemIsEnabled:
            return
        act = item.data(_LINE).act
        self.closed.emit()
        act()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is not None:
            count = self.list.count()
            at = self.list.currentRow()
            for _ in range(count):
                at = (at + step) % count
                if self.list.item(at).flags() & Qt.ItemFlag.ItemIsEnabled:
                    self.list.setCurrentRow(at)
                    break
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self.list.currentItem())
        else:
            super().keyPressEvent(event)


def matches(registry: Registry, text: str) -> tuple[list[Any], list[Any], list[Any]]:
    """Versions, artifacts and runs for what is typed: `fraud v12`, `#9f3a`, `fraud`."""
    if text.startswith("#"):
        digest = text[1:].strip().lower().removeprefix("sha256:")
        if not digest or not all(c in "0123456789abcdef" for c in digest):
            return [], [], []
        return registry.list_versions(text=f"digest:{digest}", limit=_MOST)["versions"], [], []
    words = text.replace('"', "").split()
    tag = words.pop() if len(words) > 1 and _is_tag(words[-1]) else ""
    names = " ".join(f"name:{quoted(f'*{word}*')}" for word in words)
    versions = []
    artifacts = registry.list_artifacts(names, limit=_MOST)["artifacts"]
    if tag:
        for artifact in artifacts:
            page = registry.list_versions(artifact["name"], limit=200)["versions"]
            versions += [v for v in page if v["tag"] == tag.lower()]
    runs = registry.list_runs(" ".join(quoted(w) for w in words), limit=_MOST)["runs"]
    return versions, artifacts, runs


def _is_tag(word: str) -> bool:
    return word[:1] in "vV" and word[1:].isdigit()
